"""Journals: on SQLite and, where there is one, on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from tests.contract.postgres import find_postgres, running_postgres
from vas_dash.journal import Journal


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    binaries = find_postgres()
    if binaries is None:
        pytest.skip("no PostgreSQL server here: install Debian's postgresql to test with it")
    with running_postgres(binaries) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def journal_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'journal.db'}"
    url: str = request.getfixturevalue("postgres_url")
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    engine.dispose()
    return url


@pytest.fixture
def both(journal_url: str) -> Iterator[Journal]:
    """A journal on each kind of database."""
    journal = Journal(journal_url)
    yield journal
    journal.close()


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    """A journal on SQLite."""
    journal = Journal(f"sqlite:///{tmp_path / 'journal.db'}")
    yield journal
    journal.close()
