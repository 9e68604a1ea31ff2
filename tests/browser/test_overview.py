"""The overview: locations by models, from the keyboard and with a draft."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.conftest import NewTab
from tests.browser.page import GridPage
from tests.fakes.faulty_vas import Fault, FaultyVas, assignment, camera, model

CAMERAS = 220


@pytest.fixture
def vas() -> Iterator[FaultyVas]:
    """220 cameras in 11 halls; `ppe` is on in halls 0 and 1, off in hall 2."""
    cameras = [
        camera(number, id=f"c{number}", name=f"Gate {number}", location=f"Hall {number % 11}")
        for number in range(CAMERAS)
    ]
    rows = [
        assignment(f"c{number}", "ppe", id=f"a{number}", enabled=number % 11 < 2)
        for number in range(CAMERAS)
        if number % 11 < 3
    ]
    models = [model("ppe", name="PPE"), model("fire", name="Fire")]
    with FaultyVas(cameras, models, rows) as started:
        yield started


def cell(grid: GridPage, location: str, column: str) -> Locator:
    head = grid.tab.get_by_role("rowheader", name=location, exact=True)
    row = grid.tab.locator("#overview").get_by_role("row").filter(has=head)
    return row.locator(f'[data-column="{column}"]')


@pytest.fixture
def overview(new_tab: NewTab) -> GridPage:
    """A tab with the page at its root: a large fleet begins with the overview."""
    grid = new_tab()
    grid.tab.goto(grid.address)
    expect(cell(grid, "Hall 0", "m1")).to_have_accessible_name("20 of 20 on")
    return grid


def test_a_large_fleet_begins_with_its_overview_and_the_grid_is_a_click_away(
    overview: GridPage,
) -> None:
    expect(overview.tab).to_have_url(f"{overview.address}overview")
    expect(cell(overview, "All locations", "m1")).to_have_accessible_name("40 of 220 on, 20 off")
    expect(cell(overview, "Hall 2", "m1")).to_have_accessible_name("0 of 20 on, 20 off")
    expect(overview.grid).to_be_hidden()
    overview.tab.get_by_role("link", name="Grid", exact=True).click()
    expect(overview.cell("Gate 0", "ppe")).to_be_visible()
    expect(overview.tab).to_have_url(overview.address)


def test_a_large_fleet_that_is_known_later_begins_with_its_overview_then(
    new_tab: NewTab, vas: FaultyVas
) -> None:
    vas.fault("cameras", Fault.FAIL_JSON)
    grid = new_tab().open()
    # Some are known from their assignments; that is no small fleet.
    expect(grid.counts).to_contain_text("60 of 60 cameras")
    expect(grid.tab).to_have_url(grid.address)
    vas.heal()
    expect(cell(grid, "Hall 0", "m1")).to_have_accessible_name("20 of 20 on")
    expect(grid.tab).to_have_url(f"{grid.address}overview")


def test_enter_opens_the_grid_with_the_cameras_of_the_location_and_the_model(
    overview: GridPage,
) -> None:
    cell(overview, "Hall 0", "m1").focus()
    overview.press("ArrowDown", "Enter")
    expect(overview.tab).to_have_url(f"{overview.address}grid?loc=Hall+1&model=ppe")
    expect(overview.counts).to_have_text(re.compile("^20 of 220 cameras: 20 on"))
    overview.tab.go_back()
    expect(cell(overview, "Hall 1", "m1")).to_be_visible()


def test_a_model_is_turned_off_in_three_locations_with_four_keys_and_a_review(
    overview: GridPage,
) -> None:
    cell(overview, "Hall 0", "m1").focus()
    overview.press("x")
    expect(overview.selected).to_have_text("20 cells: 20 cameras x 1 model")
    overview.press("ArrowDown", "x")
    expect(overview.selected).to_have_text("40 cells: 40 cameras x 1 model")
    overview.selection.get_by_role("button", name="Turn off").click()
    expect(overview.drafts).to_contain_text("40 changes drafted, not saved.")
    drafted = "20 of 20 on, drafted: 0 on, 20 selected"
    expect(cell(overview, "Hall 1", "m1")).to_have_accessible_name(drafted)
    expect(cell(overview, "All locations", "m1")).to_have_accessible_name(
        "40 of 220 on, 20 off, drafted: 0 on, 40 selected"
    )
    # All of a column, and of it what is selected already.
    cell(overview, "All locations", "m1").focus()
    overview.press("x")
    expect(overview.selected).to_have_text("220 cells: 220 cameras x 1 model")


def test_what_is_selected_is_marked_in_it(overview: GridPage) -> None:
    hall, everywhere = (cell(overview, name, "m1") for name in ("Hall 0", "All locations"))
    hall.focus()
    overview.press("x")
    expect(hall).to_have_attribute("aria-selected", "true")
    expect(hall).to_have_accessible_name("20 of 20 on, 20 selected")
    expect(everywhere).to_have_attribute("data-some", "")
    expect(everywhere).to_have_accessible_name("40 of 220 on, 20 off, 20 selected")
    expect(cell(overview, "Hall 0", "m0")).to_have_attribute("aria-selected", "false")
    # From the grid, and back.
    overview.press("Enter")
    overview.focus("Gate 0", "m:ppe")
    overview.press("x")
    overview.tab.go_back()
    expect(hall).to_have_accessible_name("20 of 20 on, 19 selected")
    expect(hall).to_have_attribute("data-some", "")
    expect(hall).to_have_attribute("aria-selected", "false")
    overview.find.fill('"hall 2"')
    expect(everywhere).to_have_accessible_name("0 of 20 on, 20 off")
    overview.tab.get_by_role("button", name="Clear filters").click()
    expect(hall).to_have_accessible_name("20 of 20 on, 19 selected")
    overview.selection.get_by_role("button", name="Select nothing").click()
    expect(hall).to_have_accessible_name("20 of 20 on")
    expect(hall).not_to_have_attribute("data-some", "")


def test_sorting_finding_and_models_stand_in_the_address(overview: GridPage) -> None:
    heads = overview.tab.locator("#overview").get_by_role("rowheader")
    overview.tab.locator("#overview th", has_text="PPE").click()
    expect(overview.tab).to_have_url(f"{overview.address}overview?sort=m%3Appe")
    overview.tab.locator("#overview th", has_text="PPE").click()
    expect(heads.nth(1)).to_have_text(re.compile("Hall [01]"))
    overview.find.fill('"hall 10"')
    expect(heads).to_have_text(["All locations", "Hall 10"])
    overview.tab.reload()
    expect(heads).to_have_text(["All locations", "Hall 10"])


def test_it_follows_the_fleet_and_says_what_is_unknown(overview: GridPage, vas: FaultyVas) -> None:
    vas.edit("c0", "ppe", enabled=False)
    expect(cell(overview, "Hall 0", "m1")).to_have_accessible_name("19 of 20 on, 1 off")
    vas.fault("assignments", Fault.FAIL_JSON)
    expect(cell(overview, "Hall 0", "m1")).to_have_accessible_name("20 unknown")
    # In little room too: the dot is the sign of what is unassigned.
    expect(cell(overview, "Hall 0", "m1")).to_have_attribute("data-short", "?20")
    expect(overview.error).to_contain_text("Assignments are unknown")
    vas.heal()
    expect(cell(overview, "Hall 0", "m1")).to_have_accessible_name("19 of 20 on, 1 off")
