"""What the side panel says of a cell, a camera or a model: plain data."""

from __future__ import annotations

import json
from dataclasses import dataclass

from vas_dash.domain.entities import (
    AiModel,
    Assignment,
    Camera,
    CellIntent,
    Parameters,
)
from vas_dash.domain.fleet import CellState
from vas_dash.domain.text import cut
from vas_dash.pages import labels
from vas_dash.pages.form.intent import FPS, PRIORITY, parse_number
from vas_dash.pages.form.values import TextError
from vas_dash.pages.grid.model import FleetGrid, change_token, model_mark, summary_text
from vas_dash.pages.panel.parameters import Parameter, parameters

CAMERAS_LISTED = 100
"""Cameras listed for each state in a model's panel; the grid shows the rest."""

ON, OFF, UNASSIGNED = "on", "off", "unassigned"
"""What can be wanted of a cell."""


@dataclass(frozen=True)
class Entry:
    """One cell in a list: which, its name there, and what is said of it."""

    camera_id: str
    model_id: str
    title: str
    text: str
    state: CellState


@dataclass(frozen=True)
class CellNow:
    """What is known of a cell at present. `changed` says that it moved since it was opened."""

    state: CellState
    lines: tuple[str, ...]
    changed: bool


@dataclass(frozen=True)
class CameraCard:
    """A camera and all its models."""

    facts: tuple[tuple[str, str], ...]
    summary: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class StateList:
    """The cameras on which a model is in one state: how many, and the first of them."""

    state: CellState
    count: int
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class ModelCard:
    """A model, and where it is assigned."""

    facts: tuple[tuple[str, str], ...]
    parameters: tuple[Parameter, ...]
    schema: str | None
    lists: tuple[StateList, ...]


@dataclass(frozen=True)
class IntentText:
    """The upper part of the cell's form, as texts: blank fps and priority mean the default."""

    intent: str
    fps: str = ""
    priority: str = ""


def cell_now(grid: FleetGrid, camera_id: str, model_id: str, opened_token: str) -> CellNow:
    """What is known of the cell, in words."""
    cell = grid.snapshot.cell(camera_id, model_id)
    match cell.state:
        case CellState.UNKNOWN:
            lines = labels.unknown_text(cell).split("\n")
        case CellState.UNASSIGNED:
            lines = ["unassigned"]
        case _:
            assert cell.assignment is not None
            lines = ["assigned: " + labels.assignment_text(cell.assignment)]
            lines = lines[0].split("\n")
    known = cell.state is not CellState.UNKNOWN
    changed = known and change_token(cell.assignment) != opened_token
    return CellNow(cell.state, tuple(lines), changed)


def camera_card(grid: FleetGrid, camera: Camera) -> CameraCard:
    """The camera's panel."""
    facts = [("Location", camera.location or "not given"), ("Id", camera.id)]
    if camera.description:
        facts.insert(1, ("Description", cut(camera.description)))
    entries = tuple(_entry(grid, camera, model, model.title) for model in grid.models)
    states = dict.fromkeys(CellState, 0)
    for entry in entries:
        states[entry.state] += 1
    return CameraCard(tuple(facts), summary_text(states, grid.snapshot), entries)


def model_card(grid: FleetGrid, model: AiModel) -> ModelCard:
    """The model's panel, over the whole fleet."""
    facts = [("Id", model.model_id)]
    mark = model_mark(model, grid.snapshot)
    if mark:
        facts.append(("Note", mark))
    if model.description:
        facts.append(("Description", cut(model.description, 2000)))
    if model.supported_tasks:
        facts.append(("Tasks", cut(", ".join(model.supported_tasks))))
    by_state: dict[CellState, list[Camera]] = {state: [] for state in CellState}
    for camera in grid.cameras:
        by_state[grid.snapshot.cell(camera.id, model.model_id).state].append(camera)
    lists = tuple(
        StateList(
            state,
            len(cameras),
            tuple(_entry(grid, camera, model, camera.title) for camera in cameras[:CAMERAS_LISTED]),
        )
        for state, cameras in by_state.items()
    )
    schema = None
    if model.config_schema:
        schema = cut(json.dumps(model.config_schema, indent=2, ensure_ascii=False), 20_000)
    return ModelCard(tuple(facts), parameters(model.config_schema or {}), schema, lists)


def _entry(grid: FleetGrid, camera: Camera, model: AiModel, title: str) -> Entry:
    cell = grid.snapshot.cell(camera.id, model.model_id)
    return Entry(camera.id, model.model_id, cut(title, 80), labels.cell_text(cell), cell.state)


def intent_text(assignment: Assignment | None) -> IntentText:
    """The form's texts for an assignment as it is."""
    if assignment is None:
        return IntentText(UNASSIGNED)
    return IntentText(
        ON if assignment.enabled else OFF,
        "" if assignment.desired_fps is None else str(assignment.desired_fps),
        "" if assignment.priority is None else str(assignment.priority),
    )


def read_intent(
    text: IntentText, parameters: Parameters | None, held: Assignment | None = None
) -> tuple[CellIntent | None, dict[str, str]]:
    """What the form's texts want, and messages by field. Without messages the intent holds.

    What the cell was opened with (`held`) may be beyond the limits, and may stay.
    """
    errors: dict[str, str] = {}
    if text.intent not in (ON, OFF, UNASSIGNED):
        errors["intent"] = "choose one"
    if text.intent == UNASSIGNED:
        return None, errors
    held_fps, held_priority = (held.desired_fps, held.priority) if held else (None, None)
    fps = _number(FPS, text.fps, errors, held_fps)
    priority = _number(PRIORITY, text.priority, errors, held_priority)
    return CellIntent(text.intent == ON, fps, priority, parameters), errors


def _number(name: str, text: str, errors: dict[str, str], held: int | None) -> int | None:
    text = text.strip()
    if not text:
        return None
    if text == str(held):
        return held
    try:
        return parse_number(name, text)
    except TextError as error:
        errors[name] = f"{error}, or blank"
        return None
