from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.changes.support import Backend, assigned, snapshot
from vas_dash.domain.changes import (
    KEEP,
    Blocked,
    CellChange,
    ChangeSet,
    DesiredChange,
    Problem,
    inverse,
    plan,
    same_intent,
)
from vas_dash.domain.entities import CellIntent, CellKey
from vas_dash.domain.fleet import FleetSnapshot, Part

CAMERAS = ("c1", "c2", "c3")
MODELS = ("m1", "m2")
KEYS = [CellKey(camera, model) for camera in CAMERAS for model in MODELS]
KEY = KEYS[0]
ON = CellIntent(True, 5, 10, {"threshold": 0.5, "area": "all"})

parameters = st.none() | st.dictionaries(
    st.sampled_from(["a", "b"]), st.none() | st.booleans() | st.integers(0, 2), max_size=2
)
fps = st.none() | st.integers(1, 3)
intents = st.builds(CellIntent, st.booleans(), fps, fps, parameters)
cells = st.dictionaries(st.sampled_from(KEYS), intents)
desired = st.builds(
    DesiredChange,
    st.just(KEEP) | st.booleans(),
    st.just(KEEP) | fps,
    st.just(KEEP) | fps,
    st.just(KEEP) | parameters,
    st.dictionaries(st.sampled_from(["a", "c"]), st.integers(0, 2), max_size=2),
    st.frozensets(st.sampled_from(["a", "b"])),
    st.booleans(),
)
desired_changes = st.dictionaries(st.sampled_from(KEYS), desired)


def fleet_of(backend: Backend) -> FleetSnapshot:
    return snapshot(CAMERAS, MODELS, backend.rows.values())


def holds(wanted: DesiredChange, before: CellIntent | None, after: CellIntent | None) -> bool:
    """Whether a cell is as wished, and otherwise as it was."""
    if wanted.remove:
        return after is None
    if after is None:
        return before is None and wanted.enabled is not True
    was = before or CellIntent(after.enabled)
    kept = was.parameters if wanted.parameters is KEEP else wanted.parameters
    expected = {
        name: value for name, value in (kept or {}).items() if name not in wanted.remove_parameters
    } | dict(wanted.set_parameters)
    return (
        after.enabled == (was.enabled if wanted.enabled is KEEP else wanted.enabled)
        and after.desired_fps
        == (was.desired_fps if wanted.desired_fps is KEEP else wanted.desired_fps)
        and after.priority == (was.priority if wanted.priority is KEEP else wanted.priority)
        and dict(after.parameters or {}) == expected
        and (after.parameters is not None or kept is None)
    )


@given(cells, desired_changes)
def test_a_plan_that_is_applied_gives_the_wishes_and_nothing_else(
    start: dict[CellKey, CellIntent], wanted: dict[CellKey, DesiredChange]
) -> None:
    backend = Backend(start)
    changes = plan(fleet_of(backend), wanted)
    backend.apply(changes)
    blocked = {one.key for one in changes.blocked}
    for key in KEYS:
        if key in wanted and key not in blocked:
            assert holds(wanted[key], start.get(key), backend.intents.get(key))
        else:
            assert same_intent(backend.intents.get(key), start.get(key))


@given(cells, desired_changes)
def test_what_was_applied_and_undone_is_as_it_was(
    start: dict[CellKey, CellIntent], wanted: dict[CellKey, DesiredChange]
) -> None:
    backend = Backend(start)
    undo = inverse(backend.apply(plan(fleet_of(backend), wanted)))
    redo = inverse(backend.apply(undo))
    assert backend.intents == start
    assert [change.key for change in redo.changes] == [change.key for change in undo.changes]


@given(cells, desired_changes)
def test_what_is_so_already_gives_nothing(
    start: dict[CellKey, CellIntent], wanted: dict[CellKey, DesiredChange]
) -> None:
    backend = Backend(start)
    first = plan(fleet_of(backend), wanted)
    backend.apply(first)
    again = plan(fleet_of(backend), wanted)
    assert again.changes == ()
    exact = {key: DesiredChange.exactly(backend.intents.get(key)) for key in KEYS}
    assert plan(fleet_of(backend), exact) == ChangeSet()


