"""Change sets that are applied while the page goes on."""

from __future__ import annotations

import logging
import threading
from typing import Protocol

from vas_dash.errors import VasDashError
from vas_dash.services.application import Progress
from vas_dash.services.apply import Operations

__all__ = ["Jobs", "ThreadJobs"]

_log = logging.getLogger(__name__)


class Jobs(Protocol):
    """Applies change sets outside of requests, whichever process does it."""

    def start(self, change_set_id: int) -> None:
        """Begin to apply a submitted change set; returns at once.

        Raises:
            JobError: it could not be started; nothing was sent.
        """

    def cancel(self, change_set_id: int) -> None:
        """Stop new writes at once."""

    def progress(self, change_set_id: int) -> Progress | None:
        """How far it is; None: nobody applies it, or it has not begun to say."""


class ThreadJobs:
    """Applies in threads of this process."""

    def __init__(self, operations: Operations) -> None:
        self._operations = operations
        self._cancelled: dict[int, threading.Event] = {}
        self._progress: dict[int, Progress] = {}

    def start(self, change_set_id: int) -> None:
        """Begin to apply it."""
        stop = self._cancelled.setdefault(change_set_id, threading.Event())

        def run() -> None:
            try:
                self._operations.apply(
                    change_set_id,
                    on_progress=lambda progress: self._progress.update({change_set_id: progress}),
                    cancelled=stop.is_set,
                )
            except VasDashError as error:
                _log.error("change set %d: %s", change_set_id, error)
            finally:
                self._progress.pop(change_set_id, None)
                self._cancelled.pop(change_set_id, None)

        threading.Thread(target=run, name=f"apply-{change_set_id}", daemon=True).start()

    def cancel(self, change_set_id: int) -> None:
        """Stop new writes."""
        stop = self._cancelled.get(change_set_id)
        if stop is not None:
            stop.set()

    def progress(self, change_set_id: int) -> Progress | None:
        """How far it is."""
        return self._progress.get(change_set_id)
