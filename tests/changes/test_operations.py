from __future__ import annotations

import re
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.changes.support import drafted, keys_of, operations_on, stored, writes
from tests.fakes.clients import API_KEY
from tests.fakes.faulty_vas import RTSP_PASSWORD, SQL_TEXT, Fault, FaultyVas, assignment, site
from tests.fakes.people import KIM, LEE
from vas_dash.backend.client import VasClient
from vas_dash.changes import apply as application
from vas_dash.changes.operations import Operations, Progress
from vas_dash.domain.changes import CellChange, ChangeSet, DesiredChange, plan
from vas_dash.domain.entities import CellIntent, CellKey
from vas_dash.domain.records import CellRecord, CellResult, ChangeSetRecord, State
from vas_dash.errors import BusyError, JournalError, ReasonNeededError, UnknownChangeSetError
from vas_dash.journal import Journal

OFF = DesiredChange(enabled=False)
FPS = DesiredChange(desired_fps=29, set_parameters={"zone": 3})


def small() -> FaultyVas:
    """4 cameras, 3 models, 9 assignments."""
    return FaultyVas(**site(4, 3, 9))


def free_keys(vas: FaultyVas) -> list[CellKey]:
    return sorted(
        {CellKey(camera, model) for camera in vas.cameras for model in vas.models}
        - set(keys_of(vas))
    )


def result_of(journal: Journal, number: int) -> dict[CellKey, CellRecord]:
    return {cell.change.key: cell for cell in journal.cells(number)}


def on_the(nth: int, method: str, vas: FaultyVas, act: Callable[[], None]) -> None:
    """Do `act` when the nth request of that method from now on arrives, before it is answered."""
    seen = 0
    lock = threading.Lock()

    def maybe(its_method: str, _endpoint: str) -> None:
        nonlocal seen
        with lock:
            seen += its_method == method
            if its_method == method and seen == nth:
                act()  # with the lock: a request beside it comes after what is done here

    vas.on_request = maybe


def applied(
    operations: Operations, keys: list[CellKey], desired: DesiredChange, **how: Any
) -> ChangeSetRecord:
    number = operations.submit(drafted(operations, keys, desired), by=KIM)
    return operations.apply(number, **how)


def test_cells_are_changed_assigned_and_taken_away(both: Journal) -> None:
    with small() as vas:
        operations = operations_on(vas, both)
        used, free = keys_of(vas), free_keys(vas)
        desired_changes = {
            **dict.fromkeys(used[:3], FPS),
            **dict.fromkeys(used[3:5], DesiredChange(remove=True)),
            **dict.fromkeys(free, DesiredChange.exactly(CellIntent(False, 7, 8, {"a": 1}))),
        }
        number = operations.submit(
            plan(operations.read_fleet(), desired_changes), by=KIM, why=" why "
        )
        record = operations.apply(number)
        assert (record.state, record.note, record.why) == (State.FINISHED, None, "why")
        assert record.tally == {CellResult.APPLIED: len(desired_changes)}
        assert writes(vas) == len(desired_changes)
        now = stored(vas)
        assert [now[key] for key in free] == [(False, 7, 8, {"a": 1})] * len(free)
        assert not set(used[3:5]) & set(now)
        for key in used[:3]:
            assert now[key][1] == 29
            assert now[key][3] == {"threshold": 0.5, "classes": ["person", "helmet"], "zone": 3}
        for key, cell in result_of(both, number).items():
            current = operations.read_fleet().cell(*key).assignment
            assert (cell.result, cell.read, cell.after) == (CellResult.APPLIED, True, current)


