"""How fast the journal lists change sets and the history of a cell, with 1,000,000 cells in it."""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import insert

from bench import machine
from vas_dash.database import Database, database_url
from vas_dash.domain.changes import ChangeSet
from vas_dash.domain.entities import CellKey
from vas_dash.domain.records import HistoryFilter
from vas_dash.journal import Journal
from vas_dash.journal.tables import CELLS, CHANGE_SETS, MODELS

__all__ = ["Figures", "run"]

CAMERAS, PEOPLE, USED_MODELS = 5_000, 20, 20
FIRST = datetime(2026, 1, 1, tzinfo=UTC)
_CELL_TEXT = (
    '{"enabled":true,"desired_fps":5,"priority":10,"parameters":{"threshold":0.5},'
    '"id":"00000000-0000-0000-0000-000000000000",'
    '"created_at":"2026-11-22T12:00:00+00:00","updated_at":null}'
)


@dataclass(frozen=True)
class Figures:
    """Medians in milliseconds, by what was asked for."""

    cells: int
    change_sets: int
    times_ms: dict[str, float]

    @property
    def slowest_ms(self) -> float:
        """The slowest of all."""
        return max(self.times_ms.values())

    def __str__(self) -> str:
        lines = [f"journal with {self.cells:,} cells in {self.change_sets:,} change sets, ms"]
        lines += [f"  {name:<36}{value:>8.1f}" for name, value in self.times_ms.items()]
        return "\n".join(lines)


def run(cells: int = 1_000_000) -> Figures:
    """Fill a journal with change sets of 1 to 5,000 cells, and ask it."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'journal.db'}"
        journal = Journal(url)
        journal.record(ChangeSet(), "bench")
        sets = _fill(url, cells)
        middle = FIRST + timedelta(minutes=sets // 2)
        camera = _camera(7)
        asked: dict[str, Callable[[], object]] = {
            "newest page": journal.history,
            "a page from the middle": lambda: journal.history(before=sets // 2),
            "by person": lambda: journal.history(HistoryFilter(who="person 7")),
            "by model": lambda: journal.history(HistoryFilter(model_id="model-7")),
            "by camera": lambda: journal.history(HistoryFilter(camera_id=camera)),
            "by time": lambda: journal.history(HistoryFilter(until=middle)),
            "by person, camera, model and time": lambda: journal.history(
                HistoryFilter("person 7", camera, "model-7", FIRST, middle)
            ),
            "by person who is not there": lambda: journal.history(HistoryFilter(who="nobody")),
            "history of one cell": lambda: journal.cell_history(CellKey(camera, "model-7")),
            "100 cells of one change set": lambda: journal.cells(sets, limit=100),
        }
        times = {name: _median_ms(work) for name, work in asked.items()}
        journal.close()
    return Figures(cells, sets, times)


def _fill(url: str, cells: int) -> int:
    """Write rows as the journal would; the number of the last change set."""
    rng = random.Random(1)
    database = Database(database_url(url, "", ""))
    number, written = 1, 0
    while written < cells:
        number += 1
        size = min(rng.choice((1, 1, 1, 1, 10, 100, 1_000, 5_000)), cells - written)
        written += size
        rows = [
            {
                "change_set_id": number,
                "position": position,
                "camera_id": _camera(rng.randrange(CAMERAS)),
                "model_id": f"model-{rng.randrange(USED_MODELS)}",
                "before": _CELL_TEXT,
                "wish": _CELL_TEXT,
                "result": "applied",
                "read": True,
                "after": _CELL_TEXT,
            }
            for position in range(size)
        ]
        models = sorted({str(row["model_id"]) for row in rows})
        values = {
            "id": number,
            "who": f"person {number % PEOPLE}",
            "origin": "edit",
            "created_at": int((FIRST + timedelta(minutes=number)).timestamp() * 1e6),
            "state": "finished",
            "cells": size,
            "tally": f'{{"applied": {size}}}',
        }
        with database.write() as connection:
            connection.execute(insert(CHANGE_SETS), values)
            connection.execute(insert(CELLS), rows)
            connection.execute(
                insert(MODELS), [{"model_id": one, "change_set_id": number} for one in models]
            )
    database.close()
    return number


def _camera(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012d}"


def _median_ms(work: Callable[[], object]) -> float:
    times = []
    for _ in range(7):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return statistics.median(times) * 1e3


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", type=int, default=1_000_000)
    print(machine.describe())
    print(run(parser.parse_args().cells))


if __name__ == "__main__":
    main()
