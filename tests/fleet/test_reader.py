from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.fakes.clients import API_KEY, SLOW, client_of, patience_s
from tests.fakes.faulty_vas import RTSP_PASSWORD, SQL_TEXT, Fault, FaultyVas, site
from vas_dash.backend import sweeps
from vas_dash.domain.entities import Assignment, CellKey
from vas_dash.domain.fleet import CellState, Completeness, FleetSnapshot, Part
from vas_dash.domain.text import moment
from vas_dash.fleet import reader as reader_module
from vas_dash.fleet.reader import FleetReader

LONG_S = 60.0
"""No test waits for so long; it is how long a read may take on a busy machine."""


class Clock:
    """Time that passes only when a test says so."""

    def __init__(self) -> None:
        self.seconds = 1000.0
        self.stepped_back = timedelta()

    def __call__(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        passed = timedelta(seconds=self.seconds)
        return datetime(2026, 11, 22, 12, tzinfo=UTC) + passed - self.stepped_back


def eventually(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LONG_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


class Readers:
    """Makes readers, and waits at the end until none of them reads any more."""

    def __init__(self) -> None:
        self._made: list[FleetReader] = []

    def __call__(
        self, vas: FaultyVas, clock: Clock | None = None, timeout_s: float = 30.0
    ) -> FleetReader:
        clock = clock or Clock()
        reader = FleetReader(client_of(vas, timeout_s), 10.0, clock=clock, now=clock.now)
        self._made.append(reader)
        return reader

    def finish(self) -> None:
        for reader in self._made:
            reader.close()
        eventually(lambda: all(reader._began is None for reader in self._made))


@pytest.fixture
def reader_of() -> Iterator[Readers]:
    readers = Readers()
    yield readers
    readers.finish()


def holding(gate: threading.Event) -> Callable[[str, str], None]:
    """Keeps every request waiting until the gate opens."""

    def hold(*_: str) -> None:
        gate.wait(LONG_S)

    return hold


def read_again(reader: FleetReader, clock: Clock, by_s: float = 11.0) -> FleetSnapshot:
    """What a sweep leaves that begins `by_s` from now."""
    before = reader.current()
    clock.seconds += by_s
    reader.current()
    eventually(lambda: reader.current().taken_at > before.taken_at)
    return reader.current()


def parts(snapshot: FleetSnapshot) -> dict[str, Part[Any]]:
    return {
        "cameras": snapshot.cameras,
        "models": snapshot.models,
        "assignments": snapshot.assignments,
    }


def a_key(vas: FaultyVas) -> CellKey:
    row = next(iter(vas.assignments.values()))
    return CellKey(row["camera_id"], row["model_id"])


def test_the_first_look_waits_for_the_first_sweep(reader_of: Readers) -> None:
    with FaultyVas(**site(5, 2, 6)) as vas:
        snapshot = reader_of(vas).current(LONG_S)
        assert snapshot.is_complete
        assert len(snapshot.known_cameras) == 5
        assert snapshot.cell(*a_key(vas)).state is not CellState.UNKNOWN


def test_before_anything_was_read_everything_is_unknown(reader_of: Readers) -> None:
    with FaultyVas(**site(5, 2, 6)) as vas:
        vas.fault("all", Fault.HANG)
        reader = reader_of(vas)
        snapshot = reader.current()
        for part in parts(snapshot).values():
            assert part.completeness is Completeness.UNAVAILABLE
            assert part.reason == "the fleet has not been read yet"
        assert reader.current(0.01) is snapshot


NO_PART = (Fault.HALF_PAGES, Fault.DROP, Fault.WRONG_TYPES, Fault.ONE_WRONG_ROW)
"""What leaves no part of the fleet unknown, or single rows of it."""


@pytest.mark.parametrize("endpoint", ["cameras", "models", "assignments"])
@pytest.mark.parametrize("fault", [fault for fault in Fault if fault not in NO_PART])
def test_each_fault_leaves_its_part_unknown_with_its_reason_and_no_other(
    endpoint: str,
    fault: Fault,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    reader_of: Readers,
) -> None:
    if (endpoint, fault) in {
        ("models", Fault.ENDLESS),  # has no pages
        ("models", Fault.SAME_PAGE),
        ("cameras", Fault.LOST_ROWS),  # has no total
        ("cameras", Fault.TOTAL_TOO_SMALL),
    }:
        return
    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr(sweeps, "MAX_CAMERAS", 20)
    monkeypatch.setattr(sweeps, "MAX_ASSIGNMENTS", 20)
    monkeypatch.setattr(sweeps, "CAMERAS_PAGE_ROWS", 10)
    with FaultyVas(**site(5, 2, 6)) as vas:
        vas.fault(endpoint, fault)
        snapshot = reader_of(vas, timeout_s=patience_s(fault)).current(LONG_S)
        everything = {
            CellKey(row["camera_id"], row["model_id"]) for row in vas.assignments.values()
        }
    for name, part in parts(snapshot).items():
        if name == endpoint or fault not in SLOW:  # a busy machine may be slow as well
            assert part.is_complete == (name != endpoint), part.reason
        assert (part.reason is None) == part.is_complete
    if endpoint == "assignments":
        cells = [snapshot.cell(*key) for key in everything]
        assert CellState.UNASSIGNED not in [cell.state for cell in cells]
        assert snapshot.cell("anywhere", "else").state is CellState.UNKNOWN
        assert snapshot.cell("anywhere", "else").reason == snapshot.assignments.reason
    assert not [record for record in caplog.records if record.exc_info]
    assert [record.levelno for record in caplog.records].count(logging.WARNING) == 1
    for secret in (API_KEY, RTSP_PASSWORD, SQL_TEXT):
        assert secret not in caplog.text
        assert secret not in repr(snapshot)


@pytest.mark.parametrize("seen_before", [True, False])
def test_a_row_that_the_vas_fails_on_is_one_unknown_cell_and_no_other(
    reader_of: Readers, seen_before: bool
) -> None:
    clock = Clock()
    with FaultyVas(**site(5, 2, 6)) as vas:
        key = a_key(vas)
        reader = reader_of(vas, clock=clock)
        whole = reader.current(LONG_S)
        if not seen_before:
            reader = reader_of(vas, clock=clock)
        vas.bad_cells = {(key.camera_id, key.model_id)}
        found = read_again(reader, clock) if seen_before else reader.current(LONG_S)
    cell = found.cell(*key)
    assert (cell.state, cell.reason) == (CellState.UNKNOWN, "the VAS failed (500)")
    assert (cell.assignment is not None) is seen_before
    assert not found.is_complete
    others = [
        (camera.id, model.model_id)
        for camera in whole.cameras.items
        for model in whole.models.items
    ]
    for other in set(others) - {(key.camera_id, key.model_id)}:
        assert found.cell(*other).state is whole.cell(*other).state


def test_a_vas_that_refuses_is_asked_once_for_all_parts(
    monkeypatch: pytest.MonkeyPatch, reader_of: Readers
) -> None:
    def asked_again(*_: object) -> None:
        raise AssertionError

    with FaultyVas() as vas:
        vas.stop()
        reader = reader_of(vas)
        monkeypatch.setattr(reader._client, "assignments", asked_again)
        monkeypatch.setattr(reader._client, "models", asked_again)
        snapshot = reader.current(LONG_S)
        for part in parts(snapshot).values():
            assert part.reason == "the VAS refused the connection"


def test_what_was_seen_before_the_vas_went_away_is_remembered(reader_of: Readers) -> None:
    clock = Clock()
    with FaultyVas(**site(5, 2, 6)) as vas:
        reader = reader_of(vas, clock)
        before = reader.current(LONG_S)
        key = a_key(vas)
        vas.stop()
        gone = read_again(reader, clock)
        cell = gone.cell(*key)
        assert cell.state is CellState.UNKNOWN
        assert cell.reason == "the VAS refused the connection"
        assert cell.assignment == before.cell(*key).assignment
        assert cell.last_seen_at == before.taken_at
        assert len(gone.known_cameras) == 5
        vas.start()
        assert read_again(reader, clock).is_complete


def test_the_fleet_is_read_when_it_is_due_and_not_before(reader_of: Readers) -> None:
    clock = Clock()
    with FaultyVas(**site(5, 2, 6)) as vas:
        reader = reader_of(vas, clock)
        first = reader.current(LONG_S)
        clock.seconds += 9.0
        assert reader.current(0.01) is first
        assert vas.count("GET", "models") == 1
        assert read_again(reader, clock, 2.0).taken_at == clock.now()
        assert vas.count("GET", "models") == 2


def test_a_slow_vas_rests_ten_times_as_long(
    monkeypatch: pytest.MonkeyPatch, reader_of: Readers
) -> None:
    clock = Clock()
    with FaultyVas(**site(5, 2, 6)) as vas:
        reader = reader_of(vas, clock)
        monkeypatch.setattr(reader_module, "REST_FACTOR", 1_000_000)
        first = reader.current(LONG_S)
        clock.seconds += 1_000_000 * first.duration_s - 1
        assert reader.current() is first
        assert read_again(reader, clock, 2.0).is_complete


def test_all_browsers_share_one_sweep(reader_of: Readers) -> None:
    with FaultyVas(**site(5, 2, 6)) as vas:
        gate = threading.Event()
        vas.on_request = holding(gate)
        reader = reader_of(vas)
        seen: list[FleetSnapshot] = []
        threads = [
            threading.Thread(target=lambda: seen.append(reader.current(LONG_S))) for _ in range(16)
        ]
        for thread in threads:
            thread.start()
        gate.set()
        for thread in threads:
            thread.join()
        assert len({id(snapshot) for snapshot in seen}) == 1
        assert seen[0].is_complete
        assert vas.count("GET", "models") == 1


def test_a_look_does_not_wait_longer_than_it_says(reader_of: Readers) -> None:
    """The VAS hangs until the answer is there, so only the limit can have ended the wait."""
    with FaultyVas(**site(5, 2, 6)) as vas:
        vas.fault("all", Fault.HANG)
        reader = reader_of(vas)
        assert not reader.current(0.05).is_complete
        assert vas.count("GET", "cameras") <= 1
        vas.heal()


def test_a_look_after_an_hour_waits_for_the_sweep_but_a_usual_one_does_not(
    reader_of: Readers,
) -> None:
    clock = Clock()
    with FaultyVas(**site(5, 2, 6)) as vas:
        reader = reader_of(vas, clock)
        first = reader.current(LONG_S)
        gate = threading.Event()
        vas.on_request = holding(gate)
        clock.seconds += 11
        assert reader.current(LONG_S) is first  # one is running, and this one is good enough
        gate.set()
        eventually(lambda: reader.current() is not first)
        clock.seconds += 3600
        assert reader.current(LONG_S).taken_at == clock.now()


def test_a_picture_that_grew_too_old_is_not_shown_as_it_is(reader_of: Readers) -> None:
    clock = Clock()
    with FaultyVas(**site(5, 2, 6)) as vas:
        reader = reader_of(vas, clock)
        first = reader.current(LONG_S)
        key = a_key(vas)
        vas.fault("all", Fault.HANG)
        clock.seconds += 3600
        old = reader.current()
        said = moment(first.taken_at)
        assert old.cell(*key).state is CellState.UNKNOWN
        assert old.cell(*key).reason == f"the fleet was last read at {said}"
        assert old.cell(*key).assignment == first.cell(*key).assignment
        assert reader.current() is old
        began = moment(clock.now())
        clock.seconds += 10_000
        slow = reader.current()
        assert slow.assignments.reason == f"the VAS has been answering too slowly since {began}"
        assert slow.cell(*key).last_seen_at == first.taken_at
        vas.heal()


def test_a_whole_sweep_is_bounded(monkeypatch: pytest.MonkeyPatch, reader_of: Readers) -> None:
    monkeypatch.setattr(reader_module, "SWEEP_CALLS", 0.005)
    with FaultyVas(**site(5, 2, 6)) as vas:
        vas.fault("all", Fault.HANG)
        snapshot = reader_of(vas).current(LONG_S)
        for part in parts(snapshot).values():
            assert part.reason == "the VAS took longer than 0.3 s to be read"


def test_failure_and_recovery_are_each_told_once(
    caplog: pytest.LogCaptureFixture, reader_of: Readers
) -> None:
    caplog.set_level(logging.INFO)
    clock = Clock()
    with FaultyVas(**site(5, 2, 6)) as vas:
        reader = reader_of(vas, clock)
        reader.current(LONG_S)
        assert caplog.messages == []
        vas.stop()
        for _ in range(3):
            read_again(reader, clock)
        vas.start()
        for _ in range(2):
            read_again(reader, clock)
    assert caplog.messages == [
        "the fleet is not read in full: the VAS refused the connection",
        "the fleet is read in full again",
    ]


def test_a_saved_cell_is_shown_until_a_later_sweep_has_read_it(reader_of: Readers) -> None:
    clock = Clock()
    with FaultyVas(**site(5, 2, 6)) as vas:
        reader = reader_of(vas, clock)
        first = reader.current(LONG_S)
        key = a_key(vas)
        clock.seconds += 1
        reader.record_read(key, None, clock.now())
        assert reader.current().cell(*key).state is CellState.UNASSIGNED
        assert first.cell(*key).state is not CellState.UNASSIGNED
        assert read_again(reader, clock).cell(*key).state is not CellState.UNASSIGNED


def test_a_sweep_that_began_before_a_save_does_not_take_it_back(reader_of: Readers) -> None:
    clock = Clock()
    with FaultyVas(**site(5, 2, 6)) as vas:
        reader = reader_of(vas, clock)
        first = reader.current(LONG_S)
        key = a_key(vas)
        gate = threading.Event()
        vas.on_request = holding(gate)
        clock.seconds += 11
        reader.current()
        clock.seconds += 1
        reader.record_read(key, None, clock.now())
        gate.set()
        eventually(lambda: reader.current().taken_at > first.taken_at)
        assert reader.current().cell(*key).state is CellState.UNASSIGNED


def test_a_doubt_lasts_until_a_sweep_that_began_after_it(reader_of: Readers) -> None:
    clock = Clock()
    with FaultyVas(**site(5, 2, 6)) as vas:
        reader = reader_of(vas, clock)
        reader.current(LONG_S)
        key = a_key(vas)
        reader.mark_unknown(key, "not confirmed", clock.now() + timedelta(seconds=15))
        assert reader.current().cell(*key).reason == "not confirmed"
        assert read_again(reader, clock, 11).cell(*key).reason == "not confirmed"
        vas.fault("assignments", Fault.FAIL_JSON)
        assert read_again(reader, clock, 11).cell(*key).state is CellState.UNKNOWN
        vas.heal()
        assert read_again(reader, clock, 11).cell(*key).state is not CellState.UNKNOWN


def test_a_clock_that_steps_back_does_not_keep_what_a_sweep_knows_better(
    reader_of: Readers,
) -> None:
    clock = Clock()
    with FaultyVas(**site(cameras=1, models=2, assignments=2)) as vas:
        reader = reader_of(vas, clock)
        before = reader.current(LONG_S)
        first, second = (row.key for row in before.assignments.items)
        clock.seconds += 1
        reader.record_read(first, None, clock.now())
        reader.mark_unknown(second, "not confirmed", clock.now())
        clock.seconds += 60
        clock.stepped_back = timedelta(hours=1)
        reader.current(LONG_S)
        eventually(lambda: reader._began is None)
        after = reader.current()
        assert [after.cell(*key) for key in (first, second)] == [
            before.cell(*key) for key in (first, second)
        ]


def test_a_fault_of_our_own_leaves_everything_unknown(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, reader_of: Readers
) -> None:
    def broken(*_: object, **__: object) -> Part[Assignment]:
        raise ZeroDivisionError

    with FaultyVas() as vas:
        reader = reader_of(vas)
        monkeypatch.setattr(reader._client, "assignments", broken)
        snapshot = reader.current(LONG_S)
    assert snapshot.assignments.reason == "the page could not read the fleet"
    assert "ZeroDivisionError" in caplog.text


def test_nothing_is_read_after_close(reader_of: Readers) -> None:
    with FaultyVas() as vas:
        reader = reader_of(vas)
        reader.close()
        assert not reader.current(0.01).is_complete
        assert vas.connections == 0


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_process_reads_for_itself_although_a_sweep_was_running(reader_of: Readers) -> None:
    with FaultyVas(**site(5, 2, 6)) as vas:
        gate = threading.Event()
        vas.on_request = holding(gate)
        reader = reader_of(vas)
        reader.current()
        eventually(lambda: vas.connections == 1)
        child = os.fork()
        if child == 0:
            os._exit(0 if reader.current(LONG_S).is_complete else 1)
        gate.set()
        assert os.waitpid(child, 0)[1] == 0
