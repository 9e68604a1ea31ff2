"""What the contract is held against.

`VAS_CONTRACT_URL` (and `VAS_CONTRACT_API_KEY`) names a real VAS; otherwise the embedded one is
started here, on SQLite and, where there is one, on PostgreSQL.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext

import pytest
from pydantic import SecretStr

from tests.contract.postgres import find_postgres, running_postgres
from tests.contract.support import Json, Vas, make_camera
from vas_dash.config import Settings
from vas_dash.embedded import EmbeddedVas

GIVEN_URL = os.environ.get("VAS_CONTRACT_URL", "").rstrip("/")
GIVEN_KEY = os.environ.get("VAS_CONTRACT_API_KEY") or None


@pytest.fixture(scope="session", params=["given"] if GIVEN_URL else ["sqlite", "postgresql"])
def vas(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vas]:
    if GIVEN_URL:
        yield Vas(GIVEN_URL, GIVEN_KEY, embedded=False)
        return
    with _database(request.param, tmp_path_factory) as url:
        served = EmbeddedVas(Settings(embedded_db_url=url))
        yield Vas(served.serve(), None, embedded=True)
        served.close()


@pytest.fixture(scope="session")
def locked_vas(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vas]:
    """A VAS that asks for a key."""
    if GIVEN_URL:
        if GIVEN_KEY is None:
            pytest.skip("VAS_CONTRACT_API_KEY is not set")
        yield Vas(GIVEN_URL, GIVEN_KEY, embedded=False)
        return
    url = f"sqlite:///{tmp_path_factory.mktemp('locked') / 'vas.db'}"
    served = EmbeddedVas(
        Settings(embedded_db_url=url, embedded_site="empty", embedded_api_key=SecretStr("a-key"))
    )
    yield Vas(served.serve(), "a-key", embedded=True)
    served.close()


@pytest.fixture
def camera(vas: Vas) -> Iterator[Json]:
    """A camera of this test's own; its assignments go with it."""
    made = make_camera(vas)
    yield made
    vas("DELETE", f"/devices/{made['id']}")


def _database(kind: str, tmp_path_factory: pytest.TempPathFactory) -> AbstractContextManager[str]:
    if kind == "postgresql":
        binaries = find_postgres()
        if binaries is None:
            pytest.skip("no PostgreSQL server here: install Debian's postgresql to test with it")
        return running_postgres(binaries)
    return nullcontext(f"sqlite:///{tmp_path_factory.mktemp('vas') / 'vas.db'}")
