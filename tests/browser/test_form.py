"""The panel of a cell: its form, its messages, what a save stores."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.page import GridPage
from tests.browser.site import camera_id
from tests.fakes.faulty_vas import FaultyVas, Row


def held(vas: FaultyVas, number: int, model: str) -> Row:
    """What the VAS holds of a cell."""
    row = vas.cell(camera_id(number), model)
    assert row is not None
    return row


def test_wrong_values_get_their_messages_and_nothing_typed_is_lost(
    grid: GridPage, vas: FaultyVas
) -> None:
    grid.open_cell("Gate 1", "ppe")
    typed = {
        "Desired fps": ("31", "must be a whole number from 1 to 30"),
        "Priority": ("high", "must be a whole number from 0 to 100"),
        "Threshold": ("1,5", "number"),
        "People": ("0", "1"),
        "Zone width": ("0.5", "1"),
    }
    for label, (text, _) in typed.items():
        grid.field(label).fill(text)
    grid.field("Zone name").fill("dock")
    grid.save()
    expect(grid.panel_message).to_have_text("Not saved: see the fields above.")
    for label, (text, message) in typed.items():
        field = grid.field(label)
        expect(field).to_have_value(text)
        # The message is part of the label, so of the control's name.
        expect(field).to_have_accessible_name(re.compile(f"^{label}.+{re.escape(message)}"))
        expect(field).to_contain_class("is-invalid")
    expect(grid.field("Zone name")).to_have_value("dock")
    expect(grid.field("Desired fps")).to_be_focused()
    assert vas.count("PATCH", "writes") == 0

    for label, text in {"Desired fps": "30", "Priority": "0", "Threshold": "0.25"}.items():
        grid.field(label).fill(text)
    grid.field("People").fill("12")
    grid.field("Zone width").fill("2.5")
    grid.field("Mode").select_option("exact")
    grid.field("Audible").select_option(label="no")
    grid.panel.get_by_label("vest").check()
    grid.save()
    grid.expect_saved()
    expect(grid.panel.locator(".is-invalid")).to_have_count(0)
    row = held(vas, 1, "ppe")
    assert (row["desired_fps"], row["priority"], row["enabled"]) == (30, 0, True)
    assert row["parameters"] == {
        "threshold": 0.25,
        "people": 12,
        "mode": "exact",
        "audible": False,
        "classes": ["vest"],
        "zone": {"name": "dock", "width": 2.5},
        "vendor": {"keep": [1, 2]},
    }
    grid.expect_cell("Gate 1", "ppe", "\N{BLACK CIRCLE} on 30 fps priority 0")


def test_a_value_that_the_schema_does_not_know_is_shown_and_kept(
    grid: GridPage, vas: FaultyVas
) -> None:
    grid.open_cell("Gate 1", "ppe")
    expect(grid.field("Other values")).to_have_value(re.compile(r'"vendor": ?\{'))
    grid.intent("Off").check()
    grid.save()
    grid.expect_saved()
    row = held(vas, 1, "ppe")
    assert row["enabled"] is False
    assert row["parameters"] == {"threshold": 0.6, "vendor": {"keep": [1, 2]}}


def test_a_model_without_schema_takes_json(grid: GridPage, vas: FaultyVas) -> None:
    grid.open_cell("Gate 1", "counting")
    field = grid.field("Parameters")
    expect(field).to_have_value(re.compile('"line": 3'))
    field.fill('{"line": ')
    grid.save()
    expect(grid.panel_message).to_contain_text("Not saved")
    expect(field).to_have_value('{"line": ')
    expect(field).to_be_focused()
    field.fill('{"line": 4, "points": [[1, 2]]}')
    grid.press("Control+Enter")
    grid.expect_saved()
    expect(field).to_be_focused()
    assert held(vas, 1, "counting")["parameters"] == {"line": 4, "points": [[1, 2]]}


def test_clearing_fps_and_priority_clears_them_in_the_vas(grid: GridPage, vas: FaultyVas) -> None:
    grid.open_cell("Gate 1", "ppe")
    expect(grid.field("Desired fps")).to_have_value("5")
    grid.field("Desired fps").fill("")
    grid.field("Priority").fill("")
    grid.save()
    grid.expect_saved()
    row = held(vas, 1, "ppe")
    assert (row["desired_fps"], row["priority"]) == (None, None)
    grid.expect_cell("Gate 1", "ppe", "\N{BLACK CIRCLE} on")


def test_assigning_and_unassigning(grid: GridPage, vas: FaultyVas) -> None:
    grid.open_cell("Gate 7", "counting")
    grid.intent("Off").check()
    grid.field("Desired fps").fill("4")
    grid.save()
    grid.expect_saved()
    grid.expect_cell("Gate 7", "counting", "\N{WHITE CIRCLE} off")
    row = held(vas, 7, "counting")
    assert (row["enabled"], row["desired_fps"]) == (False, 4)
    grid.intent("Not assigned").check()
    grid.save()
    grid.expect_saved()
    grid.expect_cell("Gate 7", "counting", "\N{EN DASH} unassigned")
    assert vas.cell(camera_id(7), "counting") is None


def test_a_refused_save_says_so_and_keeps_what_was_typed(grid: GridPage, vas: FaultyVas) -> None:
    grid.open_cell("Gate 8", "counting")
    del vas.cameras[camera_id(8)]
    grid.intent("On").check()
    grid.field("Desired fps").fill("9")
    grid.save()
    expect(grid.panel_message).to_contain_text("Not saved")
    expect(grid.field("Desired fps")).to_have_value("9")
    expect(grid.intent("On")).to_be_checked()


def test_unsaved_input_is_asked_about_before_another_cell_opens(
    grid: GridPage, vas: FaultyVas
) -> None:
    grid.open_cell("Gate 1", "ppe")
    grid.field("Desired fps").fill("17")
    grid.cell("Gate 2", "ppe").click()
    expect(grid.panel_message).to_contain_text("not saved yet")
    expect(grid.save_button).to_be_focused()
    grid.expect_panel("PPE on Gate 1")
    expect(grid.field("Desired fps")).to_have_value("17")
    grid.press("Escape")
    expect(grid.panel).to_be_visible()
    grid.panel.get_by_role("button", name="All models of this camera").click()
    grid.expect_panel("PPE on Gate 1")

    grid.discard_button.click()
    expect(grid.field("Desired fps")).to_have_value("5")
    expect(grid.panel_message).to_be_empty()
    grid.cell("Gate 2", "ppe").click()
    grid.expect_panel("PPE on Gate 2")
    expect(grid.field("Desired fps")).to_have_value("2")
    assert vas.count("PATCH", "writes") == 0


def test_a_saved_form_lets_another_cell_open(grid: GridPage) -> None:
    grid.open_cell("Gate 3", "ppe")
    grid.field("Desired fps").fill("17")
    grid.save()
    grid.expect_saved()
    grid.open_cell("Gate 2", "ppe")
    expect(grid.panel_message).to_be_empty()


def test_an_untouched_form_follows_the_cell_no_further_but_says_that_it_changed(
    grid: GridPage, vas: FaultyVas
) -> None:
    grid.open_cell("Gate 3", "ppe")
    vas.edit(camera_id(3), "ppe", desired_fps=22)
    expect(grid.panel).to_contain_text("22 fps")
    expect(grid.panel).to_contain_text("Changed elsewhere since this was opened.")
    expect(grid.field("Desired fps")).to_have_value("3")


def test_ways_between_a_cell_its_camera_and_its_model(grid: GridPage) -> None:
    grid.open_cell("Gate 1", "ppe")
    grid.panel.get_by_role("button", name="All models of this camera").click()
    grid.expect_panel("Gate 1")
    expect(grid.panel_title).to_have_text("Gate 1")
    grid.panel.get_by_role("button", name="Counting").click()
    grid.expect_panel("Counting on Gate 1")
    grid.panel.get_by_role("button", name="About this model").click()
    expect(grid.panel_title).to_have_text("Counting")
    grid.panel.get_by_text("1 on", exact=True).click()
    grid.panel.get_by_role("link", name="Show all in the grid").first.click()
    grid.expect_search("?state=on&of=counting")
    grid.expect_cameras(["Gate 1"])
    expect(grid.state).to_have_value("on")
    expect(grid.state_of).to_have_value("counting")
