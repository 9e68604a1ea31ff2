"""Browser events to services, and their answers back to views."""

from __future__ import annotations

from typing import Any

from dash import ClientsideFunction, Dash, Input, Output, State

from vas_dash.pages import ids
from vas_dash.pages.cell_history import callbacks as cell_history
from vas_dash.pages.context import Context
from vas_dash.pages.draft import callbacks as drafts
from vas_dash.pages.files import callbacks as files
from vas_dash.pages.grid import callbacks as grid
from vas_dash.pages.history import callbacks as history
from vas_dash.pages.panel import callbacks as panel
from vas_dash.pages.review import callbacks as review
from vas_dash.pages.selection import callbacks as bulk


def register(app: Dash, context: Context) -> None:
    """Register every callback on this app, never on Dash's global list."""
    grid.register(app, context)
    panel.register(app, context)
    drafts.register(app, context)
    bulk.register(app, context)
    review.register(app, context)
    history.register(app, context)
    cell_history.register(app, context)
    files.register(app, context)
    _register_clientside(app)


def _register_clientside(app: Dash) -> None:
    """Wire what `assets/` does by itself; each function there says what it is for."""
    clientside: Any = app.clientside_callback
    clientside(
        ClientsideFunction("vas_address", "fromControls"),
        Input(ids.FILTER_TEXT, "value"),
        Input(ids.FILTER_LOCATIONS, "value"),
        Input(ids.FILTER_MODELS, "value"),
        Input(ids.FILTER_STATE, "value"),
        Input(ids.FILTER_STATE_OF, "value"),
        Input(ids.PAGE_SIZE, "value"),
        prevent_initial_call=True,
    )
    clientside(
        ClientsideFunction("vas_address", "toControls"),
        Input(ids.URL, "search"),
    )
    clientside(
        ClientsideFunction("vas_address", "offered"),
        Input(ids.FILTER_STATE_OF, "options"),
        prevent_initial_call=True,
    )
    clientside(
        ClientsideFunction("vas_views", "show"),
        Input(ids.URL, "pathname"),
    )
    clientside(
        ClientsideFunction("vas_grid", "rendered"),
        Input(ids.RENDERED, "data"),
        Input(ids.GRID, "data"),
    )
    clientside(
        ClientsideFunction("vas_clock", "start"),
        Input(ids.POLL_MS, "data"),
    )
    clientside(
        ClientsideFunction("vas_grid", "tooltip"),
        Input(ids.PEEK_TEXT, "data"),
        prevent_initial_call=True,
    )
    for name, store in (("changed", ids.DRAFT), ("kept", ids.KEPT), ("applied", ids.APPLIED)):
        clientside(ClientsideFunction("vas_drafts", name), Input(store, "data"))
    for name, store in (
        ("changed", ids.SELECTION),
        ("found", ids.FOUND_CELLS),
        ("acted", ids.ACTED),
    ):
        clientside(ClientsideFunction("vas_selection", name), Input(store, "data"))
    clientside(
        ClientsideFunction("vas_panel", "opened"),
        Input(ids.OPENED, "data"),
        prevent_initial_call=True,
    )
    clientside(
        ClientsideFunction("vas_panel", "result"),
        Input(ids.PANEL_RESULT, "data"),
        prevent_initial_call=True,
    )
    clientside(
        ClientsideFunction("vas_panel", "follow"),
        Output(ids.LIVE, "data"),
        Input(ids.STATUS, "children"),
        Input(ids.OPENED, "data"),
        Input(ids.RECENT, "data"),
        State(ids.PANEL, "hidden"),
        prevent_initial_call=True,
    )
    clientside(
        ClientsideFunction("vas_history", "ask"),
        Output(ids.HISTORY_ASK, "data"),
        Output(ids.RUNNING_ASK, "data"),
        Input(ids.URL, "pathname"),
        Input(ids.URL, "search"),
        Input(ids.HISTORY_TICK, "n_intervals"),
        Input(ids.HISTORY_DONE, "data"),
        State(ids.RUNNING, "data"),
    )
    clientside(
        ClientsideFunction("vas_history", "idle"),
        Output(ids.HISTORY_TICK, "disabled"),
        Input(ids.RUNNING, "data"),
        Input(ids.HISTORY_SHOWN, "data"),
        Input(ids.URL, "pathname"),
    )
