"""What an operator may do. Every service that changes something is handed these and asks them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from vas_dash.domain.changes import Blocked, CellChange, ChangeSet, Problem
from vas_dash.domain.fleet import FleetSnapshot
from vas_dash.domain.operators import Operator, Role
from vas_dash.domain.records import CellResult, Outcome
from vas_dash.errors import NotAllowedError
from vas_dash.journal import Journal

__all__ = ["NOT_KNOWN", "NOT_YOURS", "Permissions", "refuse_others"]

NOT_YOURS = "not one of your locations"
"""Why a cell is blocked whose camera stands elsewhere, or in no location."""

NOT_KNOWN = "where the camera stands is not known just now"
"""Why a cell is blocked whose camera the newest read of the fleet does not have."""


def _unknown_fleet() -> FleetSnapshot:
    raise LookupError("who may work everywhere needs no fleet")


@dataclass(frozen=True)
class Permissions:
    """Who asks for something, and what they may do. `fleet` gives the snapshot that says where
    cameras are; it is asked only for operators of certain locations.
    """

    operator: Operator
    fleet: Callable[[], FleetSnapshot] = _unknown_fleet

    @classmethod
    def unrestricted(cls, name: str) -> Permissions:
        """Those of an admin."""
        return cls(Operator(name, Role.ADMIN))

    @property
    def name(self) -> str:
        """The operator's name, as the journal records it."""
        return self.operator.name

    def require_change(self) -> None:
        """Any change of intent, and work on drafts.

        Raises:
            NotAllowedError: a viewer.
        """
        if self.operator.role is Role.VIEWER:
            raise NotAllowedError("a viewer may look, and change nothing")

    def require_change_set(self, who: str) -> None:
        """Undo, resume, try again, start or stop a change set of `who`.

        Raises:
            NotAllowedError: a viewer; or it is another operator's, and this is no admin.
        """
        self.require_change()
        if self.operator.role is not Role.ADMIN and who != self.operator.name:
            raise NotAllowedError("this change set belongs to another user; an admin may do that")

    def require_prune(self) -> None:
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

    def allows(self, camera_id: str, fleet: FleetSnapshot | None = None) -> bool:
        """Whether the camera is in one of the operator's locations, as far as that is known."""
        return self.everywhere or camera_id in self.cameras(fleet or self.fleet())

    def allowed(self, changes: ChangeSet, fleet: FleetSnapshot | None = None) -> ChangeSet:
        """The change set with the cells of other locations blocked.

        Raises:
            NotAllowedError: a viewer.
        """
        self.require_change()
        if self.everywhere or not changes.changes:
            return changes
        fleet = fleet or self.fleet()
        mine = self.cameras(fleet)
        kept = tuple(one for one in changes.changes if one.key.camera_id in mine)
        if len(kept) == len(changes.changes):
            return changes
        others = (_blocked(one, fleet) for one in changes.changes if one.key.camera_id not in mine)
        blocked = sorted([*changes.blocked, *others], key=lambda one: one.key)
        return replace(changes, changes=kept, blocked=tuple(blocked))

    def cameras(self, fleet: FleetSnapshot) -> frozenset[str]:
        """The ids of those in the operator's locations, which are not everywhere.

        Only as the newest read has it: where a camera stood before says nothing of today.
        """
        locations = self.operator.locations or frozenset()
        return frozenset(one.id for one in fleet.cameras.items if one.location in locations)


def refuse_others(by: Permissions, journal: Journal, change_set_id: int) -> None:
    """Settle as refused what the operator may not change any more. To be called with its lock held.

    Between the making of a change set and its start an operator can lose a location, and a camera
    can be moved to another one.

    Raises:
        NotAllowedError: a viewer.
        JournalError: it cannot be read or written.
    """
    cells = journal.cells(change_set_id, results=[CellResult.NOT_SENT])
    changes = ChangeSet(tuple(cell.change for cell in cells))
    blocked = {one.key: one.problems[0].message for one in by.allowed(changes).blocked}
    journal.settle(
        change_set_id,
        {
            cell.position: Outcome(CellResult.REFUSED, blocked[cell.change.key])
            for cell in cells
            if cell.change.key in blocked
        },
    )


def _blocked(change: CellChange, fleet: FleetSnapshot) -> Blocked:
    known = {one.id for one in fleet.cameras.items}
    is_known = fleet.cameras.is_complete or change.key.camera_id in known
    return Blocked(change.key, (Problem("camera", NOT_YOURS if is_known else NOT_KNOWN),))
