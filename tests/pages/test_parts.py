"""Which times of a text are the page's own."""

from __future__ import annotations

import pytest
from dash import html
from dash.development.base_component import Component

from vas_dash.domain.text import UTC_TIME
from vas_dash.pages.cell_history import view as cell_history
from vas_dash.pages.cell_history.model import CellHistory, HistoryLine
from vas_dash.pages.history import view as history
from vas_dash.pages.history.model import ChangeSetHead
from vas_dash.pages.parts import said
from vas_dash.pages.presets import view as presets
from vas_dash.pages.presets.model import PresetHistory

TIME = "2026-01-01 00:00:00 UTC"


def times(parts: object) -> list[str]:
    """The titles of the elements that are times."""
    if isinstance(parts, list | tuple):
        return [title for part in parts for title in times(part)]
    if not isinstance(parts, Component):
        return []
    own = [str(getattr(parts, "title", None))] if isinstance(parts, html.Time) else []
    return own + times(getattr(parts, "children", None))


@pytest.mark.parametrize(
    "line",
    [
        f"since {TIME}",
        f"last seen {TIME}: assigned",
        f"last seen unassigned, {TIME}",
        f"unknown: the fleet was last read at {TIME}",
    ],
)
def test_the_time_that_is_said_of_a_cell_is_an_element(line: str) -> None:
    assert times(said(line)) == [TIME]
    assert UTC_TIME.search("".join(one for one in said(line) if isinstance(one, str))) is None


def test_a_time_in_parameters_is_text() -> None:
    line = f'parameters {{"from": "{TIME}"}}'
    assert said(line) == [line]


def test_a_time_in_somebodys_reason_is_text() -> None:
    facts = (("Who", TIME), ("When", TIME), ("Why", TIME), ("Source", TIME), ("Ended", TIME))
    assert times(history.head(ChangeSetHead("Change set 1", facts))) == [TIME, TIME]


def test_a_time_in_the_history_of_a_cell_is_text_where_somebody_wrote_it() -> None:
    line = HistoryLine(f"turned off by {TIME}", TIME, f'"{TIME}"', "", 1)
    since = f"changed elsewhere since, {TIME}: on, parameters {TIME}"
    assert times(cell_history.lines(CellHistory(since, (line,)), "/")) == [TIME, TIME]


def test_a_time_in_a_preset_is_text() -> None:
    assert times(presets.history(PresetHistory(((TIME, "kim", "ppe", TIME),), 0))) == [TIME]
