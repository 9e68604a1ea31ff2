"""Change sets applied by processes of their own on this host.

A process begins afresh (`python -m vas_dash.jobs NUMBER JOB`), in a session of its own, and ends by
itself: neither the page nor the end of the page's server touches it. A fork of the page's worker
would have its sockets, and locks that other threads of it held.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from vas_dash.config import Settings
from vas_dash.database import DATA_FOLDER
from vas_dash.errors import JobError

__all__ = ["ProcessRunner", "keep_fault"]

_log = logging.getLogger(__name__)

AT_ONCE = 4
"""Processes on this host that apply at once, at most."""

FOLDER = DATA_FOLDER / "jobs"

KEPT_S = 24 * 3600
"""How long it is remembered that a job could not be done."""

FAULT_CHARS = 2_000

_ROOT = Path(__file__).resolve().parents[2]


class ProcessRunner:
    """Starts a process for each job, and never ends one. The folder is made at the first one."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def run(self, change_set_id: int, job: int) -> None:
        """Start a process."""
        try:
            _make_folder()
            process = self._start(change_set_id, job)
        except OSError as error:
            why = error.strerror or type(error).__name__
            raise JobError(f"no process could be started to apply it: {why}") from None
        threading.Thread(
            target=_wait,
            args=(process, change_set_id, job),
            name=f"job-{change_set_id}",
            daemon=True,
        ).start()

    def fault(self, change_set_id: int, job: int) -> str | None:  # noqa: ARG002
        """What the process said, or how it ended."""
        with suppress(OSError):
            return _fault_file(job).read_text(encoding="utf-8") or None
        return None

    def _start(self, change_set_id: int, job: int) -> subprocess.Popen[bytes]:
        slot = _free_slot()
        try:
            process = subprocess.Popen(
                [_python(), "-m", "vas_dash.jobs", str(change_set_id), str(job)],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                env=_environment(),
                pass_fds=[slot],
                start_new_session=True,
            )
        finally:
            os.close(slot)
        assert process.stdin is not None
        with process.stdin as stdin:
            # Secrets go this way: an argument is seen by everybody on the host.
            stdin.write(json.dumps(_needed(self._settings)).encode())
        return process


def keep_fault(job: int, why: str) -> None:
    """Remember why a job was not done, for every worker of the page on this host."""
    with suppress(OSError):
        _fault_file(job).write_text(why[:FAULT_CHARS], encoding="utf-8")


def _wait(process: subprocess.Popen[bytes], change_set_id: int, job: int) -> None:
    """Leaves no zombie, and a word where the process did not end by itself."""
    code = process.wait()
    if code:
        why = f"the process that was to apply it ended with code {code}"
        _log.error("change set %d: %s", change_set_id, why)
        keep_fault(job, why)


def _make_folder() -> None:
    FOLDER.parent.mkdir(mode=0o700, exist_ok=True)
    FOLDER.mkdir(mode=0o700, exist_ok=True)
    FOLDER.chmod(0o700)
    for old in FOLDER.glob("fault-*"):
        with suppress(OSError):
            if time.time() - old.stat().st_mtime > KEPT_S:
                old.unlink()


def _fault_file(job: int) -> Path:
    return FOLDER / f"fault-{job}"


def _free_slot() -> int:
    """A locked file to be inherited: the kernel unlocks it when the process is gone."""
    for number in range(AT_ONCE):
        slot = os.open(FOLDER / f"slot-{number}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(slot, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(slot)
            continue
        return slot
    raise JobError(f"{AT_ONCE} change sets are being applied; wait until one of them has ended")


_NEEDED = {
    "api_url",
    "api_key",
    "connect_timeout_s",
    "read_timeout_s",
    "db_url",
    "retention_days",
    "apply_concurrency",
    "reason",
}


def _needed(settings: Settings) -> dict[str, Any]:
    """What an applier needs of them, by their names, as JSON; secrets too."""
    return {
        name: value.get_secret_value() if isinstance(value, SecretStr) else value
        for name, value in settings
        if name in _NEEDED
    }


def _python() -> str:
    """The interpreter; a server that embeds Python names itself as the executable."""
    executable = Path(sys.executable)
    if executable.name.startswith("python"):
        return str(executable)
    return str(Path(sys.prefix) / "bin" / "python3")


def _environment() -> dict[str, str]:
    """This one's, with this package to be found whatever the folder is."""
    paths = [str(_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
