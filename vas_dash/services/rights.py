"""What somebody may do, held where it is done: by the services, whoever calls them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from vas_dash.domain.changes import Blocked, CellChange, ChangeSet, Problem
from vas_dash.domain.fleet import FleetSnapshot
from vas_dash.domain.operators import Operator, Role
from vas_dash.errors import NotAllowedError

__all__ = ["NOT_YOURS", "Rights"]

NOT_YOURS = "not one of your locations"
"""Why a cell is blocked whose camera stands elsewhere, or nobody knows where."""


@dataclass(frozen=True)
class Rights:
    """The rights of one operator. `fleet` gives the picture that says where cameras are.

    A service that was given rights (`by(rights)`) holds them itself, and records the operator's
    name whatever name it is called with. One that was given none acts for the process that has it:
    a worker that applies what was submitted, a test, a bench.
    """

    operator: Operator
    fleet: Callable[[], FleetSnapshot]

    def change(self) -> None:
        """Any change of intent, and work on drafts.

        Raises:
            NotAllowedError: a viewer.
        """
        if self.operator.role is Role.VIEWER:
            raise NotAllowedError("a viewer may look, and change nothing")

    def touch(self, who: str) -> None:
        """Undo, reopen, try again, start or stop a change set of `who`.

        Raises:
            NotAllowedError: a viewer; or it is somebody else's, and this is no admin.
        """
        self.change()
        if self.operator.role is not Role.ADMIN and who != self.operator.name:
            raise NotAllowedError("this change set is somebody else's; an admin may do that")

    def prune(self) -> None:
        """Remove what a file does not name.

        Raises:
            NotAllowedError: no admin.
        """
        if self.operator.role is not Role.ADMIN:
            raise NotAllowedError("removing what a file does not name is for an admin")

    @property
    def everywhere(self) -> bool:
        """Whether locations do not matter."""
        return self.operator.role is Role.ADMIN or self.operator.locations is None

    def covers(self, camera_id: str, fleet: FleetSnapshot | None = None) -> bool:
        """Whether the camera is in a place of theirs. Of a camera nobody knows that is not said."""
        return self.everywhere or camera_id in self._cameras(fleet or self.fleet())

    def allowed(self, changes: ChangeSet, fleet: FleetSnapshot | None = None) -> ChangeSet:
        """The change set with the cells of other locations blocked.

        Raises:
            NotAllowedError: a viewer.
        """
        self.change()
        if self.everywhere or not changes.changes:
            return changes
        mine = self._cameras(fleet or self.fleet())
        kept = tuple(one for one in changes.changes if one.key.camera_id in mine)
        if len(kept) == len(changes.changes):
            return changes
        others = (one for one in changes.changes if one.key.camera_id not in mine)
        blocked = sorted([*changes.blocked, *map(_blocked, others)], key=lambda one: one.key)
        return replace(changes, changes=kept, blocked=tuple(blocked))

    def _cameras(self, fleet: FleetSnapshot) -> frozenset[str]:
        locations = self.operator.locations or frozenset()
        return frozenset(one.id for one in fleet.known_cameras if one.location in locations)


def _blocked(change: CellChange) -> Blocked:
    return Blocked(change.key, (Problem("camera", NOT_YOURS),))
