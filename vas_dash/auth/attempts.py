"""A limit on wrong passwords, shared by all workers."""

from __future__ import annotations

import hashlib
import logging
import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path

__all__ = ["WINDOW_S", "Attempts"]

log = logging.getLogger("vas_dash.auth")

WINDOW_S = 300.0
"""Attempts are counted for this long, from the first one on."""

_LIMITS = {"name and address": 5, "address": 20, "name": 50}
"""Wrong passwords within the window. By name alone many are let through: else anybody could lock
somebody else out."""

_ROWS_KEPT = 20_000

_TABLE = """
CREATE TABLE IF NOT EXISTS attempts (what TEXT PRIMARY KEY, until REAL NOT NULL, count INTEGER)
"""


class Attempts:
    """Counted in a small SQLite file, without names: somebody may type a password for a name.

    Where the file cannot be used nobody is held up: a full disk must not lock everybody out.
    """

    def __init__(self, path: Path, key: bytes) -> None:
        self._path = path
        self._key = hashlib.blake2b(key).digest()

    def begin(self, name: str, address: str) -> float | None:
        """Count one attempt; None: go on. Else the seconds until the next one is let through."""
        keys = self._keys(name, address)
        now = time.time()
        try:
            with closing(self._open()) as database, database:
                database.execute("BEGIN IMMEDIATE")
                # What lies further ahead than a window was written by a clock that went back.
                database.execute(
                    "DELETE FROM attempts WHERE until <= ? OR until > ?", (now, now + WINDOW_S)
                )
                wait_s = 0.0
                for kind, key in keys.items():
                    row = database.execute(
                        "SELECT until, count FROM attempts WHERE what = ?", (key,)
                    ).fetchone()
                    if row is not None and row[1] >= _LIMITS[kind]:
                        wait_s = max(wait_s, row[0] - now)
                if wait_s > 0:
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
        except (sqlite3.Error, OSError) as error:
            log.error("logins are not counted: %s", type(error).__name__)
        return None

    def right(self, name: str, address: str) -> None:
        """The attempt that was begun had the right password: it does not count."""
        try:
            with closing(self._open()) as database, database:
                keys = self._keys(name, address)
                pair = keys.pop("name and address")
                database.execute("DELETE FROM attempts WHERE what = ?", (pair,))
                for key in keys.values():
                    database.execute("UPDATE attempts SET count = count - 1 WHERE what = ?", (key,))
        except (sqlite3.Error, OSError) as error:
            log.error("logins are not counted: %s", type(error).__name__)

    def _open(self) -> sqlite3.Connection:
        # Made here, since SQLite would make it readable for others.
        os.close(os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600))
        database = sqlite3.connect(self._path, timeout=2.0, isolation_level=None)
        database.execute(_TABLE)
        return database

    def _keys(self, name: str, address: str) -> dict[str, str]:
        return {
            "name and address": self._digest("both", name, address),
            "address": self._digest("address", address),
            "name": self._digest("name", name),
        }

    def _digest(self, *parts: str) -> str:
        text = "\0".join(parts).encode("utf-8", "replace")
        return hashlib.blake2b(text, key=self._key, digest_size=16).hexdigest()
