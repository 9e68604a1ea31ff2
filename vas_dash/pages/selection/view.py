"""The bar of the selection, the forms that act on it, and what a panel offers for it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from vas_dash.pages import ids
from vas_dash.pages.form.fields import Field, Group, Kind, Option
from vas_dash.pages.form.view import Drawing, field_view
from vas_dash.pages.parts import aria, button, data, message
from vas_dash.pages.selection.model import CLEAR, FREE_NAME, LEAVE, SET, BulkForm, Row
from vas_dash.pages.selection.report import Report

CAMERA = "camera"
"""The name of the field with the camera to copy from."""


def select_all() -> Component:
    """The button that selects every cell that the filter finds."""
    return button(
        "Select all cameras found", "btn-sm btn-outline-secondary vd-writes", id=ids.SELECT_ALL
    )


def at_once_switch() -> Component:
    """Whether a key on a cell is drafted, or sent to the VAS at once."""
    switch: Component = dbc.Switch(
        id=ids.AT_ONCE,
        label="Apply single changes at once",
        value=False,
        persistence=True,
        persistence_type="local",
        class_name="vd-at-once vd-writes",
    )
    return switch


def selection_bar() -> Component:
    """What is selected, in words, and what can be done with it; `selection.js` fills it."""
    return html.Section(
        [
            html.Span(id="selection-words", className="vd-words", **aria(live="polite")),
            html.Div(
                [
                    _action("Turn on", "on"),
                    _action("Turn off", "off"),
                    _action("Remove", "remove"),
                    _action("Edit...", "edit"),
                    _action("Apply a preset...", "preset"),
                    _action("Copy from a camera...", "copy"),
                    html.Button(
                        "Select nothing",
                        id="select-nothing",
                        className="btn btn-sm btn-outline-secondary",
                    ),
                ],
                id="selection-actions",
                className="vd-choices-row",
                role="group",
                hidden=True,
                **aria(label="Act on the selected cells"),
            ),
            _form(),
            html.Div(id=ids.BULK_MESSAGE, className="vd-message", **aria(live="polite")),
        ],
        className="vd-selection vd-writes",
        **aria(label="Selection"),
    )


def _action(text: str, do: str) -> Component:
    return html.Button(text, className="btn btn-sm btn-outline-primary", **data(do=do))


def _form() -> Component:
    return html.Div(
        [
            html.H2(id=ids.BULK_TITLE, tabIndex="-1", className="vd-bulk-title"),
            html.Div(id=ids.BULK_FORM, className="vd-bulk-fields"),
            html.Div(
                [
                    html.Button(
                        "Draft this",
                        id=ids.BULK_SAVE,
                        className="btn btn-sm btn-primary",
                        **data(do="save"),
                    ),
                    html.Button(
                        "Close",
                        className="btn btn-sm btn-outline-secondary",
                        **data(do="close"),
                        **aria(keyshortcuts="Escape"),
                    ),
                ],
                className="vd-actions",
            ),
        ],
        id=ids.BULK,
        className="vd-bulk",
        role="group",
        hidden=True,
        **aria(labelledby=ids.BULK_TITLE),
    )


def edit_form(form: BulkForm) -> list[Component]:
    """Every property with what the cells hold, and what is to be done with it."""
    free_name = Field(
        FREE_NAME,
        (),
        Kind.TEXT,
        "Another parameter, by its name",
        form.free_name,
        placeholder="another parameter",
    )
    drawing = Drawing(ids.BULK_VALUE, form.left)
    rows = [_row(one, html.Span(one.field.label), drawing) for one in form.rows]
    free = field_view(free_name, ids.BULK_VALUE, label_shown=False)
    rows.append(_row(form.free, free, drawing))
    return [html.P(form.about, className="vd-hint"), html.Div(rows, className="vd-bulk-rows")]


def _row(row: Row, name: Component, drawing: Drawing) -> Component:
    words = {LEAVE: "leave unchanged", SET: "set", CLEAR: row.clear}
    options = tuple(Option(value, label) for value, label in words.items())
    label = row.field.label
    how = Field(row.name, (), Kind.CHOICE, f"{label}: what to do", row.how, options=options)
    value = row.field
    if isinstance(value, Field):
        value = replace(value, label=f"{label}: value", required=False)
    return html.Div(
        [
            html.Div([name, html.Span(row.now, className="vd-hint")], className="vd-bulk-name"),
            field_view(how, ids.BULK_HOW, label_shown=False),
            drawing.node(value, label_shown=False),
        ],
        className="vd-bulk-row" + (" vd-bulk-group" if isinstance(value, Group) else ""),
        role="group",
        **aria(label=label),
    )


def copy_form(camera: str, error: str | None) -> list[Component]:
    """Which camera to copy from."""
    field = Field(
        CAMERA,
        (),
        Kind.TEXT,
        "Copy from (name or id)",
        camera,
        suggestions=ids.BULK_CAMERAS,
        error=error,
    )
    return [
        html.P(
            "Each selected camera gets exactly what this camera holds, of every model. "
            "What it does not have is removed.",
            className="vd-hint",
        ),
        field_view(field, ids.BULK_VALUE),
        html.Datalist(id=ids.BULK_CAMERAS),
    ]


def camera_options(names: tuple[str, ...]) -> list[Component]:
    """Cameras to choose from."""
    return [html.Option(value=name) for name in names]


def told(report: Report, review: str) -> list[Component]:
    """What became of an action."""
    parts: list[Component] = [message(report.text)]
    if report.blocked:
        parts.append(html.Ul([html.Li(line) for line in report.blocked], className="vd-blocked"))
    if report.more:
        parts.append(linked(f"and {report.more:,} more, all of them in the", "review", review))
    return parts


def linked(text: str, name: str, href: str) -> Component:
    """A sentence that ends with a link to another view."""
    return html.P([f"{text} ", dcc.Link(name, href=href), "."])


def panel_tools(kind: str, camera: str, model: str, drafted: str | None) -> list[Component]:
    """The buttons of a panel that select its cells, and what is drafted of its cell."""
    names = {
        "cell": "Select this cell",
        "camera": "Select this camera's cells",
        "model": "Select this model on every camera found",
    }
    cell: dict[str, Any] = data(camera=camera, model=model)
    parts: list[Component] = [
        html.Button(
            names[kind],
            className="btn btn-sm btn-outline-secondary",
            **data(select=kind),
            **cell,
        )
    ]
    if kind == "camera":
        parts.append(
            html.Button(
                "Copy it to the selected cameras...",
                className="btn btn-sm btn-outline-secondary",
                **data(do="copy"),
                **cell,
            )
        )
    if drafted is not None:
        parts.append(html.P(drafted, className="vd-note"))
        parts.append(
            html.Button(
                "Discard its draft",
                className="btn btn-sm btn-outline-secondary",
                **data(drop="cell"),
                **cell,
            )
        )
    return parts
