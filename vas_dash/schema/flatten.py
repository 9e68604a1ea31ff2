"""A schema as a form can show it: with local references, and unions with null, opened up.

Models' schemas are mostly written by pydantic, which says `anyOf: [X, null]` for what may be null,
puts enumerations and nested models into `$defs`, and wraps a reference with a default into `allOf`.
What is not so simple stays as it is. Checks never use this: they have the schema itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

__all__ = ["flattened", "modern"]

MAX_NODES = 5_000
"""A reference that is used many times is opened many times."""

_ABOUT = {"title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly"}
"""Keywords that say something of a value and ask for nothing; those outside count."""

_NAMED = {"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"}
"""Keywords whose values are schemas by name."""

_DATA = {"enum", "const", "default", "examples"}

Schema = dict[str, Any]


def modern(schema: Any) -> Any:
    """The schema without the booleans of Draft 4: `minimum: 1, exclusiveMinimum: true` is `> 1`."""
    if isinstance(schema, list):
        return [modern(one) for one in schema]
    if not isinstance(schema, Mapping):
        return schema
    found: Schema = {}
    for name, value in schema.items():
        if name in _NAMED and isinstance(value, Mapping):
            found[name] = {key: modern(below) for key, below in value.items()}
        else:
            found[name] = value if name in _DATA else modern(value)
    for limit, strict in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        flag = found.get(strict)
        if isinstance(flag, bool):
            del found[strict]
            if flag and limit in found:
                found[strict] = found.pop(limit)
    return found


def flattened(schema: Mapping[str, Any]) -> Schema:
    """The schema for a form."""
    root = modern(schema)
    return _Flattener(root).node(root, frozenset())  # type: ignore[no-any-return]


class _Flattener:
    """Opens the references of one schema; one to itself stays."""

    def __init__(self, root: Schema) -> None:
        self._root = root
        self._left = MAX_NODES

    def node(self, schema: Any, seen: frozenset[str]) -> Any:
        self._left -= 1
        if not isinstance(schema, dict) or self._left < 0:
            return schema
        found, seen = self._opened(schema, seen)
        found = {name: value for name, value in found.items() if name not in _DEFINITIONS}
        properties, items = found.get("properties"), found.get("items")
        if isinstance(properties, dict):
            found["properties"] = {
                name: self.node(below, seen) for name, below in properties.items()
            }
        if isinstance(items, dict):
            found["items"] = self.node(items, seen)
        for keyword in ("anyOf", "oneOf"):
            if isinstance(found.get(keyword), list):
                found[keyword] = [self.node(one, seen) for one in found[keyword]]
        return found

    def _opened(self, schema: Schema, seen: frozenset[str]) -> tuple[Schema, frozenset[str]]:
        """The schema without what can be opened up, and the references that were followed."""
        for keyword in ("$ref", "allOf", "anyOf", "oneOf"):
            if keyword not in schema:
                continue
            value = schema[keyword]
            outer = {name: below for name, below in schema.items() if name != keyword}
            inner: Any = None
            if keyword == "$ref":
                if isinstance(value, str) and value not in seen:
                    inner, seen = self._target(value), seen | {value}
            elif isinstance(value, list) and all(isinstance(one, dict) for one in value):
                if keyword == "allOf":
                    inner = value[0] if len(value) == 1 else None
                else:
                    inner, seen = self._union(value, seen)
            merged = _merged(inner, outer) if isinstance(inner, dict) else None
            return (schema, seen) if merged is None else self._opened(merged, seen)
        return schema, seen

    def _union(
        self, value: list[Schema], seen: frozenset[str]
    ) -> tuple[Schema | None, frozenset[str]]:
        """What `anyOf` or `oneOf` comes to: constants, or one schema that may be null too."""
        if value and all(
            "const" in one and one.keys() <= {"const", *_ABOUT, "type"} for one in value
        ):
            return {"enum": [one["const"] for one in value]}, seen
        others = [one for one in value if one.get("type") != "null"]
        if len(value) != 2 or len(others) != 1:
            return None, seen
        inner, seen = self._opened(others[0], seen)
        if "const" in inner:
            inner = {**inner, "enum": [inner["const"]]}
            del inner["const"]
        types = inner.get("type")
        if isinstance(inner.get("enum"), list):
            inner = {**inner, "enum": [*inner["enum"], None]}
        elif types is None:
            return None, seen
        if types is not None:
            inner = {**inner, "type": [*(types if isinstance(types, list) else [types]), "null"]}
        return inner, seen

    def _target(self, reference: str) -> Any:
        """What a reference within the schema points at (RFC 6901); None where that is nothing."""
        if reference != "#" and not reference.startswith("#/"):
            return None
        found: Any = self._root
        for step in unquote(reference).split("/")[1:]:
            name = step.replace("~1", "/").replace("~0", "~")
            if isinstance(found, dict) and name in found:
                found = found[name]
            elif isinstance(found, list) and name.isdecimal() and int(name) < len(found):
                found = found[int(name)]
            else:
                return None
        return found


_DEFINITIONS = {"$defs", "definitions"}


def _merged(inner: Schema, outer: Schema) -> Schema | None:
    """Both as one schema; None where they ask for the same thing twice."""
    asked = outer.keys() & inner.keys() - _ABOUT - _DEFINITIONS
    return None if asked else {**inner, **outer}
