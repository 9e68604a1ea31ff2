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
from collections.abc import Iterator
from pathlib import Path

import requests

ROOT = Path(__file__).resolve().parent.parent
START_LIMIT_S = 60.0


@contextlib.contextmanager
def fleet(cameras: int) -> Iterator[str]:
    """The embedded VAS with the fleet site cut down to `cameras`; gives its base address."""
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "fleet.db"
        environment = {"SITE": "fleet", "VAS_EMBEDDED_DB_URL": f"sqlite:///{database}"}
        port = free_port()
        command = [sys.executable, "-m", "vas_dash.embedded", "--port", str(port)]
        url = f"http://127.0.0.1:{port}"
        with running(command, environment, f"{url}/health"):
            with contextlib.closing(sqlite3.connect(database, timeout=30)) as connection:
                connection.execute("PRAGMA foreign_keys = ON")
                connection.execute(
                    "DELETE FROM embedded_devices WHERE id NOT IN "
                    "(SELECT id FROM embedded_devices LIMIT ?)",
                    (cameras,),
                )
                connection.commit()
            yield url


@contextlib.contextmanager
def page(vas_url: str, **settings: str) -> Iterator[str]:
    """One gunicorn worker with the page on the VAS at `vas_url`; gives the page's address."""
    port = free_port()
    environment = {"VAS_API_URL": vas_url, "PORT": str(port), "WEB_CONCURRENCY": "1", **settings}
    url = f"http://127.0.0.1:{port}/ai-models/"
    with running([sys.executable, "app.py"], environment, f"{url}healthz"):
        yield url


@contextlib.contextmanager
def bare_dash() -> Iterator[str]:
    """One gunicorn worker with `bench.bare_dash`; gives its address."""
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "--no-control-socket", "--worker-class", "gthread"]
    command += ["--threads", "8", "--log-level", "error", "--bind", f"127.0.0.1:{port}"]
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
