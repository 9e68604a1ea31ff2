"""Jobs in processes of their own on this host: Dash's manager with diskcache, without its fork.

A fork of the page's worker would have its sockets, and locks that other threads of it held. A
process here begins afresh (`python -m vas_dash.jobs`), in a session of its own, and ends by itself:
neither the page nor the end of the page's server touches it.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import diskcache
from dash.background_callback.managers.diskcache_manager import DiskcacheManager
from pydantic import SecretStr

from vas_dash.config import Settings
from vas_dash.database import DATA_FOLDER
from vas_dash.errors import JobError
from vas_dash.jobs.applying import TASK, Apply

__all__ = ["ProcessManager", "ProcessRunner", "run_here"]

_log = logging.getLogger(__name__)

AT_ONCE = 4
"""Processes on this host that apply at once, at most."""

FOLDER = DATA_FOLDER / "jobs"

KEPT_S = 24 * 3600
"""How long it is remembered that a job could not be done."""

_FAULTS = (OSError, sqlite3.Error, diskcache.Timeout)

_ROOT = Path(__file__).resolve().parents[2]


class ProcessManager(DiskcacheManager):
    """Starts a process for each job, and never ends one."""

    def __init__(self, settings: Settings | None = None) -> None:
        FOLDER.parent.mkdir(mode=0o700, exist_ok=True)
        FOLDER.mkdir(mode=0o700, exist_ok=True)
        FOLDER.chmod(0o700)
        cache = diskcache.Cache(str(FOLDER / "results"), timeout=0.5)
        super().__init__(cache, cache_by=[], expire=KEPT_S)  # type: ignore[no-untyped-call]
        self._settings = settings

    def call_job_fn(
        self,
        key: str,
        job_fn: Callable[..., None] | None,  # noqa: ARG002 it is found there by its name
        args: list[int],
        context: dict[str, Any],  # noqa: ARG002 what an operator sees has no part in it
    ) -> int:
        """Start it; its process id.

        Raises:
            JobError: too many are at work already.
            OSError: no process can be started.
        """
        assert self._settings is not None
        order = {"key": key, "args": args, "settings": _plain(self._settings)}
        slot = _free_slot()
        try:
            process = subprocess.Popen(
                [_python(), "-m", "vas_dash.jobs", str(args[0])],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                env=_environment(),
                pass_fds=[slot],
                start_new_session=True,
            )
        finally:
            os.close(slot)
        threading.Thread(
            target=self._wait, args=(process, key, args[0]), name=f"job-{args[0]}", daemon=True
        ).start()
        assert process.stdin is not None
        with process.stdin as stdin:
            # Secrets go this way: an argument is seen by everybody on the host.
            stdin.write(json.dumps(order).encode())
        return process.pid

    def _wait(self, process: subprocess.Popen[bytes], key: str, change_set_id: int) -> None:
        """Leaves no zombie, and a word where it did not end by itself."""
        code = process.wait()
        if code:
            why = f"the process that was to apply it ended with code {code}"
            _log.error("change set %d: %s", change_set_id, why)
            with suppress(*_FAULTS):
                self.handle.add(key, why, expire=KEPT_S)

    def terminate_job(self, job: object) -> None:
        """Nothing: an apply is stopped by asking it."""


class ProcessRunner:
    """Runs jobs in processes. The folder is made at the first one."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._opening = threading.Lock()
        self._manager: ProcessManager | None = None

    def run(self, change_set_id: int, job: int) -> None:
        """Start a process."""
        try:
            self._opened().call_job_fn(str(job), None, [change_set_id, job], {})
        except _FAULTS as error:
            words = getattr(error, "strerror", None) or type(error).__name__
            raise JobError(f"no process could be started to apply it: {words}") from None

    def fault(self, change_set_id: int, job: int) -> str | None:  # noqa: ARG002
        """What the process said."""
        try:
            manager = self._opened()
            said = manager.get_result(str(job), None)  # type: ignore[no-untyped-call]
        except _FAULTS:
            return None
        return said if isinstance(said, str) and said else None

    def _opened(self) -> ProcessManager:
        with self._opening:
            if self._manager is None:
                self._manager = ProcessManager(self._settings)
            return self._manager


def run_here(order: dict[str, Any], apply: Apply) -> None:
    """Do in this process what `call_job_fn` started it for."""
    manager = ProcessManager()
    manager.register(TASK, apply, None)  # type: ignore[no-untyped-call]
    key: str = order["key"]
    manager.func_registry[TASK](key, f"{key}-progress", order["args"], {})
    manager.handle.close()


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


def _plain(settings: Settings) -> dict[str, Any]:
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
