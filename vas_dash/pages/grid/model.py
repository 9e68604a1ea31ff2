"""The grid as data: a fleet snapshot and a query give columns, rows and counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from vas_dash.domain.entities import AiModel, Assignment, Camera
from vas_dash.domain.fleet import Cell, CellState, Completeness, FleetSnapshot
from vas_dash.domain.text import cut
from vas_dash.fleet.query import (
    CAMERA_COLUMN,
    LOCATION_COLUMN,
    MODEL_PREFIX,
    GridQuery,
    StateFilter,
)
from vas_dash.fleet.table import Counts, FleetTable, location_of, open_for_new
from vas_dash.pages import labels
from vas_dash.pages.digest import digest, json_bytes

SUMMARY_COLUMN = "summary"
"""Shown instead of the model columns where the screen is narrow."""

DRAFT_PREFIX = "d:"
"""With this before a model's id, a row holds what the cell is drafted to become."""

_UNASSIGNED = labels.cell_text(Cell(CellState.UNASSIGNED))

Row = Mapping[str, str]


@dataclass(frozen=True)
class Column:
    """A column: its id, its heading, and the tooltip of the heading."""

    id: str
    name: str
    tooltip: str = ""
    open_for_new: bool = True


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
        return json_bytes(row)

    @cached_property
    def digest(self) -> str:
        """Changes with anything in the row."""
        return digest(self.compact)

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
    return digest(what)


class FleetGrid(FleetTable):
    """Everything the grid shows of one snapshot: its columns and rows too, kept once made."""

    def __init__(self, snapshot: FleetSnapshot) -> None:
        super().__init__(snapshot)
        self._rows: dict[tuple[tuple[str, ...], str], GridRow] = {}

    @cached_property
    def columns(self) -> Mapping[str, Column]:
        """By model id, the column of every model, in natural order of their names."""
        names = Counter(model.title for model in self.models)
        return {
            model.model_id: self._column(model, twin=names[model.title] > 1)
            for model in self.models
        }

    def _column(self, model: AiModel, *, twin: bool) -> Column:
        name = cut(model.title, 80)
        if twin:
            name += f" [{cut(model.model_id, 80)}]"
        tooltip = [name, f"id {cut(model.model_id, 128)}"]
        if model.description:
            tooltip.append(cut(model.description))
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
            LOCATION_COLUMN: cut(location_of(camera), 80),
        }
        states = Counter[CellState]()
        for model in models:
            cell = self.snapshot.cell(camera.id, model.model_id)
            column = MODEL_PREFIX + model.model_id
            states[cell.state] += 1
            data[column] = labels.cell_text(cell)
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


def camera_text(camera: Camera) -> str:
    """What stands in the camera column."""
    text = cut(camera.title, 80)
    if camera.name is None:
        text += " (name unknown)"
    return text


def camera_tooltip(camera: Camera) -> str:
    """Everything that is known of a camera."""
    lines = [
        camera_text(camera),
        cut(location_of(camera)),
        f"id {cut(camera.id, 128)}",
    ]
    if camera.description:
        lines.append(cut(camera.description))
    return "\n".join(lines)


def model_mark(model: AiModel, snapshot: FleetSnapshot) -> str | None:
    """What is special about a model, in words for its heading; None for an ordinary one."""
    if not model.registered:
        return "not in the registry" if snapshot.models.is_complete else "name unknown"
    return None if model.enabled else labels.NOT_FOR_NEW


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
