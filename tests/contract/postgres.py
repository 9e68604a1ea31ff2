"""A PostgreSQL server for tests, in a folder of its own, reached through a socket in it."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

__all__ = ["find_postgres", "running_postgres"]


def find_postgres() -> Path | None:
    """The folder with `postgres` and `initdb`: Debian keeps it off the path."""
    for folder in (*sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True),):
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    found = shutil.which("initdb")
    return Path(found).resolve().parent if found and shutil.which("postgres") else None


@contextlib.contextmanager
def running_postgres(binaries: Path) -> Iterator[str]:
    """Start a server and give its SQLAlchemy URL. Root is no user for it, so `nobody` runs it."""
    folder = Path(tempfile.mkdtemp(prefix="vas-pg-"))
    as_user: dict[str, Any] = {"cwd": folder, "stdin": subprocess.DEVNULL}
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
        as_user |= {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
    data = folder / "data"
    log_path = folder / "log"
    try:
        subprocess.run(
            [
                *(binaries / "initdb", "--pgdata", data, "--username", "vas"),
                *("--auth", "trust", "--encoding", "UTF8", "--locale", "C", "--no-sync"),
            ],
            check=True,
            capture_output=True,
            **as_user,
        )
        with log_path.open("wb") as log:
            server = subprocess.Popen(
                [
                    *(binaries / "postgres", "-D", data, "-k", folder),
                    *("-c", "listen_addresses=", "-c", "fsync=off"),
                ],
                stdout=log,
                stderr=log,
                **as_user,
            )
        try:
            deadline = time.monotonic() + 60
            while subprocess.run(
                [binaries / "pg_isready", "-h", folder, "-U", "vas"], capture_output=True
            ).returncode:
                if server.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"PostgreSQL did not start: {log_path.read_text()}")
                time.sleep(0.05)
            yield f"postgresql://vas@/postgres?host={folder}"
        finally:
            server.terminate()
            server.wait(30)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
