"""Presets in the side panel: what follows the fleet, and what is done with them."""

from __future__ import annotations

from typing import Any

from dash import ALL, Dash, Input, Output, State
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from vas_dash.errors import JournalError, NotAllowedError
from vas_dash.pages import ids
from vas_dash.pages.arguments import OPENED, Opened, checked, checked_recent, typed_in
from vas_dash.pages.browser import in_browser
from vas_dash.pages.context import Context
from vas_dash.pages.digest import digest
from vas_dash.pages.grid.model import FleetGrid
from vas_dash.pages.parts import message
from vas_dash.pages.presets import model as presets
from vas_dash.pages.presets import view
from vas_dash.pages.presets.actions import Acting, Answer
from vas_dash.pages.presets.arguments import PRESET_ACT

__all__ = ["register"]


def register(app: Dash, context: Context) -> None:
    """Register the callbacks of presets."""
    inputs = (Input(ids.OPENED, "data"), Input(ids.PRESETS_DONE, "data"))
    in_browser(app, "vas_presets.changed", *inputs, at_start=False)
    _register_show(app, context)
    _register_act(app, context)


def _register_show(app: Dash, context: Context) -> None:
    @app.callback(
        Output(ids.PRESETS_LIVE, "children"),
        Output(ids.PRESETS_DIGEST, "data"),
        Input(ids.LIVE, "data"),
        Input(ids.PRESETS_DONE, "data"),
        State(ids.RECENT, "data"),
        State(ids.PRESETS_DIGEST, "data"),
        prevent_initial_call=True,
    )
    def show(what: object, _done: object, recent: object, shown: object) -> tuple[Any, str]:
        """The part that follows the fleet; what is typed stands elsewhere."""
        opened = checked(OPENED, what)
        grid = context.grid(checked_recent(recent))
        parts, now = _shown(context, grid, opened)
        if now == shown:
            raise PreventUpdate
        return parts, now


def _register_act(app: Dash, context: Context) -> None:
    @app.callback(
        Output(ids.PRESETS_FORM, "children"),
        Output(ids.PRESETS_MESSAGE, "children"),
        Output(ids.PRESETS_DONE, "data"),
        Output(ids.DRAFT, "data", allow_duplicate=True),
        Output(ids.PANEL_FORM, "children", allow_duplicate=True),
        Output(ids.PANEL_MESSAGE, "children", allow_duplicate=True),
        Output(ids.OPENED, "data", allow_duplicate=True),
        Input(ids.PRESETS_DO, "data"),
        State(ids.OPENED, "data"),
        State(ids.RECENT, "data"),
        State({"type": ids.PANEL_FIELD, "name": ALL}, "value"),
        State({"type": ids.PANEL_FIELD, "name": ALL}, "id"),
        prevent_initial_call=True,
    )
    def act(
        what: object,
        opened_data: object,
        recent: object,
        values: object,
        names: object,
    ) -> tuple[Any, ...]:
        """Do one thing with presets of the model that the panel is about."""
        asked = checked(PRESET_ACT, what)
        opened = checked(OPENED, opened_data)
        grid = context.grid(checked_recent(recent))
        model = grid.model(opened.model)
        if model is None:
            return Answer([], []).outputs(asked)
        typed = typed_in(values, names)
        acting = Acting(context, grid, opened, model, asked, typed)
        try:
            return acting.answer().outputs(asked)
        except (JournalError, NotAllowedError) as error:
            text = f"Nothing was done: {error.reason}."
            quiet = asked.do in ("open", "close")
            return Answer(message=[] if quiet else [message(text, error=True)]).outputs(asked)


def _shown(context: Context, grid: FleetGrid, opened: Opened) -> tuple[list[Component], str]:
    """What is said of the presets of what is open, and a digest of that."""
    if opened.kind == "camera" or grid.model(opened.model) is None:
        return [], digest("")
    try:
        versions = context.presets.versions()
    except JournalError as error:
        return view.quiet(error.reason), digest(error.reason)
    if opened.kind == "cell":
        text = presets.cell_line(versions, grid, opened.key)
        return view.line(text), digest((opened.key, text))
    rows = presets.rows(versions, grid, opened.model)
    return view.table(rows), digest((opened.model, rows))
