"""Figures of the page for 100, 1,000 and 5,000 cameras by 20 models (`make bench`).

Every figure is a median. Ratios are taken within the run; times move with the machine and its load.
"""

from __future__ import annotations

import argparse
import statistics
from contextlib import ExitStack
from dataclasses import dataclass

from bench import browser, callbacks, machine, processes, sweep

SIZES = (100, 1_000, 5_000)


@dataclass(frozen=True)
class Figures:
    """All figures for one size of fleet."""

    cameras: int
    felt: browser.Felt
    per_second: float
    bare: callbacks.Bare
    page_bytes: int
    swept: sweep.Figures


def felt_at_each_size(rounds: int) -> dict[int, browser.Felt]:
    """What a browser feels, one size after the other in each round: the machine is never the same.

    A page that nobody looks at reads nothing, so the others do not disturb.
    """
    with ExitStack() as stack:
        urls = {}
        for cameras in SIZES:
            vas_url = stack.enter_context(processes.fleet(cameras))
            urls[cameras] = stack.enter_context(processes.page(vas_url))
        return browser.measure(urls, rounds)


def measure(cameras: int, felt: browser.Felt, rounds: int, seconds: float) -> Figures:
    """Start a VAS and a page of their own, and measure both."""
    with processes.fleet(cameras) as vas_url:
        swept = sweep.measure(vas_url, rounds=max(3, rounds))
        # Sweeps are measured apart: here only the callbacks count.
        with (
            processes.page(vas_url, VAS_DASH_REFRESH_S="3600") as page_url,
            processes.bare_dash() as bare_url,
        ):
            callbacks.warm(page_url)
            turns, bares = [], []
            for _ in range(5):
                turns.append(callbacks.measure(page_url, seconds))
                bares.append(callbacks.measure_bare(bare_url, seconds / 2))
    return Figures(
        cameras,
        felt,
        statistics.median(turn.per_second for turn in turns),
        callbacks.Bare(
            statistics.median(bare.empty for bare in bares),
            statistics.median(bare.flask for bare in bares),
            statistics.median(bare.dash for bare in bares),
        ),
        turns[0].page_bytes,
        swept,
    )


def main() -> None:
    """Measure every size and print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7, help="loads of the page for each size")
    parser.add_argument("--seconds", type=float, default=4.0, help="each turn of paging")
    arguments = parser.parse_args()
    print(machine.describe())
    felt = felt_at_each_size(arguments.rounds)
    rows = [measure(size, felt[size], arguments.rounds, arguments.seconds) for size in SIZES]
    columns = "".join(f"{row.cameras:>12,}" for row in rows)
    print(f"{'cameras (by 20 models)':<44}{columns}")
    for name, values in (
        ("full grid, ms", [f"{row.felt.full_grid_ms:.0f}" for row in rows]),
        ("Space to drafted cell, ms", [f"{row.felt.drafted_ms:.0f}" for row in rows]),
        ("save to changed cell, ms", [f"{row.felt.saved_ms:.0f}" for row in rows]),
        ("click to next page, ms", [f"{row.felt.next_page_ms:.0f}" for row in rows]),
        ("bytes of the first load's callbacks", [f"{row.felt.bytes_sent:,}" for row in rows]),
        ("bytes of one page's answer", [f"{row.page_bytes:,}" for row in rows]),
        ("paged callbacks a second, one worker", [f"{row.per_second:,.0f}" for row in rows]),
        ("the smallest Dash callback, in the same run", [f"{row.bare.dash:,.0f}" for row in rows]),
        ("a bare Flask route, in the same run", [f"{row.bare.flask:,.0f}" for row in rows]),
        ("gunicorn without an application", [f"{row.bare.empty:,.0f}" for row in rows]),
        (
            "paged callbacks by the smallest",
            [f"{row.per_second / row.bare.dash:.2f}" for row in rows],
        ),
        ("sweep, ms", [f"{row.swept.sweep_s * 1e3:.0f}" for row in rows]),
        ("plain transfer, ms", [f"{row.swept.transfer_s * 1e3:.0f}" for row in rows]),
        ("sweep by plain transfer", [f"{row.swept.ratio:.2f}" for row in rows]),
        (
            "the same for the first sweep of a process",
            [f"{row.swept.first_sweep_s / row.swept.transfer_s:.2f}" for row in rows],
        ),
    ):
        print(f"{name:<44}" + "".join(f"{value:>12}" for value in values))
    ratio = rows[-1].felt.full_grid_ms / rows[0].felt.full_grid_ms
    print(f"full grid at {SIZES[-1]:,} cameras by that at {SIZES[0]}: {ratio:.2f}")
    print(machine.describe())


if __name__ == "__main__":
    main()
