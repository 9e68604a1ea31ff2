"""Apply change sets to the VAS: recorded first, sent with bounded concurrency, proved by reads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from vas_dash.backend.client import VasClient
from vas_dash.domain.changes import ChangeSet
from vas_dash.domain.records import ChangeSetRecord, Tally
from vas_dash.journal import Journal

__all__ = ["Operations", "Progress", "ReasonRule", "Reopened"]

ReasonRule = Literal["off", "optional", "required"]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far it is. `stage`: reading, applying, done. `rate` in cells a second."""

    stage: str
    total: int
    done: int
    tally: Tally
    elapsed_s: float
    rate: float
    left_s: float | None


@dataclass(frozen=True, slots=True)
class Reopened:
    """What is known of a change set now, and the rest as a fresh plan (not recorded yet)."""

    record: ChangeSetRecord
    rest: ChangeSet


class Operations:
    """Everything that is done with change sets; the same for a page, a worker, a command line."""

    def __init__(
        self,
        client: VasClient,
        journal: Journal,
        *,
        concurrency: int = 8,
        reason: ReasonRule = "optional",
    ) -> None:
        raise NotImplementedError

    def submit(
        self, changes: ChangeSet, *, who: str, why: str | None = None, origin: str = "edit"
    ) -> int:
        """Write the change set into the journal, ready to be applied; its number.

        Raises JournalError; ReasonNeededError when a reason is required and there is none.
        """
        raise NotImplementedError

    def apply(
        self,
        change_set_id: int,
        *,
        on_progress: Callable[[Progress], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> ChangeSetRecord:
        """Send what has to be sent; the record as it stands afterwards.

        One that was applied (or begun) before is left as it is: nothing is sent twice. Raises
        JournalError (nothing more is sent), UnknownChangeSetError, BusyError.
        """
        raise NotImplementedError

    def reopen(self, change_set_id: int) -> Reopened:
        """Read again what is not known, settle what can be settled, and plan the rest afresh."""
        raise NotImplementedError

    def retry(self, change_set_id: int) -> ChangeSet:
        """Everything that was not done (not sent, refused, conflict, unknown), planned afresh."""
        raise NotImplementedError

    def undo(self, change_set_id: int) -> ChangeSet:
        """The inverse of the applied cells, as a draft: review it, then `submit` and `apply`."""
        raise NotImplementedError
