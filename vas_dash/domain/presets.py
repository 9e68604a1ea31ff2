"""Presets: a name for the fps, priority and parameters of one model.

A preset is a list of versions that only grows. What a cell has to do with one is told by what the
cell holds: it uses a preset whose newest version it equals, and follows one of which it equals
an earlier version only.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from vas_dash.domain.changes import KEEP, DesiredChange, same_json
from vas_dash.domain.entities import Assignment, CellIntent, CellKey, Parameters
from vas_dash.domain.finding import folded
from vas_dash.domain.fleet import CellState, FleetSnapshot
from vas_dash.domain.text import canonical

__all__ = [
    "NAME_CHARS",
    "Preset",
    "PresetChange",
    "PresetEdit",
    "PresetValues",
    "Usage",
    "changes_of",
    "current_presets",
    "named",
    "preset_name",
    "presets_of_cell",
    "usage",
]

NAME_CHARS = 80
"""Longest name of a preset."""


@dataclass(frozen=True, slots=True)
class PresetValues:
    """What a preset sets; whether a cell is on is no part of it. None: the backend's default."""

    desired_fps: int | None = None
    priority: int | None = None
    parameters: Parameters | None = None

    @classmethod
    def of(cls, intent: CellIntent | Assignment) -> PresetValues:
        """Those of a cell."""
        return cls(intent.desired_fps, intent.priority, intent.parameters)

    def same(self, other: PresetValues) -> bool:
        """Whether both set the same; parameters are compared as JSON: 4 is 4.0."""
        if (self.desired_fps, self.priority) != (other.desired_fps, other.priority):
            return False
        return same_json(self.parameters, other.parameters)

    def desired(self, *, turn_on: bool = False) -> DesiredChange:
        """What is wanted of a cell that is to have them, and to be on if `turn_on`."""
        enabled = True if turn_on else KEEP
        return DesiredChange(enabled, self.desired_fps, self.priority, self.parameters)


@dataclass(frozen=True, slots=True)
class Preset:
    """One version of a preset, and who made it when (UTC).

    The one with the highest `version` is what the preset is; `removed`: it is no more.
    """

    id: int
    version: int
    model_id: str
    name: str
    values: PresetValues
    who: str
    changed_at: datetime
    removed: bool = False


@dataclass(frozen=True, slots=True)
class PresetEdit:
    """What a preset is to become. `seen` is the version that was looked at; None: a new preset."""

    model_id: str
    name: str
    values: PresetValues
    seen: Preset | None = None
    removed: bool = False

    @classmethod
    def of(cls, seen: Preset) -> PresetEdit:
        """The preset as it is."""
        return cls(seen.model_id, seen.name, seen.values, seen)


@dataclass(frozen=True, slots=True)
class PresetChange:
    """A version and the one before it; None: the preset was made."""

    before: Preset | None
    after: Preset


@dataclass(frozen=True, slots=True)
class Usage:
    """On which cells a preset is in use, and which hold what it was before."""

    using: Sequence[CellKey]
    following: Sequence[CellKey]


def preset_name(text: str) -> str:
    """The name of a preset as it is kept.

    Raises:
        ValueError: it is empty, too long or not printable.
    """
    name = " ".join(text.split())
    if not name or not name.isprintable() or len(name) > NAME_CHARS:
        raise ValueError(f"a preset's name has 1 to {NAME_CHARS} printable characters")
    return name


def current_presets(versions: Iterable[Preset]) -> tuple[Preset, ...]:
    """The newest version of each preset that is not removed; `versions` in their order."""
    newest = {one.id: one for one in versions}
    return tuple(one for one in newest.values() if not one.removed)


def named(presets: Iterable[Preset], model_id: str, name: str) -> Preset | None:
    """The preset of this model whose name looks the same."""
    wanted = folded(name)
    return next(
        (one for one in presets if one.model_id == model_id and folded(one.name) == wanted), None
    )


def changes_of(versions: Iterable[Preset]) -> list[PresetChange]:
    """Each version with the one before it; `versions` in their order."""
    newest: dict[int, Preset] = {}
    changes = []
    for one in versions:
        changes.append(PresetChange(newest.get(one.id), one))
        newest[one.id] = one
    return changes


def presets_of_cell(
    versions: Sequence[Preset], model_id: str, values: PresetValues
) -> tuple[list[Preset], list[Preset]]:
    """The presets that a cell with these values uses; where it uses none, those it follows."""
    return _Matching(versions, model_id).presets(values)


class _Matching:
    """The versions of one model's presets by their values: many cells are looked for in them."""

    def __init__(self, versions: Iterable[Preset], model_id: str) -> None:
        mine = [one for one in versions if one.model_id == model_id]
        self.current = current_presets(mine)
        self._alike: dict[object, list[Preset]] = defaultdict(list)
        for one in mine:
            self._alike[_key(one.values)].append(one)
        self._numbers = {(one.values.desired_fps, one.values.priority) for one in mine}

    def presets(self, values: PresetValues) -> tuple[list[Preset], list[Preset]]:
        """Those that a cell with these values uses; where it uses none, those it follows."""
        if (values.desired_fps, values.priority) not in self._numbers:
            return [], []
        same = self._alike.get(_key(values), [])
        using = [one for one in same if one in self.current]
        ids = {one.id for one in same}
        return using, [] if using else [one for one in self.current if one.id in ids]


def _key(values: PresetValues) -> object:
    """What two share only when both set the same (`PresetValues.same`)."""
    return values.desired_fps, values.priority, canonical(_plain(values.parameters))


def _plain(value: object) -> object:
    """JSON in which 4.0 is written as 4."""
    if isinstance(value, Mapping):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def usage(versions: Sequence[Preset], model_id: str, fleet: FleetSnapshot) -> Mapping[int, Usage]:
    """For each preset of a model, by its id, the known cells that use and that follow it."""
    matching = _Matching(versions, model_id)
    using = {one.id: list[CellKey]() for one in matching.current}
    following = {number: list[CellKey]() for number in using}
    for camera_id, cells in fleet.cells.items():
        cell = cells.get(model_id)
        if cell is None or cell.assignment is None or cell.state is CellState.UNKNOWN:
            continue
        key = CellKey(camera_id, model_id)
        used, followed = matching.presets(PresetValues.of(cell.assignment))
        for one in used:
            using[one.id].append(key)
        for one in followed:
            following[one.id].append(key)
    return {number: Usage(using[number], following[number]) for number in using}
