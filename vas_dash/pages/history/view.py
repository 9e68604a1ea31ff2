"""Change sets: the list of them, and one with its cells."""

from __future__ import annotations

from typing import Any

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from vas_dash.config import Settings
from vas_dash.pages import ids
from vas_dash.pages.history.model import (
    Action,
    CellPage,
    CellRow,
    ChangeSetHead,
    Choice,
    ListPage,
    ListRow,
)
from vas_dash.pages.history.status import Progress, Status
from vas_dash.pages.parts import aria, button, data, data_table, stores, timed

__all__ = [
    "action_buttons",
    "cells",
    "change_set_list",
    "head",
    "history_address",
    "history_link",
    "page",
    "plumbing",
    "progress",
    "replace_question",
    "running_line",
]

TICK_MS = 1000

_BUTTON = "btn btn-sm btn-outline-secondary"


def plumbing() -> list[Component]:
    """What has no looks. The clock goes only while something is being applied."""
    return [
        dcc.Interval(id=ids.HISTORY_TICK, interval=TICK_MS, disabled=True),
        *stores(ids.HISTORY_ASK, ids.HISTORY_SHOWN, ids.HISTORY_DO, ids.HISTORY_DONE),
        *stores(ids.RUNNING, storage_type="local"),
        *stores(ids.RUNNING_ASK),
    ]


def running_line() -> Component:
    """How far the change set is that this browser follows.

    The link stays the same while its text changes, so that it can be pressed and keeps the focus.
    Only the end is told to a screen reader.
    """
    return html.P(
        [
            dcc.Link("", href="", id=ids.RUNNING_LINK),
            html.Span(id=ids.RUNNING_OVER, className="visually-hidden", **aria(live="polite")),
        ],
        id=ids.RUNNING_LINE,
        className="vd-running",
        hidden=True,
    )


def history_link(prefix: str, number: int, text: str) -> Component:
    """A link to a change set."""
    return dcc.Link(text, href=history_address(prefix, number))


def history_address(prefix: str, number: int) -> str:
    """The address of a change set."""
    return f"{prefix}history/{number}"


def page(settings: Settings) -> Component:
    """The view, hidden until the address names it."""
    return html.Main(
        [
            html.H2("History", id=ids.HISTORY_TITLE, tabIndex="-1"),
            _filters(settings),
            html.Div(id=ids.HISTORY_HEAD, className="vd-history-head"),
            html.Div(id=ids.HISTORY_PROGRESS, className="vd-history-progress"),
            html.Div(id=ids.HISTORY_ACTIONS, className="vd-history-actions"),
            html.Div(id=ids.HISTORY_MESSAGE, className="vd-message", **aria(live="polite")),
            html.Div(id=ids.HISTORY_BODY, className="vd-history-body"),
        ],
        id=ids.VIEW_HISTORY,
        className="vd-main vd-history",
        hidden=True,
    )


def _filters(settings: Settings) -> Component:
    return html.Form(
        [
            _field("Person", ids.HISTORY_WHO, "name", None),
            _field("Camera", ids.HISTORY_CAMERA, "name or id", ids.HISTORY_CAMERA_NOTE),
            _field("Model", ids.HISTORY_MODEL, "name or id", ids.HISTORY_MODEL_NOTE),
            _field("From", ids.HISTORY_SINCE, None, ids.HISTORY_SINCE_NOTE),
            _field("To", ids.HISTORY_UNTIL, None, ids.HISTORY_UNTIL_NOTE),
            html.Button("Filter", type="submit", className=_BUTTON),
            button("Clear", **data(history="clear")),
        ],
        id=ids.HISTORY_FILTERS,
        action=f"{settings.prefix}history",
        noValidate=True,  # a day that is half typed is none
        className="vd-filters vd-history-filters",
        role="search",
        **aria(label="Filter the history"),
    )


def _field(label: str, name: str, hint: str | None, note: str | None) -> Component:
    """A field for a text; without a `hint` for a day."""
    kind = {"type": "date", "max": "9999-12-31"} if hint is None else {"placeholder": hint}
    # The label holds the message too, so that it is part of the field's name.
    return html.Label(
        [
            html.Span(label, className="vd-label"),
            dbc.Input(id=name, size="sm", autocomplete="off", value="", **kind),
            *([] if note is None else [html.Span(id=note, className="vd-error")]),
        ],
        htmlFor=name,
    )


# The list.

_LIST_HEADS = ("Number", "When", "Who", "Reason", "Source", "Cells", "Result", "State")


