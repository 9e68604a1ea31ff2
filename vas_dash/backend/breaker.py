"""A circuit breaker: while the VAS does not answer, callers are told so at once.

Each call that waits for a VAS that hangs keeps a thread of the page busy for a second.
The pattern: Michael Nygard, "Release It!", "Circuit Breaker".
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from vas_dash.errors import BackendError, ConnectionCutError, TimedOutError, UnreachableError

__all__ = ["OPEN_S", "TRIPS_AFTER", "Breaker"]

TRIPS_AFTER = 5
"""Calls in a row without an answer."""

OPEN_S = 5.0
"""For so long nothing is asked; then one call may try."""

_NO_ANSWER = (UnreachableError, TimedOutError, ConnectionCutError)

_log = logging.getLogger(__name__)


class Breaker:
    """Counts calls without an answer; safe to share between threads.

    Closed, it lets every call through. After `TRIPS_AFTER` in a row without an answer, whichever
    calls those were, it is open: `call` raises for `OPEN_S`, and after that while one call tries.
    Any answer closes it, a refusal and a 500 too. `on_state_change` hears of opening and closing.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.on_state_change: Callable[[bool], None] = lambda _open: None
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._reason = ""
        self._open_until: float | None = None
        """None: closed."""

    @contextmanager
    def call(self) -> Iterator[None]:
        """Around one call.

        Raises:
            UnreachableError: nothing may be asked now.
        """
        self._admit()
        with self.watch():
            yield

    @contextmanager
    def watch(self) -> Iterator[None]:
        """Around one call that is made in any case: it shows when the VAS is back."""
        try:
            yield
        except _NO_ANSWER as error:
            self._failed(error.reason)
            raise
        except BackendError:
            self._answered()
            raise
        else:
            self._answered()

    def _admit(self) -> None:
        with self._lock:
            if self._open_until is None:
                return
            left_s = self._open_until - self._clock()
            if left_s > 0:
                raise UnreachableError(
                    f"{self._reason}, {self._failures} times in a row; "
                    f"it is asked again in {max(1, round(left_s))} s"
                )
            # This one tries; until it is over, or for as long again, the others are held back.
            self._open_until = self._clock() + OPEN_S

    def _failed(self, reason: str) -> None:
        with self._lock:
            self._failures += 1
            self._reason = reason
            if self._failures < TRIPS_AFTER:
                return
            opened = self._open_until is None
            self._open_until = self._clock() + OPEN_S
            if opened:  # with the lock, so that turns are told in their order
                _log.warning(
                    "the VAS is asked less often: %s, %d times in a row", reason, TRIPS_AFTER
                )
                self.on_state_change(True)

    def _answered(self) -> None:
        with self._lock:
            self._failures = 0
            closed = self._open_until is not None
            self._open_until = None
            if closed:
                _log.info("the VAS answers again")
                self.on_state_change(False)
