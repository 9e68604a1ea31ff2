"""One person, 720 of 2,900 cameras, and a VAS that goes away half way."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from tests.changes.support import operations_on, writes
from tests.fakes.faulty_vas import FaultyVas, assignment, camera, model
from tests.fakes.people import KIM
from vas_dash.backend.client import VasClient
from vas_dash.domain.changes import DesiredChange, plan
from vas_dash.domain.entities import CellKey
from vas_dash.domain.records import CellResult, State
from vas_dash.files.exporting import export_file
from vas_dash.files.tree import Format
from vas_dash.fleet.query import GridQuery
from vas_dash.journal import Journal
from vas_dash.pages.grid.model import FleetGrid

CAMERAS, PER_LOCATION, MODELS = 2_900, 240, 20
HALLS = ("Hall 3", "Hall 7", "Hall 11")


def fleet_site() -> FaultyVas:
    cameras = [
        camera(number, name=f"Camera {number}", location=f"Hall {number // PER_LOCATION}")
        for number in range(CAMERAS)
    ]
    assignments = [
        assignment(row["id"], f"model-{number}", desired_fps=1 + number)
        for row in cameras
        for number in range(4)
    ]
    return FaultyVas(cameras, [model(f"model-{n}") for n in range(MODELS)], assignments)


def test_a_model_is_turned_off_in_three_halls_although_the_vas_goes_away_and_undone_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal(f"sqlite:///{tmp_path / 'journal.db'}")
    with fleet_site() as vas:
        operations = operations_on(vas, journal)
        fleet = operations.read_fleet()
        export = export_file(fleet, Format.JSON)

        found = FleetGrid(fleet).select(GridQuery(locations=HALLS)).cameras
        desired_changes = {
            CellKey(one.id, "model-2"): DesiredChange(enabled=False) for one in found
        }
        changes = plan(fleet, desired_changes)
        assert (len(changes.changes), len(changes.blocked)) == (720, 0)
        number = operations.submit(changes, by=KIM, why="the halls are being painted")

        arrived = threading.Semaphore(0)
        lock = threading.Lock()
        half = 360

        def count(method: str, _path: str) -> None:
            nonlocal half
            if method == "PATCH":
                with lock:
                    half -= 1
                    if half == 0:
                        arrived.release()

        vas.on_request = count

        def go_away() -> None:
            arrived.acquire()
            vas.stop()

        gone = threading.Thread(target=go_away)
        gone.start()
        record = operations.apply(number)
        gone.join()
        assert record.state is State.STOPPED
        assert 0 < record.tally[CellResult.NOT_SENT] <= 720 - 360
        settled = {CellResult.APPLIED, CellResult.UNKNOWN, CellResult.NOT_SENT}
        assert set(record.tally) <= settled
        assert sum(record.tally.values()) == 720

        vas.on_request = None
        vas.start()
        # A write that may still be on its way is not offered again until it cannot be any more.
        with monkeypatch.context() as later:
            later.setattr(VasClient, "call_limit_s", 0.0)
            reopened = operations.resume(number, KIM)
        rest = operations.submit(reopened.rest, by=KIM, source=f"rest of {number}")
        finished = operations.apply(rest)
        assert finished.state is State.FINISHED
        assert set(finished.tally) == {CellResult.APPLIED}
        applied = reopened.record.tally[CellResult.APPLIED] + finished.tally[CellResult.APPLIED]
        assert applied == 720
        off = [row for row in vas.assignments.values() if not row["enabled"]]
        assert {(row["camera_id"], row["model_id"]) for row in off} == set(desired_changes)

        for one in (rest, number):
            back = operations.undo(one, KIM)
            undone = operations.apply(operations.submit(back, by=KIM, source=f"undo of {one}"))
            assert set(undone.tally) == {CellResult.APPLIED}
        assert export_file(operations.read_fleet(), Format.JSON) == export
        before = writes(vas)
        assert not operations.undo(rest, KIM).blocked
        assert writes(vas) == before
    journal.close()
