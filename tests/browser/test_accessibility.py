"""Roles and names, and what axe finds on every view, light and dark, wide and narrow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.conftest import NewTab
from tests.browser.page import GridPage
from tests.fakes.faulty_vas import FaultyVas


def test_the_grid_has_the_roles_and_names_of_one(new_tab: NewTab) -> None:
    grid = new_tab().open("?page=2")
    expect(grid.camera("Gate 26")).to_be_visible()
    expect(grid.grid).to_have_attribute("aria-rowcount", "61")
    expect(grid.grid.get_by_role("row")).to_have_count(26)
    expect(grid.row("Gate 26")).to_have_attribute("aria-rowindex", "27")
    expect(grid.row("Gate 26").get_by_role("gridcell")).to_have_count(4)
    expect(grid.grid.get_by_role("rowheader")).to_have_count(25)
    expect(grid.grid.get_by_role("columnheader")).to_have_count(5)
    expect(grid.head("camera")).to_have_attribute("aria-sort", "ascending")
    expect(grid.head("m:ppe")).to_have_attribute("aria-sort", "none")
    expect(grid.cell("Gate 30", "ppe")).to_have_attribute("aria-label", "off")
    expect(grid.cell("Gate 30", "counting")).to_have_attribute("aria-label", "unassigned")
    expect(grid.tab.get_by_role("navigation", name="Pages")).to_be_visible()
    expect(grid.tab.get_by_role("search", name="Filter")).to_be_visible()
    assert grid.tab.title() == "AI models"


AXE = Axe()

LOOKS: tuple[tuple[Literal["light", "dark"], int], ...] = (
    ("light", 1280),
    ("light", 390),
    ("dark", 1280),
    ("dark", 390),
)
"""Schemes of colours and widths in px."""


def problems(grid: GridPage, scheme: str = "light") -> list[str]:
    """What axe finds, each with the elements; in the dark only contrasts can differ."""
    options: dict[str, object] = {"resultTypes": ["violations"]}
    if scheme == "dark":
        options["runOnly"] = ["color-contrast"]
    results = AXE.run(grid.tab, options=options).response
    return [
        f"{found['impact']}: {found['help']}: {[node['html'][:160] for node in found['nodes']]}"
        for found in results["violations"]
        if found["impact"] in ("serious", "critical")
    ]


def whole_grid(_grid: GridPage, _vas: FaultyVas) -> None:
    pass


def cell_panel(grid: GridPage, _vas: FaultyVas) -> None:
    camera_panel(grid, _vas)
    grid.panel.get_by_role("button", name="PPE").click()
    grid.expect_panel("PPE on Gate 1")
    grid.field("Desired fps").fill("99")
    grid.field("People").fill("x")
    grid.save()
    expect(grid.panel_message).to_contain_text("Not saved")


def conflict(grid: GridPage, vas: FaultyVas) -> None:
    camera_panel(grid, vas)
    grid.panel.get_by_role("button", name="Counting").click()
    grid.expect_panel("Counting on Gate 1")
    vas.edit("gate-b", "counting", priority=3)
    grid.field("Desired fps").fill("9")
    grid.save()
    expect(grid.panel_message).to_contain_text("Not saved: the cell was changed elsewhere")
    expect(grid.panel).to_contain_text("Changed elsewhere since this was opened.")


def camera_panel(grid: GridPage, _vas: FaultyVas) -> None:
    grid.camera("Gate 1").click()
    expect(grid.panel.get_by_role("heading", name="Models:")).to_be_visible()


def model_panel(grid: GridPage, vas: FaultyVas) -> None:
    cell_of_camera = grid.panel.get_by_role("button", name="PPE")
    camera_panel(grid, vas)
    cell_of_camera.click()
    grid.panel.get_by_role("button", name="About this model").click()
    expect(grid.panel_title).to_have_text("PPE")
    for name in ("Schema of the parameters", "20 on", "10 off", "30 unassigned"):
        grid.panel.get_by_text(name, exact=True).click()


def filter_lists(grid: GridPage, _vas: FaultyVas) -> None:
    grid.choose("Models", "PPE")
    for text in ("Locations: 2 chosen", "Models: 1 chosen"):
        grid.tab.get_by_text(text).click()
    grid.find.fill("gate")
    grid.expect_search("?q=gate&loc=Hall+1&loc=Hall+2&model=ppe")


def drafts(grid: GridPage, _vas: FaultyVas) -> None:
    grid.tab.evaluate("vas.drafts.toggle('gate-b', 'ppe')")
    grid.tab.evaluate("vas.drafts.toggle('gate-c', 'counting')")
    grid.tab.evaluate("vas.drafts.toggle('gate-bc', 'legacy')")
    expect(grid.drafts).to_contain_text("2 changes drafted")
    expect(grid.drafts).to_contain_text("not for new assignments")


def selection(grid: GridPage, _vas: FaultyVas) -> None:
    grid.tab.evaluate("vas.selection.toggle('gate-b', 'ppe')")
    grid.tab.evaluate("vas.selection.toggle('gate-c', '')")
    grid.selection.get_by_role("button", name="Edit...").click()
    expect(grid.selection).to_contain_text("mixed: 2, 5, default")


def unknown(grid: GridPage, vas: FaultyVas) -> None:
    vas.stop()
    expect(grid.error).to_contain_text("refused")
    camera_panel(grid, vas)
    grid.panel.get_by_role("button", name="PPE").click()
    expect(grid.panel).to_contain_text("unknown: the VAS refused the connection")


def empty_grid(grid: GridPage, _vas: FaultyVas) -> None:
    grid.find.fill("no such camera")
    expect(grid.empty).to_have_text("No camera matches the filter.")


def keys(grid: GridPage, _vas: FaultyVas) -> None:
    grid.focus("Gate 1", "m:ppe")
    grid.press("?")
    expect(grid.tab.get_by_role("dialog", name="Keys")).to_be_visible()


def overview(grid: GridPage, vas: FaultyVas) -> None:
    drafts(grid, vas)
    grid.tab.get_by_role("link", name="Overview").click()
    expect(grid.tab.get_by_role("grid", name="AI models by location")).to_be_visible()
    expect(grid.tab.locator("#overview td[data-draft]").first).to_be_visible()


def tooltip(grid: GridPage, _vas: FaultyVas) -> None:
    grid.camera("Gate 2").hover()
    expect(grid.tooltip).to_be_visible()


VIEWS: list[Callable[[GridPage, FaultyVas], None]] = [
    whole_grid,
    cell_panel,
    conflict,
    camera_panel,
    model_panel,
    filter_lists,
    drafts,
    selection,
    unknown,
    empty_grid,
    keys,
    overview,
    tooltip,
]


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.__name__)
def test_axe_finds_nothing_serious(
    new_tab: NewTab, vas: FaultyVas, view: Callable[[GridPage, FaultyVas], None]
) -> None:
    # A few rows with every state: axe looks at each cell.
    grid = new_tab().open("?loc=Hall+1&loc=Hall+2")
    view(grid, vas)
    found: dict[str, list[str]] = {}
    for scheme, width in LOOKS:
        grid.tab.emulate_media(color_scheme=scheme)
        expect(grid.tab.locator("html")).to_have_attribute("data-bs-theme", scheme)
        grid.tab.set_viewport_size({"width": width, "height": 720})
        found[f"{scheme}, {width}"] = problems(grid, scheme)
    assert {where: what for where, what in found.items() if what} == {}
