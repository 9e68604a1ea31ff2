"""The words and shapes in which the page speaks of cells."""

from __future__ import annotations

import json

from vas_dash.domain.entities import AiModel, Assignment, Camera, CellIntent
from vas_dash.domain.fleet import Cell, CellState
from vas_dash.domain.text import cut, moment

SHAPES = {
    CellState.ON: "\N{BLACK CIRCLE}",
    CellState.OFF: "\N{WHITE CIRCLE}",
    CellState.UNASSIGNED: "\N{EN DASH}",
    CellState.UNKNOWN: "?",
}
"""A sign for each state, so that it is told by shape as well as by colour and word."""

NOT_FOR_NEW = "not for new assignments"
"""Said of a model that is not to be assigned to more cameras."""

_PARAMETERS_LIMIT = 400


def cell_text(cell: Cell) -> str:
    """What stands in a cell: its shape, its state, and fps and priority where set."""
    text = f"{SHAPES[cell.state]} {cell.state}"
    if cell.state is CellState.ON and cell.assignment is not None:
        assignment = cell.assignment
        if assignment.desired_fps is not None:
            text += f" {assignment.desired_fps} fps"
        if assignment.priority is not None:
            text += f" priority {assignment.priority}"
    return text


def intent_text(intent: CellIntent) -> str:
    """An intent in words."""
    fps = "default fps" if intent.desired_fps is None else f"{intent.desired_fps} fps"
    priority = "default priority" if intent.priority is None else f"priority {intent.priority}"
    first = f"{'on' if intent.enabled else 'off'}, {fps}, {priority}"
    if intent.parameters is None:
        return f"{first}\nno parameters"
    parameters = json.dumps(intent.parameters, ensure_ascii=False, sort_keys=True)
    return f"{first}\nparameters {cut(parameters, _PARAMETERS_LIMIT)}"


def assignment_text(assignment: Assignment) -> str:
    """A whole assignment in words."""
    return f"{intent_text(assignment.intent)}\nsince {moment(assignment.since)}"


def unknown_text(cell: Cell) -> str:
    """Why a cell is unknown, and what was last seen and when."""
    lines = [f"unknown: {cut(cell.reason or '')}"]
    if cell.last_seen_at is None:
        if cell.assignment is None:
            lines.append("not seen before")
        else:
            lines.append(f"last seen: {assignment_text(cell.assignment)}")
    elif cell.assignment is None:
        lines.append(f"last seen unassigned, {moment(cell.last_seen_at)}")
    else:
        lines.append(f"last seen {moment(cell.last_seen_at)}: {assignment_text(cell.assignment)}")
    return "\n".join(lines)


def cell_title(camera: Camera, model: AiModel) -> str:
    """The name of a cell."""
    return f"{cut(model.title, 80)} on {cut(camera.title, 80)}"


def cell_tooltip(camera: Camera, model: AiModel, cell: Cell) -> str:
    """Everything that is known of one cell."""
    match cell.state:
        case CellState.UNKNOWN:
            body = unknown_text(cell)
        case CellState.UNASSIGNED:
            body = "unassigned"
        case _:
            assert cell.assignment is not None
            body = f"assigned: {assignment_text(cell.assignment)}"
    return f"{cell_title(camera, model)}\n{body}"


def named_title(camera: str, model: str) -> str:
    """The name of a cell, by the names of its camera and its model."""
    return f"{cut(model, 80)} on {cut(camera, 80)}"
