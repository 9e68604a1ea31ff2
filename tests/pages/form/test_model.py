"""The form for parameters, as data: what it shows, and what it makes of what was typed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from vas_dash.pages.form.builder import MAX_FIELDS
from vas_dash.pages.form.fields import ROOT_ID, Field, Form, Group, Kind, Option
from vas_dash.pages.form.hints import MAX_DESCRIPTION_LENGTH
from vas_dash.pages.form.model import FormResult, build_form, read_form, with_submitted
from vas_dash.schema.validation import read_schema

Schema = dict[str, Any]

DETECTOR: Schema = {
    "type": "object",
    "required": ["threshold"],
    "additionalProperties": False,
    "properties": {
        "threshold": {"type": "number", "minimum": 0, "maximum": 1, "default": 0.5},
        "max_detections": {"type": "integer", "exclusiveMinimum": 0},
        "classes": {"type": "array", "items": {"enum": ["person", "car", "truck"]}},
        "regions": {"type": "array", "items": {"type": "string"}, "maxItems": 3},
        "mode": {"enum": ["fast", "exact"], "default": "fast"},
        "blur": {"type": "boolean"},
        "prompt": {"type": "string", "maxLength": 10},
        "roi": {
            "type": "object",
            "required": ["x", "y"],
            "properties": {"x": {"type": "integer", "minimum": 0}, "y": {"type": "integer"}},
        },
    },
}


def one(kind_schema: Schema, **more: Any) -> Schema:
    """A schema with the one property `a`."""
    return {"type": "object", "properties": {"a": kind_schema}, **more}


def field(form: Form, field_id: str) -> Field:
    return next(one for one in form.fields() if one.id == field_id)


def field_a(schema: Schema, *value: Any, required: bool = False) -> Field:
    whole = one(schema, required=["a"] if required else [])
    return field(build_form(whole, {"a": value[0]} if value else None), "#/a")


def read_a(schema: Schema, text: object, opened: Mapping[str, Any] | None = None) -> FormResult:
    return read_form(one(schema), opened, {"#/a": text})


# What stands in a form.


def test_each_property_becomes_a_field_of_its_kind() -> None:
    form = build_form(DETECTOR, {})
    assert [(field.id, field.kind) for field in form.fields()] == [
        ("#/threshold", Kind.NUMBER),
        ("#/max_detections", Kind.INTEGER),
        ("#/classes", Kind.CHOICES),
        ("#/regions/~rows", Kind.ROWS),
        ("#/mode", Kind.CHOICE),
        ("#/blur", Kind.BOOLEAN),
        ("#/prompt", Kind.TEXT),
        ("#/roi/x", Kind.INTEGER),
        ("#/roi/y", Kind.INTEGER),
    ]
    assert form.note is None


def test_a_field_says_its_limits_its_default_and_whether_it_is_required() -> None:
    assert field(build_form(DETECTOR, None), "#/threshold") == Field(
        id="#/threshold",
        path=("threshold",),
        kind=Kind.NUMBER,
        label="threshold",
        help="0 to 1",
        placeholder="default 0.5",
        required=True,
    )


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "number", "minimum": 0}, "at least 0"),
        ({"type": "number", "maximum": 2.5}, "at most 2.5"),
        ({"type": "number", "exclusiveMinimum": 0, "maximum": 1}, "at most 1; more than 0"),
        ({"type": "integer", "minimum": 1, "maximum": 9}, "whole number; 1 to 9"),
        ({"type": "integer", "multipleOf": 5}, "whole number; a multiple of 5"),
        ({"type": "string", "minLength": 1, "maxLength": 4}, "1 to 4 characters"),
        ({"type": "string", "minLength": 1}, "at least 1 character"),
        ({"type": "string", "pattern": "^[a-z]+$"}, "pattern ^[a-z]+$"),
        ({"type": ["number", "null"]}, "null for none"),
        ({"type": "array", "items": {"enum": [1]}}, "no tick: not set"),
    ],
)
def test_limits_are_said_in_words(schema: Schema, words: str) -> None:
    assert field_a(schema).help == words


@pytest.mark.parametrize(
    ("default", "words"),
    [
        (0.5, "default 0.5"),
        ("all", "default all"),
        ("", 'default ""'),
        (None, "default null"),
        (["a", "b"], "default a, b"),
        ({"x": 1}, 'default {"x": 1}'),
    ],
)
def test_the_placeholder_names_the_default(default: object, words: str) -> None:
    assert field_a({"type": "string", "default": default}).placeholder == words


def test_a_title_is_the_label_and_a_description_is_shown() -> None:
    shown = field_a({"type": "string", "title": "Name", "description": " Of the gate. "})
    assert (shown.label, shown.description) == ("Name", "Of the gate.")


def test_nested_objects_are_groups() -> None:
    root = build_form(DETECTOR, None).root
    assert isinstance(root, Group)
    group = root.children[-1]
    assert isinstance(group, Group)
    assert (group.id, group.label, [child.id for child in group.children]) == (
        "#/roi",
        "roi",
        ["#/roi/x", "#/roi/y"],
    )


def test_an_optional_choice_can_be_left_unset_and_names_the_default() -> None:
    assert field(build_form(DETECTOR, None), "#/mode").options == (
        Option("", "not set (default fast)"),
        Option('"fast"', "fast"),
        Option('"exact"', "exact"),
    )


def test_a_required_choice_that_has_a_value_offers_no_blank() -> None:
    labels = [option.label for option in field_a({"enum": ["x"]}, "x", required=True).options]
    assert labels == ["x"]
    labels = [option.label for option in field_a({"enum": ["x"]}, required=True).options]
    assert labels == ["choose", "x"]


def test_choices_that_read_alike_are_told_apart() -> None:
    options = field_a({"enum": [1, "1", None, 1]}).options
    assert options[1:] == (Option("1", "1"), Option('"1"', '"1"'), Option("null", "null"))


def test_names_that_are_awkward_in_a_pointer_keep_ids_apart() -> None:
    names = ["a/b", "a~1b", "a", "", "~other", "ü .{}"]
    schema = {"properties": {name: {"type": "string"} for name in names}}
    form = build_form({**schema, "additionalProperties": True}, None)
    assert [field.id for field in form.fields()] == [
        "#/a~1b",
        "#/a~01b",
        "#/a",
        "#/",
        "#/~0other",
        "#/ü .{}",
        "#/~other",
    ]
    submitted = {field.id: field.label for field in form.fields() if not field.others}
    parameters = read_form(schema, None, submitted).parameters
    assert parameters == {name: name for name in names}


# Raw JSON.


@pytest.mark.parametrize("schema", [None, {}])
def test_without_a_schema_the_parameters_are_raw_json(schema: Schema | None) -> None:
    root = build_form(schema, {"a": [1, 2]}).root
    assert isinstance(root, Field)
    assert (root.id, root.kind, root.value) == (ROOT_ID, Kind.JSON, '{"a": [1, 2]}')


def test_raw_json_tells_no_parameters_from_empty_ones() -> None:
    assert next(build_form(None, None).fields()).value == ""
    assert next(build_form(None, {}).fields()).value == "{}"
    assert read_form(None, {"a": 1}, {"#": " "}) == FormResult(None, {})
    assert read_form(None, {"a": 1}, {"#": "null"}) == FormResult(None, {})
    assert read_form(None, {"a": 1}, {"#": "{}"}) == FormResult({}, {})
    assert read_form(None, None, {"#": "{}"}) == FormResult({}, {})


@pytest.mark.parametrize("text", ["[]", "1", '"x"'])
def test_raw_parameters_must_be_an_object(text: str) -> None:
    assert "must be a JSON object" in read_form(None, None, {"#": text}).errors["#"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is not JSON: Expecting property name"),
        ('{"a": NaN}', "holds NaN"),
        ('{"a": 1e999}', "too large"),
        ('{"a": 1, "a": 2}', "names a twice"),
        ('{"a": "\\u0000"}', "character that cannot be stored"),
        ('{"a": "\\ud800"}', "character that cannot be stored"),
        ("[" * 90_000, "nested too deeply"),
        ("1" * 90_000, "too many digits"),
        ("1" * 100_001, "longer than 100000"),
    ],
)
def test_raw_json_that_cannot_be_stored_says_why(text: str, message: str) -> None:
    assert message in read_form(None, None, {"#": text}).errors["#"]


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#/$defs/x"},
        {"oneOf": [{"type": "string"}, {"type": "number"}]},
        {"type": "number", "not": {"const": 3}},
        {"type": ["string", "number"]},
        {"type": "array", "items": {"type": "object"}},
        {"type": "array", "prefixItems": [{"type": "number"}]},
        {"type": "array"},
        {"type": "object", "patternProperties": {"^x": {}}},
        {"type": "object"},
        {"enum": list(range(1000))},
        {},
        True,
    ],
)
def test_only_what_is_beyond_a_form_is_raw_json(schema: Any) -> None:
    properties = {"a": schema, "b": {"type": "string"}}
    form = build_form({"properties": properties, "$defs": {"x": {}}}, None)
    assert [field.kind for field in form.fields()] == [Kind.JSON, Kind.TEXT]


@pytest.mark.parametrize(
    "schema",
    [
        {"allOf": [{"properties": {"a": {}}}, {"properties": {"a": {}}}]},
        {"type": "array"},
        {"type": "object"},
        {"properties": {"a": {}}, "if": {}},
    ],
)
def test_a_top_that_is_beyond_a_form_makes_everything_raw_json(schema: Schema) -> None:
    form = build_form(schema, {})
    assert isinstance(form.root, Field)
    assert form.note is not None
    assert "goes beyond what a form can show" in form.note


def test_raw_json_is_checked_against_the_schema_too() -> None:
    schema = {"allOf": [{"properties": {"a": {"items": {"maximum": 3}}}}, {}]}
    assert read_form(schema, None, {"#": '{"a": [1, 4]}'}).errors == {
        "#": "a > 2: must be at most 3"
    }


# What the schema does not know.


def test_values_that_the_schema_does_not_know_are_shown_at_their_level() -> None:
    schema = one({"type": "object", "properties": {"b": {"type": "string"}}})
    form = build_form(schema, {"x": 1, "a": {"b": "t", "y": [2]}})
    assert {one.id: one.value for one in form.fields() if one.others} == {
        "#/~other": '{"x": 1}',
        "#/a/~other": '{"y": [2]}',
    }


def test_values_that_the_schema_does_not_know_survive_a_change_beside_them() -> None:
    opened = {"threshold": 0.1, "old": {"kept": True}}
    result = read_form(
        DETECTOR, opened, {"#/threshold": "0.2", "#/~other": '{"old":{"kept":true}}'}
    )
    assert result == FormResult({"threshold": 0.2, "old": {"kept": True}}, {})


def test_other_values_can_be_changed_and_removed() -> None:
    schema = one({"type": "number"})
    opened = {"a": 1, "x": 1, "y": 2}
    assert read_form(schema, opened, {"#/~other": '{"x": 3}'}).parameters == {"a": 1, "x": 3}
    assert read_form(schema, opened, {"#/~other": ""}).parameters == {"a": 1}
    errors = read_form(schema, opened, {"#/~other": '{"a": 3}'}).errors
    assert errors == {"#/~other": "a has a field of its own"}
    errors = read_form(schema, opened, {"#/~other": "3"}).errors
    assert "must be a JSON object" in errors["#/~other"]


def test_an_unknown_value_that_was_typed_is_refused_where_the_schema_is_closed() -> None:
    opened = {"threshold": 0.1, "old": 1}
    result = read_form(DETECTOR, opened, {"#/~other": '{"new": 1}'})
    assert result.errors == {"#/~other": "not known to this model: new"}


@pytest.mark.parametrize(
    ("schema", "value", "text", "error"),
    [
        ({"type": "number"}, "0.5", '"0.5"', "must be a number"),
        ({"type": "number"}, True, "true", "must be a number"),
        ({"type": "integer"}, 1.5, "1.5", "must be a whole number"),
        ({"type": "string"}, 3, "3", "must be a text"),
        ({"type": "boolean"}, "yes", '"yes"', "must be true or false"),
        ({"enum": ["x"]}, "y", '"y"', "must be one of: x"),
        ({"type": "array", "items": {"enum": ["x"]}}, ["y"], '["y"]', "must be one of: x"),
        ({"type": "array", "items": {"type": "string"}}, "y", '"y"', "must be a list"),
        ({"type": "object", "properties": {"b": {}}}, 3, "3", "must be a JSON object"),
        # These are what the schema wants, but would not come back from a plain text field.
        ({"type": "string"}, " x", '" x"', None),
        ({"type": "string"}, '""', '"\\"\\""', None),
        ({"type": "string"}, "a\r\nb", '"a\\r\\nb"', None),
        ({"type": "array", "items": {"enum": ["x"]}}, ["x", "x"], '["x", "x"]', None),
    ],
)
def test_a_value_that_does_not_fit_its_field_stands_there_as_raw_json(
    schema: Schema, value: Any, text: str, error: str | None
) -> None:
    shown = field_a(schema, value)
    assert (shown.kind, shown.value) == (Kind.JSON, text)
    assert shown.error is None if error is None else error in str(shown.error)


def test_an_old_fault_stays_visible_but_does_not_hinder_another_change() -> None:
    schema = {"properties": {"a": {"maximum": 1, "type": "number"}, "b": {"type": "string"}}}
    opened = {"a": 5, "b": "x"}
    assert field(build_form(schema, opened), "#/a").error == "must be at most 1"
    assert read_form(schema, opened, {"#/a": "5", "#/b": "y"}).parameters == {"a": 5, "b": "y"}
    assert read_form(schema, opened, {"#/a": "6", "#/b": "y"}).errors == {
        "#/a": "must be at most 1"
    }


def test_an_old_fault_inside_raw_json_does_not_hinder_another_change_there() -> None:
    item = {"type": "object", "required": ["x"], "properties": {"x": {"maximum": 1}}, "if": {}}
    schema = one({"type": "array", "items": item})
    opened = {"a": [{"x": 5}, {}]}
    first = field(build_form(schema, opened), "#/a").error
    assert first == "1 > x: must be at most 1"
    changed = read_form(schema, opened, {"#/a": '[{"x": 5}, {}, {"x": 0}]'})
    assert changed.parameters == {"a": [{"x": 5}, {}, {"x": 0}]}
    worse = read_form(schema, opened, {"#/a": '[{"x": 5}, {"y": 0}]'})
    assert worse.errors == {"#/a": "2 > x: needs a value"}
    assert read_form(schema, opened, {"#/a": '[{"x": 6}, {}]'}).errors == {"#/a": first}


def test_the_old_fault_of_a_group_goes_when_the_group_is_changed() -> None:
    schema = one({"type": "object", "minProperties": 2, "properties": {"b": {}, "c": {}}})
    form = build_form(schema, {"a": {"b": 1}})

    def fault(submitted: dict[str, str]) -> str | None:
        root = with_submitted(form, submitted, {}).root
        assert isinstance(root, Group)
        return root.children[0].error

    assert fault({"#/a/b": "1"}) == "needs at least 2 values"
    assert fault({"#/a/c": "1"}) is None


# From texts to parameters.


@pytest.mark.parametrize(
    ("schema", "text", "value"),
    [
        ({"type": "number"}, "0.5", 0.5),
        ({"type": "number"}, " -3e2 ", -300.0),
        ({"type": "number"}, ".5", 0.5),
        ({"type": "integer"}, "9007199254740993", 9007199254740993),
        ({"type": "integer"}, "7.0", 7.0),
        ({"type": ["integer", "null"]}, "null", None),
        ({"type": "string"}, " gate 1 ", "gate 1"),
        ({"type": "string"}, '""', ""),
        ({"type": "string"}, "null", "null"),
        ({"type": "boolean"}, "true", True),
        ({"type": "boolean"}, False, False),
        ({"enum": [1, "1"]}, '"1"', "1"),
        ({"const": 3}, "3", 3),
        ({"type": "array", "items": {"enum": ["x", 2]}}, ["2", '"x"'], [2, "x"]),
        ({}, '{"x": [null]}', {"x": [None]}),
    ],
)
def test_texts_become_values(schema: Schema, text: object, value: Any) -> None:
    result = read_a(schema, text)
    assert result.errors == {}
    assert repr(result.parameters) == repr({"a": value})


@pytest.mark.parametrize(
    ("schema", "text", "message"),
    [
        ({"type": "number"}, "0,5", "must be a number, written with a point: 0.5"),
        ({"type": "number"}, "NaN", "must be a number; NaN and infinity cannot be stored"),
        ({"type": "number"}, "-Infinity", "must be a number; NaN and infinity cannot be stored"),
        ({"type": "number"}, "1e999", "is too large to be stored"),
        (
            {"type": "number"},
            "0.12345678901234567890",
            "has more digits than can be stored; 0.12345678901234568 can",
        ),
        ({"type": "number"}, "1e-400", "has more digits than can be stored; 0.0 can"),
        ({"type": "number"}, "1e-99999999999999999999", "has more digits than can be stored"),
        ({}, "[0.10000000000000001]", "has more digits than can be stored; 0.1 can"),
        ({"type": "number"}, "1_000", "must be a number, such as 0.5"),
        ({"type": "number"}, "\u0665", "must be a number, such as 0.5"),
        ({"type": "integer"}, "1.5", "must be a whole number"),
        ({"type": "integer"}, "x", "must be a whole number, such as 5"),
        ({"type": "integer"}, "9" * 5000, "has too many digits"),
        ({"type": "number", "minimum": 0}, "-1", "must be at least 0"),
        ({"type": "number", "maximum": 1}, "2", "must be at most 1"),
        ({"type": "number", "exclusiveMinimum": 0}, "0", "must be more than 0"),
        ({"type": "number", "exclusiveMaximum": 1}, "1", "must be less than 1"),
        ({"type": "integer", "multipleOf": 5}, "3", "must be a multiple of 5"),
        ({"type": "string", "minLength": 2}, "x", "must have at least 2 characters"),
        ({"type": "string", "maxLength": 1}, "xy", "must have at most 1 character"),
        ({"type": "string", "pattern": "^[a-z]+$"}, "X", "must match the pattern ^[a-z]+$"),
        ({"type": "string"}, "a\0b", "holds a character that cannot be stored"),
        ({"type": "boolean"}, "maybe", "must be one of: yes, no"),
        ({"enum": ["person", "car"]}, "dog", "must be one of: person, car"),
        ({"type": "array", "items": {"enum": ["x"]}}, ['"y"'], "must be one of: x"),
        ({"oneOf": [{"type": "string"}, {"type": "null"}, {}]}, "null", "fits none of the forms"),
        ({"not": {"type": "string"}}, '"x"', "is not allowed"),
        ({"properties": {"x": {"maximum": 1}}, "type": "object", "if": {}}, '{"x": 2}', "x: must"),
        ({"type": "string"}, 3, "was not sent as text"),
        ({"type": "string"}, ["x"], "was not sent as text"),
        ({"type": "array", "items": {"enum": ["x"]}}, "x", "was not sent as text"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(schema: Schema, text: object, message: str) -> None:
    result = read_a(schema, text)
    assert list(result.errors) == ["#/a"]
    assert message in result.errors["#/a"]
    assert result.parameters is None
    assert not result.ok


def test_every_field_with_a_fault_gets_its_own_message() -> None:
    result = read_form(
        DETECTOR,
        None,
        {
            "#/threshold": "7",
            "#/max_detections": "x",
            "#/regions/~rows": "0,1,2,3",
            **{f"#/regions/{key}": "a" for key in range(4)},
            "#/roi/x": "-1",
        },
    )
    assert result.errors == {
        "#/threshold": "must be at most 1",
        "#/max_detections": "must be a whole number, such as 5",
        "#/regions": "must have at most 3 values",
        "#/roi/x": "must be at least 0",
        "#/roi/y": "needs a value",
    }


def test_a_blank_optional_field_is_removed() -> None:
    opened = {"threshold": 0.5, "prompt": "x", "classes": ["car"], "mode": "fast", "regions": ["a"]}
    blank: dict[str, Any] = {"#/prompt": "", "#/classes": [], "#/mode": None, "#/regions/~rows": ""}
    assert read_form(DETECTOR, opened, blank).parameters == {"threshold": 0.5}


def test_a_blank_required_field_needs_a_value() -> None:
    assert read_form(DETECTOR, {"threshold": 0.5}, {"#/threshold": " "}).errors == {
        "#/threshold": "needs a value"
    }
    assert read_form(DETECTOR, None, {"#/prompt": "x"}).errors == {"#/threshold": "needs a value"}


def test_a_required_value_without_a_description_can_still_be_given() -> None:
    schema = one({"type": "string"}, required=["b"])
    assert read_form(schema, None, {"#/a": "x"}).errors == {"#/b": "needs a value"}
    result = read_form(schema, None, {"#/a": "x", "#/b": "[1]"})
    assert result.parameters == {"a": "x", "b": [1]}


def test_required_choices_without_a_tick_are_an_empty_list() -> None:
    schema = one({"type": "array", "items": {"enum": ["x"]}}, required=["a"])
    assert read_form(schema, {"a": ["x"]}, {"#/a": []}).parameters == {"a": []}


def test_a_group_whose_fields_are_all_cleared_is_removed() -> None:
    opened = {"threshold": 0.5, "roi": {"x": 1, "y": 2}}
    cleared = read_form(DETECTOR, opened, {"#/roi/x": "", "#/roi/y": ""})
    assert cleared == FormResult({"threshold": 0.5}, {})
    half = read_form(DETECTOR, opened, {"#/roi/x": ""})
    assert half.errors == {"#/roi/x": "needs a value"}


def test_a_required_group_asks_for_its_own_fields() -> None:
    schema = {**DETECTOR, "required": ["roi"]}
    assert read_form(schema, None, {"#/prompt": "x"}).errors == {
        "#/roi/x": "needs a value",
        "#/roi/y": "needs a value",
    }


def test_clearing_everything_leaves_empty_parameters_not_none() -> None:
    assert read_form(one({"type": "string"}), {"a": "x"}, {"#/a": ""}) == FormResult({}, {})


def test_a_fault_of_a_whole_group_stands_at_the_group() -> None:
    schema = one({"type": "object", "minProperties": 2, "properties": {"b": {}, "c": {}}})
    result = read_form(schema, None, {"#/a/b": "1"})
    assert result.errors == {"#/a": "needs at least 2 values"}
    root = with_submitted(build_form(schema, None), {"#/a/b": "1"}, result.errors).root
    assert isinstance(root, Group)
    assert root.children[0].error == "needs at least 2 values"


def test_ids_that_the_form_does_not_have_are_ignored() -> None:
    hostile: Any = {"#/nobody": "1", "": "x", "#/roi": "{}", "#": "{}", 3: "x", "#/~other": "{}"}
    assert read_form(DETECTOR, {"threshold": 0.5}, hostile) == FormResult({"threshold": 0.5}, {})


def test_nothing_typed_is_lost_when_something_is_wrong() -> None:
    submitted = {"#/threshold": "0,5", "#/prompt": " x ", "#/classes": ['"car"'], "#/roi/x": ""}
    result = read_form(DETECTOR, {"threshold": 1, "roi": {"x": 1, "y": 2}}, submitted)
    form = build_form(DETECTOR, {"threshold": 1, "roi": {"x": 1, "y": 2}})
    again = with_submitted(form, submitted, result.errors)
    assert {field.id: (field.value, field.error) for field in again.fields()} == {
        "#/threshold": ("0,5", "must be a number, written with a point: 0.5"),
        "#/max_detections": ("", None),
        "#/classes": (('"car"',), None),
        "#/regions/~rows": ("", None),
        "#/mode": ("", None),
        "#/blur": ("", None),
        "#/prompt": (" x ", None),
        "#/roi/x": ("", "needs a value"),
        "#/roi/y": ("2", None),
    }


def test_a_form_does_not_open_with_complaints_about_what_is_not_there_yet() -> None:
    for opened in (None, {}, {"roi": {"x": 1}}):
        assert [field.error for field in build_form(DETECTOR, opened).fields()] == [None] * 9


def test_a_text_typed_back_to_what_it_was_changes_nothing() -> None:
    opened = {"threshold": 1.0, "classes": ["truck", "car"], "old": 1}
    ticks = {"#/classes": ['"car"', '"truck"'], "#/threshold": " 1.0", "#/~other": '{ "old":1 }'}
    result = read_form(DETECTOR, opened, ticks)
    assert result.parameters is opened


# Schemas that nobody should have written.


def test_a_long_description_is_shortened_and_says_so() -> None:
    shown = field_a({"type": "string", "description": "x" * 1_000_000, "title": "t" * 1_000_000})
    assert shown.description is not None
    assert shown.description.endswith("... (cut, 1000000 characters)")
    assert len(shown.description) < MAX_DESCRIPTION_LENGTH + 40
    assert len(shown.label) < 120


@pytest.mark.parametrize("number", [MAX_FIELDS + 1, 10_000])
def test_too_many_properties_become_raw_json(number: int) -> None:
    form = build_form({"properties": {f"p{i}": {"type": "string"} for i in range(number)}}, {})
    assert isinstance(form.root, Field)
    assert form.note is not None


def test_many_properties_spread_over_groups_become_raw_json() -> None:
    group = {"type": "object", "properties": {f"p{i}": {} for i in range(MAX_FIELDS - 1)}}
    form = build_form({"properties": {"a": group, "b": group}}, {})
    assert form.note == f"The schema of this model has more than {MAX_FIELDS} fields."


def test_deep_groups_become_raw_json_below_a_bound() -> None:
    schema: Schema = {"type": "string"}
    for _ in range(12):
        schema = one(schema)
    (deepest,) = build_form(schema, None).fields()
    assert (deepest.kind, len(deepest.path)) == (Kind.JSON, 6)


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "objekt"},
        {"properties": 5},
        {"properties": {"a": {"minimum": "x"}}},
        {"$schema": 5},
        {"$schema": []},
        {"patternProperties": {"(a+)+$": {}}},
        {"patternProperties": {"[": {}, "(a|a)*b": {}}},
    ],
)
def test_a_schema_that_cannot_be_read_leaves_raw_json_and_says_why(schema: Schema) -> None:
    form = build_form(schema, {"a": 1})
    assert isinstance(form.root, Field)
    assert form.root.value == '{"a": 1}'
    assert form.note is not None
    assert form.note.startswith("The schema of this model cannot be read: ")
    result = read_form(schema, {"a": 1}, {"#": '{"a": 2}'})
    assert result.parameters == {"a": 2}
    assert "cannot be read: " in str(result.note)


def test_a_schema_nested_without_end_is_too_large() -> None:
    schema: Schema = {}
    for _ in range(5000):
        schema = one(schema)
    assert (
        build_form(schema, {}).note == "The schema of this model cannot be read: it is too large."
    )


def bomb() -> Schema:
    """2 to the power of 40 checks."""
    steps = {f"d{i}": {"allOf": [{"$ref": f"#/$defs/d{i + 1}"}] * 2} for i in range(40)}
    return {"$defs": {**steps, "d40": {}}, **one({"$ref": "#/$defs/d0"})}


@pytest.mark.parametrize(
    ("schema", "why"),
    [
        (one({"$ref": "#/properties/a"}), "refers to itself without end"),
        (bomb(), "takes too long"),
        (
            one({"$ref": "http://127.0.0.1:9/schema"}),
            "http://127.0.0.1:9/schema, which is not read",
        ),
        (one({"$ref": "#/nowhere"}), "#/nowhere, which is not read"),
    ],
)
def test_what_cannot_be_checked_is_stored_and_said(schema: Schema, why: str) -> None:
    note = build_form(schema, {"a": 1}).note
    assert note is not None
    assert why in note
    result = read_form(schema, {"a": 1}, {"#/a": "2"})
    assert result.parameters == {"a": 2}
    assert result.note is not None
    assert why in result.note


def test_one_reference_to_the_outside_leaves_the_rest_checked() -> None:
    schema = {"properties": {"a": {"$ref": "http://x.invalid/"}, "b": {"type": "integer"}}}
    schema["properties"]["b"]["maximum"] = 3  # type: ignore[assignment]
    result = read_form(schema, {"a": 1}, {"#/b": "4"})
    assert result.errors == {"#/b": "must be at most 3"}


@pytest.mark.parametrize(
    "pattern", ["(a+)+$", "(a|a)*$", "a?" * 30 + "a" * 30, ".*.*.*.*=b", "(?x)(a+) +$", "["]
)
def test_a_pattern_that_could_run_without_end_is_not_run(pattern: str) -> None:
    nested = {
        "type": "string",
        "pattern": pattern,
        "$schema": "http://json-schema.org/draft-07/schema",
    }
    text = "a" * 2000 + "b"
    result = read_a(nested, text)
    assert result.parameters == {"a": text}
    assert result.note is not None
    assert "the pattern " in result.note


def test_patterns_share_one_bound_of_work() -> None:
    checker = read_schema(
        one({"type": "array", "items": {"type": "string", "pattern": "^a*b*c*$"}})
    )
    assert checker.check({"a": ["x"] * 5}).problems
    unchecked = checker.check({"a": ["a" * 20] * 900}).unchecked
    assert unchecked == "the pattern ^a*b*c*$ could take too long"


NAMES = {f"{'a' * 150}{n}": 1 for n in range(2000)}


@pytest.mark.parametrize(
    "schema",
    [
        {"patternProperties": {"^a*b$": {}}},
        {"patternProperties": {"^a*b$": {}, "^a*c$": {}}, "additionalProperties": False},
        {"patternProperties": {"^a*b$": {}}, "additionalProperties": {"type": "integer"}},
        {"patternProperties": {"^a*b$": {}}, "unevaluatedProperties": False},
        {"allOf": [{"patternProperties": {"^a*b$": {}}}], "unevaluatedProperties": False},
        {"propertyNames": {"pattern": "^a*b$"}},
    ],
)
def test_patterns_on_names_are_charged_like_patterns_on_texts(schema: Schema) -> None:
    findings = read_schema(schema).check(NAMES)
    assert findings.unchecked is not None


def test_names_are_held_against_patterns() -> None:
    schema = {
        "properties": {"n": {}},
        "patternProperties": {"^x": {"type": "integer"}},
        "additionalProperties": False,
    }
    found = read_schema(schema).check({"n": 1, "x1": 2, "x2": "no", "y": 3, "z": 4})
    assert [(one.path, one.message) for one in found.problems] == [
        (("x2",), "must be a whole number"),
        ((), "not known to this model: y, z"),
    ]
    assert found.unchecked is None


@pytest.mark.parametrize(
    ("value", "step", "fits"),
    [
        (0.35, 0.05, True),
        (0.3, 0.1, True),
        (1.1, 0.1, True),
        (1e300, 1e-300, True),
        (19.99, 0.01, True),
        (10**30 + 1, 2, False),
        (0.36, 0.05, False),
        (7, 2.5, False),
    ],
)
def test_a_multiple_is_one_in_the_digits_that_were_written(
    value: float, step: float, fits: bool
) -> None:
    found = read_schema({"properties": {"a": {"multipleOf": step}}}).check({"a": value})
    assert (found.problems == ()) is fits


def test_what_stands_for_nothing_is_explained() -> None:
    assert field_a({"type": "string"}, "").help == '"" is an empty text'


def test_a_tuple_of_an_older_draft_is_raw_json() -> None:
    schema = one({"type": "array", "items": [{"type": "number"}]})
    form = build_form({"$schema": "http://json-schema.org/draft-07/schema#", **schema}, None)
    assert [(field.id, field.kind) for field in form.fields()] == [("#/a", Kind.JSON)]


def test_a_schema_of_an_older_draft_is_read_as_that_draft() -> None:
    a = {"type": "number", "minimum": 1, "exclusiveMinimum": True}
    schema = {"$schema": "http://json-schema.org/draft-04/schema#", "properties": {"a": a}}
    assert read_form(schema, None, {"#/a": "1"}).errors == {"#/a": "must be at least 1"}
    assert read_form(schema, None, {"#/a": "2"}).ok


# Schemas as pydantic writes them.

PYDANTIC: Schema = {
    "$defs": {
        "Mode": {"enum": ["fast", "exact"], "title": "Mode", "type": "string"},
        "Line": {
            "properties": {"x": {"type": "number"}, "label": {"type": "string"}},
            "required": ["x"],
            "title": "Line",
            "type": "object",
        },
    },
    "properties": {
        "zone": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None, "title": "Zone"},
        "limit": {"anyOf": [{"type": "integer", "maximum": 9}, {"type": "null"}], "default": 3},
        "mode": {"$ref": "#/$defs/Mode", "default": "fast"},
        "other": {"allOf": [{"$ref": "#/$defs/Mode"}], "default": "exact", "title": "Other"},
        "maybe": {"anyOf": [{"$ref": "#/$defs/Mode"}, {"type": "null"}], "default": None},
        "kind": {"const": "people", "default": "people", "type": "string"},
        "level": {"anyOf": [{"const": 1}, {"const": 2}]},
        "line": {"$ref": "#/$defs/Line"},
        "counts": {"anyOf": [{"items": {"type": "integer"}, "type": "array"}, {"type": "null"}]},
        "on": {"default": True, "title": "On", "type": "boolean"},
    },
    "title": "Config",
    "type": "object",
}


def test_a_schema_of_pydantic_is_fields_and_no_raw_json() -> None:
    fields = {one.id: one for one in build_form(PYDANTIC, None).fields()}
    assert {name: one.kind for name, one in fields.items()} == {
        "#/zone": Kind.TEXT,
        "#/limit": Kind.INTEGER,
        "#/mode": Kind.CHOICE,
        "#/other": Kind.CHOICE,
        "#/maybe": Kind.CHOICE,
        "#/kind": Kind.CHOICE,
        "#/level": Kind.CHOICE,
        "#/line/x": Kind.NUMBER,
        "#/line/label": Kind.TEXT,
        "#/counts/~rows": Kind.ROWS,
        "#/on": Kind.BOOLEAN,
    }
    assert fields["#/mode"].options[0].label == "not set (default fast)"
    assert fields["#/other"].options[0].label == "not set (default exact)"
    assert fields["#/maybe"].options[0].label == "not set (default null)"
    assert fields["#/on"].options[0].label == "not set (default yes)"
    assert fields["#/limit"].help == "whole number; at most 9; null for none"
    assert fields["#/line/x"].required


@pytest.mark.parametrize(
    ("typed", "parameters"),
    [
        ({"#/zone": "null", "#/counts/~rows": "null"}, {"zone": None, "counts": None}),
        ({"#/zone": '""', "#/counts/~rows": "[]"}, {"zone": "", "counts": []}),
        ({"#/limit": "null", "#/maybe": "null"}, {"limit": None, "maybe": None}),
        ({"#/limit": "4", "#/maybe": '"fast"'}, {"limit": 4, "maybe": "fast"}),
        ({"#/line/x": "0.5"}, {"line": {"x": 0.5}}),
        (
            {"#/counts/~rows": "0,1", "#/counts/0": "1", "#/counts/1": "2"},
            {"counts": [1, 2]},
        ),
    ],
)
def test_null_absent_and_empty_are_told_apart_and_chosen(
    typed: dict[str, str], parameters: dict[str, Any]
) -> None:
    result = read_form(PYDANTIC, {}, typed)
    assert (result.errors, result.parameters) == ({}, parameters)
    again = read_form(PYDANTIC, parameters, {})
    assert again.parameters == parameters
    shown = {one.id: one.value for one in build_form(PYDANTIC, parameters).fields()}
    assert {name: shown[name] for name in typed} == typed
    blank = read_form(PYDANTIC, parameters, dict.fromkeys(typed, ""))
    assert blank.parameters in (None, {})


def test_what_a_referred_part_forbids_is_said_at_its_field() -> None:
    result = read_form(PYDANTIC, {}, {"#/limit": "12", "#/line/label": "x"})
    assert result.errors == {"#/limit": "must be at most 9", "#/line/x": "needs a value"}


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#/properties/a"},
        {"allOf": [{"$ref": "#/properties/a"}]},
        {"anyOf": [{"$ref": "#/properties/a"}, {"type": "null"}]},
        {"$ref": "other.json"},
        {"allOf": [{"type": "string"}], "type": "integer"},
        {"anyOf": [{"type": "string"}, {"type": "integer"}]},
    ],
)
def test_what_cannot_be_opened_up_is_raw_json(schema: Schema) -> None:
    assert field_a(schema).kind is Kind.JSON


def test_a_model_within_itself_is_opened_once() -> None:
    form = build_form(one({"$ref": "#"}), None)
    assert [(field.id, field.kind) for field in form.fields()] == [("#/a/a", Kind.JSON)]


def test_references_that_double_at_each_step_are_opened_within_bounds() -> None:
    steps = {
        f"d{i}": {"properties": {n: {"$ref": f"#/$defs/d{i + 1}"} for n in "ab"}, "type": "object"}
        for i in range(40)
    }
    schema = {"$defs": {**steps, "d40": {"type": "string"}}, **one({"$ref": "#/$defs/d0"})}
    assert build_form(schema, None).root is not None


def test_a_strict_limit_of_draft_4_is_read_as_what_it_means() -> None:
    a = {"type": "number", "minimum": 1, "exclusiveMinimum": True, "maximum": 5}
    schema = one({**a, "exclusiveMaximum": False})
    assert field_a(schema["properties"]["a"]).help == "at most 5; more than 1"
    assert read_form(schema, None, {"#/a": "1"}).errors == {"#/a": "must be more than 1"}
    assert read_form(schema, None, {"#/a": "5"}).ok


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("date", "2026-02-28", "2026-02-30"),
        ("time", "15:36:17Z", "25:00:00Z"),
        ("date-time", "2026-11-22T15:36:17.06+01:00", "2026-11-22 15:36"),
        ("duration", "P1DT12H", "PT"),
        ("email", "kim@vas.example", "kim"),
        ("hostname", "cam-1.vas.example", "cam_1"),
        ("ipv4", "192.0.2.1", "192.0.2.256"),
        ("ipv6", "2001:db8::1", "2001:db8::g"),
        ("uri", "https://vas.example/x", "vas.example"),
        ("uuid", "1a2b3c4d-0000-4000-8000-000000000001", "1a2b3c4d"),
    ],
)
def test_the_common_formats_are_checked(name: str, good: str, bad: str) -> None:
    schema: Schema = {"type": "string", "format": name}
    assert read_a(schema, good).errors == {}
    assert read_a(schema, bad).errors == {"#/a": f"must be {field_a(schema).help}"}


def test_what_is_never_checked_is_said_at_its_field() -> None:
    strange = field_a({"type": "string", "format": "plate"})
    assert strange.help == "format plate, which is not checked"
    assert read_a({"type": "string", "format": "plate"}, "x").errors == {}
    pattern = field_a({"type": "string", "pattern": "^(ab)+$"})
    assert pattern.help == "pattern ^(ab)+$, which is not checked"
