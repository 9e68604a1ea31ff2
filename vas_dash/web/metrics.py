"""Counters of the page itself for Prometheus; nothing about models or what runs.

Only imported when `VAS_DASH_METRICS` is on. With several workers each answers with its own numbers,
unless `PROMETHEUS_MULTIPROC_DIR` names an empty folder: then all workers count together, which is
prometheus_client's own way. `python app.py` sets it.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from functools import cache

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from vas_dash.errors import VasDashError

__all__ = ["KeptTotals", "Metrics", "Totals", "of_this_process"]

Totals = Callable[[], tuple[Mapping[str, int], Mapping[str, int]]]
"""Change sets by state, and their cells by result."""

_TOTALS_KEPT_S = 5.0


class Metrics:
    """What is counted in this process."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.requests = Counter(
            "vas_dash_requests",
            "Requests that the page answered.",
            ["kind", "status"],
            registry=self._registry,
        )
        self.refused = Counter(
            "vas_dash_refused_requests",
            "Requests that were refused before anything ran.",
            ["reason"],
            registry=self._registry,
        )
        self.sweeps = Counter(
            "vas_dash_sweeps",
            "Reads of the whole fleet, by what was read.",
            ["result"],
            registry=self._registry,
        )
        self.complete = Gauge(
            "vas_dash_fleet_complete",
            "1 when the last read of the fleet was complete, 0 when not, or none was made.",
            registry=self._registry,
            multiprocess_mode="livemostrecent",
        )
        self.breaker_trips = Counter(
            "vas_dash_breaker_trips",
            "How often the VAS did not answer so often in a row that it was asked less.",
            registry=self._registry,
        )
        self.breaker_open = Gauge(
            "vas_dash_breaker_open",
            "1 while operators' calls to the VAS are held back, else 0.",
            registry=self._registry,
            multiprocess_mode="livemax",
        )

    def breaker_changed(self, is_open: bool) -> None:
        """The breaker of the calls to the VAS has opened or closed."""
        self.breaker_open.set(int(is_open))
        if is_open:
            self.breaker_trips.inc()

    def swept(self, *, complete: bool) -> None:
        """A read of the fleet has ended."""
        self.sweeps.labels("complete" if complete else "incomplete").inc()
        self.complete.set(int(complete))

    def text(self, totals: Totals) -> bytes:
        """Everything, in Prometheus's text format."""
        shown = CollectorRegistry()
        if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
            MultiProcessCollector(shown)  # type: ignore[no-untyped-call]
        else:
            shown.register(_Together(self._registry))
        shown.register(_Journal(totals))
        return generate_latest(shown)


@cache
def of_this_process() -> Metrics:
    """The one that counts for every page of this process."""
    return Metrics()


class KeptTotals:
    """Totals that are read again after five seconds: asking more often costs nothing."""

    def __init__(self, read: Totals) -> None:
        self._read = read
        self._lock = threading.Lock()
        self._kept: tuple[float, tuple[Mapping[str, int], Mapping[str, int]]] | None = None

    def __call__(self) -> tuple[Mapping[str, int], Mapping[str, int]]:
        """The totals."""
        with self._lock:
            if self._kept is None or time.monotonic() - self._kept[0] > _TOTALS_KEPT_S:
                self._kept = (time.monotonic(), self._read())
            return self._kept[1]


class _Together(Collector):
    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry

    def collect(self) -> Iterator[object]:  # type: ignore[override]
        yield from self._registry.collect()


class _Journal(Collector):
    """Read from the journal: it is the same for all processes that apply. Absent: not known."""

    def __init__(self, totals: Totals) -> None:
        self._totals = totals

    def collect(self) -> Iterator[GaugeMetricFamily]:
        sets = GaugeMetricFamily(
            "vas_dash_change_sets", "Change sets in the journal, by state.", labels=["state"]
        )
        cells = GaugeMetricFamily(
            "vas_dash_changes", "Cells of change sets in the journal, by result.", labels=["result"]
        )
        try:
            by_state, by_result = self._totals()
        except VasDashError:
            return
        for state, count in sorted(by_state.items()):
            sets.add_metric([state], count)
        for result, count in sorted(by_result.items()):
            cells.add_metric([result], count)
        yield sets
        yield cells
