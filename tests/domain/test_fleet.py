from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from vas_dash.domain.entities import Assignment, Camera, CellKey
from vas_dash.domain.fleet import CellState, FleetSnapshot, Part

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
LATER = NOON + timedelta(minutes=1)
KEY = CellKey("c-1", "ppe")


def row(row_id: str, key: CellKey = KEY, *, enabled: bool = True) -> Assignment:
    return Assignment(row_id, *key, enabled, None, None, None, NOON, None)


def snapshot(assignments: Part[Assignment], taken_at: datetime = NOON) -> FleetSnapshot:
    return FleetSnapshot(Part.complete(()), Part.complete(()), assignments, taken_at)


def test_a_cell_that_was_read_on_its_own_replaces_the_one_of_the_sweep() -> None:
    before = snapshot(Part.complete((row("a"), row("b", CellKey("c-2", "ppe")))))
    after = before.with_cell(KEY, row("a", enabled=False))
    assert after.cell(*KEY).state is CellState.OFF
    assert after.cell("c-2", "ppe").state is CellState.ON
    assert before.with_cell(KEY, None).cell(*KEY).state is CellState.UNASSIGNED
    assert before.cell(*KEY).state is CellState.ON


def test_a_doubted_cell_is_unknown_whatever_was_read() -> None:
    for part in (Part.complete((row("a"),)), Part[Assignment].complete(())):
        cell = snapshot(part).with_unknown({KEY: "the change was not confirmed"}).cell(*KEY)
        assert (cell.state, cell.reason) == (CellState.UNKNOWN, "the change was not confirmed")
        assert cell.last_seen_at == NOON


CAMERAS = tuple(Camera(f"c-{n}", f"Gate {n}") for n in (1, 2))
ASSIGNMENTS = (row("a"), row("b", CellKey("c-2", "ppe"), enabled=False))
FLEETS = {
    "complete": FleetSnapshot(
        Part.complete(CAMERAS), Part.complete(()), Part.complete(ASSIGNMENTS), NOON
    ),
    "cameras unknown": FleetSnapshot(
        Part.unavailable("gone"), Part.complete(()), Part.complete(ASSIGNMENTS), NOON
    ),
    "assignments unknown": FleetSnapshot(
        Part.complete(CAMERAS), Part.complete(()), Part.unavailable("gone"), NOON
    ).remembering(snapshot(Part.complete(ASSIGNMENTS))),
}


@pytest.mark.parametrize("fleet", FLEETS.values(), ids=FLEETS)
@pytest.mark.parametrize("now", [None, row("a", enabled=False), row("n", CellKey("c-9", "fire"))])
def test_a_fleet_that_differs_in_one_cell_is_what_it_would_be_if_made_anew(
    fleet: FleetSnapshot, now: Assignment | None
) -> None:
    key = KEY if now is None else now.key
    doubted = fleet.with_unknown({KEY: "the change was not confirmed"})
    for made in (fleet.with_cell(key, now), doubted, doubted.with_cell(key, now)):
        anew = replace(made)
        assert made.known_cameras == anew.known_cameras
        for camera_id in ("c-1", "c-2", "c-9"):
            for model_id in ("ppe", "fire"):
                assert made.cell(camera_id, model_id) == anew.cell(camera_id, model_id)


def test_an_incomplete_read_is_remembered_where_there_was_no_complete_one() -> None:
    first = snapshot(Part.incomplete((row("a"),), "some are missing"))
    second = snapshot(Part.unavailable("gone"), LATER).remembering(first)
    cell = second.cell(*KEY)
    assert (cell.state, cell.assignment, cell.last_seen_at) == (CellState.UNKNOWN, row("a"), NOON)


def test_an_incomplete_read_does_not_replace_the_memory_of_a_complete_one() -> None:
    whole = snapshot(Part.complete((row("a"), row("b", CellKey("c-2", "ppe")))))
    some = snapshot(Part.incomplete((row("a"),), "cut"), LATER).remembering(whole)
    none = snapshot(Part.unavailable("gone"), LATER).remembering(some)
    assert none.cell("c-2", "ppe").assignment == row("b", CellKey("c-2", "ppe"))
