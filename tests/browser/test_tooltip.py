from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.page import GridPage
from tests.fakes.faulty_vas import FaultyVas


def test_pointing_at_a_cell_tells_the_whole_assignment(grid: GridPage) -> None:
    cell = grid.cell("Gate 1", "ppe")
    cell.hover()
    expect(grid.tooltip).to_contain_text("PPE on Gate 1")
    expect(grid.tooltip).to_contain_text("assigned: on, 5 fps, priority 10")
    expect(grid.tooltip).to_contain_text('parameters {"threshold": 0.6, "vendor"')
    expect(grid.tooltip).to_contain_text("since 2026-11-22")
    expect(cell).to_have_attribute("aria-describedby", "cell-tooltip")
    grid.counts.hover()
    expect(grid.tooltip).to_be_hidden()
    expect(cell).not_to_have_attribute("aria-describedby", "cell-tooltip")


def test_the_keyboard_is_told_too_and_escape_hides_it(grid: GridPage) -> None:
    grid.focus("Gate 2", "m:legacy")
    expect(grid.tooltip).to_contain_text("Legacy on Gate 2\nassigned: off", use_inner_text=True)
    grid.press("ArrowLeft")
    expect(grid.tooltip).to_contain_text("Counting on Gate 2\nunassigned", use_inner_text=True)
    grid.press("Escape")
    expect(grid.tooltip).to_be_hidden()


def test_heads_tell_of_camera_and_model(grid: GridPage) -> None:
    grid.camera("Gate 3").hover()
    expect(grid.tooltip).to_contain_text("id gate-d")
    grid.head("m:legacy").hover()
    expect(grid.tooltip).to_contain_text("not for new assignments")
    grid.head("m:ppe").hover()
    expect(grid.tooltip).to_contain_text("Protective equipment")


def test_an_unknown_cell_tells_why_and_what_was_last_seen(grid: GridPage, vas: FaultyVas) -> None:
    vas.stop()
    grid.expect_cell("Gate 1", "ppe", "? unknown")
    grid.cell("Gate 1", "ppe").hover()
    expect(grid.tooltip).to_contain_text("unknown: the VAS refused the connection")
    expect(grid.tooltip).to_contain_text("last seen 20")
    expect(grid.tooltip).to_contain_text("on, 5 fps, priority 10")
    grid.cell("Gate 3", "counting").hover()
    expect(grid.tooltip).to_contain_text("last seen unassigned")


def test_a_click_leaves_no_tooltip_over_the_panel(grid: GridPage) -> None:
    box = grid.cell("Gate 1", "legacy").bounding_box()
    assert box is not None
    x, y = box["x"] + 10, box["y"] + 10
    grid.tab.mouse.click(x, y)
    grid.expect_panel("Legacy on Gate 1")
    expect(grid.panel_title).to_be_focused()
    # The panel takes width, the filters wrap, and another cell comes under the resting pointer:
    # the browser then says, sooner or later, that the pointer is over it.
    grid.tab.evaluate(
        """([x, y]) => document.elementFromPoint(x, y).dispatchEvent(
            new MouseEvent("mouseover", { bubbles: true, clientX: x, clientY: y }))""",
        [x, y],
    )
    grid.wait_for_polls(4, lambda answer: answer.status in (200, 204))
    expect(grid.tooltip).to_be_hidden()
    grid.cell("Gate 2", "legacy").hover()
    expect(grid.tooltip).to_contain_text("Legacy on Gate 2")