def added(
    draft: ChangeSet, wanted: dict[CellKey, DesiredChange], fleet: FleetSnapshot
) -> ChangeSet:
    """More wishes on top of a draft; a cell whose further wish is blocked stays as drafted."""
    drafted = {change.key: change for change in draft.changes}
    more = plan(fleet, wanted, drafted)
    replaced = set(wanted) - {one.key for one in more.blocked}
    kept = {key: change for key, change in drafted.items() if key not in replaced}
    whole = {**kept, **{change.key: change for change in more.changes}}
    return ChangeSet(tuple(whole[key] for key in sorted(whole)), more.blocked)


@given(cells, desired_changes, desired_changes)
def test_wishes_on_top_of_a_draft_come_to_the_same_as_one_after_the_other(
    start: dict[CellKey, CellIntent],
    first: dict[CellKey, DesiredChange],
    then: dict[CellKey, DesiredChange],
) -> None:
    at_once, in_turn = Backend(start), Backend(start)
    fleet = fleet_of(at_once)
    draft = plan(fleet, first)
    both = added(draft, then, fleet)
    assert all(not same_intent(start.get(one.key), one.desired) for one in both.changes)
    at_once.apply(both)
    in_turn.apply(draft)
    last = plan(fleet_of(in_turn), then)
    in_turn.apply(last)
    kept_after_all = {
        change.key
        for change in draft.changes
        if change.desired is None and change.key in then and then[change.key].enabled is True
    }
    for key in KEYS:
        if key in kept_after_all:
            # It never goes, so it has what it had.
            assert holds(then[key], start[key], at_once.intents.get(key))
        else:
            assert same_intent(at_once.intents.get(key), in_turn.intents.get(key))
    assert both.blocked == last.blocked


@given(cells, desired_changes)
def test_wishes_on_top_of_no_draft_are_a_plan(
    start: dict[CellKey, CellIntent], wanted: dict[CellKey, DesiredChange]
) -> None:
    fleet = fleet_of(Backend(start))
    assert plan(fleet, wanted, {}) == plan(fleet, wanted)


@given(cells, desired_changes)
def test_a_draft_that_is_wished_back_is_empty(
    start: dict[CellKey, CellIntent], wanted: dict[CellKey, DesiredChange]
) -> None:
    fleet = fleet_of(Backend(start))
    back = {key: DesiredChange.exactly(start.get(key)) for key in KEYS}
    assert added(plan(fleet, wanted), back, fleet) == ChangeSet()


@given(cells, desired_changes, st.randoms(use_true_random=False))
def test_the_order_of_wishes_and_rows_does_not_matter(
    start: dict[CellKey, CellIntent], wanted: dict[CellKey, DesiredChange], random: Any
) -> None:
    backend = Backend(start)
    shuffled, rows = list(wanted.items()), list(backend.rows.values())
    random.shuffle(shuffled)
    random.shuffle(rows)
    other = snapshot(CAMERAS, MODELS, rows)
    changes = plan(fleet_of(backend), wanted)
    assert plan(other, dict(shuffled)) == changes
    assert [change.key for change in changes.changes] == sorted(c.key for c in changes.changes)


@given(cells, cells)
def test_exactly_another_state_is_reached(
    start: dict[CellKey, CellIntent], end: dict[CellKey, CellIntent]
) -> None:
    backend = Backend(start)
    changes = plan(fleet_of(backend), {key: DesiredChange.exactly(end.get(key)) for key in KEYS})
    assert changes.blocked == ()
    backend.apply(changes)
    assert backend.intents == end


