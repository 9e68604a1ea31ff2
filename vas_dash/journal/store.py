"""The journal's database: opened at its first use, by each process for itself."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from vas_dash.database import Database, database_url, fault_words, file_of
from vas_dash.errors import JournalError
from vas_dash.journal.locks import Locks, locks_of
from vas_dash.journal.migrate import is_up_to_date, migrate

__all__ = ["Opened", "Store"]


@dataclass(frozen=True)
class Opened:
    """The database as this process has opened it."""

    pid: int
    database: Database
    locks: Locks

    def serves(self, to_write: bool) -> bool:
        """Whether it is this process's, and good for writing where that is wanted."""
        return self.pid == os.getpid() and not (to_write and self.database.read_only)


_NOT_WRITABLE = (errno.EROFS, errno.EACCES, errno.EPERM)


class Store:
    """Safe to share between threads. What goes wrong is one `JournalError` in plain words.

    Raises:
        SettingsError: `db_url` is no URL of SQLite or PostgreSQL.
    """

    def __init__(self, db_url: str | None) -> None:
        self._url = database_url(db_url, "VAS_DASH_DB_URL", "journal.db")
        self._opening = threading.Lock()
        self._opened: Opened | None = None

    def opened(self, *, to_write: bool = False) -> Opened:
        """Open it, with its tables up to date, if that was not done yet.

        On a disk that cannot be written a journal that is up to date can still be read; who
        wants to write tries anew.
        """
        opened = self._opened
        if opened is None or not opened.serves(to_write):
            with self._opening:
                opened = self._opened
                if opened is None or not opened.serves(to_write):
                    if opened is not None and opened.pid == os.getpid():
                        # Within a process SQLite shares what its connections may do with a file.
                        opened.database.close()
                    opened = self._opened = self._open(to_write)
        return opened

    def _open(self, to_write: bool) -> Opened:
        database = Database(self._url, durable=True)
        try:
            migrate(database)
        except OSError as error:
            if to_write or error.errno not in _NOT_WRITABLE or not file_of(self._url).exists():
                raise
            database = Database(self._url, read_only=True)
            if not is_up_to_date(database):
                raise
        return Opened(os.getpid(), database, locks_of(database))

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction for reading."""
        with self.faults("read"), self.opened().database.read() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction for writing; commits when it is left."""
        with self.faults("written"), self.opened(to_write=True).database.write() as connection:
            yield connection

    @contextmanager
    def faults(self, what: str) -> Iterator[None]:
        """Turn what a database raises into a `JournalError`."""
        try:
            yield
        except (SQLAlchemyError, OSError) as error:
            words = fault_words(error, self._url)
            raise JournalError(f"the journal cannot be {what}: {words}") from None
        except UnicodeError:
            why = "a text holds a character that cannot be stored"
            raise JournalError(f"the journal cannot be {what}: {why}") from None

    def close(self) -> None:
        """Close the connections."""
        with self._opening:
            opened, self._opened = self._opened, None
        if opened is not None and opened.pid == os.getpid():
            opened.database.close()
