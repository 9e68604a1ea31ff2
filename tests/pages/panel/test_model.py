"""What the side panel says, and what the texts of its form want."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fleet.fleets import assigned, camera, snapshot
from vas_dash.domain.entities import AiModel, CellIntent, CellKey
from vas_dash.domain.fleet import CellState
from vas_dash.pages.grid.model import FleetGrid, change_token
from vas_dash.pages.panel.model import (
    CAMERAS_LISTED,
    IntentText,
    camera_card,
    cell_now,
    intent_text,
    model_card,
    read_intent,
)

PPE = AiModel("ppe", "Protective gear", "Helmets.", ("detection", "tracking"), {"type": "object"})
FIRE = AiModel("fire", "Fire", enabled=False)
DOCK = camera("Dock", "Yard", description="By the gate.")
ON = assigned("Dock", "ppe", desired_fps=5)
GRID = FleetGrid(snapshot([DOCK, camera("Gate")], [PPE, FIRE], [ON]))

WHOLE_FPS = "must be a whole number from 1 to 30, or blank"
WHOLE_PRIORITY = "must be a whole number from 0 to 100, or blank"


@pytest.mark.parametrize(
    ("fps", "wanted"),
    [
        *[("", None), ("   ", None), ("\t\n", None), ("1", 1), ("30", 30), (" 7 ", 7), ("007", 7)],
        *[("5.0", 5), ("+5", 5), ("1e1", 10)],
    ],
)
def test_fps_that_can_be_meant(fps: str, wanted: int | None) -> None:
    assert read_intent(IntentText("on", fps), None) == (CellIntent(True, wanted), {})


@pytest.mark.parametrize(
    ("fps", "message"),
    [
        ("0", WHOLE_FPS),
        ("31", WHOLE_FPS),
        ("-1", WHOLE_FPS),
        ("999999999", WHOLE_FPS),
        ("2.5", WHOLE_FPS),
        ("ten", WHOLE_FPS),
        ("--5", WHOLE_FPS),
        ("-", WHOLE_FPS),
        ("0x5", WHOLE_FPS),
        ("1_0", WHOLE_FPS),
        ("5 5", WHOLE_FPS),
        ("\u0665", WHOLE_FPS),
        ("\N{SUPERSCRIPT TWO}", WHOLE_FPS),
        ("9" * 5000, WHOLE_FPS),
    ],
)
def test_fps_that_cannot_be_meant_is_told_at_its_field(fps: str, message: str) -> None:
    _, errors = read_intent(IntentText("off", fps), None)
    assert errors == {"fps": message}


@pytest.mark.parametrize(
    ("priority", "errors"),
    [
        ("0", {}),
        ("100", {}),
        ("", {}),
        ("101", {"priority": WHOLE_PRIORITY}),
        ("-1", {"priority": WHOLE_PRIORITY}),
        ("high", {"priority": WHOLE_PRIORITY}),
    ],
)
def test_priority_likewise(priority: str, errors: dict[str, str]) -> None:
    desired, said = read_intent(IntentText("on", "", priority), None)
    assert said == errors
    if not errors:
        assert desired is not None
        assert desired.priority == (int(priority) if priority else None)


def test_every_field_has_its_own_message() -> None:
    _, errors = read_intent(IntentText("maybe", "x", "y"), None)
    assert errors == {"intent": "choose one", "fps": WHOLE_FPS, "priority": WHOLE_PRIORITY}


def test_unassigned_wants_nothing_more() -> None:
    assert read_intent(IntentText("unassigned", "x", "y"), {"a": 1}) == (None, {})


def test_parameters_go_through_as_they_are() -> None:
    parameters = {"a": 2**80, "b": 1.0}
    desired, _ = read_intent(IntentText("on"), parameters)
    assert desired is not None
    assert desired.parameters is parameters


@given(
    st.booleans(), st.none() | st.integers(1, 30), st.none() | st.integers(0, 100), st.booleans()
)
def test_an_intent_is_read_back_from_its_own_texts(
    enabled: bool, fps: int | None, priority: int | None, parameters: bool
) -> None:
    assignment = assigned(
        "Dock",
        "ppe",
        enabled,
        desired_fps=fps,
        priority=priority,
        parameters={} if parameters else None,
    )
    assert read_intent(intent_text(assignment), assignment.parameters) == (assignment.intent, {})


def test_an_unassigned_cell_has_blank_texts() -> None:
    assert intent_text(None) == IntentText("unassigned", "", "")


# A cell.


def test_a_cell_that_is_as_it_was_opened_is_not_called_changed() -> None:
    now = cell_now(GRID, DOCK.id, "ppe", change_token(ON))
    assert (now.state, now.changed) == (CellState.ON, False)
    assert now.lines[0] == "assigned: on, 5 fps, default priority"
    assert cell_now(GRID, DOCK.id, "fire", "").lines == ("unassigned",)


@pytest.mark.parametrize(
    ("model_id", "token"),
    [("ppe", ""), ("ppe", change_token(replace(ON, priority=1))), ("fire", "x")],
)
def test_a_cell_that_moved_is_called_changed(model_id: str, token: str) -> None:
    assert cell_now(GRID, DOCK.id, model_id, token).changed


def test_an_unknown_cell_says_why_and_is_not_called_changed() -> None:
    doubted = FleetGrid(GRID.snapshot.with_unknown({CellKey(DOCK.id, "ppe"): "not confirmed"}))
    now = cell_now(doubted, DOCK.id, "ppe", "")
    assert not now.changed
    assert now.lines[0] == "unknown: not confirmed"
    assert now.lines[1].startswith("last seen ")


# A camera.


def test_a_cameras_card_holds_its_facts_and_all_its_models() -> None:
    card = camera_card(GRID, DOCK)
    assert dict(card.facts) == {
        "Location": "Yard",
        "Description": "By the gate.",
        "Id": "id-Dock",
    }
    assert card.summary == "1 on"
    assert [(entry.title, entry.text) for entry in card.entries] == [
        ("Fire", "\N{EN DASH} unassigned"),
        ("Protective gear", "\N{BLACK CIRCLE} on 5 fps"),
    ]


def test_a_camera_without_location_says_so() -> None:
    card = camera_card(GRID, camera("Gate"))
    assert card.facts[0] == ("Location", "not given")
    assert card.summary == "nothing assigned"


@pytest.mark.parametrize("models", [[], [PPE]])
def test_a_cameras_card_says_unknown_when_it_is(models: list[AiModel]) -> None:
    card = camera_card(FleetGrid(snapshot([DOCK], models, "it hangs")), DOCK)
    assert "unknown" in card.summary
    assert "assigned" not in card.summary


# A model.


def test_a_models_card_holds_its_facts_schema_and_cameras() -> None:
    card = model_card(GRID, PPE)
    assert dict(card.facts) == {
        "Id": "ppe",
        "Description": "Helmets.",
        "Tasks": "detection, tracking",
    }
    assert card.schema == '{\n  "type": "object"\n}'
    assert {(part.state.value, part.count) for part in card.lists} == {
        ("on", 1),
        ("off", 0),
        ("unassigned", 1),
        ("unknown", 0),
    }
    (on,) = (part for part in card.lists if part.state is CellState.ON)
    assert [entry.title for entry in on.entries] == ["Dock"]


def test_a_models_card_says_what_is_special() -> None:
    assert ("Note", "not for new assignments") in model_card(GRID, FIRE).facts
    assert model_card(GRID, FIRE).schema is None
    stranger = AiModel("ghost", None, registered=False)
    assert ("Note", "not in the registry") in model_card(GRID, stranger).facts
    away = FleetGrid(snapshot([DOCK], "away", [ON]))
    (model,) = away.models
    assert ("Note", "name unknown") in model_card(away, model).facts


def test_a_models_card_lists_the_first_cameras_and_counts_all() -> None:
    cameras = [camera(f"C{number}") for number in range(CAMERAS_LISTED + 20)]
    grid = FleetGrid(snapshot(cameras, [PPE], "it hangs"))
    (unknown,) = (part for part in model_card(grid, PPE).lists if part.count)
    assert unknown.state is CellState.UNKNOWN
    assert unknown.count == CAMERAS_LISTED + 20
    assert len(unknown.entries) == CAMERAS_LISTED


def test_a_cell_beyond_the_limits_can_be_turned_off() -> None:
    held = assigned("Dock", "ppe", desired_fps=99, priority=300)
    text = replace(intent_text(held), intent="off")
    intent, errors = read_intent(text, None, held)
    assert errors == {}
    assert intent == CellIntent(False, 99, 300, None)
    _, errors = read_intent(replace(text, fps="98"), None, held)
    assert errors == {"fps": "must be a whole number from 1 to 30, or blank"}
