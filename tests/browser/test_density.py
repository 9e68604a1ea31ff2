"""How much room the grid takes, and the list of keys."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import NewTab
from tests.browser.page import GridPage
from tests.browser.site import camera_id
from tests.fakes.faulty_vas import FaultyVas, assignment, model

ON = "\N{BLACK CIRCLE}"

COMPACT = """() => {
    const frame = document.getElementById("grid-frame").getBoundingClientRect();
    const heads = Array.from(document.querySelectorAll("#grid th"));
    const rows = Array.from(document.querySelectorAll("#grid [role=rowheader]"));
    return {
        right: Math.max(...heads.map((head) => head.getBoundingClientRect().right)),
        rows: rows.filter((row) => row.getBoundingClientRect().bottom <= frame.bottom).length,
    };
}"""


def shown(grid: GridPage, camera: str, model: str) -> str:
    """What an eye sees in a cell: the style sheet puts it there."""
    text: str = grid.cell(camera, model).evaluate(
        """(node) => {
            const text = node.querySelector(".dash-cell-value");
            const seen = text && text.getClientRects().length ? text.innerText : "";
            const before = getComputedStyle(node, "::before").content;
            return (before === "none" ? "" : JSON.parse(before)) + seen;
        }"""
    )
    return text.replace("\N{THIN SPACE}", " ")


@pytest.fixture
def many_models(vas: FaultyVas) -> None:
    """Twenty models; Gate 1 has the first of the new ones on at 10 fps."""
    for number in range(16):
        one = model(f"extra-{number}", name=f"Extra model {number}")
        vas.models[one["model_id"]] = one
    row = assignment(camera_id(1), "extra-0", desired_fps=10)
    vas.assignments[row["id"]] = row


def test_few_models_are_shown_comfortably_and_an_unassigned_cell_is_a_dot(grid: GridPage) -> None:
    assert shown(grid, "Gate 1", "ppe") == f"{ON} on 5 fps priority 10"
    assert shown(grid, "Gate 2", "counting") == "\N{MIDDLE DOT}"
    expect(grid.cell("Gate 2", "counting")).to_have_accessible_name("unassigned")


@pytest.mark.usefixtures("many_models")
def test_twenty_models_and_26_cameras_fit_on_a_screen(new_tab: NewTab) -> None:
    grid = new_tab(viewport={"width": 1400, "height": 900}).open("?size=50")
    expect(grid.head("m:extra-15")).to_be_visible()
    assert shown(grid, "Gate 1", "extra-0") == f"{ON} 10"
    expect(grid.cell("Gate 1", "extra-0")).to_have_accessible_name("on 10 fps")
    room = grid.tab.evaluate(COMPACT)
    assert room["right"] <= 1400
    assert room["rows"] >= 26
    # What is drafted shows too.
    grid.focus("Gate 1", "m:extra-0")
    grid.press(" ")
    expect(grid.cell("Gate 1", "extra-0")).to_have_attribute("data-short-after", "\N{WHITE CIRCLE}")


def test_the_choice_of_room_is_remembered(grid: GridPage) -> None:
    compact = grid.tab.get_by_role("button", name="Compact")
    expect(compact).to_have_attribute("aria-pressed", "false")
    compact.click()
    assert shown(grid, "Gate 1", "ppe") == f"{ON} 5"
    grid.tab.reload()
    expect(compact).to_have_attribute("aria-pressed", "true")
    assert shown(grid, "Gate 1", "ppe") == f"{ON} 5"
    compact.click()
    assert shown(grid, "Gate 1", "ppe") == f"{ON} on 5 fps priority 10"


def test_a_question_mark_opens_the_list_of_keys_but_not_in_a_field(grid: GridPage) -> None:
    keys = grid.tab.get_by_role("dialog", name="Keys")
    grid.find.press("?")
    expect(keys).to_be_hidden()
    grid.find.fill("")
    grid.focus("Gate 1", "m:ppe")
    grid.press("?")
    expect(keys).to_contain_text("draft the cell on or off")
    grid.press("Escape")
    expect(keys).to_be_hidden()
    grid.expect_focus("Gate 1", "m:ppe")
    grid.tab.get_by_role("button", name="Keys").click()
    expect(keys).to_be_visible()
    keys.get_by_role("button", name="Close").click()
    expect(keys).to_be_hidden()


def test_the_panel_leaves_filters_and_pager_free_with_lines_of_errors_too(
    new_tab: NewTab, vas: FaultyVas
) -> None:
    grid = new_tab(viewport={"width": 1400, "height": 900}).open()
    grid.open_cell("Gate 1", "ppe")

    def expect_free() -> None:
        for name in ("Clear filters", "Next page", "Last page"):
            # A click waits until nothing lies over the button.
            grid.tab.get_by_role("button", name=name).click()
        expect(grid.pager).to_have_text("Page 3 of 3")
        expect(grid.panel).to_be_visible()

    expect_free()
    vas.stop()
    expect(grid.error).to_contain_text("refused")
    grid.tab.get_by_role("button", name="First page").click()
    expect(grid.pager).to_have_text("Page 1 of 3")
    expect_free()
