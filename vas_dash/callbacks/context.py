"""What every callback needs: the services, and the newest picture of the fleet."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from vas_dash.callbacks.arguments import Learned
from vas_dash.config import Settings
from vas_dash.domain.fleet import FleetSnapshot
from vas_dash.domain.operators import Operator
from vas_dash.services.apply import Operations
from vas_dash.services.cell_writer import CellWriter
from vas_dash.services.drafting import Drafting
from vas_dash.services.fleet_reader import FleetReader
from vas_dash.services.jobs import Jobs
from vas_dash.viewmodel.drawing import Drawings
from vas_dash.viewmodel.grid import FleetGrid

WAIT_S = 0.6
"""Longest wait for a picture of the fleet that is still being read."""

SAVE_S = 0.9
"""Longest time from the beginning of a callback that saves until the save has its outcome."""

_PICTURES_KEPT = 8


@dataclass(frozen=True)
class Context:
    """The services, and what was drawn of their last few pictures.

    `operator` says who asks, in the thread of a request.
    """

    settings: Settings
    reader: FleetReader
    writer: CellWriter
    operations: Operations
    drafting: Drafting
    jobs: Jobs
    operator: Callable[[], Operator]
    _drawings: OrderedDict[tuple[int, str], tuple[FleetSnapshot, Drawings]] = field(
        default_factory=OrderedDict
    )

    def grid(self, recent: Sequence[Learned] = ()) -> FleetGrid:
        """The grid of the newest picture."""
        return self.drawings(recent).grid

    def drawings(self, recent: Sequence[Learned] = ()) -> Drawings:
        """The newest picture, with what this browser's own changes have shown since."""
        snapshot = self.reader.current(wait_s=WAIT_S)
        learned = {entry.key: entry.cell for entry in recent if entry.until > snapshot.taken_at}
        key = (id(snapshot), repr(learned) if learned else "")
        kept = self._drawings.get(key)
        if kept is not None:
            return kept[1]
        drawings = Drawings(
            snapshot.with_exceptions(learned) if learned else snapshot, self.settings.page_size
        )
        # The snapshot is kept too: as long as it lives, no other one has its id.
        self._drawings[key] = (snapshot, drawings)
        while len(self._drawings) > _PICTURES_KEPT:
            self._drawings.popitem(last=False)
        return drawings
