"""Presets in the side panel, and the form that applies one to the selected cells."""

from __future__ import annotations

from collections.abc import Sequence

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from vas_dash.domain.presets import NAME_CHARS, Preset
from vas_dash.domain.text import cut
from vas_dash.pages import ids
from vas_dash.pages.form.fields import Field, Kind, Option
from vas_dash.pages.form.view import control_id, field_view
from vas_dash.pages.parts import aria, button, data, data_table, stores, timed
from vas_dash.pages.presets.model import (
    LEAVE,
    TURN_ON,
    ApplyForm,
    PresetHistory,
    PresetRow,
    Question,
)

__all__ = [
    "NONE",
    "PRESET",
    "TURN",
    "apply_form",
    "cell_form",
    "following",
    "history",
    "line",
    "name_form",
    "plumbing",
    "question_form",
    "quiet",
    "remove_form",
    "rename_form",
    "section",
    "table",
]

PRESET, TURN = "preset", "preset-turn"
"""The names of the fields of the form for selected cells."""

NONE = "none"
"""The value of a choice of no preset; the browser shows no empty values."""

_PRIMARY = "btn-sm btn-primary"


def plumbing() -> list[Component]:
    """What has no looks."""
    return stores(ids.PRESETS_DO, ids.PRESETS_DONE, ids.PRESETS_DIGEST)


def section() -> Component:
    """Its place in the panel: what follows the fleet, what is typed into, and what came of it."""
    return html.Section(
        [
            html.Div(id=ids.PRESETS_LIVE),
            html.Div(id=ids.PRESETS_FORM, className="vd-writes"),
            html.Div(id=ids.PRESETS_MESSAGE, className="vd-message", **aria(live="polite")),
        ],
        id="panel-presets",
        className="vd-presets",
        **aria(label="Presets"),
    )


def line(text: str) -> list[Component]:
    """Which preset a cell equals."""
    return [html.P(text)] if text else []


def quiet(reason: str) -> list[Component]:
    """Why there is nothing."""
    return [html.P(f"Presets: {reason}.", className="vd-hint")]


def _act(
    text: str, do: str, row: PresetRow | Preset | Question | None = None, look: str = ""
) -> Component:
    which = {} if row is None else {"number": str(row.id), "version": str(row.version)}
    if isinstance(row, Question):
        which["values"] = row.values
    return button(text, look or "btn-sm btn-outline-secondary", **data(preset=do, **which))


def table(rows: Sequence[PresetRow]) -> list[Component]:
    """The presets of a model."""
    head = html.H3("Presets")
    if not rows:
        hint = "None yet. Open a cell of this model, and keep what it holds as a preset."
        return [head, html.P(hint, className="vd-hint")]
    return [head, html.Ul([_row(row) for row in rows], className="vd-preset-list")]


def _row(row: PresetRow) -> Component:
    parts: list[Component] = [
        html.Div([html.Strong(row.name), f" {row.values}"]),
        html.Div(timed(f"{row.using}; {row.changed}"), className="vd-hint"),
    ]
    actions = [_act("Rename...", "rename", row), _act("Remove...", "remove", row)]
    if row.following:
        parts += following(row.following, row)
    parts.append(html.Div(actions, className="vd-actions vd-writes"))
    return html.Li(parts)


def following(cameras: int, row: PresetRow | Preset) -> list[Component]:
    """How many cameras hold what it was before, and the way to bring them along."""
    what = "1 camera has" if cameras == 1 else f"{cameras:,} cameras have"
    return [
        html.Div(f"{what} the values it had before.", className="vd-note"),
        html.Div(
            _act("Draft the new values for them", "bring", row), className="vd-actions vd-writes"
        ),
    ]


def cell_form(presets: Sequence[Preset], *, can_fill: bool) -> list[Component]:
    """What can be done with presets in the panel of a cell."""
    options = [{"label": "Fill in a preset...", "value": NONE}]
    options += [{"label": cut(one.name), "value": str(one.id)} for one in presets]
    fill = dbc.Select(id=ids.PRESETS_FILL, options=options, value=NONE, size="sm")
    keep = _act("Keep as a preset...", "name")
    if not presets or not can_fill:
        return [html.Div([keep], className="vd-actions")]
    label = html.Label(
        [html.Span("Fill in a preset", className="visually-hidden"), fill],
        className="vd-preset-fill",
    )
    return [html.Div([label, keep], className="vd-actions")]


