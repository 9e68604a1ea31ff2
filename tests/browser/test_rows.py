"""Lists as rows in the panel: added, filled, moved and removed by keyboard; forms of a value."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.conftest import NewTab
from tests.browser.page import GridPage
from tests.browser.site import camera_id
from tests.browser.test_accessibility import LOOKS, problems
from tests.fakes.faulty_vas import FaultyVas

POINT: dict[str, Any] = {
    "type": "object",
    "title": "Point",
    "required": ["x", "y"],
    "properties": {"x": {"type": "number", "maximum": 1}, "y": {"type": "number"}},
}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "lines": {
            "type": "array",
            "title": "Lines",
            "items": {
                "type": "object",
                "title": "Line",
                "required": ["name"],
                "properties": {
                    "name": {"type": "string", "title": "Name"},
                    "direction": {"enum": ["in", "out"], "title": "Direction"},
                    "points": {"type": "array", "title": "Points", "items": POINT},
                },
            },
        },
        "area": {
            "title": "Area",
            "oneOf": [
                {"const": "whole picture"},
                {
                    "title": "Circle",
                    "type": "object",
                    "properties": {
                        "kind": {"const": "circle"},
                        "label": {"type": "string", "title": "Label"},
                        "radius": {"type": "number", "title": "Radius"},
                    },
                },
                {
                    "title": "Box",
                    "type": "object",
                    "properties": {
                        "kind": {"const": "box"},
                        "label": {"type": "string", "title": "Label"},
                        "width": {"type": "number", "title": "Width"},
                    },
                },
            ],
        },
        "country": {"title": "Country", "enum": [f"Country {number}" for number in range(40)]},
    },
}
HELD = {"lines": [{"name": "A", "points": [{"x": 0, "y": 1}]}, {"name": "B"}, {"name": "C"}]}


@pytest.fixture
def held(vas: FaultyVas) -> FaultyVas:
    """Gate 1 has three lines."""
    vas.models["ppe"]["config_schema"] = SCHEMA
    vas.edit(camera_id(1), "ppe", parameters=HELD)
    return vas


def opened(page: GridPage) -> GridPage:
    """With the panel of the cell, which a narrow page has behind that of its camera."""
    page.open()
    page.camera("Gate 1").click()
    page.panel.get_by_role("button", name="PPE").click()
    page.expect_panel("PPE on Gate 1")
    return page


@pytest.fixture
def grid(held: FaultyVas, new_tab: NewTab) -> GridPage:
    del held
    return opened(new_tab())


def stored(vas: FaultyVas) -> Any:
    row = vas.cell(camera_id(1), "ppe")
    assert row is not None
    return row["parameters"]


def row(grid: GridPage, name: str) -> Locator:
    return grid.panel.get_by_role("group", name=name, exact=True)


def press(grid: GridPage, button: str, key: str = "Enter") -> None:
    """Put the keyboard on a button, and press a key there."""
    grid.panel.get_by_role("button", name=button, exact=True).focus()
    grid.press(key)


def expect_names(grid: GridPage, names: list[str]) -> None:
    """Wait until the lines have these names, from top to bottom."""
    fields = grid.panel.get_by_label(re.compile("^Name"))
    expect(fields).to_have_count(len(names))
    for number, name in enumerate(names):
        expect(fields.nth(number)).to_have_value(name)


def expect_button_focused(grid: GridPage, name: str) -> None:
    expect(grid.panel.get_by_role("button", name=name, exact=True)).to_be_focused()


def test_rows_are_added_moved_and_removed_by_keyboard(grid: GridPage, held: FaultyVas) -> None:
    expect_names(grid, ["A", "B", "C"])
    press(grid, "Add a row to Lines")
    expect(row(grid, "Line 4").get_by_label("Name")).to_be_focused()
    grid.tab.keyboard.type("D")
    press(grid, "Move Line 4 up", " ")
    expect_names(grid, ["A", "B", "D", "C"])
    expect_button_focused(grid, "Move Line 3 up")
    grid.press("Enter")
    expect_button_focused(grid, "Move Line 2 up")
    grid.press("Enter")
    # At the top there is nowhere to move up to.
    expect_names(grid, ["D", "A", "B", "C"])
    expect(row(grid, "Line 1").get_by_label("Name")).to_be_focused()
    press(grid, "Move Line 1 down")
    expect_names(grid, ["A", "D", "B", "C"])
    press(grid, "Remove Line 3")
    expect_names(grid, ["A", "D", "C"])
    expect_button_focused(grid, "Remove Line 3")
    grid.press("Enter")
    expect_button_focused(grid, "Remove Line 2")
    grid.save()
    grid.expect_saved()
    assert stored(held) == {"lines": [{"name": "A", "points": [{"x": 0, "y": 1}]}, {"name": "D"}]}


def test_the_last_row_that_is_removed_leaves_an_empty_list_or_nothing(
    grid: GridPage, held: FaultyVas
) -> None:
    press(grid, "Remove Point 1")
    add = row(grid, "Line 1").get_by_role("button", name="Add a row to Points")
    expect(add).to_be_focused()
    none = row(grid, "Line 1").get_by_label("Points: without rows")
    expect(none).to_have_value("[]")
    none.select_option(index=1)  # the words that stand there without a choice are an option, too
    expect(none).to_have_value("")
    grid.save()
    grid.expect_saved()
    assert stored(held)["lines"][0] == {"name": "A"}


def test_a_row_that_is_added_and_removed_again_leaves_no_list(
    held: FaultyVas, new_tab: NewTab
) -> None:
    held.edit(camera_id(1), "ppe", parameters={"country": "Country 1"})
    grid = opened(new_tab())
    press(grid, "Add a row to Lines")
    expect(row(grid, "Line 1").get_by_label("Name")).to_be_focused()
    press(grid, "Remove Line 1")
    expect(grid.panel.get_by_label("Lines: without rows")).to_have_value("")
    grid.field("Desired fps").fill("17")
    grid.save()
    grid.expect_saved()
    assert stored(held) == {"country": "Country 1"}


def test_what_is_wrong_is_said_at_the_row_it_belongs_to_and_moves_with_it(
    grid: GridPage, held: FaultyVas
) -> None:
    press(grid, "Add a row to Lines")
    expect(row(grid, "Line 4").get_by_label("Name")).to_be_focused()
    row(grid, "Point 1").get_by_label(re.compile("^x")).fill("7")
    grid.save()
    expect(grid.panel_message).to_contain_text("Not saved")
    field = row(grid, "Point 1").get_by_label(re.compile("^x.*must be at most 1"))
    expect(field).to_have_value("7")
    expect(row(grid, "Line 4").get_by_label(re.compile("^Name.*needs a value"))).to_have_value("")
    assert stored(held) == HELD


def test_what_is_typed_before_the_form_is_drawn_again_stays(grid: GridPage) -> None:
    name = row(grid, "Line 2").get_by_label("Name")
    name.fill("typed")
    fps = grid.panel.get_by_label("Desired fps")
    # Playwright marks what is there before it writes over it, and a form drawn between unmarks it.
    fps.fill("")
    press(grid, "Move Line 2 up")
    fps.fill("17")
    expect_names(grid, ["typed", "A", "C"])
    expect(fps).to_have_value("17")
    grid.cell("Gate 2", "ppe").click()
    expect(grid.panel_message).to_contain_text("not saved yet")


def test_another_form_of_a_value_keeps_fields_of_the_same_name(
    grid: GridPage, held: FaultyVas
) -> None:
    choice = grid.panel.get_by_role("combobox", name="Area")
    choice.focus()
    choice.select_option(label="Circle")
    row(grid, "Circle").get_by_label("Label").fill("yard")
    row(grid, "Circle").get_by_label("Radius").fill("0.5")
    choice.select_option(label="Box")
    area = row(grid, "Box")
    expect(area.get_by_label("Width")).to_have_value("")
    expect(area.get_by_label("Label")).to_have_value("yard")
    expect(choice).to_have_value("2")
    area.get_by_label("Width").fill("3")
    grid.save()
    grid.expect_saved()
    assert stored(held) == HELD | {"area": {"kind": "box", "label": "yard", "width": 3}}


def test_one_of_many_words_is_searched(grid: GridPage, held: FaultyVas) -> None:
    field = grid.field("Country")
    field.fill("country 3")
    words = grid.panel.locator(f'datalist[id="{field.get_attribute("list")}"] option')
    expect(words).to_have_count(40)
    grid.save()
    grid.expect_saved()
    assert stored(held)["country"] == "Country 3"
    expect(field).to_have_value("Country 3")


@pytest.mark.parametrize(("scheme", "width"), LOOKS)
def test_rows_are_accessible(held: FaultyVas, new_tab: NewTab, scheme: Any, width: int) -> None:
    del held
    page = opened(new_tab(color_scheme=scheme, viewport={"width": width, "height": 900}))
    page.panel.get_by_role("combobox", name="Area").select_option(label="Box")
    expect(page.field("Width")).to_be_visible()
    assert problems(page, scheme) == []


def test_the_form_for_selected_cells_has_the_same_rows_and_forms(
    new_tab: NewTab, held: FaultyVas
) -> None:
    page = new_tab().open()
    for camera in ("Gate 1", "Gate 3"):
        page.focus(camera, "m:ppe")
        page.press("x")
    page.selection.get_by_role("button", name="Edit...").click()
    bulk = page.tab.locator("#bulk")
    bulk.get_by_label("Lines: what to do").select_option(label="set")
    bulk.get_by_role("button", name="Add a row to Lines").press("Enter")
    name = bulk.get_by_role("group", name="Line 1", exact=True).get_by_label("Name")
    expect(name).to_be_focused()
    page.tab.keyboard.type("fence")
    bulk.get_by_label("Area: what to do").select_option(label="set")
    area = bulk.get_by_role("combobox", name="Area", exact=True)
    area.focus()
    area.select_option(label="Circle")
    bulk.get_by_label("Radius").fill("half")
    bulk.get_by_role("button", name="Draft this").click()
    expect(page.selection).to_contain_text("Not drafted: see the fields above.")
    radius = bulk.get_by_label(re.compile("^Radius.*must be a number"))
    expect(radius).to_be_focused()
    expect(name).to_have_value("fence")
    radius.fill("0.5")
    bulk.get_by_role("button", name="Draft this").click()
    expect(page.drafts).to_contain_text("2 changes drafted")
    page.drafts.get_by_role("link", name="Review").click()
    page.tab.get_by_role("button", name="Apply 2 changes").click()
    expect(page.tab.locator("#history-head")).to_contain_text("2 applied")
    for number in (1, 3):
        row = held.cell(camera_id(number), "ppe")
        assert row is not None
        assert row["parameters"] == {
            "lines": [{"name": "fence"}],
            "area": {"kind": "circle", "radius": 0.5},
        }
