"""What holds for all tests."""

from __future__ import annotations

from hypothesis import settings

# The same examples each time, and no example fails for being slow on a busy machine.
settings.register_profile("project", derandomize=True, deadline=None, database=None)
settings.load_profile("project")

# Fixtures that more than one folder uses.
pytest_plugins = ["tests.fakes.journals", "tests.fakes.pages"]
