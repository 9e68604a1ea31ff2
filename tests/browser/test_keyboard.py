"""The grid from the keyboard alone."""

from __future__ import annotations

import re

from playwright.sync_api import Route, expect

from tests.browser.conftest import NewTab
from tests.browser.page import GridPage


def test_tab_stops_in_the_grid_once_and_leads_out_of_it_both_ways(grid: GridPage) -> None:
    grid.page_size.focus()
    grid.press("Tab")
    grid.expect_focus("Gate 1", "camera")
    grid.press("ArrowRight", "ArrowRight", "x", "Tab")
    expect(grid.tab.get_by_role("button", name="Turn on")).to_be_focused()
    grid.press("Shift+Tab")
    grid.expect_focus("Gate 1", "m:counting")
    grid.press("Shift+Tab")
    expect(grid.page_size).to_be_focused()
    expect(grid.grid.locator("[tabindex='0']")).to_have_count(1)


def test_arrows_and_ends_move_within_the_page(grid: GridPage) -> None:
    grid.focus("Gate 2", "m:legacy")
    moves = [
        ("ArrowDown", "Gate 3", "m:legacy"),
        ("ArrowRight", "Gate 3", "m:ppe"),
        ("ArrowRight", "Gate 3", "m:ppe"),
        ("Home", "Gate 3", "camera"),
        ("ArrowLeft", "Gate 3", "camera"),
        ("End", "Gate 3", "m:ppe"),
        ("Control+Home", "heading", "camera"),
        ("ArrowUp", "heading", "camera"),
        ("Control+End", "Gate 25", "m:ppe"),
        ("ArrowDown", "Gate 25", "m:ppe"),
        ("ArrowUp", "Gate 24", "m:ppe"),
    ]
    for key, camera, column in moves:
        grid.press(key)
        assert grid.focused() == (camera, column), key
    expect(grid.cell("Gate 24", "ppe")).to_be_in_viewport()


def test_page_keys_turn_the_page_at_its_edges(grid: GridPage) -> None:
    grid.focus("Gate 25", "m:ppe")
    grid.press("PageDown")
    grid.expect_focus("Gate 26", "m:ppe")
    grid.expect_search("?page=2")
    grid.press("PageUp")
    grid.expect_focus("heading", "m:ppe")
    grid.press("PageUp")
    grid.expect_focus("Gate 25", "m:ppe")
    grid.expect_search("")
    grid.press("PageUp")
    camera, column = grid.focused()
    assert column == "m:ppe"
    assert camera in [f"Gate {number}" for number in range(2, 25)]
    grid.press("Control+Home", "PageUp")
    grid.expect_focus("heading", "camera")
    grid.expect_search("")


def test_what_is_drawn_while_the_page_turns_does_not_move_the_keyboard(grid: GridPage) -> None:
    grid.focus("Gate 25", "m:ppe")
    grid.tab.evaluate(
        """() => {
            const key = { key: "PageDown", bubbles: true, cancelable: true };
            document.activeElement.dispatchEvent(new KeyboardEvent("keydown", key));
            vas.grid.decorate();
        }"""
    )
    grid.expect_focus("Gate 26", "m:ppe")


def test_enter_opens_a_cell_and_escape_goes_back_to_it(grid: GridPage) -> None:
    grid.focus("Gate 4", "m:ppe")
    grid.press("Enter")
    grid.expect_panel("PPE on Gate 4")
    expect(grid.panel_title).to_be_focused()
    grid.press("Tab", "Tab", "Escape")
    expect(grid.panel).to_be_hidden()
    grid.expect_focus("Gate 4", "m:ppe")
    grid.press("ArrowDown")
    grid.expect_focus("Gate 5", "m:ppe")


def test_the_close_button_goes_back_to_the_cell_too(grid: GridPage) -> None:
    grid.focus("Gate 4", "m:ppe")
    grid.press("Enter")
    expect(grid.panel_title).to_be_focused()
    grid.panel.get_by_role("button", name="Close").press("Enter")
    expect(grid.panel).to_be_hidden()
    grid.expect_focus("Gate 4", "m:ppe")


def test_escape_leaves_the_grid(grid: GridPage) -> None:
    grid.focus("Gate 4", "m:ppe")
    grid.press("Escape")
    expect(grid.find).to_be_focused()
    grid.wait_for_polls(3, lambda answer: answer.status in (200, 204))
    expect(grid.find).to_be_focused()


