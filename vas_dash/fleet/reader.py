"""Read the fleet in the background: one sweep at a time, shared by all browsers."""

from __future__ import annotations

import logging
import os
import threading
import time
import weakref
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TypeVar

from vas_dash.backend.client import VasClient
from vas_dash.domain.entities import Assignment, Camera, CellKey
from vas_dash.domain.fleet import FleetSnapshot, Part
from vas_dash.domain.text import moment
from vas_dash.errors import BackendError, TimedOutError, UnreachableError

__all__ = ["FleetReader"]

T = TypeVar("T")

_log = logging.getLogger(__name__)

SWEEP_CALLS = 10
"""A sweep may take as long as so many calls at most."""

REST_FACTOR = 10
"""The VAS rests so many times as long as a sweep took."""

STEP_BACK = timedelta(seconds=1)
"""By less the time of day is only being mended."""


def _utc_now() -> datetime:
    return datetime.now(UTC)


class FleetReader:
    """The newest snapshot of the fleet, for all browsers of this process.

    Sweeps run in a thread of their own, started when a page asks and one is due: `interval_s`
    after the last one, or ten times what that took, whichever is longer. A sweep that could read
    nothing at all was no load, so it does not stretch the interval: a VAS that comes back is seen
    soon. `clock` counts seconds; `now` is the time of day in UTC.
    """

    def __init__(
        self,
        client: VasClient,
        interval_s: float = 10.0,
        *,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        self.on_sweep: Callable[[FleetSnapshot], None] = lambda _: None
        """Called in the sweep's thread with what each one has read."""
        self._client = client
        self._interval_s = interval_s
        self._clock = clock
        self._now = now
        self._sweep_limit_s = SWEEP_CALLS * client.call_limit_s
        self._changed = threading.Condition()
        self._closed = False
        self._failing = False
        self._began: tuple[float, datetime] | None = None
        """When the running sweep began: by `clock`, by `now`."""
        self._read: FleetSnapshot | None = None
        """What the last sweep left, and what was read of single cells since."""
        self._read_at = 0.0
        self._rest_s = interval_s
        self._nothing: FleetSnapshot | None = None
        self._picture: tuple[str | None, FleetSnapshot] | None = None
        """What is shown of `_read`, and the reason if it is too old to be shown as it is."""
        self._seen: dict[CellKey, tuple[Assignment | None, datetime]] = {}
        self._unknown: dict[CellKey, tuple[str, datetime]] = {}
        self._started = now() - timedelta(seconds=clock())
        """The time of day at which `clock` was 0, as it was seen last."""
        _renew_in_children(self)

    def current(self, wait_s: float = 0.0) -> FleetSnapshot:
        """The newest snapshot; starts a sweep when one is due. Never blocks longer than `wait_s`.

        It waits only where there is no snapshot yet, or a very old one. It is the same object until
        something changes.
        """
        with self._changed:
            self._start_when_due()
            if wait_s > 0 and self._is_old():
                self._changed.wait_for(lambda: self._began is None, wait_s)
            return self._shown()

    def record_read(self, key: CellKey, assignment: Assignment | None, began_at: datetime) -> None:
        """One cell was read, by a read that began at `began_at`: newer than the sweep, it wins.

        `CellWriter` tells this by itself after each save.
        """
        with self._changed:
            self._seen[key] = (assignment, began_at)
            if self._read is not None and self._read.taken_at <= began_at:
                self._read = self._read.with_cell(key, assignment)
            if key in self._unknown and self._unknown[key][1] < began_at:
                del self._unknown[key]
            self._picture = None

    def mark_unknown(self, key: CellKey, reason: str, until: datetime) -> None:
        """One cell is unknown for `reason` until a sweep that began after `until` has read it.

        `CellWriter` tells this by itself after a save that was not confirmed.
        """
        with self._changed:
            self._unknown[key] = (reason, until)
            self._picture = None

    def close(self) -> None:
        """Start no more sweeps; one that is running ends by itself."""
        with self._changed:
            self._closed = True

    def _start_when_due(self) -> None:
        if self._closed or self._began is not None:
            return
        if self._read is not None and self._clock() - self._read_at < self._rest_s:
            return
        self._heed_step_back()
        self._began = (self._clock(), self._now())
        try:
            threading.Thread(target=self._sweep, name="fleet-sweep", daemon=True).start()
        except RuntimeError:  # the process may have no more threads
            self._publish(FleetSnapshot.nothing_read("the page is overloaded", self._now()))

    def _heed_step_back(self) -> None:
        """Where the time of day was set back, set back with it what is measured against it.

        Else a cell that was read or doubted before would outlast every sweep until the old time of
        day comes again.
        """
        started = self._now() - timedelta(seconds=self._clock())
        back = self._started - started
        self._started = started
        if back > STEP_BACK:
            self._seen = {key: (cell, when - back) for key, (cell, when) in self._seen.items()}
            self._unknown = {key: (why, when - back) for key, (why, when) in self._unknown.items()}

    def _is_old(self) -> bool:
        return self._read is None or self._clock() - self._read_at > 2 * self._rest_s

    def _shown(self) -> FleetSnapshot:
        """The last sweep's snapshot, or one that says it is too old to be true any more."""
        if self._read is None:
            if self._nothing is None:
                reason = "the fleet has not been read yet"
                self._nothing = FleetSnapshot.nothing_read(reason, self._now())
            return self._nothing
        reason_old = self._too_old()
        if self._picture is None or self._picture[0] != reason_old:
            shown = self._read
            if reason_old is not None:
                shown = FleetSnapshot.nothing_read(reason_old, self._now()).remembering(shown)
            if self._unknown:
                shown = shown.with_unknown(
                    {key: mark_unknown[0] for key, mark_unknown in self._unknown.items()}
                )
            self._picture = (reason_old, shown)
        return self._picture[1]

    def _too_old(self) -> str | None:
        assert self._read is not None
        if self._clock() - self._read_at <= self._rest_s + self._sweep_limit_s:
            return None
        if self._began is not None and self._clock() - self._began[0] > self._sweep_limit_s:
            return f"the VAS has been answering too slowly since {moment(self._began[1])}"
        return f"the fleet was last read at {moment(self._read.taken_at)}"

    def _sweep(self) -> None:
        try:
            snapshot = self.read_fleet()
        except Exception:  # a fault of ours: the page must go on and say that it knows nothing
            _log.exception("the fleet could not be read")
            snapshot = FleetSnapshot.nothing_read("the page could not read the fleet", self._now())
        with self._changed:
            self._publish(snapshot)
        self.on_sweep(snapshot)

    def read_fleet(self) -> FleetSnapshot:
        """One sweep, in the thread of the caller. Cameras first, models last.

        A camera that is made meanwhile is then not shown with its assignments missing, and a
        model that is made meanwhile is not taken for one that is gone from the registry.
        """
        taken_at, began = self._now(), time.monotonic()
        until = began + self._sweep_limit_s
        gone: UnreachableError | None = None

        def read(call: Callable[[float], Part[T]]) -> Part[T]:
            nonlocal gone
            try:
                if gone is not None:
                    raise gone
                return call(until)
            except UnreachableError as error:
                gone = error
                return Part.unavailable(error.reason)
            except TimedOutError as error:
                slow = f"the VAS took longer than {self._sweep_limit_s:.2g} s to be read"
                return Part.unavailable(slow if time.monotonic() >= until else error.reason)
            except BackendError as error:
                return Part.unavailable(error.reason)

        cameras = read(self._client.cameras)
        suspects = partial(self._suspects, cameras.items, until)
        assignments = read(lambda until: self._client.assignments(until, suspects=suspects))
        models = read(self._client.models)
        return FleetSnapshot(cameras, models, assignments, taken_at, time.monotonic() - began)

    def _suspects(
        self, cameras: Sequence[Camera], until: float, found: Collection[CellKey]
    ) -> Iterator[CellKey]:
        """Cells whose assignment the VAS may fail on, the likely ones first."""
        last = self._read
        models = dict.fromkeys(key.model_id for key in found)
        if last is not None:
            yield from last.assignments.faults
            yield from (row.key for row in last.assignments.items)
            models |= dict.fromkeys(model.model_id for model in last.known_models)
        for model_id in models:
            if self._client.fails_on(model_id, until):
                yield from (CellKey(camera.id, model_id) for camera in cameras)

    def _publish(self, snapshot: FleetSnapshot) -> None:
        anything = any(
            part.items or part.is_complete
            for part in (snapshot.cameras, snapshot.models, snapshot.assignments)
        )
        self._rest_s = self._interval_s
        if anything:
            self._rest_s = max(self._interval_s, REST_FACTOR * snapshot.duration_s)
        self._settle(snapshot)
        for key, (assignment, _) in self._seen.items():
            snapshot = snapshot.with_cell(key, assignment)
        self._read = snapshot if self._read is None else snapshot.remembering(self._read)
        self._read_at = self._clock()
        self._began = None
        self._picture = None
        self._tell(snapshot)
        self._changed.notify_all()

    def _settle(self, snapshot: FleetSnapshot) -> None:
        """Forget what this sweep knows better."""
        self._seen = {key: seen for key, seen in self._seen.items() if seen[1] >= snapshot.taken_at}
        part = snapshot.assignments
        read = None if part.is_complete else {row.key for row in part.items}
        self._unknown = {
            key: mark_unknown
            for key, mark_unknown in self._unknown.items()
            if mark_unknown[1] >= snapshot.taken_at or (read is not None and key not in read)
        }

    def _tell(self, snapshot: FleetSnapshot) -> None:
        """One line when reading begins to fail and one when it works again, not one each time."""
        if snapshot.is_complete:
            if self._failing:
                _log.info("the fleet is read in full again")
            self._failing = False
        elif not self._failing:
            self._failing = True
            parts = (snapshot.cameras, snapshot.models, snapshot.assignments)
            reasons = dict.fromkeys(part.reason for part in parts if part.reason)
            reasons |= dict.fromkeys(snapshot.assignments.faults.values())
            _log.warning("the fleet is not read in full: %s", "; ".join(map(str, reasons)))

    def _renew(self) -> None:
        """In a forked child: the sweep, and a thread that held the lock, stayed in the parent."""
        self._changed = threading.Condition()
        self._began = None


def _renew_in_children(reader: FleetReader) -> None:
    reference = weakref.ref(reader)

    def renew() -> None:
        reader = reference()
        if reader is not None:
            reader._renew()

    os.register_at_fork(after_in_child=renew)
