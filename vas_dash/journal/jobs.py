"""Jobs: who was asked to apply a change set, how far that is, and whether it is to stop."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from vas_dash.database import advisory_lock
from vas_dash.domain.records import State
from vas_dash.journal.store import Store
from vas_dash.journal.tables import CHANGE_SETS, JOBS, PROGRESS
from vas_dash.journal.texts import microseconds

__all__ = ["JobTable"]

WRITE_LOCK = 0x4A4F55524A42
"""PostgreSQL: the row of a change set is made only once. "JOURJB" in ASCII."""

JOB_BITS = 52
"""A job is a random number of so many bits: any JSON carries it unharmed."""


class JobTable:
    """What the page and the applier tell each other, through the journal that both have.

    Every method raises JournalError when the journal cannot be used.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def hand_over(self, change_set_id: int) -> int | None:
        """A job for the applier; None where it is not ready."""
        values = {
            "job": secrets.randbits(JOB_BITS),
            "change_set_id": change_set_id,
            "handed_over_at": microseconds(datetime.now(UTC)),
            "taken": False,
        }
        ready = select(CHANGE_SETS.c.id).where(
            CHANGE_SETS.c.id == change_set_id, CHANGE_SETS.c.state == State.READY
        )
        with self._store.write() as connection:
            if connection.execute(ready).first() is None:
                return None
            connection.execute(insert(JOBS).values(values))
            mine = PROGRESS.c.change_set_id == change_set_id
            connection.execute(delete(PROGRESS).where(mine))
        return int(values["job"])

    def take_back(self, job: int) -> None:
        """The job is void: an applier that gets it too late leaves it alone."""
        with self._store.write() as connection:
            connection.execute(delete(JOBS).where(JOBS.c.job == job, ~JOBS.c.taken))

    def take(self, change_set_id: int, job: int) -> bool:
        """Whether the job is still to be done; only one of all who ask hears yes."""
        mine = (JOBS.c.change_set_id == change_set_id) & (JOBS.c.job == job) & ~JOBS.c.taken
        with self._store.write() as connection:
            taken = connection.execute(update(JOBS).where(mine).values(taken=True))
            return taken.rowcount == 1

    def last(self, change_set_id: int) -> int | None:
        """The job that was handed over last."""
        wanted = (
            select(JOBS.c.job)
            .where(JOBS.c.change_set_id == change_set_id)
            .order_by(JOBS.c.handed_over_at.desc())
            .limit(1)
        )
        with self._store.read() as connection:
            return connection.execute(wanted).scalar()

    def cancel(self, change_set_id: int) -> None:
        """The applier is to stop."""
        self._put(change_set_id, {"cancelled": True})

    def is_cancelled(self, change_set_id: int) -> bool:
        """Whether it is to stop."""
        wanted = select(PROGRESS.c.cancelled).where(PROGRESS.c.change_set_id == change_set_id)
        with self._store.read() as connection:
            return bool(connection.execute(wanted).scalar())

    def record_progress(self, change_set_id: int, progress: str) -> None:
        """How far it is, as a text of the applier."""
        self._put(change_set_id, {"progress": progress})

    def progress(self, change_set_id: int) -> str | None:
        """The progress recorded last; None: there is none, or it is not being applied."""
        mine = PROGRESS.c.change_set_id == change_set_id
        wanted = (
            select(PROGRESS.c.progress)
            .join(CHANGE_SETS, CHANGE_SETS.c.id == PROGRESS.c.change_set_id)
            .where(mine, CHANGE_SETS.c.state == State.APPLYING)
        )
        with self._store.read() as connection:
            return connection.execute(wanted).scalar()

    def _put(self, change_set_id: int, values: dict[str, Any]) -> None:
        with self._store.write() as connection:
            advisory_lock(connection, WRITE_LOCK)
            _put(connection, change_set_id, values)


def _put(connection: Connection, change_set_id: int, values: dict[str, Any]) -> None:
    mine = PROGRESS.c.change_set_id == change_set_id
    if not connection.execute(update(PROGRESS).where(mine).values(values)).rowcount:
        row = {"change_set_id": change_set_id, "cancelled": False, **values}
        connection.execute(insert(PROGRESS).values(row))
