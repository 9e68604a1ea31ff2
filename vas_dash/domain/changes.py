"""From what cells hold to what they should hold: change sets, and a command for each cell. Pure.

A `DesiredChange` names the properties of a cell that are wanted and leaves the others as they are.
`plan` compares desired changes with a snapshot and gives a `ChangeSet`: cells before and after.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any, Final, TypeAlias

from vas_dash.domain.entities import Assignment, CellIntent, CellKey, Parameters
from vas_dash.domain.fleet import Cell, CellState, FleetSnapshot

__all__ = [
    "KEEP",
    "Blocked",
    "CellChange",
    "ChangeSet",
    "Command",
    "Create",
    "Delete",
    "DesiredChange",
    "DesiredChanges",
    "Keep",
    "Problem",
    "Update",
    "command",
    "inverse",
    "plan",
    "same_assignment",
    "same_intent",
    "same_json",
]


class Keep(Enum):
    """The type of `KEEP`: a property that is left as it is."""

    KEEP = "keep"


KEEP: Final = Keep.KEEP


@dataclass(frozen=True, slots=True)
class DesiredChange:
    """What is wanted of a cell. What is not named stays as it is; None clears.

    `parameters` replaces all parameters; `set_parameters` and `remove_parameters` then change
    single ones of them, by name. `remove` takes the assignment away, whatever else is named.

    An unassigned cell is assigned by `enabled=True`, and by naming all of `enabled`,
    `desired_fps`, `priority` and `parameters`. Turning it off, clearing and removing find nothing
    to do there; anything else blocks the cell, since there is nothing to change.
    """

    enabled: bool | Keep = KEEP
    desired_fps: int | Keep | None = KEEP
    priority: int | Keep | None = KEEP
    parameters: Parameters | Keep | None = KEEP
    set_parameters: Mapping[str, Any] = field(default_factory=dict)
    remove_parameters: frozenset[str] = frozenset()
    remove: bool = False

    @classmethod
    def exactly(cls, intent: CellIntent | None) -> DesiredChange:
        """The cell is to hold this intent and nothing else; None: unassigned."""
        if intent is None:
            return cls(remove=True)
        return cls(intent.enabled, intent.desired_fps, intent.priority, intent.parameters)


DesiredChanges: TypeAlias = Mapping[CellKey, DesiredChange]
"""For each selected cell, as in `dict.fromkeys(selected, DesiredChange(enabled=False))`."""


@dataclass(frozen=True, slots=True)
class CellChange:
    """One cell: what it held when the change was drafted, and what it should hold.

    None stands for unassigned on either side.
    """

    key: CellKey
    before: Assignment | None
    desired: CellIntent | None


NO_DRAFT: Final[Mapping[CellKey, CellChange]] = {}


@dataclass(frozen=True, slots=True)
class Problem:
    """One reason why a cell cannot be changed so.

    `field` names the property (`desired_fps`, `parameters.threshold`, `camera`, `model`), or is
    empty for the cell as a whole.
    """

    field: str
    message: str


@dataclass(frozen=True, slots=True)
class Blocked:
    """A cell that is not changed, and why."""

    key: CellKey
    problems: tuple[Problem, ...]


@dataclass(frozen=True)
class ChangeSet:
    """The cells to change and those that cannot be, both in the order of their keys."""

    changes: tuple[CellChange, ...] = ()
    blocked: tuple[Blocked, ...] = ()


def plan(
    snapshot: FleetSnapshot,
    desired_changes: DesiredChanges,
    drafted: Mapping[CellKey, CellChange] = NO_DRAFT,
) -> ChangeSet:
    """What has to change for the desired changes to hold. Cells that are so already are left out.

    Where a cell is `drafted`, it is compared with what the draft makes of it, and the change
    still begins with what the cell held when it was drafted.

    Blocked are cells that the snapshot does not know, cameras that are not in the VAS, and
    properties of a cell that is not assigned.
    """
    cells, default = snapshot.cells, snapshot.default_cell
    cameras = {camera.id for camera in snapshot.cameras.items}
    all_cameras = snapshot.cameras.is_complete
    none: Mapping[str, Cell] = {}
    # One desired change for thousands of cells comes to the same in each of them that is empty.
    assigned: dict[int, CellIntent | None] = {}
    changes: list[CellChange] = []
    blocked: list[Blocked] = []
    for key, desired in desired_changes.items():
        cell = cells.get(key.camera_id, none).get(key.model_id, default)
        if all_cameras and key.camera_id not in cameras:
            planned: CellChange | Blocked | None = Blocked(key, _NO_CAMERA)
        elif cell.state is CellState.UNKNOWN:
            planned = Blocked(key, (Problem("", f"the cell is unknown: {cell.reason}"),))
        elif key in drafted:
            planned = _redrafted(drafted[key], desired)
        elif cell.assignment is not None:
            planned = _reassigned(key, cell.assignment, desired)
        else:
            if id(desired) not in assigned:
                assigned[id(desired)] = _assigned(desired)
            planned = _newly_assigned(key, assigned[id(desired)], desired)
        if isinstance(planned, Blocked):
            blocked.append(planned)
        elif planned is not None:
            changes.append(planned)
    changes.sort(key=lambda change: change.key)
    blocked.sort(key=lambda one: one.key)
    return ChangeSet(tuple(changes), tuple(blocked))


def _reassigned(key: CellKey, before: Assignment, desired: DesiredChange) -> CellChange | None:
    """The change of an assigned cell; None: it is so already."""
    intent = None if desired.remove else _resulting(before.intent, desired)
    if intent is not None and not _differences(before.intent, intent):
        return None
    return CellChange(key, before, intent)


def _newly_assigned(
    key: CellKey, intent: CellIntent | None, desired: DesiredChange
) -> CellChange | Blocked | None:
    """The change of an unassigned cell that is to become `intent`; None: it stays as it is."""
    if intent is not None:
        return CellChange(key, None, intent)
    return Blocked(key, _NOT_ASSIGNED) if _needs_an_assignment(desired) else None


def _redrafted(drafted: CellChange, desired: DesiredChange) -> CellChange | Blocked | None:
    """The drafted change with one more desired change; None: nothing is left to change."""
    before = _intent(drafted.before)
    base = drafted.desired
    if base is None and before is not None and desired.enabled is True:
        # Kept after all: with the properties that it has.
        base = before
    if base is not None:
        intent = None if desired.remove else _resulting(base, desired)
    else:
        intent = _assigned(desired)
        if intent is None and _needs_an_assignment(desired):
            return Blocked(drafted.key, _NOT_ASSIGNED)
    return replace(drafted, desired=intent) if _differ(before, intent) else None


def inverse(applied: Iterable[tuple[CellChange, Assignment | None]]) -> ChangeSet:
    """What takes changes back: each with what the cell held once it was applied.

    A cell that holds anything else by now is no longer what this change set was drafted from.
    """
    back = (CellChange(change.key, after, _intent(change.before)) for change, after in applied)
    changes = [one for one in back if _differ(_intent(one.before), one.desired)]
    return ChangeSet(tuple(sorted(changes, key=lambda change: change.key)))


def _intent(assignment: Assignment | None) -> CellIntent | None:
    return None if assignment is None else assignment.intent


_NO_CAMERA = (Problem("camera", "the camera is not in the VAS"),)
_NOT_ASSIGNED = (Problem("", "the model is not assigned to this camera"),)


def _assigned(desired: DesiredChange) -> CellIntent | None:
    """What an unassigned cell becomes; None: it stays so."""
    if desired.remove or desired.enabled is KEEP:
        return None
    if not desired.enabled and KEEP in (desired.desired_fps, desired.priority, desired.parameters):
        return None
    return _resulting(CellIntent(desired.enabled), desired)


def _needs_an_assignment(desired: DesiredChange) -> bool:
    if desired.remove:
        return False
    named = (desired.desired_fps, desired.priority, desired.parameters)
    return bool(desired.set_parameters) or any(value not in (KEEP, None) for value in named)


def _resulting(before: CellIntent, desired: DesiredChange) -> CellIntent:
    parameters = before.parameters if desired.parameters is KEEP else desired.parameters
    if desired.set_parameters or (desired.remove_parameters and parameters is not None):
        kept = (parameters or {}).items()
        single = {name: value for name, value in kept if name not in desired.remove_parameters}
        parameters = {**single, **desired.set_parameters}
    return CellIntent(
        before.enabled if desired.enabled is KEEP else desired.enabled,
        before.desired_fps if desired.desired_fps is KEEP else desired.desired_fps,
        before.priority if desired.priority is KEEP else desired.priority,
        parameters,
    )


@dataclass(frozen=True, slots=True)
class Create:
    """Assign a model to a camera."""

    key: CellKey
    intent: CellIntent


@dataclass(frozen=True, slots=True)
class Update:
    """Change an assignment: `changes` holds the properties that differ, and no others.

    The names are those of `CellIntent`. None clears `desired_fps`, `priority` or `parameters`.
    """

    key: CellKey
    assignment_id: str
    changes: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Delete:
    """Take an assignment away."""

    key: CellKey
    assignment_id: str


Command = Create | Update | Delete


def command(key: CellKey, current: Assignment | None, desired: CellIntent | None) -> Command | None:
    """What turns `current` into `desired` (None: unassigned); None when they are the same."""
    if current is None:
        return None if desired is None else Create(key, desired)
    if desired is None:
        return Delete(key, current.id)
    changes = _differences(current.intent, desired)
    return Update(key, current.id, changes) if changes else None


def same_intent(a: CellIntent | None, b: CellIntent | None) -> bool:
    """Whether two cells are meant to be the same; parameters are compared as JSON: 4 is 4.0."""
    if a is None or b is None:
        return a is b
    if (a.enabled, a.desired_fps, a.priority) != (b.enabled, b.desired_fps, b.priority):
        return False
    return same_json(a.parameters, b.parameters)


def _differ(a: CellIntent | None, b: CellIntent | None) -> bool:
    """Whether there is anything to change; 4 can become 4.0."""
    return a is not b if a is None or b is None else bool(_differences(a, b))


def same_assignment(a: Assignment | None, b: Assignment | None) -> bool:
    """Whether nothing happened to a cell between two readings."""
    if a is None or b is None:
        return a is b
    return a.id == b.id and a.updated_at == b.updated_at and same_intent(a.intent, b.intent)


def _differences(before: CellIntent, after: CellIntent) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    if before.enabled != after.enabled:
        changes["enabled"] = after.enabled
    if before.desired_fps != after.desired_fps:
        changes["desired_fps"] = after.desired_fps
    if before.priority != after.priority:
        changes["priority"] = after.priority
    if before.parameters is not after.parameters and not same_json(
        before.parameters, after.parameters, exactly=True
    ):
        changes["parameters"] = after.parameters
    return changes


def same_json(a: Any, b: Any, *, exactly: bool = False) -> bool:
    """Whether two decoded JSON values are equal.

    Unlike in Python `true` is not 1; as in JSON 1 is 1.0, unless they are to be written `exactly`
    alike; the order of keys does not matter. A value that is not a number (NaN) equals itself, else
    a cell that holds one could never be saved.
    """
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        return a.keys() == b.keys() and all(same_json(a[n], b[n], exactly=exactly) for n in a)
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        pairs = zip(a, b, strict=False)
        return len(a) == len(b) and all(same_json(x, y, exactly=exactly) for x, y in pairs)
    if exactly and isinstance(a, float) is not isinstance(b, float):
        return False
    return bool(a == b or (a != a and b != b))
