from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event

from tests.fakes.clients import API_KEY, client_of, patience_s
from tests.fakes.faulty_vas import SQL_TEXT, Fault, FaultyVas, assignment, camera, model
from tests.fakes.people import KIM
from vas_dash.changes.apply import Application
from vas_dash.changes.cell_writer import CellWriter
from vas_dash.changes.operations import Operations
from vas_dash.domain.changes import CellChange, ChangeSet
from vas_dash.domain.entities import Assignment, CellIntent, CellKey
from vas_dash.domain.fleet import CellState
from vas_dash.domain.records import CellRecord, CellResult, ChangeSetRecord, Outcome, State
from vas_dash.errors import JournalError
from vas_dash.fleet.reader import FleetReader
from vas_dash.journal import Journal

AMPLE_S = 60.0
"""No test waits for so long."""

GATE = camera(1)
KEY = CellKey(GATE["id"], "ppe")
WISH = CellIntent(True, 5, None, {"threshold": 0.5})


def small_vas(*rows: dict[str, Any]) -> FaultyVas:
    return FaultyVas([GATE], [model("ppe")], rows)


def assigned(**fields: Any) -> FaultyVas:
    return small_vas(assignment(*KEY, **fields))


APPLIED = CellResult.APPLIED
CONFLICT = CellResult.CONFLICT
NOT_SENT = CellResult.NOT_SENT
OVERWRITTEN = CellResult.OVERWRITTEN
REFUSED = CellResult.REFUSED
SENT = CellResult.SENT
UNCHANGED = CellResult.UNCHANGED
UNKNOWN = CellResult.UNKNOWN
WHO = KIM


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal(f"sqlite:///{tmp_path / 'journal.db'}")
    journal.open()  # Making its tables is no part of a save.
    yield journal
    journal.close()


def seen(outcome: Outcome) -> tuple[CellResult, Assignment | None]:
    return outcome.result, outcome.after


class Saver(CellWriter):
    """One that always saves for the same person."""

    def save(self, *args: Any, **kwargs: Any) -> Outcome:
        return super().save(*args, **{"by": WHO, **kwargs})


def writer_of(
    vas: FaultyVas,
    journal: Journal,
    budget_s: float = AMPLE_S,
    timeout_s: float = 30.0,
    **options: Any,
) -> Saver:
    operations = Operations(client_of(vas, timeout_s), journal)
    return Saver(operations, budget_s, **options)


def newest(journal: Journal) -> tuple[ChangeSetRecord, CellRecord]:
    """What was journalled last."""
    record = journal.history().items[0]
    (cell,) = journal.cells(record.id)
    return record, cell


def read(vas: FaultyVas) -> Assignment | None:
    return client_of(vas).assignment(KEY)


def must_read(vas: FaultyVas) -> Assignment:
    current = read(vas)
    assert current is not None
    return current


def writes(vas: FaultyVas) -> int:
    return sum(vas.count(method, "writes") for method in ("POST", "PATCH", "DELETE"))


