"""What is done with change sets: submit, apply, resume, try again, undo."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Literal, Unpack

from vas_dash.backend.client import VasClient
from vas_dash.changes.apply import Application, Following, Progress
from vas_dash.changes.checks import checked
from vas_dash.changes.permissions import NOT_YOURS, Permissions
from vas_dash.domain.changes import (
    Blocked,
    ChangeSet,
    DesiredChange,
    Problem,
    inverse,
    plan,
    same_assignment,
    same_intent,
)
from vas_dash.domain.entities import Assignment, CellIntent, CellKey
from vas_dash.domain.fleet import CellState, FleetSnapshot
from vas_dash.domain.records import CellRecord, CellResult, ChangeSetRecord, Outcome, State
from vas_dash.domain.text import moment
from vas_dash.errors import BusyError, NotAllowedError, ReasonNeededError, UnknownChangeSetError
from vas_dash.fleet.reader import FleetReader
from vas_dash.journal import Journal

__all__ = ["Operations", "Progress", "ReasonRule", "Resumed"]

ReasonRule = Literal["off", "optional", "required"]

TEXT_CHARS = 500
"""A reason is cut to this length."""

_NOT_DONE = (
    CellResult.NOT_SENT,
    CellResult.SENT,
    CellResult.REFUSED,
    CellResult.CONFLICT,
    CellResult.OVERWRITTEN,
    CellResult.UNKNOWN,
)


_OPEN = {CellResult.NOT_SENT, CellResult.SENT, CellResult.UNKNOWN}


@dataclass(frozen=True, slots=True)
class Resumed:
    """What is known of a change set now, and what was not sent as a fresh plan.

    The plan is a draft, not recorded yet; cells that were changed elsewhere since are blocked.
    """

    record: ChangeSetRecord
    rest: ChangeSet


class Operations:
    """Everything that is done with change sets; the same for a page, a worker, a command line.

    `by` is who asks: what they may not do raises NotAllowedError, and nothing was done then.
    """

    def __init__(
        self,
        client: VasClient,
        journal: Journal,
        *,
        concurrency: int = 8,
        reason: ReasonRule = "optional",
    ) -> None:
        self._client = client
        self._journal = journal
        self._concurrency = concurrency
        self._reason = reason
        self._reader = FleetReader(client)

    @property
    def journal(self) -> Journal:
        """Where it is all recorded."""
        return self._journal

    @property
    def flight(self) -> timedelta:
        """How long a write may still be on its way after it was sent."""
        return timedelta(seconds=self._client.call_limit_s)

    def read_fleet(self) -> FleetSnapshot:
        """The fleet as it is now, read in the thread of the caller."""
        return self._reader.read_fleet()

    def submit(
        self, changes: ChangeSet, *, by: Permissions, why: str | None = None, source: str = "edit"
    ) -> int:
        """Write the change set into the journal, ready to be applied; its number.

        Cells outside of the operator's locations are blocked, as those that `checks` blocks are.

        Raises:
            JournalError: it could not be written.
            NotAllowedError: a viewer; or no cell is left.
            ReasonNeededError: a reason is required, and `why` is blank.
        """
        return self._journal.record(*self._submitted(changes, by, why), source)

    def apply_at_once(
        self,
        changes: ChangeSet,
        *,
        by: Permissions,
        why: str | None = None,
        source: str = "edit",
        **following: Unpack[Following],
    ) -> ChangeSetRecord:
        """`submit` and `apply` by one process, with fewer waits for the journal.

        Raises:
            JournalError, NotAllowedError, ReasonNeededError: as these.
        """
        with self._journal.begun(*self._submitted(changes, by, why), source) as (number, busy):
            return self._run(number, busy, following)

    def apply(
        self,
        change_set_id: int,
        **following: Unpack[Following],
    ) -> ChangeSetRecord:
        """Send what has to be sent; the record as it stands afterwards.

        Permissions were checked when it was submitted and started (`Jobs.start`), and are not
        checked again.

        A change set that was applied before, wholly or in part, is left as it is: nothing is sent
        twice. One whose process died (`APPLYING`) is to be resumed.

        Raises:
            JournalError: the journal could not be written; no more was sent.
            UnknownChangeSetError: there is none of this number.
            BusyError: it is being applied just now.
        """
        with self._journal.locked(change_set_id) as mine:
            record = self._record(change_set_id)
            if not mine:
                raise BusyError(f"change set {change_set_id} is being applied just now")
            if record.state is not State.READY:
                return record
            return self._run(change_set_id, self._journal.begin(change_set_id), following)

    def resume(self, change_set_id: int, by: Permissions) -> Resumed:
        """Read again what is not known, settle what can be settled, and plan the rest afresh.

        Nothing is sent. A write without an answer whose cell is as before stays unknown for good:
        the VAS may store it later. Once it is not on its way here any more, it is of the rest too.

        Raises:
            JournalError, UnknownChangeSetError, BusyError: as `apply`.
        """
        with self._journal.locked(change_set_id) as mine:
            record = self._record(change_set_id)
            if not mine:
                raise BusyError(f"change set {change_set_id} is being applied just now")
            by.require_change_set(record.who)
            settled = record.state is not State.APPLYING and not set(record.tally) & _OPEN
            if record.state is State.READY or settled:
                return Resumed(record, ChangeSet())
            fleet = self._reader.read_fleet()
            doubtful = self._journal.cells(
                change_set_id, results=[CellResult.SENT, CellResult.UNKNOWN]
            )
            outcomes = {cell.position: _read_later(cell, fleet) for cell in doubtful}
            self._journal.settle(change_set_id, outcomes)
            landed = fleet.taken_at - self.flight
            not_stored = [
                cell
                for cell in doubtful
                if outcomes[cell.position].read
                if outcomes[cell.position].result is cell.result
                if cell.sent_at is None or cell.sent_at < landed
            ]
            not_sent = self._journal.cells(change_set_id, results=[CellResult.NOT_SENT])
            left = not_sent or any(one.result is CellResult.SENT for one in outcomes.values())
            state = State.STOPPED if left else State.FINISHED
            note = record.note
            if record.state is State.APPLYING:
                note = "interrupted" if left else None
            record = self._journal.end(change_set_id, state, note)
        rest = checked(_still_as_drafted([*not_sent, *not_stored], fleet), fleet)
        return Resumed(record, by.allowed(rest, fleet))

    def retry(self, change_set_id: int, by: Permissions) -> ChangeSet:
        """Everything that was not done (not sent, refused, conflict, unknown), planned afresh.

        It is a draft, from the fleet as it is now: what others changed meanwhile stands in it as
        before, to be reviewed.
        """
        by.require_change_set(self._record(change_set_id).who)
        fleet = self._reader.read_fleet()
        desired_changes = {
            cell.change.key: DesiredChange.exactly(cell.change.desired)
            for cell in self._journal.cells(change_set_id, results=_NOT_DONE)
            if cell.change.before is not None or cell.change.desired is not None
        }
        return by.allowed(checked(plan(fleet, desired_changes), fleet), fleet)

    def undo(self, change_set_id: int, by: Permissions) -> ChangeSet:
        """The inverse of the applied cells, as a draft: review it, then `submit` and `apply`.

        Cells that were changed since are conflicts when it is applied.
        """
        by.require_change_set(self._record(change_set_id).who)
        cells = self._journal.cells(change_set_id, results=[CellResult.APPLIED])
        return by.allowed(inverse((cell.change, cell.after) for cell in cells))

    def _submitted(
        self, changes: ChangeSet, by: Permissions, why: str | None
    ) -> tuple[ChangeSet, str, str | None]:
        """What is recorded of a change set, by whom, and why."""
        allowed = by.allowed(changes)
        if changes.changes and not allowed.changes:
            raise NotAllowedError(f"all of these cameras are {NOT_YOURS}")
        why = _one_line(why or "") or None
        if self._reason == "required" and why is None:
            raise ReasonNeededError("a change set needs a reason")
        if self._reason == "off":
            why = None
        return allowed, by.name, why

    def _run(
        self, change_set_id: int, busy: Mapping[CellKey, int], following: Following
    ) -> ChangeSetRecord:
        return Application(
            self._client,
            self._journal,
            change_set_id,
            busy,
            concurrency=self._concurrency,
            **following,
        ).run()

    def _record(self, change_set_id: int) -> ChangeSetRecord:
        record = self._journal.change_set(change_set_id)
        if record is None:
            raise UnknownChangeSetError(f"there is no change set {change_set_id}")
        return record


def _one_line(text: str) -> str:
    """Text of a person, of a length and with characters that any database takes."""
    line = "".join(char for char in " ".join(text.split()) if char.isprintable())
    return line[:TEXT_CHARS]


def _read_later(cell: CellRecord, fleet: FleetSnapshot) -> Outcome:
    """What became of a cell that was perhaps sent, by what a later read says."""
    now = fleet.cell(*cell.change.key)
    if now.state is CellState.UNKNOWN:
        return Outcome(CellResult.UNKNOWN, now.reason)
    current = now.assignment
    if same_intent(_intent(current), cell.change.desired):
        return Outcome(CellResult.APPLIED, "confirmed later", True, current)
    if not same_assignment(current, cell.change.before):
        return Outcome(CellResult.CONFLICT, "changed elsewhere since it was sent", True, current)
    # Whether what a process that died had marked was sent is not known: it stays `SENT`.
    why = f"not stored as of {moment(fleet.taken_at)}"
    return Outcome(cell.result, why, True, current)


def _still_as_drafted(cells: Iterable[CellRecord], fleet: FleetSnapshot) -> ChangeSet:
    """The cells planned again from what they hold now; what is so already is left out."""
    desired_changes: dict[CellKey, DesiredChange] = {}
    changed: list[Blocked] = []
    for cell in cells:
        change = cell.change
        now = fleet.cell(*change.key)
        if now.state is CellState.UNKNOWN or same_assignment(now.assignment, change.before):
            desired_changes[change.key] = DesiredChange.exactly(change.desired)
        elif not same_intent(_intent(now.assignment), change.desired):
            changed.append(Blocked(change.key, _CHANGED))
    planned = plan(fleet, desired_changes)
    blocked = sorted([*planned.blocked, *changed], key=lambda one: one.key)
    return replace(planned, blocked=tuple(blocked))


_CHANGED = (Problem("", "changed elsewhere since it was drafted"),)


def _intent(assignment: Assignment | None) -> CellIntent | None:
    return None if assignment is None else assignment.intent
