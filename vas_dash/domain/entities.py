"""Cameras, models and assignments, as the product speaks of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

Parameters = Mapping[str, Any]
"""The free part of an assignment: a JSON object, described by its model's `config_schema`."""

FPS_RANGE = (1, 30)
"""Lowest and highest `desired_fps` that the backend stores."""

PRIORITY_RANGE = (0, 100)
"""Lowest and highest `priority` that the backend stores."""


class CellKey(NamedTuple):
    """One camera and one model: a place in the grid."""

    camera_id: str
    model_id: str


@dataclass(frozen=True, slots=True)
class Camera:
    """A camera. `name` is None when the camera is known only from its assignments."""

    id: str
    name: str | None
    description: str | None = None
    location: str | None = None

    @property
    def title(self) -> str:
        """The name, or the id where the name is not known."""
        return self.name or self.id


@dataclass(frozen=True, slots=True)
class AiModel:
    """An AI model of the registry; `registered` is False when only assignments speak of it.

    `enabled` False means: not for new assignments. `config_schema` is a JSON Schema for
    `Assignment.parameters`, or None.
    """

    model_id: str
    name: str | None
    description: str | None = None
    supported_tasks: tuple[str, ...] = ()
    config_schema: Mapping[str, Any] | None = None
    enabled: bool = True
    registered: bool = True

    @property
    def title(self) -> str:
        """The name, or the id where the name is not known."""
        return self.name or self.model_id


@dataclass(frozen=True, slots=True)
class CellIntent:
    """What an operator wants of one assigned cell. None means the default of the backend."""

    enabled: bool
    desired_fps: int | None = None
    priority: int | None = None
    parameters: Parameters | None = None


@dataclass(frozen=True, slots=True)
class Assignment:
    """Stored intent for one camera and one model: what should run, never what runs.

    `updated_at` is None until a value really changes.
    """

    id: str
    camera_id: str
    model_id: str
    enabled: bool
    desired_fps: int | None
    priority: int | None
    parameters: Parameters | None
    created_at: datetime
    updated_at: datetime | None

    @property
    def key(self) -> CellKey:
        """The cell that this assignment fills."""
        return CellKey(self.camera_id, self.model_id)

    @property
    def intent(self) -> CellIntent:
        """The part an operator can change."""
        return CellIntent(self.enabled, self.desired_fps, self.priority, self.parameters)

    @property
    def since(self) -> datetime:
        """When it last changed."""
        return self.updated_at or self.created_at
