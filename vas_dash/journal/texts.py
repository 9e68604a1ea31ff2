"""Assignments, intents and moments, as the journal keeps them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from vas_dash.domain.entities import Assignment, CellIntent, CellKey
from vas_dash.domain.presets import PresetValues

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def intent_text(intent: CellIntent | None) -> str | None:
    """JSON with the names of the domain."""
    return None if intent is None else _text(_intent(intent))


def assignment_text(assignment: Assignment | None) -> str | None:
    """The same with the id and the times of the assignment."""
    if assignment is None:
        return None
    updated = assignment.updated_at
    return _text(
        {
            **_intent(assignment.intent),
            "id": assignment.id,
            "created_at": assignment.created_at.isoformat(),
            "updated_at": None if updated is None else updated.isoformat(),
        }
    )


def read_intent(text: str | None) -> CellIntent | None:
    """What `intent_text` wrote."""
    if text is None:
        return None
    row = json.loads(text)
    return CellIntent(row["enabled"], row["desired_fps"], row["priority"], row["parameters"])


def read_assignment(text: str | None, key: CellKey) -> Assignment | None:
    """What `assignment_text` wrote, of the cell `key`."""
    if text is None:
        return None
    row = json.loads(text)
    updated = row["updated_at"]
    return Assignment(
        row["id"],
        key.camera_id,
        key.model_id,
        row["enabled"],
        row["desired_fps"],
        row["priority"],
        row["parameters"],
        datetime.fromisoformat(row["created_at"]),
        None if updated is None else datetime.fromisoformat(updated),
    )


def preset_text(values: PresetValues) -> str:
    """JSON with the names of the domain."""
    return _text(_values(values))


def read_preset(text: str) -> PresetValues:
    """What `preset_text` wrote."""
    return PresetValues(**json.loads(text))


def microseconds(when: datetime) -> int:
    """Since 1970-01-01 UTC."""
    return (when - _EPOCH) // _MICROSECOND


def moment(count: int | None) -> datetime | None:
    """The moment that `microseconds` counted."""
    return None if count is None else _EPOCH + count * _MICROSECOND


def _intent(intent: CellIntent) -> dict[str, Any]:
    return {"enabled": intent.enabled, **_values(intent)}


def _values(of: CellIntent | PresetValues) -> dict[str, Any]:
    return {
        "desired_fps": of.desired_fps,
        "priority": of.priority,
        "parameters": of.parameters,
    }


def _text(value: Mapping[str, Any]) -> str:
    return json.dumps(value, separators=(",", ":"), default=dict)
