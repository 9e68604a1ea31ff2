"""SQLite or PostgreSQL through SQLAlchemy: where it is, and how its connections behave."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from vas_dash.errors import SettingsError

__all__ = [
    "BUSY_TIMEOUT_S",
    "DATA_FOLDER",
    "Database",
    "advisory_lock",
    "database_url",
    "fault_words",
    "file_lock",
    "file_of",
]

DATA_FOLDER = Path(".data")
BUSY_TIMEOUT_S = 5.0


class Database:
    """An engine with one way to read and one way to write. Safe to share between threads.

    Each process opens its own: a pool of connections must not cross a fork. `durable`: what is
    committed survives a power cut too (SQLite; PostgreSQL is set up so by its owner). `read_only`
    opens a file of SQLite on a disk that cannot be written.
    """

    def __init__(self, url: URL, *, durable: bool = False, read_only: bool = False) -> None:
        self.url = url
        self.read_only = read_only
        self.engine = _engine(_read_only(url) if read_only else url, durable, read_only)
        self._writing = self.engine.execution_options(writing=True)

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self.engine.dialect.name

    def read(self) -> AbstractContextManager[Connection]:
        """A context with a connection in a transaction for reading."""
        return self.engine.begin()

    def write(self) -> AbstractContextManager[Connection]:
        """A context with a connection in a transaction for writing; commits when it is left."""
        return self._writing.begin()

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


def database_url(db_url: str | None, variable: str, default_file: str) -> URL:
    """The URL in the setting `variable`, or that of a file in `.data/`.

    Raises:
        SettingsError: it is no URL of SQLite or PostgreSQL.
    """
    if db_url is None:
        return URL.create("sqlite", database=str(DATA_FOLDER / default_file))
    try:
        url = make_url(db_url)
    except ArgumentError:
        raise SettingsError(f"{variable}: not an SQLAlchemy URL") from None
    backend = url.get_backend_name()
    if backend in ("postgresql", "postgres"):
        if find_spec("psycopg") is None:
            raise SettingsError(f"{variable}: PostgreSQL needs the package psycopg")
        return url.set(drivername="postgresql+psycopg")
    if backend != "sqlite":
        raise SettingsError(f"{variable}: must begin with sqlite:/// or postgresql://")
    if not url.database or url.database == ":memory:":
        raise SettingsError(f"{variable}: SQLite needs a file, as in sqlite:///vas.db")
    return url


def fault_words(error: SQLAlchemyError | OSError, url: URL) -> str:
    """The first line of the driver's own words, without the URL's password."""
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    if not isinstance(error, DBAPIError):
        return type(error).__name__
    words = str(error.orig).partition("\n")[0]
    return words.replace(url.password, "***") if url.password else words


def file_of(url: URL) -> Path:
    """The file of a SQLite database."""
    return Path(str(url.database).removeprefix("file:"))


def file_lock(url: URL) -> AbstractContextManager[None]:
    """Held while connecting for the first time: one process at a time, with SQLite.

    Of several that change a file to WAL at once some fail, without waiting.
    """
    if url.get_backend_name() == "postgresql":
        return nullcontext()
    return _locked(Path(f"{file_of(url)}.lock"))


def advisory_lock(connection: Connection, number: int) -> None:
    """Lock this number until the transaction ends, with PostgreSQL; waits for another's lock.

    With SQLite a transaction for writing is alone anyway.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SELECT pg_advisory_xact_lock({number})"))


def _read_only(url: URL) -> URL:
    """The file as it is. https://www.sqlite.org/wal.html#read_only_databases"""
    path = file_of(url).absolute()
    query = {"mode": "ro", "uri": "true"}
    if not Path(f"{path}-wal").exists():
        # There is nothing to read from it, and no process can write: the index needs no file.
        query["immutable"] = "1"
    return url.set(database=f"file:{quote(str(path))}", query=query)


def _engine(url: URL, durable: bool, read_only: bool) -> Engine:
    pool = {"pool_size": 8, "max_overflow": 24, "pool_timeout": BUSY_TIMEOUT_S}
    # Parameters can carry passwords: they must not stand in an error's text.
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
        connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
        if not read_only:
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