def name_form(presets: Sequence[Preset]) -> list[Component]:
    """Under which name the values in the form are kept."""
    hint = "Fps, priority and parameters as they stand in the form below, saved or not."
    return _typing("Keep as a preset", hint, "", _act("Keep", "keep", look=_PRIMARY), presets)


def rename_form(preset: Preset, typed: str) -> list[Component]:
    """Another name for a preset."""
    do = _act("Rename", "renamed", preset, _PRIMARY)
    return _typing(f"Rename {cut(preset.name)}", "", typed, do)


def _typing(
    label: str, hint: str, typed: str, do: Component, known: Sequence[Preset] = ()
) -> list[Component]:
    names = f"{ids.PRESETS_NAME}-known"
    box = dbc.Input(
        id=ids.PRESETS_NAME,
        value=typed,
        maxLength=NAME_CHARS,
        list=names,
        autocomplete="off",
        size="sm",
    )
    return [
        html.Label(
            [
                html.Span(label, className="vd-label"),
                *([html.Span(hint, className="vd-hint")] if hint else []),
                box,
            ],
            htmlFor=ids.PRESETS_NAME,
            className="vd-preset-name",
        ),
        html.Datalist([html.Option(value=one.name) for one in known], id=names),
        html.Div([do, _act("Cancel", "close")], className="vd-actions"),
    ]


def remove_form(preset: Preset) -> list[Component]:
    """Asked before a preset is removed."""
    return [
        html.P(f"Remove {cut(preset.name)}? Cameras keep what they hold."),
        html.Div(
            [_act("Remove", "removed", preset, _PRIMARY), _act("Cancel", "close")],
            className="vd-actions",
        ),
    ]


def question_form(asked: Question) -> list[Component]:
    """Asked before a preset gets other values."""
    parts: list[Component] = [html.P(asked.text)]
    if asked.values:
        parts.append(html.Div(_act("Change it", "change", asked, _PRIMARY), className="vd-actions"))
    return parts


def history(found: PresetHistory) -> list[Component]:
    """What was done with presets; nothing where nothing was."""
    if not found.rows:
        return []
    heads = ("When", "Who", "Model", "Preset")
    rows = [
        html.Tr(
            [
                html.Td(timed(value) if name == "When" else value, **data(label=name))
                for name, value in zip(heads, row, strict=True)
            ]
        )
        for row in found.rows
    ]
    parts: list[Component] = [
        html.H3("Presets"),
        data_table("Changes of presets, newest first", heads, rows),
    ]
    if found.more:
        parts.append(html.P(f"{found.more:,} older ones: filter for them.", className="vd-hint"))
    return [html.Div(parts, className="vd-preset-history")]


def apply_form(form: ApplyForm) -> list[Component]:
    """Which preset the selected cells get, and what becomes of those that are not on."""
    none = [] if form.chosen else [Option(NONE, "Choose a preset")]
    options = (*none, *(Option(value, label) for value, label in form.presets))
    chosen = Field(
        PRESET, (), Kind.CHOICE, "Preset", form.chosen or NONE, options=options, error=form.error
    )
    parts: list[Component] = [
        html.P(form.about, className="vd-hint"),
        field_view(chosen, ids.BULK_VALUE),
    ]
    if form.turn_on:
        choices = [
            {"label": form.turn_on, "value": TURN_ON},
            {"label": form.leave, "value": LEAVE},
        ]
        parts.append(
            html.Fieldset(
                [
                    html.Legend("On and off", className="vd-legend"),
                    dbc.RadioItems(
                        id=control_id(ids.BULK_VALUE, TURN), options=choices, value=form.turn
                    ),
                ]
            )
        )
    return parts


def link(text: str, href: str) -> Component:
    """A sentence that ends with the way to the review."""
    return html.P([f"{text} ", dcc.Link("Review", href=href), "."])