def test_heads_of_rows_and_columns_open_their_panels(grid: GridPage) -> None:
    grid.focus("Gate 4", "camera")
    grid.press("Enter")
    grid.expect_panel("Gate 4")
    expect(grid.panel.get_by_role("heading", name="Models: 1 on")).to_be_visible()
    expect(grid.panel_title).to_be_focused()
    grid.press("Escape")
    grid.expect_focus("Gate 4", "camera")
    grid.press("Control+Home", "End", "Enter")
    grid.expect_panel("PPE")
    expect(grid.panel).to_contain_text("20 on")
    expect(grid.panel).to_contain_text("10 off")
    expect(grid.panel).to_contain_text("30 unassigned")
    expect(grid.panel).to_contain_text("0 unknown")


def test_space_on_the_head_of_a_column_sorts_by_it(grid: GridPage) -> None:
    grid.head("m:ppe").focus()
    grid.press(" ")
    expect(grid.head("m:ppe")).to_have_attribute("aria-sort", "ascending")
    grid.press(" ")
    expect(grid.head("m:ppe")).to_have_attribute("aria-sort", "descending")
    grid.expect_focus("heading", "m:ppe")
    expect(grid.row("Gate 31")).to_be_visible()
    grid.head("camera").focus()
    grid.press("Enter")
    grid.expect_search("")
    expect(grid.head("camera")).to_have_attribute("aria-sort", "ascending")


def test_the_skip_link_leads_into_the_grid(new_tab: NewTab) -> None:
    grid = new_tab().open()
    grid.press("Tab")
    expect(grid.tab.get_by_role("link", name="Skip to the grid")).to_be_focused()
    grid.press("Enter", "Tab")
    grid.expect_focus("Gate 1", "camera")
    assert grid.search == ""


def test_whoever_clicks_beside_the_grid_has_left_it(grid: GridPage) -> None:
    grid.focus("Gate 3", "m:ppe")
    grid.tab.mouse.click(600, 5)
    assert grid.tab.evaluate("document.activeElement === document.body")
    grid.tab.evaluate("vas.grid.decorate()")
    grid.press("Space")
    grid.wait_for_polls(2, lambda _: True)
    assert grid.tab.evaluate("document.activeElement === document.body")
    expect(grid.drafts).to_be_hidden()


def test_a_panel_that_opens_late_takes_no_focus_that_was_moved_meanwhile(
    new_tab: NewTab,
) -> None:
    grid = new_tab(viewport={"width": 1280, "height": 720}).open()
    held: list[Route] = []
    grid.tab.route(re.compile("_dash-update-component"), lambda route: _hold(route, held))
    grid.cell("Gate 3", "ppe").click()
    grid.find.click()
    grid.tab.wait_for_function("vas.props('open-request').data")
    while not held:
        grid.tab.wait_for_timeout(10)
    held[0].continue_()
    grid.tab.unroute_all()
    grid.expect_panel("on Gate 3")
    expect(grid.field("Desired fps")).to_be_visible()
    expect(grid.find).to_be_focused()


def test_a_panel_shows_nothing_of_another_cell_while_it_waits(new_tab: NewTab) -> None:
    grid = new_tab(viewport={"width": 1280, "height": 720}).open()
    grid.open_cell("Gate 3", "ppe")
    expect(grid.field("Desired fps")).to_be_visible()
    expect(grid.panel).to_contain_text("Gate 3")
    held: list[Route] = []
    grid.tab.route(re.compile("_dash-update-component"), lambda route: _hold(route, held))
    grid.cell("Gate 4", "ppe").click()
    expect(grid.panel).not_to_contain_text("Gate 3")
    expect(grid.panel.get_by_role("radio")).to_have_count(0)
    while not held:
        grid.tab.wait_for_timeout(10)
    held[0].continue_()
    grid.tab.unroute_all()
    grid.expect_panel("on Gate 4")
    expect(grid.field("Desired fps")).to_be_visible()


def _hold(route: Route, held: list[Route]) -> None:
    """Let everything go on but the opening of a panel."""
    if '["open-request.data"]' in (route.request.post_data or ""):
        held.append(route)
    else:
        route.continue_()
