"""Lists as rows, and values with several forms, as data."""

from __future__ import annotations

from typing import Any

import pytest

from vas_dash.pages.form.builder import MAX_ROW_FIELDS
from vas_dash.pages.form.fields import Field, Form, Group, Kind
from vas_dash.pages.form.model import FormResult, build_form, read_form
from vas_dash.pages.form.rows import MAX_ROWS

Schema = dict[str, Any]

POINT: Schema = {
    "type": "object",
    "required": ["x", "y"],
    "additionalProperties": False,
    "properties": {"x": {"type": "number", "maximum": 1}, "y": {"type": "number"}},
}
LINES: Schema = {
    "type": "object",
    "properties": {
        "lines": {
            "type": "array",
            "title": "Lines",
            "maxItems": 8,
            "items": {
                "type": "object",
                "title": "Line",
                "required": ["name"],
                "properties": {
                    "name": {"type": "string", "minLength": 1},
                    "direction": {"enum": ["in", "out"]},
                    "points": {"type": "array", "items": POINT},
                },
            },
        },
        "tags": {"type": "array", "items": {"type": "string"}},
    },
}
OPENED: dict[str, Any] = {
    "lines": [
        {"name": "A", "direction": "in", "points": [{"x": 0, "y": 1.0}]},
        {"name": "B", "vendor": True},
        {"name": "C"},
    ],
    "tags": ["one", "two"],
}
SHAPES: Schema = {
    "properties": {
        "area": {
            "title": "Area",
            "oneOf": [
                {"const": "whole picture"},
                {"type": "array", "title": "Polygon", "items": POINT, "minItems": 3},
                {
                    "type": "object",
                    "required": ["kind", "name"],
                    "properties": {"kind": {"const": "circle"}, "name": {"type": "string"}}
                    | {"radius": {"type": "number", "maximum": 1}},
                },
                {
                    "type": "object",
                    "required": ["kind"],
                    "properties": {"kind": {"const": "box"}, "name": {"type": "string"}}
                    | {"width": {"type": "number"}},
                    "additionalProperties": False,
                },
            ],
        }
    }
}
CIRCLE = {"area": {"kind": "circle", "name": "yard", "radius": 0.5}}


def shown(form: Form) -> dict[str, Any]:
    return {one.id: one.value for one in form.fields()}


def errors(form: Form) -> dict[str, str]:
    return {one.id: one.error for one in form.fields() if one.error}


def group(form: Form, identity: str) -> Group:
    def walk(node: Group | Field) -> Group | None:
        if isinstance(node, Field):
            return None
        if node.id == identity:
            return node
        return next(filter(None, map(walk, node.children)), None)

    found = walk(form.root)
    assert found is not None
    return found


def read(submitted: dict[str, Any], opened: dict[str, Any] | None = None) -> FormResult:
    return read_form(LINES, OPENED if opened is None else opened, submitted)


# Lists.


def test_a_list_of_objects_is_rows_with_the_fields_of_each() -> None:
    assert shown(build_form(LINES, OPENED)) == {
        "#/lines/~rows": "0,1,2",
        "#/lines/0/name": "A",
        "#/lines/0/direction": '"in"',
        "#/lines/0/points/~rows": "0",
        "#/lines/0/points/0/x": "0",
        "#/lines/0/points/0/y": "1.0",
        "#/lines/1/name": "B",
        "#/lines/1/direction": "",
        "#/lines/1/points/~rows": "",
        "#/lines/1/~other": '{"vendor": true}',
        "#/lines/2/name": "C",
        "#/lines/2/direction": "",
        "#/lines/2/points/~rows": "",
        "#/tags/~rows": "0,1",
        "#/tags/0": "one",
        "#/tags/1": "two",
    }


def test_rows_are_named_and_say_how_many_there_may_be() -> None:
    lines = group(build_form(LINES, OPENED), "#/lines")
    assert [row.label for row in lines.children] == ["Line 1", "Line 2", "Line 3"]
    assert (lines.label, lines.help, lines.next_key) == ("Lines", "at most 8 rows", 3)


