"""What a draft does to the frame rates that models are asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from vas_dash.domain.changes import CellChange
from vas_dash.domain.entities import Assignment, CellIntent
from vas_dash.domain.fleet import CellState, FleetSnapshot
from vas_dash.domain.text import count

__all__ = ["Load", "loads"]


@dataclass(frozen=True, slots=True)
class Load:
    """What one model is asked for over the whole fleet, as far as it is known.

    `fps` is the sum of `desired_fps` of its cells that are on; `without` are those of them that
    have none.
    """

    model_id: str
    title: str
    fps_before: int
    fps_after: int
    without_before: int
    without_after: int

    @property
    def text(self) -> str:
        """`People: 1,240 -> 890 fps asked for; 12 cells without fps -> 8`."""
        arrow = "\N{RIGHTWARDS ARROW}"
        if self.fps_before == self.fps_after:
            text = f"{self.fps_after:,} fps asked for, as before"
        else:
            text = f"{self.fps_before:,} {arrow} {self.fps_after:,} fps asked for"
        without = f"{count(self.without_before, 'cell')} without fps"
        if self.without_before != self.without_after:
            return f"{text}; {without} {arrow} {self.without_after:,}"
        return f"{text}; {without}, as before" if self.without_after else text


class _Sum:
    """Frame rates and cells without one: before, after."""

    def __init__(self) -> None:
        self.fps = [0, 0]
        self.without = [0, 0]

    def add(self, intent: CellIntent | Assignment | None, side: int, by: int) -> None:
        if intent is not None and intent.enabled:
            if intent.desired_fps is None:
                self.without[side] += by
            else:
                self.fps[side] += by * intent.desired_fps


def loads(
    snapshot: FleetSnapshot, changes: Iterable[CellChange], titles: Mapping[str, str]
) -> tuple[Load, ...]:
    """For each model of `titles`, what it is asked for before and after.

    Over all cells that are known. `changes` are those that would be made now: cells that were
    changed elsewhere count as they are.
    """
    sums = {model_id: _Sum() for model_id in titles}
    for by_model in snapshot.cells.values():
        for model_id, cell in by_model.items():
            if model_id in sums and cell.state is CellState.ON:
                sums[model_id].add(cell.assignment, 0, 1)
                sums[model_id].add(cell.assignment, 1, 1)
    for change in changes:
        sums[change.key.model_id].add(change.before, 1, -1)
        sums[change.key.model_id].add(change.desired, 1, 1)
    return tuple(
        Load(model_id, titles[model_id], *one.fps, *one.without) for model_id, one in sums.items()
    )
