"""The parameters of a model as rows of a table: plain data, from its `config_schema`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Any

from vas_dash.domain.text import cut, plain
from vas_dash.pages.form.fields import Kind
from vas_dash.pages.form.hints import joined, range_text, scalar_limits
from vas_dash.pages.form.scalars import types_of
from vas_dash.schema.flatten import flattened

__all__ = ["MAX_PARAMETERS", "Parameter", "parameters"]

MAX_PARAMETERS = 200
_MAX_DEPTH = 5
_MAX_NAME_LENGTH = 200

_KINDS = {
    "string": "text",
    "number": "number",
    "integer": "whole number",
    "boolean": "yes or no",
    "array": "list",
    "object": "group",
    "null": "null",
}
_SCALARS = {"string": Kind.TEXT, "number": Kind.NUMBER, "integer": Kind.INTEGER}


@dataclass(frozen=True)
class Parameter:
    """One parameter; what lies in another is named after it: `lines > name`."""

    name: str
    kind: str
    default: str
    range: str


def parameters(schema: Mapping[str, Any]) -> tuple[Parameter, ...]:
    """The parameters in the schema's order, and those that lie in them: no more than fit a table.

    Empty where the schema names none.
    """
    try:
        return _of_text(json.dumps(schema))
    except RecursionError:
        return ()


@lru_cache(maxsize=32)
def _of_text(schema: str) -> tuple[Parameter, ...]:
    """Of a schema as JSON: a panel that is open asks at each sweep, with a copy of the same."""
    return tuple(islice(_below((), flattened(json.loads(schema))), MAX_PARAMETERS))


def _below(path: tuple[str, ...], schema: Mapping[str, Any]) -> Iterator[Parameter]:
    properties, needed = schema.get("properties"), schema.get("required")
    if not isinstance(properties, Mapping) or len(path) >= _MAX_DEPTH:
        return
    for name, below in properties.items():
        inner = below if isinstance(below, Mapping) else {}
        required = isinstance(needed, list) and name in needed
        own = (*path, str(name))
        yield _parameter(own, inner, required=required)
        items = inner.get("items")
        yield from _below(own, items if isinstance(items, Mapping) else inner)


def _parameter(path: tuple[str, ...], schema: Mapping[str, Any], *, required: bool) -> Parameter:
    default = plain(schema["default"]) if "default" in schema else ""
    limits = joined("required" if required else None, *_limits(schema))
    return Parameter(cut(" > ".join(path), _MAX_NAME_LENGTH), _kind(schema), default, limits or "")


def _kind(schema: Mapping[str, Any]) -> str:
    if "const" in schema or isinstance(schema.get("enum"), list):
        return "choice"
    types = types_of(schema)
    words = " or ".join(_KINDS.get(name, cut(name, 40)) for name in types[:7])
    items = schema.get("items")
    if "array" in types and isinstance(items, Mapping):
        return f"{words} of {_kind(items)}" if types_of(items) or "enum" in items else words
    return words or "any"


def _limits(schema: Mapping[str, Any]) -> Iterator[str | None]:
    if "const" in schema:
        yield plain(schema["const"])
    elif isinstance(schema.get("enum"), list):
        yield cut(", ".join(map(plain, schema["enum"][:20])))
        yield f"{len(schema['enum']):,} choices" if len(schema["enum"]) > 20 else None
    for name in types_of(schema):
        if name in _SCALARS:
            yield from (
                text for text in scalar_limits(_SCALARS[name], schema) if text != "whole number"
            )
    yield range_text(schema.get("minItems"), schema.get("maxItems"), "value")
    items = schema.get("items")
    if isinstance(items, Mapping) and (limits := joined(*_limits(items))):
        yield f"each {limits}"
