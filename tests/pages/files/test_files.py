"""Export and import on the page, over real requests."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.faulty_vas import RTSP_PASSWORD, Fault, FaultyVas
from tests.fakes.page import Page, text
from tests.fakes.pages import calm, complete, until
from tests.fakes.people import LEE, OPERATOR
from vas_dash import Settings
from vas_dash.changes.drafting import Drafting
from vas_dash.cli import main
from vas_dash.domain.entities import CellKey
from vas_dash.domain.presets import PresetValues
from vas_dash.domain.records import Draft
from vas_dash.files.reading import read_file
from vas_dash.files.tree import Format
from vas_dash.fleet.query import parse_query
from vas_dash.journal import Journal
from vas_dash.pages.files.model import PROBLEMS_SHOWN, filter_text
from vas_dash.pages.files.view import MAX_BYTES

GOOD = b"camera,model,enabled,desired_fps\nGate 1,ppe,false,5\nGate 2,ppe,true,7\n"
WRONG = (
    b"camera,model,enabled,desired_fps\nGate 1,ppe,false,5\nGate 99,ppe,true,3\nGate 2,ppe,on,31\n"
)


@pytest.fixture
def db_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'journal.db'}"


@pytest.fixture
def patient(patient: Settings, db_url: str) -> Settings:
    return patient.model_copy(update={"db_url": db_url})


@pytest.fixture
def drafting(db_url: str) -> Iterator[Drafting]:
    """The drafts of the page's journal, as another process sees them."""
    journal = Journal(db_url)
    yield Drafting(journal)
    journal.close()


def export(page: Page, query: str) -> Any:
    return page.client.get(f"{page.prefix}export?{query}")


# Export.


@pytest.mark.parametrize("format", ["csv", "json", "yaml"])
@pytest.mark.parametrize(("search", "ids"), [("", False), ("q=gate+1&model=ppe", True)])
def test_an_export_is_what_the_command_line_writes(
    page: Page,
    vas: FaultyVas,
    db_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    format: str,  # noqa: A002
    search: str,
    ids: bool,
) -> None:
    answer = export(page, f"format={format}&{search}" + ("&ids=1" if ids else ""))
    file = tmp_path / f"site.{format}"
    monkeypatch.setenv("VAS_API_URL", vas.url)
    monkeypatch.setenv("VAS_API_KEY", "k3y-0f-the-page")
    monkeypatch.setenv("VAS_DASH_DB_URL", db_url)
    more = (["--filter", search] if search else []) + (["--ids"] if ids else [])
    assert main(["export", "-o", str(file), *more]) == 0
    assert answer.data == file.read_bytes()
    assert b"ppe" in answer.data
    assert RTSP_PASSWORD.encode() not in answer.data


def test_an_export_is_a_download_that_nobody_keeps(page: Page) -> None:
    answer = export(page, "format=csv")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="vas-intent.csv"'
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.mimetype == "text/csv"
    read = parsedate_to_datetime(answer.headers["Last-Modified"])
    assert abs((datetime.now(UTC) - read).total_seconds()) < 600


def test_an_export_for_spreadsheets_that_want_semicolons_has_them(page: Page) -> None:
    commas, semicolons = export(page, "format=csv"), export(page, "format=csv%3B")
    first = semicolons.data.decode("utf-8-sig").splitlines()[0]
    assert first == "camera;location;model;enabled;desired_fps;priority;parameters"
    assert 'filename="vas-intent.csv"' in semicolons.headers["Content-Disposition"]
    read = [read_file(one.data, Format.CSV).cells for one in (commas, semicolons)]
    assert [len(cells) for cells in read] == [3, 3]


def test_an_export_keeps_to_the_filter(page: Page) -> None:
    answer = export(page, "format=csv&q=gate+2&model=ppe&sort=-camera&page=3")
    lines = answer.text.lstrip("\N{ZERO WIDTH NO-BREAK SPACE}").splitlines()
    assert [line.split(",")[:3] for line in lines[1:]] == [["Gate 2", "Hall 2", "ppe"]]


@pytest.mark.parametrize("query", ["", "format=xml", "format=csv%00", "format=../csv"])
def test_a_format_that_is_none_is_refused(page: Page, query: str) -> None:
    answer = export(page, query)
    assert (answer.status_code, answer.text) == (
        400,
        "format must be one of csv, json, yaml, csv;\n",
    )


