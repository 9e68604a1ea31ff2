"""Check changes before anything is sent. What fails blocks only its own cell."""

from __future__ import annotations

from vas_dash.domain.changes import CellChange, ChangeSet, Problem
from vas_dash.domain.entities import AiModel
from vas_dash.domain.fleet import FleetSnapshot

__all__ = ["check", "checked"]


def check(change: CellChange, model: AiModel | None) -> tuple[Problem, ...]:
    """What is wrong with one change. `model` None: the registry does not have it."""
    raise NotImplementedError


def checked(changes: ChangeSet, snapshot: FleetSnapshot) -> ChangeSet:
    """The change set with every change that fails moved to `blocked`."""
    raise NotImplementedError
