"""The journal's database: opened at its first use, by each process for itself."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from vas_dash.database import Database, database_url, fault_words
from vas_dash.errors import JournalError
from vas_dash.journal.locks import Locks, locks_of
from vas_dash.journal.migrate import migrate

__all__ = ["Opened", "Store"]


@dataclass(frozen=True)
class Opened:
    """The database as this process has opened it."""

    pid: int
    database: Database
    locks: Locks


class Store:
    """Safe to share between threads. What goes wrong is one `JournalError` in plain words.

    Raises:
        SettingsError: `db_url` is no URL of SQLite or PostgreSQL.
    """

    def __init__(self, db_url: str | None) -> None:
        self._url = database_url(db_url, "VAS_DASH_DB_URL", "journal.db")
        self._opening = threading.Lock()
        self._opened: Opened | None = None

    def opened(self) -> Opened:
        """Open it, with its tables up to date, if that was not done yet."""
        opened = self._opened
        if opened is not None and opened.pid == os.getpid():
            return opened
        with self._opening:
            if self._opened is None or self._opened.pid != os.getpid():
                database = Database(self._url, durable=True)
                migrate(database)
                self._opened = Opened(os.getpid(), database, locks_of(database))
            return self._opened

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction for reading."""
        with self.faults("read"), self.opened().database.read() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction for writing; commits when it is left."""
        with self.faults("written"), self.opened().database.write() as connection:
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
