"""Figures of the frame kernel: `python -m bench.kernel [--quick] [--only NAME ...]`.

Each figure is a ratio against a baseline of the same run where it can be, the median of 3 runs.
Exit code 1: a goal was not reached. `--quick` is for seeing that it works, not for figures.
"""

from __future__ import annotations

import argparse
import math
import os
import platform
import statistics
import sys
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from bench import kernel_speed, kernel_tap, kernel_waiting, kernel_whole
from bench.kernel_common import HD, SMALL
from bench.kernel_tap import Row
from kernel import FrameSpec


def publish_rows(quick: bool) -> Iterator[Row]:
    """Publishing against memcpy, with 0 and 1 reader."""
    for readers in (0, 1):
        with_readers = ("no reader", "1 reader")[readers]
        results = [kernel_speed.publish(0.5 if quick else 12, readers) for _ in runs(quick)]
        middle = _medians(results)
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


def waiting_rows(quick: bool) -> Iterator[Row]:
    """How soon readers are woken, and what waiting costs."""
    seconds = 2 if quick else 20
    woken = _medians([kernel_waiting.woken(seconds) for _ in runs(quick)])
    p50, p99 = (woken[f"woken {name}"] / woken[f"polling {name}"] for name in ("p50", "p99"))
    yield Row(
        "publish to woken, 30 fps, by polling each 0.5 ms, p50; p99",
        f"{p50:.2f}; {p99:.2f} (p50 {woken['woken p50']:.2f} by {woken['polling p50']:.2f} ms, "
        f"p99 {woken['woken p99']:.2f} by {woken['polling p99']:.2f} ms)",
        "<= 0.6; <= 1",
        p50 <= 0.6 and p99 <= 1,
    )
    cost = _medians([kernel_waiting.cost(seconds) for _ in runs(quick)])
    for name, goal in (("30 fps", 0.7), ("max_fps=1", 0.1), ("no camera", 0.1)):
        yield Row(
            f"processor time of a reader that waits, 1080p, {name}",
            f"{cost[name]:.2f} % of a core; without a futex {cost[f'{name}, polling']:.2f} %",
            f"<= {goal} %",
            cost[name] <= goal,
        )
    for spread, title in ((1.0, "one after the other"), (0.0, "all at once")):
        many = _medians([kernel_waiting.many(seconds / 2, HD, spread) for _ in runs(quick)])
        ratio = many["wait_any / threads"]
        yield Row(
            f"one process that copies 16 cameras, 1080p30, {title}: wait_any by 16 threads",
            f"{ratio:.2f} ({many['wait_any']:.1f} by {many['threads']:.1f} % of a core; "
            f"without a copy {many['wait_any, in place']:.1f} %)",
            "<= 0.6",
            ratio <= 0.6,
        )
    writes = [[kernel_waiting.write_us(readers) for _ in runs(quick)] for readers in (0, 1, 8)]
    none, one, eight = (statistics.median(times) for times in writes)
    yield Row(
        "one write at 30 fps, small frames; with 1 and with 8 readers to wake",
        f"{none:.0f} us; {one:.0f} us, {eight:.0f} us",
    )
    copies = statistics.median([kernel_waiting.in_c(seconds / 4) for _ in runs(quick)])
    yield Row(
        "C reader, validated 1080p copies by memcpy", f"{copies:.3f}", ">= 0.9", copies >= 0.9
    )


def latency_rows(quick: bool) -> Iterator[Row]:
    """From publishing to having copied, with other readers stopped and killed."""
    seconds = 2 if quick else 10
    alone = _medians([kernel_waiting.copied(seconds, HD, 1, beside=False) for _ in runs(quick)])
    yield Row(
        "publish to copied, 30 fps, 1080p, 1 reader alone",
        f"p50 {alone['copied p50']:.2f} ms, p99 {alone['copied p99']:.2f} ms",
        "p99 < 2 ms",
        alone["copied p99"] < 2,
    )
    yield Row("publish to copied, 30 fps; besides, a reader stopped and one killed each second", "")
    for spec, name in ((HD, "1080p"), (FrameSpec(3840, 2160), "4K")):
        for readers in (1, 4, 8):
            middle = _medians([kernel_waiting.copied(seconds, spec, readers) for _ in runs(quick)])
            yield Row(
                f"  {name}, {readers} reader{'s' * (readers > 1)}",
                f"p50 {middle['copied p50']:.2f} ms, p99 {middle['copied p99']:.2f} ms",
            )


def _medians(results: Sequence[dict[str, float]]) -> dict[str, float]:
    return {key: statistics.median([one[key] for one in results]) for key in results[0]}


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


def colour_rows(quick: bool) -> Iterator[Row]:
    """NV12 to RGB."""
    results = [kernel_speed.colours(0.5 if quick else 5) for _ in runs(quick)]
    ratio, ms = (statistics.median(values) for values in zip(*results, strict=True))
    yield Row(
        "to_rgb of 1080p by cv2.cvtColorTwoPlane, on one thread each",
        "no OpenCV" if math.isnan(ratio) else f"{ratio:.2f} ({ms:.2f} ms)",
        "<= 1.5",
        None if math.isnan(ratio) else ratio <= 1.5,
    )


def tap_rows(quick: bool) -> Iterator[Row]:
    """The tap."""
    yield from kernel_tap.run(quick)


SECTIONS: dict[str, Callable[[bool], Iterator[Row]]] = {
    "publish": publish_rows,
    "torn": torn_rows,
    "version1": version1_rows,
    "waiting": waiting_rows,
    "latency": latency_rows,
    "tap": tap_rows,
    "stopped": stopped_rows,
    "cameras": cameras_rows,
    "colour": colour_rows,
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
