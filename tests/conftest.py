"""What holds for all tests."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import settings

# The same examples each time, and no example fails for being slow on a busy machine.
settings.register_profile("project", derandomize=True, deadline=None, database=None)
settings.load_profile("project")

# Fixtures that more than one folder uses.
pytest_plugins = ["tests.fakes.journals", "tests.fakes.pages"]


@pytest.hookimpl(optionalhook=True)
def pytest_setup_options() -> Any:
    """Chromium for dash.testing: it has no sandbox as root, and is to speak to the page only."""
    from selenium.webdriver.chrome.options import Options

    options = Options()
    quiet = ("disable-background-networking", "disable-component-update", "disable-sync")
    for argument in ("no-sandbox", "disable-gpu", "window-size=1400,900", *quiet):
        options.add_argument(f"--{argument}")
    return options