@pytest.mark.parametrize(
    ("rows", "names"),
    [
        ("0,1,2", ["A", "B", "C"]),
        ("1,0,2", ["B", "A", "C"]),
        ("2,0", ["C", "A"]),
        ("1", ["B"]),
    ],
)
def test_rows_are_moved_and_removed_with_all_they_hold(rows: str, names: list[str]) -> None:
    result = read({"#/lines/~rows": rows})
    by_name = {line["name"]: line for line in OPENED["lines"]}
    assert result.errors == {}
    assert result.parameters == {
        "lines": [by_name[name] for name in names],
        "tags": ["one", "two"],
    }


def test_a_row_that_is_added_begins_blank_and_is_filled() -> None:
    submitted = {"#/lines/~rows": "0,3,1,2", "#/lines/3/name": "new", "#/lines/2/name": "c"}
    form = build_form(LINES, OPENED, submitted)
    assert shown(form)["#/lines/3/name"] == "new"
    assert group(form, "#/lines/3").label == "Line 2"
    assert group(form, "#/lines").next_key == 4
    result = read(submitted)
    assert result.parameters is not None
    names = [line["name"] for line in result.parameters["lines"]]
    assert names == ["A", "new", "B", "c"]


def test_what_is_wrong_is_said_at_the_field_of_the_row_wherever_it_stands() -> None:
    submitted = {
        "#/lines/~rows": "2,3,0",
        "#/lines/0/points/0/x": "7",
        "#/lines/2/name": "",
        "#/tags/~rows": "1,5",
    }
    assert read(submitted).errors == {
        "#/lines/0/points/0/x": "must be at most 1",
        "#/lines/2/name": "needs a value",
        "#/lines/3/name": "needs a value",
        "#/tags/5": "needs a value, or remove the row",
    }


def test_a_fault_of_the_whole_list_stands_at_the_list() -> None:
    rows = ",".join(map(str, range(9)))
    names = {f"#/lines/{key}/name": "x" for key in range(9)}
    assert read({"#/lines/~rows": rows, **names}).errors == {
        "#/lines": "must have at most 8 values"
    }


def test_an_old_fault_goes_with_its_row_and_hinders_no_other_change() -> None:
    opened = {"lines": [{"name": ""}, {"name": "B"}]}
    assert errors(build_form(LINES, opened)) == {"#/lines/0/name": "must have at least 1 character"}
    moved = {"#/lines/~rows": "1,0"}
    assert errors(build_form(LINES, opened, moved)) == errors(build_form(LINES, opened))
    assert read(moved, opened).parameters == {"lines": [{"name": "B"}, {"name": ""}]}
    assert errors(build_form(LINES, opened, {"#/lines/~rows": "1"})) == {}
    assert read({"#/lines/~rows": "1"}, opened).parameters == {"lines": [{"name": "B"}]}


@pytest.mark.parametrize(
    ("rows", "value"), [("", {}), ("[]", {"tags": []}), ("0", {"tags": ["one"]})]
)
def test_no_rows_are_an_empty_list_or_nothing(rows: str, value: dict[str, Any]) -> None:
    assert read({"#/tags/~rows": rows}, {"tags": ["one"]}).parameters == value


def test_a_form_that_is_drawn_again_keeps_all_that_was_typed() -> None:
    submitted = {
        **shown(build_form(LINES, OPENED)),
        "#/lines/~rows": "2,0,3",
        "#/lines/0/name": "typed",
        "#/lines/3/points/~rows": "0",
        "#/lines/3/points/0/x": "0,5",
        "#/tags/1": "typed too",
    }
    again = shown(build_form(LINES, OPENED, submitted))
    assert {name: again[name] for name in submitted if not name.startswith("#/lines/1/")} == {
        name: value for name, value in submitted.items() if not name.startswith("#/lines/1/")
    }


@pytest.mark.parametrize("rows", ["x", "0,0", "-1", "1.5", "9999999", ",", "0," * 500, 5, None])
def test_rows_that_are_none_are_those_that_were_there(rows: object) -> None:
    again = group(build_form(LINES, OPENED, {"#/lines/~rows": rows}), "#/lines")
    assert len(again.children) == 3
    assert read({"#/lines/~rows": rows}).parameters in (OPENED, None)


