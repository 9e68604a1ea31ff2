"""The draft as the grid shows it: from the keyboard, over reloads, and applied at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import expect

from tests.browser.conftest import NewTab, Serve
from tests.browser.page import GridPage
from tests.browser.site import camera_id
from tests.fakes.faulty_vas import Fault, FaultyVas
from vas_dash import Settings, create_server

AT_ONCE = "Apply single changes at once"

PRESS = """(key) => {
    const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true });
    document.activeElement.dispatchEvent(event);
    return document.activeElement.getAttribute("aria-label");
}"""
"""Presses a key; what the label says before any other code of the page could run."""


def expect_label(grid: GridPage, camera: str, model: str, label: str) -> None:
    expect(grid.cell(camera, model)).to_have_attribute("aria-label", label)


def wait_until_kept(grid: GridPage) -> None:
    """Wait until the server's own rows say everything that is drafted."""
    grid.tab.wait_for_function(
        """() => {
            const facts = (vas.props("rendered").data || {}).draft || {};
            const held = vas.props("draft").data || {};
            return !sessionStorage.getItem("vas-waiting").includes("camera")
                && facts.revision === held.revision;
        }"""
    )


def test_space_shows_the_draft_in_the_same_key_event_and_takes_it_back(
    grid: GridPage, vas: FaultyVas
) -> None:
    grid.focus("Gate 1", "m:ppe")
    assert grid.tab.evaluate(PRESS, " ") == "on 5 fps priority 10, drafted: off"
    assert grid.tab.evaluate(PRESS, " ") == "on 5 fps priority 10"
    assert grid.tab.evaluate(PRESS, " ") == "on 5 fps priority 10, drafted: off"
    wait_until_kept(grid)
    expect_label(grid, "Gate 1", "ppe", "on 5 fps priority 10, drafted: off")
    assert grid.tab.evaluate(PRESS, "Delete") == "on 5 fps priority 10"
    expect(grid.drafts).to_be_hidden()
    wait_until_kept(grid)
    expect_label(grid, "Gate 1", "ppe", "on 5 fps priority 10")
    assert vas.count("PATCH", "writes") + vas.count("POST", "writes") == 0


EARLY = """
document.addEventListener("load", function (event) {
    if (/assets\\/bundle/.test(event.target.src || "")) {
        window.early = typeof window.dash_clientside.set_props;
        window.dispatchEvent(new StorageEvent("storage", { key: "draft" }));
    }
}, true);
"""


def test_a_draft_that_another_tab_changes_before_dash_is_there_is_no_error(
    new_tab: NewTab,
) -> None:
    page = new_tab()
    page.tab.add_init_script(EARLY)
    page.open()
    assert page.tab.evaluate("window.early") == "undefined"


def test_a_draft_is_counted_reviewed_and_discarded(grid: GridPage, vas: FaultyVas) -> None:
    grid.focus("Gate 21", "m:ppe")
    assert grid.tab.evaluate(PRESS, " ") == "off, drafted: on"
    grid.press("ArrowDown", " ", "ArrowDown", " ")
    expect(grid.drafts).to_contain_text("3 changes drafted, not saved.")
    wait_until_kept(grid)
    expect_label(grid, "Gate 21", "ppe", "off, drafted: on 21 fps")
    grid.press("Control+Enter")
    expect(grid.tab).to_have_url(grid.address + "review")
    grid.tab.go_back()
    expect(grid.grid).to_be_visible()
    grid.drafts.get_by_role("button", name="Discard drafts").click()
    expect(grid.drafts).to_be_hidden()
    expect_label(grid, "Gate 21", "ppe", "off")
    assert vas.count("PATCH", "writes") + vas.count("POST", "writes") == 0


def test_a_draft_outlives_a_reload_and_another_tab_has_it(grid: GridPage, new_tab: NewTab) -> None:
    grid.focus("Gate 25", "m:ppe")
    grid.press(" ", "PageDown")
    grid.expect_focus("Gate 26", "m:ppe")
    wait_until_kept(grid)
    grid.tab.reload()
    expect(grid.drafts).to_contain_text("1 change drafted")
    grid.tab.get_by_role("button", name="First page").click()
    expect_label(grid, "Gate 25", "ppe", "off, drafted: on 25 fps")
    other = new_tab().open()
    expect_label(other, "Gate 25", "ppe", "off, drafted: on 25 fps")
    other.open_cell("Gate 25", "ppe")
    expect(other.panel).to_contain_text("Drafted, not saved: on 25 fps.")
    other.panel.get_by_role("button", name="Discard its draft").click()
    expect_label(other, "Gate 25", "ppe", "off")
    expect(other.panel).not_to_contain_text("Drafted")
    expect_label(grid, "Gate 25", "ppe", "off")
    expect(grid.drafts).to_be_hidden()


