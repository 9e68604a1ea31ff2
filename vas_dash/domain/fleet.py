"""FleetSnapshot: what the backend said, when, and how completely."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import Generic, TypeVar

from vas_dash.domain.entities import AiModel, Assignment, Camera, CellKey

T = TypeVar("T", covariant=True)


class Completeness(StrEnum):
    """How much of one part of the fleet a sweep could read."""

    COMPLETE = "complete"
    INCOMPLETE = "incomplete"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True)
class Part(Generic[T]):
    """One list of the backend, as one sweep read it.

    `items` were read in this sweep: all of them, some of them, or none. `reason` is a sentence for
    people, set whenever the part is not complete. `last_seen` are the items of the newest complete
    read before this one, or of an incomplete one where there was no complete one
    (`last_seen_complete` False), read at `last_seen_at`; both are empty when this part is complete.
    `faults` are single cells whose assignment could not be read, with the reason of each: a list
    of assignments can be complete but for these.
    """

    items: tuple[T, ...]
    completeness: Completeness
    reason: str | None = None
    last_seen: tuple[T, ...] = ()
    last_seen_at: datetime | None = None
    last_seen_complete: bool = True
    faults: Mapping[CellKey, str] = field(default_factory=dict)

    @classmethod
    def complete(cls, items: tuple[T, ...], faults: Mapping[CellKey, str] | None = None) -> Part[T]:
        """Everything there is, but for the cells with a fault."""
        return cls(items, Completeness.COMPLETE, faults=faults or {})

    @classmethod
    def incomplete(cls, items: tuple[T, ...], reason: str) -> Part[T]:
        """Some of it; the rest is unknown for `reason`."""
        return cls(items, Completeness.INCOMPLETE, reason)

    @classmethod
    def unavailable(cls, reason: str) -> Part[T]:
        """Nothing of it, for `reason`."""
        return cls((), Completeness.UNAVAILABLE, reason)

    @property
    def is_complete(self) -> bool:
        """True when nothing is missing."""
        return self.completeness is Completeness.COMPLETE

    def remembering(self, previous: Part[T], previous_taken_at: datetime) -> Part[T]:
        """This part, with what `previous` knew as last seen where this one is not complete."""
        if self.is_complete:
            return self
        if previous.is_complete or (previous.items and not previous.last_seen):
            return replace(
                self,
                last_seen=previous.items,
                last_seen_at=previous_taken_at,
                last_seen_complete=previous.is_complete,
            )
        return replace(
            self,
            last_seen=previous.last_seen,
            last_seen_at=previous.last_seen_at,
            last_seen_complete=previous.last_seen_complete,
        )


class CellState(StrEnum):
    """What the page says of a cell. None of these says that a model runs."""

    ON = "on"
    OFF = "off"
    UNASSIGNED = "unassigned"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Cell:
    """One camera and one model. `assignment` is the last one seen when the state is unknown."""

    state: CellState
    assignment: Assignment | None = None
    reason: str | None = None
    last_seen_at: datetime | None = None

    @classmethod
    def of(cls, assignment: Assignment | None) -> Cell:
        """The cell as the backend has just told it."""
        if assignment is None:
            return _UNASSIGNED
        return cls(CellState.ON if assignment.enabled else CellState.OFF, assignment)


_UNASSIGNED = Cell(CellState.UNASSIGNED)


@dataclass(frozen=True)
class FleetSnapshot:
    """One complete or incomplete read of the backend.

    `taken_at` is when the read began (UTC): what changed after it is not in it. `duration_s` is how
    long it took. `exceptions` are single cells that are known otherwise, or no longer known,
    since a change that began after this read.
    """

    cameras: Part[Camera]
    models: Part[AiModel]
    assignments: Part[Assignment]
    taken_at: datetime
    duration_s: float = 0.0
    exceptions: Mapping[CellKey, Cell] = field(default_factory=dict)

    @classmethod
    def nothing_read(cls, reason: str, taken_at: datetime) -> FleetSnapshot:
        """Nothing is known, for `reason`."""
        return cls(
            Part.unavailable(reason),
            Part.unavailable(reason),
            Part.unavailable(reason),
            taken_at,
        )

    def remembering(self, previous: FleetSnapshot) -> FleetSnapshot:
        """This snapshot, with what `previous` knew as last seen where this one knows less."""
        doubted = {
            key: previous._made_unknown(previous.cell(*key), reason)
            for key, reason in self.assignments.faults.items()
        }
        return replace(
            self,
            cameras=self.cameras.remembering(previous.cameras, previous.taken_at),
            models=self.models.remembering(previous.models, previous.taken_at),
            assignments=self.assignments.remembering(previous.assignments, previous.taken_at),
            exceptions={**doubted, **self.exceptions},
        )

    def with_exceptions(self, exceptions: Mapping[CellKey, Cell]) -> FleetSnapshot:
        """This snapshot, with single cells as they are known since."""
        made = replace(self, exceptions={**self.exceptions, **exceptions})
        made._take_over(self, exceptions)
        return made

    def with_cell(self, key: CellKey, assignment: Assignment | None) -> FleetSnapshot:
        """This snapshot, with one cell as it was read on its own, later."""
        others = tuple(
            row
            for row in self.assignments.items
            if row.camera_id != key.camera_id or row.model_id != key.model_id
        )
        items = others if assignment is None else (*others, assignment)
        faults = {one: why for one, why in self.assignments.faults.items() if one != key}
        part = replace(self.assignments, items=items, faults=faults)
        made = replace(self, assignments=part)
        if self.assignments.is_complete and self.cameras.is_complete:
            made._take_over(self, {key: self.exceptions.get(key, Cell.of(assignment))})
        return made

    def _take_over(self, of: FleetSnapshot, cells: Mapping[CellKey, Cell]) -> None:
        """Keep what was derived of another snapshot, from which this one differs in these `cells`.

        In a large fleet, deriving it again for one saved cell would take longer than all the rest.
        """
        vars(self)["known_cameras"] = of.known_cameras
        merged = dict(of.cells)
        for key, cell in cells.items():
            merged[key.camera_id] = {**merged.get(key.camera_id, {}), key.model_id: cell}
        vars(self)["cells"] = merged

    def with_unknown(self, reasons: Mapping[CellKey, str]) -> FleetSnapshot:
        """This snapshot, with these cells unknown, each for its reason."""
        return self.with_exceptions(
            {key: self._made_unknown(self.cell(*key), reason) for key, reason in reasons.items()}
        )

    def _made_unknown(self, cell: Cell, reason: str) -> Cell:
        known = cell.state is not CellState.UNKNOWN
        seen_at = self.taken_at if known else cell.last_seen_at
        return Cell(CellState.UNKNOWN, cell.assignment, reason, seen_at)

    @property
    def is_complete(self) -> bool:
        """True when every part is, and no row had a fault."""
        parts = (self.cameras, self.models, self.assignments)
        return all(part.is_complete and not part.faults for part in parts)

    @cached_property
    def known_cameras(self) -> tuple[Camera, ...]:
        """Every camera that can be shown: read, else last seen, else known from assignments only.

        Once the list of cameras is complete, it alone decides; the order is the backend's.
        """
        by_id = {camera.id: camera for camera in self.cameras.items}
        if not self.cameras.is_complete:
            for camera in self.cameras.last_seen:
                by_id.setdefault(camera.id, camera)
            for assignment in (*self.assignments.items, *self.assignments.last_seen):
                if assignment.camera_id not in by_id:
                    by_id[assignment.camera_id] = Camera(assignment.camera_id, name=None)
        return tuple(by_id.values())

    @cached_property
    def known_models(self) -> tuple[AiModel, ...]:
        """Every model that can be shown, with those that only assignments speak of at the end."""
        by_id = {model.model_id: model for model in self.models.items}
        if not self.models.is_complete:
            for model in self.models.last_seen:
                by_id.setdefault(model.model_id, model)
        strangers = {
            assignment.model_id
            for assignment in (*self.assignments.items, *self.assignments.last_seen)
            if assignment.model_id not in by_id
        }
        for model_id in sorted(strangers):
            by_id[model_id] = AiModel(model_id, name=None, registered=False)
        return tuple(by_id.values())

    @cached_property
    def default_cell(self) -> Cell:
        """The cell of a camera and a model that no assignment, read or last seen, speaks of."""
        if self.assignments.is_complete:
            return _UNASSIGNED
        part = self.assignments
        # What an incomplete read did not show need not have been unassigned.
        seen_at = part.last_seen_at if part.last_seen_complete else None
        return Cell(CellState.UNKNOWN, None, part.reason, seen_at)

    @cached_property
    def cells(self) -> Mapping[str, Mapping[str, Cell]]:
        """By camera and model, at least every cell that is not the default one."""
        cells: dict[str, dict[str, Cell]] = {}
        part = self.assignments
        for assignment in part.last_seen:
            cells.setdefault(assignment.camera_id, {})[assignment.model_id] = Cell(
                CellState.UNKNOWN, assignment, part.reason, part.last_seen_at
            )
        for assignment in part.items:
            cells.setdefault(assignment.camera_id, {})[assignment.model_id] = Cell.of(assignment)
        for key, reason in part.faults.items():
            doubted = Cell(CellState.UNKNOWN, None, reason)
            cells.setdefault(key.camera_id, {})[key.model_id] = doubted
        for key, cell in self.exceptions.items():
            cells.setdefault(key.camera_id, {})[key.model_id] = cell
        return cells

    def cell(self, camera_id: str, model_id: str) -> Cell:
        """What is known of one cell."""
        return self.cells.get(camera_id, {}).get(model_id, self.default_cell)