def test_applying_and_undoing_gives_the_start(both: Journal) -> None:
    with small() as vas:
        operations = operations_on(vas, both)
        before = stored(vas)
        keys = [*keys_of(vas), *free_keys(vas)]
        desired_changes = {
            key: (DesiredChange(remove=True), DesiredChange(enabled=True, desired_fps=3), OFF)[
                at % 3
            ]
            for at, key in enumerate(keys)
        }
        number = operations.submit(plan(operations.read_fleet(), desired_changes), by=KIM)
        operations.apply(number)
        assert stored(vas) != before
        undo = operations.submit(
            operations.undo(number, KIM),
            by=KIM,
            source=f"undo of {number}",
        )
        assert operations.apply(undo).state is State.FINISHED
        assert stored(vas) == before
        redo = operations.submit(
            operations.undo(undo, KIM),
            by=KIM,
        )
        assert operations.apply(redo).tally == operations.apply(number).tally


def test_undo_leaves_cells_that_were_changed_since(journal: Journal) -> None:
    with small() as vas:
        operations = operations_on(vas, journal)
        keys = keys_of(vas)
        applied(operations, keys, FPS)
        vas.edit(*keys[2], priority=99)
        record_id = journal.history().items[0].id
        undo = operations.submit(
            operations.undo(record_id, KIM),
            by=KIM,
        )
        assert operations.apply(undo).tally == {CellResult.APPLIED: 8, CellResult.CONFLICT: 1}
        conflict = result_of(journal, undo)[keys[2]]
        assert conflict.after is not None
        assert (conflict.after.priority, conflict.after.desired_fps) == (99, 29)
        assert stored(vas)[keys[2]][1:3] == (29, 99)


def test_what_is_no_longer_as_drafted_is_a_conflict_and_not_touched(journal: Journal) -> None:
    with small() as vas:
        operations = operations_on(vas, journal)
        keys, free = keys_of(vas), free_keys(vas)
        draft = drafted(operations, [*keys, *free], DesiredChange(enabled=True, desired_fps=29))
        vas.edit(*keys[0], priority=42)
        vas.edit(*keys[1], desired_fps=29, enabled=True)
        gone = vas.cell(*keys[2])
        assert gone is not None
        del vas.assignments[gone["id"]]
        vas.put(assignment(*free[0], desired_fps=4))
        number = operations.submit(draft, by=KIM)
        record = operations.apply(number)
        results = result_of(journal, number)
        conflicts = {key for key, cell in results.items() if cell.result is CellResult.CONFLICT}
        assert conflicts == {keys[0], keys[2], free[0]}
        assert results[keys[1]].result is CellResult.UNCHANGED
        assert results[keys[1]].message == (
            "changed elsewhere since it was drafted, and already as desired"
        )
        assert results[keys[2]].read
        assert results[keys[2]].after is None
        assert record.tally[CellResult.APPLIED] == len(results) - 4
        now = stored(vas)
        assert now[keys[0]][2] == 42
        assert now[free[0]][1] == 4
        assert keys[2] not in now


