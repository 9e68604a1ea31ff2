"""Apply one change set: compare, send with bounded concurrency, prove by reading again.

It goes in rounds. A round marks some cells in the journal as sent, sends them, and when all
answers are there reads the cells again: that proves what was written, and shows which of the cells
still to come were changed by others meanwhile. While reading costs little a round is as short as
the writes that go out at once, so that a cell is read shortly before it is written; where reading
takes long, rounds get longer, since reading is to take a small share of the time only.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypedDict, Unpack

from vas_dash.backend.client import VasClient
from vas_dash.changes.cell_reads import CellReads, Reading
from vas_dash.changes.sending import Answer, Sender, Sent
from vas_dash.domain.changes import Command, command, same_assignment, same_intent
from vas_dash.domain.entities import Assignment, CellIntent, CellKey
from vas_dash.domain.records import CellRecord, CellResult, ChangeSetRecord, Outcome, State, Tally
from vas_dash.journal import Journal

__all__ = ["Application", "Following", "Progress"]

FREE_READING_S = 0.25
READING_SHARE = 0.02
"""Between the first and the last read, reading may take so long and this share of the writing."""

MARKED_AT_ONCE = 64
"""Cells that are marked as sent together, at most: they are what a process that dies can leave."""

FAILURES_IN_A_ROW = 2
"""Times the concurrency: so many writes without one plain answer between, and no more are sent."""

TICK_S = 0.2
"""Longest time between two checks whether to stop, and two reports of progress."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a change set is.

    `stage` is `reading`, `applying` or `done`; `done` counts cells whose write was answered or that
    need none, `rate` those of a second; `left_s` is a guess, None where there is none yet. In
    `tally` a cell stays `SENT` until a read has proved what became of it.
    """

    stage: str
    total: int
    done: int
    tally: Tally
    elapsed_s: float
    rate: float
    left_s: float | None


class Following(TypedDict, total=False):
    """How a change set that is being applied is followed, and stopped.

    `cancelled` stops new writes; it is asked again and again. `may_send` is asked at the last
    moment before the first byte of each write: what it allows goes out. Both are asked from several
    threads. The read before the first write ends by `read_until` (`time.monotonic()`). `on_outcome`
    is told what became of cells, by their positions, once that stands in the journal.
    """

    on_progress: Callable[[Progress], None]
    cancelled: Callable[[], bool]
    may_send: Callable[[], bool]
    read_until: float
    on_outcome: Callable[[Mapping[int, Outcome]], None]


class Application:
    """Applies the cells of one change set that were not sent yet, once.

    The caller holds the lock of the change set. `busy` are cells that other change sets are about
    to change, with the numbers of those.
    """

    def __init__(
        self,
        client: VasClient,
        journal: Journal,
        change_set_id: int,
        busy: Mapping[CellKey, int],
        *,
        concurrency: int,
        **following: Unpack[Following],
    ) -> None:
        self._client = client
        self._journal = journal
        self._id = change_set_id
        self._busy = busy
        self._concurrency = concurrency
        self._on_progress: Callable[[Progress], None] = following.get("on_progress", lambda _: None)
        self._cancelled: Callable[[], bool] = following.get("cancelled", lambda: False)
        self._asked_last: Callable[[], bool] = following.get("may_send", lambda: True)
        self._read_until = following.get("read_until")
        self._on_outcome: Callable[[Mapping[int, Outcome]], None] = following.get(
            "on_outcome", lambda _: None
        )
        self._reads = CellReads(client)
        self._results: dict[int, CellResult] = {}
        self._unsettled: Mapping[int, Outcome] = {}
        self._answered = 0
        self._stop = threading.Event()
        self._note: str | None = None
        self._failures = 0
        self._began = self._reported = self._first_read_at = time.monotonic()
        self._first_read_s = 0.0

    def run(self) -> ChangeSetRecord:
        """Do it; the record as it stands then.

        Raises:
            JournalError: the journal could not be written; no more is sent.
        """
        cells = self._journal.cells(self._id, results=[CellResult.NOT_SENT])
        self._results = dict.fromkeys((cell.position for cell in cells), CellResult.NOT_SENT)
        self._report("reading", at_once=True)
        if self._stopping():
            return self._end(State.STOPPED, self._note)
        reading = self._reads.first([cell.change.key for cell in cells], self._read_until)
        if reading.unknown and not reading.known:
            return self._end(State.READY, next(iter(reading.unknown.values())))
        self._first_read_s, self._first_read_at = self._reads.spent_s, time.monotonic()
        todo = self._compared(cells, reading)
        with Sender(
            self._client, self._concurrency, stopping=self._stopping, may_send=self._may_send
        ) as sender:
            while todo and not self._stopping():
                over = self._round(sender, todo)
                todo = self._proved(over, todo)
        self._report("done", at_once=True)
        if CellResult.NOT_SENT in self._results.values():
            return self._end(State.STOPPED, self._note or "some cells could not be read")
        return self._end(State.FINISHED)

    def _end(self, state: State, note: str | None = None) -> ChangeSetRecord:
        record = self._journal.end(self._id, state, note, self._unsettled)
        self._on_outcome(self._unsettled)
        return record

    def _may_read(self) -> bool:
        """Whether one more read of the cells keeps to its share of the time."""
        reading_s = self._reads.spent_s - self._first_read_s
        writing_s = time.monotonic() - self._first_read_at - reading_s
        return reading_s + self._reads.last_s <= FREE_READING_S + READING_SHARE * writing_s

    def _compared(self, cells: Sequence[CellRecord], reading: Reading) -> list[_Todo]:
        """What has to be sent; settles the cells for which nothing has."""
        todo: list[_Todo] = []
        outcomes: dict[int, Outcome] = {}
        for cell in cells:
            key = cell.change.key
            if key in self._busy:
                why = f"change set {self._busy[key]} is changing it just now"
                found: Outcome | Command = Outcome(CellResult.CONFLICT, why)
            elif key in reading.unknown:
                why = f"the cell is unknown: {reading.unknown[key]}"
                found = Outcome(CellResult.NOT_SENT, why)
            else:
                found = _before_sending(cell, reading.known[key])
            if isinstance(found, Outcome):
                outcomes[cell.position] = found
            else:
                todo.append(_Todo(cell, found))
        self._settle(outcomes, are_last=not todo)
        return todo

    def _round(self, sender: Sender, todo: list[_Todo]) -> list[tuple[_Todo, Sent]]:
        """Send from the front of `todo`, and take out of it what was marked; what came of it."""
        marked: dict[int, _Todo] = {}
        over: list[tuple[_Todo, Sent]] = []
        enough = False
        try:
            while True:
                while todo and not enough and sender.pending < 2 * self._concurrency:
                    if self._stopping():
                        break
                    step = self._concurrency if self._may_read() else MARKED_AT_ONCE
                    chunk, todo[:] = todo[:step], todo[step:]
                    marked |= {one.cell.position: one for one in chunk}
                    self._mark(chunk)
                    for one in chunk:
                        sender.send(one.cell.position, one.command)
                    enough = self._may_read()
                if not sender.pending:
                    return over
                sent = sender.next(TICK_S)
                if sent is not None:
                    self._heard(sent)
                    over.append((marked[sent.position], sent))
                self._report("applying")
        except BaseException:
            self._stop.set()
            raise

    def _mark(self, chunk: Sequence[_Todo]) -> None:
        self._journal.mark_sent(self._id, [one.cell.position for one in chunk], datetime.now(UTC))
        for one in chunk:
            self._results[one.cell.position] = CellResult.SENT

    def _heard(self, sent: Sent) -> None:
        """Count what was answered; stop where going on makes no sense."""
        if sent.answer is Answer.NOT_SENT:
            if sent.reason is not None:
                self._stop_for(sent.reason)
            return
        self._answered += 1
        if sent.answer is not Answer.LOST:
            self._failures = 0
            return
        self._failures += 1
        if self._failures >= FAILURES_IN_A_ROW * self._concurrency:
            self._stop_for(sent.reason or "the VAS does not answer")

    def _proved(self, over: Sequence[tuple[_Todo, Sent]], todo: Sequence[_Todo]) -> list[_Todo]:
        """Settle what was sent by reading it again; what is still to be sent."""
        unproved = (Answer.NOT_SENT, Answer.REFUSED)
        keys = [one.cell.change.key for one, sent in over if sent.answer not in unproved]
        if keys and not self._stop.is_set():
            keys += [one.cell.change.key for one in todo]
        reading = self._reads.some(keys) if keys else Reading()
        outcomes = {
            one.cell.position: _after_sending(one.cell, sent, reading, self._note)
            for one, sent in over
        }
        rest: list[_Todo] = []
        for one in todo:
            key = one.cell.change.key
            found = _before_sending(one.cell, reading.known[key]) if key in reading.known else None
            if isinstance(found, Outcome):
                outcomes[one.cell.position] = found
            else:
                rest.append(one)
        self._settle(outcomes, are_last=not rest)
        self._answered = 0
        return rest

    def _settle(self, outcomes: Mapping[int, Outcome], *, are_last: bool) -> None:
        """The last ones are written with the end: one transaction less to wait for."""
        if are_last:
            self._unsettled = outcomes
        else:
            self._journal.settle(self._id, outcomes)
            self._on_outcome(outcomes)
        self._results |= {position: one.result for position, one in outcomes.items()}
        self._report("applying")

    def _may_send(self) -> bool:
        if not self._stopping() and not self._asked_last():
            self._stop_for("cancelled")
        return not self._stop.is_set()

    def _stopping(self) -> bool:
        if not self._stop.is_set() and self._cancelled():
            self._stop_for("cancelled")
        return self._stop.is_set()

    def _stop_for(self, reason: str) -> None:
        self._note = self._note or reason
        self._stop.set()

    def _report(self, stage: str, *, at_once: bool = False) -> None:
        now = time.monotonic()
        if not at_once and now - self._reported < TICK_S:
            return
        self._reported = now
        tally = Counter(self._results.values())
        total = len(self._results)
        untouched = tally[CellResult.NOT_SENT] + tally[CellResult.SENT]
        done = total - untouched + min(self._answered, tally[CellResult.SENT])
        elapsed_s = now - self._began
        rate = done / elapsed_s if elapsed_s > 0 else 0.0
        left_s = (total - done) / rate if rate > 0 else None
        self._on_progress(Progress(stage, total, done, dict(tally), elapsed_s, rate, left_s))


@dataclass(frozen=True, slots=True)
class _Todo:
    """A cell and what has to be sent for it."""

    cell: CellRecord
    command: Command


def _before_sending(cell: CellRecord, current: Assignment | None) -> Outcome | Command:
    """What has to be sent for a cell, or what came of it where nothing has or nothing may."""
    needed = command(cell.change.key, current, cell.change.desired)
    changed = not same_assignment(cell.change.before, current)
    if needed is None:
        why = "changed elsewhere since it was drafted, and already as desired" if changed else None
        return Outcome(CellResult.UNCHANGED, why, True, current)
    if changed:
        return Outcome(CellResult.CONFLICT, "changed elsewhere since it was drafted", True, current)
    return needed


def _after_sending(cell: CellRecord, sent: Sent, reading: Reading, stopped: str | None) -> Outcome:
    """What came of a cell whose write is over."""
    key = cell.change.key
    if sent.answer is Answer.NOT_SENT:
        return Outcome(CellResult.NOT_SENT, sent.reason or stopped)
    if sent.answer is Answer.REFUSED:
        return Outcome(CellResult.REFUSED, sent.reason)
    if key in reading.unknown:
        why = sent.reason or f"it could not be read again: {reading.unknown[key]}"
        return Outcome(CellResult.UNKNOWN, why)
    current = reading.known[key]
    if same_intent(_intent(current), cell.change.desired):
        return Outcome(CellResult.APPLIED, None, True, current)
    if sent.answer is Answer.LOST:
        return Outcome(CellResult.UNKNOWN, sent.reason, True, current)
    if same_assignment(cell.change.before, current):
        if sent.answer is Answer.OTHER:
            return Outcome(CellResult.REFUSED, sent.reason, True, current)
        return Outcome(
            CellResult.UNKNOWN, "the VAS said done and holds the old value", True, current
        )
    if sent.answer is Answer.DONE:
        why = "written, and changed elsewhere since"
        return Outcome(CellResult.OVERWRITTEN, why, True, current)
    return Outcome(CellResult.CONFLICT, "changed elsewhere under way", True, current)


def _intent(assignment: Assignment | None) -> CellIntent | None:
    return None if assignment is None else assignment.intent
