"""How long an export of 100,000 cells takes, and the way back (`python -m bench.files`).

Medians; the ratio is to what the standard library's `json.dumps` takes for the same values as one
list, in the same run.
"""

from __future__ import annotations

import argparse
import gc
import json
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from bench import machine
from vas_dash.domain.entities import AiModel, Assignment, Camera
from vas_dash.domain.fleet import FleetSnapshot, Part
from vas_dash.files.drafting import draft_file
from vas_dash.files.exporting import export_file
from vas_dash.files.tree import Format

__all__ = ["Figures", "run", "snapshot"]


@dataclass(frozen=True)
class Figures:
    """Medians for one format. `ratio` is export by plain dump."""

    format: Format
    cells: int
    size_bytes: int
    export_s: float
    dump_s: float
    import_s: float

    @property
    def ratio(self) -> float:
        """Export by plain dump."""
        return self.export_s / self.dump_s

    def __str__(self) -> str:
        return (
            f"{self.format:<5}{self.cells:,} cells, {self.size_bytes / 1e6:.1f} MB: "
            f"export {self.export_s:.2f} s, {self.ratio:.1f} x a plain dump "
            f"({self.dump_s:.2f} s); read, checked and planned {self.import_s:.2f} s"
        )


def snapshot(cameras: int = 5_000, models: int = 20) -> FleetSnapshot:
    """A fleet with every cell assigned, three of four with parameters."""
    when = datetime(2026, 11, 22, 12, tzinfo=UTC)
    rows = tuple(
        Assignment(
            f"{camera}-{model}",
            f"id-{camera}",
            f"model-{model}",
            (camera + model) % 3 != 0,
            camera % 30 + 1 if model % 2 else None,
            model * 5 if model % 5 else None,
            {"threshold": 0.25 + camera / 10_000, "classes": ["person", "helmet"], "zone": "a 1"}
            if model % 4
            else None,
            when,
            None,
        )
        for camera in range(cameras)
        for model in range(models)
    )
    return FleetSnapshot(
        Part.complete(
            tuple(
                Camera(f"id-{number}", f"Hall {number % 125} Gate {number}", None, f"Hall {number}")
                for number in range(cameras)
            )
        ),
        Part.complete(tuple(AiModel(f"model-{number}", None) for number in range(models))),
        Part.complete(rows),
        when,
    )


def run(rounds: int = 5) -> list[Figures]:
    """Figures for each format."""
    fleet = snapshot()
    values = [
        (row.camera_id, row.model_id, row.enabled, row.desired_fps, row.priority, row.parameters)
        for row in fleet.assignments.items
    ]
    figures = []
    for format in Format:  # noqa: A001 - the word of the field
        exports, dumps = [], []
        for _ in range(rounds):
            exports.append(_timed(lambda one=format: export_file(_fresh(fleet), one)))  # type: ignore[misc]
            dumps.append(_timed(lambda: json.dumps(values).encode()))
        data = export_file(fleet, format)
        back = _timed(lambda d=data, one=format: draft_file(d, one, fleet))  # type: ignore[misc]
        figures.append(
            Figures(
                format,
                len(values),
                len(data),
                statistics.median(exports),
                statistics.median(dumps),
                back,
            )
        )
    return figures


def _fresh(fleet: FleetSnapshot) -> FleetSnapshot:
    """The same, with nothing of it worked out yet."""
    return FleetSnapshot(fleet.cameras, fleet.models, fleet.assignments, fleet.taken_at)


def _timed(work: Callable[[], object]) -> float:
    gc.collect()
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    print(machine.describe())
    for figures in run(rounds):
        print(figures)


if __name__ == "__main__":
    main()
