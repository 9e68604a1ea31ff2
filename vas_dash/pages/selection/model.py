"""What the selected cells hold now, and the form for all of them: plain data."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from vas_dash.domain.entities import CellIntent, CellKey
from vas_dash.domain.fleet import CellState
from vas_dash.domain.records import Draft
from vas_dash.domain.text import cut
from vas_dash.pages.form.fields import Field, Form, Group, Kind, field_id
from vas_dash.pages.form.intent import FPS, PRIORITY, number_field
from vas_dash.pages.form.model import with_submitted
from vas_dash.pages.form.values import Submitted, text_of
from vas_dash.pages.grid.model import FleetGrid
from vas_dash.pages.selection.known import known_parameters

LEAVE, SET, CLEAR = "leave", "set", "clear"
"""What can be done with one property of all selected cells."""

FREE, FREE_NAME = "free", "free-name"
"""The fields of a parameter that has no row of its own: its value, and its name."""

PARAMETERS_LISTED = 60
"""Parameters with a field of their own; others go by the free name."""

_VALUES_SHOWN = 5
_VALUE_CHARS = 40
_NAME_CHARS = 150


@dataclass(frozen=True)
class Row:
    """One property: its field or group, what the cells hold, and what is to be done with it.

    `name` is the id of the choice of what is to be done; `clear` the word for having it no more.
    """

    name: str
    field: Field | Group
    now: str
    how: str = LEAVE
    clear: str = "remove"


@dataclass(frozen=True)
class BulkForm:
    """The form for the selected cells. `about` says which of them it can change.

    `left`: fields that there is room for in new rows.
    """

    about: str
    rows: tuple[Row, ...]
    free: Row
    free_name: str = ""
    left: int = 0


@dataclass(frozen=True)
class Typed:
    """What stands in the form, by the fields' names: what is to be done, and the values."""

    how: Mapping[str, object] = field(default_factory=dict)
    value: Submitted = field(default_factory=dict)


@dataclass
class _Values:
    """The different values that a property has, in the order in which they are met."""

    texts: dict[str, None] = field(default_factory=dict)

    def add(self, text: str) -> None:
        self.texts[text] = None

    def said(self) -> str:
        """The value; "mixed" where there are several."""
        if not self.texts:
            return "no cell is assigned"
        if len(self.texts) == 1:
            return f"now: {next(iter(self.texts))}"
        shown = sorted(self.texts, key=_by_number)[:_VALUES_SHOWN]
        more = len(self.texts) - len(shown)
        return f"mixed: {', '.join(shown)}" + (f" and {more:,} more" if more else "")


def _by_number(text: str) -> tuple[bool, float, str]:
    try:
        return (False, float(text), text)
    except ValueError:
        return (True, 0.0, text)


def build_form(
    grid: FleetGrid,
    draft: Draft,
    keys: Collection[CellKey],
    typed: Typed | None = None,
    errors: Mapping[str, str] | None = None,
) -> BulkForm:
    """The form: what the cells hold with what is drafted, and what was typed, if anything was."""
    typed, errors = typed or Typed(), errors or {}
    fps, priority = _Values(), _Values()
    parameters = {name: _Values() for name in _schema_names(grid, keys)}
    intents = []
    for intent in _intents(grid, draft, keys):
        intents.append(intent)
        fps.add(_number_text(intent.desired_fps))
        priority.add(_number_text(intent.priority))
        for name in intent.parameters or {}:
            if _is_listed(name) and name not in parameters and len(parameters) < PARAMETERS_LISTED:
                parameters[name] = _Values()
    for intent in intents:
        held = intent.parameters or {}
        for name, values in parameters.items():
            values.add(_json_text(held[name]) if name in held else "not set")

    known = known_parameters(grid, keys, typed.value)

    def row(name: str, one: Field | Group, now: str, clear: str = "remove") -> Row:
        shown = with_submitted(Form(one), typed.value, errors).root
        return Row(name, shown, now, str(typed.how.get(name, LEAVE)), clear)

    def parameter(name: str, now: str) -> Row:
        identity = field_id((name,))
        return row(identity, known.nodes.get(name) or _unknown(identity, name), now)

    rest = len(keys) - len(intents)
    about = f"{len(intents):,} of the selected cells are assigned"
    verb = "is" if rest == 1 else "are"
    about += f"; {rest:,} {verb} not, or unknown, and cannot be edited." if rest else "."
    return BulkForm(
        about,
        (
            row(FPS, number_field(FPS), fps.said(), "clear"),
            row(PRIORITY, number_field(PRIORITY), priority.said(), "clear"),
            *(parameter(name, parameters[name].said()) for name in sorted(parameters)),
        ),
        row(FREE, _unknown(FREE, "Another parameter"), ""),
        text_of(typed.value, FREE_NAME),
        known.left,
    )


def _unknown(name: str, label: str) -> Field:
    """The field of a parameter that no schema describes."""
    return Field(name, (), Kind.TEXT, cut(label, 80), placeholder="a value, or JSON")


def _intents(grid: FleetGrid, draft: Draft, keys: Iterable[CellKey]) -> Iterable[CellIntent]:
    """What the assigned ones of the cells hold, or are drafted to hold."""
    cells, default = grid.snapshot.cells, grid.snapshot.default_cell
    for key in keys:
        change = draft.changes.get(key)
        if change is not None:
            if change.desired is not None:
                yield change.desired
            continue
        cell = cells.get(key.camera_id, {}).get(key.model_id, default)
        if cell.state in (CellState.ON, CellState.OFF) and cell.assignment is not None:
            yield cell.assignment.intent


def _schema_names(grid: FleetGrid, keys: Iterable[CellKey]) -> list[str]:
    """Every parameter at the top of the schemas of the models among the cells."""
    names: dict[str, None] = {}
    for model_id in dict.fromkeys(key.model_id for key in keys):
        model = grid.model(model_id)
        known = (model.config_schema or {}).get("properties") if model else None
        if isinstance(known, Mapping):
            names.update(dict.fromkeys(name for name in known if _is_listed(name)))
    return list(names)[:PARAMETERS_LISTED]


def _is_listed(name: str) -> bool:
    return bool(name) and len(name) <= _NAME_CHARS


def _number_text(number: int | None) -> str:
    return "default" if number is None else str(number)


def _json_text(value: Any) -> str:
    return cut(json.dumps(value, ensure_ascii=False, sort_keys=True, default=dict), _VALUE_CHARS)
