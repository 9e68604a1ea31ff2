from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.changes.support import assigned, snapshot
from vas_dash.changes.checks import check, checked
from vas_dash.domain.changes import Blocked, CellChange, ChangeSet, DesiredChange, Problem, plan
from vas_dash.domain.entities import AiModel, CellIntent, CellKey
from vas_dash.domain.fleet import FleetSnapshot, Part

KEY = CellKey("c1", "ppe")
SCHEMA = {
    "type": "object",
    "properties": {"threshold": {"type": "number", "maximum": 1}, "zones": {"type": "array"}},
    "required": ["threshold"],
    "additionalProperties": False,
}
PPE = AiModel("ppe", "PPE", config_schema=SCHEMA)
CLOSED = replace(PPE, enabled=False)
BROKEN = replace(PPE, config_schema={"type": "nonsense"})
GOOD = {"threshold": 0.5}
ODD = {"threshold": 9}


def creates(intent: CellIntent) -> CellChange:
    return CellChange(KEY, None, intent)


def updates(before: CellIntent, desired: CellIntent | None) -> CellChange:
    return CellChange(KEY, assigned(KEY, before), desired)


@pytest.mark.parametrize(
    ("change", "model"),
    [
        (creates(CellIntent(True, 1, 0, GOOD)), PPE),
        (creates(CellIntent(True, 30, 100)), PPE),
        (creates(CellIntent(True, parameters=ODD)), BROKEN),
        (updates(CellIntent(True), None), None),
        (updates(CellIntent(True), CellIntent(False)), None),
        (updates(CellIntent(True), CellIntent(True, 5)), CLOSED),
        (updates(CellIntent(True, 99, parameters=ODD), CellIntent(False, 99, parameters=ODD)), PPE),
    ],
)
def test_what_can_be_sent_has_no_problem(change: CellChange, model: AiModel | None) -> None:
    assert check(change, model) == ()


@pytest.mark.parametrize(
    ("change", "model", "field", "words"),
    [
        (creates(CellIntent(True)), None, "model", "the VAS has no such model"),
        (creates(CellIntent(True)), CLOSED, "model", "not open to new assignments"),
        (creates(CellIntent(True, 31)), PPE, "desired_fps", "from 1 to 30"),
        (updates(CellIntent(True), CellIntent(True, 0)), PPE, "desired_fps", "from 1 to 30"),
        (updates(CellIntent(True), CellIntent(True, None, 101)), PPE, "priority", "from 0 to 100"),
        (creates(CellIntent(True, parameters=ODD)), PPE, "parameters.threshold", "at most 1"),
        (creates(CellIntent(True, parameters={})), PPE, "parameters.threshold", "needs a value"),
        (
            updates(
                CellIntent(True, parameters=GOOD), CellIntent(True, parameters={**GOOD, "x": 1})
            ),
            *(PPE, "parameters", "not known to this model: x"),
        ),
    ],
)
def test_what_cannot_be_sent_says_which_property_and_why(
    change: CellChange, model: AiModel | None, field: str, words: str
) -> None:
    (problem,) = check(change, model)
    assert problem.field == field
    assert words in problem.message


@pytest.mark.parametrize("value", [True, 2.5, "5"])
def test_a_number_of_another_type_is_a_problem(value: Any) -> None:
    assert [p.field for p in check(creates(CellIntent(True, value)), PPE)] == ["desired_fps"]
    wrong = CellIntent(True, parameters=[value])  # type: ignore[arg-type]
    assert [p.field for p in check(creates(wrong), PPE)] == ["parameters"]


def test_all_problems_of_a_cell_are_named() -> None:
    problems = check(creates(CellIntent(True, 0, 101, ODD)), CLOSED)
    assert [problem.field for problem in problems] == [
        *("model", "desired_fps", "priority", "parameters.threshold"),
    ]


def test_what_fails_blocks_only_itself() -> None:
    desired_changes = {
        CellKey("c1", "ppe"): DesiredChange(enabled=True, set_parameters=GOOD),
        CellKey("c2", "ppe"): DesiredChange(enabled=True, desired_fps=31),
        CellKey("c2", "other"): DesiredChange(enabled=True),
        CellKey("gone", "ppe"): DesiredChange(enabled=True),
    }
    fleet = snapshot(["c1", "c2"], [PPE])
    result = checked(plan(fleet, desired_changes), fleet)
    assert [change.key for change in result.changes] == [CellKey("c1", "ppe")]
    assert [(one.key, one.problems[0].field) for one in result.blocked] == [
        (CellKey("c2", "other"), "model"),
        (CellKey("c2", "ppe"), "desired_fps"),
        (CellKey("gone", "ppe"), "camera"),
    ]


def test_no_model_is_called_unknown_while_the_registry_cannot_be_read() -> None:
    whole = snapshot(["c1"], [])
    fleet = FleetSnapshot(
        whole.cameras, Part.unavailable("the VAS failed (500)"), whole.assignments, whole.taken_at
    )
    changes = ChangeSet((creates(CellIntent(True)),))
    assert checked(changes, fleet) == changes
    blocked = (Blocked(KEY, (Problem("model", "the VAS has no such model"),)),)
    assert checked(changes, whole) == ChangeSet((), blocked)
