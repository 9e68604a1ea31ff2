"""The VAS goes away while the page is open, and comes back."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import NewTab
from tests.browser.page import GridPage
from tests.browser.site import camera_id
from tests.fakes.faulty_vas import Fault, FaultyVas
from tests.fakes.pages import save_within
from vas_dash import Settings

WHOLE_FLEET = "60 of 60 cameras: 22 on, 11 off, 147 unassigned, 0 unknown"
REFUSED = "the VAS refused the connection"

WAITED_S = 3.0
"""For a save that is not answered."""


def test_a_page_whose_own_server_is_out_of_reach_says_so_until_it_is_back(
    new_tab: NewTab, vas: FaultyVas
) -> None:
    # Of its own: another test's profile is not to stay without a network.
    grid = new_tab(viewport={"width": 1280, "height": 720}).open()
    grid.focus("Gate 3", "m:ppe")
    notice = grid.tab.get_by_text("The page's server does not answer.")
    expect(notice).to_be_hidden()
    grid.tab.context.set_offline(True)
    expect(notice).to_be_visible()
    grid.expect_focus("Gate 3", "m:ppe")
    vas.edit(camera_id(3), "ppe", desired_fps=27)
    grid.tab.context.set_offline(False)
    expect(notice).to_be_hidden()
    grid.expect_cell("Gate 3", "ppe", "\N{BLACK CIRCLE} on 27 fps")
    # A look that was under way as the network went, and a refresh that it had asked for.
    lost = ("ERR_INTERNET_DISCONNECTED", "the server did not respond")
    assert grid.log.lines
    grid.log.lines[:] = [line for line in grid.log.lines if not any(one in line for one in lost)]


class TestLongOnItsWay:
    @pytest.fixture
    def settings(self, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
        """A write may be on its way for longer than the page waits for its answer."""
        save_within(monkeypatch, WAITED_S)
        return settings.model_copy(update={"read_timeout_s": 2.5 * WAITED_S})

    def test_a_save_that_may_have_arrived_leaves_the_cell_unknown_until_it_is_read(
        self, grid: GridPage, vas: FaultyVas
    ) -> None:
        grid.open_cell("Gate 3", "ppe")
        grid.field("Desired fps").fill("13")
        vas.fault("writes", Fault.DONE_UNSAID)
        grid.save()
        expect(grid.panel_message).to_contain_text("Sent, but not confirmed")
        expect(grid.field("Desired fps")).to_have_value("13")
        grid.expect_cell("Gate 3", "ppe", "? unknown")
        grid.expect_cell("Gate 4", "ppe", "\N{BLACK CIRCLE} on 4 fps")
        vas.heal()
        grid.expect_cell("Gate 3", "ppe", "\N{BLACK CIRCLE} on 13 fps")
        assert vas.count("PATCH", "writes") == 1


class TestDownAtFirst:
    @pytest.fixture
    def base_url(self, vas: FaultyVas, base_url: str) -> str:
        vas.stop()
        return base_url

    def test_a_page_that_never_saw_the_vas_says_unknown_and_fills_itself_later(
        self, new_tab: NewTab, vas: FaultyVas
    ) -> None:
        grid = new_tab().open()
        expect(grid.error).to_have_text(f"Cameras, models and assignments are unknown: {REFUSED}.")
        expect(grid.empty).to_have_text(f"The cameras are unknown: {REFUSED}.")
        expect(grid.grid.locator("[data-state='unassigned']")).to_have_count(0)
        expect(grid.counts).to_have_text("cameras unknown")
        vas.start()
        expect(grid.counts).to_have_text(WHOLE_FLEET)
        expect(grid.empty).to_be_empty()
        grid.expect_cell("Gate 1", "ppe", "\N{BLACK CIRCLE} on 5 fps priority 10")


class TestOtherErrors:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        """Short waits for the VAS: after a slow sweep it rests ten times as long."""
        return settings.model_copy(update={"read_timeout_s": 0.4})

    @pytest.mark.parametrize(
        ("part", "fault", "said"),
        [
            ("assignments", Fault.FAIL_JSON, "Assignments are unknown"),
            ("all", Fault.HANG, "unknown"),
            ("all", Fault.FORBIDDEN, "unknown"),
        ],
    )
    def test_whatever_the_vas_does_cells_are_unknown_and_never_unassigned(
        self, grid: GridPage, vas: FaultyVas, part: str, fault: Fault, said: str
    ) -> None:
        vas.fault(part, fault)
        grid.expect_cell("Gate 1", "ppe", "? unknown")
        grid.expect_cell("Gate 25", "counting", "? unknown")
        expect(grid.error).to_contain_text(said)
        expect(grid.counts).to_contain_text("0 on, 0 off, 0 unassigned, 180 unknown")
        vas.heal()
        expect(grid.counts).to_have_text(WHOLE_FLEET)


def test_a_lost_registry_leaves_the_cells_as_they_are(grid: GridPage, vas: FaultyVas) -> None:
    vas.fault("models", Fault.NOT_FOUND)
    expect(grid.error).to_contain_text("Names of models are unknown")
    grid.expect_cell("Gate 1", "ppe", "\N{BLACK CIRCLE} on 5 fps priority 10")
    assert vas.cell(camera_id(1), "ppe") is not None
