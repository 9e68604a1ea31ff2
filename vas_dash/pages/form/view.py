"""The form for parameters as components.

Every control has a real label. dash-bootstrap-components pass no `aria-describedby` on to their
controls, so the message is part of the label, where a screen reader says it with the control, and
the help describes the group around both.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import count
from typing import Any

import dash_bootstrap_components as dbc
from dash import html
from dash.development.base_component import Component

from vas_dash.pages.form.fields import Field, Form, Group, Kind

FIELD = "parameter-field"
"""The `type` of every control's id. What was typed is its property `value`."""

_MANY_OPTIONS = 8
_MAX_ROWS = 12


def control_id(field: Field) -> dict[str, str]:
    """The id of the field's control: `{"type": FIELD, "path": field.id}`."""
    return {"type": FIELD, "path": field.id}


def dom_id(field: Field) -> str:
    """The id of the control in the browser: Dash writes an id that is a dict as this JSON."""
    return json.dumps(control_id(field), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def parameter_form(form: Form) -> html.Div:
    """The whole form.

    Read it with `State({"type": FIELD, "path": ALL}, "value")` and `"id"`, side by side: the
    `path` of each id is the key that `read_form` expects.
    """
    numbers = count()
    note = [html.P(form.note, className="parameter-form-note")] if form.note else []
    root = form.root
    if isinstance(root, Field):
        body = [_field(root, numbers)]
    else:
        body = [*_message(root.error), *_text(root.description), *_children(root, numbers)]
    return html.Div([*note, *body], className="parameter-form")


def _children(group: Group, numbers: Iterator[int]) -> list[Component]:
    return [
        _group(child, numbers) if isinstance(child, Group) else _field(child, numbers)
        for child in group.children
    ]


def _group(group: Group, numbers: Iterator[int]) -> html.Fieldset:
    legend = [html.Span(group.label), *_required(group.required), *_message(group.error)]
    return html.Fieldset(
        [
            html.Legend(legend, className="parameter-legend"),
            *_text(group.description),
            *_children(group, numbers),
        ],
        className="parameter-group",
    )


def _field(field: Field, numbers: Iterator[int]) -> Component:
    name = [
        html.Span(field.label, className="parameter-name"),
        *_required(field.required),
        *_message(field.error),
    ]
    help_id = f"parameter-help-{next(numbers)}"
    texts = [text for text in (field.description, field.help) if text]
    help_text = (
        [html.Div([html.Div(text) for text in texts], id=help_id, className="form-text")]
        if texts
        else []
    )
    described: dict[str, Any] = {"aria-describedby": help_id} if texts else {}
    class_name = f"parameter-field parameter-{field.kind.value}"
    if field.kind is Kind.CHOICES:
        return html.Fieldset(
            [html.Legend(name, className="parameter-label"), _choices(field), *help_text],
            className=class_name,
            **described,
        )
    return html.Div(
        [
            html.Label(name, htmlFor=dom_id(field), className="parameter-label"),
            _control(field),
            *help_text,
        ],
        className=class_name,
        role="group",
        **described,
    )


def _control(field: Field) -> dbc.Input | dbc.Select | dbc.Textarea:
    common: dict[str, Any] = {
        "id": control_id(field),
        "value": field.value,
        "invalid": field.error is not None,
        "class_name": "parameter-control",
    }
    if field.kind in (Kind.CHOICE, Kind.BOOLEAN):
        options = [{"value": option.value, "label": option.label} for option in field.options]
        return dbc.Select(options=options, **common)
    common["placeholder"] = field.placeholder or ""
    if field.kind in (Kind.LINES, Kind.JSON) or field.multiline:
        rows = min(max(str(field.value).count("\n") + 1, 2), _MAX_ROWS)
        return dbc.Textarea(rows=rows, spellcheck=False, **common)
    number = field.kind in (Kind.NUMBER, Kind.INTEGER)
    # Text even for numbers: a number input sends nothing at all for what it does not like.
    return dbc.Input(
        type="text",
        inputmode="decimal" if number else "text",
        autocomplete="off",
        **common,
    )


def _choices(field: Field) -> dbc.Checklist:
    many = " parameter-many" if len(field.options) > _MANY_OPTIONS else ""
    return dbc.Checklist(
        id=control_id(field),
        options=[{"value": option.value, "label": option.label} for option in field.options],
        value=list(field.value),
        class_name=f"parameter-options{many}",
    )


def _required(required: bool) -> list[Component]:
    return [html.Span("required", className="parameter-required")] if required else []


def _message(error: str | None) -> list[Component]:
    if error is None:
        return []
    quiet: dict[str, Any] = {"aria-live": "polite"}
    return [html.Span(error, className="parameter-error", **quiet)]


def _text(text: str | None) -> list[Component]:
    return [html.P(text, className="parameter-description")] if text else []
