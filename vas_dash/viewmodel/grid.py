"""The grid as data: a fleet snapshot and a query give columns, rows and counts."""

from __future__ import annotations

import hashlib
import json
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

import orjson

from vas_dash.domain.entities import AiModel, Assignment, Camera
from vas_dash.domain.finding import Search, folded
from vas_dash.domain.fleet import Cell, CellState, Completeness, FleetSnapshot
from vas_dash.viewmodel import words
from vas_dash.viewmodel.natural import NaturalKey, natural_key
from vas_dash.viewmodel.query import (
    CAMERA_COLUMN,
    LOCATION_COLUMN,
    MODEL_PREFIX,
    GridQuery,
    StateFilter,
)

SUMMARY_COLUMN = "summary"
"""Shown instead of the model columns where the screen is narrow."""

DRAFT_PREFIX = "d:"
"""With this before a model's id, a row holds what the cell is drafted to become."""

NO_LOCATION = "(no location)"
"""Stands for cameras without a location, in the grid and in the filter."""

_SELECTIONS_KEPT = 64
_ORDER_OF_STATES = {
    CellState.ON: 0,
    CellState.OFF: 1,
    CellState.UNASSIGNED: 2,
    CellState.UNKNOWN: 3,
}

_UNASSIGNED = words.cell_text(Cell(CellState.UNASSIGNED))

Row = Mapping[str, str]


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
class Column:
    """A column: its id, its heading, and the tooltip of the heading."""

    id: str
    name: str
    tooltip: str = ""
    open_for_new: bool = True


@dataclass(frozen=True)
class Selection:
    """The cameras that a query finds, in its order, and the counts over all of them."""

    cameras: tuple[Camera, ...]
    counts: Mapping[str, Counts]

    @cached_property
    def total(self) -> Counts:
        """The counts of all columns together."""
        return sum(self.counts.values(), Counts())


@dataclass(frozen=True)
class GridRow:
    """One camera: the texts by column id, `models` in the order of their columns."""

    data: Row
    models: tuple[str, ...] = ()

    @cached_property
    def compact(self) -> bytes:
        """The row as JSON for the browser, short: it is sent often.

        The columns of models, and their drafts, go by number (`m0`, `d0`); unassigned cells are
        left out.
        """
        row = {name: text for name, text in self.data.items() if ":" not in name}
        for number, model_id in enumerate(self.models):
            text = self.data[MODEL_PREFIX + model_id]
            if text != _UNASSIGNED:
                row[f"m{number}"] = text
            draft = self.data.get(DRAFT_PREFIX + model_id)
            if draft is not None:
                row[f"d{number}"] = draft
        return _json(row)

    @cached_property
    def digest(self) -> str:
        """Changes with anything in the row."""
        return hashlib.blake2b(self.compact, digest_size=6).hexdigest()

    def drafted(self, drafts: Mapping[str, str]) -> GridRow:
        """The row with what is drafted of it, by model id."""
        texts = {DRAFT_PREFIX + model_id: text for model_id, text in drafts.items()}
        return GridRow({**self.data, **texts}, self.models)


@dataclass(frozen=True)
class GridPage:
    """One page of the grid, ready to be drawn. `page` counts from 1."""

    columns: tuple[Column, ...]
    rows: tuple[GridRow, ...]
    page: int
    pages: int
    found: int
    cameras: int
    total: Counts
    empty: str | None

    @cached_property
    def compact_rows(self) -> bytes:
        """All rows as JSON for the browser."""
        return b"[" + b",".join([row.compact for row in self.rows]) + b"]"


def change_token(assignment: Assignment | None) -> str:
    """A short digest of everything that can change in a cell; empty for an unassigned one."""
    if assignment is None:
        return ""
    what = (
        assignment.id,
        assignment.enabled,
        assignment.desired_fps,
        assignment.priority,
        assignment.parameters,
        assignment.updated_at,
    )
    return _digest(what)


