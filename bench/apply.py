"""Applying a change set, as a ratio to the same writes sent by a bare loop (`make bench`).

The VAS is the embedded one with the fleet site, in a process of its own. The bare loop sends the
same commands through the same client with the same concurrency, and neither compares nor proves
nor records anything.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from bench import machine, processes
from vas_dash.backend.client import VasClient
from vas_dash.backend.transport import Transport
from vas_dash.changes.operations import Operations
from vas_dash.changes.permissions import Permissions
from vas_dash.domain.changes import DesiredChange, Update, command, plan
from vas_dash.domain.entities import CellKey
from vas_dash.domain.fleet import FleetSnapshot
from vas_dash.domain.records import CellResult, State
from vas_dash.journal import Journal

__all__ = ["Figures", "run"]

CONCURRENCY = 8
CAMERAS = 5_000
PLANNED_CELLS = 100_000


@dataclass(frozen=True)
class Figures:
    """Medians of one run. Times in seconds; `ratio` is the bare loop's time by that of applying."""

    changes: int
    bare_s: float
    apply_s: float
    record_s: float
    plan_s: float
    planned: int

    @property
    def ratio(self) -> float:
        """1 would be: comparing, proving and recording cost nothing."""
        return self.bare_s / self.apply_s

    def __str__(self) -> str:
        return (
            f"apply {self.changes:,} changes, {CONCURRENCY} at once: {self.apply_s:.2f} s, "
            f"the same writes by a bare loop {self.bare_s:.2f} s, ratio {self.ratio:.2f} "
            f"(written into the journal before in {self.record_s * 1e3:.0f} ms)\n"
            f"plan {self.planned:,} cells: {self.plan_s * 1e3:.0f} ms"
        )


def run(changes: int = 5_000, rounds: int = 3) -> Figures:
    """Bare loops and applied change sets take turns on one VAS."""
    with processes.fleet(CAMERAS) as url, tempfile.TemporaryDirectory() as folder:
        client = VasClient(Transport(url, read_timeout_s=30.0))
        operations = Operations(
            client, Journal(f"sqlite:///{Path(folder) / 'journal.db'}"), concurrency=CONCURRENCY
        )
        fleet = operations.read_fleet()
        keys = [row.key for row in fleet.assignments.items][:changes]
        bare, applied, recorded = [], [], []
        for turn in range(rounds):
            for which in (0, 1) if turn % 2 else (1, 0):
                fps = 16 + 2 * turn + which
                if which == 0:
                    bare.append(_bare(client, operations.read_fleet(), keys, fps))
                else:
                    record_s, apply_s = _applied(operations, keys, fps)
                    recorded.append(record_s)
                    applied.append(apply_s)
        plan_s, planned = _planned(operations.read_fleet())
        operations.journal.close()
        client.close()
    return Figures(
        len(keys),
        statistics.median(bare),
        statistics.median(applied),
        statistics.median(recorded),
        plan_s,
        planned,
    )


def _bare(client: VasClient, fleet: FleetSnapshot, keys: list[CellKey], fps: int) -> float:
    changes = plan(fleet, dict.fromkeys(keys, DesiredChange(desired_fps=fps))).changes
    todo = [command(one.key, one.before, one.desired) for one in changes]
    assert len(todo) == len(keys)

    def send(one: object) -> None:
        assert isinstance(one, Update)
        client.update(one.assignment_id, one.changes, lambda: None)

    began = time.perf_counter()
    with ThreadPoolExecutor(CONCURRENCY) as pool:
        list(pool.map(send, todo))
    return time.perf_counter() - began


def _applied(operations: Operations, keys: list[CellKey], fps: int) -> tuple[float, float]:
    changes = plan(operations.read_fleet(), dict.fromkeys(keys, DesiredChange(desired_fps=fps)))
    began = time.perf_counter()
    number = operations.submit(changes, by=Permissions.unrestricted("bench"))
    recorded = time.perf_counter()
    record = operations.apply(number)
    ended = time.perf_counter()
    assert record.state is State.FINISHED, record
    assert record.tally == {CellResult.APPLIED: len(keys)}, record
    return recorded - began, ended - recorded


def _planned(fleet: FleetSnapshot) -> tuple[float, int]:
    """Plan every cell of the fleet: the median of five, each with a snapshot that is new."""
    cameras = [camera.id for camera in fleet.cameras.items]
    models = [model.model_id for model in fleet.models.items]
    keys = [CellKey(camera, model) for camera in cameras for model in models][:PLANNED_CELLS]
    desired_changes = dict.fromkeys(keys, DesiredChange(enabled=True, desired_fps=29))
    times = []
    for _ in range(5):
        fresh = FleetSnapshot(fleet.cameras, fleet.models, fleet.assignments, fleet.taken_at)
        began = time.perf_counter()
        changes = plan(fresh, desired_changes)
        times.append(time.perf_counter() - began)
        assert len(changes.changes) == len(keys)
    return statistics.median(times), len(keys)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--changes", type=int, default=5_000)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    print(machine.describe())
    print(run(arguments.changes, arguments.rounds))


if __name__ == "__main__":
    main()
