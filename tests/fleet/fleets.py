"""Small fleets for tests of what the page shows of them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from vas_dash.domain.entities import AiModel, Assignment, Camera
from vas_dash.domain.fleet import FleetSnapshot, Part
from vas_dash.fleet.query import GridQuery, parse_query
from vas_dash.pages.grid.model import FleetGrid, GridPage

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
LATER = datetime(2026, 11, 22, 12, 30, tzinfo=UTC)


def camera(name: str | None, location: str | None = None, **fields: Any) -> Camera:
    """A camera whose id is `id-` and its name."""
    return Camera(fields.pop("id", f"id-{name}"), name, location=location, **fields)


def assigned(camera_name: str, model_id: str, enabled: bool = True, **fields: Any) -> Assignment:
    """An assignment of a camera made by `camera`."""
    values: dict[str, Any] = {
        "desired_fps": None,
        "priority": None,
        "parameters": None,
        "created_at": NOON,
        "updated_at": None,
    }
    return Assignment(
        f"{camera_name}/{model_id}", f"id-{camera_name}", model_id, enabled, **(values | fields)
    )


def snapshot(
    cameras: Iterable[Camera] | str,
    models: Iterable[AiModel] | str,
    assignments: Iterable[Assignment] | str,
    taken_at: datetime = NOON,
) -> FleetSnapshot:
    """Three parts: complete, or unavailable for the reason that is given instead."""
    return FleetSnapshot(_part(cameras), _part(models), _part(assignments), taken_at)


def _part(items: Iterable[Any] | str) -> Part[Any]:
    return Part.unavailable(items) if isinstance(items, str) else Part.complete(tuple(items))


def view(grid: FleetGrid, search: str = "") -> GridPage:
    """The page at an address."""
    return grid.page(parse_query(search))


def names(page: GridPage) -> list[str]:
    """What stands in the camera column."""
    return [row.data["camera"] for row in page.rows]


def found(grid: FleetGrid, **query: Any) -> list[str]:
    """The names of the cameras that a query finds, in its order."""
    return [camera.title for camera in grid.select(GridQuery(**query)).cameras]
