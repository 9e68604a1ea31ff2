"""Finding, sorting and paging: all of it stands in the address."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import NewTab
from tests.browser.page import GridPage
from tests.browser.site import CAMERAS, camera_id
from tests.fakes.faulty_vas import FaultyVas


def gates(*numbers: int) -> list[str]:
    return [f"Gate {number}" for number in numbers]


def find_hall(grid: GridPage) -> None:
    grid.find.fill("hall 10")


def choose_locations(grid: GridPage) -> None:
    grid.choose("Locations", "Hall 2", "Hall 10")


def choose_models(grid: GridPage) -> None:
    grid.choose("Models", "PPE", "Counting")


def choose_off(grid: GridPage) -> None:
    grid.state_of.select_option("PPE")
    grid.state.select_option("off")
    grid.state_of.select_option("PPE")


def choose_nothing_on(grid: GridPage) -> None:
    grid.state.select_option("nothing on")


def sort_by_location(grid: GridPage) -> None:
    grid.sort_by("location")


def sort_by_ppe(grid: GridPage) -> None:
    grid.sort_by("m:ppe")
    grid.expect_search(f"?sort={quote('m:ppe', safe='')}")
    grid.sort_by("m:ppe")


def go_to_page_3(grid: GridPage) -> None:
    grid.tab.get_by_role("button", name="Last page").click()


def choose_page_size(grid: GridPage) -> None:
    grid.page_size.select_option("100")


VIEWS: list[tuple[Callable[[GridPage], None], str, list[str], str]] = [
    (
        find_hall,
        "?q=hall+10",
        gates(10, 21, 32, 43, 54),
        "5 of 60 cameras: 1 on, 1 off, 13 unassigned, 0 unknown",
    ),
    (
        choose_locations,
        "?loc=Hall+2&loc=Hall+10",
        gates(2, 10, 13, 21, 24, 32, 35, 43, 46, 54, 57),
        "11 of 60 cameras: 3 on, 3 off, 27 unassigned, 0 unknown",
    ),
    (
        choose_models,
        "?model=ppe&model=counting",
        gates(*range(1, 26)),
        "60 of 60 cameras: 21 on, 10 off, 89 unassigned, 0 unknown",
    ),
    (
        choose_off,
        "?state=off&of=ppe",
        gates(*range(21, 31)),
        "10 of 60 cameras: 0 on, 10 off, 20 unassigned, 0 unknown",
    ),
    (
        choose_nothing_on,
        "?state=nothing-on",
        gates(*range(21, 46)),
        "40 of 60 cameras: 0 on, 10 off, 110 unassigned, 0 unknown",
    ),
    (
        sort_by_location,
        "?sort=location",
        gates(11, 22, 33, 44, 55, 1, 12, 23, 34, 45, 56, 2, 13, 24, 35, 46, 57)
        + gates(3, 14, 25, 36, 47, 58, 4, 15),
        "60 of 60 cameras: 22 on, 11 off, 147 unassigned, 0 unknown",
    ),
    (
        go_to_page_3,
        "?page=3",
        gates(*range(51, 61)),
        "60 of 60 cameras: 22 on, 11 off, 147 unassigned, 0 unknown",
    ),
    (
        choose_page_size,
        "?size=100",
        gates(*range(1, 61)),
        "60 of 60 cameras: 22 on, 11 off, 147 unassigned, 0 unknown",
    ),
]


@pytest.mark.parametrize(
    ("use", "search", "cameras", "counts"), VIEWS, ids=[view[0].__name__ for view in VIEWS]
)
def test_a_view_lands_in_the_address_and_the_address_gives_it_again(
    new_tab: NewTab,
    use: Callable[[GridPage], None],
    search: str,
    cameras: list[str],
    counts: str,
) -> None:
    grid = new_tab().open()
    use(grid)
    grid.expect_search(search)
    grid.expect_cameras(cameras)
    expect(grid.counts).to_have_text(counts)
    controls = shown_controls(grid)

    colleague = new_tab().open(grid.search)
    colleague.expect_cameras(cameras)
    expect(colleague.counts).to_have_text(counts)
    expect_controls(colleague, controls)
    colleague.expect_search(search)


def test_a_reload_shows_the_same_view(grid: GridPage) -> None:
    choose_models(grid)
    choose_off(grid)
    sort_by_location(grid)
    search = "?model=ppe&model=counting&state=off&of=ppe&sort=location"
    grid.expect_search(search)
    cameras = gates(22, 23, 24, 25, 26, 27, 28, 29, 30, 21)
    grid.expect_cameras(cameras)
    controls = shown_controls(grid)
    grid.tab.reload()
    grid.expect_cameras(cameras)
    expect_controls(grid, controls)
    grid.expect_search(search)


CONTROLS = """() => [
    ...["filter-text", "filter-state", "filter-state-of", "page-size"].map(
        (id) => document.getElementById(id).value),
    ...Array.from(document.querySelectorAll("summary"), (summary) => summary.innerText),
    ...Array.from(document.querySelectorAll(".vd-choices input:checked"),
        (box) => box.parentElement.innerText),
    ...Array.from(document.querySelectorAll("#grid th"),
        (head) => head.getAttribute("aria-sort")),
].join("\\n")"""


def shown_controls(grid: GridPage) -> str:
    text: str = grid.tab.evaluate(CONTROLS)
    return text


def expect_controls(grid: GridPage, controls: str) -> None:
    """Wait until the filters and the arrows in the heads show the same view."""
    grid.tab.wait_for_function(f"(controls) => ({CONTROLS})() === controls", arg=controls)


def test_the_cells_of_a_column_are_an_order_too(grid: GridPage) -> None:
    sort_by_ppe(grid)
    grid.expect_search(f"?sort={quote('-m:ppe', safe='')}")
    expect(grid.head("m:ppe")).to_have_attribute("aria-sort", "descending")
    expect(grid.head("camera")).to_have_attribute("aria-sort", "none")
    grid.expect_cameras(gates(*range(31, 56)))
    states = grid.grid.locator('td[data-column="m:ppe"]').evaluate_all(
        "(nodes) => nodes.map((node) => node.dataset.state)"
    )
    assert set(states) == {"unassigned"}


def test_the_chosen_models_are_the_only_columns(grid: GridPage) -> None:
    grid.choose("Models", "PPE")
    expect(grid.head("m:counting")).to_have_count(0)
    expect(grid.head("m:ppe")).to_be_visible()
    expect(grid.cell("Gate 1", "ppe")).to_contain_text("on")


def test_back_and_forward_walk_through_the_views(grid: GridPage) -> None:
    grid.find.fill("hall 10")
    grid.expect_search("?q=hall+10")
    grid.state.select_option("unknown")
    grid.expect_search("?q=hall+10&state=unknown")
    grid.expect_cameras([])
    expect(grid.empty).to_have_text("No camera matches the filter.")

    grid.tab.go_back()
    grid.expect_search("?q=hall+10")
    grid.expect_cameras(gates(10, 21, 32, 43, 54))
    expect(grid.state).to_have_value("any")
    grid.tab.go_back()
    grid.expect_search("")
    grid.expect_cameras(gates(*range(1, 26)))
    expect(grid.find).to_have_value("")
    grid.tab.go_forward()
    grid.expect_cameras(gates(10, 21, 32, 43, 54))
    expect(grid.find).to_have_value("hall 10")
    grid.expect_search("?q=hall+10")


def test_clearing_the_filters_shows_the_whole_fleet_and_keeps_the_order(new_tab: NewTab) -> None:
    grid = new_tab().open("?q=gate+1&loc=Hall+1&model=ppe&state=on&of=ppe&sort=-camera")
    grid.expect_cameras(gates(12, 1))
    grid.tab.get_by_role("button", name="Clear filters").click()
    grid.expect_search("?sort=-camera")
    grid.expect_cameras(gates(*range(CAMERAS, CAMERAS - 25, -1)))
    expect(grid.find).to_have_value("")
    expect(grid.head("m:counting")).to_be_visible()


def test_a_filter_leads_to_the_first_page(new_tab: NewTab) -> None:
    grid = new_tab().open("?page=2")
    grid.expect_cameras(gates(*range(26, 51)))
    grid.find.fill("hall 10")
    grid.expect_search("?q=hall+10")
    grid.expect_cameras(gates(10, 21, 32, 43, 54))


def test_quick_typing_loses_no_letter_while_the_fleet_changes(
    grid: GridPage, vas: FaultyVas
) -> None:
    text = "gate hall " * 4 + "10"
    for number, letter in enumerate(text):
        grid.find.press_sequentially(letter, delay=30)
        vas.edit(camera_id(1), "ppe", desired_fps=number % 30 + 1)
        assert grid.find.input_value() == text[: number + 1]
    grid.expect_search("?q=" + text.replace(" ", "+"))
    expect(grid.find).to_have_value(text)
    grid.expect_cameras(gates(10, 21, 32, 43, 54))


def test_an_address_that_says_nonsense_shows_the_whole_fleet(new_tab: NewTab) -> None:
    grid = new_tab().open("?state=broken&page=-3&size=7&sort=m:none&model=gone&%FF=%FE")
    grid.expect_cameras(gates(*range(1, 26)))
    expect(grid.pager).to_have_text("Page 1 of 3")
