"""The selection: ids, over pages, filters, orders and reloads; and what is done with it."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.page import GridPage
from tests.browser.site import camera_id
from tests.browser.test_draft import expect_label, wait_until_kept
from tests.fakes.faulty_vas import FaultyVas


def expect_words(grid: GridPage, words: str) -> None:
    expect(grid.selected).to_have_text(words)


def selected(grid: GridPage) -> int:
    """How many cells of this page say that they are selected."""
    return grid.grid.locator('[aria-selected="true"]').count()


def press(grid: GridPage, name: str) -> None:
    grid.selection.get_by_role("button", name=name, exact=True).click()


def choose_how(grid: GridPage, name: str, how: str) -> None:
    grid.selection.get_by_label(f"{name}: what to do").select_option(how)


def test_the_keyboard_alone_selects_over_two_pages_turns_off_and_takes_one_back(
    grid: GridPage, vas: FaultyVas
) -> None:
    grid.focus("Gate 19", "m:ppe")
    grid.press("Shift+ArrowDown")
    expect_words(grid, "2 cells: 2 cameras x 1 model")
    grid.focus("Gate 25", "m:ppe")
    grid.press("x", "PageDown")
    grid.expect_focus("Gate 26", "m:ppe")
    grid.press("x")
    expect_words(grid, "4 cells: 4 cameras x 1 model")
    expect(grid.cell("Gate 26", "ppe")).to_have_attribute("aria-selected", "true")
    expect(grid.cell("Gate 27", "ppe")).to_have_attribute("aria-selected", "false")
    assert selected(grid) == 1

    grid.selection.get_by_role("button", name="Turn off").press("Enter")
    expect(grid.selection).to_contain_text("2 cells drafted; 2 are so already.")
    expect(grid.drafts).to_contain_text("2 changes drafted, not saved.")
    grid.tab.reload()
    expect_words(grid, "4 cells: 4 cameras x 1 model")
    grid.tab.get_by_role("button", name="First page").press("Enter")
    expect_label(grid, "Gate 19", "ppe", "on 19 fps, drafted: off")
    expect_label(grid, "Gate 20", "ppe", "on 20 fps, drafted: off")
    assert selected(grid) == 3
    grid.focus("Gate 19", "m:ppe")
    grid.press("Backspace")
    expect_label(grid, "Gate 19", "ppe", "on 19 fps")
    expect(grid.drafts).to_contain_text("1 change drafted, not saved.")
    wait_until_kept(grid)
    assert vas.count("PATCH", "writes") == 0


def test_rows_columns_and_everything_found_are_selected_over_all_pages(grid: GridPage) -> None:
    grid.focus("Gate 2", "camera")
    grid.press("x")
    expect_words(grid, "3 cells: 1 camera x 3 models")
    grid.head("m:ppe").focus()
    grid.press("x")
    expect_words(grid, "62 cells of 60 cameras and 3 models")
    grid.press("x")
    expect_words(grid, "2 cells: 1 camera x 2 models")
    press(grid, "Select nothing")
    expect_words(grid, "")
    grid.find.fill("hall 10")
    grid.expect_cameras([f"Gate {number}" for number in (10, 21, 32, 43, 54)])
    grid.tab.get_by_role("button", name="Select all 5 cameras found").click()
    expect_words(grid, "15 cells: 5 cameras x 3 models")
    grid.find.fill("")
    grid.expect_search("")
    expect(grid.row("Gate 1")).to_be_visible()
    expect_words(grid, "15 cells: 5 cameras x 3 models")
    grid.focus("Gate 4", "m:ppe")
    grid.press("Control+a")
    expect_words(grid, "180 cells: 60 cameras x 3 models")


def test_a_selection_keeps_its_cameras_when_order_and_fleet_change(
    grid: GridPage, vas: FaultyVas
) -> None:
    grid.cell("Gate 2", "ppe").click(modifiers=["Control"])
    grid.cell("Gate 4", "ppe").click(modifiers=["Shift"])
    expect_words(grid, "3 cells: 3 cameras x 1 model")
    grid.cell("Gate 3", "ppe").click(modifiers=["Control"])
    expect_words(grid, "2 cells: 2 cameras x 1 model")
    expect(grid.panel).to_be_hidden()
    grid.sort_by("camera")
    grid.expect_search("?sort=-camera")
    expect(grid.row("Gate 60")).to_be_visible()
    assert selected(grid) == 0
    grid.sort_by("camera")
    expect(grid.row("Gate 1")).to_be_visible()
    del vas.cameras[camera_id(1)]
    expect(grid.row("Gate 1")).to_have_count(0)
    for number, held in ((2, "true"), (3, "false"), (4, "true")):
        expect(grid.cell(f"Gate {number}", "ppe")).to_have_attribute("aria-selected", held)


def test_panels_select_what_they_show(grid: GridPage) -> None:
    grid.open_cell("Gate 4", "ppe")
    grid.panel.get_by_role("button", name="Select this cell").click()
    expect_words(grid, "1 cell: 1 camera x 1 model")
    grid.head("m:counting").click()
    grid.expect_panel("Counting")
    grid.panel.get_by_role("button", name="Select this model on every camera found").click()
    expect_words(grid, "61 cells of 60 cameras and 2 models")
    grid.camera("Gate 5").click()
    grid.expect_panel("Gate 5")
    grid.panel.get_by_role("button", name="Select this camera's cells").click()
    expect_words(grid, "63 cells of 60 cameras and 3 models")


def test_the_form_says_what_is_mixed_and_changes_only_what_is_named(grid: GridPage) -> None:
    grid.focus("Gate 1", "m:ppe")
    grid.press("x", "Shift+ArrowDown", "Shift+ArrowDown")
    press(grid, "Edit...")
    form = grid.selection.get_by_role("group", name="Edit the selected cells")
    expect(form).to_be_visible()
    expect(form.get_by_role("group", name="Desired fps")).to_contain_text("mixed: 2, 3, 5")
    expect(form.get_by_role("group", name="threshold")).to_contain_text("mixed: 0.6, not set")
    choose_how(grid, "Priority", "set")
    form.get_by_label("Priority: value").fill("101")
    press(grid, "Draft this")
    expect(form).to_contain_text("must be a whole number from 0 to 100")
    value = form.get_by_label("Priority: value")
    expect(value).to_have_value("101")
    expect(value).to_be_focused()
    value.fill("7")
    choose_how(grid, "Mode", "set")
    form.get_by_label("Mode: value").select_option("fast")
    press(grid, "Draft this")
    expect(grid.selection).to_contain_text("3 cells drafted.")
    expect(form).to_be_hidden()
    expect_label(
        grid, "Gate 1", "ppe", "on 5 fps priority 10, drafted: on 5 fps priority 7, parameters"
    )
    expect_label(grid, "Gate 2", "ppe", "on 2 fps, drafted: on 2 fps priority 7, parameters")


def test_a_camera_is_copied_to_the_selected_ones(grid: GridPage) -> None:
    grid.focus("Gate 2", "m:ppe")
    grid.press("x", "Shift+ArrowDown")
    grid.camera("Gate 1").click()
    grid.expect_panel("Gate 1")
    grid.panel.get_by_role("button", name="Copy it to the selected cameras...").click()
    expect(grid.selection.get_by_label("Copy from (name or id)")).to_have_value("Gate 1")
    press(grid, "Draft this")
    expect(grid.selection).to_contain_text("5 cells drafted; 1 cannot be done.")
    expect(grid.selection).to_contain_text("Legacy on Gate 3: the model is not open")
    expect_label(grid, "Gate 3", "counting", "unassigned, drafted: on, parameters")
    expect_label(grid, "Gate 3", "legacy", "unassigned, drafted: cannot be done")
    expect(grid.drafts).to_contain_text("1 cannot be done.")