def test_a_model_that_is_not_for_new_assignments_is_not_drafted_and_says_so(
    grid: GridPage,
) -> None:
    grid.focus("Gate 3", "m:legacy")
    grid.press(" ")
    expect(grid.drafts).to_contain_text("this model is not for new assignments")
    expect_label(grid, "Gate 3", "legacy", "unassigned")
    expect(grid.drafts.get_by_role("button")).to_have_count(0)
    grid.press("ArrowDown")
    expect(grid.drafts).to_be_hidden()
    grid.focus("Gate 1", "m:legacy")
    grid.press(" ")
    expect_label(grid, "Gate 1", "legacy", "on, drafted: off")


@pytest.mark.parametrize("column", ["camera", "location"])
def test_space_on_a_row_head_drafts_nothing(grid: GridPage, column: str) -> None:
    grid.focus("Gate 3", column)
    grid.press(" ")
    grid.wait_for_polls(1, lambda answer: answer.status in (200, 204))
    expect(grid.drafts).to_be_hidden()
    grid.expect_focus("Gate 3", column)


def test_a_draft_stays_while_the_vas_is_away(grid: GridPage, vas: FaultyVas) -> None:
    grid.focus("Gate 3", "m:ppe")
    grid.press(" ")
    wait_until_kept(grid)
    vas.stop()
    expect(grid.error).to_contain_text("the VAS refused the connection")
    expect_label(grid, "Gate 3", "ppe", "unknown, drafted: off")
    grid.focus("Gate 4", "m:ppe")
    grid.press(" ")
    expect(grid.drafts).to_contain_text("an unknown cell cannot be changed until it is known")
    vas.start()
    expect_label(grid, "Gate 3", "ppe", "on 3 fps, drafted: off")
    expect_label(grid, "Gate 4", "ppe", "on 4 fps")


class TestWithoutAJournal:
    @pytest.fixture
    def base_url(self, settings: Settings, serve: Serve, tmp_path: Path) -> str:
        (tmp_path / "file").write_text("")
        url = f"sqlite:///{tmp_path}/file/journal.db"
        app: Flask = create_server(settings.model_copy(update={"db_url": url}))
        return serve(app)

    def test_what_was_drafted_stays_in_the_browser_until_it_can_be_kept(
        self, grid: GridPage, tmp_path: Path
    ) -> None:
        grid.focus("Gate 3", "m:ppe")
        grid.press(" ")
        expect(grid.drafts).to_contain_text("Your draft cannot be kept: the journal cannot be")
        expect(grid.drafts).to_contain_text("1 change drafted, not saved.")
        expect_label(grid, "Gate 3", "ppe", "on 3 fps, drafted: off")
        grid.tab.reload()
        expect_label(grid, "Gate 3", "ppe", "on 3 fps, drafted: off")
        (tmp_path / "file").unlink()
        (tmp_path / "file").mkdir()
        expect(grid.drafts).not_to_contain_text("cannot be kept")
        wait_until_kept(grid)
        expect(grid.drafts).to_contain_text("1 change drafted, not saved.")
        expect_label(grid, "Gate 3", "ppe", "on 3 fps, drafted: off")


# At once.


def test_single_changes_are_applied_at_once_where_that_is_wanted(
    grid: GridPage, vas: FaultyVas, monkeypatch: pytest.MonkeyPatch
) -> None:
    # However slow the machine is, a change set ends within the budget.
    monkeypatch.setattr("vas_dash.pages.draft.callbacks.SAVE_S", 10.0)
    grid.tab.get_by_label(AT_ONCE).check()
    grid.tab.reload()
    expect(grid.tab.get_by_label(AT_ONCE)).to_be_checked()
    grid.wait_until_drawn()
    cells = [(1, "ppe"), (21, "ppe"), (5, "counting")]
    for number, model in cells:
        grid.focus(f"Gate {number}", f"m:{model}")
        grid.press(" ")
    expect_label(grid, "Gate 1", "ppe", "off")
    expect_label(grid, "Gate 21", "ppe", "on 21 fps")
    expect_label(grid, "Gate 5", "counting", "on")
    expect(grid.drafts).to_be_hidden()
    grid.expect_focus("Gate 5", "m:counting")
    held = [vas.cell(camera_id(number), model) for number, model in cells]
    assert [row and row["enabled"] for row in held] == [False, True, True]
    assert held[0] is not None
    assert held[0]["priority"] == 10
    assert held[0]["parameters"] == {"threshold": 0.6, "vendor": {"keep": [1, 2]}}


def test_what_was_sent_at_once_and_not_confirmed_is_unknown(grid: GridPage, vas: FaultyVas) -> None:
    grid.tab.get_by_label(AT_ONCE).check()
    vas.fault("writes", Fault.HANG)
    grid.focus("Gate 3", "m:ppe")
    grid.press(" ")
    expect(grid.drafts).to_contain_text("PPE on Gate 3: sent, but not confirmed")
    grid.expect_cell("Gate 3", "ppe", "? unknown")
    vas.heal()
