"""An answer that is none of the page's server: what is said, what is kept, and that all goes on."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Route, expect

from tests.browser.conftest import NewTab
from tests.browser.page import GridPage
from tests.browser.site import PAGE_SIZE, camera_id
from tests.browser.test_rows import SCHEMA
from tests.fakes.faulty_vas import FaultyVas
from vas_dash import Settings

NO_ANSWER = "No answer. See the history before you try again."
GONE = "The page's server does not answer."
LOGGED_OUT = "You are logged out."
LOGIN = "<html><title>Log in</title><form></form></html>"
OTHER = "https://login.example/"
FILE = b"camera,model,enabled,desired_fps\nGate 1,ppe,false,5\n"

Answer = Callable[[Route], None]


def given(**answer: Any) -> Answer:
    return lambda route: route.fulfill(**answer)


NO_ANSWERS: dict[str, tuple[Answer, str]] = {
    "cut": (lambda route: route.abort("connectionreset"), GONE),
    "502": (given(status=502, body="<h1>Bad Gateway</h1>"), GONE),
    "503": (given(status=503, body=""), GONE),
    "504": (given(status=504, content_type="text/html", body="x"), GONE),
    "redirected": (given(status=302, headers={"Location": "/in"}), LOGGED_OUT),
    "elsewhere": (given(status=302, headers={"Location": OTHER}), LOGGED_OUT),
    "a login": (given(content_type="text/html", body=LOGIN), LOGGED_OUT),
    "401": (given(status=401, body="no"), LOGGED_OUT),
}


@pytest.fixture
def settings(vas: FaultyVas, tmp_path: Path) -> Settings:
    return Settings(
        api_url=vas.url,
        refresh_s=1,
        poll_s=0.2,
        page_size=PAGE_SIZE,
        db_url=f"sqlite:///{tmp_path / 'journal.db'}",
    )


@pytest.fixture
def grid(new_tab: NewTab) -> GridPage:
    """Of its own: another test's profile is not to keep what stands in the way of requests."""
    return new_tab(viewport={"width": 1280, "height": 720}).open()


def forget(grid: GridPage) -> None:
    """What a browser and Dash write down of requests without an answer of the page."""
    known = ("did not answer", "did not respond", "status 50", "status 401", "failed", "Failed")
    assert grid.log.lines
    grid.log.lines[:] = [line for line in grid.log.lines if not any(one in line for one in known)]


def stop(grid: GridPage, answer: Answer, only: str = "") -> None:
    """From now on this is what answers, where the request holds `only`."""

    def handle(route: Route) -> None:
        if only in (route.request.post_data or ""):
            answer(route)
        else:
            route.continue_()

    grid.tab.context.route(re.compile(r"_dash-update-component|/poll$"), handle)


def go_on(grid: GridPage) -> None:
    grid.tab.context.unroute_all()


def notice(grid: GridPage, text: str) -> Locator:
    return grid.tab.get_by_text(text, exact=False)


@pytest.mark.parametrize("kind", NO_ANSWERS)
def test_an_answer_of_something_in_between_is_never_taken_for_silence(
    grid: GridPage, vas: FaultyVas, kind: str
) -> None:
    answer, said = NO_ANSWERS[kind]
    grid.open_cell("Gate 3", "ppe")
    grid.field("Desired fps").fill("13")
    stop(grid, answer)
    expect(notice(grid, said)).to_be_visible()
    other = {GONE: LOGGED_OUT, LOGGED_OUT: GONE}[said]
    expect(notice(grid, other)).to_be_hidden()

    grid.save()
    expect(grid.panel_message).to_have_text(NO_ANSWER)
    expect(grid.save_button).to_be_enabled()
    expect(grid.field("Desired fps")).to_have_value("13")
    assert vas.count("PATCH", "writes") == 0

    go_on(grid)
    expect(notice(grid, said)).to_be_hidden()
    grid.save()
    grid.expect_saved()
    grid.expect_cell("Gate 3", "ppe", "\N{BLACK CIRCLE} on 13 fps")
    assert vas.count("PATCH", "writes") == 1
    forget(grid)


