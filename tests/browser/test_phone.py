"""390 px wide, with a finger: the list of cameras, a camera's models, a cell."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.conftest import NewTab
from tests.browser.page import GridPage
from tests.browser.site import camera_id
from tests.fakes.faulty_vas import FaultyVas

PHONE = {"viewport": {"width": 390, "height": 780}, "has_touch": True, "is_mobile": True}


@pytest.fixture
def phone(new_tab: NewTab, vas: FaultyVas) -> GridPage:
    vas.models["legacy"]["name"] = "Vehicles, bicycles and people together, the former one"
    return new_tab(**PHONE).open()


def expect_no_sideways(phone: GridPage) -> None:
    """Nothing on the page reaches beyond its right edge."""
    beyond = phone.tab.evaluate(
        """() => Array.from(document.querySelectorAll("body *"))
            .filter((node) => node.getClientRects().length
                && !node.closest(".visually-hidden, .vd-skip"))
            .filter((node) => node.getBoundingClientRect().right > 390.5)
            .map((node) => node.outerHTML.slice(0, 120))"""
    )
    assert beyond == []
    assert phone.tab.evaluate("document.documentElement.scrollWidth") <= 390


def height(node: Locator) -> float:
    box = node.bounding_box()
    assert box is not None
    return box["height"]


def test_a_tap_on_a_camera_and_a_model_leads_to_the_cell_and_saves_it(
    phone: GridPage, vas: FaultyVas
) -> None:
    expect(phone.row("Gate 1")).to_contain_text("3 on")
    expect(phone.row("Gate 2")).to_contain_text("1 on, 1 off")
    expect(phone.cell("Gate 1", "ppe")).to_be_hidden()
    expect_no_sideways(phone)
    assert height(phone.camera("Gate 2")) >= 44

    phone.camera("Gate 2").tap()
    phone.expect_panel("Gate 2")
    expect(phone.panel.get_by_role("button", name="PPE")).to_contain_text("on 2 fps")
    expect_no_sideways(phone)
    phone.panel.get_by_role("button", name="PPE").tap()
    phone.expect_panel("PPE on Gate 2")
    expect_no_sideways(phone)
    phone.field("Desired fps").fill("18")
    phone.field("Zone width").fill("3")
    expect(phone.save_button).to_be_in_viewport(ratio=1)
    phone.save_button.tap()
    phone.expect_saved()
    row = vas.cell(camera_id(2), "ppe")
    assert row is not None
    assert (row["desired_fps"], row["parameters"]) == (18, {"zone": {"width": 3}})
    phone.panel.get_by_role("button", name="All models of this camera").tap()
    expect(phone.panel.get_by_role("button", name="PPE")).to_contain_text("on 18 fps")
    phone.panel.get_by_role("button", name="Close").tap()
    expect(phone.panel).to_be_hidden()
    expect(phone.row("Gate 2")).to_contain_text("1 on, 1 off")


def test_the_overview_scrolls_within_its_table_and_its_locations_stay(phone: GridPage) -> None:
    phone.tab.get_by_role("link", name="Overview", exact=True).tap()
    frame = phone.tab.locator("#overview-frame")
    location = phone.tab.get_by_role("rowheader", name="Hall 1", exact=True)
    ppe = frame.locator('td[data-column="m0"]').nth(2)
    expect(ppe).to_be_in_viewport(ratio=0.9)
    assert height(location) >= 44
    assert phone.tab.evaluate("document.documentElement.scrollWidth") <= 390
    frame.evaluate("node => { node.scrollLeft = 1000; }")
    expect(location).to_be_in_viewport(ratio=0.9)
    assert phone.tab.evaluate("window.scrollX") == 0
    ppe.tap()
    phone.expect_cameras([f"Gate {number}" for number in (1, 12, 23, 34, 45, 56)])


def test_filters_and_pages_work_with_a_finger(phone: GridPage) -> None:
    phone.find.fill("hall 10")
    phone.expect_cameras([f"Gate {number}" for number in (10, 21, 32, 43, 54)])
    phone.tab.get_by_text("Locations: all").tap()
    expect_no_sideways(phone)
    phone.tab.get_by_text("Locations: all").tap()
    phone.tab.get_by_role("button", name="Clear filters").tap()
    expect(phone.camera("Gate 1")).to_be_visible()
    phone.tab.get_by_role("button", name="Last page").tap()
    phone.expect_cameras([f"Gate {number}" for number in range(51, 61)])


def test_the_way_back_from_the_panel_is_where_one_was(phone: GridPage) -> None:
    phone.camera("Gate 24").tap()
    phone.expect_panel("Gate 24")
    place = phone.tab.evaluate("window.scrollY")
    assert place > 0
    phone.panel.get_by_role("button", name="Close").tap()
    expect(phone.panel).to_be_hidden()
    assert phone.tab.evaluate("window.scrollY") == place