@pytest.mark.parametrize(
    ("wanted", "after"),
    [
        (DesiredChange(enabled=False), CellIntent(False, 5, 10, ON.parameters)),
        (DesiredChange(desired_fps=None), CellIntent(True, None, 10, ON.parameters)),
        (DesiredChange(priority=7), CellIntent(True, 5, 7, ON.parameters)),
        (
            DesiredChange(set_parameters={"x": 1}),
            CellIntent(True, 5, 10, {**(ON.parameters or {}), "x": 1}),
        ),
        (
            DesiredChange(remove_parameters=frozenset({"area"})),
            CellIntent(True, 5, 10, {"threshold": 0.5}),
        ),
        (DesiredChange(parameters=None), CellIntent(True, 5, 10, None)),
        (DesiredChange(parameters={}), CellIntent(True, 5, 10, {})),
        (DesiredChange(remove=True), None),
    ],
)
def test_a_property_that_is_not_named_stays(
    wanted: DesiredChange, after: CellIntent | None
) -> None:
    before = assigned(KEY, ON)
    fleet = snapshot(CAMERAS, MODELS, [before])
    assert plan(fleet, {KEY: wanted}) == ChangeSet((CellChange(KEY, before, after),))


@pytest.mark.parametrize(
    ("wanted", "after"),
    [
        (DesiredChange(enabled=True), CellIntent(True)),
        (
            DesiredChange(enabled=True, desired_fps=5, set_parameters={"a": 1}),
            CellIntent(True, 5, None, {"a": 1}),
        ),
        (DesiredChange.exactly(CellIntent(False)), CellIntent(False)),
    ],
)
def test_an_unassigned_cell_is_assigned(wanted: DesiredChange, after: CellIntent) -> None:
    fleet = snapshot(CAMERAS, MODELS)
    assert plan(fleet, {KEY: wanted}) == ChangeSet((CellChange(KEY, None, after),))


@pytest.mark.parametrize(
    "wanted",
    [
        DesiredChange(),
        DesiredChange(enabled=False),
        DesiredChange(remove=True),
        DesiredChange(desired_fps=None, priority=None, parameters=None),
        DesiredChange(remove_parameters=frozenset({"a"})),
        DesiredChange(remove=True, desired_fps=5),
    ],
)
def test_turning_off_clearing_and_removing_leave_an_unassigned_cell_alone(
    wanted: DesiredChange,
) -> None:
    assert plan(snapshot(CAMERAS, MODELS), {KEY: wanted}) == ChangeSet()


@pytest.mark.parametrize(
    "wanted",
    [
        DesiredChange(desired_fps=5),
        DesiredChange(set_parameters={"a": 1}),
        DesiredChange(parameters={}),
        DesiredChange(priority=0),
    ],
)
def test_a_property_of_an_unassigned_cell_blocks_that_cell_only(wanted: DesiredChange) -> None:
    other = assigned(KEYS[1], CellIntent(True))
    changes = plan(snapshot(CAMERAS, MODELS, [other]), dict.fromkeys(KEYS[:2], wanted))
    assert [change.key for change in changes.changes] == [KEYS[1]]
    problem = Problem("", "the model is not assigned to this camera")
    assert changes.blocked == (Blocked(KEY, (problem,)),)


def test_a_cell_that_is_unknown_is_blocked_with_the_reason() -> None:
    known = assigned(KEYS[1], CellIntent(True))
    whole = snapshot(CAMERAS, MODELS)
    part = Part.incomplete((known,), "the VAS failed (500)")
    fleet = FleetSnapshot(whole.cameras, whole.models, part, whole.taken_at)
    changes = plan(fleet, dict.fromkeys(KEYS[:2], DesiredChange(enabled=False)))
    assert [change.key for change in changes.changes] == [KEYS[1]]
    problem = Problem("", "the cell is unknown: the VAS failed (500)")
    assert changes.blocked == (Blocked(KEY, (problem,)),)


def test_where_not_all_cameras_were_read_none_is_said_to_be_missing() -> None:
    fleet = snapshot(CAMERAS, MODELS, [assigned(KEY, ON)])
    some = replace(fleet, cameras=Part.incomplete(fleet.cameras.items[1:], "the VAS failed (500)"))
    (change,) = plan(some, {KEY: DesiredChange(enabled=False)}).changes
    assert change.key == KEY


def test_a_camera_that_is_not_in_the_vas_is_blocked() -> None:
    gone = CellKey("gone", "m1")
    changes = plan(snapshot(CAMERAS, MODELS), {gone: DesiredChange(enabled=True)})
    problem = Problem("camera", "the camera is not in the VAS")
    assert changes == ChangeSet(blocked=(Blocked(gone, (problem,)),))
