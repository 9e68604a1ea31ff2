"""The branches of a `oneOf` or `anyOf`, where each can be told from the others."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from vas_dash.domain.text import canonical, plain
from vas_dash.pages.form.hints import label_text
from vas_dash.pages.form.values import MISSING

MAX_BRANCHES = 20

_BESIDE = {"title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly"}
"""Keywords beside the branches that ask for nothing."""
_SHARED = {"type", "properties", "required", "additionalProperties"}
"""Keywords beside the branches that each branch is read together with."""
_JSON_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "string": str,
    "number": (int, float),
    "integer": int,
    "boolean": bool,
    "array": list,
    "object": Mapping,
    "null": type(None),
}


@dataclass(frozen=True, slots=True)
class Branch:
    """One of the forms that a value can have.

    `constant`: the one value that it is, in a list of one. `marks`: the properties whose constant
    values tell this branch from the others. Otherwise its title does.
    """

    label: str
    schema: Mapping[str, Any]
    constant: tuple[Any, ...] = ()
    marks: Mapping[str, Any] = field(default_factory=dict)

    def fits(self, value: Any) -> bool:
        """Whether a value is of this form, by its type, its names and its marks."""
        if self.constant:
            return canonical(self.constant[0]) == canonical(value)
        expected = _JSON_TYPES[self.schema["type"]]
        if not isinstance(value, expected) or (isinstance(value, bool) and expected is not bool):
            return False
        if not isinstance(value, Mapping):
            return True
        if any(canonical(value.get(name)) != canonical(one) for name, one in self.marks.items()):
            return False
        names, required = self.schema["properties"].keys(), self.schema.get("required")
        missing = set(required if isinstance(required, list) else ()) - value.keys()
        strange = self.schema.get("additionalProperties") is False and value.keys() - names
        return bool(self.marks) or not (missing or strange)


def branches(schema: Mapping[str, Any]) -> tuple[Branch, ...]:
    """What can be chosen; none where the schema has no branches, or they cannot be told apart."""
    keywords = [name for name in ("oneOf", "anyOf") if name in schema]
    if len(keywords) != 1 or schema.keys() - {*keywords, *_BESIDE, *_SHARED, "discriminator"}:
        return ()
    given = schema[keywords[0]]
    if not isinstance(given, list) or not 2 <= len(given) <= MAX_BRANCHES:
        return ()
    whole = [_whole(schema, one) for one in given]
    mark = _mark([one for one in whole if one and one.get("type") == "object"])
    found = [one and _branch(one, mark) for one in whole]
    named = [one for one in found if one]
    labels = {one.label for one in named}
    return tuple(named) if len(labels) == len(given) else ()


def differing(found: Iterable[Branch]) -> frozenset[str]:
    """The names of properties for which the branches ask in different ways."""
    asked: dict[str, set[str]] = {}
    for branch in found:
        properties = branch.schema.get("properties")
        if not branch.constant and isinstance(properties, Mapping):
            for name, schema in properties.items():
                asked.setdefault(name, set()).add(canonical(schema))
    return frozenset(name for name, schemas in asked.items() if len(schemas) > 1)


def carried(schema: Mapping[str, Any], value: Any, apart: Collection[str]) -> Any:
    """What stays of a value when another form is chosen: the properties that both ask for."""
    names = schema.get("properties")
    if not isinstance(value, Mapping) or not isinstance(names, Mapping):
        return MISSING
    return {name: value[name] for name in names if name in value and name not in apart}


def constant(schema: object) -> tuple[Any, ...]:
    """The one value that a schema allows, where that is said by `const` or an enum of one."""
    if not isinstance(schema, Mapping):
        return ()
    if "const" in schema:
        return (schema["const"],)
    values = schema.get("enum")
    if isinstance(values, list) and len(values) == 1:
        return (values[0],)
    return (None,) if schema.get("type") == "null" else ()


def _whole(schema: Mapping[str, Any], branch: object) -> Mapping[str, Any] | None:
    """A branch with what stands beside it; None where that says more than can be put together."""
    if not isinstance(branch, Mapping):
        return None
    if constant(branch):
        return branch
    if {"oneOf", "anyOf"} & branch.keys():
        return None
    shared = {name: schema[name] for name in _SHARED & schema.keys()}
    if (shared.keys() - {"properties", "required"}) & branch.keys() - {"type"}:
        return None
    both = {**shared, **branch}
    for name, kind in (("properties", dict), ("required", list)):
        parts = [one[name] for one in (shared, branch) if name in one]
        if not all(isinstance(one, kind) for one in parts):
            return None
        if len(parts) == 2:
            both[name] = {**parts[0], **parts[1]} if kind is dict else [*parts[0], *parts[1]]
    if "properties" in both:
        both.setdefault("type", "object")
    return both


def _mark(objects: list[Mapping[str, Any]]) -> str | None:
    """The property that has another constant value in each of the objects."""
    names: Iterable[str] = objects[0].get("properties", {}) if objects else ()
    for name in names:
        values = [constant(one.get("properties", {}).get(name)) for one in objects]
        if all(values) and len({canonical(one) for one in values}) == len(values):
            return name
    return None


def _branch(schema: Mapping[str, Any], mark: str | None) -> Branch | None:
    title = schema.get("title")
    only = constant(schema)
    if only:
        return Branch(label_text(title, plain(only[0])), schema, only)
    if not isinstance(schema.get("type"), str) or schema["type"] not in _JSON_TYPES:
        return None
    properties = schema.get("properties")
    if schema["type"] == "object" and mark is not None and isinstance(properties, Mapping):
        (value,) = constant(properties[mark])
        rest = {name: one for name, one in properties.items() if name != mark}
        required = schema.get("required")
        needed = [name for name in required if name != mark] if isinstance(required, list) else []
        below = {**schema, "properties": rest, "required": needed}
        if not rest:
            return Branch(label_text(title, plain(value)), below, ({mark: value},))
        return Branch(label_text(title, plain(value)), below, marks={mark: value})
    if not isinstance(title, str) or (schema["type"] == "object" and not properties):
        return None
    return Branch(label_text(title, ""), schema)
