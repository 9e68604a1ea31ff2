"""Send commands to the VAS, a bounded number at once; none is ever sent twice."""

from __future__ import annotations

import logging
import queue
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from types import TracebackType
from typing import Self

from vas_dash.backend.client import VasClient
from vas_dash.domain.changes import Command, Create, Delete, Update, same_intent
from vas_dash.errors import (
    BackendError,
    ConflictError,
    NotAuthorisedError,
    NotFoundError,
    RejectedError,
)

__all__ = ["Answer", "Sender", "Sent"]

_log = logging.getLogger(__name__)


class Answer(StrEnum):
    """What the VAS said to a write. None of these proves what is stored."""

    DONE = "the VAS says that it is done"
    OTHER = "the VAS says that the cell is another one"
    REFUSED = "the VAS did not accept it: nothing is stored"
    LOST = "it was sent, and no plain answer came"
    NOT_SENT = "nothing was sent"


@dataclass(frozen=True, slots=True)
class Sent:
    """One write that is over. `reason` says why it is not `DONE`; None: stopped before it."""

    position: int
    answer: Answer
    reason: str | None = None


class _StoppedError(Exception):
    """Nothing may be sent any more."""


class Sender:
    """Sends in `concurrency` threads.

    `stopping` is asked in any of them before a connection is made, and `may_send` at the last
    moment before the first byte of each write: what it allows goes out.

    Use as a context: leaving it waits for the writes that are on their way.
    """

    def __init__(
        self,
        client: VasClient,
        concurrency: int,
        *,
        stopping: Callable[[], bool],
        may_send: Callable[[], bool],
    ) -> None:
        self._client = client
        self._stopping = stopping
        self._may_send = may_send
        self._pool = ThreadPoolExecutor(concurrency, thread_name_prefix="apply")
        self._over: queue.SimpleQueue[Sent] = queue.SimpleQueue()
        self.pending = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._pool.shutdown(wait=True)

    def send(self, position: int, todo: Command) -> None:
        """As soon as a thread is free."""
        self.pending += 1
        self._pool.submit(self._run, position, todo)

    def next(self, wait_s: float) -> Sent | None:
        """One write that is over; None when none was within `wait_s`."""
        try:
            sent = self._over.get(timeout=wait_s)
        except queue.Empty:
            return None
        self.pending -= 1
        return sent

    def _run(self, position: int, todo: Command) -> None:
        try:
            answer, reason = self._write(todo)
        except Exception:  # a fault of ours: who waits must be told
            _log.exception("a change could not be sent")
            answer, reason = Answer.LOST, "the change could not be sent"
        self._over.put(Sent(position, answer, reason))

    def _write(self, todo: Command) -> tuple[Answer, str | None]:
        going = False

        def before_send() -> None:
            nonlocal going
            if not self._may_send():
                raise _StoppedError
            going = True

        if self._stopping():
            return Answer.NOT_SENT, None
        try:
            return self._call(todo, before_send)
        except _StoppedError:
            return Answer.NOT_SENT, None
        except (RejectedError, NotAuthorisedError) as error:
            return Answer.REFUSED, _said(error)
        except (ConflictError, NotFoundError) as error:
            return Answer.OTHER, error.reason
        except BackendError as error:
            return (Answer.LOST if going else Answer.NOT_SENT), error.reason

    def _call(self, todo: Command, before_send: Callable[[], None]) -> tuple[Answer, str | None]:
        match todo:
            case Create(key, intent):
                row = self._client.create(key, intent, before_send)
                if row.key != key or not same_intent(row.intent, intent):
                    return Answer.OTHER, "another user assigned it meanwhile"
            case Update(_, assignment_id, changes):
                self._client.update(assignment_id, changes, before_send)
            case Delete(_, assignment_id):
                self._client.delete(assignment_id, before_send)
        return Answer.DONE, None


def _said(error: BackendError) -> str:
    problems = [f"{one.field}: {one.message}" for one in getattr(error, "problems", ())]
    return "; ".join([error.reason, *problems])
