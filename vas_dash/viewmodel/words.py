"""The words and shapes in which the page speaks of cells and times."""

from __future__ import annotations

import json
from datetime import datetime

from vas_dash.domain.entities import AiModel, Assignment, Camera
from vas_dash.domain.fleet import Cell, CellState

SHAPES = {
    CellState.ON: "\N{BLACK CIRCLE}",
    CellState.OFF: "\N{WHITE CIRCLE}",
    CellState.UNASSIGNED: "\N{EN DASH}",
    CellState.UNKNOWN: "?",
}
"""A sign for each state, so that it is told by shape as well as by colour and word."""

_PARAMETERS_LIMIT = 400
_TEXT_LIMIT = 300


def cut(text: str, limit: int = _TEXT_LIMIT) -> str:
    """`text`, at most `limit` characters of it, with a note when some are left out."""
    return text if len(text) <= limit else f"{text[:limit]}... (cut, {len(text)} characters)"


def moment(when: datetime) -> str:
    """A time of day and date in the server's time zone, which it names."""
    return when.astimezone().strftime("%Y-%m-%d %H:%M:%S %Z")


def clock(when: datetime) -> str:
    """A time of day in the server's time zone, which it names."""
    return when.astimezone().strftime("%H:%M:%S %Z")


def cell_text(cell: Cell) -> str:
    """What stands in a cell: its shape, its state, and fps and priority where set."""
    text = f"{SHAPES[cell.state]} {cell.state}"
    if cell.state is CellState.ON and cell.assignment is not None:
        assignment = cell.assignment
        if assignment.desired_fps is not None:
            text += f" {assignment.desired_fps} fps"
        if assignment.priority is not None:
            text += f" p{assignment.priority}"
    return text


def assignment_text(assignment: Assignment) -> str:
    """A whole assignment in words."""
    fps = "default fps" if assignment.desired_fps is None else f"{assignment.desired_fps} fps"
    priority = (
        "default priority" if assignment.priority is None else f"priority {assignment.priority}"
    )
    lines = [f"{'on' if assignment.enabled else 'off'}, {fps}, {priority}"]
    if assignment.parameters is None:
        lines.append("no parameters")
    else:
        parameters = json.dumps(assignment.parameters, ensure_ascii=False, sort_keys=True)
        lines.append(f"parameters {cut(parameters, _PARAMETERS_LIMIT)}")
    lines.append(f"since {moment(assignment.since)}")
    return "\n".join(lines)


def unknown_text(cell: Cell) -> str:
    """Why a cell is unknown, and what was last seen and when."""
    lines = [f"unknown: {cell.reason}"]
    if cell.last_seen_at is None:
        lines.append("not seen before")
    elif cell.assignment is None:
        lines.append(f"last seen unassigned, {moment(cell.last_seen_at)}")
    else:
        lines.append(f"last seen {moment(cell.last_seen_at)}: {assignment_text(cell.assignment)}")
    return "\n".join(lines)


def cell_tooltip(camera: Camera, model: AiModel, cell: Cell) -> str:
    """Everything that is known of one cell."""
    head = f"{cut(model.title, 80)} on {cut(camera.title, 80)}"
    match cell.state:
        case CellState.UNKNOWN:
            body = unknown_text(cell)
        case CellState.UNASSIGNED:
            body = "unassigned"
        case _:
            assert cell.assignment is not None
            body = f"assigned: {assignment_text(cell.assignment)}"
    return f"{head}\n{body}"
