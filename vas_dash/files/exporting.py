"""The intent of a fleet, or of what a filter finds of it, as a file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from vas_dash.domain.entities import Camera, CellIntent
from vas_dash.domain.fleet import Cell, CellState, FleetSnapshot
from vas_dash.domain.presets import Preset
from vas_dash.errors import VasDashError
from vas_dash.files.tree import Format
from vas_dash.files.writing import CameraIntent, write_file
from vas_dash.fleet.natural import natural_key
from vas_dash.fleet.query import GridQuery
from vas_dash.fleet.table import FleetTable

__all__ = ["FleetUnknownError", "Scope", "export_file", "exported", "in_scope", "not_known"]

Scope = tuple[tuple[Camera, ...], frozenset[str] | None]
"""Cameras, and the ids of models; None: all models."""


class FleetUnknownError(VasDashError):
    """The fleet, or a part of it that matters, is not known. The message says why."""


def export_file(
    snapshot: FleetSnapshot,
    format: Format,  # noqa: A002 - the word of the field
    query: GridQuery | None = None,
    *,
    ids: bool = False,
    separator: str = ",",
    presets: Sequence[Preset] = (),
) -> bytes:
    """The assigned cells that `query` finds (None: all), in UTF-8.

    Of `presets` those of the models in it, in JSON and YAML; CSV has no place for them.

    The order is natural (Gate 2 before Gate 10) and the query's own order does not matter, so two
    exports of the same intent are the same bytes. Cameras go by name, with their location; by id
    too where these do not tell them apart, or where `ids` asks for it. `separator` stands between
    the fields of CSV.

    Raises:
        FleetUnknownError: an export would not hold everything that it should.
    """
    try:
        cells = exported(snapshot, query, ids=ids)
        return write_file(cells, format, separator, _in_order(presets, snapshot, query))
    except (ValueError, RecursionError):
        raise FleetUnknownError(
            "an assignment has parameters that no file can hold (NaN, infinity or endless nesting)"
        ) from None


def exported(
    snapshot: FleetSnapshot, query: GridQuery | None = None, *, ids: bool = False
) -> list[CameraIntent]:
    """What `export_file` writes.

    Raises:
        FleetUnknownError: see there.
    """
    reason = not_known(snapshot)
    if reason is not None:
        raise FleetUnknownError(reason)
    cameras, models = in_scope(snapshot, query)
    names = _Names(snapshot.cameras.items)
    rank = {model_id: at for at, model_id in enumerate(_model_ids(snapshot))}
    none: Mapping[str, Cell] = {}
    found: list[CameraIntent] = []
    for camera in sorted(cameras, key=_order):
        cells = snapshot.cells.get(camera.id, none)
        chosen = cells if models is None else cells.keys() & models
        intents = [
            (model_id, intent)
            for model_id in sorted(chosen, key=rank.__getitem__)
            if (intent := _intent(camera, cells[model_id])) is not None
        ]
        if intents:
            camera_id = camera.id if ids or names.is_ambiguous(camera) else None
            found.append(
                CameraIntent(camera.name or None, camera_id, camera.location or None, intents)
            )
    return found


def _in_order(
    presets: Sequence[Preset], snapshot: FleetSnapshot, query: GridQuery | None
) -> list[Preset]:
    """The presets of the models that a query finds. One that is gone could not be read back."""
    _, models = in_scope(snapshot, query)
    if models is None:
        models = frozenset(model.model_id for model in snapshot.known_models)
    return sorted(
        (one for one in presets if one.model_id in models),
        key=lambda one: (natural_key(one.model_id), one.model_id, natural_key(one.name), one.name),
    )


def not_known(snapshot: FleetSnapshot) -> str | None:
    """Why cameras and assignments are not all known; None when they are."""
    for noun, part in (("cameras", snapshot.cameras), ("assignments", snapshot.assignments)):
        if not part.is_complete:
            return f"the {noun} are not all known: {part.reason}"
    return None


def in_scope(snapshot: FleetSnapshot, query: GridQuery | None) -> Scope:
    """The cameras and models that a query finds. An unknown model finds nothing."""
    if query is None or query.selection == GridQuery():
        return snapshot.cameras.items, None
    grid = FleetTable(snapshot)
    known = frozenset(model.model_id for model in grid.shown_models(query))
    models = known & frozenset(query.models) if query.models else None
    return grid.select(query).cameras, models


def _intent(camera: Camera, cell: Cell) -> CellIntent | None:
    if cell.state is CellState.UNKNOWN:
        raise FleetUnknownError(f"a cell of {camera.title} is unknown: {cell.reason}")
    return None if cell.assignment is None else cell.assignment.intent


def _model_ids(snapshot: FleetSnapshot) -> list[str]:
    ids = {model_id for cells in snapshot.cells.values() for model_id in cells}
    return sorted(ids, key=lambda model_id: (natural_key(model_id), model_id))


def _order(camera: Camera) -> tuple[object, ...]:
    """Names first, ids last: these differ between sites."""
    location = camera.location or ""
    return (natural_key(camera.title), camera.title, natural_key(location), location, camera.id)


class _Names:
    """Which cameras their names and locations tell apart."""

    def __init__(self, cameras: Iterable[Camera]) -> None:
        cameras = tuple(cameras)
        self._names = Counter(camera.name for camera in cameras)
        self._pairs = Counter((camera.name, camera.location or "") for camera in cameras)

    def is_ambiguous(self, camera: Camera) -> bool:
        """Whether the file must name the camera's id to speak of it."""
        if not camera.name:
            return True
        if not camera.location:  # the file then names no location, which fits any
            return self._names[camera.name] > 1
        return self._pairs[camera.name, camera.location] > 1