def test_a_fleet_that_is_not_known_in_full_is_not_exported(
    page: Page, vas: FaultyVas, caplog: Any
) -> None:
    vas.fault("assignments", Fault.FAIL_JSON)
    until(page, lambda: "unknown" in page.line("fleet-error"))
    answer = export(page, "format=csv")
    assert answer.status_code == 503
    assert answer.text == "Not exported: the assignments are not all known: the VAS failed (500).\n"
    assert answer.headers["Cache-Control"] == "no-store"
    # The page asks before it goes there.
    page.set("files-asked.data", {"search": "?format=csv", "n": 1})
    assert text(page["files-message.children"]) == answer.text.strip()
    assert page["files-go.data"] is None
    vas.heal()
    until(page, lambda: complete(page))
    page.set("files-asked.data", {"search": "?format=csv", "n": 2})
    assert text(page["files-message.children"]).startswith("Exported, the fleet as of ")
    assert page["files-go.data"] == 2
    calm(caplog)


# Import.


def upload(page: Page, data: bytes, name: str = "site.csv", prune: str = "nothing") -> str:
    """Choose a file; what the view says of it."""
    page.props["files-upload.filename"] = name
    page.props["files-prune.value"] = prune
    encoded = base64.b64encode(data).decode()
    page.set("files-upload.contents", f"data:text/csv;base64,{encoded}")
    return text([page["files-message.children"], page["files-checked.children"]])


def take(page: Page) -> str:
    """Press the button; the address to which the page goes, or what it says."""
    page.props["url.pathname"] = "/ai-models/files"
    page.set("files-take.n_clicks", 1)
    if page["url.pathname"] != "/ai-models/files":
        return str(page["url.pathname"])
    return text(page["files-message.children"])


def drafted(page: Page, drafting: Drafting) -> Draft:
    return drafting.load(page["draft.data"]["id"], OPERATOR)


def test_a_file_becomes_the_draft_and_the_review_opens(page: Page, drafting: Drafting) -> None:
    said = upload(page, GOOD)
    assert said == "site.csv : 2 cells read; 2 changes: 1 turned on, 1 turned off."
    assert page["files-take.children"] == "Draft 2 changes"
    assert page["draft.data"] is None
    assert take(page) == "/ai-models/review"
    draft = drafted(page, drafting)
    assert draft.source == "import of site.csv"
    assert list(draft.changes) == [CellKey("cam-1", "ppe"), CellKey("cam-2", "ppe")]
    assert page["draft.data"] == {"id": draft.id, "revision": 1, "count": 2, "blocked": 0}
    assert page["files-upload.contents"] is None


PRESET = b"""\
format: vas-intent
version: 1
presets:
- {model: ppe, name: Standard, desired_fps: 10}
cameras: []
"""


def test_the_presets_of_a_file_are_told_before_they_are_kept(page: Page, db_url: str) -> None:
    said = upload(page, PRESET, "site.yaml")
    assert "Presets that would be kept as well: ppe: Standard, made: 10 fps" in said
    assert page["files-take.children"] == "Keep 1 preset"
    journal = Journal(db_url)
    assert journal.presets.versions() == ()
    assert take(page) == "1 preset kept."
    (made,) = journal.presets.versions()
    assert (made.name, made.values.desired_fps, made.who) == ("Standard", 10, "operator")
    assert b"name: Standard" in export(page, "format=yaml").data
    assert "nothing to change" in upload(page, PRESET, "site.yaml")
    assert page["files-take.hidden"] is True
    changed = PRESET.replace(b"10}", b"12}").replace(
        b"[]", b"[{camera: Gate 1, models: {ppe: {enabled: false}}}]"
    )
    assert "ppe: Standard, fps 10 -> 12" in upload(page, changed, "site.yaml")
    assert page["files-take.children"] == "Draft 1 change, and keep 1 preset"
    # What was offered is no longer what would be done.
    newer = replace(made, version=2, values=PresetValues(20), who="lee")
    journal.presets.add(lambda _: [newer])
    assert "The presets changed meanwhile: nothing was kept." in take(page)
    assert page["draft.data"] is None
    assert take(page) == "/ai-models/review"
    assert journal.presets.versions()[-1].values.desired_fps == 12
    journal.close()


