"""Redis and workers as real processes, and a VAS that can be held in the middle of an apply."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import psutil
import redis

from tests.fakes.faulty_vas import FaultyVas
from vas_dash import Settings

ROOT = Path(__file__).resolve().parents[2]

QUEUE_PASSWORD = "queue-p4ssw0rd"
"""Must never come out of the product."""

DEADLINE_S = 60.0

Found = TypeVar("Found")


def wait_for(look: Callable[[], Found | None], what: str) -> Found:
    """What `look` finds as soon as that is something."""
    deadline = time.monotonic() + DEADLINE_S
    while not (found := look()):
        assert time.monotonic() < deadline, f"waited in vain: {what}"
        time.sleep(0.02)
    return found


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


def environment(settings: Settings) -> dict[str, str]:
    """This one's, with these settings and no others of the product."""
    names = {str(field.alias): name for name, field in Settings.model_fields.items()}
    clean = {name: value for name, value in os.environ.items() if name not in names}
    for alias, name in names.items():
        value = getattr(settings, name)
        if value is not None:
            clean[alias] = value.get_secret_value() if "api_key" in name else str(value)
    return clean | {"PYTHONPATH": str(ROOT)}


class Redis:
    """A server with a password, on a port that stays its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()

    @property
    def url(self) -> str:
        return f"redis://:{QUEUE_PASSWORD}@127.0.0.1:{self.port}/0"

    @property
    def client(self) -> redis.Redis:
        return redis.Redis(port=self.port, password=QUEUE_PASSWORD)

    def start(self) -> None:
        program = shutil.which("redis-server")
        assert program is not None, "no Redis here: run tests/ensure-redis"
        arguments = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", ""]
        arguments += ["--dir", str(self._folder), "--requirepass", QUEUE_PASSWORD]
        self._process = subprocess.Popen([program, *arguments], stdout=subprocess.DEVNULL)
        wait_for(self._answers, "Redis answers")

    def signal(self, one: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(one)

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def holds(self, text: str) -> bool:
        """Whether any key or value has it."""
        with self.client as client:
            every = [(key, client.dump(key)) for key in client.scan_iter()]
        return any(text.encode() in part for pair in every for part in pair if part is not None)

    def _answers(self) -> bool:
        with suppress(redis.ConnectionError), self.client as client:
            return bool(client.ping())
        return False


class Worker:
    """`make worker`."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self._settings = settings
        self._folder = folder
        self.log = folder / "worker.log"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Until it is ready; one that works is left as it is."""
        if self.process is not None and self.process.poll() is None:
            return
        with self.log.open("ab") as log:
            begin = log.tell()
            self.process = subprocess.Popen(
                [sys.executable, "-m", "vas_dash.jobs.worker"],
                cwd=self._folder,
                env=environment(self._settings),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        wait_for(lambda: b"ready" in self.log.read_bytes()[begin:], "the worker is ready")

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()


class HeldWrites:
    """Lets so many writes through to a VAS and holds the next ones until it is opened."""

    def __init__(self, vas: FaultyVas, let_through: int) -> None:
        self._left = let_through
        self._lock = threading.Lock()
        self._open = threading.Event()
        self._slow_s = 0.0
        self.reached = threading.Event()
        vas.on_request = self._request

    def open(self, slow_s: float = 0.0) -> None:
        """From now on every write takes so long."""
        self._slow_s = slow_s
        self._open.set()

    def _request(self, _method: str, endpoint: str) -> None:
        if endpoint != "writes":
            return
        with self._lock:
            self._left -= 1
            if self._left >= 0:
                return
        self.reached.set()
        self._open.wait(DEADLINE_S)
        time.sleep(self._slow_s)


def processes_of(number: int) -> list[psutil.Process]:
    """The processes, begun in this folder, that apply the change set: other tests have others."""
    begin = ["-m", "vas_dash.jobs", str(number)]
    return [
        one
        for one in psutil.process_iter(["cmdline", "cwd"])
        if (one.info["cmdline"] or [])[1:4] == begin and one.info["cwd"] == os.getcwd()
    ]
