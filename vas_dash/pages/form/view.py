"""The fields of a form as components: those of a model's parameters, and any others.

Every control has a real label. dash-bootstrap-components pass no `aria-describedby` on to their
controls, so the message is part of the label, where a screen reader says it with the control, and
the help describes the group around both.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import dash_bootstrap_components as dbc
from dash import html
from dash.development.base_component import Component

from vas_dash.pages.form.fields import Field, Form, Group, Kind
from vas_dash.pages.parts import aria, field_error

_MANY_OPTIONS = 8
_MAX_ROWS = 12


def control_id(form: str, name: str) -> dict[str, str]:
    """The id of a control: which form it is part of, and which field of it it is.

    Read a form with `State({"type": form, "name": ALL}, "value")` and `"id"`, side by side. The
    names of fields for parameters are the keys that `read_form` expects.
    """
    return {"type": form, "name": name}


def dom_id(form: str, name: str) -> str:
    """The id of the control in the browser: Dash writes an id that is a dict as this JSON."""
    control = control_id(form, name)
    return json.dumps(control, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def parameter_form(form: Form, of: str) -> html.Div:
    """The whole form for parameters, as a part of the form `of`."""
    note = [html.P(form.note, className="parameter-form-note")] if form.note else []
    root = form.root
    if isinstance(root, Field):
        body = [field_view(root, of)]
    else:
        body = [*field_error(root.error), *_text(root.description), *_children(root, of)]
    return html.Div([*note, *body], className="parameter-form")


def _children(group: Group, of: str) -> list[Component]:
    return [
        _group(child, of) if isinstance(child, Group) else field_view(child, of)
        for child in group.children
    ]


def _group(group: Group, of: str) -> html.Fieldset:
    legend = [html.Span(group.label), *_required(group.required), *field_error(group.error)]
    return html.Fieldset(
        [
            html.Legend(legend, className="parameter-legend"),
            *_text(group.description),
            *_children(group, of),
        ],
        className="parameter-group",
    )


def field_view(field: Field, of: str, *, label_shown: bool = True) -> Component:
    """A field of the form `of`: its label, with what is wrong with it, its control, its help."""
    name_class = "parameter-name" if label_shown else "visually-hidden"
    name = [
        html.Span(field.label, className=name_class),
        *_required(field.required),
        *field_error(field.error),
    ]
    texts = [text for text in (field.description, field.help) if text]
    help_id = quote(f"help-{of}-{field.id}", safe="")
    help_text = [html.Div([html.Div(text) for text in texts], id=help_id, className="form-text")]
    described = aria(describedby=help_id) if texts else {}
    class_name = f"parameter-field parameter-{field.kind.value}"
    if field.kind is Kind.CHOICES:
        return html.Fieldset(
            [
                html.Legend(name, className="parameter-label"),
                _control(field, of),
                *(help_text if texts else []),
            ],
            className=class_name,
            **described,
        )
    label = html.Label(name, htmlFor=dom_id(of, field.id), className="parameter-label")
    return html.Div(
        [label, _control(field, of), *(help_text if texts else [])],
        className=class_name,
        role="group",
        **described,
    )


def _control(field: Field, of: str) -> Any:
    common: dict[str, Any] = {"id": control_id(of, field.id), "value": field.value}
    options = [{"value": option.value, "label": option.label} for option in field.options]
    if field.kind is Kind.CHOICES:
        many = " parameter-many" if len(options) > _MANY_OPTIONS else ""
        common["value"] = list(field.value)
        return dbc.Checklist(options=options, class_name=f"parameter-options{many}", **common)
    common |= {"invalid": field.error is not None, "class_name": "parameter-control"}
    if field.kind in (Kind.CHOICE, Kind.BOOLEAN):
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
        **({"list": field.suggestions} if field.suggestions else {}),
        **common,
    )


def _required(required: bool) -> list[Component]:
    return [html.Span("required", className="parameter-required")] if required else []


def _text(text: str | None) -> list[Component]:
    return [html.P(text, className="parameter-description")] if text else []
