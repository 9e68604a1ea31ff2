"""A lock for each change set that dies with the process that holds it.

With SQLite a byte of a lock file beside it, one for each number: the kernel lets go of it when the
file is closed. Locks of open file descriptions are used, since those of a process would let in a
second thread of it. With PostgreSQL an advisory lock of a connection of its own.
"""

from __future__ import annotations

import fcntl
import os
import struct
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from vas_dash.database import Database, file_of

__all__ = ["Locks", "locks_of"]

ADVISORY_CLASS = 0x4A4F5552
"""The first half of the keys of the locks in PostgreSQL: "JOUR" in ASCII."""


class Locks(Protocol):
    """Locks by number."""

    def hold(self, number: int) -> AbstractContextManager[bool]:
        """Hold one; false when another process holds it. Never waits."""

    def held(self, number: int) -> bool:
        """Whether anybody holds it."""


def locks_of(database: Database) -> Locks:
    """The locks that everybody who shares the database shares."""
    if database.dialect == "postgresql":
        return _AdvisoryLocks(database)
    return _FileLocks(Path(f"{file_of(database.url)}.applying"))


class _FileLocks:
    def __init__(self, path: Path) -> None:
        self._path = path

    @contextmanager
    def hold(self, number: int) -> Iterator[bool]:
        file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.fcntl(file, fcntl.F_OFD_SETLK, _flock(number))
            except (BlockingIOError, PermissionError):
                yield False
                return
            yield True
        finally:
            os.close(file)

    def held(self, number: int) -> bool:
        try:
            file = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            answer = fcntl.fcntl(file, fcntl.F_OFD_GETLK, _flock(number))
        finally:
            os.close(file)
        kind: int = struct.unpack_from("h", answer)[0]
        return kind != fcntl.F_UNLCK


def _flock(number: int) -> bytes:
    """`struct flock` of fcntl(2): type, whence, start, length, pid."""
    return struct.pack("@hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, number, 1, 0)


class _AdvisoryLocks:
    def __init__(self, database: Database) -> None:
        self._database = database
        # A pool would keep the lock with the connection.
        self._engine = create_engine(
            database.url,
            hide_parameters=True,
            poolclass=NullPool,
            isolation_level="AUTOCOMMIT",
            connect_args={"connect_timeout": 5},
        )

    @contextmanager
    def hold(self, number: int) -> Iterator[bool]:
        key = {"class": ADVISORY_CLASS, "number": number}
        with self._engine.connect() as connection:
            taken = connection.execute(text("SELECT pg_try_advisory_lock(:class, :number)"), key)
            mine = bool(taken.scalar())
            yield mine
            if mine:
                # The server would let go of it only some time after the connection is closed.
                connection.execute(text("SELECT pg_advisory_unlock(:class, :number)"), key)

    def held(self, number: int) -> bool:
        with self._database.read() as connection:
            found = connection.execute(
                text(
                    "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2 "
                    "AND classid = :class AND objid = :number AND granted AND database = "
                    "(SELECT oid FROM pg_database WHERE datname = current_database())"
                ),
                {"class": ADVISORY_CLASS, "number": number},
            ).first()
        return found is not None
