"""The fleet that the browser tests look at: 60 cameras, three models, some assignments."""

from __future__ import annotations

from typing import Any

from tests.fakes.faulty_vas import FaultyVas, Row, assignment, camera, model

CAMERAS = 60
PAGE_SIZE = 25

PPE_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "threshold": {
            "type": "number",
            "title": "Threshold",
            "description": "Findings below it are dropped.",
            "minimum": 0,
            "maximum": 1,
            "default": 0.5,
        },
        "people": {"type": "integer", "title": "People", "minimum": 1, "maximum": 100},
        "mode": {"type": "string", "title": "Mode", "enum": ["fast", "exact"]},
        "audible": {"type": "boolean", "title": "Audible"},
        "classes": {
            "type": "array",
            "title": "Classes",
            "items": {"type": "string", "enum": ["helmet", "vest", "gloves"]},
        },
        "zone": {
            "type": "object",
            "title": "Zone",
            "properties": {
                "name": {"type": "string", "title": "Zone name"},
                "width": {"type": "number", "title": "Zone width", "minimum": 1},
            },
        },
    },
}


def camera_id(number: int) -> str:
    """The id of "Gate <number>"; without digits, so that a search for a number does not find it."""
    return "gate-" + str(number).translate(str.maketrans("0123456789", "abcdefghij"))


def make_vas() -> FaultyVas:
    """PPE: on for gates 1 to 20, off for 21 to 30. Counting: on for gate 1. Legacy: gates 1, 2."""
    rows = [
        camera(number, id=camera_id(number), name=f"Gate {number}", location=f"Hall {number % 11}")
        # Not in order, as a VAS gives them.
        for number in sorted(range(1, CAMERAS + 1), key=lambda number: number * 37 % 61)
    ]
    models = [
        model("ppe", name="PPE", description="Protective equipment", config_schema=PPE_SCHEMA),
        model("counting", name="Counting"),
        model("legacy", name="Legacy", enabled=False),
    ]
    assignments: list[Row] = [
        assignment(camera_id(number), "ppe", enabled=number <= 20, desired_fps=number)
        for number in range(2, 31)
    ]
    assignments += [
        assignment(
            camera_id(1),
            "ppe",
            desired_fps=5,
            priority=10,
            parameters={"threshold": 0.6, "vendor": {"keep": [1, 2]}},
        ),
        assignment(camera_id(1), "counting", parameters={"line": 3}),
        assignment(camera_id(1), "legacy"),
        assignment(camera_id(2), "legacy", enabled=False),
    ]
    return FaultyVas(rows, models, assignments)
