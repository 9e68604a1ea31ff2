"""The regular look for what has changed: it disturbs nothing."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import NewTab
from tests.browser.page import GridPage, is_poll, is_refresh, polls
from tests.browser.site import camera_id
from tests.fakes.faulty_vas import Fault, FaultyVas, camera
from vas_dash import Settings


def test_a_refresh_keeps_scroll_focus_lists_and_panel(grid: GridPage, vas: FaultyVas) -> None:
    grid.tab.set_viewport_size({"width": 760, "height": 500})
    grid.head("m:ppe").click()
    grid.expect_panel("PPE")
    grid.panel.get_by_text("10 off").click()
    expect(grid.panel.get_by_role("button", name="Gate 30")).to_be_visible()
    grid.tab.locator("#panel-live").evaluate("(node) => { node.scrollTop = 60; }")
    grid.cell("Gate 20", "ppe").focus()
    frame = grid.tab.locator("#grid-frame")
    frame.evaluate("(node) => { node.scrollTop += 20; node.scrollLeft = 40; }")
    places = "(node) => [node.scrollTop, node.scrollLeft]"
    before = frame.evaluate(places)
    assert before[0] > 0
    assert before[1] > 0

    vas.edit(camera_id(20), "ppe", enabled=False)
    vas.edit(camera_id(21), "ppe", enabled=True)
    grid.expect_cell("Gate 20", "ppe", "\N{WHITE CIRCLE} off")
    grid.expect_cell("Gate 21", "ppe", "\N{BLACK CIRCLE} on 21 fps")
    expect(grid.panel.get_by_role("button", name="Gate 20")).to_be_visible()
    assert frame.evaluate(places) == before
    grid.expect_focus("Gate 20", "m:ppe")
    grid.expect_panel("PPE")
    assert grid.tab.locator("#panel-live").evaluate("(node) => node.scrollTop") == 60


def test_a_refresh_keeps_the_focus_within_the_panel(grid: GridPage, vas: FaultyVas) -> None:
    grid.camera("Gate 20").click()
    entry = grid.panel.get_by_role("button", name="PPE")
    entry.focus()
    vas.edit(camera_id(20), "ppe", desired_fps=7)
    expect(entry).to_contain_text("on 7 fps")
    expect(entry).to_be_focused()
    grid.press("Enter")
    grid.expect_panel("PPE on Gate 20")
    expect(grid.panel_title).to_be_focused()


def test_the_focus_stays_with_its_camera_when_rows_come_and_go(
    grid: GridPage, vas: FaultyVas
) -> None:
    grid.focus("Gate 5", "m:ppe")
    del vas.cameras[camera_id(3)]
    expect(grid.counts).to_contain_text("59 of 59 cameras")
    grid.expect_focus("Gate 5", "m:ppe")
    vas.cameras["a-new-one"] = camera(name="Dock 1", id="a-new-one")
    expect(grid.camera("Dock 1")).to_be_visible()
    grid.expect_focus("Gate 5", "m:ppe")
    grid.press("ArrowUp")
    grid.expect_focus("Gate 4", "m:ppe")


class TestSlowAnswers:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        """A sweep may take long, and looks are close together."""
        return settings.model_copy(update={"read_timeout_s": 60, "poll_s": 0.2})

    def test_answers_that_take_longer_than_the_time_between_two_polls_are_drawn(
        self, grid: GridPage, vas: FaultyVas
    ) -> None:
        """While a sweep is awaited, each answer takes three times as long as polls are apart."""
        asked = vas.count("GET", "cameras")
        vas.fault("cameras", Fault.HANG)
        grid.wait_for_polls(12, lambda _: True)
        assert vas.count("GET", "cameras") > asked
        grid.find.fill("Gate 33")
        expect(grid.counts).to_contain_text("1 of 60 cameras")


class TestNothingChanges:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        """The fleet is read once."""
        return settings.model_copy(update={"refresh_s": 3600.0})

    def test_nothing_is_sent_when_nothing_changed(self, grid: GridPage) -> None:
        grid.open_cell("Gate 1", "ppe")
        expect(grid.panel).to_contain_text("assigned: on")
        before = len(grid.log.requests)
        grid.wait_for_polls(5, lambda answer: answer.status == 204)
        sent = grid.log.requests[before:]
        others = [request for request in sent if not polls(request) or is_refresh(request)]
        assert others == []


def test_a_sweep_that_found_nothing_changed_sends_only_its_time(grid: GridPage) -> None:
    before = grid.status.inner_text()
    with grid.tab.expect_response(
        lambda answer: is_refresh(answer.request) and answer.status == 200
    ) as told:
        pass
    assert set(told.value.json()["response"]) == {"rendered"}
    expect(grid.status).not_to_have_text(before)


HIDE = """(hidden) => {
    Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
    Object.defineProperty(document, "visibilityState",
        { value: hidden ? "hidden" : "visible", configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
}"""


def test_nothing_is_asked_while_the_tab_is_hidden(new_tab: NewTab, vas: FaultyVas) -> None:
    # Playwright sets the clock of a whole profile.
    grid = new_tab(viewport={"width": 1280, "height": 720})
    grid.tab.clock.install()
    grid.open()
    with grid.tab.expect_response(lambda answer: is_poll(answer) and answer.status == 204):
        pass
    grid.tab.evaluate(HIDE, True)
    before = len(grid.log.requests)
    grid.tab.clock.run_for(60_000)
    assert grid.log.requests[before:] == []

    vas.edit(camera_id(1), "ppe", desired_fps=29)
    grid.tab.evaluate(HIDE, False)
    grid.expect_cell("Gate 1", "ppe", "\N{BLACK CIRCLE} on 29 fps priority 10")
    expect(grid.status).to_have_text(re.compile("^as of"))