def press_save(grid: GridPage) -> tuple[Locator, Locator]:
    grid.open_cell("Gate 3", "ppe")
    grid.field("Desired fps").fill("13")
    stop(grid, cut_after, "panel-save.n_clicks")
    grid.save()
    return grid.panel_message, grid.save_button


def press_apply(grid: GridPage) -> tuple[Locator, Locator]:
    grid.focus("Gate 3", "m:ppe")
    grid.press("Space")
    expect(grid.drafts).to_contain_text("1 change drafted")
    grid.tab.locator("#nav-review").click()
    button = grid.tab.locator("#review-apply")
    grid.tab.locator("#review-reason").fill("night")
    stop(grid, cut_after, "review-apply.n_clicks")
    button.click()
    expect(grid.tab.locator("#review-reason")).to_have_value("night")
    return grid.tab.locator("#review-message"), button


def press_upload(grid: GridPage) -> tuple[Locator, Locator]:
    grid.tab.locator("#nav-files").click()
    stop(grid, cut_after, "files-upload.contents")
    control = grid.tab.get_by_label("File to import")
    control.set_input_files({"name": "site.csv", "mimeType": "text/csv", "buffer": FILE})
    return grid.tab.locator("#files-message"), control


def press_take(grid: GridPage) -> tuple[Locator, Locator]:
    grid.tab.locator("#nav-files").click()
    control = grid.tab.get_by_label("File to import")
    control.set_input_files({"name": "site.csv", "mimeType": "text/csv", "buffer": FILE})
    button = grid.tab.locator("#files-take")
    expect(button).to_be_visible()
    stop(grid, cut_after, "files-take.n_clicks")
    button.click()
    return grid.tab.locator("#files-message"), button


def press_bulk(grid: GridPage) -> tuple[Locator, Locator]:
    grid.focus("Gate 3", "m:ppe")
    grid.press("x")
    button = grid.selection.get_by_role("button", name="Turn off")
    stop(grid, cut_after, "act.data")
    button.click()
    return grid.tab.locator("#bulk-message"), button


def press_at_once(grid: GridPage) -> tuple[Locator, Locator]:
    switch = grid.tab.locator("#at-once")
    switch.check()
    grid.focus("Gate 3", "m:ppe")
    stop(grid, cut_after, '"apply.data"')
    grid.press("Space")
    return grid.tab.locator("#draft-message"), switch


def press_keep(grid: GridPage) -> tuple[Locator, Locator]:
    grid.open_cell("Gate 3", "ppe")
    presets = grid.panel.get_by_role("region", name="Presets")
    presets.get_by_role("button", name="Keep as a preset...").click()
    presets.get_by_role("combobox", name="Keep as a preset").fill("Night")
    stop(grid, cut_after, '"do":"keep"')
    button = presets.get_by_role("button", name="Keep", exact=True)
    button.click()
    expect(presets.get_by_role("combobox", name="Keep as a preset")).to_have_value("Night")
    return grid.tab.locator("#presets-message"), button


def cut_after(route: Route) -> None:
    """The page's server answers, and the connection is lost before the answer is there."""
    route.fetch()
    route.abort("connectionreset")


BUTTONS = [
    press_save,
    press_apply,
    press_upload,
    press_take,
    press_bulk,
    press_at_once,
    press_keep,
]


@pytest.mark.parametrize("press", BUTTONS, ids=lambda press: press.__name__)
def test_a_connection_lost_during_a_write_is_said_and_the_button_comes_back(
    grid: GridPage, vas: FaultyVas, press: Callable[[GridPage], tuple[Locator, Locator]]
) -> None:
    message, button = press(grid)
    expect(message).to_have_text(NO_ANSWER)
    expect(button).to_be_enabled()
    link = message.get_by_role("link", name="history")
    expect(link).to_have_attribute("href", "/ai-models/history")
    assert vas.count("PATCH", "writes") <= 1
    go_on(grid)
    link.click()
    expect(grid.tab.locator("#history-title")).to_be_visible()
    forget(grid)


