"""What is drafted, before it is applied."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from vas_dash.views import ids


def page() -> Component:
    """The view, hidden until the address names it."""
    return html.Main([], id=ids.VIEW_REVIEW, className="vd-main", hidden=True)
