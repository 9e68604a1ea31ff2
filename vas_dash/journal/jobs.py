"""Jobs: who was asked to apply a change set, how far that is, and whether it is to stop."""

from __future__ import annotations

import secrets
from typing import Any

from sqlalchemy import Connection, insert, select, update

from vas_dash.database import advisory_lock
from vas_dash.domain.records import State
from vas_dash.journal.store import Store
from vas_dash.journal.tables import CHANGE_SETS, JOBS

__all__ = ["JobTable"]

WRITE_LOCK = 0x4A4F55524A42
"""PostgreSQL: the first row of a change set is made only once. "JOURJB" in ASCII."""

JOB_BITS = 52
"""A job is a random number of so many bits: any JSON carries it unharmed."""


class JobTable:
    """What the page and whoever applies tell each other, through the journal that both have.

    Every method raises JournalError when the journal cannot be used.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def hand_over(self, change_set_id: int) -> int | None:
        """A job for whoever is to apply it; None where it is not ready.

        A job that was handed over before and not taken is void.
        """
        job = secrets.randbits(JOB_BITS)
        with self._store.write() as connection:
            advisory_lock(connection, WRITE_LOCK)
            ready = select(CHANGE_SETS.c.id).where(
                CHANGE_SETS.c.id == change_set_id, CHANGE_SETS.c.state == State.READY
            )
            if connection.execute(ready).first() is None:
                return None
            values = {"job": job, "taken": False, "cancelled": False, "progress": None}
            _put(connection, change_set_id, values)
        return job

    def take_back(self, change_set_id: int, job: int) -> None:
        """The job is void: whoever gets it, later than anybody waited, leaves it alone."""
        mine = (JOBS.c.change_set_id == change_set_id) & (JOBS.c.job == job)
        with self._store.write() as connection:
            connection.execute(update(JOBS).where(mine).values(job=None))

    def take(self, change_set_id: int, job: int) -> bool:
        """Whether the job is still to be done; only one of all who ask hears yes."""
        mine = (JOBS.c.change_set_id == change_set_id) & (JOBS.c.job == job) & ~JOBS.c.taken
        with self._store.write() as connection:
            taken = connection.execute(update(JOBS).where(mine).values(taken=True))
            return taken.rowcount == 1

    def current(self, change_set_id: int) -> int | None:
        """The job that was handed over last; None: none, or it is void."""
        with self._store.read() as connection:
            wanted = select(JOBS.c.job).where(JOBS.c.change_set_id == change_set_id)
            return connection.execute(wanted).scalar()

    def cancel(self, change_set_id: int) -> None:
        """Whoever applies it is to stop."""
        self._write(change_set_id, {"cancelled": True})

    def is_cancelled(self, change_set_id: int) -> bool:
        """Whether it is to stop."""
        with self._store.read() as connection:
            wanted = select(JOBS.c.cancelled).where(JOBS.c.change_set_id == change_set_id)
            return bool(connection.execute(wanted).scalar())

    def tell(self, change_set_id: int, progress: str) -> None:
        """How far it is, as a text of whoever applies it."""
        self._write(change_set_id, {"progress": progress})

    def told(self, change_set_id: int) -> str | None:
        """How far it was last said to be; None: nothing was said, or it is not being applied."""
        wanted = (
            select(JOBS.c.progress)
            .join(CHANGE_SETS, CHANGE_SETS.c.id == JOBS.c.change_set_id)
            .where(JOBS.c.change_set_id == change_set_id, CHANGE_SETS.c.state == State.APPLYING)
        )
        with self._store.read() as connection:
            return connection.execute(wanted).scalar()

    def _write(self, change_set_id: int, values: dict[str, Any]) -> None:
        with self._store.write() as connection:
            advisory_lock(connection, WRITE_LOCK)
            _put(connection, change_set_id, values)


def _put(connection: Connection, change_set_id: int, values: dict[str, Any]) -> None:
    mine = JOBS.c.change_set_id == change_set_id
    if not connection.execute(update(JOBS).where(mine).values(values)).rowcount:
        empty = {"taken": False, "cancelled": False}
        connection.execute(insert(JOBS).values({"change_set_id": change_set_id, **empty, **values}))
