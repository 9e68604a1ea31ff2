"""A backend in memory for pure tests, and short ways to what the tests of change sets need."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.fakes.clients import client_of
from tests.fakes.faulty_vas import FaultyVas
from vas_dash.changes.operations import Operations
from vas_dash.domain.changes import ChangeSet, Create, Delete, DesiredChange, Update, command, plan
from vas_dash.domain.entities import AiModel, Assignment, Camera, CellIntent, CellKey
from vas_dash.domain.fleet import FleetSnapshot, Part
from vas_dash.journal import Journal

START = datetime(2026, 11, 22, 12, tzinfo=UTC)


def snapshot(
    cameras: Iterable[str],
    models: Iterable[str | AiModel],
    assignments: Iterable[Assignment] = (),
) -> FleetSnapshot:
    """A complete one."""
    return FleetSnapshot(
        Part.complete(tuple(Camera(name, name) for name in cameras)),
        Part.complete(
            tuple(one if isinstance(one, AiModel) else AiModel(one, one) for one in models)
        ),
        Part.complete(tuple(assignments)),
        START,
    )


def assigned(key: CellKey, intent: CellIntent, number: int = 0) -> Assignment:
    return Assignment(
        f"a-{number}",
        *key,
        intent.enabled,
        intent.desired_fps,
        intent.priority,
        intent.parameters,
        START,
        None,
    )


class Backend:
    """What the VAS does with commands: a row for each pair, ids that never come back."""

    def __init__(self, cells: Mapping[CellKey, CellIntent]) -> None:
        self.rows: dict[CellKey, Assignment] = {}
        self._clock = 0
        for key, intent in cells.items():
            self._create(key, intent)

    @property
    def intents(self) -> dict[CellKey, CellIntent]:
        return {key: row.intent for key, row in self.rows.items()}

    def apply(self, changes: ChangeSet) -> list[tuple[Any, Assignment | None]]:
        """Do it; each change with what its cell held afterwards."""
        for change in changes.changes:
            assert self.rows.get(change.key) == change.before
            match command(change.key, change.before, change.desired):
                case Create(key, intent):
                    self._create(key, intent)
                case Update(key, _, values):
                    self._clock += 1
                    changed = START + timedelta(seconds=self._clock)
                    self.rows[key] = replace(self.rows[key], **values, updated_at=changed)
                case Delete(key, _):
                    del self.rows[key]
                case None:
                    raise AssertionError(f"nothing to do for {change}")
        return [(change, self.rows.get(change.key)) for change in changes.changes]

    def _create(self, key: CellKey, intent: CellIntent) -> None:
        self._clock += 1
        self.rows[key] = assigned(key, intent, self._clock)


def operations_on(vas: FaultyVas, journal: Journal, **options: Any) -> Operations:
    timeout_s = options.pop("timeout_s", 30.0)
    return Operations(client_of(vas, timeout_s), journal, **options)


def drafted(operations: Operations, keys: Iterable[CellKey], desired: DesiredChange) -> ChangeSet:
    """One wish for these cells, from the fleet as it is."""
    fleet = operations.read_fleet()
    assert fleet.is_complete
    return plan(fleet, dict.fromkeys(keys, desired))


def keys_of(vas: FaultyVas) -> list[CellKey]:
    """Every cell that is assigned, in order."""
    return sorted(CellKey(row["camera_id"], row["model_id"]) for row in vas.assignments.values())


def stored(vas: FaultyVas) -> dict[CellKey, tuple[Any, ...]]:
    """What the VAS holds, without what a new row differs in."""
    return {
        CellKey(row["camera_id"], row["model_id"]): (
            row["enabled"],
            row["desired_fps"],
            row["priority"],
            row["parameters"],
        )
        for row in vas.assignments.values()
    }


def writes(vas: FaultyVas) -> int:
    return sum(vas.count(method, "writes") for method in ("POST", "PATCH", "DELETE"))


def zoned(vas: FaultyVas) -> int:
    """Cells in which a zone is stored."""
    return sum("zone" in parameters for *_, parameters in stored(vas).values())
