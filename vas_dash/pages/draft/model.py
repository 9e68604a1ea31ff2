"""What a cell is drafted to become, in words, for the grid and the side panel."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from vas_dash.domain.changes import Blocked, CellChange, same_json
from vas_dash.domain.entities import Assignment, CellIntent, CellKey
from vas_dash.domain.fleet import CellState
from vas_dash.domain.records import Draft
from vas_dash.pages.labels import SHAPES

BLOCKED = "! cannot be done"
"""Stands in a cell whose drafted change cannot be."""


def after_text(before: Assignment | None, desired: CellIntent | None) -> str:
    """What a cell becomes, as short as what stands in the cell; it names what a state hides."""
    if desired is None:
        return f"{SHAPES[CellState.UNASSIGNED]} {CellState.UNASSIGNED}"
    state = CellState.ON if desired.enabled else CellState.OFF
    text = f"{SHAPES[state]} {state}"
    was = before.intent if before is not None else CellIntent(desired.enabled)
    if desired.enabled or desired.desired_fps != was.desired_fps:
        text += _value(desired.desired_fps, was.desired_fps, "{} fps", " default fps")
    if desired.enabled or desired.priority != was.priority:
        text += _value(desired.priority, was.priority, "priority {}", " default priority")
    if not same_json(desired.parameters, was.parameters, exactly=True):
        text += ", parameters"
    return text


def _value(wanted: int | None, was: int | None, form: str, cleared: str) -> str:
    if wanted is not None:
        return " " + form.format(wanted)
    return cleared if was is not None else ""


def texts(
    draft: Draft, cameras: Sequence[str], models: Sequence[str]
) -> Mapping[str, Mapping[str, str]]:
    """What stands in the drafted and the blocked ones of these cells, by camera and model."""
    found: dict[str, dict[str, str]] = {}
    for key in _among(draft, cameras, models):
        change = draft.changes.get(key)
        text = BLOCKED if change is None else after_text(change.before, change.desired)
        found.setdefault(key.camera_id, {})[key.model_id] = text
    return found


def _among(draft: Draft, cameras: Sequence[str], models: Sequence[str]) -> Iterable[CellKey]:
    if len(draft.changes) + len(draft.blocked) < len(cameras) * len(models):
        some, others = set(cameras), set(models)
        return [
            key
            for key in (*draft.changes, *draft.blocked)
            if key.camera_id in some and key.model_id in others
        ]
    return [
        key
        for camera in cameras
        for model in models
        if (key := CellKey(camera, model)) in draft.changes or key in draft.blocked
    ]


def handle_of(draft: Draft) -> dict[str, Any]:
    """What a browser keeps of a draft; `checked_handle` reads it back."""
    return {
        "id": draft.id,
        "revision": draft.revision,
        "count": len(draft.changes),
        "blocked": len(draft.blocked),
    }


def why_blocked(blocked: Blocked) -> str:
    """Why a cell cannot be changed so."""
    # Of a whole cell, its camera or its model the message says itself what it is about.
    return "; ".join(
        problem.message
        if problem.field in ("", "camera", "model")
        else f"{problem.field.replace('desired_fps', 'fps')}: {problem.message}"
        for problem in blocked.problems
    )


def line(cell: CellChange | Blocked) -> str:
    """What is drafted of one cell, in a sentence."""
    if isinstance(cell, Blocked):
        return f"Drafted, but cannot be done: {why_blocked(cell)}."
    shown = after_text(cell.before, cell.desired)[2:]
    return f"Drafted, not saved: {shown}."
