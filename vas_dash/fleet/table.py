"""A fleet snapshot as a table: its cameras found, put in order, and their cells counted."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

from cachetools import LRUCache, cachedmethod

from vas_dash.domain.entities import AiModel, Camera
from vas_dash.domain.finding import Search, folded
from vas_dash.domain.fleet import CellState, FleetSnapshot
from vas_dash.fleet.natural import NaturalKey, natural_key
from vas_dash.fleet.query import (
    LOCATION_COLUMN,
    MODEL_PREFIX,
    GridQuery,
    StateFilter,
)

NO_LOCATION = "(no location)"
"""Stands for cameras without a location, in the grid and in the filter."""

_SELECTIONS_KEPT = 64
_OVERVIEWS_KEPT = 8
_ORDER_OF_STATES = {
    CellState.ON: 0,
    CellState.OFF: 1,
    CellState.UNASSIGNED: 2,
    CellState.UNKNOWN: 3,
}


@dataclass(frozen=True)
class Counts:
    """How many cells are in each state."""

    on: int = 0
    off: int = 0
    unassigned: int = 0
    unknown: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.on + other.on,
            self.off + other.off,
            self.unassigned + other.unassigned,
            self.unknown + other.unknown,
        )


@dataclass(frozen=True)
class Selection:
    """The cameras that a query finds, in its order, and the counts over all of them."""

    cameras: tuple[Camera, ...]
    counts: Mapping[str, Counts]

    @cached_property
    def total(self) -> Counts:
        """The counts of all columns together."""
        return sum(self.counts.values(), Counts())


def location_of(camera: Camera) -> str:
    """Its location, or what stands for none."""
    return camera.location or NO_LOCATION


@lru_cache(maxsize=4)  # from sweep to sweep the cameras are mostly the same
def _in_order(cameras: tuple[Camera, ...]) -> tuple[Camera, ...]:
    """In the natural order of their names."""
    return tuple(sorted(cameras, key=lambda camera: (natural_key(camera.title), camera.id)))


class FleetTable:
    """One snapshot, made once and asked many times.

    Selections are kept once they are made, so that paging and polling cost little. Safe to share
    between threads: two that need the same thing at once may both make it.
    """

    def __init__(self, snapshot: FleetSnapshot) -> None:
        self.snapshot = snapshot
        self.cameras = _in_order(snapshot.known_cameras)
        self._cameras_by_id = {camera.id: camera for camera in self.cameras}
        self.models: tuple[AiModel, ...] = tuple(
            sorted(
                snapshot.known_models, key=lambda model: (natural_key(model.title), model.model_id)
            )
        )
        self._models_by_id = {model.model_id: model for model in self.models}
        self._selections: LRUCache[GridQuery, Selection] = LRUCache(_SELECTIONS_KEPT)
        self._by_location: LRUCache[GridQuery, Mapping[str, tuple[int, Mapping[str, Counts]]]] = (
            LRUCache(_OVERVIEWS_KEPT)
        )
        self._lock = threading.Lock()

    @cached_property
    def _names(self) -> Mapping[str, str]:
        """By camera id, name and location as a search compares them."""
        return {
            camera.id: f"{folded(camera.name or '')}\n{folded(location_of(camera))}"
            for camera in self.cameras
        }

    @cached_property
    def locations(self) -> tuple[str, ...]:
        """Every location, in natural order."""
        return tuple(sorted({location_of(camera) for camera in self.cameras}, key=natural_key))

    def camera(self, camera_id: str) -> Camera | None:
        """The camera of that id, if it is known."""
        return self._cameras_by_id.get(camera_id)

    def model(self, model_id: str) -> AiModel | None:
        """The model of that id, if it is known."""
        return self._models_by_id.get(model_id)

    def shown_models(self, query: GridQuery) -> tuple[AiModel, ...]:
        """The models whose columns the query asks for; all when it names none that is known."""
        wanted = set(query.models)
        chosen = tuple(model for model in self.models if model.model_id in wanted)
        return chosen or self.models

    @cachedmethod(
        lambda self: self._selections,
        lambda _, query: query.selection,
        lock=lambda self: self._lock,
    )
    def select(self, query: GridQuery) -> Selection:
        """The cameras that the query finds, in its order, and the counts over them."""
        models = self.shown_models(query)
        cameras: Iterable[Camera] = self.cameras
        if query.text:
            search = Search.of(query.text)
            cameras = [one for one in cameras if search.finds(self._names[one.id], one.id)]
        if query.locations:
            wanted = {folded(location) for location in query.locations}
            cameras = [camera for camera in cameras if folded(location_of(camera)) in wanted]
        if query.state is not StateFilter.ANY:
            cameras = [camera for camera in cameras if self._has_state(camera, models, query)]
        ordered = self._sorted(list(cameras), query, models)
        return Selection(ordered, self._count(ordered, models))

    @cachedmethod(
        lambda self: self._by_location,
        lambda _, query: query.selection,
        lock=lambda self: self._lock,
    )
    def by_location(self, query: GridQuery) -> Mapping[str, tuple[int, Mapping[str, Counts]]]:
        """By location, how many cameras the query finds there, and the counts by model."""
        models = self.shown_models(query)
        groups: dict[str, list[Camera]] = {}
        for camera in self.select(query).cameras:
            groups.setdefault(location_of(camera), []).append(camera)
        return {
            location: (len(cameras), self._count(tuple(cameras), models))
            for location, cameras in groups.items()
        }

    def _has_state(self, camera: Camera, models: tuple[AiModel, ...], query: GridQuery) -> bool:
        if query.state_of in self._models_by_id:
            models = (self._models_by_id[query.state_of],)
        states = (self.snapshot.cell(camera.id, model.model_id).state for model in models)
        if query.state is StateFilter.NOTHING_ON:
            # A camera with an unknown cell may have something on: do not claim it has nothing.
            return all(state in (CellState.OFF, CellState.UNASSIGNED) for state in states)
        return any(state.value == query.state.value for state in states)

    def _sorted(
        self, cameras: list[Camera], query: GridQuery, models: tuple[AiModel, ...]
    ) -> tuple[Camera, ...]:
        shown = {model.model_id for model in models}
        if query.sort.startswith(MODEL_PREFIX) and query.sort[len(MODEL_PREFIX) :] in shown:
            key = self._by_cell(query.sort[len(MODEL_PREFIX) :])
        elif query.sort == LOCATION_COLUMN:
            key = _by_location
        else:
            return tuple(reversed(cameras)) if query.descending else tuple(cameras)
        return tuple(sorted(cameras, key=key, reverse=query.descending))

    def _by_cell(self, model_id: str) -> Callable[[Camera], tuple[object, ...]]:
        def key(camera: Camera) -> tuple[object, ...]:
            cell = self.snapshot.cell(camera.id, model_id)
            fps = (cell.assignment.desired_fps if cell.assignment else None) or 0
            return (_ORDER_OF_STATES[cell.state], fps)

        return key

    def _count(
        self, cameras: tuple[Camera, ...], models: tuple[AiModel, ...]
    ) -> Mapping[str, Counts]:
        tally = {model.model_id: dict.fromkeys(CellState, 0) for model in models}
        for camera in cameras:
            for model_id, cell in self.snapshot.cells.get(camera.id, {}).items():
                if model_id in tally:
                    tally[model_id][cell.state] += 1
        for by_state in tally.values():
            by_state[self.snapshot.default_cell.state] += len(cameras) - sum(by_state.values())
        return {
            model_id: Counts(
                by_state[CellState.ON],
                by_state[CellState.OFF],
                by_state[CellState.UNASSIGNED],
                by_state[CellState.UNKNOWN],
            )
            for model_id, by_state in tally.items()
        }


def _by_location(camera: Camera) -> tuple[bool, NaturalKey]:
    return (camera.location is None, natural_key(location_of(camera)))


def open_for_new(model: AiModel, snapshot: FleetSnapshot) -> bool:
    """Whether a camera can be newly assigned to it.

    Not to a disabled one, nor to one that the registry does not have; without a registry that
    cannot be told, and the VAS decides.
    """
    return model.enabled if model.registered else not snapshot.models.is_complete
