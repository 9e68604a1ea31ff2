"""The calls of the VAS that the product needs, typed; lists are read until they are whole."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar
from urllib.parse import quote

from vas_dash.backend import wire
from vas_dash.backend.transport import Transport
from vas_dash.backend.wire import Rows
from vas_dash.domain.entities import AiModel, Assignment, Camera, CellIntent, CellKey
from vas_dash.domain.fleet import Part
from vas_dash.errors import (
    BackendError,
    BadAnswerError,
    NotFoundError,
    ServerFaultError,
)

__all__ = ["VasClient"]

T = TypeVar("T")

CAMERAS_PAGE_ROWS = 10_000
"""The list of cameras has no order: only one page is one consistent read, so pages are large."""

MAX_CAMERAS = 200_000
MAX_ASSIGNMENTS = 200_000
"""A list that goes on for longer than this never ends."""

ASSIGNMENT_PASSES = (wire.ASSIGNMENTS_PAGE_ROWS, 701, 853)
"""Rows on a page, for each attempt to read all assignments: other pages, other borders."""

BISECT_REQUESTS = 100
"""The most requests that are spent on finding the cameras that the VAS fails on."""

BISECT_HOPELESS = 7
"""So many faults without one good page (a whole, halves, quarters): not a row is bad, but all."""


class VasClient:
    """One method for each call; safe to use from several threads.

    `until` in `time.monotonic()` bounds a method that takes several calls. A list that could be
    read in part is an incomplete `Part` with its reason; one of which nothing could be read raises.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._cameras = _Understood(wire.cameras)
        self._assignments = _Understood(wire.assignments)

    @property
    def call_limit_s(self) -> float:
        """No single call takes longer."""
        return self._transport.call_limit_s

    def close(self) -> None:
        """Close the connections that are kept."""
        self._transport.close()

    def health(self) -> None:
        """Return when the VAS answers at all; it says nothing about the VAS's database.

        Raises:
            BackendError: it does not.
        """
        wire.health(self._transport.get(wire.HEALTH_PATH))

    def cameras(self, until: float | None = None) -> Part[Camera]:
        """All cameras. A row that the VAS fails on is passed by with smaller and smaller pages.

        Raises:
            BackendError: none could be read.
        """

        def page(skip: int, limit: int) -> Rows[Camera]:
            params = {"skip": str(skip), "limit": str(limit)}
            return self._cameras.rows(self._transport.get(wire.CAMERAS_PATH, params, until))

        try:
            return _CameraSweep(page).read()
        finally:
            self._cameras.turn()

    def models(self, until: float | None = None) -> Part[AiModel]:
        """The registry of models.

        Raises:
            BackendError: it could not be read, or this VAS has none.
        """
        try:
            rows = wire.models(self._transport.get(wire.MODELS_PATH, None, until))
        except NotFoundError:
            raise NotFoundError("the VAS has no registry of models") from None
        found = {row.model_id: row for row in rows.items}
        total = rows.total or 0
        problem = rows.problem or _contradiction(total, rows.received, "models")
        return _part(found, "models", max(total, rows.received), problem)

    def assignments(
        self,
        until: float | None = None,
        *,
        camera_id: str | None = None,
        model_id: str | None = None,
    ) -> Part[Assignment]:
        """All assignments that there were when the read began, of one camera or model if given.

        A row can slip from page to page while others come and go, or because many have the same
        time. When fewer rows came than the VAS says there are, the list is read again with other
        pages, and what both readings found counts.

        Raises:
            BackendError: none could be read.
        """

        of = {"camera_id": camera_id, "model_id": model_id}
        filters = {name: value for name, value in of.items() if value is not None}

        def page(offset: int, limit: int) -> Rows[Assignment]:
            params = {"limit": str(limit), "offset": str(offset), **filters}
            body = self._transport.get(wire.ASSIGNMENTS_PATH, params, until)
            return wire.assignments(body) if filters else self._assignments.rows(body)

        try:
            return _AssignmentSweep(page).read()
        finally:
            if not filters:
                self._assignments.turn()

    def assignment(self, key: CellKey, until: float | None = None) -> Assignment | None:
        """The assignment of one cell; None: it is unassigned.

        Raises:
            BackendError: it could not be read.
        """
        params = {"camera_id": key.camera_id, "model_id": key.model_id}
        rows = wire.assignments(self._transport.get(wire.ASSIGNMENTS_PATH, params, until))
        if rows.problem is not None:
            raise BadAnswerError(f"the VAS gave an assignment with a fault ({rows.problem})")
        mine = [row for row in rows.items if row.key == key]
        if len(mine) < max(rows.received, min(rows.total or 0, 1)):
            raise BadAnswerError("the VAS gave other assignments than those of this cell")
        return max(mine, key=lambda row: row.created_at, default=None)

    def create(
        self, key: CellKey, intent: CellIntent, before_send: Callable[[], None]
    ) -> Assignment:
        """Assign; returns the row of the VAS, which need not be what was sent.

        Raises:
            BackendError: the VAS did not say that it did.
        """
        body = wire.create_body(key, intent)
        return wire.assignment(
            self._transport.write("POST", wire.ASSIGNMENTS_PATH, body, before_send)
        )

    def update(
        self, assignment_id: str, changes: Mapping[str, Any], before_send: Callable[[], None]
    ) -> None:
        """Change what `changes` names. The answer is not looked at: it may echo another caller's.

        Raises:
            BackendError: the VAS did not say that it did.
        """
        self._transport.write(
            "PATCH", _assignment_path(assignment_id), wire.update_body(changes), before_send
        )

    def delete(self, assignment_id: str, before_send: Callable[[], None]) -> None:
        """Take an assignment away.

        Raises:
            BackendError: the VAS did not say that it did.
        """
        self._transport.write("DELETE", _assignment_path(assignment_id), None, before_send)


