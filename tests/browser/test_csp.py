"""A hostile fleet in a real browser, under the page's Content Security Policy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.page import GridPage
from tests.fakes.faulty_vas import FaultyVas, assignment, camera, model

SCRIPT = "<script>window.planted = 1</script>"
IMAGE = '<img src="x" onerror="window.planted = 2">'
LINK = "[link](javascript:window.planted=3)"
TURNED = "Gate \N{RIGHT-TO-LEFT OVERRIDE}terces"
HEBREW = "\N{HEBREW LETTER SHIN}\N{HEBREW LETTER AYIN}\N{HEBREW LETTER RESH}"
LONG = "W" * 1_000_000
WIDE = "A\u0301\u0302\u0303" * 2_000

SCHEMA: dict[str, Any] = {
    "type": "object",
    "title": SCRIPT,
    "properties": {
        IMAGE: {"type": "string", "title": IMAGE, "description": SCRIPT + LONG, "default": IMAGE},
        "choice": {"type": "string", "enum": [IMAGE, SCRIPT, LONG[:5000]], "title": TURNED},
        "slow": {"type": "string", "pattern": "(a+)+$"},
        "away": {"$ref": "https://outside.example/schema.json"},
        "circle": {"$ref": "#/properties/circle"},
    },
}


@pytest.fixture
def vas() -> Iterator[FaultyVas]:
    names = [SCRIPT, IMAGE, LINK, TURNED, HEBREW, LONG, WIDE, "\0\x1b[31m\r\nname"]
    cameras = [
        camera(number, id=f"c{number}", name=name, location=name[:5000], description=name)
        for number, name in enumerate(names)
    ]
    models = [
        model("hostile", name=IMAGE, description=SCRIPT + LONG, config_schema=SCHEMA),
        model("long", name=LONG, description=LONG),
        model("turned", name=TURNED),
        model("<b>id</b>", name=SCRIPT),
    ]
    parameters = {IMAGE: SCRIPT, "choice": IMAGE, "slow": "a" * 60 + "!", "other": LONG}
    rows = [assignment(f"c{number}", "hostile", parameters=parameters) for number in range(4)]
    with FaultyVas(cameras, models, rows) as started:
        yield started


def expect_calm(grid: GridPage) -> None:
    """No script of the fleet ran, none of its markup is markup, and nothing flows over."""
    assert grid.tab.evaluate("window.planted") is None
    page = grid.tab.locator("body")
    expect(page.locator('img[src="x"]')).to_have_count(0)
    expect(page.locator("a[href^='javascript']")).to_have_count(0)
    expect(page.locator("b")).to_have_count(0)
    assert grid.tab.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0


def test_a_hostile_fleet_is_shown_as_text(grid: GridPage) -> None:
    expect(grid.counts).to_contain_text("8 of 8 cameras")
    expect_calm(grid)
    text = grid.grid.inner_text()
    assert SCRIPT in text
    assert IMAGE in text
    assert "Gate [U+202E]terces" in text
    assert "\N{RIGHT-TO-LEFT OVERRIDE}" not in text
    assert "(cut, 1000000 characters)" in text
    for number in range(8):
        head = grid.grid.get_by_role("rowheader").nth(number)
        # What scrolls hides a tooltip: the row is to be there before the pointer comes.
        head.scroll_into_view_if_needed()
        grid.tab.locator(".vd-account").hover()
        expect(grid.tooltip).to_be_hidden()
        head.hover()
        expect(grid.tooltip).to_be_visible()
        expect_calm(grid)
    for column in ("m:hostile", "m:long", "m:turned", "m:<b>id</b>"):
        grid.head(column).scroll_into_view_if_needed()
        grid.tab.locator(".vd-account").hover()
        expect(grid.tooltip).to_be_hidden()
        grid.head(column).hover()
        expect(grid.tooltip).to_be_visible()
        expect_calm(grid)


def test_a_hostile_models_form_is_text_too(grid: GridPage) -> None:
    cell = grid.grid.locator('td[data-column="m:hostile"]', has_text="on").first
    grid.wait_for_polls(2, lambda answer: answer.status in (200, 204))
    cell.scroll_into_view_if_needed()
    grid.counts.hover()
    cell.hover()
    expect(grid.tooltip).to_contain_text("parameters")
    cell.click()
    expect(grid.panel).to_be_visible()
    expect(grid.panel).to_contain_text(IMAGE)
    expect_calm(grid)
    grid.field("Desired fps").fill("9")
    grid.save()
    expect(grid.panel_message).not_to_be_empty()
    expect_calm(grid)
    grid.head("m:hostile").locator(".column-header-name").click()
    expect(grid.panel_title).to_contain_text(IMAGE)
    expect_calm(grid)


def test_a_script_that_got_into_the_page_would_not_run(grid: GridPage) -> None:
    grid.tab.evaluate(
        """() => {
            const script = document.createElement("script");
            script.textContent = "window.planted = 1";
            document.body.append(script);
            const image = document.createElement("div");
            image.innerHTML = '<img src="data:," onerror="window.planted = 2">';
            document.body.append(image);
            const link = document.createElement("a");
            link.href = "javascript:window.planted = 3";
            document.body.append(link);
            link.click();
        }"""
    )
    expect(grid.tab.locator("body img")).to_have_count(1)
    grid.wait_for_polls(2, lambda answer: answer.status in (200, 204))
    assert grid.tab.evaluate("window.planted") is None
    refused = [line for line in grid.log.lines if "Content Security Policy" in line]
    assert len(refused) >= 2
    assert refused == grid.log.lines
    grid.log.lines.clear()
