"""From what a cell holds to what it should hold: one command, or none. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vas_dash.domain.entities import Assignment, CellIntent, CellKey

__all__ = ["Command", "Create", "Delete", "Update", "command", "same_intent", "same_json"]


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


def command(key: CellKey, current: Assignment | None, wish: CellIntent | None) -> Command | None:
    """What turns `current` into `wish` (None: unassigned); None when they are the same."""
    if current is None:
        return None if wish is None else Create(key, wish)
    if wish is None:
        return Delete(key, current.id)
    changes = _differences(current.intent, wish)
    return Update(key, current.id, changes) if changes else None


def same_intent(a: CellIntent | None, b: CellIntent | None) -> bool:
    """Whether two cells are meant to be the same; parameters are compared as JSON."""
    if a is None or b is None:
        return a is b
    return not _differences(a, b)


def _differences(before: CellIntent, after: CellIntent) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    if before.enabled != after.enabled:
        changes["enabled"] = after.enabled
    if before.desired_fps != after.desired_fps:
        changes["desired_fps"] = after.desired_fps
    if before.priority != after.priority:
        changes["priority"] = after.priority
    if not same_json(before.parameters, after.parameters):
        changes["parameters"] = after.parameters
    return changes


def same_json(a: Any, b: Any) -> bool:
    """Whether two decoded JSON values are equal.

    Unlike in Python `true` is not 1; as in JSON 1 is 1.0; the order of keys does not matter. A
    value that is not a number (NaN) equals itself, else a cell that holds one could never be saved.
    """
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        return a.keys() == b.keys() and all(same_json(a[name], b[name]) for name in a)
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        return len(a) == len(b) and all(same_json(x, y) for x, y in zip(a, b, strict=True))
    return bool(a == b or (a != a and b != b))
