"""What has become of a drafted cell since it was drafted."""

from __future__ import annotations

from enum import StrEnum

from vas_dash.changes.labels import intent_line
from vas_dash.domain.changes import CellChange, same_assignment, same_intent
from vas_dash.domain.entities import Assignment
from vas_dash.domain.fleet import Cell, CellState
from vas_dash.domain.text import cut

__all__ = ["Mark", "mark_of", "mark_text"]


class Mark(StrEnum):
    """What has become of a cell since it was drafted, where it matters."""

    NONE = ""
    CHANGED = "changed"
    AS_DESIRED = "as desired"
    UNKNOWN = "unknown"


def _plainly_same(a: Assignment | None, b: Assignment | None) -> bool:
    """A quick yes for nearly all of 100,000 cells; a no says nothing."""
    if a is b:
        return True
    return (
        a is not None
        and b is not None
        and a.id == b.id
        and a.updated_at == b.updated_at
        and a.enabled == b.enabled
        and a.desired_fps == b.desired_fps
        and a.priority == b.priority
        and a.parameters == b.parameters
    )


def mark_of(change: CellChange, now: Cell) -> Mark:
    """What the cell, as it is now, is to what it was drafted from."""
    if now.state is CellState.UNKNOWN:
        return Mark.UNKNOWN
    if _plainly_same(now.assignment, change.before) or same_assignment(
        now.assignment, change.before
    ):
        return Mark.NONE
    current = None if now.assignment is None else now.assignment.intent
    return Mark.AS_DESIRED if same_intent(current, change.desired) else Mark.CHANGED


def mark_text(mark: Mark, cell: Cell) -> str:
    """The same in words, with what the cell holds now."""
    if mark is Mark.NONE:
        return ""
    if mark is Mark.UNKNOWN:
        return f"unknown just now: {cut(cell.reason or 'no reason given')}"
    if mark is Mark.AS_DESIRED:
        return "changed elsewhere since it was drafted, and already as desired"
    now = None if cell.assignment is None else cell.assignment.intent
    return f"changed elsewhere since it was drafted: now {intent_line(now)}"
