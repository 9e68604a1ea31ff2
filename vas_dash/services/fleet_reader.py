"""Read the fleet in the background: one sweep at a time, shared by all browsers."""

from __future__ import annotations

from datetime import datetime

from vas_dash.domain.entities import Assignment, CellKey
from vas_dash.domain.fleet import FleetSnapshot


class FleetReader:
    """The newest picture of the fleet, for all browsers of this process."""

    def current(self, wait_s: float = 0.0) -> FleetSnapshot:
        """The newest picture; starts a sweep when one is due. Never blocks longer than `wait_s`.

        It is the same object until something changes.
        """
        raise NotImplementedError

    def saw(self, key: CellKey, assignment: Assignment | None, began_at: datetime) -> None:
        """One cell was read, by a read that began at `began_at`: newer than the sweep, it wins.

        `CellWriter` tells this by itself after each save.
        """
        raise NotImplementedError

    def doubt(self, key: CellKey, reason: str, until: datetime) -> None:
        """One cell is unknown for `reason` until a sweep that began after `until` has read it."""
        raise NotImplementedError

    def close(self) -> None:
        """Start no more sweeps."""
        raise NotImplementedError
