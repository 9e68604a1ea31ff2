"""The form for parameters, for any schema and any parameters."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from referencing import Registry

from vas_dash.pages.form.fields import Form, Kind
from vas_dash.pages.form.model import build_form, read_form, with_submitted

thorough = settings(deadline=None, derandomize=True, max_examples=100)
brief = settings(thorough, max_examples=50)

names = st.sampled_from(["a", "b", "roi", "x/y", "~0", "", "~other", "ü"])
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([0, 1, 1.0, -0.0, 0.5, 1e22, 1e-7, 2**63]),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=5),
    st.sampled_from(["", '""', "[]", "null", "true", "1", " x", "a\nb", "a\r\nb", "\0", "person"]),
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=8,
)
scalar_schemas = st.one_of(
    st.fixed_dictionaries(
        {"type": st.sampled_from(["string", "number", "integer", "boolean", ["number", "null"]])},
        optional={
            "default": scalars,
            "minimum": st.integers(-3, 3),
            "maximum": st.integers(-3, 3),
            "maxLength": st.integers(0, 5),
            "pattern": st.just("^a"),
            "description": st.text(max_size=5),
        },
    ),
    st.fixed_dictionaries({"enum": st.lists(scalars, min_size=1, max_size=4)}),
)
objects = [
    {"title": "A", "properties": {"kind": {"const": "a"}, "a": {"type": "number"}}},
    {"title": "B", "properties": {"kind": {"const": "b"}, "a": {"type": "string"}}},
]
lists = [
    {"type": "array", "title": "List", "items": {"type": "string"}},
    {"type": "array", "title": "Other", "items": {"oneOf": objects}},
]
forms = st.just({"oneOf": [{"const": "all"}, *lists, *objects]})
many = st.just({"enum": [f"word {number}" for number in range(20)]})
schemas = st.recursive(
    st.one_of(
        scalar_schemas, forms, many, st.just({}), st.just({"oneOf": [{"type": "string"}, {}]})
    ),
    lambda inner: st.one_of(
        st.fixed_dictionaries({"type": st.just("array"), "items": inner}),
        st.fixed_dictionaries(
            {"type": st.just("object"), "properties": st.dictionaries(names, inner, max_size=4)},
            optional={
                "required": st.lists(names, max_size=3, unique=True),
                "additionalProperties": st.booleans() | inner,
            },
        ),
    ),
    max_leaves=8,
)
root_schemas = st.one_of(
    st.none(),
    st.just({"oneOf": objects}),
    st.fixed_dictionaries(
        {"properties": st.dictionaries(names, schemas, min_size=1, max_size=5)},
        optional={
            "required": st.lists(names, max_size=3, unique=True),
            "additionalProperties": st.booleans(),
        },
    ),
)


@st.composite
def fitting(draw: st.DrawFn, schema: Any) -> Any:
    """A value of about the shape that `schema` asks for, often enough not quite."""
    if not isinstance(schema, dict) or draw(st.integers(0, 9)) == 0:
        return draw(values)
    if "enum" in schema:
        return draw(st.sampled_from(schema["enum"]))
    if "oneOf" in schema:
        one = draw(st.sampled_from(schema["oneOf"]))
        return one.get("const") or draw(fitting(one))
    if "const" in schema:
        return schema["const"]
    if "properties" in schema:
        some = {
            name: draw(fitting(below))
            for name, below in schema["properties"].items()
            if draw(st.booleans())
        }
        return some | draw(st.dictionaries(names, values, max_size=1))
    match schema.get("type"):
        case "string":
            return draw(st.text(max_size=5))
        case "number" | "integer":
            return draw(st.integers() | st.floats(allow_nan=False, allow_infinity=False))
        case "boolean":
            return draw(st.booleans())
        case "array":
            return draw(st.lists(fitting(schema.get("items")), max_size=3))
        case _:
            return draw(values)


@st.composite
def opened_forms(draw: st.DrawFn) -> tuple[Any, Any]:
    schema = draw(root_schemas)
    if draw(st.integers(0, 5)) == 0:
        return schema, None
    value = draw(fitting(schema))
    return schema, value if isinstance(value, dict) else {}


def as_sent(form: Form) -> dict[str, Any]:
    """What a browser sends for a form that nobody touched."""
    sent: dict[str, Any] = json.loads(json.dumps({one.id: one.value for one in form.fields()}))
    return sent


def exactly(value: object) -> str:
    return json.dumps(value, sort_keys=True)


@thorough
@given(opened_forms())
def test_an_untouched_form_gives_back_exactly_what_it_was_opened_with(
    case: tuple[Any, Any],
) -> None:
    schema, opened = case
    form = build_form(schema, opened)
    for submitted in (as_sent(form), {}):
        result = read_form(schema, opened, submitted)
        assert result.ok
        assert exactly(result.parameters) == exactly(opened)
        assert with_submitted(form, submitted, result.errors) == form


@brief
@given(opened_forms(), st.data())
def test_rows_that_are_moved_there_and_back_change_nothing(
    case: tuple[Any, Any], data: st.DataObject
) -> None:
    schema, opened = case
    form = build_form(schema, opened)
    sent = as_sent(form)
    moved = {
        one.id: ",".join(data.draw(st.permutations(str(one.value).split(","))))
        for one in form.fields()
        if one.kind is Kind.ROWS and "," in one.value
    }
    again = as_sent(build_form(schema, opened, sent | moved))
    assert again == sent | moved
    back = again | {name: sent[name] for name in moved}
    assert exactly(read_form(schema, opened, back).parameters) == exactly(opened)


@brief
@given(opened_forms())
def test_ids_are_unique_and_everything_shown_can_be_sent(case: tuple[Any, Any]) -> None:
    form = build_form(*case)
    fields = list(form.fields())
    assert len({field.id for field in fields}) == len(fields)
    assert all((field.kind is Kind.CHOICES) == isinstance(field.value, tuple) for field in fields)
    repr(fields).encode("utf-8")


@brief
@given(opened_forms(), st.data())
def test_a_change_of_one_field_leaves_every_other_value_as_it_was(
    case: tuple[Any, Any], data: st.DataObject
) -> None:
    schema, opened = case
    form = build_form(schema, opened)
    top = [field for field in form.fields() if len(field.path) == 1 and not field.others]
    if not top:
        return
    field = data.draw(st.sampled_from(top))
    text = data.draw(st.sampled_from(["", "1", "x", "true", '"x"', "[]", "0.5", "null"]))
    result = read_form(schema, opened, {**as_sent(form), field.id: text})
    before, after = dict(opened or {}), dict(result.parameters or {})
    if result.ok:
        before.pop(str(field.path[0]), None)
        after.pop(str(field.path[0]), None)
        assert {name: after.get(name) for name in before} == before
        assert all(after[name] == {} for name in after.keys() - before.keys())


@brief
@given(opened_forms(), st.data())
def test_what_was_typed_is_stored_only_when_it_is_valid(
    case: tuple[Any, Any], data: st.DataObject
) -> None:
    schema, opened = case
    valid = Draft202012Validator(schema or {}, registry=Registry())
    assume(opened is None or valid.is_valid(opened))
    fields = list(build_form(schema, opened).fields())
    assume(fields)
    typed = st.sampled_from(["", "1", "a", "true", '"a"', "[]", "0.5", "null", '{"a": 1}', ["1"]])
    submitted = {one.id: data.draw(typed) for one in fields}
    result = read_form(schema, opened, submitted)
    assert result.note is None
    assert not result.ok or result.parameters is None or valid.is_valid(result.parameters)


keywords = st.sampled_from(
    """type properties items enum required $ref $schema $id pattern allOf minimum default title
    additionalProperties patternProperties const not""".split()  # noqa: SIM905
)
any_schemas = st.dictionaries(
    keywords,
    st.recursive(
        scalars | st.sampled_from(["#", "object", "string", "array", "http://x.invalid/s"]),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(keywords | names, inner, max_size=3)
        ),
        max_leaves=10,
    ),
)


@brief
@given(any_schemas, st.none() | st.dictionaries(names, values, max_size=3), values)
def test_no_schema_breaks_the_form(schema: Any, opened: Any, typed: Any) -> None:
    form = build_form(schema, opened)
    assert exactly(read_form(schema, opened, as_sent(form)).parameters) == exactly(opened)
    submitted = {field.id: exactly(typed) for field in form.fields()}
    result = read_form(schema, opened, submitted)
    with_submitted(form, submitted, result.errors)
