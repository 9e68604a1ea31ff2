"""Times that an operator feels, in a headless Chromium."""

from __future__ import annotations

import shutil
import statistics
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from playwright.sync_api import Page, Request, sync_playwright

# Both stamps are taken in the page itself, so that the driver's own time does not count.
_FULL_GRID = """
() => new Promise((resolve) => {
    const look = () => {
        const cells = document.querySelectorAll("#grid td[data-state]");
        if (cells.length && document.querySelector("#counts").textContent) {
            requestAnimationFrame(() => resolve(performance.now()));
        } else {
            requestAnimationFrame(look);
        }
    };
    look();
})
"""
_DRAFT = """
() => new Promise((resolve) => {
    const cell = document.querySelector('#grid td[data-state="on"]:not([data-draft])');
    cell.focus();
    const began = performance.now();
    const look = () => {
        if (cell.dataset.draft) {
            resolve(performance.now() - began);
        } else {
            requestAnimationFrame(look);
        }
    };
    cell.dispatchEvent(new KeyboardEvent("keydown", { key: " ", bubbles: true }));
    requestAnimationFrame(look);
})
"""
_SAVE = """
() => new Promise((resolve) => {
    const cell = document.querySelector("#grid td[data-draft]");
    const before = cell.textContent;
    const began = performance.now();
    const look = () => {
        if (cell.textContent !== before) {
            requestAnimationFrame(() => resolve(performance.now() - began));
        } else {
            requestAnimationFrame(look);
        }
    };
    // Applied at once: the draft of this cell is taken back, and its switch pressed.
    cell.dispatchEvent(new KeyboardEvent("keydown", { key: "Delete", bubbles: true }));
    document.getElementById("at-once").click();
    requestAnimationFrame(() => {
        cell.dispatchEvent(new KeyboardEvent("keydown", { key: " ", bubbles: true }));
        look();
    });
})
"""
_TURN = """
() => new Promise((resolve) => {
    const first = document.querySelector("#grid td");
    const before = first.textContent;
    const began = performance.now();
    const look = () => {
        const now = document.querySelector("#grid td");
        if (now && now.textContent !== before) {
            requestAnimationFrame(() => resolve(performance.now() - began));
        } else {
            requestAnimationFrame(look);
        }
    };
    document.querySelector('[data-page="next"]').click();
    look();
})
"""


@dataclass(frozen=True)
class Felt:
    """Medians in milliseconds; `bytes_sent` of everything that the first load's callbacks sent."""

    full_grid_ms: float
    drafted_ms: float
    saved_ms: float
    next_page_ms: float
    bytes_sent: int


def measure(urls: Mapping[int, str], rounds: int) -> dict[int, Felt]:
    """Load each page `rounds` times, in turn; draft, save and turn the page each time."""
    seen: dict[int, list[Felt]] = {name: [] for name in urls}
    with _chromium() as open_page:
        for _ in range(rounds):
            for name, url in urls.items():
                seen[name].append(_visit(open_page(), url))
    return {
        name: Felt(
            statistics.median(one.full_grid_ms for one in visits),
            statistics.median(one.drafted_ms for one in visits),
            statistics.median(one.saved_ms for one in visits),
            statistics.median(one.next_page_ms for one in visits),
            round(statistics.median(one.bytes_sent for one in visits)),
        )
        for name, visits in seen.items()
    }


def _visit(page: Page, url: str) -> Felt:
    received: list[int] = []
    page.on("requestfinished", partial(_note_size, received))
    page.goto(f"{url}grid")  # a large fleet begins with its overview
    full = page.evaluate(_FULL_GRID)
    page.wait_for_load_state("networkidle")
    sent = sum(received)
    felt = Felt(
        full, page.evaluate(_DRAFT), page.evaluate(_SAVE), page.evaluate(_TURN), bytes_sent=sent
    )
    page.context.close()
    return felt


def _note_size(received: list[int], request: Request) -> None:
    if "_dash-update-component" in request.url:
        received.append(request.sizes()["responseBodySize"])


@contextmanager
def _chromium() -> Iterator[Callable[[], Page]]:
    path = shutil.which("chromium") or shutil.which("chromium-browser") or "google-chrome"
    flags = ["--no-sandbox", "--disable-background-networking", "--disable-quic"]
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=flags)
        yield lambda: browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
        browser.close()
