"""A model's `config_schema` to the fields and groups of a form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from vas_dash.domain.entities import Parameters
from vas_dash.domain.text import canonical, is_encodable, json_text, plain
from vas_dash.errors import VasDashError
from vas_dash.pages.form.fields import (
    ROOT_ID,
    Field,
    Group,
    Kind,
    Option,
    Path,
    field_id,
    fields_of,
    others_id,
)
from vas_dash.pages.form.hints import (
    default_text,
    description_text,
    joined,
    label_text,
    range_text,
    scalar_limits,
)
from vas_dash.pages.form.values import EMPTY_LIST, EMPTY_TEXT, MISSING, show, unique_options
from vas_dash.schema.validation import MAX_NAME_LENGTH

MAX_FIELDS = 200
MAX_GROUP_DEPTH = 5
MAX_OPTIONS = 200
_LONG_TEXT = 80
_TOO_MANY_FIELDS = f"The schema of this model has more than {MAX_FIELDS} fields."

_BEYOND_A_FORM = frozenset(
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
_SCALARS = {
    "string": Kind.TEXT,
    "number": Kind.NUMBER,
    "integer": Kind.INTEGER,
    "boolean": Kind.BOOLEAN,
}


class BeyondAFormError(VasDashError):
    """The schema's top cannot be shown as a form. The message says why."""


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


def root_group(schema: Mapping[str, Any], parameters: Parameters | None) -> Group:
    """The outermost group.

    Raises:
        BeyondAFormError: there is none.
    """
    if not _is_object(schema) or not (parameters is None or isinstance(parameters, Mapping)):
        raise BeyondAFormError("The schema of this model goes beyond what a form can show.")
    group = _group((), "", schema, MISSING if parameters is None else parameters, required=True)
    if len(list(fields_of(group))) > MAX_FIELDS:
        raise BeyondAFormError(_TOO_MANY_FIELDS)
    return group


def top_fields(schema: Mapping[str, Any]) -> Mapping[str, Field]:
    """The fields of a schema's own properties, by name, as far as there are any."""
    try:
        group = root_group(schema, None)
    except BeyondAFormError:
        return {}
    return {
        one.path[-1]: one for one in group.children if isinstance(one, Field) and not one.others
    }


def _is_object(schema: Mapping[str, Any]) -> bool:
    """Whether the schema asks for an object, and says no more of it than a group can show."""
    properties = schema.get("properties")
    return (
        _type(schema) in ("object", None)
        and isinstance(properties, Mapping)
        and bool(properties)
        and not _BEYOND_A_FORM & schema.keys()
        and all(_is_plain_name(name) for name in properties)
    )


def _is_plain_name(name: object) -> bool:
    return isinstance(name, str) and len(name) <= MAX_NAME_LENGTH and is_encodable(name)


def _group(path: Path, label: str, schema: Mapping[str, Any], value: Any, required: bool) -> Group:
    properties = dict(schema["properties"])
    needed = schema.get("required")
    names = {name for name in needed if _is_plain_name(name)} if isinstance(needed, list) else set()
    for name in sorted(names - properties.keys()):
        properties[name] = {}
    if len(properties) > MAX_FIELDS:
        raise BeyondAFormError(_TOO_MANY_FIELDS)
    values = value if isinstance(value, Mapping) else {}
    children = [
        _node((*path, name), below, values.get(name, MISSING), name in names)
        for name, below in properties.items()
    ]
    others = {name: values[name] for name in values if name not in properties}
    if others or schema.get("additionalProperties") not in (None, False):
        children.append(_others_field(path, others))
    return Group(
        field_id(path),
        path,
        label,
        tuple(children),
        description=description_text(schema),
        required=required,
    )


def _others_field(path: Path, others: Mapping[str, Any]) -> Field:
    return Field(
        others_id(path),
        path,
        Kind.JSON,
        "Other values",
        value=json_text(others) if others else "",
        help="One JSON object: values that have no field of their own.",
        others=True,
    )


