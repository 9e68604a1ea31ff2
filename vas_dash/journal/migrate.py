"""Bring the journal's tables up to date: the first process does it, others wait."""

from __future__ import annotations

import threading
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from vas_dash.database import Database, advisory_lock, file_lock

__all__ = ["HEAD", "VERSION_TABLE", "is_up_to_date", "migrate", "migrate_connection"]

HEAD = "0004"
"""The newest migration: where the journal is at it, Alembic is not even loaded."""

VERSION_TABLE = "journal_version"

ADVISORY_LOCK = 0x4A4F55524E414C
"""Any number that no other user of the same PostgreSQL database locks: "JOURNAL" in ASCII."""

_one_by_one = threading.Lock()
"""Alembic keeps the migration that runs in its modules: a process can run one at a time."""

_SCRIPTS = Path(__file__).with_name("migrations")


def migrate(database: Database) -> None:
    """Make or change the tables where needed. Any number of processes may do this at once."""
    with file_lock(database.url):
        with database.read() as connection:
            if _version(connection) == HEAD:
                return
        with database.write() as connection:
            advisory_lock(connection, ADVISORY_LOCK)
            if _version(connection) != HEAD:
                migrate_connection(connection)


def is_up_to_date(database: Database) -> bool:
    """Whether nothing is to be made or changed."""
    with database.read() as connection:
        return _version(connection) == HEAD


def migrate_connection(connection: Connection, revision: str = "head") -> None:
    """Migrate in the transaction that `connection` is in, up to `revision`."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    with _one_by_one:
        command.upgrade(config, revision)


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    found: str | None = connection.execute(
        text(f"SELECT version_num FROM {VERSION_TABLE}")
    ).scalar()
    return found
