"""A browser for the session; for each test a VAS, the page's server, and empty tabs.

Every test ends with an empty browser log and with no error in the server's.
"""

from __future__ import annotations

import logging
import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.browser.page import BrowserLog, GridPage
from tests.browser.serving import served
from tests.browser.site import PAGE_SIZE, make_vas
from tests.fakes.faulty_vas import FaultyVas
from vas_dash import Settings, create_server

WAIT_MS = 20_000
"""The generous deadline of every wait for a state."""

Serve = Callable[[Flask], str]
NewTab = Callable[..., GridPage]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    names = ("chromium", "chromium-browser", "google-chrome")
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        pytest.fail("no Chromium here: run tests/browser/ensure-chromium")
    expect.set_options(timeout=WAIT_MS)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=found,
            args=[
                "--no-sandbox",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-quic",
                "--disable-sync",
                "--no-first-run",
                "--process-per-site",
            ],
        )
        yield launched
        launched.close()


class Profile:
    """A browser profile that tests use one after the other; each finds it empty.

    A page of it stays open, and with it the process that draws all pages of this site
    (`--process-per-site`): to start one for each test would take as long as many a test.
    """

    def __init__(self, context: BrowserContext) -> None:
        self._context = context
        self._keeper = context.new_page()

    def tab(self, base_url: str) -> Page:
        """A new tab."""
        if self._keeper.url == "about:blank":
            self._keeper.goto(f"{base_url}/ai-models/healthz")
        return self._context.new_page()

    def empty(self, base_url: str) -> None:
        """Close the tabs, and forget what they kept."""
        for tab in self._context.pages:
            if tab is not self._keeper:
                tab.close()
        self._context.clear_cookies()
        devtools = self._context.new_cdp_session(self._keeper)
        devtools.send("Storage.clearDataForOrigin", {"origin": base_url, "storageTypes": "all"})
        devtools.detach()


# Colours that are half way between two states would be nobody's.
USUAL: dict[str, Any] = {
    "viewport": {"width": 1280, "height": 720},
    "reduced_motion": "reduce",
}


@pytest.fixture(scope="session")
def profile(browser: Browser) -> Iterator[Profile]:
    context = browser.new_context(**USUAL)
    context.set_default_timeout(WAIT_MS)
    yield Profile(context)
    context.close()


@pytest.fixture
def vas() -> Iterator[FaultyVas]:
    with make_vas() as started:
        yield started


@pytest.fixture
def settings(vas: FaultyVas, tmp_path: Path) -> Settings:
    """The page on `vas`, quick enough for tests, with a journal of its own."""
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


@pytest.fixture(scope="session")
def listener() -> Iterator[socket.socket]:
    """Where pages of all tests are served: a browser need not compile the same scripts again."""
    with socket.create_server(("127.0.0.1", 0)) as bound:
        yield bound


@pytest.fixture
def serve(listener: socket.socket) -> Iterator[Serve]:
    """Serves a Flask application until the end of the test."""
    with ExitStack() as stack:

        def start(app: Flask) -> str:
            return stack.enter_context(served(app, listener=listener))

        yield start


@pytest.fixture
def base_url(settings: Settings, serve: Serve) -> str:
    """Where the page is served from."""
    return serve(create_server(settings))


@pytest.fixture
def new_tab(
    browser: Browser, profile: Profile, base_url: str, caplog: pytest.LogCaptureFixture
) -> Iterator[NewTab]:
    """Opens tabs of one profile; keywords are options of a profile of the test's own."""
    log = BrowserLog(base_url)
    own: list[BrowserContext] = []

    def opened(**options: object) -> GridPage:
        if options and not own:
            own.append(browser.new_context(**(USUAL | options)))
            own[0].set_default_timeout(WAIT_MS)
        tab = own[0].new_page() if own else profile.tab(base_url)
        log.watch(tab)
        return GridPage(tab, base_url, log)

    yield opened
    for context in own:
        context.close()
    profile.empty(base_url)
    assert log.lines == []
    records = [*caplog.get_records("setup"), *caplog.get_records("call")]
    assert [str(record) for record in records if record.levelno >= logging.ERROR] == []


@pytest.fixture
def grid(new_tab: NewTab) -> GridPage:
    """A tab with the whole page in it."""
    return new_tab().open()
