"""Change sets that are applied outside of requests.

The page hands a change set over (`Jobs`); a process or a worker elsewhere takes and applies
it (`apply_handed_over`). All that they tell each other (how far it is, that it is to stop) stands
in the journal, so every tab, process and host sees the same.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from types import TracebackType
from typing import Protocol, Self

from vas_dash.changes.apply import Progress
from vas_dash.changes.operations import Operations
from vas_dash.changes.permissions import Permissions, refuse_others
from vas_dash.domain.records import CellResult, ChangeSetRecord, State
from vas_dash.errors import JobError, JournalError, UnknownChangeSetError, VasDashError
from vas_dash.journal import Journal

__all__ = ["Jobs", "Runner", "apply_handed_over", "apply_watched"]

_log = logging.getLogger(__name__)

CHECK_S = 0.1
"""Time between two checks whether it is to stop."""

CHECKS_PER_REPORT = 5
"""Progress is recorded once in so many checks."""


class Runner(Protocol):
    """Has another process apply change sets."""

    def run(self, change_set_id: int, job: int) -> None:
        """Have it do the job soon.

        Raises:
            JobError: it could not be asked.
        """

    def fault(self, change_set_id: int, job: int) -> str | None:
        """Why the job was not done, where that is known."""


class Jobs:
    """Has change sets applied outside of requests; what is known of them stands in the journal.

    `by` is who asks: what is another operator's is for an admin.
    """

    def __init__(self, journal: Journal, runner: Runner) -> None:
        self._journal = journal
        self._runner = runner

    def start(self, change_set_id: int, by: Permissions) -> None:
        """Begin to apply a submitted change set; returns at once.

        What the operator may not change by now is refused. One that is not ready (any more) is
        left as it is.

        Raises:
            JobError: it could not be started; nothing was sent.
            JournalError, UnknownChangeSetError: whose change set it is cannot be known.
            NotAllowedError: it is not for this operator.
        """
        self._require(change_set_id, by)
        with self._journal.locked(change_set_id) as mine:
            record = self._journal.change_set(change_set_id)
            if mine and record is not None and record.state is State.READY:
                refuse_others(by, self._journal, change_set_id)
        try:
            job = self._journal.jobs.hand_over(change_set_id)
        except JournalError as error:
            raise JobError(error.reason) from None
        if job is None:
            return
        try:
            self._runner.run(change_set_id, job)
        except JobError:
            # The process that was asked may have heard it all the same.
            with suppress(JournalError):
                self._journal.jobs.take_back(job)
            raise

    def cancel(self, change_set_id: int, by: Permissions) -> bool:
        """Ask for no more writes; whether it is over, so that nothing more is sent.

        One that no process has begun is ended here. Of one that is being applied the applier asks
        before each write, and its end (`State.STOPPED`) says that no write is on its way any more.

        Raises:
            JournalError, UnknownChangeSetError, NotAllowedError: as `start`.
        """
        record = self._require(change_set_id, by)
        if record.state not in (State.READY, State.APPLYING):
            return True
        self._journal.jobs.cancel(change_set_id)
        with self._journal.locked(change_set_id) as mine:
            ready = self._journal.change_set(change_set_id)
            if mine and ready is not None and ready.state is State.READY:
                self._journal.end(change_set_id, State.STOPPED, "cancelled")
            return mine

    def progress(self, change_set_id: int) -> Progress | None:
        """How far it is; None: no process applies it, or it has recorded nothing yet.

        Raises:
            JournalError: the journal could not be read.
        """
        text = self._journal.jobs.progress(change_set_id)
        if text is None or not self._journal.is_applied_now(change_set_id):
            return None
        return _read(text)

    def fault(self, change_set_id: int) -> str | None:
        """Why the last start of it came to nothing; None: nothing is known to be wrong."""
        record = self._journal.change_set(change_set_id)
        job = self._journal.jobs.last(change_set_id)
        if record is None or record.state is not State.READY or job is None:
            return None
        return self._runner.fault(change_set_id, job)

    def _require(self, change_set_id: int, by: Permissions) -> ChangeSetRecord:
        record = self._journal.change_set(change_set_id)
        if record is None:
            raise UnknownChangeSetError(f"there is no change set {change_set_id}")
        by.require_change_set(record.who)
        return record


def apply_handed_over(
    operations: Operations, change_set_id: int, job: int, cancelled: Callable[[], bool]
) -> str | None:
    """Do the job; why it was not done, None where the journal tells everything. Never raises.

    A job that is void, or was taken before, is left alone. No answer is needed then, unless it
    was handed over in another journal than this one.
    """
    try:
        if not operations.journal.jobs.take(change_set_id, job):
            _log.warning("change set %d was left alone: that job is void here", change_set_id)
            return "the worker has another journal: it needs the page's VAS_DASH_DB_URL"
        record = apply_watched(operations, change_set_id, cancelled=cancelled)
        _log.info("change set %d: %s", change_set_id, record.state)
    except VasDashError as error:
        _log.error("change set %d was not applied to its end: %s", change_set_id, error)
        return str(error)
    except Exception as error:
        # Its text may hold anything.
        name = type(error).__name__
        _log.error("change set %d was not applied to its end: %s", change_set_id, name)
        return f"a fault of the worker: {name}"
    return None


def apply_watched(
    operations: Operations,
    change_set_id: int,
    *,
    on_progress: Callable[[Progress], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> ChangeSetRecord:
    """`Operations.apply` that `Jobs` of any process can follow and cancel."""
    with _Watch(operations.journal, change_set_id) as watch:

        def report(progress: Progress) -> None:
            watch.progress = progress
            if on_progress is not None:
                on_progress(progress)

        def stopped() -> bool:
            return watch.cancelled.is_set() or (cancelled is not None and cancelled())

        return operations.apply(
            change_set_id, on_progress=report, cancelled=stopped, may_send=watch.may_send
        )


class _Watch:
    """A thread beside an apply: records its progress, and checks whether it is to stop.

    What it cannot write or read it leaves: the apply itself needs the same journal, and stops.
    """

    def __init__(self, journal: Journal, change_set_id: int) -> None:
        self._journal = journal
        self._id = change_set_id
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"watch-{change_set_id}")
        self.cancelled = threading.Event()
        self.progress: Progress | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()

    def may_send(self) -> bool:
        """Whether it has not been cancelled up to now; asked before each write."""
        with suppress(JournalError):
            if self._journal.jobs.is_cancelled(self._id):
                self.cancelled.set()
        return not self.cancelled.is_set()

    def _run(self) -> None:
        recorded: Progress | None = None
        checks = 0
        while not self._over.wait(CHECK_S):
            with suppress(JournalError):
                if not self.cancelled.is_set() and self._journal.jobs.is_cancelled(self._id):
                    self.cancelled.set()
                checks += 1
                progress = self.progress
                if progress is not recorded and (recorded is None or checks >= CHECKS_PER_REPORT):
                    self._journal.jobs.record_progress(self._id, _text(progress))
                    recorded, checks = progress, 0


def _text(progress: Progress | None) -> str:
    assert progress is not None
    return json.dumps(asdict(progress))


def _read(text: str) -> Progress:
    values = json.loads(text)
    tally = {CellResult(name): count for name, count in values.pop("tally").items()}
    return Progress(tally=tally, **values)
