"""The History view's callbacks, over real requests, with a real journal and a VAS to break."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.changes.support import drafted
from tests.fakes.clients import client_of
from tests.fakes.faulty_vas import Fault, FaultyVas, assignment, camera
from tests.fakes.page import Page, text, walk
from tests.fakes.pages import DEADLINE_S, OpenPage, complete, small_site, until
from tests.fakes.people import KIM, LEE
from tests.jobs.queueing import HeldWrites
from vas_dash import Settings
from vas_dash.changes.operations import Operations
from vas_dash.changes.permissions import Permissions
from vas_dash.domain.changes import ChangeSet, DesiredChange
from vas_dash.domain.entities import CellKey
from vas_dash.domain.presets import Preset, PresetValues
from vas_dash.domain.records import CellResult, State
from vas_dash.journal import Journal
from vas_dash.pages.history.actions import STOPPING

SINCE = datetime(2026, 11, 22, 12, tzinfo=UTC)
PPE_1, PPE_2 = CellKey("cam-1", "ppe"), CellKey("cam-2", "ppe")


@pytest.fixture
def vas() -> Iterator[FaultyVas]:
    with FaultyVas(**small_site()) as server:
        yield server


@pytest.fixture
def settings(vas: FaultyVas, tmp_path: Path) -> Settings:
    return Settings(
        api_url=vas.url,
        db_url=f"sqlite:///{tmp_path / 'journal.db'}",
        connect_timeout_s=60,
        read_timeout_s=300,
    )


@pytest.fixture
def page(settings: Settings, open_page: OpenPage) -> Page:
    made = open_page(settings)
    until(made, lambda: complete(made))
    return made


@pytest.fixture
def journal(settings: Settings) -> Iterator[Journal]:
    made = Journal(settings.db_url)
    yield made
    made.close()


@pytest.fixture
def operations(vas: FaultyVas, journal: Journal) -> Operations:
    return Operations(client_of(vas), journal)


def submitted(
    operations: Operations,
    desired: DesiredChange,
    *keys: CellKey,
    by: Permissions = KIM,
    **said: str,
) -> int:
    return operations.submit(drafted(operations, keys, desired), by=by, **said)


def applied(
    operations: Operations,
    desired: DesiredChange,
    *keys: CellKey,
    by: Permissions = KIM,
    **said: str,
) -> int:
    number = submitted(operations, desired, *keys, by=by, **said)
    assert operations.apply(number).state is State.FINISHED
    return number


def look(page: Page, number: object = None, search: str = "") -> str:
    """Go to the view; all that stands in it."""
    of = None if number is None else str(number)
    page.set("history-ask.data", {"number": of, "search": search, "n": 1})
    return said(page)


def said(page: Page) -> str:
    names = ("title", "head", "progress", "actions", "message", "body")
    return " ".join(text(page[f"history-{name}.children"]) for name in names)


def do(page: Page, action: str, number: int, **more: Any) -> str:
    """Press a button, wait for its outcome; what the page says then."""
    page.set("history-do.data", {"action": action, "number": number, **more})
    end = time.monotonic() + DEADLINE_S
    while page["history-done.data"]["again"]:
        assert time.monotonic() < end
        page.set("history-do.data", page["history-done.data"]["again"])
    return text(page["history-message.children"])


def rows(page: Page) -> list[list[str]]:
    """The rows of the table, in words."""
    body = page["history-body.children"]
    (table,) = [one for one in walk(body) if one.get("type") == "Tbody"]
    return [
        [text(cell) for cell in walk(row) if cell.get("type") == "Td"]
        for row in walk(table)
        if row.get("type") == "Tr"
    ]


def links(page: Page) -> dict[str, str]:
    return {
        text(one): one["props"]["href"]
        for one in walk(page["history-body.children"])
        if "href" in one.get("props", {})
    }


def buttons(page: Page, part: str = "actions") -> list[str]:
    return [
        text(one) for one in walk(page[f"history-{part}.children"]) if one.get("type") == "Button"
    ]


# Presets.


def test_who_made_changed_and_removed_a_preset_stands_in_the_list(
    page: Page, journal: Journal
) -> None:
    assert "Presets" not in look(page)
    first = Preset(1, 1, "ppe", "Standard", PresetValues(5), "kim", SINCE)
    later = timedelta(hours=1)
    second = replace(first, version=2, values=PresetValues(10), changed_at=SINCE + later)
    third = replace(second, version=3, name="Day", who="lee", changed_at=SINCE + 2 * later)
    gone = replace(third, version=4, removed=True, changed_at=SINCE + 3 * later)
    journal.presets.add(lambda _: [first, second, third, gone])
    assert "Presets" in look(page)
    assert [row[1:] for row in rows(page)] == [
        ["lee", "Protective gear", "Day, removed: 10 fps"],
        ["lee", "Protective gear", "Day, called Standard before"],
        ["kim", "Protective gear", "Standard, fps 5 -> 10"],
        ["kim", "Protective gear", "Standard, made: 5 fps"],
    ]
    look(page, search="?who=lee")
    assert len(rows(page)) == 2
    look(page, search="?by_model=ppe&since=2026-11-20&until=2026-11-24")
    assert len(rows(page)) == 4
    for search in ("?camera=cam-1", "?by_model=fire"):
        assert "Presets" not in look(page, search=search)


# The list.


def test_the_list_is_newest_first_and_filters_by_the_address(
    page: Page, operations: Operations
) -> None:
    applied(operations, DesiredChange(enabled=False), PPE_1, why="lens broken")
    applied(operations, DesiredChange(enabled=True), PPE_2, by=LEE)
    look(page)
    assert [row[0] for row in rows(page)] == ["2", "1"]
    assert rows(page)[1][2:] == [
        "kim", "lens broken", "edit", "1", "1 applied", "finished",
    ]  # fmt: skip
    assert links(page) == {"2": "/ai-models/history/2", "1": "/ai-models/history/1"}
    for search, numbers in (
        ("?who=kim", ["1"]),
        ("?camera=Gate+2", ["2"]),
        ("?camera=cam-1&by_model=Protective+gear", ["1"]),
        ("?since=2026-01-01&until=2099-01-01", ["2", "1"]),
    ):
        look(page, search=search)
        assert [row[0] for row in rows(page)] == numbers, search
    assert "No change set matches the filter." in look(page, search="?until=2020-01-01")


def test_a_page_holds_fifty_and_older_and_newer_lead_there_and_back(
    page: Page, journal: Journal
) -> None:
    for _ in range(120):
        journal.record(ChangeSet(), "kim")

    def numbers() -> list[int]:
        return [int(row[0]) for row in rows(page)]

    def go(name: str) -> None:
        look(page, search=links(page)[name].removeprefix("/ai-models/history"))

    look(page, search="?who=kim")
    assert numbers() == list(range(120, 70, -1))
    assert "Newer" not in links(page)
    go("Older")
    assert numbers() == list(range(70, 20, -1))
    go("Older")
    assert numbers() == list(range(20, 0, -1))
    assert "Older" not in links(page)
    go("Newer")
    assert numbers() == list(range(70, 20, -1))
    go("Newer")
    assert numbers() == list(range(120, 70, -1))
    assert "Newer" not in links(page)


def test_what_is_wrong_with_a_filter_stands_at_its_field(page: Page, vas: FaultyVas) -> None:
    for number in (7, 8):
        vas.cameras[f"twin-{number}"] = camera(number, id=f"twin-{number}", name="Twin")
    until(page, lambda: len(page["grid.data"]) == 5)
    told = look(page, search="?camera=twin&since=noon&until=2020-01-01")
    assert "Not filtered: see the fields above." in told
    assert page["history-camera-note.children"] == (
        "2 cameras have this name: give an id (twin-7, twin-8)"
    )
    assert page["history-since-note.children"].startswith("must be a day")
    assert page["history-until-note.children"] == ""
    look(page)
    assert page["history-camera-note.children"] == page["history-since-note.children"] == ""


def test_nothing_is_sent_when_nothing_changed(page: Page, operations: Operations) -> None:
    number = applied(operations, DesiredChange(enabled=False), PPE_1)
    look(page, number)
    look(page, number)
    assert page.last is not None
    assert page.last.status_code == 204


def test_a_journal_that_cannot_be_read_is_said_with_its_reason(
    settings: Settings, open_page: OpenPage, tmp_path: Path
) -> None:
    (tmp_path / "folder").mkdir()
    broken = settings.model_copy(update={"db_url": f"sqlite:///{tmp_path / 'folder'}"})
    page = open_page(broken)
    until(page, lambda: complete(page))
    assert "The history cannot be shown: the journal cannot be read:" in look(page)
    assert "The history cannot be shown: the journal cannot be read:" in look(page, 1)
    assert do(page, "undo", 1).startswith("Nothing was done: the journal cannot be read:")
    page.open("cam-1", "ppe")
    show_history(page)
    assert text(page["panel-history.children"]).startswith("History: the journal cannot be read:")


# One change set.


@pytest.mark.parametrize("number", ["118", "0", "abc", "99999999999999", "\u0661"])
def test_an_unknown_number_is_said(page: Page, number: str) -> None:
    said = look(page, number).replace("\u2068", "").replace("\u2069", "")
    assert f"There is no change set {number}." in said


def test_a_change_set_shows_its_cells_and_filters_them_by_result(
    page: Page, operations: Operations, vas: FaultyVas
) -> None:
    changes = drafted(operations, [PPE_1, PPE_2], DesiredChange(desired_fps=9))
    number = operations.submit(changes, by=KIM, why="too slow")
    vas.edit("cam-2", "ppe", desired_fps=3)
    operations.apply(number)
    told = look(page, number)
    assert "Why too slow" in told
    assert "Result 1 of 2 applied, 1 conflict" in told
    assert rows(page) == [
        ["Gate 1", "Protective gear", "fps 5 -> 9", "applied"],
        [
            "Gate 2",
            "Protective gear",
            "fps default -> 9",
            "conflict changed elsewhere since it was drafted "
            "as drafted: off the VAS held: off, 3 fps",
        ],
    ]
    assert buttons(page) == ["Try the failed ones again", "Undo"]
    assert links(page)["conflict 1"] == f"/ai-models/history/{number}?result=conflict"
    look(page, number, "?result=conflict")
    assert [row[0] for row in rows(page)] == ["Gate 2"]
    look(page, number, "?from=1")
    assert "No such cells." in said(page)


def test_what_has_not_begun_can_be_applied_and_is_followed(
    page: Page, operations: Operations, vas: FaultyVas
) -> None:
    number = submitted(operations, DesiredChange(enabled=False), PPE_1)
    look(page, number)
    assert buttons(page) == ["Apply now"]
    assert page["history-shown.data"]["live"] is True
    assert page["running.data"] == {"number": number}
    assert do(page, "apply", number) == "Handed over to be applied."
    wait(lambda: "Result 1 applied" in look(page, number))
    assert page["history-shown.data"]["live"] is False
    assert text(page["history-message.children"]) == f"Change set {number} is finished: 1 applied."
    assert page["running.data"] is None
    assert vas.cell("cam-1", "ppe")["enabled"] is False


def test_one_that_is_applied_shows_how_far_it_is_and_can_be_cancelled(
    page: Page, operations: Operations, vas: FaultyVas
) -> None:
    held = HeldWrites(vas, let_through=3)
    for n in range(40):
        vas.put(assignment("cam-10", f"m{n}"))
    keys = [CellKey("cam-10", f"m{n}") for n in range(40)]
    number = submitted(operations, DesiredChange(enabled=False), *keys)
    do(page, "apply", number)
    wait(lambda: "3 of 40" in look(page, number))
    bar = next(
        one["props"]
        for one in walk(page["history-progress.children"])
        if one.get("type") == "Progress"
    )
    assert (bar["value"], bar["max"], bar["aria-label"]) == ("3", "40", "Cells done")
    assert buttons(page) == ["Cancel"]
    page.set("running-ask.data", {"number": number})
    line = page["running-link.children"]
    assert line == f"Change set {number} is being applied: 3 of 40"
    assert page["running-link.href"] == f"/ai-models/history/{number}"
    assert page["running-line.hidden"] is False
    assert page["running.data"] == {"number": number}
    assert do(page, "cancel", number) == STOPPING
    held.open()
    wait(lambda: "State stopped" in look(page, number))
    record = operations.journal.change_set(number)
    assert record is not None
    assert record.note == "cancelled"
    assert record.tally[CellResult.NOT_SENT] > 0
    assert buttons(page) == ["Go on with the rest", "Undo"]
    page.set("running-ask.data", {"number": number})
    assert page["running-over.children"].startswith(f"Change set {number} is stopped: ")
    assert page["running.data"] is None


def wait(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < end, "never so"
        time.sleep(0.01)


# What follows.


def test_undo_becomes_the_draft_and_the_address_the_review(
    page: Page, operations: Operations, journal: Journal
) -> None:
    number = applied(operations, DesiredChange(enabled=False), PPE_1)
    do(page, "undo", number)
    handle = page["draft.data"]
    assert (handle["count"], handle["blocked"], handle["revision"]) == (1, 0, 1)
    assert (page["url.pathname"], page["url.search"]) == ("/ai-models/review", "")
    draft = journal.drafts.load(handle["id"], "operator")
    assert draft.source == f"undo of {number}"
    (change,) = draft.changes.values()
    assert (change.key, change.desired and change.desired.enabled) == (PPE_1, True)


def test_a_draft_that_is_there_is_replaced_only_when_told_so(
    page: Page, operations: Operations, journal: Journal
) -> None:
    first = applied(operations, DesiredChange(enabled=False), PPE_1)
    second = applied(operations, DesiredChange(enabled=True), PPE_2)
    do(page, "undo", first)
    handle = page["draft.data"]
    page.props["url.pathname"] = None
    assert do(page, "undo", second) == (
        "There is a draft of 1 change already. This would replace it. Replace the draft of 1 change"
    )
    assert buttons(page, "message") == ["Replace the draft of 1 change"]
    assert journal.drafts.load(handle["id"], "operator").source == f"undo of {first}"
    assert page["url.pathname"] is None
    do(page, "undo", second, replace=True)
    assert page["draft.data"]["id"] == handle["id"]
    assert journal.drafts.load(handle["id"], "operator").source == f"undo of {second}"


def test_the_failed_ones_are_drafted_from_what_the_vas_holds_now(
    page: Page, operations: Operations, journal: Journal, vas: FaultyVas
) -> None:
    number = submitted(operations, DesiredChange(desired_fps=9), PPE_1, PPE_2)
    vas.edit("cam-2", "ppe", desired_fps=3)
    operations.apply(number)
    do(page, "retry", number)
    draft = journal.drafts.load(page["draft.data"]["id"], "operator")
    assert draft.source == f"retry of {number}"
    (change,) = draft.changes.values()
    assert change.key == PPE_2
    assert change.before is not None
    assert change.before.desired_fps == 3


def test_nothing_is_drafted_from_cells_that_cannot_be_read_or_are_so_already(
    page: Page, operations: Operations, vas: FaultyVas
) -> None:
    number = submitted(operations, DesiredChange(desired_fps=9), PPE_1)
    vas.edit("cam-1", "ppe", desired_fps=3)
    operations.apply(number)
    vas.fault("assignments", Fault.FAIL_JSON)
    assert do(page, "retry", number).startswith(
        "Nothing was drafted: 1 cell cannot be changed, the cell is unknown:"
    )
    vas.heal()
    vas.edit("cam-1", "ppe", desired_fps=9)
    assert do(page, "retry", number) == "Nothing to draft: the cells are so already."
    assert page["draft.data"] is None
    assert page["url.pathname"] is None


def test_an_interrupted_one_is_read_again_and_gone_on_with(
    page: Page, operations: Operations, journal: Journal
) -> None:
    number = submitted(operations, DesiredChange(desired_fps=9), PPE_1, PPE_2)
    journal.begin(number)
    told = look(page, number)
    assert "State interrupted" in told
    assert page["history-shown.data"]["live"] is False
    assert buttons(page) == ["Read again"]
    assert do(page, "read", number) == (
        f"Change set {number} is stopped: 0 of 2 applied, 2 not sent, interrupted."
    )
    look(page, number)
    assert buttons(page) == ["Go on with the rest"]
    do(page, "rest", number)
    draft = journal.drafts.load(page["draft.data"]["id"], "operator")
    assert (draft.source, sorted(draft.changes)) == (f"rest of {number}", [PPE_1, PPE_2])


def test_a_vas_that_hangs_does_not_hold_the_page_up(
    page: Page, operations: Operations, journal: Journal, vas: FaultyVas
) -> None:
    number = submitted(operations, DesiredChange(desired_fps=9), PPE_1)
    journal.begin(number)
    vas.fault("all", Fault.HANG)
    page.set("history-do.data", {"action": "read", "number": number})
    assert text(page["history-message.children"]) == "Still reading."
    again = page["history-done.data"]["again"]
    assert again["ticket"]
    vas.heal()
    while page["history-done.data"]["again"]:
        page.set("history-do.data", page["history-done.data"]["again"])
    assert text(page["history-message.children"]).startswith(f"Change set {number} is ")


def test_an_outcome_that_never_comes_is_given_up(page: Page) -> None:
    page.set(
        "history-do.data", {"action": "read", "number": 1, "ticket": "of another", "tries": 60}
    )
    assert text(page["history-message.children"]).startswith("No outcome yet.")
    assert page["history-done.data"]["again"] is None


def test_an_action_on_a_number_that_is_not_there_is_said(page: Page) -> None:
    assert do(page, "undo", 7) == "There is no change set 7."


@pytest.mark.parametrize(
    ("prop", "value"),
    [
        ("history-ask.data", {"number": 5}),
        ("history-ask.data", {"number": "1", "search": "x" * 20_001}),
        ("history-do.data", {"action": "drop", "number": 1}),
        ("history-do.data", {"action": "undo", "number": 2**31}),
        ("history-do.data", None),
        ("running-ask.data", {"number": "x"}),
    ],
)
def test_what_a_browser_would_not_send_changes_nothing(page: Page, prop: str, value: Any) -> None:
    page.set(prop, value)
    assert page.last is not None
    assert page.last.status_code == 204


def test_a_hostile_draft_id_is_not_used(page: Page, operations: Operations) -> None:
    number = applied(operations, DesiredChange(enabled=False), PPE_1)
    page.props["draft.data"] = {"id": "../../etc"}
    do(page, "undo", number)
    assert page["draft.data"]["id"] != "../../etc"


# The side panel.


def show_history(page: Page) -> str:
    """What the browser asks when the panel has opened."""
    page.fire("opened.data")
    return text(page["panel-history.children"])


def test_the_panel_tells_a_cells_history(page: Page, operations: Operations) -> None:
    number = applied(operations, DesiredChange(enabled=False), PPE_1, why="lens broken")
    page.open("cam-1", "ppe")
    told = show_history(page)
    assert told.startswith("History turned off by kim, ")
    assert f'"lens broken" ,  change set {number}' in told
    assert "changed elsewhere" not in told.lower()
    hrefs = [
        one["props"].get("href") for one in walk(page["panel-history.children"]) if "props" in one
    ]
    assert f"/ai-models/history/{number}" in hrefs
    page.open("cam-1", "fire")
    assert show_history(page) == "History none yet"
    page.open("cam-1", "", "camera")
    assert show_history(page) == ""


def test_the_panel_says_when_a_cell_was_changed_elsewhere(
    page: Page, operations: Operations, vas: FaultyVas
) -> None:
    applied(operations, DesiredChange(enabled=False), PPE_1)
    vas.edit("cam-1", "ppe", enabled=True, desired_fps=7)

    def told() -> str:
        page.open("cam-1", "ppe")
        return show_history(page)

    until(page, lambda: "Changed elsewhere since, " in told())
    assert ": on, 7 fps" in told()