def _node(path: Path, schema: object, value: Any, required: bool) -> Group | Field:
    name = path[-1]
    if not isinstance(schema, Mapping):
        return _raw(Field(field_id(path), path, Kind.JSON, label_text(None, name)), value, required)
    label = label_text(schema.get("title"), name)
    if (
        _is_object(schema)
        and len(path) <= MAX_GROUP_DEPTH
        and (value is MISSING or isinstance(value, Mapping))
    ):
        return _group(path, label, schema, value, required)
    field = replace(
        _typed(Field(field_id(path), path, Kind.JSON, label), schema, required),
        required=required,
        description=description_text(schema),
    )
    if field.kind is Kind.JSON:
        return _raw(field, value, required, schema)
    if value is not MISSING:
        shown = show(field, value)
        if shown is None:
            return _raw(field, value, required, schema)
        field = replace(field, value=shown, help=joined(field.help, _written_out(shown)))
    if field.kind is Kind.TEXT:
        text = str(field.value)
        field = replace(field, multiline="\n" in text or len(text) > _LONG_TEXT)
    if field.kind in (Kind.CHOICE, Kind.BOOLEAN):
        return _with_blank_option(field, schema)
    default = default_text(schema)
    if field.kind is Kind.CHOICES:
        return replace(field, help=joined(field.help, default))
    return replace(field, placeholder=default)


def _raw(
    field: Field, value: Any, required: bool, schema: Mapping[str, Any] | None = None
) -> Field:
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
        required=required,
    )


def _typed(field: Field, schema: Mapping[str, Any], required: bool) -> Field:
    """`field` with the kind, the options and the limits that `schema` asks for."""
    if _BEYOND_A_FORM & schema.keys():
        return field
    options = _options(schema)
    if options is not None:
        return replace(field, kind=Kind.CHOICE, options=options) if options else field
    nullable = "null" in _types(schema)
    kind = _SCALARS.get(_type(schema) or "")
    if kind is Kind.BOOLEAN:
        return replace(field, kind=Kind.BOOLEAN, options=_yes_or_no(nullable))
    if kind is not None:
        help_text = joined(*scalar_limits(kind, schema), "null for none" if nullable else None)
        return replace(field, kind=kind, nullable=nullable, help=help_text)
    items = schema.get("items")
    if _type(schema) != "array" or not isinstance(items, Mapping) or _BEYOND_A_FORM & items.keys():
        return field
    length = range_text(schema.get("minItems"), schema.get("maxItems"), "value")
    item_options = _options(items)
    if item_options is not None:
        if not item_options:
            return field
        cleared = "no tick: an empty list" if required else "no tick: not set"
        return replace(
            field,
            kind=Kind.CHOICES,
            value=(),
            options=item_options,
            help=joined(length, cleared),
        )
    item_kind = _SCALARS.get(_type(items) or "")
    if item_kind is None or "null" in _types(items):
        return field
    limits = joined(*scalar_limits(item_kind, items))
    each = f"each {limits}" if limits else None
    null = "null for none" if nullable else None
    return replace(
        field,
        kind=Kind.LINES,
        item_kind=item_kind,
        nullable=nullable,
        help=joined("one per line", length, each, null),
    )


def _written_out(text: object) -> str | None:
    """What a text means that stands for nothing, where a blank would mean: not set."""
    if text == EMPTY_TEXT:
        return f"{EMPTY_TEXT} is an empty text"
    return f"{EMPTY_LIST} is an empty list" if text == EMPTY_LIST else None


def _types(schema: Mapping[str, Any]) -> tuple[str, ...]:
    """The types that `type` names."""
    types = schema.get("type")
    names = types if isinstance(types, list) else [types]
    return tuple(name for name in names if isinstance(name, str))


def _type(schema: Mapping[str, Any]) -> str | None:
    """The one type that is not null; None when `type` says nothing, `""` when it says more."""
    names = [name for name in _types(schema) if name != "null"]
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
