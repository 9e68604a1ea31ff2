"""Save one cell: read it, compare, write, read it again, within a budget of time."""

from __future__ import annotations

import copy
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self

from vas_dash.backend.client import VasClient
from vas_dash.domain.changes import (
    Command,
    Create,
    Delete,
    Update,
    command,
    same_assignment,
    same_intent,
)
from vas_dash.domain.entities import Assignment, CellIntent, CellKey
from vas_dash.errors import (
    BackendError,
    ConflictError,
    FieldProblem,
    NotAuthorisedError,
    NotFoundError,
    RejectedError,
)
from vas_dash.services.fleet_reader import FleetReader
from vas_dash.services.rights import NOT_YOURS, Rights

__all__ = [
    "CellWriter",
    "Conflict",
    "NotSent",
    "Refused",
    "SaveOutcome",
    "Saved",
    "Unchanged",
    "Unconfirmed",
]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Saved:
    """The VAS was read again and holds the wish. None: the cell is unassigned."""

    assignment: Assignment | None


@dataclass(frozen=True, slots=True)
class Unchanged:
    """The wish is what the VAS holds already: nothing was sent."""

    assignment: Assignment | None


@dataclass(frozen=True, slots=True)
class Conflict:
    """The cell is not what it was when the change was drafted; `current` is what it is now.

    `after_write` False: nothing of the wish was stored. True: the wish was stored, and somebody
    else's later change stands over it.
    """

    current: Assignment | None
    after_write: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """The VAS did not accept the wish: nothing was stored. `message` is for people."""

    message: str
    problems: tuple[FieldProblem, ...] = ()


