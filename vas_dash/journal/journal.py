"""The journal: written before the VAS is, read by history, undo and whoever reopens."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime

from vas_dash.domain.changes import ChangeSet
from vas_dash.domain.entities import CellKey
from vas_dash.domain.records import (
    CellHistoryEntry,
    CellRecord,
    CellResult,
    ChangeSetRecord,
    HistoryFilter,
    HistoryPage,
    Settled,
    State,
)

PAGE = 50


class Journal:
    """Every method raises JournalError when the journal cannot be read or written."""

    def __init__(self, db_url: str | None = None, *, retention_days: int = 0) -> None:
        raise NotImplementedError

    def record(
        self, changes: ChangeSet, who: str, why: str | None = None, origin: str = "edit"
    ) -> int:
        """Write a whole change set down, ready to be applied; its number."""
        raise NotImplementedError

    def change_set(self, change_set_id: int) -> ChangeSetRecord | None:
        """One change set; None: there is none of this number."""
        raise NotImplementedError

    def cells(
        self,
        change_set_id: int,
        *,
        results: Iterable[CellResult] | None = None,
        after_position: int = -1,
        limit: int | None = None,
    ) -> tuple[CellRecord, ...]:
        """Cells of a change set in their order, from the one after `after_position`."""
        raise NotImplementedError

    def history(
        self, wanted: HistoryFilter | None = None, *, before: int | None = None, limit: int = PAGE
    ) -> HistoryPage:
        """Change sets, newest first; `before` is the last page's `next_before`."""
        raise NotImplementedError

    def cell_history(self, key: CellKey, limit: int = PAGE) -> tuple[CellHistoryEntry, ...]:
        """What change sets did with one cell, newest first."""
        raise NotImplementedError

    def locked(self, change_set_id: int) -> AbstractContextManager[bool]:
        """The lock of one change set: true when it is ours. It dies with the process."""
        raise NotImplementedError

    def begin(self, change_set_id: int) -> set[CellKey]:
        """From now on it is being applied; the cells that others are applying just now."""
        raise NotImplementedError

    def mark_sent(self, change_set_id: int, positions: Sequence[int], when: datetime) -> None:
        """Durably, before the writes go out."""
        raise NotImplementedError

    def settle(self, change_set_id: int, settled: Sequence[Settled]) -> None:
        """What became of cells."""
        raise NotImplementedError

    def end(self, change_set_id: int, state: State, note: str | None = None) -> ChangeSetRecord:
        """It is no longer being applied."""
        raise NotImplementedError

    def close(self) -> None:
        """Close the connections."""
        raise NotImplementedError
