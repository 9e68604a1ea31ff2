"""What the selected cells hold now, and what a form wants of all of them: plain data."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from vas_dash.domain.changes import KEEP, DesiredChange, Keep, same_json
from vas_dash.domain.entities import CellIntent, CellKey
from vas_dash.domain.fleet import CellState
from vas_dash.domain.records import Draft
from vas_dash.domain.text import cut
from vas_dash.pages.form.builder import top_fields
from vas_dash.pages.form.fields import ROOT_ID, Field, Kind, field_id, name_in
from vas_dash.pages.form.intent import FPS, PRIORITY, number_field, parse_number
from vas_dash.pages.form.values import MISSING, Submitted, TextError, parse, received, text_of
from vas_dash.pages.grid.model import FleetGrid
from vas_dash.schema.flatten import flattened

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
    """One property: its field, what the cells hold, and what is to be done with it.

    `clear` is the word for having it no more.
    """

    field: Field
    now: str
    how: str = LEAVE
    clear: str = "remove"


@dataclass(frozen=True)
class BulkForm:
    """The form for the selected cells. `about` says which of them it can change."""

    about: str
    rows: tuple[Row, ...]
    free: Row
    free_name: str = ""


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

    known = known_fields(grid, keys)

    def row(one: Field, now: str, clear: str = "remove") -> Row:
        text = received(one, typed.value[one.id]) if one.id in typed.value else None
        shown = replace(one, value=one.value if text is None else text, error=errors.get(one.id))
        return Row(shown, now, str(typed.how.get(one.id, LEAVE)), clear)

    rest = len(keys) - len(intents)
    about = f"{len(intents):,} of the selected cells are assigned"
    verb = "is" if rest == 1 else "are"
    about += f"; {rest:,} {verb} not, or unknown, and cannot be edited." if rest else "."
    return BulkForm(
        about,
        (
            row(number_field(FPS), fps.said(), "clear"),
            row(number_field(PRIORITY), priority.said(), "clear"),
            *(
                row(known.get(name) or _unknown(field_id((name,)), name), parameters[name].said())
                for name in sorted(parameters)
            ),
        ),
        row(_unknown(FREE, "Another parameter"), ""),
        text_of(typed.value, FREE_NAME),
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


def known_fields(grid: FleetGrid, keys: Iterable[CellKey]) -> dict[str, Field]:
    """What the panel asks for, by parameter; without those on which the models do not agree."""
    found: dict[str, Field] = {}
    apart: set[str] = set()
    for model_id in dict.fromkeys(key.model_id for key in keys):
        model = grid.model(model_id)
        if model is None or not model.config_schema:
            continue
        for name, one in top_fields(flattened(model.config_schema)).items():
            before = found.setdefault(name, one)
            if _asks(before) != _asks(one):
                apart.add(name)
    return {name: one for name, one in found.items() if name not in apart}


def _asks(one: Field) -> tuple[object, ...]:
    return (one.kind, one.options, one.nullable)


def _is_listed(name: str) -> bool:
    return bool(name) and len(name) <= _NAME_CHARS


def _number_text(number: int | None) -> str:
    return "default" if number is None else str(number)


def _json_text(value: Any) -> str:
    return cut(json.dumps(value, ensure_ascii=False, sort_keys=True, default=dict), _VALUE_CHARS)


def read_form(
    typed: Typed, known: Mapping[str, Field] | None = None
) -> tuple[DesiredChange, dict[str, str]]:
    """What the form wants, and messages by field. Without messages the desired change holds.

    `known` are the fields that the panel has for the parameters, by name (`known_fields`).
    """
    by_id = {one.id: one for one in (known or {}).values()}
    errors: dict[str, str] = {}
    fps, priority = (_read_number(typed, name, errors) for name in (FPS, PRIORITY))
    to_set: dict[str, Any] = {}
    to_remove: set[str] = set()
    for name in typed.how:
        if name != FREE and not name.startswith(f"{ROOT_ID}/"):
            continue
        how = _how(typed, name, errors)
        parameter = text_of(typed.value, FREE_NAME).strip() if name == FREE else name_in(name)
        if name == FREE:
            if how == LEAVE and parameter and name not in errors:
                errors[name] = "choose what to do with it, or empty the name"
            if how in (SET, CLEAR) and not parameter:
                errors[name] = "give the name of the parameter"
        if how == CLEAR:
            to_remove.add(parameter)
        elif how == SET:
            one = by_id.get(field_id((parameter,)) if name == FREE else name)
            _read_value(typed, name, parameter, one, to_set, errors)
        if parameter in to_remove and parameter in to_set:
            errors[name] = "this parameter is set and removed"
    desired = DesiredChange(
        desired_fps=fps,
        priority=priority,
        set_parameters=to_set,
        remove_parameters=frozenset(to_remove),
    )
    if not errors and desired == DesiredChange():
        errors[""] = "Nothing is to be changed: every property is left as it is."
    return desired, errors


def _how(typed: Typed, name: str, errors: dict[str, str]) -> object:
    how, value = typed.how.get(name, LEAVE), typed.value.get(name)
    if how not in (LEAVE, SET, CLEAR):
        errors[name] = "choose one"
    elif how != SET and (value.strip() if isinstance(value, str) else value):
        errors[name] = 'a value is given: choose "set", or empty it'
    return how


def _read_number(typed: Typed, name: str, errors: dict[str, str]) -> int | Keep | None:
    how = _how(typed, name, errors)
    if how != SET:
        return None if how == CLEAR else KEEP
    try:
        return parse_number(name, text_of(typed.value, name))
    except TextError as error:
        errors[name] = str(error)
        return KEEP


def _read_value(
    typed: Typed,
    name: str,
    parameter: str,
    known: Field | None,
    into: dict[str, Any],
    errors: dict[str, str],
) -> None:
    try:
        value = _value(typed, name, known)
    except TextError as error:
        errors[name] = str(error)
        return
    if value is MISSING:
        errors[name] = 'give a value, or choose "remove"'
        return
    if parameter in into and not same_json(into[parameter], value):
        errors[name] = "this parameter is set above already"
    into[parameter] = value


def _value(typed: Typed, name: str, known: Field | None) -> Any:
    """The value as the panel takes it.

    Raises:
        TextError: it is not what the schema asks for.
    """
    if known is None:
        return _guessed(text_of(typed.value, name).strip())
    if name == FREE and known.kind not in _TEXTS:
        known = replace(known, kind=Kind.JSON)
    text = received(known, typed.value.get(name))
    if text is None:
        raise TextError("was not sent as text")
    return [] if text == () else parse(known, text)


def _guessed(text: str) -> Any:
    """The value of a parameter that no schema describes: JSON, a number or a text.

    Raises:
        TextError: it begins as JSON or as a number, and is none.
    """
    kind = Kind.TEXT
    if text[:1] in ("{", "[", '"') or text in ("true", "false", "null"):
        kind = Kind.JSON
    elif text[:1].isdigit() or text[:1] in ("-", "+", ".") or text.lower() in _NO_NUMBERS:
        kind = Kind.NUMBER
    return parse(Field(FREE, (), kind, FREE), text)


_NO_NUMBERS = ("nan", "inf", "infinity")
_TEXTS = (Kind.TEXT, Kind.NUMBER, Kind.INTEGER)
"""What can be typed into the one field that stands for any parameter; others are JSON there."""
