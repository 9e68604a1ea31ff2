"""The overview as data: for each location, how many of its cells are in which state."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from vas_dash.domain.records import Draft
from vas_dash.domain.text import cut
from vas_dash.fleet.natural import natural_key
from vas_dash.fleet.query import MODEL_PREFIX, GridQuery
from vas_dash.fleet.table import Counts, location_of
from vas_dash.pages.digest import digest, json_bytes
from vas_dash.pages.grid.model import Column, FleetGrid

CAMERAS_COLUMN = "cameras"
ALL_LOCATIONS = "All locations"

FIRST_ROWS = 40

_NOTHING = Counts()


def row_id(location: str | None) -> str:
    """The id of a location's row, or of that of the whole fleet."""
    return "all" if location is None else f"at:{location}"


@dataclass(frozen=True)
class OverviewCell:
    """The cells of one model in one location. `on_after`: how many are on with the draft."""

    counts: Counts
    on_after: int

    @property
    def text(self) -> str:
        """`34 of 40 on, 2 off`; what is unknown is never counted as something else."""
        counts = self.counts
        total = counts.on + counts.off + counts.unassigned + counts.unknown
        if counts.unknown == total > 0:
            return f"{counts.unknown:,} unknown"
        parts = [f"{counts.on:,} of {total:,} on"]
        parts += [f"{counts.off:,} off"] if counts.off else []
        parts += [f"{counts.unknown:,} unknown"] if counts.unknown else []
        return ", ".join(parts)


@dataclass(frozen=True)
class OverviewRow:
    """A location, or the whole fleet (`key` None)."""

    key: str | None
    name: str
    cameras: int
    cells: tuple[OverviewCell, ...]

    def data(self) -> Mapping[str, object]:
        """The row for the browser: texts and numbers by column, models by their position."""
        row: dict[str, object] = {
            "id": row_id(self.key),
            "location": self.name,
            CAMERAS_COLUMN: f"{self.cameras:,}",
        }
        for number, cell in enumerate(self.cells):
            counts = cell.counts
            row[f"m{number}"] = cell.text
            row[f"n{number}"] = [counts.on, counts.off, counts.unassigned, counts.unknown]
            if cell.on_after != counts.on:
                row[f"d{number}"] = cell.on_after
        return row


@dataclass(frozen=True)
class Overview:
    """The columns and the rows: the whole fleet first, then the locations."""

    columns: tuple[Column, ...]
    rows: tuple[OverviewRow, ...]

    @cached_property
    def compact_rows(self) -> bytes:
        """All rows as JSON for the browser."""
        return json_bytes([row.data() for row in self.rows])

    @property
    def first_rows(self) -> bytes:
        """As many of them as fill a screen."""
        return json_bytes([row.data() for row in self.rows[:FIRST_ROWS]])

    @cached_property
    def digest(self) -> str:
        """Changes with anything."""
        return digest(([(one.id, one.name) for one in self.columns], self.compact_rows.decode()))


def overview(grid: FleetGrid, query: GridQuery, draft: Draft | None) -> Overview:
    """The cameras that `query` finds, counted by location and model."""
    models = [model.model_id for model in grid.shown_models(query)]
    by_location = grid.by_location(query)
    change = {} if draft is None else _turned_on(grid, query, draft)

    def row(key: str | None, name: str, cameras: int, counts: Mapping[str, Counts]) -> OverviewRow:
        cells = (
            OverviewCell(counts[model], counts[model].on + change.get((key, model), 0))
            for model in models
        )
        return OverviewRow(key, name, cameras, tuple(cells))

    rows = [
        row(location, cut(location, 80), cameras, counts)
        for location, (cameras, counts) in by_location.items()
    ]
    rows.sort(key=lambda one: natural_key(one.name))
    column = query.sort.removeprefix(MODEL_PREFIX)
    if query.sort.startswith(MODEL_PREFIX) and column in models:
        position = models.index(column)

        def by_model(one: OverviewRow) -> tuple[int, int]:
            counts = one.cells[position].counts
            return counts.on, -counts.off

        rows.sort(key=by_model, reverse=query.descending)
    elif query.descending:
        rows.reverse()
    selection = grid.select(query)
    every = {model: selection.counts.get(model, _NOTHING) for model in models}
    columns = (
        Column("location", "Location"),
        Column(CAMERAS_COLUMN, "Cameras"),
        *(grid.columns[model] for model in models),
    )
    return Overview(columns, (row(None, ALL_LOCATIONS, len(selection.cameras), every), *rows))


def selected_counts(
    grid: FleetGrid, query: GridQuery, groups: Iterable[tuple[Sequence[str], Sequence[str]]]
) -> dict[str, dict[str, int]]:
    """How many cells are selected, by the ids of rows and of models.

    Each group are cameras and the models with which they are selected; cameras that `query` does
    not find do not count.
    """
    found = {camera.id: location_of(camera) for camera in grid.select(query).cameras}
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for cameras, models in groups:
        for location, number in Counter(found[one] for one in cameras if one in found).items():
            for row in (None, location):
                counts[row_id(row)].update(dict.fromkeys(models, number))
    return {row: dict(numbers) for row, numbers in counts.items()}


def _turned_on(
    grid: FleetGrid, query: GridQuery, draft: Draft
) -> dict[tuple[str | None, str], int]:
    """How many more cells are on with the draft, by location (None: all) and model."""
    found = {camera.id: location_of(camera) for camera in grid.select(query).cameras}
    more: dict[tuple[str | None, str], int] = {}
    for key, change in draft.changes.items():
        if key.camera_id not in found:
            continue
        cell = grid.snapshot.cell(*key)
        step = int(change.desired is not None and change.desired.enabled) - int(cell.state == "on")
        for location in (None, found[key.camera_id]):
            more[location, key.model_id] = more.get((location, key.model_id), 0) + step
    return more