def change_set_list(found: ListPage, prefix: str) -> list[Component]:
    """The table and its pager."""
    if found.empty is not None:
        parts: list[Component] = [html.P(found.empty, className="vd-empty")]
    else:
        rows = [_list_row(row, prefix) for row in found.rows]
        parts = [data_table("Change sets, newest first", _LIST_HEADS, rows)]
    links = [("Newer", found.newer), ("Older", found.older)]
    return [*parts, *_pager(f"{prefix}history", links, "Pages of the history")]


def _list_row(row: ListRow, prefix: str) -> Component:
    values: tuple[Any, ...] = (
        history_link(prefix, row.number, str(row.number)),
        timed(row.when),
        row.who,
        row.why,
        row.source,
        row.cells,
        row.outcome,
        html.Span(row.status.value, className="vd-change-status", **_status(row.status)),
    )
    return html.Tr(
        [
            html.Td(value, **data(label=name))
            for name, value in zip(_LIST_HEADS, values, strict=True)
        ]
    )


def _status(status: Status) -> dict[str, Any]:
    return data(status=status.name.lower())


def _pager(path: str, links: list[tuple[str, str | None]], name: str) -> list[Component]:
    shown = [
        dcc.Link(text, href=path + search, className=_BUTTON)
        for text, search in links
        if search is not None
    ]
    return [html.Nav(shown, className="vd-pager", **aria(label=name))] if shown else []


# One change set.


def _result_line(line: str) -> list[Component | str]:
    return [line] if line.startswith(("as drafted: ", "the VAS held: ")) else timed(line)


_THEIR_WORDS = ("Who", "Why", "Source")
"""Facts that say what somebody wrote: a time in them is theirs."""


def head(of: ChangeSetHead) -> Component:
    """Its facts."""
    parts: list[Component] = []
    for name, value in of.facts:
        parts.extend((html.Dt(name), html.Dd(value if name in _THEIR_WORDS else timed(value))))
    return html.Dl(parts, className="vd-facts")


def progress(how: Progress) -> list[Component]:
    """The bar, and the same in words."""
    return [
        html.Progress(
            value=str(how.done),
            max=str(max(how.total, 1)),
            **aria(label="Cells done", valuetext=how.text),
        ),
        html.Span(how.text, className="vd-progress-text"),
        html.Span(how.detail, className="vd-hint"),
    ]


def action_buttons(choices: tuple[Choice, ...], number: int) -> list[Component]:
    """What can be done with it, each with what it does."""
    return [
        html.Div(
            [
                _action(choice.action, number, choice.label),
                *([html.Span(choice.hint, className="vd-hint")] if choice.hint else []),
            ],
            className="vd-history-action",
        )
        for choice in choices
    ]


def _action(action: Action, number: int, label: str, *, replace: bool = False) -> Component:
    return button(
        label,
        "btn-sm btn-outline-secondary vd-writes",
        **data(
            do=action.value, number=str(number), replace="yes" if replace else "", keep=action.value
        ),
    )


def replace_question(action: Action, number: int, drafted: str) -> list[Component]:
    """A draft would be lost: asked before it is."""
    return [
        html.P(f"There is a draft of {drafted} already. This would replace it."),
        _action(action, number, f"Replace the draft of {drafted}", replace=True),
    ]


_CELL_HEADS = ("Camera", "Model", "Change", "Result")


def cells(found: CellPage, number: int, prefix: str) -> list[Component]:
    """The filter by result, the cells, and the pager."""
    path = history_address(prefix, number)
    filters = [
        dcc.Link(
            one.label,
            href=path + one.search,
            className=f"{_BUTTON} active" if one.is_chosen else _BUTTON,
        )
        for one in found.filters
    ]
    parts: list[Component] = [
        html.H3("Cells"),
        html.Nav(filters, className="vd-pager", **aria(label="Cells by result")),
    ]
    if found.empty is not None:
        parts.append(html.P(found.empty, className="vd-empty"))
    else:
        parts.append(data_table("Cells", _CELL_HEADS, [_cell_row(row) for row in found.rows]))
    links = [("First cells", found.first), ("Next cells", found.next)]
    return [*parts, *_pager(path, links, "Pages of the cells")]


def _cell_row(row: CellRow) -> Component:
    opener = button(
        row.camera,
        "btn-link btn-sm vd-cell-link",
        title="Open the cell",
        **data(open="cell", camera=row.key.camera_id, model=row.key.model_id),
    )
    values: tuple[Any, ...] = (
        opener,
        row.model,
        [html.Div(line) for line in row.change],
        [
            html.Span(row.result, className="vd-result", **data(result=row.kind.name.lower())),
            *(html.Div(_result_line(line), className="vd-result-line") for line in row.lines),
        ],
    )
    return html.Tr(
        [
            html.Td(value, **data(label=name))
            for name, value in zip(_CELL_HEADS, values, strict=True)
        ]
    )
