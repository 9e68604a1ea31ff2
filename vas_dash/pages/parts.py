"""Components that several features of the page are made of."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, TypeAlias

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from vas_dash.domain.text import UTC_TIME

__all__ = [
    "aria",
    "button",
    "data",
    "data_table",
    "field",
    "field_error",
    "message",
    "said",
    "search_field",
    "select",
    "stores",
    "timed",
]

Children: TypeAlias = Component | str | Sequence[Component | str]


def aria(**values: str) -> dict[str, Any]:
    """`aria(label="x")` gives `aria-label="x"`, to be passed on with `**`."""
    return {f"aria-{name}": value for name, value in values.items()}


_OF_A_CELL = re.compile(rf"(since |last seen (?:unassigned, )?|unknown: .*?){UTC_TIME.pattern}")
"""A line of `assignment_text` or `unknown_text` that says a time; `vas.tell` has the same."""


def data(**values: str) -> dict[str, Any]:
    """`data(page="next")` gives `data-page="next"`, to be passed on with `**`."""
    return {f"data-{name}": value for name, value in values.items()}


def button(
    text: Children, look: str = "btn-sm btn-outline-secondary", **attributes: Any
) -> Component:
    """A button that submits nothing. `look`: Bootstrap's classes beside `btn`, and ours."""
    return html.Button(text, type="button", className=f"btn {look}", **attributes)


def message(text: Children, *, error: bool = False) -> Component:
    """A line that says how something went."""
    shown = timed(text) if isinstance(text, str) else text
    return html.P(shown, className="vd-error" if error else "vd-ok")


def field_error(text: str | None) -> list[Component]:
    """What is wrong with a field, to stand in its label; nothing when nothing is."""
    return [html.Span(text, className="vd-field-error", **aria(live="polite"))] if text else []


def timed(text: str) -> list[Component | str]:
    """A text; its times are elements, which `times.js` shows in the viewer's zone."""
    parts = UTC_TIME.split(text)
    return [_time(part) if number % 2 else part for number, part in enumerate(parts) if part]


def said(line: str) -> list[Component | str]:
    """A line of what is known of a cell; its time is an element, those in parameters are text."""
    time = _OF_A_CELL.match(line)
    if time is None:
        return [line]
    return [time[1], _time(time[2]), line[time.end() :]]


def _time(when: str) -> Component:
    utc = f"{when} UTC"
    return html.Time(html.Span(utc), dateTime=f"{when.replace(' ', 'T')}Z", title=utc)


def field(label: str, name: str, control: Component, *, wide: bool = False) -> Component:
    """The control `name` with its label above it."""
    return html.Div(
        [html.Label(label, htmlFor=name), control],
        className="vd-field vd-field-wide" if wide else "vd-field",
    )


def search_field(name: str, hint: str) -> Component:
    """Where one types what is to be found."""
    control = dbc.Input(
        id=name,
        type="search",
        placeholder=hint,
        debounce=250,
        maxlength=200,
        size="sm",
        autocomplete="off",
    )
    return field("Find", name, control, wide=True)


def select(label: str, name: str, options: Sequence[dict[str, str]], value: str) -> Component:
    """A choice of one."""
    return field(label, name, dbc.Select(id=name, options=options, value=value, size="sm"))


def stores(*names: str, **properties: Any) -> list[Component]:
    """What the browser holds, by id."""
    return [dcc.Store(id=name, **properties) for name in names]


def data_table(caption: str, heads: tuple[str, ...], rows: Sequence[Component]) -> Component:
    """A table with a caption for screen readers, in a frame that scrolls."""
    return html.Div(
        html.Table(
            [
                html.Caption(caption, className="visually-hidden"),
                html.Thead(html.Tr([html.Th(head, scope="col") for head in heads])),
                html.Tbody(rows),
            ],
            className="vd-table",
        ),
        className="vd-table-frame",
        tabIndex="0",
        role="region",
        **aria(label=caption),
    )