def eventually(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + AMPLE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def on_the(nth: int, method: str, vas: FaultyVas, act: Callable[[], None]) -> None:
    """Do `act` when the nth request of that method arrives, before it is answered."""
    start = vas.count(method, "assignments") + vas.count(method, "writes")

    def maybe(seen: str, endpoint: str) -> None:
        if seen == method and vas.count(method, endpoint) - start == nth:
            act()

    vas.on_request = maybe


def test_a_cell_is_assigned_changed_and_taken_away(journal: Journal) -> None:
    with small_vas() as vas:
        writer = writer_of(vas, journal)
        made = writer.save(KEY, None, WISH)
        assert seen(made) == (APPLIED, must_read(vas))
        assert made.after is not None
        assert made.after.intent == WISH
        changed = writer.save(KEY, made.after, CellIntent(False))
        assert seen(changed) == (APPLIED, must_read(vas))
        assert changed.result is APPLIED
        assert must_read(vas).intent == CellIntent(False, None, None, None)
        assert seen(writer.save(KEY, changed.after, None)) == (APPLIED, None)
        assert read(vas) is None


def test_what_is_as_wished_is_not_written(journal: Journal) -> None:
    with assigned(desired_fps=5, parameters={"threshold": 0.5}) as vas:
        current = must_read(vas)
        assert seen(writer_of(vas, journal).save(KEY, current, WISH)) == (UNCHANGED, current)
        assert writes(vas) == 0


def test_somebody_elses_change_is_a_conflict_and_nothing_is_written(journal: Journal) -> None:
    with assigned() as vas:
        opened_with = must_read(vas)
        vas.edit(*KEY, priority=7)
        current = must_read(vas)
        assert seen(writer_of(vas, journal).save(KEY, opened_with, WISH)) == (CONFLICT, current)
        assert writes(vas) == 0


@pytest.mark.parametrize(
    "change",
    [
        {"id": "another"},
        {"enabled": False},
        {"desired_fps": 9},
        {"priority": 9},
        {"parameters": {}},
        {"updated_at": "2026-11-23T00:00:00Z"},
    ],
)
def test_any_difference_to_what_was_opened_is_a_conflict(
    change: dict[str, Any], journal: Journal
) -> None:
    with assigned(**change) as vas:
        with assigned() as before:
            opened_with = must_read(before)
        if "id" not in change:
            opened_with = replace(opened_with, id=must_read(vas).id)
        assert seen(writer_of(vas, journal).save(KEY, opened_with, None)) == (
            CONFLICT,
            must_read(vas),
        )
        assert writes(vas) == 0


def test_a_cell_that_came_or_went_meanwhile_is_a_conflict(journal: Journal) -> None:
    with small_vas() as empty, assigned() as full:
        current = must_read(full)
        assert seen(writer_of(empty, journal).save(KEY, current, WISH)) == (CONFLICT, None)
        assert seen(writer_of(full, journal).save(KEY, None, WISH)) == (CONFLICT, current)
        assert writes(empty) == writes(full) == 0


def test_after_a_conflict_the_current_one_can_be_overwritten(journal: Journal) -> None:
    with assigned(priority=7) as vas:
        writer = writer_of(vas, journal)
        conflict = writer.save(KEY, None, WISH)
        assert conflict.result is CONFLICT
        assert seen(writer.save(KEY, conflict.after, WISH)) == (APPLIED, must_read(vas))


def test_a_201_with_somebody_elses_row_is_a_conflict(journal: Journal) -> None:
    with small_vas() as vas:
        on_the(1, "POST", vas, lambda: vas.put(assignment(*KEY, priority=7)))
        assert seen(writer_of(vas, journal).save(KEY, None, WISH)) == (CONFLICT, must_read(vas))
        assert must_read(vas).priority == 7


def test_a_201_with_somebody_elses_row_that_is_the_same_is_saved(journal: Journal) -> None:
    with small_vas() as vas:
        same = assignment(*KEY, desired_fps=5, parameters={"threshold": 0.5})
        on_the(1, "POST", vas, lambda: vas.put(same))
        assert seen(writer_of(vas, journal).save(KEY, None, WISH)) == (APPLIED, must_read(vas))


def test_a_409_is_a_conflict(journal: Journal) -> None:
    with small_vas() as vas:
        on_the(1, "POST", vas, lambda: vas.put(assignment(*KEY, enabled=False)))
        assert seen(writer_of(vas, journal).save(KEY, None, WISH)) == (CONFLICT, must_read(vas))


@pytest.mark.parametrize("desired", [WISH, None])
def test_a_row_that_is_gone_when_it_is_written(
    desired: CellIntent | None, journal: Journal
) -> None:
    with assigned() as vas:
        current = must_read(vas)
        on_the(1, "DELETE" if desired is None else "PATCH", vas, vas.assignments.clear)
        outcome = writer_of(vas, journal).save(KEY, current, desired)
        assert seen(outcome) == ((APPLIED, None) if desired is None else (CONFLICT, None))


def test_somebody_elses_later_change_is_a_conflict_after_the_write(journal: Journal) -> None:
    with assigned() as vas:
        current = must_read(vas)
        on_the(2, "GET", vas, lambda: vas.edit(*KEY, desired_fps=9))
        outcome = writer_of(vas, journal).save(KEY, current, WISH)
        assert seen(outcome) == (OVERWRITTEN, must_read(vas))
        assert must_read(vas).desired_fps == 9


def test_only_what_changed_is_sent_so_that_other_peoples_changes_stay(journal: Journal) -> None:
    with assigned(priority=1, parameters={"a": 1}) as vas:
        current = must_read(vas)
        on_the(1, "PATCH", vas, lambda: vas.edit(*KEY, priority=2))
        writer_of(vas, journal).save(KEY, current, replace(current.intent, desired_fps=7))
        stored = must_read(vas)
        assert (stored.desired_fps, stored.priority, stored.parameters) == (7, 2, {"a": 1})


def test_what_the_vas_refuses_comes_back_with_its_fields(journal: Journal) -> None:
    with assigned() as vas:
        current = must_read(vas)
        desired = replace(current.intent, desired_fps=31)
        outcome = writer_of(vas, journal).save(KEY, current, desired)
        assert outcome == Outcome(REFUSED, "Validation error; desired_fps: Out of range")
        assert must_read(vas) == current


def test_a_camera_that_is_gone_is_refused_in_the_words_of_the_vas(journal: Journal) -> None:
    with FaultyVas() as vas:
        outcome = writer_of(vas, journal).save(KEY, None, WISH)
        assert outcome == Outcome(REFUSED, f"Device {KEY.camera_id} does not exist")


def test_what_cannot_be_stored_is_refused_before_it_is_sent(journal: Journal) -> None:
    with small_vas() as vas:
        outcome = writer_of(vas, journal).save(
            KEY, None, CellIntent(True, parameters={"a": float("nan")})
        )
        assert outcome.result is REFUSED
        assert "parameters.a: " in str(outcome.reason)
        assert writes(vas) == 0


@pytest.mark.parametrize("fault", [Fault.UNAUTHORISED, Fault.FORBIDDEN])
def test_a_key_that_does_not_count_is_refused(fault: Fault, journal: Journal) -> None:
    with small_vas() as vas:
        vas.fault("writes", fault)
        assert writer_of(vas, journal).save(KEY, None, WISH).result is REFUSED


READ_FAULTS = [
    fault
    for fault in Fault
    if fault
    not in (Fault.DROP, Fault.HALF_PAGES, Fault.SAME_PAGE, Fault.TOTAL_TOO_SMALL, Fault.DONE_UNSAID)
]


@pytest.mark.parametrize("fault", READ_FAULTS)
def test_a_cell_that_cannot_be_read_is_not_written(
    fault: Fault, caplog: pytest.LogCaptureFixture, journal: Journal
) -> None:
    with assigned() as vas:
        current = must_read(vas)
        vas.fault("assignments", fault)
        outcome = writer_of(vas, journal, timeout_s=patience_s(fault)).save(KEY, current, WISH)
        assert outcome.result is NOT_SENT
        assert outcome.reason
        assert writes(vas) == 0
    assert caplog.records == []
    assert API_KEY not in repr(outcome)
    assert SQL_TEXT not in repr(outcome)


@pytest.mark.parametrize(
    "fault",
    [
        Fault.HANG,
        Fault.FAIL_TEXT,
        Fault.FAIL_JSON,
        Fault.CLOSE,
        Fault.NOT_HTTP,
        Fault.REDIRECT,
        Fault.HUGE,
    ],
)
def test_a_write_without_a_plain_answer_is_unconfirmed_and_not_repeated(
    fault: Fault, caplog: pytest.LogCaptureFixture, journal: Journal
) -> None:
    with assigned() as vas:
        current = must_read(vas)
        vas.fault("writes", fault)
        on_the(2, "GET", vas, lambda: vas.fault("assignments", Fault.FAIL_JSON))
        timeout_s = 1.5 if fault is Fault.HANG else 30.0  # the read before must be in time
        outcome = writer_of(vas, journal, timeout_s=timeout_s).save(KEY, current, WISH)
        assert outcome.result is UNKNOWN
        assert outcome.sent_at is not None
        assert outcome.unknown_until == outcome.sent_at + timedelta(seconds=2 * timeout_s)
        assert writes(vas) == 1
    assert caplog.records == []
    assert SQL_TEXT not in repr(outcome)


def test_a_write_whose_answer_was_lost_is_saved_once_it_has_been_read(journal: Journal) -> None:
    with assigned() as vas:
        current = must_read(vas)
        vas.fault("writes", Fault.CUT)
        assert seen(writer_of(vas, journal).save(KEY, current, WISH)) == (APPLIED, must_read(vas))
        assert writes(vas) == 1


def test_a_write_that_failed_and_left_no_trace_is_still_unconfirmed(journal: Journal) -> None:
    with assigned() as vas:
        current = must_read(vas)
        vas.fault("writes", Fault.FAIL_JSON)
        outcome = writer_of(vas, journal).save(KEY, current, WISH)
        assert outcome.result is UNKNOWN
        assert outcome.reason == "the VAS failed (500)"


def test_a_write_that_cannot_be_read_again_is_unconfirmed(journal: Journal) -> None:
    with assigned() as vas:
        current = must_read(vas)
        on_the(2, "GET", vas, lambda: vas.fault("assignments", Fault.GARBAGE))
        assert writer_of(vas, journal).save(KEY, current, WISH).result is UNKNOWN


def test_a_vas_that_is_gone_when_writing_was_sent_nothing(journal: Journal) -> None:
    with assigned() as vas:
        current = must_read(vas)
        client = client_of(vas)
        read_cell = client.assignment

        def read_and_stop(*args: Any) -> Assignment | None:
            found = read_cell(*args)
            vas.stop()
            return found

        client.assignment = read_and_stop  # type: ignore[method-assign,assignment]
        outcome = Saver(Operations(client, journal), AMPLE_S).save(KEY, current, WISH)
        assert outcome == Outcome(NOT_SENT, "the VAS refused the connection")


@pytest.mark.parametrize("noticed", [True, False])
@pytest.mark.parametrize("desired", [WISH, None])
def test_who_was_told_that_nothing_was_sent_can_rely_on_it(
    desired: CellIntent | None, journal: Journal, noticed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The read takes longer than the budget, then everything works: still nothing is sent.

    Also not when the engine looked whether to stop just before the caller was told.
    """
    if not noticed:
        monkeypatch.setattr(Application, "_stopping", lambda _: False)
    with assigned() as vas:
        current = must_read(vas)
        gate = threading.Event()
        client = client_of(vas)
        read_cell = client.assignment
        done = threading.Event()

        def read_late(key: CellKey, _until: float) -> Assignment | None:
            gate.wait(AMPLE_S)
            try:
                return read_cell(key)
            finally:
                done.set()

        client.assignment = read_late  # type: ignore[method-assign,assignment]
        writer = Saver(Operations(client, journal), 0.5, at_once=1)
        assert writer.save(KEY, current, desired) == Outcome(
            NOT_SENT, "the VAS did not answer within 0.5 s"
        )
        gate.set()
        assert done.wait(AMPLE_S)
        eventually(lambda: writer._slots.acquire(blocking=False))  # the thread has ended
        assert writes(vas) == 0
        assert must_read(vas) == current
        record, cell = newest(journal)
        assert (record.state, cell.result) == (State.STOPPED, NOT_SENT)


def test_the_caller_is_told_in_time_while_the_write_still_hangs(journal: Journal) -> None:
    with assigned() as vas:
        current = must_read(vas)
        vas.fault("writes", Fault.HANG)
        outcome = writer_of(vas, journal, budget_s=0.5).save(KEY, current, WISH)
        assert outcome.result in (NOT_SENT, UNKNOWN)
        assert outcome.reason == "the VAS did not answer within 0.5 s"
        assert (outcome.result is UNKNOWN) == (writes(vas) == 1)


def test_the_number_of_saves_at_once_is_bounded(journal: Journal) -> None:
    with assigned() as vas:
        current = must_read(vas)
        vas.fault("assignments", Fault.HANG)
        writer = writer_of(vas, journal, at_once=2)
        outcomes: list[Outcome] = []
        waiting = [
            threading.Thread(target=lambda: outcomes.append(writer.save(KEY, current, WISH)))
            for _ in range(2)
        ]
        asked = vas.count("GET", "assignments")
        for thread in waiting:
            thread.start()
        eventually(lambda: vas.count("GET", "assignments") == asked + 2)
        busy = writer.save(KEY, current, WISH)
        assert busy == Outcome(NOT_SENT, "other changes are still waiting for the VAS")
        vas.heal()
        for thread in waiting:
            thread.join()
        assert all(outcome.result is NOT_SENT for outcome in outcomes)
        assert writer.save(KEY, current, WISH).result is APPLIED


def test_the_reader_learns_what_a_save_found_out(journal: Journal) -> None:
    with small_vas() as vas:
        client = client_of(vas)
        reader = FleetReader(client, 3600)
        assert reader.current(AMPLE_S).cell(*KEY).state is CellState.UNASSIGNED
        writer = Saver(Operations(client, journal), AMPLE_S, reader=reader)
        writer.save(KEY, None, WISH)
        assert reader.current().cell(*KEY).state is CellState.ON
        vas.edit(*KEY, enabled=False)
        writer.save(KEY, None, WISH)
        assert reader.current().cell(*KEY).state is CellState.OFF
        vas.fault("writes", Fault.FAIL_TEXT)
        writer.save(KEY, must_read(vas), None)
        cell = reader.current().cell(*KEY)
        assert (cell.state, cell.reason) == (CellState.UNKNOWN, "the VAS failed (500)")
        assert cell.assignment is not None
        reader.close()


def test_a_fault_of_our_own_is_told_and_logged(
    caplog: pytest.LogCaptureFixture, journal: Journal
) -> None:
    caplog.set_level(logging.ERROR)

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    with small_vas() as vas:
        client = client_of(vas)
        client.assignment = broken  # type: ignore[method-assign,assignment]
        outcome = Saver(Operations(client, journal), AMPLE_S).save(KEY, None, WISH)
    assert outcome == Outcome(NOT_SENT, "the page could not save the change")
    assert "ZeroDivisionError" in caplog.text


# What the journal holds, and what happens without it.


def test_the_journal_tells_who_changed_what_from_what_to_what_and_why(journal: Journal) -> None:
    with assigned() as vas:
        before = must_read(vas)
        writer_of(vas, journal).save(KEY, before, WISH, why="lens broken")
        record, cell = newest(journal)
        assert (record.who, record.why, record.source) == ("kim", "lens broken", "edit")
        assert (record.state, record.tally) == (State.FINISHED, {APPLIED: 1})
        assert (cell.change.key, cell.change.before, cell.change.desired) == (KEY, before, WISH)
        assert (cell.read, cell.after) == (True, must_read(vas))


def _same(vas: FaultyVas) -> None:
    vas.edit(*KEY, desired_fps=5, parameters={"threshold": 0.5})


def _refusing(vas: FaultyVas) -> None:
    vas.fault("writes", Fault.FORBIDDEN)


def _failing(vas: FaultyVas) -> None:
    vas.fault("writes", Fault.FAIL_JSON)


def _unreadable(vas: FaultyVas) -> None:
    vas.fault("assignments", Fault.FAIL_JSON)


@pytest.mark.parametrize(
    ("meanwhile", "result"),
    [
        (lambda _: None, APPLIED),
        (_same, UNCHANGED),
        (lambda vas: vas.edit(*KEY, priority=7), CONFLICT),
        (_refusing, REFUSED),
        (_failing, UNKNOWN),
        (_unreadable, NOT_SENT),
    ],
)
def test_the_journal_has_what_the_caller_was_told(
    meanwhile: Callable[[FaultyVas], None],
    result: CellResult,
    journal: Journal,
) -> None:
    with assigned() as vas:
        before = must_read(vas)
        meanwhile(vas)
        assert writer_of(vas, journal).save(KEY, before, WISH).result is result
        record, cell = newest(journal)
        assert (record.who, cell.change.before, cell.change.desired) == (WHO.name, before, WISH)
        assert cell.result is result
        read = result in (
            APPLIED,
            UNCHANGED,
            CONFLICT,
            UNKNOWN,
        )
        assert cell.read == read
        vas.heal()
        assert cell.after == (must_read(vas) if read else None)


def test_a_save_waits_for_three_writes_of_the_journal(journal: Journal) -> None:
    written: list[str] = []
    engine = journal._store.opened().database.engine

    @event.listens_for(engine, "commit")
    def _commit(connection: Connection) -> None:
        if connection.get_execution_options().get("writing"):
            states = connection.exec_driver_sql("SELECT state FROM journal_change_sets").scalars()
            results = connection.exec_driver_sql("SELECT result FROM journal_cells").scalars()
            written.append(" ".join([*states, *results]))

    with assigned() as vas:
        assert writer_of(vas, journal).save(KEY, must_read(vas), WISH).result is APPLIED
    # Recorded before the VAS is asked, marked before the write goes out, ended with the outcome.
    assert written == [
        f"{State.APPLYING} {NOT_SENT}",
        f"{State.APPLYING} {SENT}",
        f"{State.FINISHED} {APPLIED}",
    ]


def test_who_dies_while_saving_leaves_a_change_set_that_can_be_resumed(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with assigned() as vas:
        operations = Operations(client_of(vas), journal)
        changes = ChangeSet((CellChange(KEY, must_read(vas), WISH),))
        with monkeypatch.context() as patch:
            patch.setattr(Application, "run", die)
            with pytest.raises(KeyboardInterrupt):
                operations.apply_at_once(changes, by=WHO)
        record, cell = newest(journal)
        assert (record.state, cell.result) == (State.APPLYING, NOT_SENT)
        assert not journal.is_applied_now(record.id)
        resumed = operations.resume(record.id, WHO)
        assert (resumed.record.state, resumed.record.note) == (State.STOPPED, "interrupted")
        assert [change.key for change in resumed.rest.changes] == [KEY]
        assert writes(vas) == 0


def test_a_write_that_ends_after_the_answer_is_still_settled_in_the_journal(
    journal: Journal,
) -> None:
    with assigned() as vas:
        current = must_read(vas)
        arrived, gate = threading.Event(), threading.Event()

        def hold() -> None:
            arrived.set()
            gate.wait(AMPLE_S)

        on_the(1, "PATCH", vas, hold)
        writer = writer_of(vas, journal, 1.0)
        outcome = writer.save(KEY, current, WISH)
        assert arrived.is_set()
        assert outcome.result is UNKNOWN
        assert newest(journal)[1].result is SENT
        gate.set()
        eventually(lambda: newest(journal)[0].state is State.FINISHED)
        assert newest(journal)[1].result is APPLIED
        assert newest(journal)[1].after == must_read(vas)


def test_a_cell_that_another_change_set_is_about_to_change_is_left_alone(journal: Journal) -> None:
    with assigned() as vas:
        current = must_read(vas)
        other = journal.record(ChangeSet((CellChange(KEY, current, None),)), "lee")
        with journal.locked(other):
            journal.begin(other)
            outcome = writer_of(vas, journal).save(KEY, current, WISH)
        assert outcome == Outcome(NOT_SENT, f"change set {other} is changing it just now")
        assert writes(vas) == 0


def test_nothing_is_sent_while_the_journal_is_read_only(journal: Journal, tmp_path: Path) -> None:
    journal.history()
    read_only = Journal(f"sqlite:///file:{tmp_path / 'journal.db'}?mode=ro&uri=true")
    with assigned() as vas:
        outcome = writer_of(vas, read_only).save(KEY, must_read(vas), WISH)
        assert outcome == Outcome(
            NOT_SENT,
            "the journal cannot be written: attempt to write a readonly database",
        )
        assert writes(vas) == 0
    assert journal.history().items == ()
    read_only.close()


def test_nothing_is_sent_when_the_disk_of_the_journal_is_full(journal: Journal) -> None:
    with assigned() as vas:
        current = must_read(vas)
        writer = writer_of(vas, journal)
        with journal._store.write() as connection:
            connection.exec_driver_sql(
                "CREATE TRIGGER full BEFORE INSERT ON journal_change_sets "
                "BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END"
            )
        outcome = writer.save(KEY, current, WISH)
        assert outcome == Outcome(
            NOT_SENT, "the journal cannot be written: database or disk is full"
        )
        assert writes(vas) == 0


def test_a_journal_that_cannot_be_written_after_the_write_leaves_the_cell_unknown(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise JournalError("the journal cannot be written: database or disk is full")

    with assigned() as vas:
        current = must_read(vas)
        on_the(1, "PATCH", vas, lambda: monkeypatch.setattr(journal, "end", full))
        outcome = writer_of(vas, journal).save(KEY, current, WISH)
        assert outcome.result is UNKNOWN
        assert outcome.reason == "the journal cannot be written: database or disk is full"
        assert newest(journal)[1].result is SENT


def test_a_locked_journal_holds_nobody_up_and_nothing_is_sent_later(
    journal: Journal, tmp_path: Path
) -> None:
    journal.history()
    other = sqlite3.connect(tmp_path / "journal.db", isolation_level=None)
    with assigned() as vas:
        current = must_read(vas)
        writer = writer_of(vas, journal, 0.3, at_once=1)
        other.execute("BEGIN IMMEDIATE")
        outcome = writer.save(KEY, current, WISH)
        other.execute("ROLLBACK")
        assert outcome == Outcome(NOT_SENT, "the journal did not answer within 0.3 s")
        eventually(lambda: writer._slots.acquire(blocking=False))  # the thread has ended
        assert writes(vas) == 0
        record, cell = newest(journal)
        assert (record.state, record.note) == (State.STOPPED, "cancelled")
        assert cell.result is NOT_SENT
    other.close()


def test_a_reason_that_is_required_and_missing_is_told(journal: Journal) -> None:
    with assigned() as vas:
        operations = Operations(client_of(vas), journal, reason="required")
        writer = Saver(operations, AMPLE_S)
        current = must_read(vas)
        assert writer.save(KEY, current, WISH) == Outcome(NOT_SENT, "a change set needs a reason")
        assert writer.save(KEY, current, WISH, why="lens broken").result is APPLIED
