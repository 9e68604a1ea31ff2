"""The page as its tests speak of it: cells, filters, drafts, the panel."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import ConsoleMessage, Locator, Page, Request, Response, expect


@dataclass
class BrowserLog:
    """What a tab had to complain of, and the origins it spoke to."""

    origin: str
    lines: list[str] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)

    def watch(self, tab: Page) -> None:
        """Write down what happens in `tab` from now on."""
        tab.on("console", self._console)
        tab.on("pageerror", lambda error: self.lines.append(f"error: {error}"))
        tab.on("request", self._request)
        tab.on("requestfailed", self._failed)
        tab.on("response", self._response)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("warning", "error"):
            self.lines.append(f"console {message.type}: {message.text}")

    def _request(self, request: Request) -> None:
        self.requests.append(request)
        parts = urlsplit(request.url)
        if parts.scheme != "data" and f"{parts.scheme}://{parts.netloc}" != self.origin:
            self.lines.append(f"request to another origin: {request.url}")

    def _failed(self, request: Request) -> None:
        # The browser itself gives up what is under way when a tab goes elsewhere.
        if request.failure != "net::ERR_ABORTED":
            self.lines.append(f"failed: {request.url}: {request.failure}")

    def _response(self, response: Response) -> None:
        if response.status >= 400:
            self.lines.append(f"status {response.status}: {response.url}")


class GridPage:
    """One tab that shows the page."""

    def __init__(self, tab: Page, base_url: str, log: BrowserLog) -> None:
        self.tab = tab
        self.log = log
        self.address = f"{base_url}/ai-models/"
        self.grid = tab.get_by_role("grid", name="AI models by camera")
        self.panel = tab.locator("#panel")
        self.panel_title = tab.locator("#panel-title")
        self.panel_message = tab.locator("#panel-message")
        self.save_button = self.panel.get_by_role("button", name="Save", exact=True)
        self.discard_button = self.panel.get_by_role("button", name="Discard", exact=True)
        self.counts = tab.locator("#counts")
        self.status = tab.locator("#status")
        self.error = tab.locator("#fleet-error")
        self.empty = tab.locator("#grid-empty")
        self.pager = tab.locator("#pager-text")
        self.find = tab.get_by_role("searchbox", name="Find")
        self.state = tab.get_by_label("State")
        self.state_of = tab.get_by_label("of model")
        self.page_size = tab.get_by_label("Cameras on a page")
        self.drafts = tab.get_by_role("region", name="Drafted changes")
        self.selection = tab.get_by_role("region", name="Selection")
        self.selected = tab.locator("#selection-words")
        self.tooltip = tab.get_by_role("tooltip")

    # Coming and going.

    def open(self, search: str = "") -> GridPage:
        """Load the page; it is there when the grid or the reason for none is."""
        self.tab.goto(self.address + search)
        self.wait_until_drawn()
        return self

    def wait_until_drawn(self) -> None:
        """Wait until the fleet that was read stands on the page, or why nothing is there.

        A page that waits too long for the first sweep says that there was none yet; and the lines
        are there before DataTable has been loaded and has drawn its rows.
        """
        expect(self.counts).to_contain_text("camera")
        expect(self.error).not_to_contain_text("has not been read yet")
        rows_or_reason = self.tab.locator("#grid [role='rowheader'], #grid-empty:not(:empty)")
        expect(rows_or_reason.first).to_be_attached()

    @property
    def search(self) -> str:
        """The query of the address."""
        query = urlsplit(self.tab.url).query
        return f"?{query}" if query else ""

    def expect_search(self, search: str) -> None:
        """Wait until the address says `search`."""
        expect(self.tab).to_have_url(self.address + search)

    # The grid.

    def row(self, camera: str) -> Locator:
        head = self.tab.get_by_role("rowheader", name=camera, exact=True)
        return self.grid.get_by_role("row").filter(has=head)

    def camera(self, camera: str) -> Locator:
        """The head of a row."""
        return self.tab.get_by_role("rowheader", name=camera, exact=True)

    def cell(self, camera: str, model: str) -> Locator:
        """A cell, by the camera's name and the model's id."""
        return self.row(camera).locator(f'[data-column="m:{model}"]')

    def head(self, column: str) -> Locator:
        """The head of a column, by its id."""
        return self.grid.locator(f'th[data-column="{column}"]')

    def cameras(self) -> list[str]:
        """The names on this page of the grid, from top to bottom."""
        return [name.strip() for name in self.grid.get_by_role("rowheader").all_inner_texts()]

    def expect_cameras(self, names: Iterable[str]) -> None:
        """Wait until the page of the grid holds exactly these, in this order."""
        expect(self.grid.get_by_role("rowheader")).to_have_text(list(names))

    def expect_cell(self, camera: str, model: str, text: str) -> None:
        """Wait until the cell says `text`; of an unassigned one the style sheet says it."""
        if text == "\N{EN DASH} unassigned":
            expect(self.cell(camera, model)).to_have_attribute("data-state", "unassigned")
        else:
            expect(self.cell(camera, model)).to_have_text(text)

    def focused(self) -> tuple[str, str]:
        """Row and column of the grid in which the keyboard stands."""
        place: list[str] = self.tab.evaluate(
            """() => {
                const node = document.activeElement.closest("#grid th, #grid td");
                if (!node) return ["", document.activeElement.id];
                const head = node.parentElement.querySelector("[role='rowheader']");
                return [head ? head.innerText.trim() : "heading", node.dataset.column];
            }"""
        )
        return place[0], place[1]

    def expect_focus(self, camera: str, column: str) -> None:
        """Wait until the keyboard stands in that row ("heading" is the first) and column."""
        self.tab.wait_for_function(
            """([camera, column]) => {
                const node = document.activeElement.closest("#grid th, #grid td");
                if (!node || node.dataset.column !== column) return false;
                const head = node.parentElement.querySelector("[role='rowheader']");
                return (head ? head.innerText.trim() : "heading") === camera;
            }""",
            arg=[camera, column],
        )

    def focus(self, camera: str, column: str) -> None:
        """Put the keyboard into a cell without clicking it."""
        self.row(camera).locator(f'[data-column="{column}"]').focus()
        self.expect_focus(camera, column)

    def press(self, *keys: str) -> None:
        for key in keys:
            self.tab.keyboard.press(key)

    # Finding.

    def choose(self, choice: str, *values: str) -> None:
        """Open one of the lists "Locations" and "Models" and tick `values`."""
        fold = self.tab.locator("details.vd-fold").filter(
            has=self.tab.locator("summary", has_text=choice)
        )
        if fold.get_attribute("open") is None:
            fold.locator("summary").click()
        for value in values:
            fold.get_by_label(value, exact=True).check()
        fold.locator("summary").click()

    def sort_by(self, column: str) -> None:
        """Press the arrow in the head of a column."""
        self.head(column).locator(".column-actions").click()

    # The panel.

    def open_cell(self, camera: str, model: str) -> None:
        """Click a cell and wait for its panel."""
        self.cell(camera, model).click()
        self.expect_panel(f"on {camera}")

    def expect_panel(self, title: str) -> None:
        expect(self.panel).to_be_visible()
        expect(self.panel_title).to_have_text(re.compile(rf"{re.escape(title)}$"))

    def field(self, label: str) -> Locator:
        """A control of the panel's form, by the first word of its label."""
        return self.panel.get_by_label(re.compile(rf"^{re.escape(label)}"))

    def intent(self, name: str) -> Locator:
        return self.panel.get_by_role("radio", name=name, exact=True)

    def save(self) -> None:
        self.save_button.click()

    def expect_saved(self) -> None:
        expect(self.panel_message).to_contain_text("Saved.")

    def wait_for_polls(self, times: int, wanted: Callable[[Response], bool]) -> None:
        """Wait for so many answers to polls; each must be `wanted`."""
        for _ in range(times):
            with self.tab.expect_response(is_poll) as answer:
                pass
            assert wanted(answer.value), f"status {answer.value.status}"


def is_poll(response: Response) -> bool:
    """Whether it answers the page's regular look for what has changed."""
    return polls(response.request)


def polls(request: Request) -> bool:
    """Whether it is the page's regular look for what has changed, or what comes of that."""
    return request.url.endswith("/poll") or is_refresh(request)


def is_refresh(request: Request) -> bool:
    """Whether it asks for the grid again, since a look found something."""
    body = request.post_data or ""
    return "_dash-update-component" in request.url and '["changed.data"]' in body
