"""Copying the whole assignment of one camera to others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from vas_dash.domain.changes import DesiredChange
from vas_dash.domain.finding import Search, folded
from vas_dash.domain.fleet import CellState
from vas_dash.pages.grid.model import FleetGrid


@dataclass(frozen=True)
class Source:
    """A camera to copy from: what is wanted of each model, and the models that are unknown."""

    desired_changes: Mapping[str, DesiredChange]
    unknown: tuple[str, ...]


def copied(grid: FleetGrid, camera_id: str) -> Source:
    """For each model exactly what the camera holds; what is unknown there is left out."""
    desired_changes: dict[str, DesiredChange] = {}
    unknown = []
    for model in grid.models:
        cell = grid.snapshot.cell(camera_id, model.model_id)
        if cell.state is CellState.UNKNOWN:
            unknown.append(model.title)
        else:
            intent = cell.assignment.intent if cell.assignment else None
            desired_changes[model.model_id] = DesiredChange.exactly(intent)
    return Source(desired_changes, tuple(unknown))


def cameras_like(grid: FleetGrid, text: str, limit: int = 20) -> tuple[str, ...]:
    """Names (ids where a name is not the only one) of cameras that hold `text`."""
    search = Search.of(text)
    if not search.words:
        return ()
    names: list[str] = []
    for camera in grid.cameras:
        if search.finds(folded(camera.title), camera.id):
            names.append(camera.title)
            if len(names) == limit:
                break
    return tuple(dict.fromkeys(names))


def find_camera(grid: FleetGrid, text: str) -> tuple[str | None, str | None]:
    """The id of the camera of that name or id, or why there is none."""
    wanted = text.strip()
    if not wanted:
        return None, "give the name or the id of a camera"
    if grid.camera(wanted) is not None:
        return wanted, None
    found = [one.id for one in grid.cameras if one.title == wanted]
    if not found:
        found = [one.id for one in grid.cameras if folded(one.title) == folded(wanted)]
    if len(found) == 1:
        return found[0], None
    if not found:
        return None, "no camera has this name or id"
    return None, f"{len(found)} cameras have this name: give the id of one"
