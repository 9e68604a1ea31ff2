"""How long a sweep of the fleet takes, as a ratio to the plain HTTP transfer of the same pages.

`python -m bench.sweep [BASE_URL]` measures against a server in a process of its own; without an
address it starts the one of the tests, which keeps its rows in memory.
"""

from __future__ import annotations

import argparse
import gc
import multiprocessing
import platform
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection

from vas_dash.backend import wire
from vas_dash.backend.client import VasClient
from vas_dash.backend.sweeps import CAMERAS_PAGE_ROWS
from vas_dash.backend.transport import Transport
from vas_dash.domain.fleet import FleetSnapshot
from vas_dash.fleet.reader import FleetReader

__all__ = ["Figures", "run"]


@dataclass(frozen=True)
class Figures:
    """Medians of one machine and one run; `ratio` is what counts.

    `first_sweep_s` is that of a process that knows nothing yet, `sweep_s` that of any later one.
    """

    cameras: int
    models: int
    assignments: int
    bytes_read: int
    first_sweep_s: float
    sweep_s: float
    transfer_s: float

    @property
    def ratio(self) -> float:
        """Sweep by transfer."""
        return self.sweep_s / self.transfer_s

    def __str__(self) -> str:
        return (
            f"{self.cameras:,} cameras, {self.models} models, {self.assignments:,} assignments: "
            f"plain transfer {self.transfer_s * 1e3:.0f} ms ({self.bytes_read / 1e6:.2f} MB), "
            f"sweep {self.sweep_s * 1e3:.0f} ms, ratio {self.ratio:.2f}; "
            f"first sweep {self.first_sweep_s * 1e3:.0f} ms, "
            f"ratio {self.first_sweep_s / self.transfer_s:.2f}"
        )


def measure(base_url: str, rounds: int = 9) -> Figures:
    """Measure against the VAS at `base_url`; sweeps and plain transfers take turns."""
    transport = Transport(base_url, read_timeout_s=60.0)
    client = VasClient(transport)
    snapshot = _sweep(client)
    if not snapshot.is_complete:
        raise SystemExit(f"the fleet at {base_url} cannot be read in full")
    received = _Transfer(transport)
    received.all()
    works: list[Callable[[], object]] = [
        lambda: _sweep(client),
        received.all,
        lambda: _sweep(VasClient(transport)),
    ]
    times: list[list[float]] = [[], [], []]
    for turn in range(rounds):
        for which in (0, 1, 2) if turn % 2 else (2, 1, 0):
            gc.collect()  # none pays for another's garbage
            times[which].append(_timed(works[which]))
    again, plain, first = (statistics.median(one) for one in times)
    client.close()
    return Figures(
        len(snapshot.cameras.items),
        len(snapshot.models.items),
        len(snapshot.assignments.items),
        received.bytes_read,
        first,
        again,
        plain,
    )


def run(cameras: int, models: int, assignments: int, base_url: str | None = None) -> Figures:
    """Figures for a fleet of that size; with `base_url` for the one that is there."""
    if base_url is not None:
        return measure(base_url)
    with _server(cameras, models, assignments) as url:
        return measure(url)


class _Transfer:
    """The requests of a sweep, on the same kind of session; the bodies are thrown away."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self.bytes_read = 0
        self._requests: list[tuple[str, dict[str, str]]] = []
        self._plan()

    def _plan(self) -> None:
        """Which pages a sweep asks for: until an empty page, until a short one."""
        skip = 0
        while received := self._rows(wire.CAMERAS_PATH, skip, "skip", CAMERAS_PAGE_ROWS):
            skip += received
        offset, size = 0, wire.ASSIGNMENTS_PAGE_ROWS
        while self._rows(wire.ASSIGNMENTS_PATH, offset, "offset", size) == size:
            offset += size
        self._requests.append((wire.MODELS_PATH, {}))

    def _rows(self, path: str, start: int, name: str, limit: int) -> int:
        params = {name: str(start), "limit": str(limit)}
        self._requests.append((path, params))
        body = self._transport.get(path, params)
        parse = wire.cameras if path == wire.CAMERAS_PATH else wire.assignments
        return parse(body).received

    def all(self) -> None:
        self.bytes_read = sum(
            len(self._transport.get(path, params)) for path, params in self._requests
        )


def _sweep(client: VasClient) -> FleetSnapshot:
    return FleetReader(client).read_fleet()


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


@contextmanager
def _server(cameras: int, models: int, assignments: int) -> Iterator[str]:
    context = multiprocessing.get_context("spawn")
    mine, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, cameras, models, assignments))
    process.start()
    try:
        yield mine.recv()
    finally:
        mine.send("stop")
        process.join()


def _serve(pipe: Connection, cameras: int, models: int, assignments: int) -> None:
    from tests.fakes.faulty_vas import FaultyVas, site

    with FaultyVas(**site(cameras, models, assignments)) as vas:
        pipe.send(vas.url)
        pipe.recv()


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("base_url", nargs="?", help="a VAS that runs already")
    base_url = parser.parse_args().base_url
    print(f"{platform.machine()}, Python {platform.python_version()}")
    if base_url is not None:
        print(run(0, 0, 0, base_url))
        return
    for cameras, assignments in ((100, 400), (1_000, 4_000), (5_000, 20_000)):
        print(run(cameras, 20, assignments))


if __name__ == "__main__":
    main()