def test_presets_that_were_kept_are_told_though_nothing_could_be_drafted(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    cells = b"[{camera: Gate 1, models: {ppe: {enabled: false}}}]"
    upload(page, PRESET.replace(b"[]", cells), "site.yaml")
    monkeypatch.setattr("vas_dash.changes.drafting.MOST_CHANGES", 0)
    said = take(page)
    assert said.startswith("site.yaml: not drafted, a draft holds at most 0 changes")
    assert said.endswith("; 1 preset kept.")


def test_what_is_wrong_is_told_with_line_and_column_and_the_rest_can_be_drafted(
    page: Page, drafting: Drafting
) -> None:
    said = upload(page, WRONG)
    assert said == (
        "site.csv : 3 cells read; 1 change: 1 turned off. "
        "2 problems in the file. What is right can still be drafted. "
        'line 3, column 1: unknown camera "Gate 99" '
        "line 4, column 15: desired_fps must be a whole number from 1 to 30, not 31"
    )
    assert take(page) == "/ai-models/review"
    assert list(drafted(page, drafting).changes) == [CellKey("cam-1", "ppe")]


def test_what_a_schema_does_not_allow_is_among_the_problems(page: Page) -> None:
    said = upload(page, b'camera,model,parameters\nGate 1,ppe,"{""threshold"": 7}"\n')
    assert "1 problem in the file. line 2, column " in said
    assert "threshold" in said
    assert page["files-take.hidden"] is True


def test_of_many_problems_the_first_are_told(page: Page) -> None:
    lines = [f"Gate {number},ppe" for number in range(1000, 1000 + PROBLEMS_SHOWN + 35)]
    said = upload(page, "\n".join(["camera,model", *lines]).encode())
    assert said.count("unknown camera") == PROBLEMS_SHOWN
    assert said.endswith("And 35 more.")
    assert page["files-take.hidden"] is True


def test_pruning_counts_removals_apart(page: Page, drafting: Drafting) -> None:
    said = upload(page, b"camera,model,enabled\nGate 1,ppe,false\n", prune="whole")
    assert "1 change: 1 turned off." in said
    assert "2 assignments that the file does not have would be removed." in said
    assert take(page) == "/ai-models/review"
    kinds = [change.desired is None for change in drafted(page, drafting).change_set.changes]
    assert sorted(kinds) == [False, True, True]


def test_pruning_keeps_to_the_filter_of_the_grid(page: Page) -> None:
    page.props["files-search.data"] = "?model=old"
    said = upload(page, b"camera,model,enabled\nGate 1,ppe,false\n", prune="filtered")
    assert "1 assignment that the file does not have would be removed." in said
    page.props["files-search.data"] = ""
    said = upload(page, GOOD, prune="filtered")
    assert said == (
        "site.csv: not read, the grid is not filtered any more: choose again what to remove."
    )


def test_the_filter_of_the_grid_is_offered_where_it_has_one(page: Page) -> None:
    page.props["files-scope.value"] = "whole"
    page.set("files-search.data", "?q=gate&loc=A&loc=B&state=nothing-on&sort=-camera")
    labels = [one["label"] for one in page["files-scope.options"]]
    assert labels[1] == 'Only as the grid is filtered: "gate", 2 locations, nothing on'
    assert page["files-scope.value"] == "whole"
    page.props["files-scope.value"] = page.props["files-prune.value"] = "filtered"
    page.set("files-search.data", "?page=2")
    assert page["files-scope.options"][1]["disabled"] is True
    assert (page["files-scope.value"], page["files-prune.value"]) == ("whole", "nothing")
    assert filter_text(parse_query("?model=a")) == "1 model"


def test_a_draft_that_is_there_is_replaced_only_by_a_button_that_says_so(
    page: Page, drafting: Drafting
) -> None:
    upload(page, GOOD)
    take(page)
    said = upload(page, b"camera,model,desired_fps\nGate 1,ppe,9\n", "fps.csv")
    assert said.endswith("There is a draft of 2 changes already; this would replace it.")
    assert page["files-take.children"] == "Replace the draft of 2 changes"
    # In another tab the draft moves on.
    data = page["draft.data"]
    drafting.drop(data["id"], OPERATOR, [CellKey("cam-1", "ppe")])
    assert take(page) == "The draft changed meanwhile: nothing was replaced."
    assert page["files-take.children"] == "Replace the draft of 1 change"
    assert drafted(page, drafting).source == "import of site.csv"
    assert take(page) == "/ai-models/review"
    assert drafted(page, drafting).source == "import of fps.csv"
    assert page["draft.data"]["id"] == data["id"]


def test_an_id_that_is_somebody_else_s_is_not_used(page: Page, drafting: Drafting) -> None:
    upload(page, GOOD)
    take(page)
    theirs = page["draft.data"]["id"]
    changes = drafted(page, drafting).change_set
    drafting.put("not-mine", LEE, changes, "edit")
    page.props["draft.data"] = {"id": "not-mine", "revision": 1, "count": 2, "blocked": 0}
    upload(page, GOOD)
    assert page["files-take.children"] == "Draft 2 changes"
    assert take(page) == "/ai-models/review"
    assert page["draft.data"]["id"] not in ("not-mine", theirs)


@pytest.mark.parametrize(
    ("data", "name", "said"),
    [
        (b"", "site.csv", "the file is empty"),
        (b"\xff\xff", "site.csv", "neither UTF-8 nor UTF-16"),
        (b"PK\x03\x04", "site.xlsx", "a spreadsheet or an archive; save it as CSV"),
        (b"{", "site.json", "line 1, column"),
        (b"x" * (MAX_BYTES + 10), "site.csv", "site.csv: not read, it is larger than 20 MB."),
    ],
)
def test_a_file_that_cannot_be_read_says_why(
    page: Page, data: bytes, name: str, said: str, caplog: Any
) -> None:
    assert said in upload(page, data, name)
    assert page["files-take.hidden"] is True
    calm(caplog)


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (GOOD, "copy of site"),
        (b"# ours\n\nformat: vas-intent\nversion: 1\ncameras: []\n", "site.txt"),
        (b'\xef\xbb\xbf {"format": "vas-intent", "version": 1, "cameras": []}', "site"),
    ],
)
def test_a_name_that_tells_no_format_is_no_problem(page: Page, data: bytes, name: str) -> None:
    assert "problem" not in upload(page, data, name)


