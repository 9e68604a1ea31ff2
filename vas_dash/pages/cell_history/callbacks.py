"""The history of a cell in the side panel: read when it opens, and after a save."""

from __future__ import annotations

from typing import Any

from dash import Dash, Input, Output, State

from vas_dash.errors import JournalError
from vas_dash.pages import ids
from vas_dash.pages.arguments import OPENED, checked, checked_recent
from vas_dash.pages.cell_history import view
from vas_dash.pages.cell_history.model import ENTRIES, cell_history
from vas_dash.pages.context import Context


def register(app: Dash, context: Context) -> None:
    """Register the callback of the section."""

    @app.callback(
        Output(ids.PANEL_HISTORY, "children"),
        Input(ids.OPENED, "data"),
        Input(ids.PANEL_RESULT, "data"),
        State(ids.RECENT, "data"),
        prevent_initial_call=True,
    )
    def show(what: object, _result: object, recent: object) -> Any:
        """The newest entries. Without the journal the panel goes on, and says why."""
        if what is None:
            return []
        opened = checked(OPENED, what)
        if opened.kind != "cell":
            return []
        try:
            entries = context.operations.journal.cell_history(opened.key, ENTRIES)
        except JournalError as error:
            return view.quiet(error.reason)
        snapshot = context.grid(checked_recent(recent)).snapshot
        cell = snapshot.cell(*opened.key)
        history = cell_history(entries, cell, snapshot.taken_at)
        return view.lines(history, context.settings.prefix)
