"""The overview as a part of the page's main view."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from vas_dash.pages import ids
from vas_dash.pages.grid import view as grid
from vas_dash.pages.parts import stores

__all__ = ["part"]


def part() -> Component:
    """The table of locations; `overview.js` draws its bars and answers its keys."""
    return html.Div(
        [
            *stores(ids.OVERVIEW_ASK, ids.OVERVIEW_SHOWN),
            html.Div(grid.table(ids.OVERVIEW), id="overview-frame", className="vd-grid"),
        ],
        className="vd-overview",
    )
