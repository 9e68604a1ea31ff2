"""What cells, tooltips and the quiet lines say."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from tests.fleet.fleets import LATER, NOON, assigned, camera, snapshot
from vas_dash.domain.entities import AiModel
from vas_dash.domain.fleet import Cell, CellState, FleetSnapshot, Part
from vas_dash.domain.text import UTC_TIME, cut, moment
from vas_dash.fleet.query import parse_query
from vas_dash.pages import labels
from vas_dash.pages.grid import status
from vas_dash.pages.grid.model import FleetGrid

DOCK, PPE = camera("Dock"), AiModel("ppe", "Protective gear")
NOON_TEXT = f"{NOON:%Y-%m-%d %H:%M:%S} UTC"
LATER_TEXT = f"{LATER:%Y-%m-%d %H:%M:%S} UTC"


def cell(enabled: bool = True, **fields: Any) -> Cell:
    return Cell.of(assigned("Dock", "ppe", enabled, **fields))


@pytest.mark.parametrize(
    ("shown", "text"),
    [
        (cell(), "\N{BLACK CIRCLE} on"),
        (cell(desired_fps=5), "\N{BLACK CIRCLE} on 5 fps"),
        (cell(priority=0), "\N{BLACK CIRCLE} on priority 0"),
        (cell(desired_fps=30, priority=100), "\N{BLACK CIRCLE} on 30 fps priority 100"),
        (cell(False), "\N{WHITE CIRCLE} off"),
        (cell(False, desired_fps=5, priority=1), "\N{WHITE CIRCLE} off"),
        (Cell.of(None), "\N{EN DASH} unassigned"),
        (Cell(CellState.UNKNOWN, reason="it hangs"), "? unknown"),
        (
            Cell(CellState.UNKNOWN, assigned("Dock", "ppe", desired_fps=5), "it hangs", NOON),
            "? unknown",
        ),
    ],
)
def test_a_cell_says_its_state_by_word_and_by_shape(shown: Cell, text: str) -> None:
    assert labels.cell_text(shown) == text


def test_the_shapes_are_those_that_the_browser_reads_the_state_from() -> None:
    assert set(labels.SHAPES) == set(CellState)
    assert len(set(labels.SHAPES.values())) == len(CellState)
    assert {len(shape) for shape in labels.SHAPES.values()} == {1}


@pytest.mark.parametrize(
    ("shown", "lines"),
    [
        (
            cell(desired_fps=5, priority=7, parameters={"b": 1.0, "a": ["x"]}, updated_at=LATER),
            [
                "assigned: on, 5 fps, priority 7",
                'parameters {"a": ["x"], "b": 1.0}',
                f"since {LATER_TEXT}",
            ],
        ),
        (
            cell(False),
            ["assigned: off, default fps, default priority", "no parameters", f"since {NOON_TEXT}"],
        ),
        (Cell.of(None), ["unassigned"]),
        (Cell(CellState.UNKNOWN, None, "it hangs"), ["unknown: it hangs", "not seen before"]),
        (
            Cell(CellState.UNKNOWN, None, "it hangs", LATER),
            ["unknown: it hangs", f"last seen unassigned, {LATER_TEXT}"],
        ),
        (
            Cell(CellState.UNKNOWN, assigned("Dock", "ppe", priority=3), "it hangs", LATER),
            [
                "unknown: it hangs",
                f"last seen {LATER_TEXT}: on, default fps, priority 3",
                "no parameters",
                f"since {NOON_TEXT}",
            ],
        ),
        (
            Cell(CellState.UNKNOWN, assigned("Dock", "ppe"), "not confirmed"),
            [
                "unknown: not confirmed",
                "last seen: on, default fps, default priority",
                "no parameters",
                f"since {NOON_TEXT}",
            ],
        ),
    ],
)
def test_a_tooltip_says_everything_that_is_known(shown: Cell, lines: list[str]) -> None:
    assert labels.cell_tooltip(DOCK, PPE, shown).split("\n") == ["Protective gear on Dock", *lines]


def test_a_tooltip_is_cut_and_says_so() -> None:
    text = labels.cell_tooltip(DOCK, PPE, cell(parameters={"classes": ["x" * 900]}))
    assert "... (cut, " in text
    assert len(text) < 700


def test_no_word_says_that_a_model_runs() -> None:
    said = " ".join(
        [
            labels.cell_tooltip(DOCK, PPE, one)
            for one in (
                cell(desired_fps=1),
                cell(False),
                Cell.of(None),
                Cell(CellState.UNKNOWN, None, "", NOON),
            )
        ]
    )
    assert not re.search(
        r"\b(run|runs|running|active|started|stopped|detect\w*|live)\b", said, re.I
    )


@pytest.mark.parametrize(
    "when",
    [
        datetime.min.replace(tzinfo=timezone(timedelta(hours=14))),
        datetime.max.replace(tzinfo=timezone(timedelta(hours=-14))),
        datetime.min.replace(tzinfo=UTC),
        datetime.max.replace(tzinfo=UTC),
    ],
)
def test_the_ends_of_the_calendar_can_be_said_too(when: datetime) -> None:
    assert UTC_TIME.fullmatch(moment(when))


# The quiet lines.


def test_the_status_says_when_the_fleet_was_read() -> None:
    assert status.status_line(snapshot([], [], [])) == f"as of {NOON_TEXT}"


def test_all_is_known_and_nothing_is_said() -> None:
    assert status.error_lines(snapshot([], [], [])) == ()


def test_one_error_for_everything_is_one_line() -> None:
    nothing = FleetSnapshot.nothing_read("the VAS refused the connection", NOON)
    assert status.error_lines(nothing) == (
        "Cameras, models and assignments are unknown: the VAS refused the connection.",
    )
    stale = nothing.remembering(snapshot([DOCK], [PPE], []))
    assert status.error_lines(stale) == (
        "Cameras, models and assignments are unknown: the VAS refused the connection. "
        f"Last seen {NOON_TEXT}.",
    )


def test_each_error_has_its_line_and_its_reason() -> None:
    fleet = FleetSnapshot(
        Part.incomplete((DOCK,), "the VAS fails on 1 camera"),
        Part.unavailable("the VAS has no registry of models"),
        Part.incomplete((), "3 of 4 assignments could be read"),
        NOON,
    )
    assert status.error_lines(fleet) == (
        "Some cameras are unknown: the VAS fails on 1 camera.",
        "Names of models are unknown: the VAS has no registry of models.",
        "Some assignments are unknown: 3 of 4 assignments could be read.",
    )


def test_three_reasons_are_three_lines() -> None:
    fleet = snapshot("one", "two", "three")
    assert [line.rsplit(": ", 1)[1] for line in status.error_lines(fleet)] == [
        "one.",
        "two.",
        "three.",
    ]


@pytest.mark.parametrize(
    ("fleet", "line"),
    [
        (snapshot([DOCK], [PPE], []), "1 of 1 camera: 0 on, 0 off, 1 unassigned, 0 unknown"),
        (snapshot([], [PPE], []), "0 of 0 cameras: 0 on, 0 off, 0 unassigned, 0 unknown"),
        (snapshot([DOCK], [PPE], "?"), "1 of 1 camera: 0 on, 0 off, 0 unassigned, 1 unknown"),
        (snapshot([DOCK], [], "?"), "1 of 1 camera: assignments unknown"),
        (snapshot("?", [PPE], []), "cameras unknown"),
        (
            snapshot([camera(str(n)) for n in range(1200)], [PPE], []),
            "1,200 of 1,200 cameras: 0 on, 0 off, 1,200 unassigned, 0 unknown",
        ),
    ],
)
def test_the_counts_are_one_line(fleet: FleetSnapshot, line: str) -> None:
    page = FleetGrid(fleet).page(parse_query(""))
    assert status.counts_line(page, fleet) == line


def test_a_long_reason_is_cut() -> None:
    (line,) = status.error_lines(replace(snapshot([], [], []), models=Part.unavailable("x" * 999)))
    assert len(line) < 400


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Gate 1", "Gate 1"),
        ("Gate \u202eterces", "Gate [U+202E]terces"),
        ("\u2066a\u2069\u200f\u061c", "[U+2066]a[U+2069][U+200F][U+061C]"),
        ("a\0b\x1b[31m\r\x9b", "a[U+0000]b[U+001B][31m[U+000D][U+009B]"),
        ("half \ud800", "half [U+D800]"),
        ("two\nlines\tand a tab", "two\nlines\tand a tab"),
        ("Stra\u00dfe \u2603 \u200d", "Stra\u00dfe \u2603 \u200d"),
        ("\u05e9\u05e2\u05e8 5", "\u2068\u05e9\u05e2\u05e8 5\u2069"),
        ("\u0628\u0627\u0628", "\u2068\u0628\u0627\u0628\u2069"),
    ],
)
def test_a_text_of_the_backend_has_no_power_over_what_stands_around_it(
    text: str, shown: str
) -> None:
    assert cut(text) == shown
    assert cut(text + "x" * 1000, len(text)) == f"{shown}... (cut, {len(text) + 1000} characters)"


def test_a_title_of_two_directions_keeps_its_order() -> None:
    turned = labels.cell_title(camera("\u05e9\u05e2\u05e8"), AiModel("m", "PPE \u202e"))
    assert turned == "PPE [U+202E] on \u2068\u05e9\u05e2\u05e8\u2069"
