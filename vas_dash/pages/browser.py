"""Callbacks that the browser answers by itself."""

from __future__ import annotations

from typing import Any

from dash import ClientsideFunction, Dash
from dash.dependencies import DashDependency

__all__ = ["in_browser"]


def in_browser(
    app: Dash, function: str, *dependencies: DashDependency, at_start: bool = True
) -> None:
    """Have a function of `assets/` answer, as in `vas_review.drawn`; it says what it is for.

    `at_start`: called once when the page is there, too.
    """
    namespace, _, name = function.partition(".")
    register: Any = app.clientside_callback
    register(ClientsideFunction(namespace, name), *dependencies, prevent_initial_call=not at_start)
