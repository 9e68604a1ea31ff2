"""Save one cell: read it, compare, write, read it again, within a budget of time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from vas_dash.domain.entities import Assignment, CellIntent, CellKey
from vas_dash.errors import FieldProblem


@dataclass(frozen=True, slots=True)
class Saved:
    """The VAS was read again and holds the wish. None: the cell is unassigned."""

    assignment: Assignment | None


@dataclass(frozen=True, slots=True)
class Unchanged:
    """The wish is what the VAS holds already: nothing was sent."""

    assignment: Assignment | None


@dataclass(frozen=True, slots=True)
class Conflict:
    """The cell is not what it was when the change was drafted; `current` is what it is now.

    `after_write` False: nothing of the wish was stored. True: the wish was stored, and somebody
    else's later change stands over it.
    """

    current: Assignment | None
    after_write: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """The VAS did not accept the wish: nothing was stored. `message` is for people."""

    message: str
    problems: tuple[FieldProblem, ...] = ()


@dataclass(frozen=True, slots=True)
class NotSent:
    """No write was sent, nor will be, for `reason`."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unconfirmed:
    """A write was sent, and what became of it is not known, for `reason`.

    The cell is unknown until it has been read by a sweep that began after `unknown_until`: from
    then on the write can no longer be on its way.
    """

    reason: str
    sent_at: datetime
    unknown_until: datetime


SaveOutcome = Saved | Unchanged | Conflict | Refused | NotSent | Unconfirmed


class CellWriter:
    """Saves cells; never takes longer than `budget_s`, whatever the VAS does."""

    def save(
        self, key: CellKey, opened_with: Assignment | None, wish: CellIntent | None
    ) -> SaveOutcome:
        """Make the cell `wish` (None: unassigned) if it still is what `opened_with` says.

        To overwrite after a conflict, call again with `opened_with` set to `Conflict.current`.
        """
        raise NotImplementedError
