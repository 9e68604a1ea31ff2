"""A limit on wrong passwords, shared by all workers."""

from __future__ import annotations

import hashlib
import logging
import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

__all__ = ["WINDOW_S", "Attempts"]

log = logging.getLogger("vas_dash.auth")

WINDOW_S = 300.0
"""Attempts are counted for this long, from the first one on."""

WAIT_S = 2.0
"""Longest wait for another process that counts."""

_LIMITS = {"name and address": 5, "address": 20, "name": 50}
"""Wrong passwords within the window. By name alone many are let through: otherwise a stranger
could lock a user out."""

_ROWS_KEPT = 20_000

_TABLE = """
CREATE TABLE IF NOT EXISTS attempts (what TEXT PRIMARY KEY, until REAL NOT NULL, count INTEGER)
"""


class Attempts:
    """Counted in a small SQLite file, without names: some type a password as the name.

    Where the file cannot be used each process counts for itself: a full disk locks no user out, and
    passwords cannot be guessed without a limit either.
    """

    def __init__(self, path: Path, key: bytes) -> None:
        self._path = path
        self._key = hashlib.blake2b(key).digest()
        self._lock = threading.Lock()
        self._memory = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)

    def begin(self, name: str, address: str) -> float | None:
        """Count one attempt; None: go on. Else the seconds until the next one is let through."""
        keys = self._keys(name, address)
        with self._lock:
            # What was counted while the file could not be used holds afterwards too.
            wait_s = _waits(self._memory, keys)
        if wait_s is not None:
            return wait_s
        try:
            with closing(self._open()) as database:
                return _begun(database, keys)
        except (sqlite3.Error, OSError) as error:
            self._tell(error)
        with self._lock:
            return _begun(self._memory, keys)

    def right(self, name: str, address: str) -> None:
        """The attempt that was begun had the right password: it does not count."""
        keys = self._keys(name, address)
        with self._lock:
            _forgotten(self._memory, keys)
        try:
            with closing(self._open()) as database:
                _forgotten(database, keys)
        except (sqlite3.Error, OSError) as error:
            self._tell(error)

    @staticmethod
    def _tell(error: Exception) -> None:
        log.error("logins are counted by this process alone: %s", type(error).__name__)

    def _open(self) -> sqlite3.Connection:
        # Made here, since SQLite would make it readable for others.
        os.close(os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600))
        return sqlite3.connect(self._path, timeout=WAIT_S, isolation_level=None)

    def _keys(self, name: str, address: str) -> dict[str, str]:
        return {
            "name and address": self._digest("both", name, address),
            "address": self._digest("address", address),
            "name": self._digest("name", name),
        }

    def _digest(self, *parts: str) -> str:
        text = "\0".join(parts).encode("utf-8", "replace")
        return hashlib.blake2b(text, key=self._key, digest_size=16).hexdigest()


@contextmanager
def _written(database: sqlite3.Connection) -> Iterator[float]:
    """A transaction on the table, which is made where it is missing; gives the time."""
    with database:
        # At once a writer: two that both made the table after a look would fail at it.
        database.execute("BEGIN IMMEDIATE")
        database.execute(_TABLE)
        now = time.time()
        # What lies further ahead than a window was written by a clock that went back.
        database.execute(
            "DELETE FROM attempts WHERE until <= ? OR until > ?", (now, now + WINDOW_S)
        )
        yield now


def _waits(database: sqlite3.Connection, keys: Mapping[str, str]) -> float | None:
    with _written(database) as now:
        return _wait(database, keys, now)


def _wait(database: sqlite3.Connection, keys: Mapping[str, str], now: float) -> float | None:
    waits = []
    for kind, key in keys.items():
        found = database.execute("SELECT until, count FROM attempts WHERE what = ?", (key,))
        row = found.fetchone()
        if row is not None and row[1] >= _LIMITS[kind]:
            waits.append(row[0] - now)
    return max(waits, default=None)


def _begun(database: sqlite3.Connection, keys: Mapping[str, str]) -> float | None:
    """Count one attempt, unless it has to wait: then the seconds."""
    with _written(database) as now:
        wait_s = _wait(database, keys, now)
        if wait_s is not None:
            return wait_s
        for key in keys.values():
            database.execute(
                "INSERT INTO attempts VALUES (?, ?, 1)"
                " ON CONFLICT (what) DO UPDATE SET count = count + 1",
                (key, now + WINDOW_S),
            )
        database.execute(
            "DELETE FROM attempts WHERE what IN (SELECT what FROM attempts"
            " ORDER BY until DESC LIMIT -1 OFFSET ?)",
            (_ROWS_KEPT,),
        )
    return None


def _forgotten(database: sqlite3.Connection, keys: Mapping[str, str]) -> None:
    """The attempt that was counted is no wrong one."""
    with _written(database):
        for kind, key in keys.items():
            if kind == "name and address":
                database.execute("DELETE FROM attempts WHERE what = ?", (key,))
            else:
                database.execute(
                    "UPDATE attempts SET count = max(count - 1, 0) WHERE what = ?", (key,)
                )
