"""Small fleets as snapshots, without a VAS."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from vas_dash.domain.entities import AiModel, Assignment, Camera, CellIntent, CellKey
from vas_dash.domain.fleet import FleetSnapshot, Part

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def fleet(
    cameras: Iterable[Camera],
    models: Iterable[AiModel],
    intents: Mapping[CellKey, CellIntent],
) -> FleetSnapshot:
    """A complete read of these."""
    rows = [
        Assignment(
            f"a{number}",
            *key,
            one.enabled,
            one.desired_fps,
            one.priority,
            one.parameters,
            NOW,
            None,
        )
        for number, (key, one) in enumerate(intents.items())
    ]
    return FleetSnapshot(
        Part.complete(tuple(cameras)), Part.complete(tuple(models)), Part.complete(tuple(rows)), NOW
    )


def on(fps: int | None = None, priority: int | None = None, **parameters: Any) -> CellIntent:
    """An assigned cell that is on."""
    return CellIntent(True, fps, priority, parameters or None)


def off(fps: int | None = None, priority: int | None = None, **parameters: Any) -> CellIntent:
    """An assigned cell that is off."""
    return CellIntent(False, fps, priority, parameters or None)
