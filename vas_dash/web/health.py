"""Whether the page can do its work: named checks, each bounded in time."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping

__all__ = ["Readiness"]

LIMIT_S = 1.0
"""All checks together have an answer after so long."""

KEPT_S = 1.0
"""An answer holds so long: a probe costs a write, and anybody may ask."""

_log = logging.getLogger(__name__)

Check = Callable[[], object]
"""Raises whatever it likes when what it is named after cannot be used."""


class _Running:
    """One check in a thread of its own; one that hangs is never started twice."""

    def __init__(self, check: Check) -> None:
        self.ended = threading.Event()
        self.error: BaseException | None = None
        try:
            threading.Thread(target=self._run, args=(check,), name="ready", daemon=True).start()
        except RuntimeError as error:  # the process may have no more threads
            self.error = error
            self.ended.set()

    def _run(self, check: Check) -> None:
        try:
            check()
        except Exception as error:
            self.error = error
        finally:
            self.ended.set()


class Readiness:
    """Asks the checks; logs when one begins to fail and when it works again."""

    def __init__(
        self, checks: Mapping[str, Check], *, limit_s: float = LIMIT_S, kept_s: float = KEPT_S
    ) -> None:
        self._checks = dict(checks)
        self._limit_s = limit_s
        self._kept_s = kept_s
        self._lock = threading.Lock()
        self._running: dict[str, _Running] = {}
        self._failing: set[str] = set()
        self._asked_at: float | None = None

    def missing(self) -> list[str]:
        """The names of what cannot be used now."""
        with self._lock:
            if self._asked_at is None or time.monotonic() - self._asked_at > self._kept_s:
                self._ask()
                self._asked_at = time.monotonic()
            return sorted(self._failing)

    def _ask(self) -> None:
        until = time.monotonic() + self._limit_s
        for name, check in self._checks.items():
            if name not in self._running:
                self._running[name] = _Running(check)
        for name in self._checks:
            running = self._running[name]
            if not running.ended.wait(max(0.0, until - time.monotonic())):
                self._tell(name, "it takes too long")
                continue
            del self._running[name]
            error = running.error
            self._tell(name, None if error is None else type(error).__name__)

    def _tell(self, name: str, why: str | None) -> None:
        if why is None and name in self._failing:
            self._failing.discard(name)
            _log.info("%s can be used again", name)
        elif why is not None and name not in self._failing:
            self._failing.add(name)
            _log.warning("%s cannot be used: %s", name, why)
