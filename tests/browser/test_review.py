"""The review in a browser: before and after, sums, drop, reason, apply."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.conftest import NewTab
from tests.browser.drafted import cells, desired_changes, draft, way
from tests.browser.page import GridPage
from tests.browser.site import PAGE_SIZE, camera_id
from tests.browser.test_accessibility import LOOKS, problems
from tests.fakes.faulty_vas import FaultyVas
from vas_dash import Settings
from vas_dash.domain.changes import DesiredChange

ARROW = "\N{RIGHTWARDS ARROW}"
SOME = desired_changes(
    (cells("ppe", 5, 6, 7), DesiredChange(enabled=False)),
    (cells("ppe", 21), DesiredChange(enabled=True)),
    (cells("counting", 8), DesiredChange(enabled=True, desired_fps=3)),
    (cells("legacy", 1), DesiredChange(remove=True)),
    # Not for new assignments.
    (cells("legacy", 9), DesiredChange(enabled=True)),
)


@pytest.fixture
def db_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'journal.db'}"


@pytest.fixture
def settings(vas: FaultyVas, db_url: str) -> Settings:
    """A journal of its own, and a reason that is required."""
    return Settings(
        api_url=vas.url,
        refresh_s=1,
        poll_s=0.2,
        page_size=PAGE_SIZE,
        db_url=db_url,
        reason="required",
    )


def body(grid: GridPage) -> Locator:
    return grid.tab.locator("#review-body")


def rows(grid: GridPage) -> Locator:
    return grid.tab.locator("#review-list .vd-review-cells > li")


def apply_button(grid: GridPage) -> Locator:
    return grid.tab.locator("#review-apply")


def reason(grid: GridPage) -> Locator:
    return grid.tab.get_by_label("Reason")


def test_from_a_draft_to_the_history(grid: GridPage, vas: FaultyVas, db_url: str) -> None:
    draft(grid, db_url, vas, SOME)
    way(grid).click()
    expect(grid.tab).to_have_url(grid.address + "review")
    expect(body(grid)).to_contain_text("6 changes: 1 turned on, 3 turned off, 1 added, 1 removed.")
    # 5 + 6 + 7 fps go, 21 come; gate 1 has 5 as well.
    expect(body(grid)).to_contain_text(f"PPE: 214 {ARROW} 217 fps asked for")
    expect(body(grid)).to_contain_text(f"0 {ARROW} 3 fps asked for; 1 cell without fps, as before")
    expect(rows(grid).filter(has_text="Gate 8")).to_contain_text(f"unassigned {ARROW} on, 3 fps")
    expect(body(grid)).to_contain_text("1 cell cannot be applied")
    expect(grid.tab.locator("#review-note")).to_have_text(
        "1 cannot be applied; it stands in the history as refused."
    )

    rows(grid).filter(has_text="Gate 6").get_by_role("button", name="Drop Gate 6").click()
    expect(apply_button(grid)).to_have_text("Apply 5 changes")
    expect(way(grid)).to_have_text("Review (5)")
    expect(body(grid)).to_contain_text(f"PPE: 214 {ARROW} 223 fps asked for")

    apply_button(grid).click()
    expect(grid.tab.get_by_text("A reason is needed.")).to_be_visible()
    expect(reason(grid)).to_have_class(re.compile("is-invalid"))
    assert vas.count("PATCH", "writes") == 0
    reason(grid).fill("lens broken")
    apply_button(grid).dblclick()
    expect(grid.tab).to_have_url(grid.address + "history/1")
    expect(way(grid)).to_have_text("Review")

    def settled() -> bool:
        off = vas.cell(camera_id(5), "ppe")
        return off is not None and off["enabled"] is False

    grid.tab.goto(grid.address)
    grid.wait_until_drawn()
    expect(grid.cell("Gate 5", "ppe")).to_have_attribute("data-state", "off")
    expect(grid.cell("Gate 6", "ppe")).to_have_attribute("data-state", "on")
    expect(grid.cell("Gate 8", "counting")).to_have_attribute("data-state", "on")
    expect(grid.cell("Gate 1", "legacy")).to_have_attribute("data-state", "unassigned")
    assert settled()

    way(grid).click()
    expect(grid.tab.get_by_text("Nothing is drafted.")).to_be_visible()
    expect(reason(grid)).to_have_value("")


def test_a_reload_and_another_view_keep_the_draft_and_what_was_typed(
    grid: GridPage, vas: FaultyVas, db_url: str
) -> None:
    draft(grid, db_url, vas, SOME)
    way(grid).click()
    reason(grid).fill("the lens of the hall")
    grid.wait_for_polls(3, lambda _: True)
    expect(reason(grid)).to_have_value("the lens of the hall")
    grid.tab.reload()
    expect(apply_button(grid)).to_have_text("Apply 6 changes")
    expect(reason(grid)).to_have_value("the lens of the hall")
    grid.tab.locator("#nav-grid").click()
    expect(grid.counts).to_be_visible()
    way(grid).click()
    expect(reason(grid)).to_have_value("the lens of the hall")
    apply_button(grid).click()
    expect(grid.tab).to_have_url(grid.address + "history/1")
    grid.tab.reload()
    way(grid).click()
    expect(grid.tab.get_by_text("Nothing is drafted.")).to_be_visible()
    expect(reason(grid)).to_have_value("")


def test_it_is_found_through_grouped_and_dropped(
    grid: GridPage, vas: FaultyVas, db_url: str
) -> None:
    draft(grid, db_url, vas, SOME)
    way(grid).click()
    toggle = grid.tab.get_by_role("button", name=re.compile("^PPE"))
    expect(toggle).to_have_attribute("aria-expanded", "true")
    toggle.click()
    expect(toggle).to_have_attribute("aria-expanded", "false")
    expect(rows(grid).filter(has_text="Gate 5")).to_have_count(0)
    # A refresh leaves it as it was folded.
    vas.edit(camera_id(7), "ppe", desired_fps=30)
    expect(body(grid)).to_contain_text("1 cell was changed elsewhere since")
    expect(toggle).to_have_attribute("aria-expanded", "false")
    toggle.press("Enter")
    expect(rows(grid).filter(has_text="Gate 7")).to_contain_text(
        "changed elsewhere since it was drafted: now on, 30 fps"
    )

    grid.tab.get_by_label("Grouped by").select_option("camera")
    expect(grid.tab.get_by_role("button", name=re.compile("^Gate 5"))).to_be_visible()
    grid.tab.locator("#review-kind").select_option("turned_off")
    expect(body(grid)).to_contain_text("3 of 6 match: 3 turned off.")
    body(grid).get_by_role("searchbox", name="Find").fill("hall 7")
    expect(body(grid)).to_contain_text("1 of 6 match")
    grid.tab.get_by_role("button", name="Drop these 1").click()
    expect(grid.tab.locator("#review-message")).to_have_text("1 cell dropped.")
    expect(body(grid)).to_contain_text("None of 5 changes matches the filter.")
    grid.tab.get_by_role("button", name="Drop 1 that cannot be applied").wait_for(state="hidden")

    discard = grid.tab.get_by_role("button", name="Discard the draft")
    discard.click()
    again = grid.tab.get_by_role("button", name="Press again to discard all")
    expect(again).to_be_visible()
    again.click()
    expect(grid.tab.get_by_text("Nothing is drafted.")).to_be_visible()
    expect(way(grid)).to_have_text("Review")
    grid.tab.get_by_role("main").get_by_role("link", name="grid").click()
    expect(grid.counts).to_be_visible()


def test_a_conflict_of_two_tabs_is_told_and_nothing_is_sent(
    new_tab: NewTab, vas: FaultyVas, db_url: str
) -> None:
    grid = new_tab().open()
    draft(grid, db_url, vas, SOME)
    way(grid).click()
    expect(apply_button(grid)).to_have_text("Apply 6 changes")
    reason(grid).fill("why")
    # As if the answers to its polls were late: the tab shows an earlier revision.
    grid.tab.evaluate(
        "() => vas.set('review-shown', {data: {...vas.props('review-shown').data, revision: 7}})"
    )
    apply_button(grid).click()
    expect(grid.tab.locator("#review-message")).to_have_text(
        "The draft changed meanwhile: review it again."
    )
    assert vas.count("PATCH", "writes") == 0
    expect(reason(grid)).to_have_value("why")


def test_axe_finds_nothing_serious_in_a_review(grid: GridPage, vas: FaultyVas, db_url: str) -> None:
    draft(grid, db_url, vas, SOME)
    way(grid).click()
    vas.edit(camera_id(7), "ppe", desired_fps=30)
    expect(rows(grid).filter(has_text="changed elsewhere")).to_have_count(1)
    apply_button(grid).click()
    expect(grid.tab.get_by_text("A reason is needed.")).to_be_visible()
    found = {}
    for scheme, width in LOOKS:
        grid.tab.emulate_media(color_scheme=scheme)
        grid.tab.set_viewport_size({"width": width, "height": 720})
        found[scheme, width] = problems(grid, scheme)
    assert {where: what for where, what in found.items() if what} == {}
