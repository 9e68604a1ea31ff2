"""The calls of the VAS that the product needs, typed; lists are read until they are whole."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from typing import Any, Generic, TypeVar
from urllib.parse import quote

from vas_dash.backend import wire
from vas_dash.backend.rows import Rows
from vas_dash.backend.sweeps import AssignmentSweep, CameraSweep, contradiction, part_of
from vas_dash.backend.transport import Transport
from vas_dash.domain.entities import AiModel, Assignment, Camera, CellIntent, CellKey
from vas_dash.domain.fleet import Part
from vas_dash.errors import BackendError, BadAnswerError, NotFoundError, ServerFaultError

__all__ = ["VasClient"]

T = TypeVar("T")

PROBES = 2_000
"""The most cells that are looked at one by one to find those of bad rows."""


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
            return CameraSweep(page).read()
        finally:
            self._cameras.rotate()

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
        problem = rows.problem or contradiction(total, rows.received, "models")
        return part_of(found, "models", max(total, rows.received), problem)

    def assignments(
        self,
        until: float | None = None,
        *,
        camera_id: str | None = None,
        model_id: str | None = None,
        suspects: Callable[[Collection[CellKey]], Iterable[CellKey]] | None = None,
    ) -> Part[Assignment]:
        """All assignments that there were when the read began, of one camera or model if given.

        A row can slip from page to page while others come and go, or because many have the same
        time. When fewer rows came than the VAS says there are, the list is read again with other
        pages, and what both readings found counts. A row that the VAS fails on is passed by with
        smaller and smaller pages; which cell it is of is looked for among `suspects` (of those that
        were not found), each by a call of its own.

        Raises:
            BackendError: none could be read.
        """

        of = {"camera_id": camera_id, "model_id": model_id}
        filters = {name: value for name, value in of.items() if value is not None}

        def page(offset: int, limit: int) -> Rows[Assignment]:
            params = {"limit": str(limit), "offset": str(offset), **filters}
            body = self._transport.get(wire.ASSIGNMENTS_PATH, params, until)
            return wire.assignments(body) if filters else self._assignments.rows(body)

        def locate(found: Collection[CellKey], wanted: int) -> dict[CellKey, str]:
            located: dict[CellKey, str] = {}
            tried: set[CellKey] = set()
            with suppress(BackendError):  # then it is not known which cells
                for key in suspects(found) if suspects else ():
                    if len(located) == wanted or len(tried) == PROBES:
                        break
                    if key in tried or key in found:
                        continue
                    tried.add(key)
                    try:
                        self.assignment(key, until)
                    except ServerFaultError as error:
                        located[key] = error.reason
            return located

        try:
            return AssignmentSweep(page).read(locate)
        finally:
            if not filters:
                self._assignments.rotate()

    def fails_on(self, model_id: str, until: float | None = None) -> bool:
        """Whether the VAS fails on an assignment of this model, so far as one page shows it.

        Raises:
            BackendError: it could not be read.
        """
        params = {"model_id": model_id, "limit": str(wire.ASSIGNMENTS_PAGE_ROWS)}
        try:
            self._transport.get(wire.ASSIGNMENTS_PATH, params, until)
        except ServerFaultError:
            return True
        return False

    def assignment(self, key: CellKey, until: float | None = None) -> Assignment | None:
        """The assignment of one cell; None: it is unassigned.

        Raises:
            BackendError: it could not be read.
        """
        params = {"camera_id": key.camera_id, "model_id": key.model_id}
        rows = wire.assignments(self._transport.get(wire.ASSIGNMENTS_PATH, params, until))
        if key in rows.faults:
            raise BadAnswerError(rows.faults[key])
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

    def rotate(self) -> None:
        """A sweep has ended: forget the pages that it did not see."""
        self._last, self._this = self._this, {}