@pytest.mark.parametrize(
    ("value", "note"),
    [
        ([{"name": "x"}] * (MAX_ROWS + 1), "JSON; too long to be shown as rows"),
        ([{"name": "x", "points": [{"x": 0, "y": 0}] * (MAX_ROWS + 1)}], None),
    ],
)
def test_a_list_that_is_too_long_is_json_and_says_so(value: Any, note: str | None) -> None:
    form = build_form(LINES, {"lines": value})
    long = next(one for one in form.fields() if one.help and "too long" in one.help)
    assert long.kind is Kind.JSON
    assert (long.id == "#/lines") == (note is not None)
    assert read({long.id: "[]"}, {"lines": value}).errors == {}


def test_all_rows_of_a_form_are_bounded_together() -> None:
    points = [{"x": 0, "y": 0}] * MAX_ROWS
    opened = {"lines": [{"name": str(number), "points": points} for number in range(8)]}
    form = build_form(LINES, opened)
    kinds = [one.kind for one in form.fields() if one.id.endswith(("points", "points/~rows"))]
    assert kinds[0] is Kind.ROWS
    assert kinds[-1] is Kind.JSON
    assert len(list(form.fields())) < MAX_ROW_FIELDS + 50
    assert 0 <= form.left < 2 * MAX_ROWS


def test_rows_of_several_forms_are_bounded_by_the_fields_that_they_show() -> None:
    wide = {f"p{number}": {"type": "number"} for number in range(100)}
    forms = [
        {"title": "Off", "type": "string"},
        {"title": "Wide", "type": "object", "properties": wide},
    ]
    whole = {"properties": {"a": {"type": "array", "items": {"oneOf": forms}}}}
    few = build_form(whole, {"a": [{"p0": 1}] * 3})
    assert len(list(few.fields())) > 300
    assert few.left == MAX_ROW_FIELDS - 3 * 101
    many = {"a": [{"p0": 1}] * MAX_ROWS}
    (only,) = build_form(whole, many).fields()
    assert only.kind is Kind.JSON
    assert read_form(whole, many, {"#/a": "[]"}).parameters == {"a": []}


def test_a_list_that_was_emptied_stays_so_when_another_takes_all_the_room() -> None:
    number = {"type": "integer"}
    row = {"properties": {f"p{at}": number for at in range(8)}}
    lists = {"type": "array", "items": row}
    whole = {"properties": {"grown": lists, "emptied": lists}}
    opened = {"grown": [], "emptied": [{"p0": 1}]}
    keys = ",".join(map(str, range(MAX_ROWS)))
    submitted = {f"#/grown/{key}/p0": "1" for key in range(MAX_ROWS)}
    submitted |= {"#/grown/~rows": keys, "#/emptied/~rows": "[]"}
    assert build_form(whole, opened, submitted).left == 0
    result = read_form(whole, opened, submitted)
    assert result.parameters == {"grown": [{"p0": 1}] * MAX_ROWS, "emptied": []}


def test_json_that_was_typed_stays_json_when_there_is_room_for_rows_again() -> None:
    long = {"tags": ["x"] * (MAX_ROWS + 1)}
    submitted = {"#/tags": '["typed"]', "#/lines/~rows": ""}
    assert shown(build_form(LINES, long, submitted))["#/tags"] == '["typed"]'


def test_lists_within_lists_end_at_a_bound() -> None:
    schema: Schema = {"type": "string"}
    value: Any = "x"
    for _ in range(12):
        schema, value = {"type": "array", "items": schema}, [value]
    whole = {"properties": {"a": schema}}
    fields = list(build_form(whole, {"a": value}).fields())
    assert fields[-1].kind is Kind.JSON
    assert read_form(whole, {"a": value}, {one.id: one.value for one in fields}).parameters == {
        "a": value
    }


# Values with several forms.


@pytest.mark.parametrize(
    ("value", "chosen", "fields"),
    [
        (None, "", {}),
        ("whole picture", "0", {}),
        (
            [{"x": 0, "y": 0}],
            "1",
            {"#/area/~1in1/~rows": "0", "#/area/0/x/~1in1": "0", "#/area/0/y/~1in1": "0"},
        ),
        (CIRCLE["area"], "2", {"#/area/name": "yard", "#/area/radius": "0.5"}),
        ({"kind": "box"}, "3", {"#/area/name": "", "#/area/width": ""}),
    ],
)
def test_the_form_that_a_value_has_is_chosen(
    value: Any, chosen: str, fields: dict[str, str]
) -> None:
    form = build_form(SHAPES, {} if value is None else {"area": value})
    assert shown(form) == {"#/area/~form": chosen, **fields}
    control = next(form.fields())
    assert [one.label for one in control.options] == [
        "not set",
        "whole picture",
        "Polygon",
        "circle",
        "box",
    ]


