"""The side panel: a cell's form, a camera's list, a model's card."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import dash_bootstrap_components as dbc
from dash import html
from dash.development.base_component import Component

from vas_dash.domain.entities import AiModel, Camera
from vas_dash.fleet.query import GridQuery, StateFilter, format_query
from vas_dash.pages import ids
from vas_dash.pages.form.fields import Field, Kind
from vas_dash.pages.form.intent import FPS, PRIORITY, number_field
from vas_dash.pages.form.view import control_id, field_view
from vas_dash.pages.labels import NOT_FOR_NEW
from vas_dash.pages.panel.model import (
    OFF,
    ON,
    UNASSIGNED,
    CameraCard,
    CellNow,
    Entry,
    IntentText,
    ModelCard,
    StateList,
)
from vas_dash.pages.panel.parameters import MAX_PARAMETERS, Parameter
from vas_dash.pages.parts import aria, data, field_error, said

_INTENTS = {ON: "On", OFF: "Off", UNASSIGNED: "Not assigned"}


def cell_now(now: CellNow, camera: Camera, model: AiModel) -> list[Component]:
    """What is known of the cell at present, and the ways to its camera and its model."""
    lines: list[Component] = [html.P(said(line)) for line in now.lines]
    if now.changed:
        lines.append(html.P("Changed elsewhere since this was opened.", className="vd-note"))
    return [
        html.Div(lines, className="vd-now", **data(state=now.state.value)),
        html.Div(
            [
                html.Button(
                    "All models of this camera",
                    className="btn btn-link btn-sm",
                    **data(open="camera", camera=camera.id, model=""),
                ),
                html.Button(
                    "About this model",
                    className="btn btn-link btn-sm",
                    **data(open="model", camera="", model=model.model_id),
                ),
            ],
            className="vd-ways",
        ),
    ]


def intent_form(text: IntentText, errors: Mapping[str, str], *, open_for_new: bool) -> Component:
    """On, off or not assigned, fps and priority, each with its message."""
    choices = [
        {
            "label": label,
            "value": value,
            "disabled": not open_for_new and text.intent == UNASSIGNED and value != UNASSIGNED,
        }
        for value, label in _INTENTS.items()
    ]
    control = control_id(ids.PANEL_FIELD, "intent")
    numbers = (
        number_field(FPS, text.fps, errors.get(FPS)),
        number_field(PRIORITY, text.priority, errors.get(PRIORITY)),
    )
    return html.Div(
        [
            html.Fieldset(
                [
                    html.Legend(
                        ["Intent", *field_error(errors.get("intent"))], className="vd-legend"
                    ),
                    dbc.RadioItems(id=control, options=choices, value=text.intent, inline=True),
                    *([] if open_for_new else [html.P(NOT_FOR_NEW, className="vd-hint")]),
                ]
            ),
            *(field_view(replace(one, placeholder="default"), ids.PANEL_FIELD) for one in numbers),
        ],
        className="parameter-form",
    )


def reason_field(text: str, error: str | None, *, needed: bool) -> Component:
    """Why the cell is changed; it stands in the history."""
    help_text = "needed to save" if needed else "optional"
    field = Field("reason", (), Kind.TEXT, "Reason", text, help=help_text, error=error)
    return html.Div(field_view(field, ids.PANEL_FIELD), className="parameter-form")


def conflict_message(theirs: list[str], mine: list[str], *, after_write: bool) -> Component:
    """Both values, and the choice between them."""
    what = (
        "Yours was stored, and then changed elsewhere."
        if after_write
        else "Not saved: the cell was changed elsewhere since this was opened."
    )
    return html.Div(
        [
            html.P(what),
            html.Dl(
                [
                    html.Dt("In the VAS now"),
                    *(html.Dd(said(line)) for line in theirs),
                    html.Dt("Yours"),
                    *(html.Dd(said(line)) for line in mine),
                ]
            ),
            html.Div(
                [
                    html.Button(
                        "Save mine over it",
                        id={"type": ids.PANEL_CHOICE, "choice": "mine"},
                        className="btn btn-sm btn-outline-primary",
                    ),
                    html.Button(
                        "Take what the VAS has",
                        id={"type": ids.PANEL_CHOICE, "choice": "theirs"},
                        className="btn btn-sm btn-outline-secondary",
                    ),
                ],
                className="vd-actions",
            ),
        ],
        className="vd-conflict",
    )


def camera_card(card: CameraCard) -> list[Component]:
    """A camera's facts, and all its models in one list."""
    return [
        _facts(card.facts),
        html.H3(f"Models: {card.summary}"),
        _entries(card.entries),
    ]


def model_card(card: ModelCard, model_id: str, default_page_size: int) -> list[Component]:
    """A model's facts, its schema, and the cameras by state."""
    parts = [_facts(card.facts)]
    if card.parameters:
        parts += [html.H3("Parameters"), _parameters(card.parameters)]
    if card.schema is not None:
        parts.append(
            html.Details(
                [
                    html.Summary("Schema of the parameters"),
                    html.Pre(card.schema, tabIndex="0", **aria(label="Schema")),
                ],
                **data(fold="schema"),
            )
        )
    else:
        parts.append(html.P("No schema for the parameters.", className="vd-hint"))
    parts.append(html.H3("Cameras"))
    parts.extend(_state_list(part, model_id, default_page_size) for part in card.lists)
    return parts


def _parameters(rows: tuple[Parameter, ...]) -> Component:
    heads = ("Name", "Kind", "Default", "Range")
    body = [
        html.Tr(
            [
                html.Th(row.name, scope="row"),
                *map(html.Td, (row.kind, row.default, row.range)),
            ]
        )
        for row in rows
    ]
    if len(rows) == MAX_PARAMETERS:
        body.append(html.Tr(html.Td("The schema below has all.", colSpan=len(heads))))
    return html.Div(
        html.Table(
            [
                html.Thead(html.Tr([html.Th(head, scope="col") for head in heads])),
                html.Tbody(body),
            ],
            className="vd-parameters",
        ),
        className="vd-table-frame",
        tabIndex="0",
        role="region",
        **aria(label="Parameters"),
    )


def _state_list(part: StateList, model_id: str, default_page_size: int) -> Component:
    if not part.count:
        return html.P(f"0 {part.state.value}", className="vd-none")
    query = GridQuery(
        state=StateFilter(part.state.value), state_of=model_id, page_size=default_page_size
    )
    shown = len(part.entries)
    more = f"{shown} shown; " if shown < part.count else ""
    return html.Details(
        [
            html.Summary(f"{part.count:,} {part.state.value}"),
            html.P(
                [
                    more,
                    html.A(
                        "Show all in the grid",
                        href=format_query(query, default_page_size) or "?",
                        **data(search=format_query(query, default_page_size)),
                    ),
                ]
            ),
            _entries(part.entries),
        ],
        **data(fold=part.state.value),
    )


def _facts(facts: tuple[tuple[str, str], ...]) -> Component:
    parts: list[Component] = []
    for name, value in facts:
        parts.extend((html.Dt(name), html.Dd(value)))
    return html.Dl(parts, className="vd-facts")


def _entries(entries: tuple[Entry, ...]) -> Component:
    return html.Ul(
        [
            html.Li(
                html.Button(
                    [
                        html.Span(entry.title, className="vd-entry-title"),
                        html.Span(entry.text, className="vd-entry-state"),
                    ],
                    className="vd-entry",
                    **data(
                        open="cell",
                        camera=entry.camera_id,
                        model=entry.model_id,
                        state=entry.state.value,
                    ),
                )
            )
            for entry in entries
        ],
        className="vd-entries",
    )