@pytest.mark.parametrize("part", ["cameras", "models", "assignments"])
def test_while_the_fleet_is_not_known_nothing_is_imported(
    page: Page, vas: FaultyVas, part: str
) -> None:
    vas.fault(part, Fault.FAIL_JSON)
    until(page, lambda: "unknown" in page.line("fleet-error"))
    said = upload(page, GOOD)
    assert said == f"site.csv: not read, the {part} are not all known: the VAS failed (500)."
    assert page["files-take.hidden"] is True


def test_without_a_journal_nothing_is_drafted_and_the_file_stays(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vas_dash.errors import JournalError
    from vas_dash.journal.drafts import DraftTables

    def broken(*_: object) -> Draft:
        raise JournalError("the journal cannot be written: the disk is full")

    upload(page, GOOD)
    monkeypatch.setattr(DraftTables, "change", broken)
    assert take(page) == ("site.csv: not drafted, the journal cannot be written: the disk is full.")
    assert page["files-upload.contents"] is not None


NONSENSE: list[Any] = [7, [], {}, "x", "data:,", "data:text/csv;base64,###", "data:x;base64,ab"]


def test_nonsense_changes_nothing_and_breaks_nothing(page: Page, caplog: Any) -> None:
    upload(page, GOOD)
    for value in [*NONSENSE, None, {"search": 7, "n": 1}]:
        page.set("files-asked.data", value)
    assert page["files-go.data"] is None
    for value in NONSENSE:
        for name, prune, search, shown in (
            ("site.csv", 5, 7, "x"),
            (["a"], "whole", "?" + "x" * 30_000, None),
            (None, "filtered", None, {"revision": -1}),
        ):
            page.props["files-upload.filename"] = name
            page.props["files-prune.value"] = prune
            page.props["files-search.data"] = search
            page.props["files-shown.data"] = shown
            for prop in ("files-upload.contents", "files-take.n_clicks"):
                page.props["files-upload.contents"] = value
                page.set(prop, value if prop.endswith("contents") else 1)
                assert page.last is not None
                assert page.last.status_code in (200, 204)
    assert page["draft.data"] is None
    calm(caplog)
