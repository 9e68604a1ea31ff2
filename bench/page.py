"""Figures of the page for 100 to 50,000 cameras by 20 models (`make bench`).

Every figure is a median. The goals are ratios, taken within the run, most to a bare DataTable
application with the same cells; times move with the machine and its load.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass

from bench import browser, callbacks, machine, processes, sweep

SIZES = (100, 1_000, 5_000, 50_000)
BARE = "bare"
FILTERS = ("?q=dock", "?q=fence", "?q=aisle", "?state=on&of=ppe-v2", "?q=depot+gate")

Felt = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True)
class Served:
    """What the server gives for one size of fleet."""

    per_second: float
    bare: callbacks.Bare
    page_bytes: int
    first_filter_ms: float
    memory_mib: float
    swept: sweep.Figures


def feel(rounds: int) -> Felt:
    """What a browser feels, one after the other in each round: the machine is never the same.

    A page that nobody looks at reads nothing, so the others do not disturb.
    """
    with ExitStack() as stack:
        subjects = {BARE: browser.bare_at(stack.enter_context(processes.bare_dash()))}
        for cameras in SIZES:
            vas_url = stack.enter_context(processes.fleet(cameras))
            url = stack.enter_context(processes.page(vas_url))
            callbacks.warm(url)
            subjects[f"{cameras:,}"] = browser.grid_at(url)
            subjects[f"overview {cameras:,}"] = browser.overview_at(url)
            subjects[f"whole overview {cameras:,}"] = browser.overview_at(url, whole=True)
        return browser.measure(subjects, rounds)


def serve(cameras: int, rounds: int, seconds: float) -> Served:
    """Start a VAS and a page of their own, and measure both."""
    with processes.fleet(cameras) as vas_url:
        swept = sweep.measure(vas_url, rounds=max(3, rounds))
        # Sweeps are measured apart: here only the callbacks count.
        with (
            processes.page_and_memory(vas_url, VAS_DASH_REFRESH_S="3600") as (page_url, memory),
            processes.bare_dash() as bare_url,
        ):
            callbacks.warm(page_url)
            filters = [callbacks.first_filter_ms(page_url, search) for search in FILTERS]
            turns, bares = [], []
            for _ in range(5):
                turns.append(callbacks.measure(page_url, seconds))
                bares.append(callbacks.measure_bare(bare_url, seconds / 2))
            return Served(
                statistics.median(turn.per_second for turn in turns),
                callbacks.Bare(
                    statistics.median(bare.empty for bare in bares),
                    statistics.median(bare.flask for bare in bares),
                    statistics.median(bare.dash for bare in bares),
                ),
                turns[0].page_bytes,
                statistics.median(filters),
                memory(),
                swept,
            )


def goals(felt: Felt, served: Mapping[int, Served]) -> list[tuple[str, float, str]]:
    """What is promised, as ratios and limits: name, figure, the most (or least) it is to be."""
    bare, page, large = felt[BARE], felt["5,000"], felt["50,000"]
    warm, cold = browser.WARM, browser.COLD
    at_5_000, at_50_000 = served[5_000], served[50_000]
    return [
        ("full grid, caches warm, by the bare page", page[warm] / bare[warm], "1.2"),
        ("full grid, caches cold, by the bare page", page[cold] / bare[cold], "1.25"),
        ("next page by the bare page", page[browser.TURNED] / bare[browser.TURNED], "1.1"),
        ("saved cell by a bare toggle", page[browser.SAVED] / bare[browser.SAVED], "2.0"),
        (
            "paged callbacks by the smallest of Dash",
            at_5_000.per_second / at_5_000.bare.dash,
            "at least 0.8",
        ),
        ("full grid at 50,000 by that at 5,000", large[warm] / page[warm], "1.1"),
        ("first filter at 50,000, s", at_50_000.first_filter_ms / 1000, "0.2"),
        ("memory at 50,000, MiB", at_50_000.memory_mib, "400"),
        ("overview at 5,000 by the grid", felt["overview 5,000"][warm] / page[warm], "1.1"),
        ("overview at 50,000 by the grid", felt["overview 50,000"][warm] / large[warm], "1.1"),
    ]


def main() -> None:
    """Measure every size, print one table, and the goals."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15, help="loads of each page")
    parser.add_argument("--seconds", type=float, default=4.0, help="each turn of paging")
    arguments = parser.parse_args()
    print(machine.describe())
    felt = feel(arguments.rounds)
    print(f"{'felt in a browser, ms':<44}" + "".join(f"{name:>12}" for name in _columns(felt)))
    for name, what in (
        ("full grid, caches cold", browser.COLD),
        ("full grid, caches warm", browser.WARM),
        ("Space to drafted cell", browser.DRAFTED),
        ("save to changed cell", browser.SAVED),
        ("next page", browser.TURNED),
        ("bytes of the first load's callbacks", browser.RECEIVED),
    ):
        _line(name, [_felt(felt[column], what) for column in _columns(felt)])
    for name, overview in (("overview", "overview"), ("overview, all locations", "whole overview")):
        for what in (browser.COLD, browser.WARM):
            _line(f"{name}, caches {what}", ["", *_overviews(felt, overview, what)])
    served = {size: serve(size, arguments.rounds, arguments.seconds) for size in SIZES}
    print(f"\n{'served':<56}" + "".join(f"{size:>12,}" for size in SIZES))
    for name, figures in _served_lines(list(served.values())):
        _line(name, ["", *figures])
    print(f"\n{'goal':<44}{'is':>12}{'to be':>16}")
    for name, figure, goal in goals(felt, served):
        print(f"{name:<44}{figure:>12.2f}{goal:>16}")
    print(machine.describe())


def _line(name: str, values: list[str]) -> None:
    print(f"{name:<44}" + "".join(f"{value:>12}" for value in values))


def _columns(felt: Felt) -> list[str]:
    return [name for name in felt if "overview" not in name]


def _felt(felt: Mapping[str, float], what: str) -> str:
    return f"{felt[what]:,.0f}" if what in felt else "-"


def _overviews(felt: Felt, overview: str, what: str) -> list[str]:
    return [_felt(felt[name], what) for name in felt if name.startswith(f"{overview} ")]


def _served_lines(rows: list[Served]) -> list[tuple[str, list[str]]]:
    return [
        ("bytes of one page's answer", [f"{row.page_bytes:,}" for row in rows]),
        ("paged callbacks a second, one worker", [f"{row.per_second:,.0f}" for row in rows]),
        ("the smallest Dash callback, in the same run", [f"{row.bare.dash:,.0f}" for row in rows]),
        ("a bare Flask route, in the same run", [f"{row.bare.flask:,.0f}" for row in rows]),
        ("gunicorn without an application", [f"{row.bare.empty:,.0f}" for row in rows]),
        ("first filter, ms", [f"{row.first_filter_ms:.0f}" for row in rows]),
        ("memory of the worker, MiB", [f"{row.memory_mib:.0f}" for row in rows]),
        ("sweep, ms", [f"{row.swept.sweep_s * 1e3:.0f}" for row in rows]),
        ("plain transfer, ms", [f"{row.swept.transfer_s * 1e3:.0f}" for row in rows]),
        ("sweep by plain transfer", [f"{row.swept.ratio:.2f}" for row in rows]),
        (
            "the same for the first sweep of a process",
            [f"{row.swept.first_sweep_s / row.swept.transfer_s:.2f}" for row in rows],
        ),
    ]


if __name__ == "__main__":
    main()
