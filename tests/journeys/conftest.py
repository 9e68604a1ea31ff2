"""A VAS for each journey, and the settings of a page on it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.site import PAGE_SIZE, make_vas
from tests.fakes.faulty_vas import FaultyVas
from vas_dash import Settings


@pytest.fixture
def vas() -> Iterator[FaultyVas]:
    with make_vas() as started:
        yield started


@pytest.fixture
def settings(vas: FaultyVas, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The page on `vas`, quick enough for tests, with a journal of its own."""
    monkeypatch.chdir(tmp_path)
    return Settings(
        api_url=vas.url,
        refresh_s=1,
        poll_s=0.3,
        page_size=PAGE_SIZE,
        db_url=f"sqlite:///{tmp_path / 'journal.db'}",
    )


@pytest.fixture(autouse=True)
def _unhurried(unhurried: float) -> None:
    """Saves have time here."""
