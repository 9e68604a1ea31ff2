"""What every callback needs: the services, and the newest snapshot of the fleet."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from cachetools import LRUCache

from vas_dash.changes.cell_writer import CellWriter
from vas_dash.changes.drafting import Drafting
from vas_dash.changes.operations import Operations
from vas_dash.changes.permissions import Permissions
from vas_dash.changes.presets import Presets
from vas_dash.config import Settings
from vas_dash.domain.entities import CellKey
from vas_dash.domain.fleet import Cell, FleetSnapshot
from vas_dash.domain.operators import Operator
from vas_dash.fleet.reader import FleetReader
from vas_dash.jobs.service import Jobs
from vas_dash.pages.arguments import Learned
from vas_dash.pages.grid.model import FleetGrid
from vas_dash.pages.grid.rendering import RenderedPages

WAIT_S = 0.6
"""Longest wait for a snapshot of the fleet that is still being read."""

SAVE_S = 0.9
"""Longest time from the beginning of a callback that saves until the save has its outcome."""

_SNAPSHOTS_KEPT = 8


@dataclass(frozen=True)
class Context:
    """The services, and what was drawn of the last few snapshots.

    The services that change something are handed `permissions`.
    """

    settings: Settings
    reader: FleetReader
    writer: CellWriter
    operations: Operations
    drafting: Drafting
    presets: Presets
    jobs: Jobs
    operator: Callable[[], Operator]
    _rendered: _RenderedSnapshots = field(default_factory=lambda: _RenderedSnapshots())

    @property
    def permissions(self) -> Permissions:
        """Who asks, in the thread of a request, and what they may do."""
        return Permissions(self.operator(), lambda: self.reader.current(wait_s=WAIT_S))

    def grid(self, recent: Sequence[Learned] = ()) -> FleetGrid:
        """The grid of the newest snapshot."""
        return self.rendered_pages(recent).grid

    def rendered_pages(self, recent: Sequence[Learned] = ()) -> RenderedPages:
        """The newest snapshot, with what this browser's own changes have shown since."""
        snapshot = self.reader.current(wait_s=WAIT_S)
        learned = {entry.key: entry.cell for entry in recent if entry.until > snapshot.taken_at}
        return self._rendered.rendered_pages(snapshot, learned, self.settings.page_size)


class _RenderedSnapshots:
    """What was drawn of the newest snapshot, and of it with what browsers know better.

    Nothing of an older snapshot is kept: each is as large as the fleet.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._snapshot: FleetSnapshot | None = None
        self._kept: LRUCache[str, RenderedPages] = LRUCache(_SNAPSHOTS_KEPT)

    def rendered_pages(
        self, snapshot: FleetSnapshot, learned: Mapping[CellKey, Cell], page_size: int
    ) -> RenderedPages:
        """What is drawn of `snapshot`, the newest, with what is `learned` of single cells."""
        key = repr(learned) if learned else ""
        with self._lock:
            if snapshot is not self._snapshot:
                self._snapshot = snapshot
                self._kept.clear()
            kept = self._kept.get(key)
            if kept is None:
                drawn = snapshot.with_exceptions(learned) if learned else snapshot
                kept = self._kept[key] = RenderedPages(drawn, page_size)
            return kept
