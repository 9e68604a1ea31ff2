"""How far a change set is, and how it went, in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from vas_dash.changes.labels import tally_words
from vas_dash.domain.records import CellResult, ChangeSetRecord, State, Tally
from vas_dash.domain.text import count, cut

__all__ = [
    "Progress",
    "Status",
    "done_text",
    "journalled_progress",
    "outcome_text",
    "progress",
    "status_of",
]

_OPEN = (CellResult.NOT_SENT, CellResult.SENT)


class Status(StrEnum):
    """How far a change set is, in words. `INTERRUPTED`: the process that applied it died."""

    READY = "not begun"
    APPLYING = "being applied"
    INTERRUPTED = "interrupted"
    STOPPED = "stopped"
    FINISHED = "finished"


_STANDINGS = {
    State.READY: Status.READY,
    State.APPLYING: Status.APPLYING,
    State.STOPPED: Status.STOPPED,
    State.FINISHED: Status.FINISHED,
}


def status_of(record: ChangeSetRecord, *, applied_now: bool) -> Status:
    """How far it is; `applied_now`: some process is at it."""
    if record.state is State.APPLYING and not applied_now:
        return Status.INTERRUPTED
    return _STANDINGS[record.state]


def outcome_text(record: ChangeSetRecord, how: Status) -> str:
    """How it went, in words."""
    note = f", {cut(record.note)}" if record.note else ""
    if how is Status.READY:
        return f"nothing sent{note}"
    return tally_words(record.tally, record.cells, live=how is Status.APPLYING) + note


@dataclass(frozen=True)
class Progress:
    """How far a change set is that is being applied, in cells and in words."""

    done: int
    total: int
    text: str
    detail: str


def progress(
    total: int, done: int, tally: Tally, rate: float | None, left_s: float | None
) -> Progress:
    """`rate` is in cells a second; None where there is none yet."""
    failed = tally.get(CellResult.REFUSED, 0) + tally.get(CellResult.UNKNOWN, 0)
    conflicts = tally.get(CellResult.CONFLICT, 0) + tally.get(CellResult.OVERWRITTEN, 0)
    parts = [f"{failed:,} failed", count(conflicts, "conflict")]
    if rate:
        parts.append(f"{rate:,.0f} a second" if rate >= 1 else f"{rate:.1f} a second")
        if left_s is not None and done < total:
            parts.append(f"about {_duration(left_s)} left")
    return Progress(done, total, f"{done:,} of {total:,}", ", ".join(parts))


def journalled_progress(record: ChangeSetRecord, now: datetime) -> Progress:
    """The same from the journal alone, where no process says how far it is."""
    done = record.cells - sum(record.tally.get(result, 0) for result in _OPEN)
    rate = left_s = None
    if record.started_at is not None and done:
        elapsed_s = (now - record.started_at).total_seconds()
        if elapsed_s > 0:
            rate = done / elapsed_s
            left_s = (record.cells - done) / rate
    return progress(record.cells, done, record.tally, rate, left_s)


def _duration(seconds: float) -> str:
    if seconds < 90:
        return count(max(1, round(seconds)), "second")
    if seconds < 90 * 60:
        return count(round(seconds / 60), "minute")
    return count(round(seconds / 3600), "hour")


def done_text(record: ChangeSetRecord, how: Status) -> str:
    """A change set and how it went, on one line."""
    return f"Change set {record.id} is {how}: {outcome_text(record, how)}."