def test_another_form_keeps_what_was_typed_into_fields_of_the_same_name() -> None:
    submitted = {"#/area/~form": "3", "#/area/name": "typed", "#/area/radius": "0.25"}
    assert shown(build_form(SHAPES, CIRCLE, submitted)) == {
        "#/area/~form": "3",
        "#/area/name": "typed",
        "#/area/width": "",
    }
    assert read_form(SHAPES, CIRCLE, submitted).parameters == {
        "area": {"kind": "box", "name": "typed"}
    }
    untyped = read_form(SHAPES, CIRCLE, {"#/area/~form": "3"})
    assert untyped.parameters == {"area": {"kind": "box", "name": "yard"}}


@pytest.mark.parametrize(
    ("chosen", "value"), [("", {}), ("0", {"area": "whole picture"}), ("9", CIRCLE)]
)
def test_a_form_without_fields_is_the_value(chosen: str, value: Any) -> None:
    assert read_form(SHAPES, CIRCLE, {"#/area/~form": chosen}).parameters == value


def test_rows_are_added_in_a_form_that_was_chosen() -> None:
    points = {f"#/area/{key}/{name}/~1in1": str(key) for key in range(3) for name in ("x", "y")}
    rows = {"#/area/~form": "1", "#/area/~1in1/~rows": "0,1,2"}
    submitted = {**rows, **points, "#/area/2/x/~1in1": "1"}
    assert read_form(SHAPES, CIRCLE, submitted).parameters == {
        "area": [{"x": 0, "y": 0}, {"x": 1, "y": 1}, {"x": 1, "y": 2}]
    }


OTHERWISE: Schema = {
    "properties": {
        "size": {
            "oneOf": [
                {
                    "title": one,
                    "type": "object",
                    "properties": {
                        "unit": {"const": one},
                        "value": value,
                        "of": {"type": "string"},
                    },
                }
                for one, value in (
                    ("words", {"enum": ["big", "small"]}),
                    ("text", {"type": "string"}),
                    ("list", {"type": "array", "items": {"type": "string"}}),
                    ("whole", {"type": "object", "properties": {"a": {"type": "string"}}}),
                )
            ]
        }
    }
}


@pytest.mark.parametrize(
    ("value", "chosen"), [("big", "0"), ('"big"', "1"), (["big"], "2"), ({"a": "big"}, "3")]
)
def test_a_property_that_another_form_asks_for_in_another_way_begins_blank_there(
    value: Any, chosen: str
) -> None:
    units = ["words", "text", "list", "whole"]
    opened = {"size": {"unit": units[int(chosen)], "value": value, "of": "x"}}
    first = shown(build_form(OTHERWISE, opened))
    assert read_form(OTHERWISE, opened, first).parameters == opened
    for other, unit in enumerate(units):
        if str(other) == chosen:
            continue
        submitted = {**first, "#/size/~form": str(other)}
        assert read_form(OTHERWISE, opened, submitted).parameters == {
            "size": {"unit": unit, "of": "x"}
        }
        there = shown(build_form(OTHERWISE, opened, submitted))
        assert there["#/size/of"] == "x"
        assert set(map(str, there.values())) <= {str(other), "x", ""}
        back = {**there, "#/size/~form": chosen}
        assert shown(build_form(OTHERWISE, opened, back)) == first
        assert read_form(OTHERWISE, opened, back).parameters == opened


def test_two_forms_that_are_lists_have_rows_of_their_own() -> None:
    lists = [
        {"title": "Names", "type": "array", "items": {"type": "string"}},
        {"title": "Numbers", "type": "array", "items": {"type": "integer"}},
    ]
    other = {"title": "Part", "const": "all"}
    schema: Schema = {"properties": {"a": {"oneOf": [*lists, other]}}}
    names = shown(build_form(schema, None, {"#/a/~form": "0"}))
    numbers = shown(build_form(schema, None, {"#/a/~form": "1"}))
    assert names.keys() & numbers.keys() == {"#/a/~form"}