def _digest(value: object) -> str:
    return hashlib.blake2b(_json(value), digest_size=6).hexdigest()


def _json(value: object) -> bytes:
    # Parameters may hold what JSON allows and orjson does not (integers above 64 bits).
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
    except orjson.JSONEncodeError:
        return json.dumps(value, sort_keys=True, default=str).encode()


def _location(camera: Camera) -> str:
    return camera.location or NO_LOCATION


@lru_cache(maxsize=4)  # from sweep to sweep the cameras are mostly the same
def _in_order(cameras: tuple[Camera, ...]) -> tuple[Camera, ...]:
    """In the natural order of their names."""
    return tuple(sorted(cameras, key=lambda camera: (natural_key(camera.title), camera.id)))


class FleetGrid:
    """Everything the grid shows of one snapshot; made once for it and asked many times.

    Selections and rows are kept once they are made, so that paging and polling cost little. Safe to
    share between threads: two that need the same thing at once may both make it.
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
        self._selections: OrderedDict[GridQuery, Selection] = OrderedDict()
        self._rows: dict[tuple[tuple[str, ...], str], GridRow] = {}

    @cached_property
    def _names(self) -> Mapping[str, str]:
        """By camera id, name and location as a search compares them."""
        return {
            camera.id: f"{folded(camera.name or '')}\n{folded(_location(camera))}"
            for camera in self.cameras
        }

    @cached_property
    def locations(self) -> tuple[str, ...]:
        """Every location, in natural order."""
        return tuple(sorted({_location(camera) for camera in self.cameras}, key=natural_key))

    @cached_property
    def columns(self) -> Mapping[str, Column]:
        """By model id, the column of every model, in natural order of their names."""
        names = Counter(model.title for model in self.models)
        return {
            model.model_id: self._column(model, twin=names[model.title] > 1)
            for model in self.models
        }

    def _column(self, model: AiModel, *, twin: bool) -> Column:
        name = words.cut(model.title, 80)
        if twin:
            name += f" [{words.cut(model.model_id, 80)}]"
        tooltip = [name, f"id {words.cut(model.model_id, 128)}"]
        if model.description:
            tooltip.append(words.cut(model.description))
        mark = model_mark(model, self.snapshot)
        if mark:
            name += f" ({mark})"
            tooltip.append(mark)
        return Column(
            MODEL_PREFIX + model.model_id,
            name,
            "\n".join(tooltip),
            open_for_new=open_for_new(model, self.snapshot),
        )

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

    def select(self, query: GridQuery) -> Selection:
        """The cameras that the query finds, in its order, and the counts over them."""
        key = query.selection
        selection = self._selections.get(key)
        if selection is None:
            selection = self._select(key)
            self._selections[key] = selection
            while len(self._selections) > _SELECTIONS_KEPT:
                self._selections.popitem(last=False)
        return selection

    def _select(self, query: GridQuery) -> Selection:
        models = self.shown_models(query)
        cameras: Iterable[Camera] = self.cameras
        if query.text:
            search = Search.of(query.text)
            cameras = [one for one in cameras if search.finds(self._names[one.id], one.id)]
        if query.locations:
            wanted = {folded(location) for location in query.locations}
            cameras = [camera for camera in cameras if folded(_location(camera)) in wanted]
        if query.state is not StateFilter.ANY:
            cameras = [camera for camera in cameras if self._has_state(camera, models, query)]
        ordered = self._sorted(list(cameras), query, models)
        return Selection(ordered, self._count(ordered, models))

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

    def page(self, query: GridQuery) -> GridPage:
        """The page that the query asks for, or the last one there is."""
        selection = self.select(query)
        models = self.shown_models(query)
        pages = max(1, -(-len(selection.cameras) // query.page_size))
        page = min(query.page, pages)
        start = (page - 1) * query.page_size
        shown = tuple(model.model_id for model in models)
        columns = (
            Column(CAMERA_COLUMN, "Camera"),
            Column(SUMMARY_COLUMN, "Assigned models"),
            Column(LOCATION_COLUMN, "Location"),
            *(self.columns[model_id] for model_id in shown),
        )
        return GridPage(
            columns,
            tuple(
                self._row(camera, shown, models)
                for camera in selection.cameras[start : start + query.page_size]
            ),
            page,
            pages,
            len(selection.cameras),
            len(self.cameras),
            selection.total,
            self._why_empty(query) if not selection.cameras else None,
        )

    def _row(self, camera: Camera, shown: tuple[str, ...], models: tuple[AiModel, ...]) -> GridRow:
        row = self._rows.get((shown, camera.id))
        if row is None:
            row = self._rows[shown, camera.id] = self._make_row(camera, models)
        return row

    def _make_row(self, camera: Camera, models: tuple[AiModel, ...]) -> GridRow:
        data = {
            "id": camera.id,
            CAMERA_COLUMN: camera_text(camera),
            LOCATION_COLUMN: words.cut(_location(camera), 80),
        }
        states = Counter[CellState]()
        for model in models:
            cell = self.snapshot.cell(camera.id, model.model_id)
            column = MODEL_PREFIX + model.model_id
            states[cell.state] += 1
            data[column] = words.cell_text(cell)
        data[SUMMARY_COLUMN] = summary_text(states, self.snapshot)
        return GridRow(data, tuple(model.model_id for model in models))

    def _why_empty(self, query: GridQuery) -> str:
        cameras = self.snapshot.cameras
        if self.cameras:
            text = "No camera matches the filter."
            unknown = (
                query.state is not StateFilter.ANY and not self.snapshot.assignments.is_complete
            )
            if unknown and query.state is not StateFilter.UNKNOWN:
                text += f" Cells are unknown: {self.snapshot.assignments.reason}."
            if not cameras.is_complete:
                text += f" There may be more cameras: {cameras.reason}."
            return text
        if cameras.completeness is Completeness.COMPLETE:
            return "The VAS has no cameras."
        return f"The cameras are unknown: {cameras.reason}."


def _by_location(camera: Camera) -> tuple[bool, NaturalKey]:
    return (camera.location is None, natural_key(_location(camera)))


def camera_text(camera: Camera) -> str:
    """What stands in the camera column."""
    text = words.cut(camera.title, 80)
    if camera.name is None:
        text += " (name unknown)"
    return text


def camera_tooltip(camera: Camera) -> str:
    """Everything that is known of a camera."""
    lines = [camera_text(camera), words.cut(_location(camera)), f"id {words.cut(camera.id, 128)}"]
    if camera.description:
        lines.append(words.cut(camera.description))
    return "\n".join(lines)


def model_mark(model: AiModel, snapshot: FleetSnapshot) -> str | None:
    """What is special about a model, in words for its heading; None for an ordinary one."""
    if not model.registered:
        return "not in the registry" if snapshot.models.is_complete else "name unknown"
    return None if model.enabled else words.NOT_FOR_NEW


def open_for_new(model: AiModel, snapshot: FleetSnapshot) -> bool:
    """Whether a camera can be newly assigned to it.

    Not to a disabled one, nor to one that the registry does not have; without a registry that
    cannot be told, and the VAS decides.
    """
    return model.enabled if model.registered else not snapshot.models.is_complete


def summary_text(states: Mapping[CellState, int], snapshot: FleetSnapshot) -> str:
    """A camera's cells in a few words. Without the assignments none is said to be missing."""
    parts = [
        f"{states.get(state, 0)} {state}"
        for state in (CellState.ON, CellState.OFF, CellState.UNKNOWN)
        if states.get(state, 0)
    ]
    if not parts and not snapshot.assignments.is_complete:
        return "unknown"
    return ", ".join(parts) or "nothing assigned"