@dataclass(frozen=True, slots=True)
class NotSent:
    """No write was sent, nor will be, for `reason`."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unconfirmed:
    """A write was sent, and what became of it is not known, for `reason`.

    The cell is unknown until it has been read by a sweep that began after `unknown_until`: from
    then on the write can no longer be on its way.
    """

    reason: str
    sent_at: datetime
    unknown_until: datetime


SaveOutcome = Saved | Unchanged | Conflict | Refused | NotSent | Unconfirmed


class CellWriter:
    """Saves cells; never takes longer than `budget_s`, whatever the VAS does.

    The work is done in a thread of its own, of which there are `at_once` at most; the caller waits.
    Whoever has been told `NotSent` can rely on it: a write is sent only while somebody waits.
    `reader`, if given, learns what was read, or that the cell has become unknown.
    `by(rights)` gives the same for one operator.
    """

    def __init__(
        self,
        client: VasClient,
        budget_s: float = 0.9,
        *,
        reader: FleetReader | None = None,
        at_once: int = 8,
    ) -> None:
        self._client = client
        self._budget_s = budget_s
        self._reader = reader
        self._slots = threading.BoundedSemaphore(at_once)
        self._rights: Rights | None = None

    def by(self, rights: Rights) -> Self:
        """This writer, as far as somebody may use it."""
        mine = copy.copy(self)
        mine._rights = rights
        return mine

    def save(
        self,
        key: CellKey,
        opened_with: Assignment | None,
        wish: CellIntent | None,
        until: float | None = None,
    ) -> SaveOutcome:
        """Make the cell `wish` (None: unassigned) if it still is what `opened_with` says.

        `until` (`time.monotonic()`) bounds it further than the budget does.

        To overwrite after a conflict, call again with `opened_with` set to `Conflict.current`.

        Raises:
            NotAllowedError: a viewer. A camera in another location gives `NotSent`.
        """
        if self._rights is not None:
            self._rights.change()
            if not self._rights.covers(key.camera_id):
                return NotSent(f"the camera is {NOT_YOURS}")
        if not self._slots.acquire(blocking=False):
            return NotSent("other changes are still waiting for the VAS")
        now = time.monotonic()
        budget_s = self._budget_s if until is None else min(self._budget_s, until - now)
        job = _Job(self._client, budget_s, key, opened_with, wish, self._slots.release)
        try:
            threading.Thread(target=job.run, name="cell-save", daemon=True).start()
        except RuntimeError:  # the process may have no more threads
            self._slots.release()
            return NotSent("the page is overloaded")
        outcome = job.wait()
        if self._reader is not None:
            match outcome:
                case Saved(current) | Unchanged(current) | Conflict(current):
                    self._reader.saw(key, current, job.read_began_at)
                case Unconfirmed(reason, _, unknown_until):
                    self._reader.doubt(key, reason, unknown_until)
                case _:
                    pass
        return outcome


class _CancelledError(Exception):
    """Nobody waits any more: nothing may be sent."""


class _Job:
    """One save: `run` in its thread, `wait` in the caller's."""

    def __init__(
        self,
        client: VasClient,
        budget_s: float,
        key: CellKey,
        opened_with: Assignment | None,
        wish: CellIntent | None,
        at_end: Callable[[], None],
    ) -> None:
        self._client = client
        self._budget_s = budget_s
        self._until = time.monotonic() + budget_s
        self._key = key
        self._opened_with = opened_with
        self._wish = wish
        self._at_end = at_end
        self._done = threading.Event()
        self._lock = threading.Lock()
        self._outcome: SaveOutcome | None = None
        self._sent_at: datetime | None = None
        self.read_began_at = datetime.now(UTC)

    def wait(self) -> SaveOutcome:
        """The outcome, after `budget_s` at the latest."""
        self._done.wait(max(0.0, self._until - time.monotonic()))
        with self._lock:
            if self._outcome is None:
                self._outcome = self._unfinished(f"the VAS did not answer within {self._limit}")
            return self._outcome

    def run(self) -> None:
        """Do the work, unless nobody waits for it any more."""
        try:
            outcome = self._save()
        except _CancelledError:
            return
        except Exception:  # a fault of ours: whoever waits must be told
            _log.exception("a cell could not be saved")
            outcome = self._unfinished("the page could not save the change")
        finally:
            self._at_end()
        with self._lock:
            if self._outcome is None:
                self._outcome = outcome
        self._done.set()

    @property
    def _limit(self) -> str:
        return f"{max(0.0, self._budget_s):.2g} s"

    def _may_send(self) -> None:
        """Called at the last moment before the first byte of a write."""
        with self._lock:
            if self._outcome is not None:
                raise _CancelledError
            self._sent_at = datetime.now(UTC)

    def _unfinished(self, reason: str) -> NotSent | Unconfirmed:
        if self._sent_at is None:
            return NotSent(reason)
        flight = timedelta(seconds=self._client.call_limit_s)
        return Unconfirmed(reason, self._sent_at, self._sent_at + flight)

    def _read(self) -> Assignment | None:
        self.read_began_at = datetime.now(UTC)
        return self._client.assignment(self._key, self._until)

    def _save(self) -> SaveOutcome:
        try:
            current = self._read()
        except BackendError as error:
            return self._unfinished(error.reason)
        if not same_assignment(current, self._opened_with):
            return Conflict(current)
        todo = command(self._key, current, self._wish)
        if todo is None:
            return Unchanged(current)
        stored, failure = True, None
        try:
            stored = self._write(todo)
        except (RejectedError, NotAuthorisedError) as error:
            return Refused(error.reason, getattr(error, "problems", ()))
        except (ConflictError, NotFoundError):
            stored = False
        except BackendError as error:
            if self._sent_at is None:
                return NotSent(error.reason)
            failure = error
        try:
            current = self._read()
        except BackendError as error:
            return self._unfinished((failure or error).reason)
        if same_intent(None if current is None else current.intent, self._wish):
            return Saved(current)
        if failure is not None:
            return self._unfinished(failure.reason)
        return Conflict(current, after_write=stored)

    def _write(self, todo: Command) -> bool:
        """Send it; False when the VAS answered with a row that is not what was sent."""
        match todo:
            case Create(key, intent):
                row = self._client.create(key, intent, self._may_send)
                return row.key == key and same_intent(row.intent, intent)
            case Update(_, assignment_id, changes):
                self._client.update(assignment_id, changes, self._may_send)
            case Delete(_, assignment_id):
                self._client.delete(assignment_id, self._may_send)
        return True
