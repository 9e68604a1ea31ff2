"""What the page says of presets, and what applying one to selected cells comes to: plain data."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from vas_dash.changes.labels import preset_change_line, values_changed, values_line
from vas_dash.domain.changes import DesiredChange
from vas_dash.domain.entities import CellKey
from vas_dash.domain.fleet import CellState
from vas_dash.domain.presets import (
    Preset,
    PresetValues,
    changes_of,
    current_presets,
    presets_of_cell,
    usage,
)
from vas_dash.domain.records import Draft, HistoryFilter
from vas_dash.domain.text import count, cut, moment
from vas_dash.fleet.natural import natural_key
from vas_dash.pages.digest import digest
from vas_dash.pages.grid.model import FleetGrid

__all__ = [
    "LEAVE",
    "TURN_ON",
    "ApplyForm",
    "PresetHistory",
    "PresetRow",
    "Question",
    "apply_form",
    "cell_line",
    "chosen_changes",
    "of_model",
    "preset_history",
    "question",
    "rows",
]

TURN_ON, LEAVE = "on", "leave"
"""What becomes of cells that are not on, when a preset is applied to them."""

_VALUES_LIMIT = 200
_HISTORY_ROWS = 50


@dataclass(frozen=True)
class PresetRow:
    """A preset in the panel of its model. `following` cameras hold its earlier values."""

    id: int
    version: int
    name: str
    values: str
    using: str
    changed: str
    following: int


@dataclass(frozen=True)
class Question:
    """A name is there already: which preset it is, and what would differ.

    `values` is a digest of those that it would get; empty: it has them already.
    """

    id: int
    version: int
    text: str
    values: str


@dataclass(frozen=True)
class ApplyForm:
    """Which preset the selected cells get. `turn_on` and `leave` label the choice for cells that
    are not on; empty: there is no such cell.
    """

    about: str
    presets: tuple[tuple[str, str], ...]
    chosen: str
    turn_on: str
    leave: str
    turn: str
    error: str | None = None


def of_model(versions: Sequence[Preset], model_id: str) -> tuple[Preset, ...]:
    """The presets of a model, in the order of their names."""
    return tuple(
        sorted(
            (one for one in current_presets(versions) if one.model_id == model_id),
            key=lambda one: (natural_key(one.name), one.id),
        )
    )


def cell_line(versions: Sequence[Preset], grid: FleetGrid, key: CellKey) -> str:
    """Which preset a cell equals; empty where that is no question."""
    cell = grid.snapshot.cell(*key)
    known = cell.state in (CellState.ON, CellState.OFF)
    if cell.assignment is None or not known or not of_model(versions, key.model_id):
        return ""
    values = PresetValues.of(cell.assignment)
    using, following = presets_of_cell(versions, key.model_id, values)
    if using:
        return f"Preset: {_names(using)}"
    if following:
        return f"Preset: none. It has what {_names(following)} was before."
    return "Preset: none"


def _names(presets: Sequence[Preset]) -> str:
    return ", ".join(cut(one.name) for one in presets)


def rows(versions: Sequence[Preset], grid: FleetGrid, model_id: str) -> tuple[PresetRow, ...]:
    """The presets of a model, with on how many cameras they are in use."""
    used = usage(versions, model_id, grid.snapshot)
    part = grid.snapshot.assignments
    unsure = "" if part.is_complete else " that are known"
    return tuple(
        PresetRow(
            one.id,
            one.version,
            cut(one.name),
            cut(values_line(one.values), _VALUES_LIMIT),
            f"in use on {count(len(used[one.id].using), 'camera')}{unsure}",
            f"changed by {cut(one.who, 80)}, {moment(one.changed_at)}",
            len(used[one.id].following),
        )
        for one in of_model(versions, model_id)
    )


def question(
    versions: Sequence[Preset], grid: FleetGrid, found: Preset, values: PresetValues
) -> Question:
    """What to ask before a preset is changed to other values."""
    name = cut(found.name)
    difference = values_changed(found.values, values)
    if not difference:
        return Question(found.id, found.version, f"{name} has these values already.", "")
    using = len(usage(versions, found.model_id, grid.snapshot)[found.id].using)
    where = f"It is in use on {count(using, 'camera')}, which keep what they hold."
    text = f"There is a preset {name} already. Change it: {difference}? {where}"
    return Question(found.id, found.version, text, digest(values))


# Their history.


@dataclass(frozen=True)
class PresetHistory:
    """What was done with presets, newest first; `more` are older."""

    rows: tuple[tuple[str, str, str, str], ...]
    more: int


def preset_history(
    versions: Sequence[Preset], wanted: HistoryFilter, grid: FleetGrid
) -> PresetHistory:
    """Who did what with presets, as far as the filter of the history lets it through."""
    found = [
        one
        for one in changes_of(versions)
        if wanted.camera_id is None
        if wanted.model_id in (None, one.after.model_id)
        if wanted.who in (None, one.after.who)
        if wanted.since is None or one.after.changed_at >= wanted.since
        if wanted.until is None or one.after.changed_at < wanted.until
    ]
    found.sort(key=lambda one: (one.after.changed_at, one.after.id), reverse=True)
    rows = tuple(
        (
            moment(one.after.changed_at),
            cut(one.after.who, 80),
            cut(_model_title(grid, one.after.model_id), 80),
            cut(preset_change_line(one)),
        )
        for one in found[:_HISTORY_ROWS]
    )
    return PresetHistory(rows, len(found) - len(rows))


def _model_title(grid: FleetGrid, model_id: str) -> str:
    model = grid.model(model_id)
    return model.title if model else model_id


# Applying one to the selected cells.


def apply_form(
    grid: FleetGrid,
    versions: Sequence[Preset],
    keys: Collection[CellKey],
    *,
    chosen: str = "",
    turn: str = TURN_ON,
    error: str | None = None,
) -> ApplyForm | None:
    """The form for the selected cells; None: no model among them has a preset."""
    models = list(dict.fromkeys(key.model_id for key in keys))
    presets = [one for model_id in models for one in of_model(versions, model_id)]
    if not presets:
        return None
    several = len({one.model_id for one in presets}) > 1
    choices = tuple((str(one.id), _choice(grid, one, several=several)) for one in presets)
    if not chosen and len(choices) == 1:
        chosen = choices[0][0]
    about = "Fps, priority and parameters become those of the preset."
    if len(models) > 1:
        about += " Of the selected cells it changes those of its own model."
    with_presets = {one.model_id for one in presets}
    states = [grid.snapshot.cell(*key).state for key in keys if key.model_id in with_presets]
    unassigned, off = states.count(CellState.UNASSIGNED), states.count(CellState.OFF)
    turn_on = leave = ""
    if unassigned or off:
        not_on = [f"{off:,} off"] if off else []
        not_on += [f"{unassigned:,} not assigned"] if unassigned else []
        turn_on = f"Turn on those that are not ({', '.join(not_on)})"
        leave = "Leave on and off as they are" + (
            ", and the rest not assigned" if unassigned else ""
        )
    return ApplyForm(about, choices, chosen, turn_on, leave, turn, error)


def _choice(grid: FleetGrid, preset: Preset, *, several: bool) -> str:
    lead = f"{cut(_model_title(grid, preset.model_id), 80)}: " if several else ""
    return f"{lead}{cut(preset.name)} ({_short(preset.values)})"


def _short(values: PresetValues) -> str:
    """The values, with the parameters only counted."""
    parts = []
    if (values.desired_fps, values.priority) != (None, None) or not values.parameters:
        parts.append(values_line(replace(values, parameters=None)))
    if values.parameters:
        parts.append(count(len(values.parameters), "parameter"))
    return ", ".join(parts)


def chosen_changes(
    grid: FleetGrid, draft: Draft, preset: Preset, keys: Collection[CellKey], turn: str
) -> Mapping[CellKey, DesiredChange]:
    """What is wanted of the selected cells of its model; `draft` may assign some already."""
    desired = preset.values.desired(turn_on=turn == TURN_ON)
    return {
        key: desired
        for key in keys
        if key.model_id == preset.model_id
        if turn == TURN_ON
        or key in draft.changes
        or grid.snapshot.cell(*key).state is not CellState.UNASSIGNED
    }
