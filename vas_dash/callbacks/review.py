"""What is drafted, before it is applied."""

from __future__ import annotations

from dash import Dash

from vas_dash.callbacks.context import Context


def register(app: Dash, context: Context) -> None:
    """Register the callbacks of the view."""
