"""A PostgreSQL server for tests, in a folder of its own, reached through a socket in it."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

__all__ = ["PostgresServer", "find_postgres", "running_postgres"]


def find_postgres() -> Path | None:
    """The folder with `postgres` and `initdb`: Debian keeps it off the path."""
    for folder in (*sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True),):
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    found = shutil.which("initdb")
    return Path(found).resolve().parent if found and shutil.which("postgres") else None


@contextlib.contextmanager
def running_postgres(binaries: Path) -> Iterator[str]:
    """Start a server and give its SQLAlchemy URL."""
    with PostgresServer(binaries) as server:
        yield server.url


class PostgresServer:
    """A server with a folder of its own, started as a context; it can be stopped and started again.

    Root is no user for it, so `nobody` runs it.
    """

    def __init__(self, binaries: Path) -> None:
        self._binaries = binaries
        self._folder = Path(tempfile.mkdtemp(prefix="vas-pg-"))
        self._as_user: dict[str, Any] = {"cwd": self._folder, "stdin": subprocess.DEVNULL}
        self._server: subprocess.Popen[bytes] | None = None
        self.url = f"postgresql://vas@/postgres?host={self._folder}"

    def __enter__(self) -> Self:
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            os.chown(self._folder, nobody.pw_uid, nobody.pw_gid)
            self._as_user |= {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        try:
            subprocess.run(
                [
                    *(self._binaries / "initdb", "--pgdata", self._folder / "data"),
                    *("--username", "vas", "--auth", "trust", "--encoding", "UTF8"),
                    *("--locale", "C", "--no-sync"),
                ],
                check=True,
                capture_output=True,
                **self._as_user,
            )
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def start(self) -> None:
        """Start it, and wait until it answers."""
        log_path = self._folder / "log"
        with log_path.open("ab") as log:
            self._server = subprocess.Popen(
                [
                    *(self._binaries / "postgres", "-D", self._folder / "data"),
                    *("-k", self._folder, "-c", "listen_addresses=", "-c", "fsync=off"),
                ],
                stdout=log,
                stderr=log,
                **self._as_user,
            )
        deadline = time.monotonic() + 60
        while subprocess.run(
            [self._binaries / "pg_isready", "-h", self._folder, "-U", "vas"], capture_output=True
        ).returncode:
            if self._server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL did not start: {log_path.read_text()}")
            time.sleep(0.05)

    def stop(self) -> None:
        """Stop it at once: who is connected is cut off."""
        if self._server is not None:
            self._server.send_signal(signal.SIGINT)
            self._server.wait(30)
            self._server = None
