"""Databases and pages for the tests of docs/reliability.md."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contract.postgres import PostgresServer, find_postgres


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    """A server that a test may stop, if it starts it again."""
    binaries = find_postgres()
    if binaries is None:
        pytest.skip("no PostgreSQL server here: install Debian's postgresql to test with it")
    with PostgresServer(binaries) as server:
        yield server
