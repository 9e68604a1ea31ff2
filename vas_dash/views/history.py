"""Change sets: the list of them, and one with its cells."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from vas_dash.views import ids


def page() -> Component:
    """The view, hidden until the address names it."""
    return html.Main([], id=ids.VIEW_HISTORY, className="vd-main", hidden=True)
