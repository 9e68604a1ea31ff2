"""Drafts: change sets that an operator still works on."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Select, bindparam, delete, insert, select, update

from vas_dash.database import advisory_lock
from vas_dash.domain.changes import Blocked, CellChange, Problem
from vas_dash.domain.entities import CellKey
from vas_dash.domain.records import Draft
from vas_dash.journal.store import Store
from vas_dash.journal.tables import DRAFT_CELLS, DRAFTS
from vas_dash.journal.texts import (
    assignment_text,
    intent_text,
    microseconds,
    read_assignment,
    read_intent,
)

__all__ = ["DraftTables"]

KEPT = timedelta(days=90)
"""A draft that was not changed for so long is deleted."""

DRAFTS_A_PERSON = 100
"""Of further ones the drafts that were not touched for longest are thrown away."""

WRITE_LOCK = 0x4A4F55524454
"""PostgreSQL: drafts are written one after the other. "JOURDT" in ASCII."""


class DraftTables:
    """The drafts of the journal. Every method raises JournalError when it cannot be used."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def revision(self, draft_id: str, who: str) -> int:
        """How often the draft was changed; 0: there is none of this id that is theirs."""
        with self._store.read() as connection:
            return _revision(connection, draft_id, who)

    def load(self, draft_id: str, who: str) -> Draft:
        """The draft; an empty one where there is none of this id that is theirs."""
        with self._store.read() as connection:
            return _load(connection, draft_id, who)

    def change(
        self,
        draft_id: str,
        who: str,
        edit: Callable[[Draft], Draft],
        known: Draft | None = None,
    ) -> Draft:
        """Replace the draft by what `edit` makes of it, in one transaction.

        `known` is what the caller last saw of it: where that is still so, it is not read again,
        which takes seconds with 100,000 cells.

        `edit` may be called only once, and with the newest state: two tabs lose nothing. An empty
        draft keeps its row, so that its revision goes on.
        """
        now = datetime.now(UTC)
        with self._store.write() as connection:
            advisory_lock(connection, WRITE_LOCK)
            if known is not None and known.revision == _revision(connection, draft_id, who):
                before = known
            else:
                before = _load(connection, draft_id, who)
            after = edit(before)
            mine = DRAFTS.c.id == draft_id
            values = {
                "who": who,
                "origin": after.source,
                "revision": before.revision + 1,
                "changed_at": microseconds(now),
            }
            if before.revision:
                connection.execute(update(DRAFTS).where(mine).values(values))
            else:
                old = DRAFTS.c.changed_at < microseconds(now - KEPT)
                connection.execute(delete(DRAFTS).where(old | DRAFTS.c.id.in_(_beyond(who))))
                # Another operator's draft of the same id: the insert fails, and says so.
                connection.execute(insert(DRAFTS).values(id=draft_id, **values))
            _write_cells(connection, draft_id, before, after)
        return Draft(draft_id, before.revision + 1, after.source, after.changes, after.blocked)


def _revision(connection: Connection, draft_id: str, who: str) -> int:
    wanted = select(DRAFTS.c.revision).where(DRAFTS.c.id == draft_id, DRAFTS.c.who == who)
    return connection.execute(wanted).scalar() or 0


def _beyond(who: str) -> Select[tuple[str]]:
    """The drafts of a person that leave no room for one more."""
    newest_first = (
        select(DRAFTS.c.id).where(DRAFTS.c.who == who).order_by(DRAFTS.c.changed_at.desc())
    )
    # MAX is for SQLite, which has no OFFSET without a LIMIT.
    return newest_first.limit(2**31 - 1).offset(DRAFTS_A_PERSON - 1)


def _load(connection: Connection, draft_id: str, who: str) -> Draft:
    wanted = select(DRAFTS).where(DRAFTS.c.id == draft_id, DRAFTS.c.who == who)
    row = connection.execute(wanted).mappings().first()
    if row is None:
        return Draft(draft_id)
    changes: dict[CellKey, CellChange] = {}
    blocked: dict[CellKey, Blocked] = {}
    cells = select(DRAFT_CELLS).where(DRAFT_CELLS.c.draft_id == draft_id)
    for cell in connection.execute(cells).mappings():
        key = CellKey(cell["camera_id"], cell["model_id"])
        if cell["problems"] is not None:
            problems = tuple(Problem(*pair) for pair in json.loads(cell["problems"]))
            blocked[key] = Blocked(key, problems)
        else:
            before = read_assignment(cell["before"], key)
            changes[key] = CellChange(key, before, read_intent(cell["wish"]))
    return Draft(draft_id, row["revision"], row["origin"], changes, blocked)


def _write_cells(connection: Connection, draft_id: str, before: Draft, after: Draft) -> None:
    """Only the cells that differ."""
    old: dict[CellKey, object] = {**before.changes, **before.blocked}
    new: dict[CellKey, CellChange | Blocked] = {**after.changes, **after.blocked}
    touched = [key for key, value in new.items() if old.get(key) is not value]
    gone = [key for key in old if key not in new or old[key] is not new[key]]
    if len(gone) == len(old) and gone:
        connection.execute(delete(DRAFT_CELLS).where(DRAFT_CELLS.c.draft_id == draft_id))
    elif gone:
        statement = delete(DRAFT_CELLS).where(
            DRAFT_CELLS.c.draft_id == draft_id,
            DRAFT_CELLS.c.camera_id == bindparam("camera"),
            DRAFT_CELLS.c.model_id == bindparam("model"),
        )
        rows = [{"camera": key.camera_id, "model": key.model_id} for key in gone]
        connection.execute(statement, rows)
    if touched:
        connection.execute(insert(DRAFT_CELLS), [_row(draft_id, new[key]) for key in touched])


def _row(draft_id: str, cell: CellChange | Blocked) -> dict[str, Any]:
    row: dict[str, Any] = {
        "draft_id": draft_id,
        "camera_id": cell.key.camera_id,
        "model_id": cell.key.model_id,
        "before": None,
        "wish": None,
        "problems": None,
    }
    if isinstance(cell, Blocked):
        pairs = [(problem.field, problem.message) for problem in cell.problems]
        return row | {"problems": json.dumps(pairs)}
    return row | {"before": assignment_text(cell.before), "wish": intent_text(cell.desired)}
