"""Somebody else changes the cell after it was opened or drafted: nothing is overwritten unasked."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.page import GridPage
from tests.browser.site import camera_id
from tests.fakes.faulty_vas import FaultyVas, assignment


def meet_conflict(grid: GridPage, vas: FaultyVas) -> None:
    grid.open_cell("Gate 3", "ppe")
    vas.edit(camera_id(3), "ppe", desired_fps=25, parameters={"threshold": 0.9})
    grid.field("Desired fps").fill("12")
    grid.save()
    expect(grid.panel_message).to_contain_text("Not saved: the cell was changed elsewhere")
    expect(grid.panel_message).to_contain_text("In the VAS now")
    expect(grid.panel_message).to_contain_text("on, 25 fps, default priority")
    expect(grid.panel_message).to_contain_text('parameters {"threshold": 0.9}')
    expect(grid.panel_message).to_contain_text("on, 12 fps, default priority")
    expect(grid.field("Desired fps")).to_have_value("12")
    assert vas.count("PATCH", "writes") == 0


def test_a_conflict_shows_both_and_mine_can_be_saved_over_it(
    grid: GridPage, vas: FaultyVas
) -> None:
    meet_conflict(grid, vas)
    grid.panel.get_by_role("button", name="Save mine over it").click()
    grid.expect_saved()
    row = vas.cell(camera_id(3), "ppe")
    assert row is not None
    assert (row["desired_fps"], row["parameters"]) == (12, None)
    grid.expect_cell("Gate 3", "ppe", "\N{BLACK CIRCLE} on 12 fps")


def test_what_the_vas_has_can_be_taken_and_changed_further(grid: GridPage, vas: FaultyVas) -> None:
    meet_conflict(grid, vas)
    grid.panel.get_by_role("button", name="Take what the VAS has").click()
    expect(grid.field("Desired fps")).to_have_value("25")
    expect(grid.field("Threshold")).to_have_value("0.9")
    assert vas.count("PATCH", "writes") == 0
    grid.field("Priority").fill("7")
    grid.save()
    grid.expect_saved()
    row = vas.cell(camera_id(3), "ppe")
    assert row is not None
    assert (row["desired_fps"], row["priority"]) == (25, 7)


def test_a_second_change_elsewhere_is_a_conflict_again(grid: GridPage, vas: FaultyVas) -> None:
    meet_conflict(grid, vas)
    vas.edit(camera_id(3), "ppe", desired_fps=26)
    grid.panel.get_by_role("button", name="Save mine over it").click()
    expect(grid.panel_message).to_contain_text("on, 26 fps, default priority")
    assert vas.count("PATCH", "writes") == 0
    grid.panel.get_by_role("button", name="Save mine over it").click()
    grid.expect_saved()


def test_somebody_elses_new_assignment_is_a_conflict(grid: GridPage, vas: FaultyVas) -> None:
    grid.open_cell("Gate 9", "counting")
    vas.put(assignment(camera_id(9), "counting", desired_fps=3))
    grid.intent("On").check()
    grid.field("Desired fps").fill("8")
    grid.save()
    expect(grid.panel_message).to_contain_text("Not saved: the cell was changed elsewhere")
    row = vas.cell(camera_id(9), "counting")
    assert row is not None
    assert row["desired_fps"] == 3
    grid.panel.get_by_role("button", name="Save mine over it").click()
    grid.expect_saved()
    assert row["desired_fps"] == 8
