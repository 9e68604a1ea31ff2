"""Opening the database: where it is, how its connections behave, and its first fill."""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, insert, make_url, select, text
from sqlalchemy.exc import ArgumentError, DBAPIError

from vas_dash.embedded.sites import Site, build_site
from vas_dash.embedded.tables import AI_MODELS, ASSIGNMENTS, DEVICES, FILLED, METADATA
from vas_dash.errors import SettingsError

__all__ = ["Database", "open_database"]

DATA_FOLDER = Path(".data")
BUSY_TIMEOUT_S = 5.0
ADVISORY_LOCK = 0x5641535F44415348
"""Any number that no other user of the same PostgreSQL database locks: "VAS_DASH" in ASCII."""


class Database:
    """An engine with one way to read and one way to write. Safe to share between threads.

    Each process opens its own: a pool of connections must not cross a fork.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writing = engine.execution_options(writing=True)

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self._engine.dialect.name

    def read(self) -> AbstractContextManager[Connection]:
        """A context with a connection in a transaction for reading."""
        return self._engine.begin()

    def write(self) -> AbstractContextManager[Connection]:
        """A context with a connection in a transaction for writing; commits when it is left."""
        return self._writing.begin()

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()


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
    url = _url(db_url, site)
    engine = _engine(url)
    try:
        with _one_at_a_time(url), engine.execution_options(writing=True).begin() as connection:
            if engine.dialect.name == "postgresql":
                connection.execute(text(f"SELECT pg_advisory_xact_lock({ADVISORY_LOCK})"))
            _fill(connection, lambda: build_site(site))
    except (DBAPIError, OSError) as error:
        engine.dispose()
        where = "VAS_EMBEDDED_DB_URL" if db_url else str(url.database)
        raise SettingsError(
            f"{where}: the database cannot be used ({_reason(error, url)})"
        ) from None
    return Database(engine)


def _reason(error: DBAPIError | OSError, url: URL) -> str:
    """The first line of the driver's own words, without the URL's password."""
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    words = str(error.orig).partition("\n")[0]
    return words.replace(url.password, "***") if url.password else words


def _url(db_url: str | None, site: str) -> URL:
    if db_url is None:
        return URL.create("sqlite", database=str(DATA_FOLDER / f"embedded-{site}.db"))
    try:
        url = make_url(db_url)
    except ArgumentError:
        raise SettingsError("VAS_EMBEDDED_DB_URL: not an SQLAlchemy URL") from None
    backend = url.get_backend_name()
    if backend in ("postgresql", "postgres"):
        return url.set(drivername="postgresql+psycopg")
    if backend != "sqlite":
        raise SettingsError("VAS_EMBEDDED_DB_URL: must begin with sqlite:/// or postgresql://")
    if not url.database or url.database == ":memory:":
        raise SettingsError("VAS_EMBEDDED_DB_URL: SQLite needs a file, as in sqlite:///vas.db")
    return url


def _engine(url: URL) -> Engine:
    pool = {"pool_size": 8, "max_overflow": 24, "pool_timeout": BUSY_TIMEOUT_S}
    # Parameters carry passwords of cameras: they must not stand in an error's text.
    if url.get_backend_name() == "postgresql":
        return create_engine(
            url,
            hide_parameters=True,
            pool_pre_ping=True,
            connect_args={"connect_timeout": 5},
            **pool,
        )
    engine = create_engine(
        url, hide_parameters=True, connect_args={"timeout": BUSY_TIMEOUT_S}, **pool
    )

    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: Any) -> None:
        # No implicit BEGIN from the driver: the one below is the only one.
        connection.isolation_level = None
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA journal_mode = WAL")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A writer that begins as a reader cannot wait for another writer; it fails at once.
        writing = connection.get_execution_options().get("writing", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")

    return engine


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _one_at_a_time(url: URL) -> AbstractContextManager[None]:
    """SQLite: of several that change a file to WAL at once some fail, without waiting."""
    if url.get_backend_name() == "postgresql":
        return nullcontext()
    return _locked(Path(f"{url.database}.lock"))


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
