"""The form for parameters as components: what the browser is told to draw."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from dash.development.base_component import Component

from vas_dash.pages.form.fields import Field, Form, Group, Kind, Option
from vas_dash.pages.form.model import build_form, with_submitted
from vas_dash.pages.form.view import dom_id, parameter_form

SCHEMA: dict[str, Any] = {
    "required": ["threshold"],
    "properties": {
        "threshold": {"type": "number", "maximum": 1, "default": 0.5, "description": "Score."},
        "mode": {"enum": ["fast", 2]},
        "classes": {"type": "array", "items": {"enum": [f"c{n}" for n in range(12)]}},
        "regions": {"type": "array", "items": {"type": "string"}},
        "anything": {},
        "roi": {"title": "Region", "properties": {"x ü/\"'": {"type": "integer"}}},
    },
}


def tree(component: Component) -> Any:
    return json.loads(json.dumps(component, default=lambda one: one.to_plotly_json()))


def drawn(form: Form) -> Any:
    return tree(parameter_form(form, "panel-field"))


def nodes(node: Any) -> Iterator[Any]:
    if isinstance(node, list):
        for item in node:
            yield from nodes(item)
    elif isinstance(node, dict):
        yield node
        yield from nodes(node["props"].get("children"))


def controls(form: Form) -> dict[str, Any]:
    found = (one for one in nodes(drawn(form)) if isinstance(one["props"].get("id"), dict))
    return {one["props"]["id"]["name"]: one for one in found}


def texts(node: Any) -> str:
    inner = node["props"].get("children") if isinstance(node, dict) else node
    if isinstance(inner, list):
        return " ".join(filter(None, map(texts, inner)))
    return texts(inner) if isinstance(inner, dict) else str(inner or "")


def test_one_number_field_is_drawn_whole() -> None:
    form = Form(
        Group(
            id="#",
            path=(),
            label="",
            children=(
                Field(
                    id="#/a",
                    path=("a",),
                    kind=Kind.NUMBER,
                    label="a",
                    value="0,5",
                    help="0 to 1",
                    placeholder="default 1",
                    required=True,
                    error="must be a number",
                ),
            ),
        )
    )
    (body,) = drawn(form)["props"]["children"]
    label, control, helped = body["props"]["children"]
    assert body["props"]["aria-describedby"] == helped["props"]["id"]
    assert label["props"]["htmlFor"] == '{"name":"#/a","type":"panel-field"}'
    assert texts(label) == "a required must be a number"
    assert control["props"] == {
        "id": {"type": "panel-field", "name": "#/a"},
        "value": "0,5",
        "type": "text",
        "inputmode": "decimal",
        "autocomplete": "off",
        "placeholder": "default 1",
        "invalid": True,
        "class_name": "parameter-control",
    }
    assert texts(helped) == "0 to 1"


def test_every_field_has_one_control_that_carries_its_value() -> None:
    opened = {"threshold": 0.25, "mode": 2, "classes": ["c3"], "anything": [1], "old": True}
    form = build_form(SCHEMA, opened)
    shown = controls(form)
    assert {path: (one["type"], one["props"]["value"]) for path, one in shown.items()} == {
        "#/threshold": ("Input", "0.25"),
        "#/mode": ("Select", "2"),
        "#/classes": ("Checklist", ['"c3"']),
        "#/regions/~rows": ("Select", ""),
        "#/anything": ("Textarea", "[1]"),
        "#/roi/x ü~1\"'": ("Input", ""),
        "#/~other": ("Textarea", '{"old": true}'),
    }


def test_every_control_has_a_label_of_its_own() -> None:
    form = build_form(SCHEMA, None)
    labels = {
        one["props"]["htmlFor"]: texts(one) for one in nodes(drawn(form)) if one["type"] == "Label"
    }
    expected = {
        dom_id("panel-field", one.id): one.label
        for one in form.fields()
        if one.kind is not Kind.CHOICES
    }
    expected[dom_id("panel-field", next(form.fields()).id)] = "threshold required"
    expected[dom_id("panel-field", "#/regions/~rows")] = "regions: without rows"
    assert labels == expected


def test_the_id_in_the_browser_is_written_as_dash_writes_it() -> None:
    field = Field(id="#/ü \"'", path=("ü \"'",), kind=Kind.TEXT, label="")
    assert dom_id("panel-field", field.id) == '{"name":"#/ü \\"\'","type":"panel-field"}'


def test_groups_and_sets_of_ticks_are_fieldsets_with_a_legend() -> None:
    fieldsets = [one for one in nodes(drawn(build_form(SCHEMA, None))) if one["type"] == "Fieldset"]
    legends = [one["props"]["children"][0] for one in fieldsets]
    assert [(one["type"], texts(one)) for one in legends] == [
        ("Legend", "classes"),
        ("Legend", "regions"),
        ("Legend", "Region"),
    ]


def test_choices_travel_as_json_text() -> None:
    select = controls(build_form(SCHEMA, None))["#/mode"]
    assert select["props"]["options"] == [
        {"value": "", "label": "not set"},
        {"value": '"fast"', "label": "fast"},
        {"value": "2", "label": "2"},
    ]


def test_only_fields_with_a_message_are_marked() -> None:
    form = build_form(SCHEMA, None)
    typed = {"#/threshold": "7", "#/mode": "", "#/roi/x ü~1\"'": "z"}
    again = with_submitted(form, typed, {"#/threshold": "must be at most 1"})
    marked = {path for path, one in controls(again).items() if one["props"].get("invalid")}
    assert marked == {"#/threshold"}
    messages = [
        one for one in nodes(drawn(again)) if one["props"].get("className") == "vd-field-error"
    ]
    assert [(texts(one), one["props"]["aria-live"]) for one in messages] == [
        ("must be at most 1", "polite")
    ]


def test_a_note_and_the_fault_of_a_group_are_shown() -> None:
    field = Field(
        id="#/a/b", path=("a", "b"), kind=Kind.BOOLEAN, label="b", options=(Option("", "-"),)
    )
    group = Group("#/a", ("a",), "a", (field,), description="About a.", error="needs 2 values")
    form = Form(Group("#", (), "", (group,), error="needs more"), note="Not checked.")
    assert texts(drawn(form)) == "Not checked. needs more a needs 2 values About a. b"


def test_raw_json_is_one_labelled_textarea() -> None:
    shown = drawn(build_form(None, {"a": 1}))
    assert texts(shown).startswith("Parameters")
    assert [one["type"] for one in nodes(shown) if "value" in one["props"]] == ["Textarea"]
