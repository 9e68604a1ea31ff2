"""The history of a cell, in the side panel."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from vas_dash.domain.text import sentence
from vas_dash.pages import ids
from vas_dash.pages.cell_history.model import CellHistory
from vas_dash.pages.history.view import history_link
from vas_dash.pages.parts import timed

__all__ = ["lines", "quiet", "section"]


def section() -> Component:
    """Its place; empty where a camera or a model is shown."""
    return html.Div(id=ids.PANEL_HISTORY, className="vd-panel-history")


def lines(history: CellHistory, prefix: str) -> Component:
    """What was done with the cell, newest first; folded, with its number on it."""
    above = []
    if history.elsewhere is not None:
        # What stands behind the time is what the cell holds: a time in that is somebody's.
        when, colon, held = sentence(history.elsewhere).partition(": ")
        above.append(html.P([*timed(when), colon + held], className="vd-note"))
    if not history.lines:
        return html.Section([html.H3("History"), *above, html.P("none yet", className="vd-hint")])
    entries = [
        html.Li(
            [
                f"{line.text}, ",
                *timed(line.at),
                *([f", {line.reason}"] if line.reason else []),
                ", ",
                history_link(prefix, line.number, f"change set {line.number}"),
                *([html.Div(timed(line.message), className="vd-hint")] if line.message else []),
            ]
        )
        for line in history.lines
    ]
    return html.Section([html.H3("History"), *above, html.Ul(entries, className="vd-cell-history")])


def quiet(reason: str) -> Component:
    """Why there is nothing."""
    return html.P(timed(f"History: {reason}."), className="vd-hint")
