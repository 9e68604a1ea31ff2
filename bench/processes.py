"""The product as real processes, for the benches: an embedded VAS of any size, and the page."""

from __future__ import annotations

import contextlib
import os
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import requests

ROOT = Path(__file__).resolve().parent.parent
START_LIMIT_S = 60.0


@contextlib.contextmanager
def fleet(cameras: int) -> Iterator[str]:
    """The embedded VAS with the fleet site, cut down or copied to `cameras`; gives its address."""
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "fleet.db"
        environment = {"SITE": "fleet", "VAS_EMBEDDED_DB_URL": f"sqlite:///{database}"}
        port = free_port()
        command = [sys.executable, "-m", "vas_dash.embedded", "--port", str(port)]
        url = f"http://127.0.0.1:{port}"
        with running(command, environment, f"{url}/health"):
            with contextlib.closing(sqlite3.connect(database, timeout=30)) as connection:
                _resize(connection, cameras)
            yield url


_COPIES = "12356789abcdef"
"""What takes the place of the version in the id of a copy: 4 is that of the originals."""
_COPY_DEVICES = """
INSERT INTO embedded_devices
SELECT substr(id, 1, 14) || :copy || substr(id, 16), name || ' ' || :copy, description,
    rtsp_url || '/' || :copy, is_active, location, created_at, updated_at
FROM embedded_devices WHERE rowid <= :last
"""
_COPY_ASSIGNMENTS = """
INSERT INTO embedded_ai_model_assignments
SELECT substr(id, 1, 14) || :copy || substr(id, 16),
    substr(camera_id, 1, 14) || :copy || substr(camera_id, 16),
    model_id, enabled, desired_fps, priority, parameters, created_at, updated_at
FROM embedded_ai_model_assignments WHERE rowid <= :last
"""


def _resize(connection: sqlite3.Connection, cameras: int) -> None:
    """Take cameras out, or copy all of them with their assignments, as often as is needed."""
    connection.execute("PRAGMA foreign_keys = ON")
    lasts = [
        connection.execute(f"SELECT max(rowid) FROM embedded_{table}").fetchone()[0]
        for table in ("devices", "ai_model_assignments")
    ]
    copies = -(-cameras // lasts[0]) - 1
    for copy in _COPIES[:copies]:
        for statement, last in zip((_COPY_DEVICES, _COPY_ASSIGNMENTS), lasts, strict=True):
            connection.execute(statement, {"copy": copy, "last": last})
    connection.execute(
        "DELETE FROM embedded_devices WHERE rowid > "
        "(SELECT rowid FROM embedded_devices ORDER BY rowid LIMIT 1 OFFSET ?)",
        (cameras - 1,),
    )
    connection.commit()


@contextlib.contextmanager
def page(vas_url: str, **settings: str) -> Iterator[str]:
    """One gunicorn worker with the page on the VAS at `vas_url`; gives the page's address."""
    with page_and_memory(vas_url, **settings) as (url, _):
        yield url


@contextlib.contextmanager
def page_and_memory(vas_url: str, **settings: str) -> Iterator[tuple[str, Callable[[], float]]]:
    """As `page`; with a function that gives the memory of its worker, in MiB."""
    port = free_port()
    environment = {"VAS_API_URL": vas_url, "PORT": str(port), "WEB_CONCURRENCY": "1", **settings}
    url = f"http://127.0.0.1:{port}/ai-models/"
    with running([sys.executable, "app.py"], environment, f"{url}healthz") as process:
        yield url, lambda: _memory_of_child(process.pid)


def _memory_of_child(pid: int) -> float:
    """The resident memory of a process's only child."""
    (child,) = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    pages = int(Path(f"/proc/{child}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


@contextlib.contextmanager
def bare_dash() -> Iterator[str]:
    """One gunicorn worker with `bench.bare_dash`; gives its address."""
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "--no-control-socket", "--worker-class", "gthread"]
    command += ["--threads", "8", "--keep-alive", "60", "--log-level", "error"]
    command += ["--bind", f"127.0.0.1:{port}"]
    url = f"http://127.0.0.1:{port}/"
    with running([*command, "bench.bare_dash:server"], {}, url):
        yield url


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def served(
    command: list[str], environment: dict[str, str], ready_url: str, url: str
) -> Iterator[str]:
    """A process as `running` has it; gives `url`."""
    with running(command, environment, ready_url):
        yield url


@contextlib.contextmanager
def running(
    command: list[str], environment: dict[str, str], ready_url: str
) -> Iterator[subprocess.Popen[bytes]]:
    """A process, from when it answers at `ready_url` until the context is left."""
    process = subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, **environment}, stdout=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + START_LIMIT_S
        while not _answers(ready_url):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{' '.join(command)} did not start")
            time.sleep(0.05)
        yield process
    finally:
        process.terminate()
        process.wait()


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=1).ok
    except requests.RequestException:
        return False
