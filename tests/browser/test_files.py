"""Files in a browser: export is what the command line writes, import becomes a draft."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import FilePayload, Locator, expect

from tests.browser.drafted import cells, desired_changes, draft, way
from tests.browser.page import GridPage
from tests.browser.site import PAGE_SIZE
from tests.browser.test_accessibility import LOOKS, problems
from tests.fakes.clients import client_of
from tests.fakes.faulty_vas import Fault, FaultyVas
from vas_dash import Settings
from vas_dash.domain.changes import DesiredChange
from vas_dash.files.exporting import export_file
from vas_dash.files.tree import Format
from vas_dash.fleet.query import parse_query
from vas_dash.fleet.reader import FleetReader

WRONG = (
    b"camera,model,enabled,desired_fps\nGate 1,ppe,false,5\nGate 99,ppe,on,3\nGate 2,ppe,on,31\n"
)
GOOD = b"camera,model,enabled,desired_fps\nGate 1,ppe,false,5\nGate 40,counting,on,7\n"


@pytest.fixture
def db_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'journal.db'}"


@pytest.fixture
def settings(vas: FaultyVas, db_url: str) -> Settings:
    return Settings(api_url=vas.url, refresh_s=1, poll_s=0.2, page_size=PAGE_SIZE, db_url=db_url)


@pytest.fixture
def files(grid: GridPage) -> GridPage:
    """A tab with the view of files."""
    go(grid)
    return grid


def go(grid: GridPage) -> None:
    grid.tab.locator("#nav-files").click()
    expect(grid.tab.get_by_role("heading", name="Export")).to_be_visible()


def said(grid: GridPage) -> Locator:
    return grid.tab.locator("#files-message")


def checked(grid: GridPage) -> Locator:
    return grid.tab.locator("#files-checked")


def choose(grid: GridPage, name: str, data: bytes) -> None:
    """Pick a file through the button, as a person does."""
    with grid.tab.expect_file_chooser() as chooser:
        grid.tab.get_by_role("button", name="Choose a file").press("Enter")
    payload: FilePayload = {"name": name, "mimeType": "text/plain", "buffer": data}
    chooser.value.set_files([payload])


def downloaded(grid: GridPage) -> tuple[str, bytes]:
    with grid.tab.expect_download() as download:
        grid.tab.locator("#files-download").click()
    return download.value.suggested_filename, Path(download.value.path()).read_bytes()


def expected(vas: FaultyVas, format: Format, search: str = "", *, ids: bool = False) -> bytes:  # noqa: A002
    client = client_of(vas)
    snapshot = FleetReader(client).read_fleet()
    client.close()
    return export_file(snapshot, format, parse_query(search), ids=ids)


def test_an_export_is_the_file_of_the_command_line(files: GridPage, vas: FaultyVas) -> None:
    assert downloaded(files) == ("vas-intent.csv", expected(vas, Format.CSV))
    expect(said(files)).to_contain_text("Exported, the fleet as of")
    files.tab.get_by_label("Format").select_option("yaml")
    files.tab.get_by_label("Cameras by id too").check()
    expect(files.tab.locator("#files-download")).to_have_attribute("href", _ends("ids=1"))
    assert downloaded(files) == ("vas-intent.yaml", expected(vas, Format.YAML, ids=True))


def _ends(text: str) -> re.Pattern[str]:
    return re.compile(rf"{re.escape(text)}$")


def test_an_export_can_keep_to_the_filter_of_the_grid(grid: GridPage, vas: FaultyVas) -> None:
    grid.find.fill("hall 10")
    grid.expect_search("?q=hall+10")
    go(grid)
    choice = grid.tab.locator("#files-scope").get_by_label("Only as the grid is filtered")
    expect(choice).to_be_enabled()
    choice.check()
    name, data = downloaded(grid)
    assert (name, data) == ("vas-intent.csv", expected(vas, Format.CSV, "?q=hall+10"))
    assert 0 < data.count(b"\n") < 10
    # It is still known after a reload.
    grid.tab.reload()
    expect(choice).to_be_enabled()


def test_a_fleet_that_is_not_known_is_not_exported_and_the_page_says_why(
    files: GridPage, vas: FaultyVas
) -> None:
    vas.fault("assignments", Fault.FAIL_JSON)
    expect(files.error).to_contain_text("unknown")
    files.tab.locator("#files-download").click()
    expect(said(files)).to_contain_text("Not exported: the assignments are not all known")
    expect(files.tab).to_have_url(files.address + "files")
    expect(files.tab.get_by_role("heading", name="Export")).to_be_visible()


def test_an_import_with_errors_shows_line_and_column(files: GridPage) -> None:
    choose(files, "site.csv", WRONG)
    expect(checked(files)).to_contain_text("site.csv: 3 cells read; 1 change: 1 turned off.")
    expect(checked(files)).to_contain_text('line 3, column 1: unknown camera "Gate 99"')
    expect(checked(files)).to_contain_text("line 4, column 15: desired_fps must be")
    choose(files, "other.csv", b"nonsense")
    expect(checked(files)).to_contain_text("line 1, column")
    expect(files.tab.locator("#files-take")).to_be_hidden()


def test_a_good_import_becomes_a_draft_to_review(files: GridPage, vas: FaultyVas) -> None:
    choose(files, "site.csv", GOOD)
    expect(checked(files)).to_contain_text("2 changes: 1 turned off, 1 added.")
    files.tab.get_by_role("button", name="Draft 2 changes").click()
    expect(files.tab).to_have_url(files.address + "review")
    expect(files.tab.locator("#review-body")).to_contain_text("2 changes: 1 turned off, 1 added.")
    expect(files.tab.locator("#review-body")).to_contain_text("Import of site.csv.")
    expect(way(files)).to_have_text("Review (2)")
    files.tab.locator("#review-apply").click()
    expect(files.tab).to_have_url(files.address + "history/1")
    files.tab.goto(files.address + "?q=gate+40")
    expect(files.cell("Gate 40", "counting")).to_have_text("\N{BLACK CIRCLE} on 7 fps")
    stored = vas.cell("gate-ea", "counting")
    assert stored is not None
    assert stored["desired_fps"] == 7


def test_a_draft_is_replaced_only_when_asked_and_removals_are_counted(
    grid: GridPage, vas: FaultyVas, db_url: str
) -> None:
    draft(grid, db_url, vas, desired_changes((cells("ppe", 5, 6), DesiredChange(enabled=False))))
    go(grid)
    choose(grid, "site.csv", GOOD)
    expect(checked(grid)).to_contain_text("There is a draft of 2 changes already")
    grid.tab.locator("#files-prune").get_by_label("Remove them, in the whole fleet").check()
    expect(checked(grid)).to_contain_text(
        "32 assignments that the file does not have would be removed."
    )
    expect(way(grid)).to_have_text("Review (2)")
    grid.tab.get_by_role("button", name="Replace the draft of 2 changes").click()
    expect(grid.tab).to_have_url(grid.address + "review")
    expect(grid.tab.locator("#review-body")).to_contain_text(
        "34 changes: 1 turned off, 1 added, 32 removed."
    )


def test_a_file_that_is_too_large_is_not_sent(files: GridPage, tmp_path: Path) -> None:
    before = len(files.log.requests)
    huge = tmp_path / "huge.csv"
    huge.write_bytes(b"x" * 20_000_001)
    files.tab.locator("#files-upload input").set_input_files(huge)
    expect(said(files)).to_have_text("huge.csv: not read, it is larger than 20 MB.")
    # The view itself may still be asking for what stands in it.
    assert all(len(one.post_data or "") < 1_000_000 for one in files.log.requests[before:])


def test_axe_finds_nothing_serious_in_files(files: GridPage) -> None:
    choose(files, "site.csv", WRONG)
    expect(checked(files)).to_contain_text("line 3")
    found = {}
    for scheme, width in LOOKS:
        files.tab.emulate_media(color_scheme=scheme)
        files.tab.set_viewport_size({"width": width, "height": 720})
        found[scheme, width] = problems(files, scheme)
    assert {where: what for where, what in found.items() if what} == {}
