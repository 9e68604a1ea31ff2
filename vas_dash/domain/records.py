"""What the journal remembers: change sets, their cells, and what became of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from vas_dash.domain.changes import Blocked, CellChange, ChangeSet
from vas_dash.domain.entities import Assignment, CellKey


class CellResult(StrEnum):
    """What became of one cell.

    `SENT` is marked before a write goes out, so it means: perhaps sent, nothing known yet. It
    stays only where a process died; reading the cell again settles it. `UNKNOWN`: sent, and what
    became of it could not be read. `NOT_SENT`, `REFUSED` and a `CONFLICT` before the write: the
    cell was not touched. `OVERWRITTEN`: written, and changed elsewhere since.
    """

    NOT_SENT = "not sent"
    SENT = "sent"
    APPLIED = "applied"
    UNCHANGED = "unchanged"
    CONFLICT = "conflict"
    OVERWRITTEN = "overwritten"
    REFUSED = "refused"
    UNKNOWN = "unknown"


class State(StrEnum):
    """How far a change set is.

    `APPLYING` without a process that applies it: that process died, and `resume` is needed.
    `STOPPED`: cancelled, or the VAS could not be reached any more; some cells were not sent.
    """

    READY = "ready"
    APPLYING = "applying"
    STOPPED = "stopped"
    FINISHED = "finished"


Tally = Mapping[CellResult, int]
"""How many cells ended how; results that no cell has are left out."""


@dataclass(frozen=True, slots=True)
class ChangeSetRecord:
    """One change set: who wanted it, when, why, and how it went. Times are UTC.

    `source` says where it comes from in a few words (`edit`, `import`, `undo of 118`). `note` says
    why it was stopped.
    """

    id: int
    who: str
    why: str | None
    source: str
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    state: State
    note: str | None
    cells: int
    tally: Tally


@dataclass(frozen=True, slots=True)
class CellRecord:
    """One cell of a change set. `position` is its place in it, from 0.

    `after` is what the last read of the cell showed, where `read` is true (None: unassigned).
    """

    change_set_id: int
    position: int
    change: CellChange
    result: CellResult
    message: str | None
    read: bool
    after: Assignment | None
    sent_at: datetime | None
    outcome_at: datetime | None


@dataclass(frozen=True, slots=True)
class CellHistoryEntry:
    """One cell's part in one change set, and that change set."""

    cell: CellRecord
    change_set: ChangeSetRecord


@dataclass(frozen=True, slots=True)
class HistoryFilter:
    """Which change sets to list; None: any. Times are UTC, `since` included, `until` not."""

    who: str | None = None
    camera_id: str | None = None
    model_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """Change sets, newest first.

    `next_before` asks for the page of what is older, `next_after` for what is newer; None: there is
    nothing.
    """

    items: tuple[ChangeSetRecord, ...]
    next_before: int | None
    next_after: int | None = None


@dataclass(frozen=True)
class Draft:
    """A change set that is still being edited. `revision` counts its changes; 0: never kept."""

    id: str
    revision: int = 0
    source: str = "edit"
    changes: Mapping[CellKey, CellChange] = field(default_factory=dict)
    blocked: Mapping[CellKey, Blocked] = field(default_factory=dict)

    @property
    def change_set(self) -> ChangeSet:
        """Its cells in the order of their keys."""
        return ChangeSet(
            tuple(self.changes[key] for key in sorted(self.changes)),
            tuple(self.blocked[key] for key in sorted(self.blocked)),
        )


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one cell, and why.

    `after` is what the last read of the cell showed, where `read` is true (None: unassigned). Of a
    cell that is unknown to the operator who waits for it, `sent_at` says when its write was sent,
    and `unknown_until` from when on a sweep can tell: then the write is no longer on its way.
    """

    result: CellResult
    reason: str | None = None
    read: bool = False
    after: Assignment | None = None
    sent_at: datetime | None = None
    unknown_until: datetime | None = None

    @property
    def message(self) -> str | None:
        """The reason as the journal keeps it."""
        return f"sent; {self.reason}" if self.result is CellResult.UNKNOWN else self.reason


__all__ = [
    "CellHistoryEntry",
    "CellKey",
    "CellRecord",
    "CellResult",
    "ChangeSetRecord",
    "Draft",
    "HistoryFilter",
    "HistoryPage",
    "Outcome",
    "State",
    "Tally",
]
