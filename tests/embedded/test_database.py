"""Opening, filling and sharing the embedded VAS's database."""

from __future__ import annotations

import contextlib
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests
from sqlalchemy import create_engine

from tests.contract.postgres import find_postgres, running_postgres
from vas_dash.config import Settings
from vas_dash.embedded import EmbeddedVas
from vas_dash.errors import SettingsError

ROOT = Path(__file__).parents[2]
API = "/api/v1"


@contextlib.contextmanager
def processes(count: int, cwd: Path, **environment: str) -> Iterator[list[str]]:
    """Start embedded VASes at once, each in a process of its own; give their addresses."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith("VAS_")}
    started = [
        subprocess.Popen(
            [sys.executable, "-m", "vas_dash.embedded"],
            cwd=cwd,
            env=clean | {"PYTHONPATH": str(ROOT)} | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(count)
    ]
    try:
        addresses = [process.stdout.readline().strip() for process in started if process.stdout]
        assert all(addresses), [process.communicate()[1] for process in started]
        yield addresses
    finally:
        for process in started:
            process.send_signal(signal.SIGTERM)
        for process in started:
            _, errors = process.communicate(timeout=30)
            assert (process.returncode, errors) == (0, "")


def total(address: str) -> int:
    answer = requests.get(f"{address}{API}/ai-model-assignments?limit=1", timeout=30)
    assert answer.status_code == 200
    return int(answer.json()["total"])


def write_from_all(addresses: list[str]) -> None:
    """Many writes through all processes at once: for each pair one row, and no error."""
    camera = requests.get(f"{addresses[0]}{API}/devices?limit=1", timeout=30).json()[0]

    def create(number: int) -> requests.Response:
        return requests.post(
            f"{addresses[number % len(addresses)]}{API}/ai-model-assignments",
            json={"camera_id": camera["id"], "model_id": f"shared-{number // 10}"},
            timeout=30,
        )

    before = total(addresses[0])
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(create, range(100)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 10
    assert {total(address) for address in addresses} == {before + 10}


OPENER = """
import multiprocessing, sys
from vas_dash.config import Settings
from vas_dash.embedded import EmbeddedVas

forked = multiprocessing.get_context("fork")
barrier = forked.Barrier(4)

def open_each():
    for url in sys.argv[1:]:
        barrier.wait(60)
        try:
            EmbeddedVas(Settings(embedded_db_url=url, embedded_site="empty")).close()
        except BaseException:
            barrier.abort()
            raise

processes = [forked.Process(target=open_each) for _ in range(4)]
for process in processes:
    process.start()
for process in processes:
    process.join()
sys.exit(max(abs(process.exitcode) for process in processes))
"""


def open_at_the_same_moment(urls: list[str]) -> None:
    """Let four processes open each database at the same moment."""
    outcome = subprocess.run(
        [sys.executable, "-c", OPENER, *urls], cwd=ROOT, capture_output=True, text=True
    )
    assert (outcome.returncode, outcome.stderr) == (0, "")


def test_processes_that_open_a_new_database_at_the_same_moment_all_succeed(
    tmp_path: Path,
) -> None:
    urls = [f"sqlite:///{tmp_path}/{number}.db" for number in range(40)]
    open_at_the_same_moment(urls)


def test_processes_that_start_at_once_fill_the_database_once_and_share_it(tmp_path: Path) -> None:
    with processes(2, tmp_path) as addresses:
        assert [total(address) for address in addresses] == [150] * 2
        write_from_all(addresses)


def test_processes_share_postgresql_too(tmp_path: Path) -> None:
    binaries = find_postgres()
    if binaries is None:
        pytest.skip("no PostgreSQL server here: install Debian's postgresql to test with it")
    with running_postgres(binaries) as url:
        engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
        with engine.begin() as connection:
            for number in range(5):
                connection.exec_driver_sql(f"CREATE SCHEMA fresh_{number}")
        engine.dispose()
        urls = [f"{url}&options=-csearch_path%3Dfresh_{number}" for number in range(5)]
        open_at_the_same_moment(urls)
        with processes(2, tmp_path, VAS_EMBEDDED_DB_URL=url) as addresses:
            assert [total(address) for address in addresses] == [150] * 2
            write_from_all(addresses)


def test_each_site_has_a_file_of_its_own_that_keeps_what_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with served(Settings(embedded_site="empty")) as address:
        assert total(address) == 0
        for part in ("devices", "ai-models"):
            assert requests.get(f"{address}{API}/{part}", timeout=30).json() in (
                [],
                {"models": [], "total": 0},
            )
        body = {"name": "a", "rtsp_url": "rtsp://a/"}
        requests.post(f"{address}{API}/devices", json=body, timeout=30)
    with served(Settings(embedded_site="demo")) as address:
        assert total(address) == 150
    with served(Settings(embedded_site="empty")) as address:
        [camera] = requests.get(f"{address}{API}/devices", timeout=30).json()
        assert camera["name"] == "a"
    files = {path.name for path in (tmp_path / ".data").glob("*.db")}
    assert files == {"embedded-demo.db", "embedded-empty.db"}


def test_the_folder_is_closed_to_other_users(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    EmbeddedVas(Settings(embedded_site="empty")).close()
    assert stat.S_IMODE((tmp_path / ".data").stat().st_mode) == 0o700


@contextlib.contextmanager
def served(settings: Settings) -> Iterator[str]:
    vas = EmbeddedVas(settings)
    try:
        yield vas.serve()
    finally:
        vas.close()


def test_a_folder_that_cannot_be_used_is_one_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".data").write_text("a file")
    with pytest.raises(SettingsError, match=r"^\.data/embedded-demo\.db: .*\(File exists\)$"):
        EmbeddedVas(Settings())


def test_a_file_that_is_no_database_is_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "vas.db"
    path.write_text("not a database " * 100)
    with pytest.raises(SettingsError, match="VAS_EMBEDDED_DB_URL: the database cannot be used"):
        EmbeddedVas(Settings(embedded_db_url=f"sqlite:///{path}"))


@pytest.mark.parametrize(
    "url",
    [
        "nonsense",
        "mysql://root:secret@localhost/vas",
        "sqlite://",
        "sqlite:///:memory:",
        "postgresql://vas:secret@127.0.0.1:1/vas",
    ],
)
def test_a_database_url_that_cannot_be_used_is_one_clear_error_without_its_password(
    url: str,
) -> None:
    with pytest.raises(SettingsError, match=r"^VAS_EMBEDDED_DB_URL: ") as raised:
        EmbeddedVas(Settings(embedded_db_url=url))
    assert "secret" not in str(raised.value)
    assert "\n" not in str(raised.value)
