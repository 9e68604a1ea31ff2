"""The fields of a form as components: those of a model's parameters, and any others.

Every control has a real label. dash-bootstrap-components pass no `aria-describedby` on to their
controls, so the message is part of the label, where a screen reader says it with the control, and
the help describes the group around both. `form.js` adds, removes and moves rows, by the control
that holds their keys; the server then draws what stands in it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import dash_bootstrap_components as dbc
from dash import html
from dash.development.base_component import Component

from vas_dash.pages.form.fields import Field, Form, Group, Kind, Option, Shape
from vas_dash.pages.form.rows import MAX_ROWS
from vas_dash.pages.parts import aria, button, data, field_error

_MANY_OPTIONS = 8
_MAX_LINES = 12


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
    root, drawing = form.root, Drawing(of, form.left)
    if isinstance(root, Field):
        body = [field_view(root, of)]
    elif root.shape is Shape.CHOICE:
        body = [drawing.node(root)]
    else:
        children = [drawing.node(child) for child in root.children]
        body = [*field_error(root.error), *_text(root.description), *children]
    return html.Div([*note, *body], className="parameter-form")


class Drawing:
    """One form as it is drawn: what it is part of, and the room there is for new rows."""

    def __init__(self, of: str, left: int) -> None:
        self._of = of
        self._left = left
        self._lists: dict[tuple[Option, ...], str] = {}

    def node(self, node: Group | Field, *, label_shown: bool = True) -> Component:
        """A field or a group; of a field the label may be for screen readers only."""
        if isinstance(node, Field):
            return self._field(node, label_shown)
        match node.shape:
            case Shape.LIST:
                return self._rows(node)
            case Shape.CHOICE:
                return self._choice(node)
            case _:
                return self._object(node)

    def _children(self, group: Group) -> list[Component]:
        return [self.node(child) for child in group.children]

    def _field(self, field: Field, label_shown: bool = True) -> Component:
        """A field; fields that offer the same words share one list of them."""
        if field.kind is not Kind.SEARCH:
            return field_view(field, self._of, label_shown=label_shown)
        known = self._lists.get(field.options)
        self._lists.setdefault(field.options, _words_id(field, self._of))
        shared = replace(field, suggestions=known)
        return field_view(shared, self._of, label_shown=label_shown)

    def _object(self, group: Group) -> Component:
        legend = [html.Span(group.label), *_required(group.required), *field_error(group.error)]
        return html.Fieldset(
            [
                html.Legend(legend, className="parameter-legend"),
                *_text(group.description),
                *self._children(group),
            ],
            className="parameter-group",
        )

    def _choice(self, group: Group) -> Component:
        """What form a value has, and the fields of that form."""
        assert group.control is not None
        control = html.Div(
            field_view(group.control, self._of), **data(forms=str(group.control.value))
        )
        below: list[Component] = []
        for child in group.children:
            if isinstance(child, Group) and child.shape is Shape.OBJECT:
                below += [*field_error(child.error), *self._children(child)]
            else:
                below.append(self.node(child))
        if not below:
            return control
        chosen = (one.label for one in group.control.options if one.value == group.control.value)
        name = aria(label=next(chosen, group.label))
        form = html.Div(below, className="parameter-group", role="group", **name)
        return html.Div([control, form], className="parameter-choice")

    def _rows(self, group: Group) -> Component:
        """The rows of a list, each with its buttons, and a button for one more."""
        assert group.control is not None
        control = group.control
        error = group.error or control.error
        legend = [html.Span(group.label), *_required(group.required), *field_error(error)]
        full = len(group.children) >= MAX_ROWS or group.row_size > self._left
        helps = [text for text in (group.help, "no more rows fit here" if full else None) if text]
        return html.Fieldset(
            [
                html.Legend(legend, className="parameter-legend"),
                *_text(group.description),
                *_text("; ".join(helps)),
                self._rows_control(control, group),
                *(
                    self._row(row, number, len(group.children))
                    for number, row in enumerate(group.children)
                ),
                button(
                    "Add a row",
                    "btn-sm btn-outline-secondary parameter-add",
                    disabled=full,
                    **data(rowdo="add", key=str(group.next_key)),
                    **aria(label=f"Add a row to {group.label}"),
                ),
            ],
            className="parameter-group parameter-rows",
            **data(rows=dom_id(self._of, control.id), none=group.no_rows),
        )

    def _rows_control(self, control: Field, group: Group) -> Component:
        """The keys of the rows; without rows, what that means."""
        identity = control_id(self._of, control.id)
        if group.children:
            hidden: Component = dbc.Input(id=identity, type="hidden", value=control.value)
            return hidden
        return html.Div(
            [
                html.Label(
                    html.Span(f"{group.label}: without rows", className="visually-hidden"),
                    htmlFor=dom_id(self._of, control.id),
                ),
                _select(control.options, id=identity, value=control.value),
            ]
        )

    def _row(self, row: Group | Field, number: int, of: int) -> Component:
        key = str(row.path[-1])
        moves = [
            button(
                text,
                "btn-sm btn-outline-secondary",
                disabled=stuck,
                **data(rowdo=do, key=key),
                **aria(label=name.format(row.label)),
            )
            for text, do, name, stuck in (
                ("Up", "up", "Move {} up", number == 0),
                ("Down", "down", "Move {} down", number == of - 1),
                ("Remove", "remove", "Remove {}", False),
            )
        ]
        buttons = html.Div(moves, className="parameter-moves")
        if isinstance(row, Field) or row.shape is not Shape.OBJECT:
            body = [html.Div(self.node(row, label_shown=False), className="parameter-cell")]
            return html.Div([*body, buttons], className="parameter-row", **data(row=key))
        legend = [html.Span(row.label), *field_error(row.error)]
        return html.Fieldset(
            [
                html.Legend(legend, className="parameter-row-name"),
                html.Div(self._children(row), className="parameter-row-fields"),
                buttons,
            ],
            className="parameter-row",
            **data(row=key),
        )


def _words_id(field: Field, of: str) -> str:
    return quote(f"words-{of}-{field.id}", safe="")


def field_view(field: Field, of: str, *, label_shown: bool = True) -> Component:
    """A field of the form `of`: its label, with what is wrong with it, its control, its help."""
    name_class = "parameter-name" if label_shown else "visually-hidden"
    name = [
        html.Span(field.label, className=name_class),
        *(_required(field.required) if label_shown else []),
        *field_error(field.error),
    ]
    texts = [text for text in (field.description, field.help) if text]
    help_id = quote(f"help-{of}-{field.id}", safe="")
    help_text = [html.Div([html.Div(text) for text in texts], id=help_id, className="form-text")]
    described = aria(describedby=help_id) if texts else {}
    class_name = f"parameter-field parameter-{field.kind.value}"
    body = [_control(field, of), *(help_text if texts else [])]
    if field.kind is Kind.SEARCH and not field.suggestions:
        words = [html.Option(value=one.label) for one in field.options]
        body.append(html.Datalist(words, id=_words_id(field, of)))
    if field.kind is Kind.CHOICES:
        legend = html.Legend(name, className="parameter-label")
        return html.Fieldset([legend, *body], className=class_name, **described)
    label = html.Label(name, htmlFor=dom_id(of, field.id), className="parameter-label")
    return html.Div([label, *body], className=class_name, role="group", **described)


def _control(field: Field, of: str) -> Any:
    common: dict[str, Any] = {"id": control_id(of, field.id), "value": field.value}
    options = [{"value": option.value, "label": option.label} for option in field.options]
    if field.kind is Kind.CHOICES:
        many = " parameter-many" if len(options) > _MANY_OPTIONS else ""
        common["value"] = list(field.value)
        return dbc.Checklist(options=options, class_name=f"parameter-options{many}", **common)
    common["invalid"] = field.error is not None
    if field.kind in (Kind.CHOICE, Kind.BOOLEAN):
        return _select(field.options, **common)
    common["class_name"] = "parameter-control"
    common["placeholder"] = field.placeholder or ""
    if field.kind is Kind.JSON or field.multiline:
        lines = min(max(str(field.value).count("\n") + 1, 2), _MAX_LINES)
        return dbc.Textarea(rows=lines, spellcheck=False, **common)
    number = field.kind in (Kind.NUMBER, Kind.INTEGER)
    words = _words_id(field, of) if field.kind is Kind.SEARCH else None
    listed = field.suggestions or words
    # Text even for numbers: a number input sends nothing at all for what it does not like.
    return dbc.Input(
        type="text",
        inputmode="decimal" if number else "text",
        autocomplete="off",
        **({"list": listed} if listed else {}),
        **common,
    )


def _select(options: Sequence[Option], **properties: Any) -> Any:
    """A choice of one. The browser shows no option without a value, but words in its place."""
    return dbc.Select(
        options=[{"value": one.value, "label": one.label} for one in options],
        placeholder=next((one.label for one in options if not one.value), None),
        class_name="parameter-control",
        **properties,
    )


def _required(required: bool) -> list[Component]:
    return [html.Span("required", className="parameter-required")] if required else []


def _text(text: str | None) -> list[Component]:
    return [html.P(text, className="parameter-description")] if text else []
