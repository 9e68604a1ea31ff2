from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from vas_dash.domain.changes import Create, Delete, Update, command, same_intent, same_json
from vas_dash.domain.entities import Assignment, CellIntent, CellKey

KEY = CellKey("camera-1", "ppe")
CURRENT = Assignment(
    "a-1",
    "camera-1",
    "ppe",
    True,
    5,
    10,
    {"threshold": 0.5},
    datetime(2026, 11, 22, tzinfo=UTC),
    None,
)


def test_nothing_is_sent_for_a_cell_that_is_as_wished() -> None:
    assert command(KEY, CURRENT, CURRENT.intent) is None
    assert command(KEY, None, None) is None


def test_an_unassigned_cell_is_created() -> None:
    desired = CellIntent(True, 5)
    assert command(KEY, None, desired) == Create(KEY, desired)


def test_an_assigned_cell_is_deleted() -> None:
    assert command(KEY, CURRENT, None) == Delete(KEY, "a-1")


@pytest.mark.parametrize(
    ("name", "value"),
    [("enabled", False), ("desired_fps", 6), ("priority", 0), ("parameters", {"threshold": 0.6})],
)
def test_only_what_differs_is_changed(name: str, value: Any) -> None:
    desired = replace(CURRENT.intent, **{name: value})
    assert command(KEY, CURRENT, desired) == Update(KEY, "a-1", {name: value})


@pytest.mark.parametrize("name", ["desired_fps", "priority", "parameters"])
def test_none_clears(name: str) -> None:
    cleared: dict[str, Any] = {name: None}
    desired = replace(CURRENT.intent, **cleared)
    assert command(KEY, CURRENT, desired) == Update(KEY, "a-1", {name: None})


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ({"x": 1, "y": 2}, {"y": 2, "x": 1}),
        ({"x": 1}, {"x": 1.0}),
        ([1, [True, None]], (1, [True, None])),
        (float("nan"), float("nan")),
        (10**40, 10**40),
    ],
)
def test_json_values_are_equal_as_json(a: Any, b: Any) -> None:
    assert same_json(a, b)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (True, 1),
        (0, False),
        ({"x": True}, {"x": 1}),
        ([1, 2], [2, 1]),
        ({}, None),
        ({"x": None}, {}),
        ("1", 1),
        ([1], [1, 1]),
    ],
)
def test_json_values_differ_as_json(a: Any, b: Any) -> None:
    assert not same_json(a, b)


def test_no_parameters_are_not_empty_parameters() -> None:
    assert not same_intent(CellIntent(True), CellIntent(True, parameters={}))


def test_unassigned_is_only_the_same_as_unassigned() -> None:
    assert same_intent(None, None)
    assert not same_intent(None, CellIntent(False))


def test_a_number_can_be_written_otherwise() -> None:
    held = replace(CURRENT, parameters={"even": 4.0, "deep": [{"x": 1}]})
    desired = replace(held.intent, parameters={"even": 4, "deep": [{"x": 1}]})
    assert command(KEY, held, desired) == Update(KEY, "a-1", {"parameters": desired.parameters})
    # The VAS may keep it as it likes: it is the same number.
    assert same_intent(held.intent, desired)
    assert command(KEY, held, held.intent) is None
