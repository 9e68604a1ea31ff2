"""The keys of the grid, as a list that `?` opens."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from vas_dash.pages import ids
from vas_dash.pages.parts import aria, button

__all__ = ["dialog"]

_KEYS = (
    ("Arrows, Home, End", "move by cells; with Ctrl to the first or last"),
    ("Page up, Page down", "move by a screen, then to the page before or after"),
    ("Enter", "open a cell, a camera or a model; on another heading: sort"),
    ("Space", "draft the cell on or off"),
    ("Delete", "take back what is drafted of the cell"),
    ("x, Ctrl+click", "select a cell, a row or a column"),
    ("Shift+arrows, Shift+click", "extend the selection"),
    ("Ctrl+A", "select all that the filter finds"),
    ("Ctrl+Enter", "review the draft; in a form: save"),
    ("Escape", "close the panel, or leave the grid"),
    ("?", "this list"),
)


def dialog() -> Component:
    """Closed at first; `keys.js` opens it."""
    rows = [html.Tr([html.Th(html.Kbd(key), scope="row"), html.Td(does)]) for key, does in _KEYS]
    return html.Dialog(
        [
            html.H2("Keys", id=ids.KEYS_TITLE),
            html.Table(html.Tbody(rows)),
            button("Close", id="keys-close"),
        ],
        id=ids.KEYS,
        className="vd-keys",
        **aria(labelledby=ids.KEYS_TITLE),
    )
