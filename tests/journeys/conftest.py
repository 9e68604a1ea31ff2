"""A VAS for each journey, and the settings of a page on it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from dash import Dash
from dash.testing.application_runners import BaseDashRunner

from tests.browser.serving import served
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


class _Server(BaseDashRunner):
    """The server of `dash_duo`, stopped in order: the library's own kills its threads.

    A thread that is killed while it holds something, or where the exception is swallowed, never
    ends, and neither would the test.
    """

    def __init__(self) -> None:
        super().__init__(keep_open=False, stop_timeout=3)  # type: ignore[no-untyped-call]
        self._running = ExitStack()
        self._url = ""

    @property
    def url(self) -> str:
        return self._url

    def start(self, app: Dash) -> None:
        self._url = self._running.enter_context(served(app.server))
        self.started = True

    def stop(self) -> None:
        self._running.close()
        self.started = False


@pytest.fixture
def dash_thread_server() -> Iterator[_Server]:
    """What `dash_duo` starts the page with."""
    with _Server() as server:
        yield server


@pytest.fixture(autouse=True)
def _unhurried(unhurried: float) -> None:
    """Saves have time here."""
