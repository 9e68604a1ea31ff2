"""The history of one cell, as the side panel tells it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from vas_dash.changes.labels import change_summary, intent_line, result_word
from vas_dash.domain.changes import same_assignment
from vas_dash.domain.fleet import Cell, CellState
from vas_dash.domain.records import CellHistoryEntry, CellResult
from vas_dash.domain.text import cut, moment

__all__ = ["ENTRIES", "CellHistory", "HistoryLine", "cell_history"]

ENTRIES = 10

_LEFT = (CellResult.APPLIED, CellResult.UNCHANGED)
_TEXT_LIMIT = 200


@dataclass(frozen=True)
class HistoryLine:
    """One change of the cell, and its change set.

    `text` and `reason` are as in `turned off by kim` and `"lens broken"`. Where it was not applied
    `text` begins with what became of it, and `message` may say why.
    """

    text: str
    at: str
    reason: str
    message: str
    number: int


@dataclass(frozen=True)
class CellHistory:
    """`elsewhere` says that the cell is not what the newest applied change left."""

    elsewhere: str | None
    lines: tuple[HistoryLine, ...]


def cell_history(
    entries: Sequence[CellHistoryEntry], cell: Cell, taken_at: datetime
) -> CellHistory:
    """What is told of a cell that was read to be `cell` in a sweep that began at `taken_at`."""
    return CellHistory(
        _elsewhere(entries, cell, taken_at), tuple(_line(entry) for entry in entries)
    )


def _elsewhere(entries: Sequence[CellHistoryEntry], cell: Cell, taken_at: datetime) -> str | None:
    if cell.state is CellState.UNKNOWN:
        return None
    left = next((one.cell for one in entries if one.cell.result in _LEFT and one.cell.read), None)
    if left is None or left.outcome_at is None or taken_at <= left.outcome_at:
        # Nothing to hold it against; or it may have been read before that change.
        return None
    if same_assignment(cell.assignment, left.after):
        return None
    if cell.assignment is None:
        return "removed elsewhere since"
    when = moment(cell.assignment.since)
    return f"changed elsewhere since, {when}: {intent_line(cell.assignment)}"


def _line(entry: CellHistoryEntry) -> HistoryLine:
    record, cell = entry.change_set, entry.cell
    done = f"{change_summary(cell.change)} by {cut(record.who, 80)}"
    if cell.result is not CellResult.APPLIED:
        done = f"{result_word(cell.result)}: {done}"
    reason = f'"{cut(record.why, _TEXT_LIMIT)}"' if record.why else ""
    message = cut(cell.message or "", _TEXT_LIMIT)
    return HistoryLine(done, moment(record.created_at), reason, message, record.id)
