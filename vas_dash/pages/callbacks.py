"""Every callback of the page, registered."""

from __future__ import annotations

from dash import Dash, Input, Output, State

from vas_dash.pages import ids
from vas_dash.pages.browser import in_browser
from vas_dash.pages.cell_history import callbacks as cell_history
from vas_dash.pages.context import Context
from vas_dash.pages.draft import callbacks as draft
from vas_dash.pages.files import callbacks as files
from vas_dash.pages.grid import callbacks as grid
from vas_dash.pages.history import callbacks as history
from vas_dash.pages.overview import callbacks as overview
from vas_dash.pages.panel import callbacks as panel
from vas_dash.pages.presets import callbacks as presets
from vas_dash.pages.review import callbacks as review
from vas_dash.pages.selection import callbacks as selection


def register(app: Dash, context: Context) -> None:
    """Register every callback on this app, never on Dash's global list."""
    features = (grid, overview, panel, presets, draft, selection, review, history)
    for feature in (*features, cell_history, files):
        feature.register(app, context)
    in_browser(
        app,
        "vas_views.show",
        Output(ids.VIEW_REVIEW, "children"),
        Output(ids.VIEW_HISTORY, "children"),
        Output(ids.VIEW_FILES, "children"),
        Output(ids.OVERVIEW_FRAME, "children"),
        Output(ids.VIEW, "data"),
        Input(ids.URL, "pathname"),
        State(ids.VIEW_PARTS, "data"),
    )
    in_browser(app, "vas_clock.start", Input(ids.POLL_MS, "data"))
