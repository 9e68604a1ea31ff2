"""Times that an operator feels, in a headless Chromium."""

from __future__ import annotations

import shutil
import statistics
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

from playwright.sync_api import BrowserContext, Page, Request, sync_playwright

COLD = "cold"
WARM = "warm"
DRAFTED = "drafted"
SAVED = "saved"
TURNED = "turned"
RECEIVED = "received"

# All stamps are taken in the page itself, so that the driver's own time does not count.
_UNTIL = """
() => new Promise((resolve, reject) => {
    setTimeout(() => reject(new Error("this took a minute")), 60000);
    BEGIN
    const look = () => {
        if (IS_DONE) {
            requestAnimationFrame(() => resolve(performance.now() - began));
        } else {
            requestAnimationFrame(look);
        }
    };
    look();
})
"""


def _until(is_done: str, begin: str = "const began = 0;") -> str:
    """A script that gives the time from `began` (0: the load) until the page is as wanted."""
    return _UNTIL.replace("BEGIN", begin).replace("IS_DONE", is_done)


_GRID = _until(
    'document.querySelector("#grid td[data-state]") && '
    'document.querySelector("#counts").textContent'
)
_OVERVIEW = _until("document.querySelectorAll('#overview td[data-short]').length > 0")
_WHOLE_OVERVIEW = _until(
    "document.querySelectorAll('#overview td[data-short]').length > 0 && "
    "vas.props('overview-shown').data.digest && "
    "document.querySelectorAll('#overview tr').length > vas.props('overview').data.length"
)
_BARE = _until("document.querySelector('#grid td .dash-cell-value')?.textContent")
_DRAFT = _until(
    "cell.dataset.draft",
    """
    const cell = document.querySelector('#grid td[data-state="on"]:not([data-draft])');
    cell.focus();
    const began = performance.now();
    cell.dispatchEvent(new KeyboardEvent("keydown", { key: " ", bubbles: true }));
    """,
)
_SAVE = """
() => new Promise((resolve, reject) => {
    setTimeout(() => reject(new Error("this took a minute")), 60000);
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
_TURN = _until(
    "first() !== before",
    """
    const first = () => document.querySelector("#grid td[data-dash-row]").textContent;
    const before = first();
    const began = performance.now();
    document.querySelector('[data-page="next"], button.next-page').click();
    """,
)
_TOGGLE = _until(
    "cell().textContent !== before",
    """
    const cell = () => document.querySelector('#grid td[data-dash-column="m5"]');
    const before = cell().textContent;
    const began = performance.now();
    cell().click();
    """,
)


@dataclass(frozen=True)
class Subject:
    """What is loaded, when that is over, and what is done with it then."""

    url: str
    is_full: str
    steps: Mapping[str, str] = field(default_factory=dict)


def grid_at(url: str) -> Subject:
    """The grid of the page."""
    # A large fleet begins with its overview.
    return Subject(f"{url}grid", _GRID, {DRAFTED: _DRAFT, SAVED: _SAVE, TURNED: _TURN})


def overview_at(url: str, *, whole: bool = False) -> Subject:
    """The overview of the page: a screen full of it, or all locations."""
    return Subject(f"{url}overview", _WHOLE_OVERVIEW if whole else _OVERVIEW)


def bare_at(url: str) -> Subject:
    """The bare DataTable application."""
    return Subject(url, _BARE, {SAVED: _TOGGLE, TURNED: _TURN})


def measure(subjects: Mapping[str, Subject], rounds: int) -> dict[str, dict[str, float]]:
    """Load each subject in turn, `rounds` times; the medians of what is felt, by its name."""
    seen: dict[str, list[dict[str, float]]] = {name: [] for name in subjects}
    with _chromium() as new_context:
        for _ in range(rounds):
            for name, subject in subjects.items():
                seen[name].append(_visit(new_context(), subject))
    return {
        name: {what: statistics.median(one[what] for one in visits) for what in visits[0]}
        for name, visits in seen.items()
    }


def _visit(context: BrowserContext, subject: Subject) -> dict[str, float]:
    received: list[int] = []
    felt = {COLD: _load(context.new_page(), subject, received), RECEIVED: sum(received)}
    # Chromium keeps what it has compiled of a script when it meets it for the second time.
    _load(context.new_page(), subject, [])
    page = context.new_page()
    felt[WARM] = _load(page, subject, [])
    felt |= {name: page.evaluate(script) for name, script in subject.steps.items()}
    context.close()
    return felt


def _load(page: Page, subject: Subject, received: list[int]) -> float:
    for other in page.context.pages:
        if other is not page:
            other.close()
    page.on("requestfinished", partial(_note_size, received))
    page.goto(subject.url)
    took: float = page.evaluate(subject.is_full)
    page.wait_for_load_state("networkidle")
    return took


def _note_size(received: list[int], request: Request) -> None:
    if "_dash-update-component" in request.url:
        received.append(request.sizes()["responseBodySize"])


@contextmanager
def _chromium() -> Iterator[Callable[[], BrowserContext]]:
    path = shutil.which("chromium") or shutil.which("chromium-browser") or "google-chrome"
    flags = ["--no-sandbox", "--disable-background-networking", "--disable-quic"]
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=flags)
        yield lambda: browser.new_context(viewport={"width": 1280, "height": 800})
        browser.close()