def test_an_action_of_the_history_is_none_of_the_selection(grid: GridPage) -> None:
    grid.focus("Gate 3", "m:ppe")
    grid.press("x")
    grid.focus("Gate 4", "m:ppe")
    grid.press("Space")
    expect(grid.drafts).to_contain_text("1 change drafted")
    grid.tab.locator("#nav-review").click()
    grid.tab.locator("#review-apply").click()
    undo = grid.tab.get_by_role("button", name="Undo")
    expect(undo).to_be_visible()
    stop(grid, lambda route: route.abort(), '"act.data"')
    undo.click()
    expect(grid.tab.locator("#review-list")).to_contain_text("Gate 4")
    go_on(grid)


def test_a_panel_that_could_not_be_opened_saves_nothing_of_the_one_before(grid: GridPage) -> None:
    grid.open_cell("Gate 3", "ppe")
    expect(grid.panel).to_contain_text("3 fps")
    stop(grid, NO_ANSWERS["cut"][0])
    grid.cell("Gate 4", "ppe").click()
    expect(notice(grid, GONE)).to_be_visible()
    expect(grid.save_button).to_be_hidden()

    go_on(grid)
    expect(notice(grid, GONE)).to_be_hidden()
    grid.wait_for_polls(3, lambda _: True)
    expect(grid.panel).not_to_contain_text("fps")
    expect(grid.save_button).to_be_hidden()
    grid.open_cell("Gate 4", "ppe")
    expect(grid.panel).to_contain_text("4 fps")
    expect(grid.save_button).to_be_visible()
    forget(grid)


def test_a_history_asked_for_while_nobody_answered_is_shown_afterwards(grid: GridPage) -> None:
    stop(grid, NO_ANSWERS["cut"][0])
    grid.tab.locator("#nav-history").click()
    expect(notice(grid, GONE)).to_be_visible()
    go_on(grid)
    expect(grid.tab.locator("#history-title")).to_have_text("History")
    expect(notice(grid, GONE)).to_be_hidden()
    forget(grid)


def test_a_file_whose_answer_did_not_come_can_be_chosen_again(grid: GridPage) -> None:
    message, control = press_upload(grid)
    expect(message).to_have_text(NO_ANSWER)
    go_on(grid)
    control.set_input_files({"name": "site.csv", "mimeType": "text/csv", "buffer": FILE})
    expect(grid.tab.locator("#files-take")).to_be_visible()
    expect(message).to_have_text("")
    forget(grid)


def test_a_form_that_is_not_drawn_again_says_what_it_shows(new_tab: NewTab, vas: FaultyVas) -> None:
    vas.models["ppe"]["config_schema"] = SCHEMA
    vas.edit(camera_id(3), "ppe", parameters={"lines": [{"name": "A"}, {"name": "B"}]})
    grid = new_tab(viewport={"width": 1280, "height": 720}).open()
    grid.open_cell("Gate 3", "ppe")
    names = grid.panel.get_by_label(re.compile("^Name"))
    expect(names).to_have_count(2)
    rows = grid.panel.locator('input[id*="lines/~rows"]')
    area = grid.panel.get_by_role("combobox", name="Area")
    answer, _ = NO_ANSWERS["502"]
    stop(grid, answer, "panel-reshape")
    grid.panel.get_by_role("button", name="Remove Line 1").click()
    grid.panel.get_by_role("button", name="Add a row to Lines").click()
    area.select_option(label="Circle")
    expect(area).to_have_value("")
    expect(rows).to_have_value("0,1")
    go_on(grid)
    grid.panel.get_by_role("button", name="Remove Line 2").click()
    expect(names).to_have_count(1)
    grid.save()
    grid.expect_saved()
    row = vas.cell(camera_id(3), "ppe")
    assert row is not None
    assert row["parameters"] == {"lines": [{"name": "A"}]}
    forget(grid)
