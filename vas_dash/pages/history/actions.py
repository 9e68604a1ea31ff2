"""What is done with a change set from its page: apply, cancel, read again, draft what follows."""

from __future__ import annotations

import secrets
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYetError
from dataclasses import dataclass

from cachetools import LRUCache

from vas_dash.changes.permissions import Permissions
from vas_dash.domain.changes import ChangeSet
from vas_dash.domain.records import Draft
from vas_dash.domain.text import count, cut
from vas_dash.errors import BackendError, JobError, JournalError, NotAllowedError, VasDashError
from vas_dash.pages.context import Context
from vas_dash.pages.history.model import Action
from vas_dash.pages.history.status import done_text, status_of

__all__ = ["WAIT_S", "Actions", "Outcome"]

WAIT_S = 0.8
"""Longest wait for an outcome within one answer; the page asks for it again later."""

STOPPING = "Stopping. What is on its way is still answered and read again."
"""Said until the change set has ended, which the page then tells."""

_THREADS = 4
_KEPT = 64


@dataclass(frozen=True)
class Outcome:
    """What came of an action: a line for people, and the draft where there is one now."""

    message: str
    error: bool = False
    draft: Draft | None = None


class Actions:
    """Does them in threads, since most of them read the VAS."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="history")
        self._lock = threading.Lock()
        self._begun: LRUCache[str, Future[Outcome]] = LRUCache(_KEPT)

    def begin(self, action: Action, number: int, draft_id: str, by: Permissions) -> str:
        """Begin one; the ticket by which its outcome is asked for."""
        ticket = secrets.token_urlsafe(12)
        future = self._pool.submit(_do, self._context, action, number, draft_id, by)
        with self._lock:
            self._begun[ticket] = future
        return ticket

    def outcome(self, ticket: str, wait_s: float = WAIT_S) -> Outcome | None:
        """What came of it; None: not over yet, or begun in another process."""
        with self._lock:
            future = self._begun.get(ticket)
        if future is None:
            return None
        try:
            outcome = future.result(wait_s)
        except NotYetError:
            return None
        with self._lock:
            self._begun.pop(ticket, None)
        return outcome


def _do(context: Context, action: Action, number: int, draft_id: str, by: Permissions) -> Outcome:
    try:
        return _done(context, action, number, draft_id, by)
    except (BackendError, JournalError, JobError, NotAllowedError) as error:
        return Outcome(_sentence(error.reason), error=True)
    except VasDashError as error:
        return Outcome(_sentence(str(error)), error=True)


def _done(context: Context, action: Action, number: int, draft_id: str, by: Permissions) -> Outcome:
    operations, jobs, drafting = context.operations, context.jobs, context.drafting
    match action:
        case Action.APPLY:
            jobs.start(number, by)
            return Outcome("Handed over to be applied.")
        case Action.CANCEL:
            over = jobs.cancel(number, by)
            return Outcome("Cancelled: nothing more is sent." if over else STOPPING)
        case Action.READ:
            record = operations.resume(number, by).record
            return Outcome(done_text(record, status_of(record, applied_now=False)))
        case Action.REST:
            changes, source = operations.resume(number, by).rest, f"rest of {number}"
        case Action.RETRY:
            changes, source = operations.retry(number, by), f"retry of {number}"
        case Action.UNDO:
            changes, source = operations.undo(number, by), f"undo of {number}"
    if not changes.changes:
        return Outcome(_nothing(changes), error=bool(changes.blocked))
    draft = drafting.put(draft_id, by, changes, source)
    return Outcome("Drafted: see the review.", draft=draft)


def _nothing(changes: ChangeSet) -> str:
    """Why nothing was drafted."""
    if not changes.blocked:
        return "Nothing to draft: the cells are so already."
    reason = changes.blocked[0].problems[0].message
    return (
        f"Nothing was drafted: {count(len(changes.blocked), 'cell')} cannot be changed, "
        f"{cut(reason)}."
    )


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
