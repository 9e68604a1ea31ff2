"""Opening the database of the embedded VAS, and its first fill."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import DBAPIError

from vas_dash.database import Database, advisory_lock, database_url, fault_words, file_lock
from vas_dash.embedded.sites import Site, build_site
from vas_dash.embedded.tables import AI_MODELS, ASSIGNMENTS, DEVICES, FILLED, METADATA
from vas_dash.errors import SettingsError

__all__ = ["open_database"]

ADVISORY_LOCK = 0x5641535F44415348
"""Any number that no other user of the same PostgreSQL database locks: "VAS_DASH" in ASCII."""


def open_database(db_url: str | None, site: str) -> Database:
    """Open the database, and make and fill it where that has not been done.

    Any number of processes may do this at once: one makes and fills it, the others wait for it. A
    database that is filled keeps what it has, whatever `site` says.

    Args:
        db_url: an SQLAlchemy URL of SQLite or PostgreSQL, or None for a file of `site` in `.data/`.
        site: what to fill it with.

    Raises:
        SettingsError: the URL, the folder or the database cannot be used.
    """
    database = Database(database_url(db_url, "VAS_EMBEDDED_DB_URL", f"embedded-{site}.db"))
    try:
        with file_lock(database.url), database.write() as connection:
            advisory_lock(connection, ADVISORY_LOCK)
            _fill(connection, lambda: build_site(site))
    except (DBAPIError, OSError) as error:
        database.close()
        where = "VAS_EMBEDDED_DB_URL" if db_url else str(database.url.database)
        words = fault_words(error, database.url)
        raise SettingsError(f"{where}: the database cannot be used ({words})") from None
    return database


def _fill(connection: Connection, build: Callable[[], Site]) -> None:
    METADATA.create_all(connection)
    if connection.execute(select(FILLED.c.site)).first() is not None:
        return
    site = build()
    for table, rows in (
        (DEVICES, site.devices),
        (AI_MODELS, site.ai_models),
        (ASSIGNMENTS, site.assignments),
    ):
        if rows:
            connection.execute(insert(table), rows)
    connection.execute(insert(FILLED), {"site": site.name})
