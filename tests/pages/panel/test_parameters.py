"""A model's parameters as a table."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from vas_dash.pages.panel.parameters import MAX_PARAMETERS, Parameter, parameters


def object_of(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


def test_each_parameter_has_its_kind_its_default_and_its_range() -> None:
    schema = object_of(
        threshold={"type": "number", "minimum": 0, "maximum": 1, "default": 0.5},
        count={"type": "integer", "exclusiveMinimum": 0},
        label={"type": "string", "maxLength": 20, "default": ""},
        on={"type": "boolean", "default": True},
        side={"enum": ["left", "right"], "default": "left"},
        classes={"type": "array", "items": {"type": "string"}, "minItems": 1},
        anything={},
    )
    schema["required"] = ["threshold"]
    assert [*parameters(schema)] == [
        Parameter("threshold", "number", "0.5", "required; 0 to 1"),
        Parameter("count", "whole number", "", "more than 0"),
        Parameter("label", "text", "", "at most 20 characters"),
        Parameter("on", "yes or no", "true", ""),
        Parameter("side", "choice", "left", "left, right"),
        Parameter("classes", "list of text", "", "at least 1 value"),
        Parameter("anything", "any", "", ""),
    ]


def test_what_lies_in_another_is_named_after_it() -> None:
    line = object_of(name={"type": "string"}, at={"$ref": "#/$defs/Point"})
    schema = object_of(lines={"type": "array", "items": line, "maxItems": 4})
    schema["$defs"] = {"Point": object_of(x={"type": "number"})}
    assert [(one.name, one.kind, one.range) for one in parameters(schema)] == [
        ("lines", "list of group", "at most 4 values"),
        ("lines > name", "text", ""),
        ("lines > at", "group", ""),
        ("lines > at > x", "number", ""),
    ]


def test_what_may_be_null_says_so() -> None:
    schema = object_of(limit={"anyOf": [{"type": "integer"}, {"type": "null"}], "default": None})
    assert parameters(schema) == (Parameter("limit", "whole number or null", "null", ""),)


def _nested(depth: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(depth):
        schema = object_of(a=schema)
    return schema


@pytest.mark.parametrize(
    ("schema", "rows"),
    [
        ({}, 0),
        ({"properties": ["no"]}, 0),
        ({"properties": {"a": 7, "b": {"type": {"x": 1}, "enum": 3, "items": []}}}, 2),
        (object_of(a={"$ref": "#"}), 2),
        (_nested(50), 5),
        (_nested(5_000), 0),
        (object_of(**{f"p{number}": _nested(3) for number in range(3_000)}), MAX_PARAMETERS),
        (object_of(**{"x" * 100_000: {"default": "y" * 100_000, "enum": ["z" * 9_000] * 500}}), 1),
    ],
)
def test_a_hostile_schema_makes_no_long_table(schema: dict[str, Any], rows: int) -> None:
    found = parameters(schema)
    assert len(found) == rows
    assert all(len(part) < 1_000 for one in found for part in (one.name, one.default, one.range))


def test_the_same_schema_read_again_is_not_opened_up_again() -> None:
    schema = {"properties": {"threshold": {"type": "number"}}}
    found = parameters(schema)
    assert parameters(deepcopy(schema)) is found
    schema["properties"]["threshold"]["type"] = "integer"
    assert [one.kind for one in parameters(schema)] == ["whole number"]