def test_what_is_wrong_with_a_form_is_said_at_its_fields() -> None:
    submitted = {"#/area/name": "", "#/area/radius": "7"}
    assert read_form(SHAPES, CIRCLE, submitted).errors == {
        "#/area/name": "needs a value",
        "#/area/radius": "must be at most 1",
    }


def test_the_parameters_themselves_can_have_several_forms() -> None:
    circle, box = SHAPES["properties"]["area"]["oneOf"][2:]
    schema: Schema = {"oneOf": [circle, box]}
    assert shown(build_form(schema, None)) == {"#/~form": ""}
    chosen = {"#/~form": "1", "#/width": "3"}
    assert read_form(schema, None, chosen).parameters == {"kind": "box", "width": 3}
    opened = CIRCLE["area"]
    assert shown(build_form(schema, opened)) == {
        "#/~form": "0",
        "#/name": "yard",
        "#/radius": "0.5",
    }
    assert read_form(schema, opened, {**chosen, "#/name": "yard"}).parameters == {
        "kind": "box",
        "name": "yard",
        "width": 3,
    }
    assert read_form(schema, opened, {"#/radius": "7"}).errors == {"#/radius": "must be at most 1"}


def test_a_value_that_has_none_of_the_forms_is_json_and_kept() -> None:
    opened = {"area": {"kind": "star"}}
    assert shown(build_form(SHAPES, opened)) == {"#/area": '{"kind": "star"}'}
    assert read_form(SHAPES, opened, {"#/area": '{"kind": "star"}'}).parameters == opened


@pytest.mark.parametrize(
    "forms",
    [
        [{"type": "string"}, {"type": "number"}],
        [{"type": "string", "title": "Same"}, {"type": "number", "title": "Same"}],
        [{"title": "No type"}, {"type": "number", "title": "Number"}],
        [{"const": 1}, {"properties": {"a": {}}, "type": "object"}],
        [{"title": "Deeper", "oneOf": [{"type": "string"}, {"type": "number"}]}, {"const": 2}],
        [{"const": number} for number in range(30)] + [{"type": "array", "title": "List"}],
        [True, {"const": 1}],
    ],
)
def test_forms_that_cannot_be_told_apart_are_json(forms: list[Any]) -> None:
    (only,) = build_form({"properties": {"a": {"oneOf": forms}}}, None).fields()
    assert only.kind is Kind.JSON


def test_rows_can_have_several_forms() -> None:
    schema = {"properties": {"areas": {"type": "array", "items": SHAPES["properties"]["area"]}}}
    opened = {"areas": [CIRCLE["area"], "whole picture"]}
    added = {"#/areas/~rows": "1,0,2"}
    assert read_form(schema, opened, added).errors == {
        "#/areas/2/~form": "needs a value, or remove the row"
    }
    chosen = {**added, "#/areas/2/~form": "3", "#/areas/2/width": "2"}
    assert read_form(schema, opened, chosen).parameters == {
        "areas": ["whole picture", CIRCLE["area"], {"kind": "box", "width": 2}]
    }


# Long lists of words.

COUNTRIES = [f"country {number}" for number in range(30)]


def test_one_of_many_words_is_searched_by_its_words() -> None:
    schema = {"properties": {"a": {"enum": COUNTRIES}}}
    (field,) = build_form(schema, {"a": "country 7"}).fields()
    assert (field.kind, field.value) == (Kind.SEARCH, "country 7")
    for text, value in (("Country 12", {"a": "country 12"}), ("", {})):
        assert read_form(schema, {"a": "country 7"}, {"#/a": text}).parameters == value
    assert "must be one of" in read_form(schema, {}, {"#/a": "nowhere"}).errors["#/a"]


def test_several_of_many_words_are_rows_that_are_searched() -> None:
    schema = {"properties": {"a": {"type": "array", "items": {"enum": COUNTRIES}}}}
    form = build_form(schema, {"a": ["country 7"]})
    assert [(one.id, one.kind) for one in form.fields()] == [
        ("#/a/~rows", Kind.ROWS),
        ("#/a/0", Kind.SEARCH),
    ]
    added = {"#/a/~rows": "1,0", "#/a/1": "country 2"}
    assert read_form(schema, {"a": ["country 7"]}, added).parameters == {
        "a": ["country 2", "country 7"]
    }
