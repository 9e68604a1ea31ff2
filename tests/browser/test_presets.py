"""Presets: kept from a cell, filled in, applied to a selection, renamed, with what was typed."""

from __future__ import annotations

from playwright.sync_api import Locator, expect

from tests.browser.page import GridPage
from tests.browser.site import camera_id
from tests.browser.test_draft import expect_label
from tests.fakes.faulty_vas import FaultyVas


def section(grid: GridPage) -> Locator:
    return grid.panel.get_by_role("region", name="Presets")


def press(grid: GridPage, name: str) -> None:
    section(grid).get_by_role("button", name=name, exact=True).click()


def name_box(grid: GridPage) -> Locator:
    return section(grid).get_by_role("combobox", name="Keep as a preset")


def keep(grid: GridPage, camera: str, name: str) -> None:
    """Keep what a cell of PPE holds as a preset, by the keyboard alone."""
    grid.open_cell(camera, "ppe")
    button = section(grid).get_by_role("button", name="Keep as a preset...")
    button.press("Enter")
    expect(name_box(grid)).to_be_focused()
    name_box(grid).fill(name)
    grid.press("Enter")
    expect(section(grid)).to_contain_text(f"Kept as {name}.")
    expect(section(grid)).to_contain_text(f"Preset: {name}")


def test_a_preset_turns_cells_on_from_the_selection(grid: GridPage, vas: FaultyVas) -> None:
    keep(grid, "Gate 1", "Standard")
    grid.press("Escape")
    grid.focus("Gate 21", "m:ppe")
    grid.press("x", "Shift+ArrowDown")
    grid.selection.get_by_role("button", name="Apply a preset...").press("Enter")
    form = grid.selection.get_by_role("group", name="Apply a preset to the selected cells")
    expect(form).to_be_visible()
    expect(grid.tab.locator("#bulk-title")).to_be_focused()
    turn = form.get_by_label("Turn on those that are not (2 off)")
    expect(turn).to_be_checked()
    form.get_by_role("button", name="Draft this").press("Enter")
    expect(grid.selection).to_contain_text("2 cells drafted.")
    expect(form).to_be_hidden()
    for gate in ("Gate 21", "Gate 22"):
        expect_label(grid, gate, "ppe", "off, drafted: on 5 fps priority 10, parameters")
    assert vas.count("PATCH", "writes") == 0


def test_a_preset_fills_the_form_until_it_is_saved_or_discarded(
    grid: GridPage, vas: FaultyVas
) -> None:
    keep(grid, "Gate 1", "Standard")
    grid.find.fill("31")
    grid.expect_cameras(["Gate 31"])
    grid.open_cell("Gate 31", "ppe")
    fill = section(grid).get_by_label("Fill in a preset")
    fill.select_option(label="Standard")
    expect(grid.panel_message).to_contain_text("Filled in from Standard. Nothing is sent")
    expect(grid.intent("On")).to_be_checked()
    expect(grid.field("Desired fps")).to_have_value("5")
    # It is not lost by opening another cell.
    grid.cell("Gate 31", "counting").click()
    expect(grid.panel_message).to_contain_text("Something here is not saved yet.")
    grid.discard_button.click()
    expect(grid.intent("Not assigned")).to_be_checked()
    expect(grid.field("Desired fps")).to_have_value("")
    fill.select_option(label="Standard")
    expect(grid.field("Desired fps")).to_have_value("5")
    grid.field("Priority").fill("11")
    grid.save()
    grid.expect_saved()
    row = vas.cell(camera_id(31), "ppe")
    assert row is not None
    assert (row["enabled"], row["desired_fps"], row["priority"]) == (True, 5, 11)
    assert row["parameters"] == {"threshold": 0.6, "vendor": {"keep": [1, 2]}}
    expect(section(grid)).to_contain_text("Preset: none")


def test_a_name_that_is_being_typed_is_not_lost(grid: GridPage) -> None:
    grid.open_cell("Gate 1", "ppe")
    press(grid, "Keep as a preset...")
    name_box(grid).fill("Standard")
    grid.cell("Gate 2", "ppe").click()
    expect(section(grid)).to_contain_text("This name is not kept yet.")
    expect(name_box(grid)).to_be_focused()
    grid.press("Escape")
    grid.expect_panel("on Gate 1")
    expect(name_box(grid)).to_have_value("Standard")
    press(grid, "Cancel")
    expect(name_box(grid)).to_have_count(0)
    grid.open_cell("Gate 2", "ppe")


def test_a_changed_preset_brings_those_along_that_followed_it(grid: GridPage) -> None:
    keep(grid, "Gate 2", "Standard")
    grid.field("Desired fps").fill("12")
    press(grid, "Keep as a preset...")
    name_box(grid).fill("standard")
    press(grid, "Keep")
    expect(section(grid)).to_contain_text("Change it: fps 2 -> 12?")
    press(grid, "Change it")
    expect(section(grid)).to_contain_text("1 camera has the values it had before.")
    grid.discard_button.click()
    grid.expect_panel("on Gate 2")
    grid.head("m:ppe").click()
    grid.expect_panel("PPE")
    expect(section(grid)).to_contain_text("Standard 12 fps")
    expect(section(grid)).to_contain_text("in use on 1 camera")
    press(grid, "Draft the new values for them")
    expect(section(grid)).to_contain_text("1 cell drafted.")
    expect_label(grid, "Gate 2", "ppe", "on 2 fps, drafted: on 12 fps")
    press(grid, "Rename...")
    box = section(grid).get_by_role("combobox", name="Rename Standard")
    expect(box).to_be_focused()
    box.fill("Day")
    grid.press("Enter")
    expect(section(grid)).to_contain_text("Standard is now called Day.")
    press(grid, "Remove...")
    press(grid, "Remove")
    expect(section(grid)).to_contain_text("Day is removed.")
    expect(section(grid)).to_contain_text("None yet.")
