"""History in a browser: find a change set, watch one being applied, and what follows from it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.conftest import NewTab
from tests.browser.page import GridPage
from tests.browser.site import PAGE_SIZE, camera_id
from tests.browser.test_accessibility import problems
from tests.changes.support import drafted
from tests.fakes.clients import client_of
from tests.fakes.faulty_vas import FaultyVas
from tests.fakes.people import KIM, LEE
from vas_dash import Settings
from vas_dash.changes.operations import Operations
from vas_dash.changes.permissions import Permissions
from vas_dash.domain.changes import DesiredChange
from vas_dash.domain.entities import CellKey
from vas_dash.journal import Journal


@pytest.fixture
def settings(vas: FaultyVas, tmp_path: Path) -> Settings:
    url = f"sqlite:///{tmp_path / 'journal.db'}"
    return Settings(
        api_url=vas.url,
        db_url=url,
        refresh_s=1,
        poll_s=0.2,
        page_size=PAGE_SIZE,
        # Writes are held up here, which is not to look like a fault.
        read_timeout_s=120,
    )


@pytest.fixture
def operations(settings: Settings, vas: FaultyVas) -> Iterator[Operations]:
    journal = Journal(settings.db_url)
    yield Operations(client_of(vas), journal)
    journal.close()


def ppe(*numbers: int) -> list[CellKey]:
    return [CellKey(camera_id(number), "ppe") for number in numbers]


def submitted(
    operations: Operations, desired: DesiredChange, *numbers: int, by: Permissions = KIM
) -> int:
    changes = drafted(operations, ppe(*numbers), desired)
    return operations.submit(changes, by=by, why="lens broken")


def applied(
    operations: Operations, desired: DesiredChange, *numbers: int, by: Permissions = KIM
) -> int:
    number = submitted(operations, desired, *numbers, by=by)
    operations.apply(number)
    return number


def view(grid: GridPage) -> Locator:
    return grid.tab.locator("#view-history")


def button(grid: GridPage, name: str) -> Locator:
    return view(grid).get_by_role("button", name=name, exact=True)


def numbers(grid: GridPage) -> Locator:
    return view(grid).locator("tbody tr td:first-child")


def go(grid: GridPage, path: str) -> None:
    grid.tab.goto(grid.address + path)


class SlowWrites:
    """Writes that wait until they are let through, all but the first few."""

    def __init__(self, vas: FaultyVas, at_once: int) -> None:
        self._left = at_once
        vas.on_request = self._wait

    def let_through(self) -> None:
        self._left = 1_000_000

    def _wait(self, _method: str, endpoint: str) -> None:
        if endpoint == "writes":
            self._left -= 1
            while self._left < 0:
                time.sleep(0.01)


def test_history_is_found_by_person_and_a_change_set_opened(
    grid: GridPage, operations: Operations
) -> None:
    applied(operations, DesiredChange(enabled=False), 3)
    applied(operations, DesiredChange(enabled=False), 4, by=LEE)
    grid.tab.get_by_role("link", name="History").click()
    expect(numbers(grid)).to_have_text(["2", "1"])
    view(grid).get_by_label("Person").fill("kim")
    view(grid).get_by_label("Person").press("Enter")
    expect(numbers(grid)).to_have_text(["1"])
    assert grid.search == "?who=kim"
    grid.tab.go_back()
    expect(numbers(grid)).to_have_text(["2", "1"])
    expect(view(grid).get_by_label("Person")).to_have_value("")
    grid.tab.go_forward()
    expect(view(grid).get_by_label("Person")).to_have_value("kim")
    expect(numbers(grid)).to_have_text(["1"])

    view(grid).get_by_label("From", exact=True).fill("2026-11-22")
    view(grid).get_by_label("To", exact=True).fill("2026-11-21")
    button(grid, "Filter").click()
    expect(view(grid).get_by_text("must not be before the beginning")).to_be_visible()
    button(grid, "Clear").click()
    expect(numbers(grid)).to_have_text(["2", "1"])

    view(grid).get_by_role("link", name="1", exact=True).click()
    expect(view(grid).get_by_role("heading", name="Change set 1")).to_be_visible()
    expect(view(grid).locator("tbody tr")).to_have_text(["Gate 3PPEon -> offapplied"])
    expect(view(grid).get_by_role("search")).to_be_hidden()
    view(grid).get_by_role("button", name="Gate 3").click()
    grid.expect_panel("PPE on Gate 3")


def test_one_is_applied_followed_from_the_grid_and_cancelled(
    grid: GridPage, operations: Operations, vas: FaultyVas
) -> None:
    slow = SlowWrites(vas, at_once=3)
    number = submitted(operations, DesiredChange(enabled=False), *range(1, 21))
    go(grid, f"history/{number}")
    button(grid, "Apply now").click()
    bar = view(grid).get_by_role("progressbar", name="Cells done")
    expect(bar).to_have_attribute("value", "3")
    expect(bar).to_have_attribute("max", "20")
    expect(view(grid)).to_contain_text("3 of 20")

    grid.tab.get_by_role("link", name="Grid", exact=True).click()
    line = grid.tab.get_by_role("link", name=f"Change set {number} is being applied: 3 of 20")
    expect(line).to_be_visible()
    grid.open_cell("Gate 20", "ppe")
    line.click()
    button(grid, "Cancel").focus()
    grid.press("Enter")
    expect(view(grid)).to_contain_text("Stopping.")
    slow.let_through()
    expect(view(grid).locator("dl")).to_contain_text("stopped")
    expect(view(grid).locator("dl")).to_contain_text("cancelled")
    expect(bar).to_have_count(0)
    expect(button(grid, "Go on with the rest")).to_be_visible()
    # The button that had the focus is gone: it is not lost.
    expect(view(grid).get_by_role("heading", name=f"Change set {number}")).to_be_focused()
    assert operations.journal.change_set(number).note == "cancelled"  # type: ignore[union-attr]


def test_the_end_of_one_is_said_in_the_other_views(
    grid: GridPage, operations: Operations, vas: FaultyVas
) -> None:
    slow = SlowWrites(vas, at_once=0)
    number = submitted(operations, DesiredChange(enabled=False), 3, 4)
    go(grid, f"history/{number}")
    button(grid, "Apply now").click()
    expect(button(grid, "Cancel")).to_be_visible()
    grid.tab.get_by_role("link", name="Grid", exact=True).click()
    grid.tab.reload()
    line = grid.tab.get_by_role("link", name=f"Change set {number} is being applied: 0 of 2")
    expect(line).to_be_visible()
    slow.let_through()
    over = grid.tab.get_by_role("link", name=f"Change set {number} is finished: 2 applied.")
    over.click()
    expect(over).to_be_hidden()
    expect(view(grid).locator("dl")).to_contain_text("2 applied")


def test_the_failed_ones_and_an_undo_go_to_the_review_as_the_draft(
    grid: GridPage, operations: Operations, vas: FaultyVas
) -> None:
    number = submitted(operations, DesiredChange(desired_fps=9), 3, 4)
    vas.edit(camera_id(4), "ppe", desired_fps=25)
    operations.apply(number)
    go(grid, f"history/{number}")
    expect(view(grid)).to_contain_text("as drafted: on, 4 fps")
    expect(view(grid)).to_contain_text("the VAS held: on, 25 fps")
    button(grid, "Try the failed ones again").click()
    grid.tab.wait_for_url("**/ai-models/review")
    handle = grid.tab.evaluate("() => JSON.parse(window.localStorage.getItem('draft'))")
    draft = operations.journal.drafts.load(handle["id"], "operator")
    assert (draft.source, list(draft.changes)) == (f"retry of {number}", ppe(4))

    grid.tab.go_back()
    button(grid, "Undo").click()
    expect(view(grid)).to_contain_text("There is a draft of 1 change already.")
    button(grid, "Replace the draft of 1 change").click()
    grid.tab.wait_for_url("**/ai-models/review")
    draft = operations.journal.drafts.load(handle["id"], "operator")
    assert (draft.source, list(draft.changes)) == (f"undo of {number}", ppe(3))


def test_the_panel_tells_a_cells_history_and_what_changed_elsewhere(
    grid: GridPage, operations: Operations, vas: FaultyVas
) -> None:
    number = applied(operations, DesiredChange(enabled=False), 3)
    grid.expect_cell("Gate 3", "ppe", "\N{WHITE CIRCLE} off")
    grid.open_cell("Gate 3", "ppe")
    history = grid.tab.locator("#panel-history")
    expect(history).to_contain_text("turned off by kim, ")
    expect(history).to_contain_text('"lens broken"')
    expect(history).not_to_contain_text("hanged elsewhere")

    vas.edit(camera_id(3), "ppe", enabled=True, desired_fps=7)
    grid.expect_cell("Gate 3", "ppe", "\N{BLACK CIRCLE} on 7 fps")
    grid.panel.get_by_role("button", name="Close").click()
    grid.open_cell("Gate 3", "ppe")
    expect(history).to_contain_text("Changed elsewhere since, ")
    expect(history).to_contain_text("on, 7 fps")
    history.get_by_role("link", name=f"change set {number}").click()
    expect(view(grid).get_by_role("heading", name=f"Change set {number}")).to_be_visible()


def test_a_day_of_the_filter_is_the_viewers_and_a_half_typed_one_is_none(
    new_tab: NewTab, operations: Operations
) -> None:
    now = datetime.now(UTC)
    # Where it is another day than in UTC.
    zone, apart = ("Etc/GMT-12", 12) if now.hour >= 12 else ("Etc/GMT+12", -12)
    number = applied(operations, DesiredChange(desired_fps=9), 3)
    grid = new_tab(timezone_id=zone)
    go(grid, "history")
    expect(numbers(grid)).to_have_text([str(number)])
    here, utc = (f"{day:%Y-%m-%d}" for day in (now + timedelta(hours=apart), now))
    for day in (here, utc):
        grid.tab.get_by_label("From", exact=True).fill(day)
        grid.tab.get_by_label("To", exact=True).fill(day)
        button(grid, "Filter").click()
        expect(grid.tab).to_have_url(f"{grid.address}history?since={day}&until={day}")
        expect(numbers(grid)).to_have_count(1 if day == here else 0)
    grid.tab.reload()
    expect(view(grid)).to_contain_text("No change set matches the filter.")
    expect(grid.tab.get_by_label("From", exact=True)).to_have_value(utc)
    for label in ("From", "To"):
        grid.tab.get_by_label(label, exact=True).fill("")
    grid.tab.get_by_label("From", exact=True).press_sequentially("1")
    grid.press("Enter")
    expect(numbers(grid)).to_have_text([str(number)])
    expect(grid.tab).to_have_url(f"{grid.address}history")


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_axe_finds_nothing_in_the_history(
    new_tab: NewTab, operations: Operations, vas: FaultyVas, scheme: str, width: int
) -> None:
    number = submitted(operations, DesiredChange(desired_fps=9), 3, 4)
    vas.edit(camera_id(4), "ppe", desired_fps=25)
    operations.apply(number)
    slow = SlowWrites(vas, at_once=0)
    running = submitted(operations, DesiredChange(enabled=False), 5, 6)
    grid = new_tab(color_scheme=scheme, viewport={"width": width, "height": 800})
    go(grid, "history?since=x")
    expect(view(grid)).to_contain_text("must be a day")
    assert problems(grid) == []
    go(grid, "history")
    expect(numbers(grid)).to_have_text([str(running), str(number)])
    assert problems(grid) == []
    go(grid, f"history/{number}")
    expect(view(grid)).to_contain_text("the VAS held")
    assert problems(grid) == []
    go(grid, f"history/{running}")
    button(grid, "Apply now").click()
    expect(view(grid).get_by_role("progressbar")).to_be_visible()
    assert problems(grid) == []
    slow.let_through()
    expect(view(grid).locator("dl")).to_contain_text("2 applied")
