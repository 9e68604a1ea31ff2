"""The journal: written before the VAS is, read by history, undo and resuming."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta

from sqlalchemy import (
    Connection,
    delete,
    func,
    insert,
    select,
    text,
    update,
)

from vas_dash.database import advisory_lock
from vas_dash.domain.changes import ChangeSet
from vas_dash.domain.entities import CellKey
from vas_dash.domain.records import (
    CellHistoryEntry,
    CellRecord,
    CellResult,
    ChangeSetRecord,
    HistoryFilter,
    HistoryPage,
    Outcome,
    State,
)
from vas_dash.journal.drafts import DraftTables
from vas_dash.journal.jobs import JobTable
from vas_dash.journal.migrate import VERSION_TABLE
from vas_dash.journal.presets import PresetTable
from vas_dash.journal.rows import (
    IN_FLIGHT,
    change_sets_of,
    count_results,
    read_cell,
    read_change_set,
    read_record,
    rows_of,
    settle_cells,
    tally_text,
)
from vas_dash.journal.store import Store
from vas_dash.journal.tables import CELLS, CHANGE_SETS, MODELS
from vas_dash.journal.texts import (
    microseconds,
)

__all__ = ["Journal"]

PAGE = 50

FORGET_AT_ONCE = 50
"""Old change sets that leave the journal when one is recorded: none waits long for that."""

BEGIN_LOCK = 0x4A4F55524E42
"""PostgreSQL: only one change set begins at a time. "JOURNB" in ASCII."""


class Journal:
    """Safe to share between threads; each process opens the database at its first use.

    `db_url` None: a SQLite file in `.data/`. `retention_days` 0: nothing is ever forgotten.
    Every method raises JournalError when the journal cannot be read or written.

    Raises:
        SettingsError: `db_url` is no URL of SQLite or PostgreSQL.
    """

    def __init__(self, db_url: str | None = None, *, retention_days: int = 0) -> None:
        self._store = Store(db_url)
        self._retention = timedelta(days=retention_days)
        self.drafts = DraftTables(self._store)
        self.jobs = JobTable(self._store)
        self.presets = PresetTable(self._store)

    def open(self) -> None:
        """Open it now, and make its tables, so that its first use need not wait for that."""
        with self._store.faults("opened"):
            self._store.opened()

    def record(
        self, changes: ChangeSet, who: str, why: str | None = None, source: str = "edit"
    ) -> int:
        """Write a whole change set down, ready to be applied; its number.

        Blocked cells stand in it too, as refused.
        """
        with self._store.write() as connection:
            return self._record(connection, changes, who, why, source)

    @contextmanager
    def begun(
        self, changes: ChangeSet, who: str, why: str | None = None, source: str = "edit"
    ) -> Iterator[tuple[int, dict[CellKey, int]]]:
        """`record`, `locked` and `begin` in one: the number, and the cells that others change."""
        with ExitStack() as held:
            with self._store.write() as connection:
                number = self._record(connection, changes, who, why, source)
                # Held before anybody can see that it is being applied.
                held.enter_context(self.locked(number))
                busy = self._begin(connection, number)
            yield number, busy

    def change_set(self, change_set_id: int) -> ChangeSetRecord | None:
        """One change set; None: there is none of this number."""
        with self._store.read() as connection:
            return read_change_set(connection, change_set_id)

    def cells(
        self,
        change_set_id: int,
        *,
        results: Iterable[CellResult] | None = None,
        after_position: int = -1,
        limit: int | None = None,
    ) -> tuple[CellRecord, ...]:
        """Cells of a change set in their order, from the one after `after_position`."""
        wanted = (
            select(CELLS)
            .where(CELLS.c.change_set_id == change_set_id, CELLS.c.position > after_position)
            .order_by(CELLS.c.position)
            .limit(limit)
        )
        if results is not None:
            wanted = wanted.where(CELLS.c.result.in_([str(result) for result in results]))
        with self._store.read() as connection:
            return tuple(read_cell(row) for row in connection.execute(wanted).mappings())

    def history(
        self,
        wanted: HistoryFilter | None = None,
        *,
        before: int | None = None,
        after: int | None = None,
        limit: int = PAGE,
    ) -> HistoryPage:
        """Change sets, newest first.

        `before` is the `next_before` of a page: what is older follows. `after` is a `next_after`:
        what is newer. At the top of the list that is the first page again, whole.
        """
        chosen = change_sets_of(wanted or HistoryFilter())
        newer = None
        with self._store.read() as connection:
            if after is not None:
                mine = CHANGE_SETS.c.id
                upwards = chosen.where(mine > after).order_by(None).order_by(mine)
                rows = connection.execute(upwards.limit(limit + 1)).mappings().all()
                if len(rows) > limit:
                    items = tuple(read_record(connection, row) for row in reversed(rows[:limit]))
                    return HistoryPage(items, items[-1].id, items[0].id)
            elif before is not None:
                chosen = chosen.where(CHANGE_SETS.c.id < before)
                newer = before - 1
            rows = connection.execute(chosen.limit(limit + 1)).mappings().all()
            items = tuple(read_record(connection, row) for row in rows[:limit])
        return HistoryPage(items, items[-1].id if len(rows) > limit else None, newer)

    def cell_history(self, key: CellKey, limit: int = PAGE) -> tuple[CellHistoryEntry, ...]:
        """What change sets did with one cell, newest first."""
        mine = (CELLS.c.camera_id == key.camera_id) & (CELLS.c.model_id == key.model_id)
        wanted = select(CELLS).where(mine).order_by(CELLS.c.change_set_id.desc()).limit(limit)
        with self._store.read() as connection:
            cells = [read_cell(row) for row in connection.execute(wanted).mappings()]
            numbers = [cell.change_set_id for cell in cells]
            chosen = select(CHANGE_SETS).where(CHANGE_SETS.c.id.in_(numbers))
            sets = {
                row["id"]: read_record(connection, row)
                for row in connection.execute(chosen).mappings().all()
            }
        return tuple(CellHistoryEntry(cell, sets[cell.change_set_id]) for cell in cells)

    @contextmanager
    def locked(self, change_set_id: int) -> Iterator[bool]:
        """The lock of one change set: true when it is ours. It dies with the process."""
        with self._store.faults("locked"):
            hold = self._store.opened().locks.hold(change_set_id)
            mine = hold.__enter__()
        try:
            yield mine
        finally:
            with self._store.faults("unlocked"):
                hold.__exit__(None, None, None)

    def is_applied_now(self, change_set_id: int) -> bool:
        """Whether some process holds the lock of the change set."""
        with self._store.faults("read"):
            return self._store.opened().locks.held(change_set_id)

    def begin(self, change_set_id: int) -> dict[CellKey, int]:
        """From now on it is being applied. To be called with its lock held.

        Returns the cells that other change sets, which are being applied just now, are still going
        to change, with the numbers of those: of two that begin at once the second sees the first.
        """
        with self._store.write() as connection:
            return self._begin(connection, change_set_id)

    def mark_sent(self, change_set_id: int, positions: Sequence[int], when: datetime) -> None:
        """Durably, before the writes go out."""
        mine = (CELLS.c.change_set_id == change_set_id) & CELLS.c.position.in_(positions)
        values = {"result": CellResult.SENT, "sent_at": microseconds(when)}
        with self._store.write() as connection:
            connection.execute(update(CELLS).where(mine).values(values))

    def settle(self, change_set_id: int, outcomes: Mapping[int, Outcome]) -> None:
        """What became of cells, by their positions."""
        if outcomes:
            with self._store.write() as connection:
                settle_cells(connection, change_set_id, outcomes)

    def end(
        self,
        change_set_id: int,
        state: State,
        note: str | None = None,
        outcomes: Mapping[int, Outcome] | None = None,
    ) -> ChangeSetRecord:
        """It is no longer being applied; `outcomes` are settled first.

        When it ended the first time stays.
        """
        now = microseconds(datetime.now(UTC))
        mine = CHANGE_SETS.c.id == change_set_id
        with self._store.write() as connection:
            if outcomes:
                settle_cells(connection, change_set_id, outcomes)
            values = {
                "state": state,
                "note": note,
                "ended_at": func.coalesce(CHANGE_SETS.c.ended_at, now),
                "tally": tally_text(count_results(connection, change_set_id)),
            }
            connection.execute(update(CHANGE_SETS).where(mine).values(values))
            record = read_change_set(connection, change_set_id)
        assert record is not None
        return record

    def check(self) -> None:
        """Write, and leave everything as it is.

        Raises:
            JournalError: it cannot be read or written now.
        """
        with self._store.write() as connection:
            connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = version_num"))

    def totals(self) -> tuple[Counter[str], Counter[str]]:
        """How many change sets there are in each state, and cells of them with each result.

        The cells of a change set that is being applied count as they were before.
        """
        what = (CHANGE_SETS.c.state, CHANGE_SETS.c.tally)
        states, results = Counter[str](), Counter[str]()
        with self._store.read() as connection:
            alike = connection.execute(select(*what, func.count()).group_by(*what)).all()
        for state, tally, sets in alike:
            states[state] += sets
            for result, cells in json.loads(tally).items():
                results[result] += sets * cells
        return states, results

    def close(self) -> None:
        """Close the connections."""
        self._store.close()

    def _record(
        self, connection: Connection, changes: ChangeSet, who: str, why: str | None, source: str
    ) -> int:
        rows = rows_of(changes)
        tally = {CellResult.NOT_SENT: len(changes.changes), CellResult.REFUSED: len(rows)}
        tally[CellResult.REFUSED] -= len(changes.changes)
        values = {
            "who": who,
            "why": why,
            "origin": source,
            "created_at": microseconds(datetime.now(UTC)),
            "state": State.READY,
            "cells": len(rows),
            "tally": tally_text(tally),
        }
        self._forget(connection)
        number: int = connection.execute(
            insert(CHANGE_SETS).values(values).returning(CHANGE_SETS.c.id)
        ).scalar_one()
        for row in rows:
            row["change_set_id"] = number
        if rows:
            connection.execute(insert(CELLS), rows)
            models = sorted({row["model_id"] for row in rows})
            connection.execute(
                insert(MODELS),
                [{"model_id": model_id, "change_set_id": number} for model_id in models],
            )
        return number

    def _begin(self, connection: Connection, change_set_id: int) -> dict[CellKey, int]:
        now = microseconds(datetime.now(UTC))
        values = {"state": State.APPLYING, "started_at": now, "ended_at": None}
        advisory_lock(connection, BEGIN_LOCK)
        mine = CHANGE_SETS.c.id == change_set_id
        connection.execute(update(CHANGE_SETS).where(mine).values(values))
        applying = CHANGE_SETS.c.state == State.APPLYING
        others = connection.execute(select(CHANGE_SETS.c.id).where(applying, ~mine)).scalars()
        alive = [other for other in others if self._store.opened().locks.held(other)]
        columns = (CELLS.c.camera_id, CELLS.c.model_id, CELLS.c.change_set_id)
        busy = select(*columns).where(
            CELLS.c.change_set_id.in_(alive), CELLS.c.result.in_([*map(str, IN_FLIGHT)])
        )
        return {CellKey(row[0], row[1]): row[2] for row in connection.execute(busy)}

    def _forget(self, connection: Connection) -> None:
        """Take the oldest change sets out that are older than the retention."""
        if not self._retention:
            return
        too_old = microseconds(datetime.now(UTC) - self._retention)
        old = (
            select(CHANGE_SETS.c.id)
            .where(CHANGE_SETS.c.created_at < too_old, CHANGE_SETS.c.state != State.APPLYING)
            .order_by(CHANGE_SETS.c.created_at)
            .limit(FORGET_AT_ONCE)
        )
        numbers = connection.execute(old).scalars().all()
        if numbers:
            connection.execute(delete(CHANGE_SETS).where(CHANGE_SETS.c.id.in_(numbers)))