def test_what_changes_under_way_is_a_conflict_and_not_touched(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A read between two writes is affordable, however slow this machine is.
    monkeypatch.setattr("vas_dash.changes.apply.FREE_READING_S", 3600.0)
    with small() as vas:
        operations = operations_on(vas, journal, concurrency=1)
        last = keys_of(vas)[-1]
        on_the(2, "PATCH", vas, lambda: vas.edit(*last, desired_fps=2))
        record = applied(operations, keys_of(vas), FPS)
        assert record.tally == {CellResult.APPLIED: 8, CellResult.CONFLICT: 1}
        assert vas.cell(*last)["desired_fps"] == 2  # type: ignore[index]
        assert writes(vas) == 8


def test_somebody_elses_row_in_a_201_and_a_409_are_conflicts(journal: Journal) -> None:
    with small() as vas:
        operations = operations_on(vas, journal)
        mine, other, *_ = free_keys(vas)

        def come_first() -> None:
            vas.put(assignment(*mine, desired_fps=9))
            vas.put(assignment(*other, enabled=False))

        on_the(1, "POST", vas, come_first)
        record = applied(operations, [mine, other], DesiredChange(enabled=True, desired_fps=3))
        assert record.tally == {CellResult.CONFLICT: 2}
        assert stored(vas)[mine][1] == 9
        number = record.id
        assert {cell.message for cell in journal.cells(number)} == {"changed elsewhere under way"}


def test_a_later_change_of_somebody_else_is_a_conflict_after_the_write(journal: Journal) -> None:
    with small() as vas:
        operations = operations_on(vas, journal)
        key = keys_of(vas)[0]
        draft = drafted(operations, [key], FPS)
        number = operations.submit(draft, by=KIM)
        on_the(2, "GET", vas, lambda: vas.edit(*key, desired_fps=2))
        assert operations.apply(number).tally == {CellResult.OVERWRITTEN: 1}
        (cell,) = journal.cells(number)
        assert cell.message == "written, and changed elsewhere since"
        assert cell.after is not None
        assert cell.after.desired_fps == 2


def test_applying_again_sends_nothing(journal: Journal) -> None:
    with small() as vas:
        operations = operations_on(vas, journal)
        record = applied(operations, keys_of(vas), FPS)
        before, sent = stored(vas), writes(vas)
        key = keys_of(vas)[0]
        vas.edit(*key, desired_fps=2)
        assert operations.apply(record.id) == record
        assert operations_on(vas, journal).apply(record.id) == record
        assert writes(vas) == sent
        assert stored(vas) == before | {key: (before[key][0], 2, *before[key][2:])}


def test_a_change_set_that_is_being_applied_is_busy(journal: Journal) -> None:
    with small() as vas:
        operations = operations_on(vas, journal)
        number = operations.submit(drafted(operations, keys_of(vas), FPS), by=KIM)
        with journal.locked(number):
            with pytest.raises(BusyError):
                operations.apply(number)
            with pytest.raises(BusyError):
                operations.resume(number, KIM)
        with pytest.raises(UnknownChangeSetError):
            operations.apply(number + 1)
        assert writes(vas) == 0


def test_what_the_vas_refuses_blocks_only_itself(journal: Journal) -> None:
    with small() as vas:
        operations = operations_on(vas, journal)
        keys = keys_of(vas)
        good = drafted(operations, keys[1:], FPS).changes
        before = operations.read_fleet().cell(*keys[0]).assignment
        assert before is not None
        bad = CellChange(keys[0], before, CellIntent(True, 31))
        record = operations.apply(operations.submit(ChangeSet((bad, *good)), by=KIM))
        assert record.tally == {CellResult.APPLIED: 8, CellResult.REFUSED: 1}
        assert journal.cells(record.id)[0].message == (
            "Validation error; desired_fps: Out of range"
        )
        again = operations.retry(record.id, KIM)
        assert [change.key for change in again.changes] == []
        assert [one.key for one in again.blocked] == [keys[0]]


def test_no_more_writes_are_under_way_than_allowed(journal: Journal) -> None:
    with FaultyVas(**site(10, 5, 50)) as vas:
        lock, full, release = threading.Lock(), threading.Event(), threading.Event()
        now = most = 0

        def count(method: str, _endpoint: str) -> None:
            nonlocal now, most
            if method != "PATCH":
                return
            with lock:
                now += 1
                most = max(most, now)
                if now == 3:
                    full.set()
            release.wait(30)
            with lock:
                now -= 1

        vas.on_request = count
        operations = operations_on(vas, journal, concurrency=3)

        def let_go() -> None:
            full.wait(30)
            release.set()

        threading.Thread(target=let_go, daemon=True).start()
        assert applied(operations, keys_of(vas), FPS).tally == {CellResult.APPLIED: 50}
        assert most == 3


def test_a_cell_is_marked_before_its_write_arrives(journal: Journal) -> None:
    with FaultyVas(**site(8, 5, 40)) as vas:
        operations = operations_on(vas, journal, concurrency=4)
        number = operations.submit(drafted(operations, keys_of(vas), FPS), by=KIM)
        watching = Journal(journal._store._url.render_as_string())
        arrived, marked = 0, []
        lock = threading.Lock()

        def look(method: str, _endpoint: str) -> None:
            nonlocal arrived
            if method == "PATCH":
                with lock:
                    arrived += 1
                    record = watching.change_set(number)
                    assert record is not None
                    untouched = record.tally.get(CellResult.NOT_SENT, 0)
                    marked.append(40 - untouched >= arrived)

        vas.on_request = look
        operations.apply(number)
        assert marked == [True] * 40
        watching.close()


def test_cancel_stops_new_writes_at_once(journal: Journal) -> None:
    with FaultyVas(**site(20, 5, 100)) as vas:
        cancelled = threading.Event()
        on_the(10, "PATCH", vas, cancelled.set)
        operations = operations_on(vas, journal, concurrency=4)
        record = applied(operations, keys_of(vas), FPS, cancelled=cancelled.is_set)
        assert (record.state, record.note) == (State.STOPPED, "cancelled")
        done = record.tally[CellResult.APPLIED]
        assert 10 <= done == writes(vas) <= 14
        assert record.tally[CellResult.NOT_SENT] == 100 - done
        vas.on_request = None
        rest = operations.resume(record.id, KIM)
        assert rest.record.tally == record.tally
        assert len(rest.rest.changes) == 100 - done
        finished = operations.apply(operations.submit(rest.rest, by=KIM))
        assert finished.tally == {CellResult.APPLIED: 100 - done}
        assert {row[1] for row in stored(vas).values()} == {29}
        assert writes(vas) == 100


def test_progress_grows_to_the_whole(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(application, "TICK_S", 0.0)
    seen: list[Progress] = []
    with FaultyVas(**site(10, 5, 50)) as vas:
        operations = operations_on(vas, journal)
        applied(operations, keys_of(vas), FPS, on_progress=seen.append)
    assert {one.total for one in seen} == {50}
    assert [one.done for one in seen] == sorted(one.done for one in seen)
    assert (seen[0].stage, seen[0].done) == ("reading", 0)
    assert (seen[-1].stage, seen[-1].done, seen[-1].left_s) == ("done", 50, 0.0)
    assert seen[-1].tally == {CellResult.APPLIED: 50}
    assert all(sum(one.tally.values()) == 50 for one in seen)


def test_a_fleet_that_cannot_be_read_is_not_written_and_can_be_applied_later(
    journal: Journal,
) -> None:
    with small() as vas:
        operations = operations_on(vas, journal)
        number = operations.submit(drafted(operations, keys_of(vas), FPS), by=KIM)
        vas.fault("assignments", Fault.FAIL_JSON)
        record = operations.apply(number)
        assert (record.state, record.note) == (
            State.READY,
            "the VAS failed (500)",
        )
        assert record.tally == {CellResult.NOT_SENT: 9}
        assert writes(vas) == 0
        vas.heal()
        assert operations.apply(number).tally == {CellResult.APPLIED: 9}


def test_a_vas_that_goes_away_half_way_leaves_the_rest_unsent(journal: Journal) -> None:
    with FaultyVas(**site(20, 5, 100)) as vas:
        operations = operations_on(vas, journal, concurrency=2)
        on_the(30, "PATCH", vas, vas.stop)
        record = applied(operations, keys_of(vas), FPS)
        assert record.state is State.STOPPED
        assert record.tally[CellResult.NOT_SENT] >= 60
        vas.on_request = None
        vas.start()
        reopened = operations.resume(record.id, KIM)
        truth = stored(vas)
        for key, cell in result_of(journal, record.id).items():
            assert ("zone" in truth[key][3]) == (cell.result is CellResult.APPLIED)
        # What may still be on its way is not offered.
        doubtful = reopened.record.tally.get(CellResult.UNKNOWN, 0)
        left = [key for key, row in truth.items() if "zone" not in row[3]]
        assert len(reopened.rest.changes) + doubtful == len(left)
        assert writes(vas) <= 33


@pytest.mark.parametrize("fault", [Fault.FAIL_TEXT, Fault.FAIL_JSON, Fault.CLOSE, Fault.HANG])
def test_writes_without_a_plain_answer_are_unknown_and_the_rest_is_not_sent(
    fault: Fault, journal: Journal, caplog: pytest.LogCaptureFixture
) -> None:
    with FaultyVas(**site(10, 4, 40)) as vas:
        timeout_s = 1.0 if fault is Fault.HANG else 30.0
        operations = operations_on(vas, journal, concurrency=3, timeout_s=timeout_s)
        number = operations.submit(drafted(operations, keys_of(vas), FPS), by=KIM)
        vas.fault("writes", fault)
        record = operations.apply(number)
        sent = writes(vas)
        assert record.state is State.STOPPED
        assert record.tally[CellResult.UNKNOWN] == sent <= 2 * 3 + 3
        assert record.tally[CellResult.NOT_SENT] == 40 - sent
        assert writes(vas) == sent
    assert caplog.records == []


def test_writes_that_are_done_without_an_answer_are_proved_by_the_read(journal: Journal) -> None:
    with small() as vas:
        operations = operations_on(vas, journal, timeout_s=1.0)
        number = operations.submit(drafted(operations, keys_of(vas), FPS), by=KIM)
        vas.fault("writes", Fault.DONE_UNSAID)
        assert operations.apply(number).tally == {CellResult.APPLIED: 9}
        assert writes(vas) == 9


def test_a_write_without_an_answer_is_offered_again_once_it_cannot_be_on_its_way(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    with small() as vas:
        operations = operations_on(vas, journal)
        key = keys_of(vas)[0]
        number = operations.submit(drafted(operations, [key], FPS), by=KIM)
        vas.fault("writes", Fault.CLOSE)
        assert operations.apply(number).tally == {CellResult.UNKNOWN: 1}
        vas.heal()
        assert operations.resume(number, KIM).rest == ChangeSet()
        monkeypatch.setattr(VasClient, "call_limit_s", 0.0)
        assert [one.key for one in operations.resume(number, KIM).rest.changes] == [key]


def test_a_write_that_is_stored_late_is_sent_and_not_stored_until_it_is(journal: Journal) -> None:
    with small() as vas:
        operations = operations_on(vas, journal, timeout_s=1.0)
        key = keys_of(vas)[0]
        number = operations.submit(drafted(operations, [key], FPS), by=KIM)
        vas.fault("writes", Fault.CLOSE)
        first = operations.apply(number)
        assert first.tally == {CellResult.UNKNOWN: 1}
        vas.heal()
        for _ in range(2):
            again = operations.resume(number, KIM)
            (cell,) = journal.cells(number)
            assert (cell.result, cell.read) == (CellResult.UNKNOWN, True)
            assert re.fullmatch(r"sent; not stored as of \S{10} \S{8} UTC", str(cell.message))
            assert again.record.ended_at == first.ended_at
        held = vas.cell(*key)
        assert held is not None
        parameters = {**(held["parameters"] or {}), "zone": 3}
        vas.edit(*key, desired_fps=29, parameters=parameters)
        last = operations.resume(number, KIM)
        (cell,) = journal.cells(number)
        assert (cell.result, cell.message) == (CellResult.APPLIED, "confirmed later")
        assert last.record.ended_at == first.ended_at
        assert writes(vas) == 1


def test_a_vas_that_says_done_and_stores_nothing_is_told_so(journal: Journal) -> None:
    with small() as vas:
        operations = operations_on(vas, journal)
        number = operations.submit(drafted(operations, keys_of(vas), FPS), by=KIM)
        vas.stores_nothing = True
        record = operations.apply(number)
        assert record.tally == {CellResult.UNKNOWN: 9}
        assert {cell.message for cell in journal.cells(number)} == {
            "sent; the VAS said done and holds the old value"
        }


def test_what_cannot_be_read_again_is_unknown_until_it_is_reopened(journal: Journal) -> None:
    with small() as vas:
        operations = operations_on(vas, journal)
        number = operations.submit(drafted(operations, keys_of(vas), FPS), by=KIM)
        on_the(1, "PATCH", vas, lambda: vas.fault("assignments", Fault.FAIL_JSON))
        assert operations.apply(number).tally == {CellResult.UNKNOWN: 9}
        vas.heal()
        vas.edit(*keys_of(vas)[0], desired_fps=2)
        reopened = operations.resume(number, KIM)
        assert reopened.record.tally == {CellResult.APPLIED: 8, CellResult.CONFLICT: 1}
        assert reopened.record.state is State.FINISHED
        assert reopened.rest == ChangeSet()
        assert writes(vas) == 9


def test_who_died_before_the_end_was_written_is_finished_when_reopened(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with small() as vas:
        operations = operations_on(vas, journal)
        number = operations.submit(drafted(operations, keys_of(vas), FPS), by=KIM)
        with monkeypatch.context() as patch:
            patch.setattr(journal, "end", die)
            with pytest.raises(KeyboardInterrupt):
                operations.apply(number)
        assert operations.apply(number).state is State.APPLYING
        record = operations.resume(number, KIM).record
        assert (record.state, record.note) == (State.FINISHED, None)
        assert record.tally == {CellResult.APPLIED: 9}
        asked = vas.total_count
        assert operations.resume(number, KIM).record == record
        assert vas.total_count == asked


def test_cells_that_others_are_about_to_change_are_conflicts(journal: Journal) -> None:
    with small() as vas:
        operations = operations_on(vas, journal)
        keys = keys_of(vas)
        first = operations.submit(drafted(operations, keys[:5], OFF), by=LEE)
        second = operations.submit(drafted(operations, keys[3:], FPS), by=KIM)
        with journal.locked(first):
            journal.begin(first)
            record = operations.apply(second)
        inflight = {cell.change.key for cell in journal.cells(first)} & set(keys[3:])
        conflicts = [c for c in journal.cells(second) if c.result is CellResult.CONFLICT]
        assert {cell.change.key for cell in conflicts} == inflight
        assert {cell.message for cell in conflicts} <= {
            f"change set {first} is changing it just now"
        }
        assert record.tally[CellResult.APPLIED] == 6 - len(inflight)


def test_a_fleet_that_is_read_in_part_leaves_the_unknown_cells_alone(journal: Journal) -> None:
    with FaultyVas(**site(10, 3, 30)) as vas:
        operations = operations_on(vas, journal)
        draft = drafted(operations, keys_of(vas), FPS)
        number = operations.submit(draft, by=KIM)
        vas.fault("assignments", Fault.ONE_WRONG_ROW)
        record = operations.apply(number)
        assert record.tally[CellResult.NOT_SENT] == 1
        unsent = next(c for c in journal.cells(number) if c.result is CellResult.NOT_SENT)
        assert str(unsent.message).startswith(
            "the cell is unknown: the VAS gave a row with a fault"
        )
        assert writes(vas) == 29


class Broken(Journal):
    """A journal that fails in one of its methods."""

    broken = ""

    def mark_sent(self, *arguments: Any) -> None:
        if self.broken == "mark_sent":
            raise JournalError("the journal cannot be written: database is locked")
        super().mark_sent(*arguments)

    def begin(self, change_set_id: int) -> dict[CellKey, int]:
        if self.broken == "begin":
            raise JournalError("the journal cannot be written: database is locked")
        return super().begin(change_set_id)


@pytest.mark.parametrize("step", ["begin", "mark_sent"])
def test_nothing_is_sent_when_the_journal_cannot_be_written(tmp_path: Path, step: str) -> None:
    journal = Broken(f"sqlite:///{tmp_path / 'j.db'}")
    with small() as vas:
        operations = operations_on(vas, journal)
        number = operations.submit(drafted(operations, keys_of(vas), FPS), by=KIM)
        journal.broken = step
        with pytest.raises(JournalError):
            operations.apply(number)
        assert writes(vas) == 0
        journal.broken = ""
        reopened = operations.resume(number, KIM)
        ready = number if step == "begin" else operations.submit(reopened.rest, by=KIM)
        assert operations.apply(ready).tally == {CellResult.APPLIED: 9}
    journal.close()


def test_a_read_only_journal_stops_the_change_and_still_shows_history(tmp_path: Path) -> None:
    path = tmp_path / "j.db"
    writable = Journal(f"sqlite:///{path}")
    with small() as vas:
        operations = operations_on(vas, writable)
        draft = drafted(operations, keys_of(vas), FPS)
        number = operations.submit(draft, by=KIM)
        read_only = Journal(f"sqlite:///file:{path}?mode=ro&uri=true")
        blocked = operations_on(vas, read_only)
        with pytest.raises(JournalError, match="cannot be written: attempt to write a readonly"):
            blocked.submit(draft, by=KIM)
        with pytest.raises(JournalError):
            blocked.apply(number)
        assert [item.id for item in read_only.history().items] == [number]
        assert writes(vas) == 0
        read_only.close()
    writable.close()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "tmpfs", folder], capture_output=True)
    if mounted.returncode:
        pytest.skip("only root can mount a disk")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.mark.parametrize("died", [False, True])
def test_history_can_be_read_on_a_disk_that_became_read_only(
    disk: Path, tmp_path: Path, died: bool
) -> None:
    url = f"sqlite:///{disk / 'j.db'}"
    with small() as vas:
        writable = Journal(f"sqlite:///{tmp_path / 'j.db'}")
        operations = operations_on(vas, writable)
        draft = drafted(operations, keys_of(vas), FPS)
        number = operations.submit(draft, by=KIM)
        if not died:
            writable.close()
        for file in tmp_path.glob("j.db*"):
            shutil.copy(file, disk)
        writable.close()
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        later = Journal(url)
        assert [item.id for item in later.history().items] == [number]
        assert len(later.cells(number)) == 9
        assert not later.is_applied_now(number)
        blocked = operations_on(vas, later)
        for _ in range(2):
            with pytest.raises(JournalError, match="cannot be written: Read-only file system"):
                blocked.submit(draft, by=KIM)
        assert later.change_set(number) is not None
        subprocess.run(["mount", "-o", "remount,rw", disk], check=True)
        assert blocked.submit(draft, by=KIM) == number + 1
        assert len(later.history().items) == 2
        later.close()


@pytest.mark.parametrize(("rule", "kept"), [("off", None), ("optional", "lens broken")])
def test_a_reason_is_kept_or_not_asked_for(rule: Any, kept: str | None, journal: Journal) -> None:
    with small() as vas:
        operations = operations_on(vas, journal, reason=rule)
        number = operations.submit(ChangeSet(), by=KIM, why="lens broken")
        record = journal.change_set(number)
        assert record is not None
        assert record.why == kept


def test_reasons_are_kept_as_one_plain_line(both: Journal) -> None:
    with small() as vas:
        operations = operations_on(vas, both)
        number = operations.submit(ChangeSet(), by=KIM, why="lens\n broken\ud800 " * 99)
        record = both.change_set(number)
        assert record is not None
        assert record.who == "kim"
        assert record.why is not None
        assert record.why.startswith("lens broken lens broken")
        assert len(record.why) == 500


def test_a_required_reason_must_be_there(journal: Journal) -> None:
    with small() as vas:
        operations = operations_on(vas, journal, reason="required")
        for why in (None, "", "  "):
            with pytest.raises(ReasonNeededError):
                operations.submit(ChangeSet(), by=KIM, why=why)
        assert journal.history().items == ()


def test_no_secret_gets_into_the_journal(tmp_path: Path) -> None:
    journal = Journal(f"sqlite:///{tmp_path / 'j.db'}")
    with small() as vas:
        operations = operations_on(vas, journal)
        applied(operations, keys_of(vas)[:4], FPS)
        number = operations.submit(drafted(operations, keys_of(vas), OFF), by=KIM)
        vas.fault("writes", Fault.FAIL_JSON)
        operations.apply(number)
    journal.close()
    everything = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"kim" in everything
    for secret in (API_KEY, RTSP_PASSWORD, SQL_TEXT, "rtsp:"):
        assert secret.encode() not in everything