def _assignment_path(assignment_id: str) -> str:
    return f"{wire.ASSIGNMENTS_PATH}/{quote(assignment_id, safe='')}"


def _part(found: Mapping[str, Any], noun: str, expected: int, problem: str | None) -> Part[Any]:
    """What was found, complete when it is all that was expected and nothing was wrong with it."""
    items = tuple(found.values())
    missing = expected - len(items)
    if missing <= 0:
        return Part.complete(items) if problem is None else Part.incomplete(items, problem)
    reason = f"only {len(items):,} of {expected:,} {noun} could be read"
    return Part.incomplete(items, f"{reason}: {problem}" if problem else reason)


def _contradiction(total: int, received: int, noun: str) -> str | None:
    """What the VAS says about its own list that cannot be."""
    return f"the VAS speaks of {total:,} {noun} and gives more" if received > total else None


class _Understood(Generic[T]):
    """What the pages of the last sweep meant: most say the same the next time.

    A page is known by its digest, because the bytes of a page of cameras hold passwords.
    """

    def __init__(self, parse: Callable[[bytes], Rows[T]]) -> None:
        self._parse = parse
        self._last: dict[bytes, Rows[T]] = {}
        self._this: dict[bytes, Rows[T]] = {}

    def rows(self, body: bytes) -> Rows[T]:
        """The meaning of one page; its rows are not to be changed."""
        digest = hashlib.blake2b(body, digest_size=16).digest()
        rows = self._last.get(digest)
        if rows is None:
            rows = self._parse(body)
        self._this[digest] = rows
        return rows

    def turn(self) -> None:
        """A sweep has ended: forget the pages that it did not see."""
        self._last, self._this = self._this, {}


class _CameraSweep:
    """One read of all cameras."""

    def __init__(self, page: Callable[[int, int], Rows[Camera]]) -> None:
        self._page = page
        self._found: dict[str, Camera] = {}
        self._not_understood = 0
        self._repeated = 0
        self._problem: str | None = None
        self._any_answer = False

    def read(self) -> Part[Camera]:
        missing, more_missing, error = 0, False, None
        skip = 0
        try:
            while skip < MAX_CAMERAS:
                try:
                    received = self._take(skip, CAMERAS_PAGE_ROWS)
                except ServerFaultError as fault:
                    ended, bad, unknown = self._bisect(skip, CAMERAS_PAGE_ROWS, fault)
                    missing += bad
                    more_missing = more_missing or unknown
                    received = 0 if ended or unknown else CAMERAS_PAGE_ROWS
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

    def _bisect(self, skip: int, limit: int, fault: ServerFaultError) -> tuple[bool, int, bool]:
        """Read what can be read of a page that the VAS fails on.

        Returns whether the list ends on it, how many cameras the VAS fails on, and whether there
        may be more.
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
                    return end is not None, bad + len(waiting) + 1, True
                requests += 1
                try:
                    if self._take(first, rows) < rows:
                        end = first + rows if end is None else min(end, first + rows)
                except ServerFaultError:
                    faults += 1
                    if not self._any_answer and faults >= BISECT_HOPELESS - 1:
                        raise fault from None
                    waiting.append((first, rows))
        return end is not None, bad, False

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


class _AssignmentSweep:
    """One read of all assignments."""

    def __init__(self, page: Callable[[int, int], Rows[Assignment]]) -> None:
        self._page = page
        self._found: dict[str, Assignment] = {}
        self._expected = 0
        self._problem: str | None = None
        # The same of the pass that runs.
        self._seen: dict[str, Assignment] = {}
        self._totals: set[int] = set()

    def read(self) -> Part[Assignment]:
        problem: str | None = None
        try:
            for limit in ASSIGNMENT_PASSES:
                problem = self._pass(limit) or self._problem
                if self._totals == {len(self._seen)}:  # nothing came or went meanwhile
                    self._found, self._expected = self._seen, len(self._seen)
                if self._problem is not None:
                    break
                if problem is None and len(self._found) >= self._expected:
                    break
        except BackendError as error:
            if not self._found:
                raise
            problem = error.reason
        items = self._newest_of_each_cell()
        replaced = len(self._found) - len(items)
        return _part(items, "assignments", self._expected - replaced, problem)

    def _pass(self, limit: int) -> str | None:
        """Read the list once; what the VAS says about itself that cannot be, if anything."""
        offset = 0
        self._seen, self._totals = {}, set()
        while offset < MAX_ASSIGNMENTS:
            rows = self._page(offset, limit)
            total = rows.total or 0
            more_told = offset < total
            self._expected = max(self._expected, total)
            self._problem = self._problem or rows.problem
            self._totals.add(total)
            before = len(self._seen)
            by_id = {row.id: row for row in rows.items}
            self._found.update(by_id)
            self._seen.update(by_id)
            offset += rows.received
            if rows.items and len(self._seen) == before:
                if more_told:
                    raise BadAnswerError(
                        "the VAS gives the same page of assignments again and again"
                    )
                return None
            contradiction = _contradiction(total, offset, "assignments")
            if rows.received and contradiction is not None:
                return contradiction
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
