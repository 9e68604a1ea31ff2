"""How the lists of cameras and assignments are read until they are whole."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from vas_dash.backend import wire
from vas_dash.backend.rows import Rows
from vas_dash.domain.entities import Assignment, Camera, CellKey
from vas_dash.domain.fleet import Part
from vas_dash.errors import BackendError, BadAnswerError, ServerFaultError

__all__ = ["AssignmentSweep", "CameraSweep", "Locate", "contradiction", "part_of"]

Locate: TypeAlias = Callable[[Collection[CellKey], int], Mapping[CellKey, str]]
"""From the cells that were found, and how many rows are bad: the cells of those, with a reason."""

CAMERAS_PAGE_ROWS = 10_000
"""The list of cameras has no order: only one page is one consistent read, so pages are large."""

MAX_CAMERAS = 200_000
MAX_ASSIGNMENTS = 2_000_000
"""A list that goes on for longer than this never ends."""

ASSIGNMENT_PASSES = (wire.ASSIGNMENTS_PAGE_ROWS, 701, 853)
"""Rows on a page, for each attempt to read all assignments: other pages, other borders."""

BISECT_REQUESTS = 100
"""The most requests that are spent on finding the cameras that the VAS fails on."""

BISECT_HOPELESS = 7
"""So many faults without one good page (a whole, halves, quarters): not a row is bad, but all."""


def part_of(found: Mapping[str, Any], noun: str, expected: int, problem: str | None) -> Part[Any]:
    """What was found, complete when it is all that was expected and nothing was wrong with it."""
    items = tuple(found.values())
    missing = expected - len(items)
    if missing <= 0:
        return Part.complete(items) if problem is None else Part.incomplete(items, problem)
    reason = f"only {len(items):,} of {expected:,} {noun} could be read"
    return Part.incomplete(items, f"{reason}: {problem}" if problem else reason)


def contradiction(total: int, received: int, noun: str) -> str | None:
    """What the VAS says about its own list that cannot be."""
    return f"the VAS speaks of {total:,} {noun} and gives more" if received > total else None


@dataclass(frozen=True, slots=True)
class _Passed:
    """A page that the VAS fails on, read in pieces.

    `ended`: the list ends on it. `bad` rows were passed by; `more`: there may be further ones.
    """

    ended: bool
    bad: int
    more: bool


def _bisect(
    take: Callable[[int, int], int], skip: int, limit: int, fault: ServerFaultError, answers: bool
) -> _Passed:
    """Read what can be read of a page. `take` reads `limit` rows from `skip` on.

    Raises:
        ServerFaultError: the VAS fails on everything; `answers` says that it did not before.
    """
    waiting = deque([(skip, limit)])
    end: int | None = None
    bad = requests = faults = 0  # the page itself was the first fault
    while waiting:
        start, size = waiting.popleft()
        if size == 1:
            bad += 1
            continue
        half = size // 2
        for first, rows in ((start, half), (start + half, size - half)):
            if end is not None and first >= end:
                continue
            if requests == BISECT_REQUESTS:
                return _Passed(end is not None, bad + len(waiting) + 1, True)
            requests += 1
            try:
                received = take(first, rows)
                answers = True
                if received < rows:
                    end = first + rows if end is None else min(end, first + rows)
            except ServerFaultError:
                faults += 1
                if not answers and faults >= BISECT_HOPELESS - 1:
                    raise fault from None
                waiting.append((first, rows))
    return _Passed(end is not None, bad, False)


class CameraSweep:
    """One read of all cameras."""

    def __init__(self, page: Callable[[int, int], Rows[Camera]]) -> None:
        self._page = page
        self._found: dict[str, Camera] = {}
        self._not_understood = 0
        self._repeated = 0
        self._problem: str | None = None
        self._any_answer = False

    def read(self) -> Part[Camera]:
        """The list, with what is wrong with it."""
        missing, more_missing, error = 0, False, None
        skip = 0
        try:
            while skip < MAX_CAMERAS:
                try:
                    received = self._take(skip, CAMERAS_PAGE_ROWS)
                except ServerFaultError as fault:
                    passed = _bisect(self._take, skip, CAMERAS_PAGE_ROWS, fault, self._any_answer)
                    missing += passed.bad
                    more_missing = more_missing or passed.more
                    received = 0 if passed.ended or passed.more else CAMERAS_PAGE_ROWS
                if received == 0:
                    break
                skip += received
            else:
                raise BadAnswerError("the list of cameras does not end")
        except BackendError as fault:
            if not self._found:
                raise
            error = fault
        return self._part(missing, more_missing, error)

    def _take(self, skip: int, limit: int) -> int:
        """Read one page; how many rows were on it."""
        rows = self._page(skip, limit)
        self._any_answer = True
        before = len(self._found)
        # A camera that comes twice moved while the list was read; the later reading counts.
        self._found.update((camera.id, camera) for camera in rows.items)
        new = len(self._found) - before
        self._repeated += len(rows.items) - new
        self._not_understood += rows.received - len(rows.items)
        self._problem = self._problem or rows.problem
        if rows.items and not new:
            raise BadAnswerError("the VAS gives the same page of cameras again and again")
        return rows.received

    def _part(self, missing: int, more: bool, error: BackendError | None) -> Part[Camera]:
        items = tuple(self._found.values())
        reasons = []
        if missing:
            least = "at least " if more else ""
            noun = "camera" if missing == 1 else "cameras"
            reasons.append(f"the VAS fails on {least}{missing:,} {noun}")
        if self._not_understood:
            reasons.append(
                f"only {len(items):,} of {len(items) + self._not_understood:,} cameras could be "
                f"read: {self._problem}"
            )
        if self._repeated and error is None:
            reasons.append("the list of cameras changed while it was read")
        if error is not None:
            reasons.append(f"only {len(items):,} cameras could be read: {error.reason}")
        return Part.incomplete(items, "; ".join(reasons)) if reasons else Part.complete(items)


class AssignmentSweep:
    """One read of all assignments."""

    def __init__(self, page: Callable[[int, int], Rows[Assignment]]) -> None:
        self._page = page
        self._found: dict[str, Assignment] = {}
        self._faults: dict[CellKey, str] = {}
        self._expected = 0
        self._problem: str | None = None
        self._any_answer = False
        # The same of the pass that runs.
        self._seen: dict[str, Assignment] = {}
        self._totals: set[int] = set()
        self._bad: _Passed | None = None

    def read(self, locate: Locate | None = None) -> Part[Assignment]:
        """The list; `locate` finds the cells of rows that the VAS fails on."""
        problem: str | None = None
        try:
            for limit in ASSIGNMENT_PASSES:
                problem = self._pass(limit) or self._problem
                if self._bad is not None:
                    return self._without_bad_rows(self._bad, locate)
                if self._totals == {len(self._seen) + len(self._faults)}:
                    # Nothing came or went meanwhile.
                    self._found, self._expected = self._seen, len(self._seen)
                if self._problem is not None:
                    break
                if problem is None and self._missing() <= 0:
                    break
        except BackendError as error:
            if not self._found:
                raise
            problem = error.reason
        items = self._newest_of_each_cell()
        replaced = len(self._found) - len(items)
        faults = len(self._faults) if self._expected > len(self._found) else 0
        part = part_of(items, "assignments", self._expected - replaced - faults, problem)
        return replace(part, faults=self._faults)

    def _missing(self) -> int:
        return self._expected - len(self._found) - len(self._faults)

    def _without_bad_rows(self, bad: _Passed, locate: Locate | None) -> Part[Assignment]:
        """All but the bad rows; complete where it is known which cells these are of."""
        items = tuple(self._newest_of_each_cell().values())
        if locate is not None and not bad.more:
            located = locate({row.key for row in items}, bad.bad)
            if len(located) == bad.bad:
                return Part.complete(items, {**self._faults, **located})
        least = "at least " if bad.more else ""
        noun = "assignment" if bad.bad == 1 else "assignments"
        reason = f"the VAS fails on {least}{bad.bad:,} {noun}"
        return replace(Part.incomplete(items, reason), faults=self._faults)

    def _take(self, offset: int, limit: int) -> Rows[Assignment]:
        """Read one page."""
        rows = self._page(offset, limit)
        self._any_answer = True
        total = rows.total or 0
        self._expected = max(self._expected, total)
        self._problem = self._problem or rows.problem
        self._totals.add(total)
        by_id = {row.id: row for row in rows.items}
        self._found.update(by_id)
        self._seen.update(by_id)
        self._faults.update(rows.faults)
        return rows

    def _pass(self, limit: int) -> str | None:
        """Read the list once; what the VAS says about itself that cannot be, if anything."""
        offset = 0
        self._seen, self._totals = {}, set()
        while offset < MAX_ASSIGNMENTS:
            before = len(self._seen) + len(self._faults)
            more_told = offset < self._expected
            try:
                rows = self._take(offset, limit)
            except ServerFaultError as fault:
                passed = _bisect(
                    lambda first, size: self._take(first, size).received,
                    offset,
                    limit,
                    fault,
                    self._any_answer,
                )
                earlier = self._bad or _Passed(False, 0, False)
                self._bad = _Passed(
                    passed.ended, earlier.bad + passed.bad, earlier.more or passed.more
                )
                if passed.ended or passed.more or offset + limit >= self._expected:
                    return None
                offset += limit
                continue
            total = rows.total or 0
            offset += rows.received
            if rows.items and len(self._seen) + len(self._faults) == before:
                if more_told:
                    raise BadAnswerError(
                        "the VAS gives the same page of assignments again and again"
                    )
                return None
            wrong = contradiction(total, offset, "assignments")
            if rows.received and wrong is not None:
                return wrong
            if rows.received == 0 or (offset >= total and rows.received < limit):
                return None
        raise BadAnswerError("the list of assignments does not end")

    def _newest_of_each_cell(self) -> dict[str, Assignment]:
        """Without those that were taken away and made again while the list was read."""
        cells = {(row.camera_id, row.model_id) for row in self._found.values()}
        if len(cells) == len(self._found):
            return self._found
        newest: dict[CellKey, Assignment] = {}
        for row in self._found.values():
            other = newest.get(row.key)
            if other is None or other.created_at < row.created_at:
                newest[row.key] = row
        return {row.id: row for row in newest.values()}
