"""The main journeys over the page, with Dash's own way of testing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from dash.testing.browser import Browser
from dash.testing.composite import DashComposite
from flask import Flask
from selenium.webdriver.common.keys import Keys

from tests.browser.serving import served
from tests.browser.site import camera_id
from tests.browser.test_hosting import gunicorn
from tests.fakes.faulty_vas import FaultyVas
from tests.journeys.journey import COUNTS, OFF, ON, Journey
from vas_dash import Operator, Role, Settings, create_app, mount


def enabled(vas: FaultyVas, number: int) -> bool | None:
    row = vas.cell(camera_id(number), "ppe")
    return None if row is None else bool(row["enabled"])


HALL_1 = (1, 12, 23, 34, 45, 56)
"""The numbers of its cameras; on the first two PPE is on, on the third off."""


def gates(first: int, last: int) -> list[str]:
    """The names of those cameras."""
    return [f"Gate {number}" for number in range(first, last + 1)]


@pytest.fixture
def page(dash_duo: DashComposite, settings: Settings) -> Journey:
    """The page as `create_app` makes it."""
    start: Any = dash_duo.start_server
    start(create_app(settings))
    return Journey(dash_duo, dash_duo.server_url).open()


def test_the_first_load_shows_the_fleet_with_counts_and_time(page: Journey) -> None:
    page.expect("#counts", COUNTS)
    page.expect("#status", "as of")
    assert page.text("#fleet-error") == ""
    page.expect_cameras(*gates(1, 25))
    page.expect_cell("Gate 1", "ppe", f"{ON} 5 fps priority 10")
    page.expect_cell("Gate 21", "ppe", OFF)
    heads = page.texts("#grid [role=columnheader]")
    legacy = "Legacy (not for new assignments)"
    assert heads == ["Camera", "Location", "Counting", legacy, "PPE"]
    for number, names in ((2, gates(26, 50)), (3, gates(51, 60))):
        page.click('[data-page="next"]')
        page.expect("#pager-text", f"Page {number} of 3")
        page.expect_cameras(*names)
    page.expect_calm()


def test_a_filter_stands_in_the_address_and_the_address_gives_it_again(page: Journey) -> None:
    found = [f"Gate {number}" for number in (10, 21, 32, 43, 54)]
    page.type("#filter-text", "hall 10")
    page.until(lambda: page.address.endswith("?q=hall+10"), "the address never has the filter")
    page.expect_cameras(*found)
    page.open("?q=hall+10")
    page.expect_cameras(*found)
    page.click("#filter-clear")
    page.expect("#counts", COUNTS)


def test_a_toggle_from_the_keyboard_is_reviewed_applied_and_undone(
    page: Journey, vas: FaultyVas
) -> None:
    page.press("Gate 2", "ppe", " ")
    page.expect("#draft-count", "1 ")
    assert vas.count("PATCH", "writes") == 0
    page.press("Gate 2", "ppe", Keys.CONTROL + Keys.ENTER)
    page.expect("#review-head", "1 change: 1 turned off.")
    page.click("#review-apply")
    page.until(lambda: page.address.endswith("/history/1"), "it is never handed over")
    page.expect("#history-head", "1 applied")
    assert enabled(vas, 2) is False

    page.click('#history-actions [data-do="undo"]')
    page.expect("#review-head", "1 change: 1 turned on.")
    page.click("#review-apply")
    page.until(lambda: page.address.endswith("/history/2"), "the undo is never handed over")
    page.expect("#history-head", "1 applied")
    assert enabled(vas, 2) is True
    page.expect_calm()


def test_a_form_says_what_is_wrong_and_loses_nothing(page: Journey, vas: FaultyVas) -> None:
    page.click_cell("Gate 3", "ppe")
    page.expect("#panel-title", "on Gate 3")
    page.fill("Desired fps", "31")
    page.fill("Zone name", "dock")
    page.click("#panel-save")
    page.expect("#panel-message", "Not saved: see the fields above.")
    page.expect("#panel-form", "must be a whole number from 1 to 30")
    assert page.panel_field("Desired fps").get_attribute("value") == "31"
    assert page.panel_field("Zone name").get_attribute("value") == "dock"
    assert vas.count("PATCH", "writes") == 0
    page.fill("Desired fps", "30")
    page.click("#panel-save")
    page.expect("#panel-message", "Saved.")
    page.expect_cell("Gate 3", "ppe", f"{ON} 30 fps")


def test_a_location_is_turned_off_from_the_overview(page: Journey, vas: FaultyVas) -> None:
    page.click('a[href$="/overview"]')
    page.expect_name(lambda: page.overview_cell("Hall 1", 2), "2 of 6 on, 1 off")
    page.press_at(page.overview_cell("Hall 1", 2), "x")
    page.expect("#selection-words", "6 cells: 6 cameras x 1 model")
    page.click('#selection-actions [data-do="off"]')
    page.expect("#draft-count", "2 ")
    page.expect_name(
        lambda: page.overview_cell("Hall 1", 2), "2 of 6 on, 1 off, drafted: 0 on, 6 selected"
    )
    page.press_at(page.overview_cell("Hall 1", 2), Keys.ENTER)
    page.expect_cameras(*(f"Gate {number}" for number in HALL_1))
    page.press("Gate 1", "ppe", Keys.CONTROL + Keys.ENTER)
    page.expect("#review-head", "2 changes: 2 turned off.")
    page.click("#review-apply")
    page.expect("#history-head", "2 applied")
    assert [enabled(vas, number) for number in HALL_1] == [False] * 3 + [None] * 3
    page.expect_calm()


def test_a_compact_cell_is_toggled_and_the_density_is_remembered(
    page: Journey, vas: FaultyVas
) -> None:
    page.click("#density")
    page.expect_name(lambda: page.cell("Gate 3", "ppe"), "on 3 fps")
    assert page.texts("#grid td[data-state=on] .dash-cell-value") == []
    page.press("Gate 3", "ppe", " ")
    page.expect_name(lambda: page.cell("Gate 3", "ppe"), "on 3 fps, drafted: off")
    page.expect("#draft-count", "1 ")
    page.open()
    page.expect_name(lambda: page.cell("Gate 3", "ppe"), "on 3 fps, drafted: off")
    assert page.texts("#grid td[data-state=on] .dash-cell-value") == []
    page.press("Gate 3", "ppe", " ")
    page.until(lambda: not page.is_shown("#draft-bar"), "the draft stays")
    assert enabled(vas, 3) is True
    page.expect_calm()


class TestRows:
    """A model whose lines are a list of objects."""

    @pytest.fixture(autouse=True)
    def lines(self, vas: FaultyVas) -> None:
        name = {"type": "string", "title": "Name"}
        line = {
            "type": "object",
            "title": "Line",
            "required": ["name"],
            "properties": {"name": name},
        }
        lines = {"type": "array", "title": "Lines", "items": line}
        vas.models["ppe"]["config_schema"] = {"type": "object", "properties": {"lines": lines}}
        vas.edit(camera_id(3), "ppe", parameters={"lines": [{"name": "in"}, {"name": "out"}]})

    def test_lines_are_added_named_and_moved(self, page: Journey, vas: FaultyVas) -> None:
        page.click_cell("Gate 3", "ppe")
        page.expect("#panel-title", "on Gate 3")
        page.click("#panel-form [data-rowdo=add]")
        page.expect("#panel-form", "Line 3")
        page.click("#panel-save")
        page.expect("#panel-form", "needs a value")
        page.type('#panel-form [data-row="2"] input', "back")
        page.click('#panel-form [data-row="2"] [data-rowdo=up]')
        page.expect('#panel-form [data-row="2"]', "Line 2")
        page.click("#panel-save")
        page.expect("#panel-message", "Saved.")
        row = vas.cell(camera_id(3), "ppe")
        assert row is not None
        assert row["parameters"] == {"lines": [{"name": "in"}, {"name": "back"}, {"name": "out"}]}
        page.expect_calm()


def test_a_backend_that_dies_is_unknown_and_everything_goes_on_when_it_is_back(
    page: Journey, vas: FaultyVas
) -> None:
    page.click_cell("Gate 3", "ppe")
    page.expect("#panel-title", "on Gate 3")
    page.fill("Desired fps", "13")
    vas.stop()
    page.expect("#counts", "60 of 60 cameras: 0 on, 0 off, 0 unassigned, 180 unknown")
    page.expect("#fleet-error", "the VAS refused the connection")
    page.expect("#fleet-error", "Last seen")
    page.expect_cameras(*gates(1, 25))
    page.until(
        lambda: set(page.texts("#grid td[data-state]")) == {"? unknown"},
        "cells are known that cannot be",
    )
    page.expect("#panel", "unknown: the VAS refused the connection")
    page.click("#panel-save")
    page.expect("#panel-message", "Not saved, nothing was sent: the VAS refused the connection")
    page.click_cell("Gate 2", "ppe")
    page.expect("#panel-message", "not saved yet")

    vas.start()
    page.expect("#counts", COUNTS)
    page.until(lambda: page.text("#fleet-error") == "", "the message stays")
    assert page.panel_field("Desired fps").get_attribute("value") == "13"
    assert vas.count("PATCH", "writes") == 0
    page.click("#panel-save")
    page.expect("#panel-message", "Saved.")
    page.expect_cell("Gate 3", "ppe", f"{ON} 13 fps")


class TestUnderAHost:
    """Mounted under a Flask application that says who asks."""

    role = Role.VIEWER

    @pytest.fixture
    def host(self, dash_br: Browser, settings: Settings) -> Iterator[Journey]:
        host = Flask("host")
        host.add_url_rule("/", view_func=lambda: "the host's own page\n", endpoint="own")
        mount(host, "/ai-models/", settings, identify=lambda _: Operator("vera", self.role))
        with served(host) as url:
            yield Journey(dash_br, url)
            # Where no page is, nothing asks a server that is gone.
            dash_br.driver.get("about:blank")

    def test_a_viewer_sees_everything_and_changes_nothing(
        self, host: Journey, vas: FaultyVas
    ) -> None:
        host.open()
        host.expect("#counts", COUNTS)
        host.press("Gate 2", "ppe", " ")
        host.click_cell("Gate 2", "ppe")
        host.expect("#panel-title", "on Gate 2")
        assert not host.is_shown("#panel-save")
        assert not host.is_shown("#draft-bar")
        assert vas.count("PATCH", "writes") == 0

    def test_an_operator_changes_a_cell_and_the_host_answers_as_before(
        self, host: Journey, vas: FaultyVas, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(type(self), "role", Role.OPERATOR)
        host.open()
        host.click("#at-once")
        host.press("Gate 2", "ppe", " ")
        host.expect_cell("Gate 2", "ppe", OFF)
        assert enabled(vas, 2) is False
        host.driver.get(host.base.removesuffix("ai-models/"))
        host.expect("body", "the host's own page")


class TestBehindGunicorn:
    """Two workers of `app:server`."""

    @pytest.fixture
    def page(self, dash_br: Browser, settings: Settings) -> Iterator[Journey]:
        environment = {
            "PATH": os.environ["PATH"],
            "VAS_API_URL": str(settings.api_url),
            "VAS_DASH_DB_URL": str(settings.db_url),
            "VAS_DASH_PAGE_SIZE": "25",
        }
        with contextmanager(gunicorn)(environment) as url:
            yield Journey(dash_br, url)
            dash_br.driver.get("about:blank")

    def test_a_change_is_saved_and_stands_after_a_reload(
        self, page: Journey, vas: FaultyVas
    ) -> None:
        page.open()
        page.click_cell("Gate 4", "ppe")
        page.expect("#panel-title", "on Gate 4")
        page.fill("Desired fps", "9")
        page.click("#panel-save")
        page.expect("#panel-message", "Saved.")
        page.open()
        page.expect_cell("Gate 4", "ppe", f"{ON} 9 fps")
        row = vas.cell(camera_id(4), "ppe")
        assert row is not None
        assert row["desired_fps"] == 9
