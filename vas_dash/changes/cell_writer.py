"""Save one cell: a change set of one, applied within a budget of time."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from vas_dash.changes.apply import Progress
from vas_dash.changes.operations import Operations
from vas_dash.changes.permissions import NOT_YOURS, Permissions
from vas_dash.domain.changes import CellChange, ChangeSet
from vas_dash.domain.entities import Assignment, CellIntent, CellKey
from vas_dash.domain.records import CellResult, Outcome
from vas_dash.errors import VasDashError
from vas_dash.fleet.reader import FleetReader

__all__ = ["CellWriter"]

READ_LEAVES = 0.1
"""Of the budget, so much is left when the first read must end, to have that in the journal: a
second try finds no change set that is still being applied."""

_log = logging.getLogger(__name__)


class CellWriter:
    """Saves cells; never takes longer than `budget_s`, whatever the VAS or the journal does.

    The work is done in a thread of its own, of which there are `at_once` at most; the caller waits.
    `NOT_SENT` can be relied on: a write is sent only while the caller waits. The thread goes on to
    record in the journal what came of a write that was sent.
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
        """Open the journal in the background, before a save needs it. Returns at once.

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
        desired: CellIntent | None,
        until: float | None = None,
        *,
        by: Permissions,
        why: str | None = None,
    ) -> Outcome:
        """Make the cell `desired` (None: unassigned) if it still is what `opened_with` says.

        `until` (`time.monotonic()`) bounds it further than the budget does. Who wants it, and
        `why`, stand in the journal.

        To overwrite after a conflict, call again with `opened_with` set to its `after`.

        Raises:
            NotAllowedError: a viewer. A camera in another location gives `NOT_SENT`.
        """
        by.require_change()
        if not by.allows(key.camera_id):
            return Outcome(CellResult.NOT_SENT, f"the camera is {NOT_YOURS}")
        if not self._slots.acquire(blocking=False):
            return Outcome(CellResult.NOT_SENT, "other changes are still waiting for the VAS")
        now = time.monotonic()
        budget_s = self._budget_s if until is None else min(self._budget_s, until - now)
        change = CellChange(key, opened_with, desired)
        job = _Job(self._operations, budget_s, change, by, why, self._slots.release)
        try:
            threading.Thread(target=job.run, name="cell-save", daemon=True).start()
        except RuntimeError:  # the process may have no more threads
            self._slots.release()
            return Outcome(CellResult.NOT_SENT, "the page is overloaded")
        outcome = job.wait()
        if self._reader is not None:
            if outcome.unknown_until is not None:
                self._reader.mark_unknown(key, outcome.reason or "", outcome.unknown_until)
            elif outcome.read:
                self._reader.record_read(key, outcome.after, job.read_at)
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
        self._outcome: Outcome | None = None
        self._sent_at: datetime | None = None
        self._waits_for = "the journal"
        self._last: Outcome | None = None
        self.read_at = datetime.now(UTC)

    def wait(self) -> Outcome:
        """The outcome, after `budget_s` at the latest."""
        self._done.wait(max(0.0, self._until - time.monotonic()))
        with self._lock:
            if self._outcome is None:
                limit = f"{max(0.0, self._budget_s):.2g} s"
                self._outcome = self._unfinished(f"{self._waits_for} did not answer within {limit}")
            return self._outcome

    def run(self) -> None:
        """Do the work; no write is sent once the caller has stopped waiting."""
        try:
            outcome = self._save()
        except VasDashError as error:
            outcome = self._unfinished(str(error))
        except Exception:  # a fault of ours: the caller must be told
            _log.exception("a cell could not be saved")
            outcome = self._unfinished("the page could not save the change")
        finally:
            self._at_end()
        with self._lock:
            if self._outcome is None:
                self._outcome = outcome
        self._done.set()

    def _save(self) -> Outcome:
        record = self._operations.apply_at_once(
            ChangeSet((self._change,)),
            by=self._by,
            why=self._why,
            on_progress=self._recorded,
            cancelled=lambda: self._outcome is not None,
            may_send=self._may_send,
            read_until=self._until - READ_LEAVES * self._budget_s,
            on_outcome=self._settled,
        )
        last = self._last
        if last is None:
            # Blocked when it was submitted, or its first read came to nothing.
            (cell,) = self._operations.journal.cells(record.id)
            if cell.result is CellResult.REFUSED:
                return Outcome(cell.result, cell.message)
            return self._unfinished(record.note or "")
        untouched = last.result is CellResult.CONFLICT and not last.read
        if untouched or last.result in (CellResult.NOT_SENT, CellResult.UNKNOWN):
            return self._unfinished(last.reason or record.note or "")
        return last

    def _settled(self, outcomes: Mapping[int, Outcome]) -> None:
        self._last = outcomes.get(0, self._last)
        self.read_at = datetime.now(UTC)

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

    def _unfinished(self, reason: str) -> Outcome:
        if self._sent_at is None:
            return Outcome(CellResult.NOT_SENT, reason)
        return Outcome(
            CellResult.UNKNOWN,
            reason,
            sent_at=self._sent_at,
            unknown_until=self._sent_at + self._operations.flight,
        )
