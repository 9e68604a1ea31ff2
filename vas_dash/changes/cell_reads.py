"""Read what many cells hold, with as few requests as it takes."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from vas_dash.backend.client import VasClient
from vas_dash.backend.wire import ASSIGNMENTS_PAGE_ROWS
from vas_dash.domain.entities import Assignment, CellKey
from vas_dash.domain.fleet import Part
from vas_dash.errors import BackendError, UnreachableError

__all__ = ["CellReads", "Reading"]

FEW_CAMERAS = 8
"""So many are read one by one, before it is known how many assignments there are."""

READ_CALLS = 10
"""A read of many cells may take as long as so many calls at most."""


@dataclass(frozen=True)
class Reading:
    """What cells hold (None: unassigned), and why some could not be read."""

    known: Mapping[CellKey, Assignment | None] = field(default_factory=dict)
    unknown: Mapping[CellKey, str] = field(default_factory=dict)


class CellReads:
    """Reads by camera, by model or by page, whichever is fewer requests.

    How many assignments a model has is known from the last whole read, so that comes first, unless
    there are few cells.
    `spent_s` is how long all reads took, `last_s` the last one.
    """

    def __init__(self, client: VasClient) -> None:
        self._client = client
        self._by_model: Counter[str] | None = None
        self._bound: float | None = None
        self.spent_s = 0.0
        self.last_s = 0.0

    def first(self, keys: Collection[CellKey], until: float | None = None) -> Reading:
        """These cells, before any other read; what cannot be read is unknown, for a reason.

        `until` (`time.monotonic()`) bounds it further.
        """
        self._bound = until
        try:
            if len({key.camera_id for key in keys}) <= FEW_CAMERAS:
                return self.some(keys)
            return self._whole(keys)
        finally:
            self._bound = None

    def all(self, keys: Collection[CellKey]) -> Reading:
        """These cells, by a read of the whole list.

        Raises:
            BackendError: nothing of it could be read.
        """
        began = time.monotonic()
        try:
            part = self._client.assignments(self._until())
        finally:
            self._took(began)
        self._by_model = Counter(row.model_id for row in part.items)
        return _reading(keys, part)

    def some(self, keys: Collection[CellKey]) -> Reading:
        """These cells; what cannot be read is unknown, for a reason."""
        began = time.monotonic()
        try:
            return self._some(keys)
        finally:
            self._took(began)

    def _some(self, keys: Collection[CellKey]) -> Reading:
        if len(keys) == 1:
            return self._one(*keys)
        cameras = sorted({key.camera_id for key in keys})
        if self._by_model is None:
            return self._each(keys, "camera_id", cameras)
        models = sorted({key.model_id for key in keys})
        # One more row for each cell that may have come since.
        pages = _pages(self._by_model.total() + len(keys))
        by_model = sum(_pages(self._by_model[model] + len(keys)) for model in models)
        if len(cameras) <= min(by_model, pages):
            return self._each(keys, "camera_id", cameras)
        if by_model <= pages:
            return self._each(keys, "model_id", models)
        return self._whole(keys)

    def _whole(self, keys: Collection[CellKey]) -> Reading:
        try:
            return self.all(keys)
        except BackendError as error:
            return Reading(unknown=dict.fromkeys(keys, error.reason))

    def _one(self, key: CellKey) -> Reading:
        try:
            return Reading({key: self._client.assignment(key, self._until())})
        except BackendError as error:
            return Reading(unknown={key: error.reason})

    def _each(self, keys: Collection[CellKey], name: str, values: Iterable[str]) -> Reading:
        groups: dict[str, list[CellKey]] = {}
        for key in keys:
            groups.setdefault(getattr(key, name), []).append(key)
        known: dict[CellKey, Assignment | None] = {}
        unknown: dict[CellKey, str] = {}
        until = self._until()
        gone: UnreachableError | None = None
        for value in values:
            group = groups[value]
            try:
                if gone is not None:
                    raise gone
                of = {"camera_id": None, "model_id": None} | {name: value}
                part = self._client.assignments(
                    until, camera_id=of["camera_id"], model_id=of["model_id"]
                )
                reading = _reading(group, part)
            except BackendError as error:
                gone = error if isinstance(error, UnreachableError) else gone
                reading = Reading(unknown=dict.fromkeys(group, error.reason))
            known |= reading.known
            unknown |= reading.unknown
        return Reading(known, unknown)

    def _until(self) -> float:
        until = time.monotonic() + READ_CALLS * self._client.call_limit_s
        return until if self._bound is None else min(until, self._bound)

    def _took(self, began: float) -> None:
        self.last_s = time.monotonic() - began
        self.spent_s += self.last_s


def _pages(rows: int) -> int:
    return rows // ASSIGNMENTS_PAGE_ROWS + 1


def _reading(keys: Collection[CellKey], part: Part[Assignment]) -> Reading:
    rows = {(row.camera_id, row.model_id): row for row in part.items}
    unknown = {key: part.faults[key] for key in keys if key in part.faults}
    if part.is_complete:
        return Reading({key: rows.get(key) for key in keys if key not in unknown}, unknown)
    reason = part.reason or "the VAS could not be read in full"
    return Reading(
        {key: rows[key] for key in keys if key in rows},
        {key: reason for key in keys if key not in rows} | unknown,
    )
