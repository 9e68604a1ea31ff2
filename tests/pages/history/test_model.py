"""What the History view and a cell's history say: from records to plain data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.fleet.fleets import LATER, NOON, assigned, camera, snapshot
from vas_dash.changes.labels import change_summary, differences
from vas_dash.domain.changes import CellChange
from vas_dash.domain.entities import AiModel, Assignment, CellIntent
from vas_dash.domain.fleet import Cell, CellState
from vas_dash.domain.records import (
    CellHistoryEntry,
    CellRecord,
    CellResult,
    ChangeSetRecord,
    HistoryPage,
    State,
)
from vas_dash.domain.text import moment
from vas_dash.pages.cell_history.model import CellHistory, HistoryLine, cell_history
from vas_dash.pages.grid.model import FleetGrid
from vas_dash.pages.history.model import Action, actions, cell_page, head, list_page
from vas_dash.pages.history.query import HistoryQuery, chosen, format_history, parse_history
from vas_dash.pages.history.status import Status, journalled_progress, progress, status_of

PPE = AiModel("ppe", "Protective gear")
GRID = FleetGrid(
    snapshot(
        [camera("Dock"), camera("Gate", id="a"), camera("gate", id="b"), camera("Dock 2")],
        [PPE, AiModel("fire", "Fire")],
        [],
    )
)
ON_5 = assigned("Dock", "ppe", desired_fps=5)
KEY = ON_5.key


def a_record(**fields: Any) -> ChangeSetRecord:
    values: dict[str, Any] = {
        "id": 118,
        "who": "kim",
        "why": "lens broken",
        "source": "edit",
        "created_at": NOON,
        "started_at": None,
        "ended_at": None,
        "state": State.FINISHED,
        "note": None,
        "cells": 700,
        "tally": {CellResult.APPLIED: 700},
    }
    return ChangeSetRecord(**(values | fields))


def a_cell(
    before: Assignment | None = ON_5,
    desired: CellIntent | None = None,
    result: CellResult = CellResult.APPLIED,
    **fields: Any,
) -> CellRecord:
    values: dict[str, Any] = {
        "message": None,
        "read": True,
        "after": None,
        "sent_at": NOON,
        "outcome_at": NOON,
    }
    position = fields.pop("position", 0)
    change = CellChange(KEY, before, desired)
    return CellRecord(118, position, change, result, **(values | fields))


# Words.


@pytest.mark.parametrize(
    ("before", "desired", "done", "differs"),
    [
        (ON_5, CellIntent(False, 5), "turned off", ("on -> off",)),
        (ON_5, CellIntent(True, 10), "fps 5 -> 10", ("fps 5 -> 10",)),
        (
            ON_5,
            CellIntent(True, 5, 3, {"a": 1}),
            "priority default -> 3, parameter a not set -> 1",
            ("priority default -> 3", "parameter a not set -> 1"),
        ),
        (ON_5, None, "removed", ("on, 5 fps -> unassigned",)),
        (None, CellIntent(True), "assigned, on", ("unassigned -> on",)),
        (None, None, "not changed", ()),
        (
            replace(ON_5, parameters={"t": 0.5, "kept": [1], "gone": "x"}),
            CellIntent(True, 5, None, {"t": 0.7, "kept": [1]}),
            'parameter gone "x" -> not set, parameter t 0.5 -> 0.7',
            ('parameter gone "x" -> not set', "parameter t 0.5 -> 0.7"),
        ),
    ],
)
def test_a_change_in_words(
    before: Assignment | None, desired: CellIntent | None, done: str, differs: tuple[str, ...]
) -> None:
    change = CellChange(KEY, before, desired)
    assert change_summary(change) == done
    assert tuple(one.text for one in differences(change)) == differs


# The list.


def test_the_list_says_how_it_went() -> None:
    stopped = a_record(
        id=117,
        state=State.STOPPED,
        note="cancelled",
        why=None,
        tally={CellResult.APPLIED: 340, CellResult.CONFLICT: 12, CellResult.NOT_SENT: 348},
    )
    waiting = a_record(id=119, state=State.READY, tally={CellResult.NOT_SENT: 700})
    page = list_page(
        HistoryPage((waiting, a_record(), stopped), 117, None),
        HistoryQuery(who="kim", before=200),
        {119: Status.READY, 118: Status.FINISHED, 117: Status.STOPPED},
    )
    assert [(row.number, row.outcome, row.status) for row in page.rows] == [
        (119, "nothing sent", "not begun"),
        (118, "700 applied", "finished"),
        (117, "340 of 700 applied, 348 not sent, 12 conflicts, cancelled", "stopped"),
    ]
    row = page.rows[1]
    assert (row.when, row.who, row.why, row.source, row.cells) == (
        moment(NOON),
        "kim",
        "lens broken",
        "edit",
        "700",
    )
    assert (page.older, page.newer, page.empty) == ("?who=kim&before=117", None, None)


def test_an_empty_list_says_whether_a_filter_makes_it_so() -> None:
    nothing = HistoryPage((), None)
    assert list_page(nothing, HistoryQuery(), {}).empty == "No change sets yet."
    found = list_page(nothing, HistoryQuery(camera="x"), {})
    assert found.empty == "No change set matches the filter."


def test_a_change_set_whose_process_died_is_interrupted() -> None:
    record = a_record(state=State.APPLYING)
    assert status_of(record, applied_now=True) is Status.APPLYING
    assert status_of(record, applied_now=False) is Status.INTERRUPTED
    assert status_of(a_record(), applied_now=False) is Status.FINISHED


# The address.


def test_the_address_holds_the_filter_and_is_read_back() -> None:
    query = HistoryQuery("kim", "Gate 1", "ppe", "2026-11-01", "", 118, None, CellResult.CONFLICT)
    assert parse_history(format_history(query)) == query
    assert format_history(HistoryQuery()) == ""
    assert parse_history("?q=gate&model=x&page=3") == HistoryQuery()


@pytest.mark.parametrize(
    "search",
    ["?before=-1&after=x&from=99999999999&result=gone", "?before=\u0664", "?" + "a=b&" * 999],
)
def test_what_the_address_says_wrongly_of_a_place_counts_as_not_said(search: str) -> None:
    assert parse_history(search) == HistoryQuery()


def test_a_filter_takes_names_and_ids() -> None:
    asked = chosen(HistoryQuery(camera="dock", model="PROTECTIVE GEAR"), GRID)
    assert (asked.wanted.camera_id, asked.wanted.model_id) == ("id-Dock", "ppe")
    assert (asked.problems, asked.notes) == ({}, {})
    assert chosen(HistoryQuery(camera="a"), GRID).wanted.camera_id == "a"


def test_several_cameras_of_one_name_are_said_with_their_ids() -> None:
    asked = chosen(HistoryQuery(camera="Gate"), GRID)
    assert asked.problems == {"camera": "2 cameras have this name: give an id (a, b)"}
    assert asked.wanted.camera_id is None


def test_a_name_that_nobody_has_now_is_taken_as_an_id() -> None:
    asked = chosen(HistoryQuery(camera="gone"), GRID)
    assert asked.wanted.camera_id == "gone"
    assert asked.notes == {"camera": "no camera of this name is known now: taken as an id"}


def test_a_day_is_the_viewers() -> None:
    day = HistoryQuery(since="2026-10-25", until="2026-10-25")
    utc = datetime(2026, 10, 25, tzinfo=UTC)
    asked = chosen(day, GRID)
    assert (asked.wanted.since, asked.wanted.until) == (utc, utc + timedelta(days=1))
    # In Berlin it has 25 hours.
    asked = chosen(day, GRID, (-120, -60))
    assert asked.wanted.since == utc - timedelta(hours=2)
    assert asked.wanted.until == utc + timedelta(hours=23)


@pytest.mark.parametrize("text", ["yesterday", "2026-13-01", "2026-11-22 14:00", "9999-12-31"])
def test_a_wrong_time_is_said_at_its_field(text: str) -> None:
    asked = chosen(HistoryQuery(until=text), GRID)
    assert list(asked.problems) == ["until"]


def test_an_end_before_the_beginning_is_a_mistake() -> None:
    asked = chosen(HistoryQuery(since="2026-11-22", until="2026-11-21"), GRID)
    assert asked.problems == {"until": "must not be before the beginning"}


# One change set.


def test_the_head_tells_who_when_why_and_how_it_went() -> None:
    found = head(a_record(started_at=NOON, ended_at=LATER), Status.FINISHED)
    assert found.title == "Change set 118"
    assert dict(found.facts) == {
        "Who": "kim",
        "When": moment(NOON),
        "Why": "lens broken",
        "Source": "edit",
        "Cells": "700",
        "State": "finished",
        "Result": "700 applied",
        "Ended": moment(LATER),
    }


def test_progress_in_words() -> None:
    tally = {CellResult.REFUSED: 2, CellResult.UNKNOWN: 1, CellResult.CONFLICT: 12}
    found = progress(700, 340, tally, 45.2, 8.0)
    assert (found.done, found.total, found.text) == (340, 700, "340 of 700")
    assert found.detail == "3 failed, 12 conflicts, 45 a second, about 8 seconds left"
    assert progress(700, 0, {}, None, None).detail == "0 failed, 0 conflicts"
    assert progress(9000, 1, {}, 0.5, 9000).detail.endswith("0.5 a second, about 2 hours left")


def test_progress_from_the_journal_alone() -> None:
    record = a_record(
        state=State.APPLYING,
        started_at=NOON,
        tally={CellResult.APPLIED: 100, CellResult.SENT: 8, CellResult.NOT_SENT: 592},
    )
    found = journalled_progress(record, NOON + timedelta(seconds=10))
    assert found.text == "100 of 700"
    assert found.detail == "0 failed, 0 conflicts, 10 a second, about 60 seconds left"


@pytest.mark.parametrize(
    ("how", "results", "offered"),
    [
        (Status.READY, [CellResult.NOT_SENT], [Action.APPLY]),
        (Status.APPLYING, [CellResult.NOT_SENT, CellResult.APPLIED], [Action.CANCEL]),
        (Status.INTERRUPTED, [CellResult.NOT_SENT, CellResult.SENT], [Action.READ]),
        (Status.FINISHED, [CellResult.APPLIED], [Action.UNDO]),
        (Status.FINISHED, [CellResult.UNCHANGED], []),
        (Status.FINISHED, [CellResult.CONFLICT], [Action.RETRY]),
        (
            Status.STOPPED,
            list(CellResult),
            [Action.READ, Action.REST, Action.RETRY, Action.UNDO],
        ),
    ],
)
def test_what_is_offered(how: Status, results: Sequence[CellResult], offered: list[Action]) -> None:
    assert [choice.action for choice in actions(how, dict.fromkeys(results, 1))] == offered


def test_cells_by_name_with_both_values_of_a_conflict() -> None:
    cells = [
        a_cell(desired=CellIntent(False, 5), after=ON_5),
        a_cell(
            desired=CellIntent(False, 5),
            result=CellResult.CONFLICT,
            message="changed elsewhere since it was drafted",
            after=replace(ON_5, desired_fps=7),
            position=1,
        ),
    ]
    tally = {CellResult.APPLIED: 1, CellResult.CONFLICT: 1}
    page = cell_page(a_record(cells=2, tally=tally), Status.FINISHED, cells, HistoryQuery(), GRID)
    assert [(row.camera, row.model, row.change, row.result) for row in page.rows] == [
        ("Dock", "Protective gear", ("on -> off",), "applied"),
        ("Dock", "Protective gear", ("on -> off",), "conflict"),
    ]
    assert page.rows[1].lines == (
        "changed elsewhere since it was drafted",
        "as drafted: on, 5 fps",
        "the VAS held: on, 7 fps",
    )
    assert [(one.label, one.search, one.is_chosen) for one in page.filters] == [
        ("all 2", "", True),
        ("applied 1", "?result=applied", False),
        ("conflict 1", "?result=conflict", False),
    ]
    assert (page.first, page.next, page.empty) == (None, None, None)


def test_a_cell_that_is_gone_goes_by_its_ids() -> None:
    nothing = FleetGrid(snapshot("not read", "not read", "not read"))
    page = cell_page(a_record(), Status.FINISHED, [a_cell()], HistoryQuery(), nothing)
    assert (page.rows[0].camera, page.rows[0].model) == ("id-Dock", "ppe")


def test_cells_come_by_the_hundred() -> None:
    cells = [a_cell(position=position) for position in range(100, 201)]
    query = HistoryQuery(result=CellResult.APPLIED, after_position=99)
    page = cell_page(a_record(), Status.FINISHED, cells, query, GRID)
    assert len(page.rows) == 100
    assert (page.first, page.next) == ("?result=applied", "?result=applied&from=199")


# A cell's history.


def told(*entries: CellHistoryEntry, cell: Cell, taken_at: datetime = LATER) -> CellHistory:
    return cell_history(entries, cell, taken_at)


def an_entry(cell: CellRecord, **fields: Any) -> CellHistoryEntry:
    return CellHistoryEntry(cell, a_record(**fields))


def test_a_cells_history_in_words() -> None:
    turned_off = a_cell(desired=CellIntent(False, 5), after=replace(ON_5, enabled=False))
    refused = a_cell(
        desired=CellIntent(True, 10), result=CellResult.REFUSED, message="no", read=False
    )
    yesterday = NOON - timedelta(days=1)
    found = told(
        an_entry(refused, id=119, why=None, created_at=NOON),
        an_entry(turned_off, created_at=yesterday),
        cell=Cell.of(replace(ON_5, enabled=False)),
    )
    assert found.lines == (
        HistoryLine("refused: fps 5 -> 10 by kim", moment(NOON), "", "no", 119),
        HistoryLine("turned off by kim", moment(yesterday), '"lens broken"', "", 118),
    )
    assert found.elsewhere is None


LEFT = an_entry(a_cell(desired=CellIntent(True, 5), after=ON_5))


def test_a_cell_that_moved_without_us_was_changed_elsewhere() -> None:
    since = NOON + timedelta(minutes=5)
    moved = replace(ON_5, desired_fps=7, updated_at=since)
    found = told(LEFT, cell=Cell.of(moved))
    assert found.elsewhere == f"changed elsewhere since, {moment(since)}: on, 7 fps"
    assert told(LEFT, cell=Cell.of(None)).elsewhere == "removed elsewhere since"


@pytest.mark.parametrize(
    ("cell", "taken_at"),
    [
        (Cell.of(ON_5), LATER),
        (Cell(CellState.UNKNOWN, replace(ON_5, desired_fps=7), "no answer"), LATER),
        (Cell.of(replace(ON_5, desired_fps=7)), NOON - timedelta(seconds=1)),
    ],
    ids=["as it was left", "unknown", "read before the change"],
)
def test_nothing_is_claimed_to_have_changed_elsewhere_that_may_not_have(
    cell: Cell, taken_at: datetime
) -> None:
    assert told(LEFT, cell=cell, taken_at=taken_at).elsewhere is None


def test_without_an_applied_change_there_is_nothing_to_hold_the_cell_against() -> None:
    conflict = an_entry(a_cell(result=CellResult.CONFLICT, after=None))
    assert told(conflict, cell=Cell.of(ON_5)).elsewhere is None
    assert told(cell=Cell.of(ON_5)).lines == ()
