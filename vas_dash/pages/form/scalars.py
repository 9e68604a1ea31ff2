"""A schema and a value to one field: its kind, its options and limits, what it shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from vas_dash.domain.entities import Parameters
from vas_dash.domain.text import canonical, json_text, plain
from vas_dash.pages.form.fields import ROOT_ID, Field, Kind, Option
from vas_dash.pages.form.hints import (
    default_text,
    description_text,
    joined,
    range_text,
    scalar_limits,
)
from vas_dash.pages.form.values import EMPTY_TEXT, MISSING, show, unique_options

MAX_OPTIONS = 200
SEARCHED_FROM = 13
"""A choice of so many is searched instead of unfolded."""

_LONG_TEXT = 80

BEYOND_A_FIELD = frozenset(
    {
        "$ref",
        "$dynamicRef",
        "$recursiveRef",
        "oneOf",
        "anyOf",
        "allOf",
        "not",
        "if",
        "then",
        "else",
        "patternProperties",
        "dependentSchemas",
        "dependencies",
        "unevaluatedProperties",
        "unevaluatedItems",
        "prefixItems",
        "contains",
        "extends",
        "disallow",
    }
)
"""Keywords that a field, a group or a list of rows says nothing of."""

_SCALARS = {
    "string": Kind.TEXT,
    "number": Kind.NUMBER,
    "integer": Kind.INTEGER,
    "boolean": Kind.BOOLEAN,
}


def scalar_field(field: Field, schema: Mapping[str, Any], value: Any) -> Field:
    """`field` as the schema asks for it, with the value; raw JSON where nothing else shows it."""
    made = replace(_typed(field, schema), description=description_text(schema))
    if made.kind is Kind.JSON:
        return raw_field(made, value, schema)
    if value is not MISSING:
        shown = show(made, value)
        if shown is None:
            return raw_field(made, value, schema)
        empty = f"{EMPTY_TEXT} is an empty text" if shown == EMPTY_TEXT else None
        made = replace(made, value=shown, help=joined(made.help, empty))
    if made.kind is Kind.TEXT:
        text = str(made.value)
        made = replace(made, multiline="\n" in text or len(text) > _LONG_TEXT)
    if made.kind in (Kind.CHOICE, Kind.BOOLEAN):
        return _with_blank_option(made, schema)
    default = default_text(schema)
    if made.kind is Kind.CHOICES:
        return replace(made, help=joined(made.help, default))
    return replace(made, placeholder=default)


def raw_root(parameters: Parameters | None) -> Field:
    """The parameters as one field of raw JSON."""
    return Field(
        ROOT_ID,
        (),
        Kind.JSON,
        "Parameters",
        value="" if parameters is None else json_text(parameters),
        help="One JSON object. Blank: no parameters.",
    )


def raw_field(field: Field, value: Any, schema: Mapping[str, Any] | None = None) -> Field:
    """`field` as raw JSON."""
    return Field(
        field.id,
        field.path,
        Kind.JSON,
        field.label,
        value="" if value is MISSING else json_text(value),
        description=field.description,
        help=joined("JSON", field.help),
        placeholder=None if schema is None else default_text(schema),
        required=field.required,
    )


def _typed(field: Field, schema: Mapping[str, Any]) -> Field:
    """`field` with the kind, the options and the limits that `schema` asks for."""
    if BEYOND_A_FIELD & schema.keys():
        return field
    options = _options(schema)
    if options is not None:
        kind = Kind.SEARCH if len(options) >= SEARCHED_FROM else Kind.CHOICE
        return replace(field, kind=kind, options=options) if options else field
    nullable = "null" in types_of(schema)
    kind_named = _SCALARS.get(type_of(schema) or "")
    if kind_named is Kind.BOOLEAN:
        return replace(field, kind=Kind.BOOLEAN, options=_yes_or_no(nullable))
    if kind_named is not None:
        null = "null for none" if nullable else None
        help_text = joined(*scalar_limits(kind_named, schema), null)
        return replace(field, kind=kind_named, nullable=nullable, help=help_text)
    items = schema.get("items")
    if type_of(schema) != "array" or not isinstance(items, Mapping):
        return field
    item_options = None if BEYOND_A_FIELD & items.keys() else _options(items)
    if not item_options or len(item_options) >= SEARCHED_FROM:
        return field
    length = range_text(schema.get("minItems"), schema.get("maxItems"), "value")
    cleared = "no tick: an empty list" if field.required else "no tick: not set"
    help_text = joined(length, cleared)
    return replace(field, kind=Kind.CHOICES, value=(), options=item_options, help=help_text)


def types_of(schema: Mapping[str, Any]) -> tuple[str, ...]:
    """The types that `type` names."""
    types = schema.get("type")
    names = types if isinstance(types, list) else [types]
    return tuple(name for name in names if isinstance(name, str))


def type_of(schema: Mapping[str, Any]) -> str | None:
    """The one type that is not null; None when `type` says nothing, `""` when it says more."""
    names = [name for name in types_of(schema) if name != "null"]
    if not names:
        return None if "type" not in schema else ""
    return names[0] if len(names) == 1 else ""


def _options(schema: Mapping[str, Any]) -> tuple[Option, ...] | None:
    """What an enum or a const offers; None when it is neither, empty when it is too much."""
    if "const" in schema:
        values = [schema["const"]]
    elif isinstance(schema.get("enum"), list):
        values = unique_options(schema["enum"])
    else:
        return None
    if len(values) > MAX_OPTIONS:
        return ()
    words = [plain(value) for value in values]
    return tuple(
        # The number 1 and the text "1" must not read alike.
        Option(canonical(value), plain(canonical(value)) if words.count(word) > 1 else word)
        for value, word in zip(values, words, strict=True)
    )


def _yes_or_no(nullable: bool) -> tuple[Option, ...]:
    options = (Option("true", "yes"), Option("false", "no"))
    return (*options, Option("null", "null")) if nullable else options


def _with_blank_option(field: Field, schema: Mapping[str, Any]) -> Field:
    """`field` with the option that sets nothing, where that is possible or still the case."""
    if field.required and field.value:
        return field
    default = None
    if "default" in schema:
        text = canonical(schema["default"])
        default = next((option.label for option in field.options if option.value == text), None)
    label = "choose" if field.required else "not set"
    blank = Option("", f"{label} (default {default})" if default else label)
    return replace(field, options=(blank, *field.options))
