from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator

import pytest

from kernel.settings import ExportSettings


@pytest.fixture
def base_dir() -> Iterator[str]:
    """A base folder of the test's own, in shared memory."""
    path = tempfile.mkdtemp(prefix="vas-test-", dir="/dev/shm")
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def settings(base_dir: str) -> ExportSettings:
    """Export is on, with small frames and a small ring."""
    return ExportSettings(enabled=True, width_px=64, height_px=32, capacity=4, base_dir=base_dir)
