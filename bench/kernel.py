"""Figures of the frame kernel: `python -m bench.kernel [--quick] [--only NAME ...]`.

Each figure is a ratio against a baseline of the same run where it can be, the median of 3 runs.
Exit code 1: a goal was not reached. `--quick` is for seeing that it works, not for figures.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import sys
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from bench import kernel_speed, kernel_tap, kernel_whole
from bench.kernel_common import HD, SMALL
from bench.kernel_tap import Row


def publish_rows(quick: bool) -> Iterator[Row]:
    """Publishing against memcpy, with 0 and 1 reader."""
    for readers in (0, 1):
        with_readers = ("no reader", "1 reader")[readers]
        results = [kernel_speed.publish(0.5 if quick else 12, readers) for _ in runs(quick)]
        middle = {key: statistics.median([r[key] for r in results]) for key in results[0]}
        yield Row(f"memcpy, {with_readers}", f"{middle['memcpy']:.0f}/s", "= 1")
        for name, title, goal in (
            ("native", "publish 1080p, native readers only", 0.95),
            ("both", "publish 1080p, version 1 names kept", 0.75),
            ("emptied", "  the same, names emptied ahead at full speed too", None),
            ("reference", "  the reference's exporter", None),
        ):
            ratio = middle[f"{name} / memcpy"]
            yield Row(
                f"{title}, {with_readers}",
                f"{ratio:.3f} ({middle[name]:.0f}/s; runs {spread(results, f'{name} / memcpy')})",
                "" if goal is None else f">= {goal}",
                None if goal is None else ratio >= goal,
            )


def torn_rows(quick: bool) -> Iterator[Row]:
    """Bad frames among validated reads of a writer at full speed."""
    for spec, name, reads in ((SMALL, "small", 5_000_000), (HD, "1080p", 100_000)):
        for readers in (1, 4):
            count = reads // 500 if quick else reads
            total = kernel_whole.torn(spec, count, readers)
            yield Row(
                f"torn or mixed, {name} frames, {readers} reader{'s' * (readers > 1)}",
                f"{total['bad']} of {total['good'] + total['bad']:,} reads; "
                f"{total['lapped']:,} refused as overtaken",
                "0",
                total["bad"] == 0,
            )


def version1_rows(quick: bool) -> Iterator[Row]:
    """Mixed reads of version 1 readers at 30 frames a second."""
    total = kernel_whole.version1(500 if quick else 100_000)

    def rate(exporter: str, what: str, among: str = "reads") -> tuple[int, str]:
        bad, reads = total[f"{exporter}: {what}"], total[f"{exporter}: {among}"]
        return bad, f"{bad} of {reads:,} ({bad / max(reads, 1):.3%})"

    what = "metadata, data"
    ours, text = rate("ours", what)
    theirs, their_text = rate("reference", what)
    share = ours / theirs if theirs else float(ours > 0)
    yield Row(
        f"version 1, {what}: mixed",
        f"{text}; reference {their_text}; {share:.2f} of it",
        "<= 0.4 of it",
        share <= 0.4,
    )
    for what, title, among in (
        ("metadata, data, metadata", "metadata, data, metadata again", "reads"),
        ("folder", "by the folder's descriptor, opened for each read", "folder reads"),
        ("held", "by one folder's descriptor, held all the time", "held reads"),
    ):
        bad, text = rate("ours", what, among)
        theirs_text = rate("reference", what, among)[1]
        yield Row(f"version 1, {title}: mixed", f"{text}; reference {theirs_text}", "0", bad == 0)
    what = "data, metadata"
    yield Row(
        f"version 1, {what}: mixed",
        f"{rate('ours', what)[1]}; reference {rate('reference', what)[1]}",
    )


def latency_rows(quick: bool) -> Iterator[Row]:
    """From publishing to having copied."""
    seconds = 2 if quick else 20
    results, floors = [], []
    for _ in runs(quick):
        floors.append(kernel_whole.latency_floor(seconds))
        results.append(kernel_whole.latency(seconds))
    p50, p99 = (statistics.median([r[key] for r in results]) for key in ("p50", "p99"))
    floor50, floor99 = (statistics.median([r[key] for r in floors]) for key in ("p50", "p99"))
    yield Row(
        "publish to copied, 30 fps, polling every 0.5 ms",
        f"p50 {p50:.2f} ms, p99 {p99:.2f} ms (runs {spread(results, 'p99')})",
        "p99 < 2 ms",
        p99 < 2,
    )
    yield Row(
        "a pause of 0.5 ms and a copy, without a ring",
        f"p50 {floor50:.2f} ms, p99 {floor99:.2f} ms (runs {spread(floors, 'p99')})",
    )


def stopped_rows(quick: bool) -> Iterator[Row]:
    """What stopped readers do to a writer."""
    ratios = [kernel_speed.stopped_readers(0.5 if quick else 8) for _ in runs(quick)]
    ratio = statistics.median(ratios)
    yield Row(
        "time to write with 8 readers stopped by SIGSTOP / with none",
        f"{ratio:.3f} (runs {', '.join(f'{one:.3f}' for one in ratios)})",
        "<= 1.05",
        ratio <= 1.05,
    )


def cameras_rows(quick: bool) -> Iterator[Row]:
    """Processor time of 16 cameras."""
    results = [kernel_speed.many_cameras(1 if quick else 10) for _ in runs(quick)]
    ours, memcpy = (statistics.median([r[key] for r in results]) for key in ("ours", "memcpy"))
    ratio = statistics.median([r["ours"] / r["memcpy"] for r in results])
    yield Row(
        "16 cameras, 1080p30, publish only: processor time for each camera",
        f"{ours:.2f} % of a core; memcpy {memcpy:.2f} %; ratio {ratio:.2f}",
    )


def tap_rows(quick: bool) -> Iterator[Row]:
    """The tap."""
    yield from kernel_tap.run(quick)


SECTIONS: dict[str, Callable[[bool], Iterator[Row]]] = {
    "publish": publish_rows,
    "torn": torn_rows,
    "version1": version1_rows,
    "latency": latency_rows,
    "tap": tap_rows,
    "stopped": stopped_rows,
    "cameras": cameras_rows,
}


def runs(quick: bool) -> range:
    """As many as the median is taken of."""
    return range(1 if quick else 3)


def spread(results: Sequence[dict[str, float]], key: str) -> str:
    """What the runs gave."""
    return ", ".join(f"{result[key]:.3f}" for result in results)


def machine() -> str:
    """The machine that these figures are of."""
    model = platform.processor() or platform.machine()
    with open("/proc/cpuinfo") as info:
        for line in info:
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    return (
        f"{model}, {os.cpu_count()} cores ({platform.machine()}), Linux {platform.release()}, "
        f"Python {platform.python_version()}, numpy {np.__version__}, "
        f"load {os.getloadavg()[0]:.1f}"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the figures as a table."""
    parser = argparse.ArgumentParser(prog="python -m bench.kernel", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="short runs, once")
    parser.add_argument("--only", nargs="+", choices=SECTIONS, default=list(SECTIONS))
    options = parser.parse_args(arguments)
    print(f"{machine()}\n\n| figure | measured | to reach | |\n|---|---|---|---|", flush=True)
    missed = 0
    for name in options.only:
        for row in SECTIONS[name](options.quick):
            mark = {None: "", True: "reached", False: "not reached"}[row.reached]
            missed += row.reached is False
            print(f"| {row.figure.strip()} | {row.value} | {row.goal} | {mark} |", flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
