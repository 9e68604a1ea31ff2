"""Save one cell: a change set of one, applied within a budget of time."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from vas_dash.changes.apply import NOTHING_SENT, UNCONFIRMED, WRITTEN_OVER, Progress
from vas_dash.changes.operations import Operations
from vas_dash.changes.permissions import NOT_YOURS, Permissions
from vas_dash.domain.changes import CellChange, ChangeSet
from vas_dash.domain.entities import Assignment, CellIntent, CellKey
from vas_dash.domain.records import CellRecord, CellResult
from vas_dash.errors import VasDashError
from vas_dash.fleet.reader import FleetReader

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

READ_LEAVES = 0.1
"""Of the budget, so much is left when the first read must end, to have that in the journal: who
tries again finds no change set that is still being applied."""

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
    """The VAS did not accept the wish: nothing was stored. `message` names the fields too."""

    message: str


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
    """Saves cells; never takes longer than `budget_s`, whatever the VAS or the journal does.

    The work is done in a thread of its own, of which there are `at_once` at most; the caller waits.
    Whoever has been told `NotSent` can rely on it: a write is sent only while somebody waits. The
    thread goes on to write down in the journal what came of a write that was sent.
    `reader`, if given, learns what was read, or that the cell has become unknown.
    """

    def __init__(
        self,
        operations: Operations,
        budget_s: float = 0.9,
        *,
        reader: FleetReader | None = None,
        at_once: int = 8,
    ) -> None:
        self._operations = operations
        self._budget_s = budget_s
        self._reader = reader
        self._slots = threading.BoundedSemaphore(at_once)
        self._ready = threading.Event()

    def get_ready(self) -> None:
        """Open the journal meanwhile: somebody is going to save. Returns at once.

        What is wrong with the journal is told by the save.
        """
        if self._ready.is_set():
            return
        self._ready.set()

        def open_journal() -> None:
            with contextlib.suppress(VasDashError):
                self._operations.journal.open()

        with contextlib.suppress(RuntimeError):  # the process may have no more threads
            threading.Thread(target=open_journal, name="journal-open", daemon=True).start()

    def save(
        self,
        key: CellKey,
        opened_with: Assignment | None,
        wish: CellIntent | None,
        until: float | None = None,
        *,
        by: Permissions,
        why: str | None = None,
    ) -> SaveOutcome:
        """Make the cell `wish` (None: unassigned) if it still is what `opened_with` says.

        `until` (`time.monotonic()`) bounds it further than the budget does. Who wants it, and
        `why`, stand in the journal.

        To overwrite after a conflict, call again with `opened_with` set to `Conflict.current`.

        Raises:
            NotAllowedError: a viewer. A camera in another location gives `NotSent`.
        """
        by.require_change()
        if not by.allows(key.camera_id):
            return NotSent(f"the camera is {NOT_YOURS}")
        if not self._slots.acquire(blocking=False):
            return NotSent("other changes are still waiting for the VAS")
        now = time.monotonic()
        budget_s = self._budget_s if until is None else min(self._budget_s, until - now)
        change = CellChange(key, opened_with, wish)
        job = _Job(self._operations, budget_s, change, by, why, self._slots.release)
        try:
            threading.Thread(target=job.run, name="cell-save", daemon=True).start()
        except RuntimeError:  # the process may have no more threads
            self._slots.release()
            return NotSent("the page is overloaded")
        outcome = job.wait()
        if self._reader is not None:
            match outcome:
                case Saved(current) | Unchanged(current) | Conflict(current):
                    self._reader.saw(key, current, job.read_at)
                case Unconfirmed(reason, _, unknown_until):
                    self._reader.doubt(key, reason, unknown_until)
                case _:
                    pass
        return outcome


class _Job:
    """One save: `run` in its thread, `wait` in the caller's."""

    def __init__(
        self,
        operations: Operations,
        budget_s: float,
        change: CellChange,
        by: Permissions,
        why: str | None,
        at_end: Callable[[], None],
    ) -> None:
        self._operations = operations
        self._budget_s = budget_s
        self._until = time.monotonic() + budget_s
        self._change = change
        self._by = by
        self._why = why
        self._at_end = at_end
        self._done = threading.Event()
        self._lock = threading.Lock()
        self._outcome: SaveOutcome | None = None
        self._sent_at: datetime | None = None
        self._waits_for = "the journal"
        self.read_at = datetime.now(UTC)

    def wait(self) -> SaveOutcome:
        """The outcome, after `budget_s` at the latest."""
        self._done.wait(max(0.0, self._until - time.monotonic()))
        with self._lock:
            if self._outcome is None:
                limit = f"{max(0.0, self._budget_s):.2g} s"
                self._outcome = self._unfinished(f"{self._waits_for} did not answer within {limit}")
            return self._outcome

    def run(self) -> None:
        """Do the work; no write goes out once nobody waits for it any more."""
        try:
            outcome = self._save()
        except VasDashError as error:
            outcome = self._unfinished(str(error))
        except Exception:  # a fault of ours: whoever waits must be told
            _log.exception("a cell could not be saved")
            outcome = self._unfinished("the page could not save the change")
        finally:
            self._at_end()
        with self._lock:
            if self._outcome is None:
                self._outcome = outcome
        self._done.set()

    def _save(self) -> SaveOutcome:
        number = self._operations.submit(ChangeSet((self._change,)), by=self._by, why=self._why)
        record = self._operations.apply(
            number,
            on_progress=self._recorded,
            cancelled=lambda: self._outcome is not None,
            may_send=self._may_send,
            read_until=self._until - READ_LEAVES * self._budget_s,
        )
        (cell,) = self._operations.journal.cells(number)
        if cell.settled_at is not None:
            self.read_at = cell.settled_at
        return self._meaning(cell, record.note or "")

    def _recorded(self, _: Progress) -> None:
        """The change stands in the journal: from now on mostly the VAS is waited for."""
        self._waits_for = "the VAS"

    def _may_send(self) -> bool:
        """Asked at the last moment before the first byte of a write."""
        with self._lock:
            if self._outcome is not None:
                return False
            self._sent_at = datetime.now(UTC)
            return True

    def _meaning(self, cell: CellRecord, note: str) -> SaveOutcome:
        """What the journal says of the cell at the end, for whoever waits."""
        message = cell.message or note
        match cell.result:
            case CellResult.APPLIED:
                return Saved(cell.after)
            case CellResult.UNCHANGED:
                return Unchanged(cell.after)
            case CellResult.CONFLICT if cell.read:
                return Conflict(cell.after, after_write=message == WRITTEN_OVER)
            case CellResult.REFUSED:
                return Refused(message)
            case _:
                return self._unfinished(
                    message.removeprefix(UNCONFIRMED).removeprefix(NOTHING_SENT)
                )

    def _unfinished(self, reason: str) -> NotSent | Unconfirmed:
        if self._sent_at is None:
            return NotSent(reason)
        return Unconfirmed(reason, self._sent_at, self._sent_at + self._operations.flight)
