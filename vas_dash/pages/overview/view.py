"""The overview as a part of the page's main view."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from vas_dash.pages import ids
from vas_dash.pages.grid import view as grid
from vas_dash.pages.parts import stores

__all__ = ["frame", "part"]


def frame() -> Component:
    """The table of locations; `overview.js` draws its bars and answers its keys."""
    return html.Div(grid.table(ids.OVERVIEW), id=ids.OVERVIEW_FRAME, className="vd-grid")


def part(table: Component) -> Component:
    """The overview, with its `frame`."""
    stored = stores(ids.OVERVIEW_ASK, ids.OVERVIEW_SHOWN, ids.OVERVIEW_COUNT, ids.OVERVIEW_SELECTED)
    return html.Div([*stored, table], className="vd-overview")
