from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.conftest import NewTab
from tests.browser.page import GridPage

COUNTS = "60 of 60 cameras: 22 on, 11 off, 147 unassigned, 0 unknown"


def test_each_state_has_its_own_shape_and_word(grid: GridPage) -> None:
    grid.expect_cell("Gate 1", "ppe", "\N{BLACK CIRCLE} on 5 fps priority 10")
    grid.expect_cell("Gate 1", "counting", "\N{BLACK CIRCLE} on")
    grid.expect_cell("Gate 2", "legacy", "\N{WHITE CIRCLE} off")
    grid.expect_cell("Gate 2", "counting", "\N{EN DASH} unassigned")


def test_two_tabs_show_the_same_and_a_change_in_one_arrives_in_the_other(new_tab: NewTab) -> None:
    first, second = new_tab().open(), new_tab().open()
    second.open_cell("Gate 3", "ppe")
    second.intent("Off").check()
    second.save()
    second.expect_saved()
    for tab in (first, second):
        tab.expect_cell("Gate 3", "ppe", "\N{WHITE CIRCLE} off")
        expect(tab.counts).to_have_text(
            "60 of 60 cameras: 21 on, 12 off, 147 unassigned, 0 unknown"
        )
