"""Figures of the tap: does FFmpeg ever wait, and what does it cost?

    python -m bench.kernel_tap [--quick]

A host's process runs the tap and four threads that burn Python. Beside it writes either FFmpeg,
1920x1080 NV12 at 30 frames a second, or a process of our own that takes the time of each of its
writes, which FFmpeg does not. FFmpeg's waits are seen from outside: every 2 ms, whether it is in a
write to the tap; so a wait is up to 4 ms longer than told.

The baseline is `cat` in the tap's place: nothing that reads everything can be quicker than it.
"""

import argparse
import contextlib
import json
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import timeit
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kernel.demo import find_ffmpeg
from kernel.layout import FrameSpec
from kernel.settings import ExportSettings
from kernel.tap import PipeTap
from kernel.tap_stream import stream_socket_pair

HD = FrameSpec(1920, 1080)
FPS = 30
FRAME_MS = 1000 / FPS
BURNING_THREADS = 4
SAMPLE_S = 0.002
WRITE_CALLS = {"x86_64": (1, 20), "aarch64": (64, 66)}.get(platform.machine(), ())


@dataclass(frozen=True)
class Row:
    """One line of the table; `reached` is None for what has no goal."""

    figure: str
    value: str
    goal: str = ""
    reached: bool | None = None


def run(quick: bool) -> list[Row]:
    """All figures of the tap; `quick` is for seeing that it works, not for figures."""
    runs, long_s, short_s = (1, 5.0, 3.0) if quick else (3, 60.0, 20.0)
    rows = []
    ffmpeg = find_ffmpeg()
    if ffmpeg is None:
        rows.append(Row("tap, FFmpeg", "no ffmpeg found", "", False))
    else:
        results = [_in_host("process", ffmpeg, long_s) for _ in range(runs)]
        kept = min(result["frames"] / result["written"] for result in results)
        lost = sum(result["written"] - result["frames"] for result in results)
        name = f"tap, FFmpeg 1080p30 for {long_s:.0f} s, {BURNING_THREADS} threads burning Python"
        rows += [
            Row(f"{name}: frames kept", f"{kept:.2%} ({lost} lost)", "all", lost == 0),
            _wait_row(f"{name}: FFmpeg's longest wait, from outside", _all(results, "wait_ms")),
            Row("  watched", f"{_median(results, 'watched'):.1%} of the time"),
            Row(
                "  at most, by the tap's own account, which leaves the socket's room out",
                _span(_all(results, "longest_wait_ms")),
            ),
            Row("  processor time of the tap", f"{_median(results, 'cpu_ms'):.2f} ms a frame"),
        ]
    for way, name in (("process", "tap"), ("cat", "cat in the tap's place")):
        results = [_in_host(way, None, short_s) for _ in range(runs)]
        title = f"{name}, {BURNING_THREADS} burning threads, timed writes for {short_s:.0f} s"
        worst = _all(results, "wait_ms")
        rows.append(
            _wait_row(f"{title}: longest write", worst)
            if way == "process"
            else Row(f"{title}: longest write", _span(worst))
        )
        rows.append(
            Row(
                "  median write, share of time in writes, rate",
                f"{_median(results, 'median_ms'):.2f} ms, "
                f"{_median(results, 'blocked'):.1%}, {_median(results, 'fps'):.1f}/s",
            )
        )
    rows += _off()
    return rows


def _off() -> list[Row]:
    """What a call costs while export is off."""
    from kernel.arrays import FrameTap, close_frame_taps, tap_frame

    was = os.environ.pop("AI_FRAME_EXPORT_ENABLED", None)
    close_frame_taps()
    frame = bytes(6)
    with PipeTap("off") as pipe_tap:
        frame_tap = FrameTap("off")
        calls: list[tuple[str, Callable[[], object]]] = [
            ("nothing at all (the timing's own cost)", lambda: None),
            ("tap_frame(camera, frame)", lambda: tap_frame("off", frame)),
            ("FrameTap()(frame)", lambda: frame_tap(frame)),
            ("PipeTap().stats", lambda: pipe_tap.stats),
        ]
        rows = []
        for name, call in calls:
            each_ns = min(timeit.repeat(call, number=100_000, repeat=5)) * 1e4
            rows.append(Row(f"off: {name}", f"{each_ns:.0f} ns", "< 1000 ns", each_ns < 1000))
    if was is not None:
        os.environ["AI_FRAME_EXPORT_ENABLED"] = was
    return rows


def _in_host(way: str, ffmpeg: str | None, seconds: float) -> dict[str, Any]:
    """Run one host's process; its figures."""
    with tempfile.TemporaryDirectory(prefix="bench-", dir=_memory()) as base_dir:
        arguments = [way, base_dir, str(seconds), ffmpeg or ""]
        with subprocess.Popen(
            [sys.executable, "-m", "bench.kernel_tap", "--host", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        ) as host:
            assert host.stdout is not None
            first = json.loads(host.stdout.readline())
            seen = _watch_writes(first["pid"], first["stream"]) if ffmpeg else {}
            result: dict[str, Any] = json.loads(host.stdout.read())
    if host.returncode:
        raise RuntimeError(f"the host's process ended with exit code {host.returncode}")
    return {**result, **seen}


def _watch_writes(pid: int, stream: str) -> dict[str, float]:
    """Watch a process until it ends: the longest it was seen in one write to the stream.

    `watched` is the share of time in which looks followed each other as planned. Across a longer
    gap, when this process had to wait for the processor itself, two writes would look like one.
    """
    root = Path(f"/proc/{pid}")
    began = longest = 0.0
    last = start = time.monotonic()
    missed = 0.0
    before = ""
    tasks: list[str] = []
    writer: str | None = None
    while True:
        now = time.monotonic()
        if now - last > 5 * SAMPLE_S:
            missed += now - last
            before = ""
        last = now
        call = ""
        for task in [writer] if writer is not None else tasks:
            found = _write_call(root, task, stream)
            if found:
                call, writer = found, task
        if call and call == before:
            longest = max(longest, now - began)
        else:
            began = now
        before = call
        try:
            if writer is None:
                tasks = os.listdir(root / "task")
            if (root / "stat").read_text().rpartition(")")[2].split()[0] == "Z":
                break
        except FileNotFoundError:
            break
        time.sleep(max(0.0, now + SAMPLE_S - time.monotonic()))
    return {"wait_ms": longest * 1e3, "watched": 1 - missed / (time.monotonic() - start)}


def _write_call(root: Path, task: str, stream: str) -> str:
    """The system call a thread is in, if it is a write to the stream; else nothing."""
    with contextlib.suppress(OSError):
        call = (root / "task" / task / "syscall").read_text()
        number, _, rest = call.partition(" ")
        if number.isdigit() and int(number) in WRITE_CALLS:
            descriptor = int(rest.split()[0], 16)
            if os.readlink(root / "fd" / str(descriptor)) == stream:
                return call
    return ""


def _host(way: str, base_dir: str, seconds: float, ffmpeg: str) -> None:
    """The host: a tap, or `cat`; burning threads; and who writes."""
    settings = ExportSettings(enabled=True, base_dir=base_dir, capacity=8)
    stop = threading.Event()
    for _ in range(BURNING_THREADS):
        threading.Thread(target=_burn, args=(stop,), daemon=True).start()
    frames = int(seconds * FPS)
    picture = f"testsrc2=size={HD.width_px}x{HD.height_px}:rate={FPS}"
    source = [ffmpeg, "-v", "error", "-nostdin", "-re", "-f", "lavfi", "-i", picture]
    result: dict[str, Any] = {"written": frames}
    with _reader(way, settings) as (descriptor, args, tap):
        if ffmpeg:
            command = [*source, "-frames:v", str(frames), *args]
        else:
            numbers = [str(descriptor), str(frames)]
            command = [sys.executable, "-m", "bench.kernel_tap", "--produce", *numbers]
        writer = subprocess.Popen(command, pass_fds=(descriptor,), stdout=subprocess.PIPE)
        stream = os.readlink(f"/proc/self/fd/{descriptor}")
        print(json.dumps({"pid": writer.pid, "stream": stream}), flush=True)
    assert writer.stdout is not None
    said = writer.stdout.read()
    _, status, usage = os.wait4(writer.pid, 0)
    writer.returncode = os.waitstatus_to_exitcode(status)
    if tap is not None:
        tap.wait_ended(10)
        stats = tap.stats
        result["frames"] = stats.frames
        result["longest_wait_ms"] = stats.longest_wait_s * 1e3
        both = resource.getrusage(resource.RUSAGE_CHILDREN)
        result["cpu_ms"] = (_cpu_ms(both) - _cpu_ms(usage)) / frames
    stop.set()
    print(json.dumps({**result, **(json.loads(said) if said else {})}))


@contextlib.contextmanager
def _reader(
    way: str, settings: ExportSettings
) -> Iterator[tuple[int, tuple[str, ...], PipeTap | None]]:
    """Who reads: the writing end, FFmpeg's arguments, the tap; the end is closed afterwards."""
    if way == "cat":
        reading, writing = stream_socket_pair(HD.size_bytes)
        with reading, writing:
            subprocess.Popen(["cat"], stdin=reading.fileno(), stdout=subprocess.DEVNULL)
            yield writing.fileno(), (), None
        return
    tap = PipeTap("bench", HD, settings=settings)
    if not tap.wait_ready() or tap.stats.state != "exporting":
        raise RuntimeError(tap.stats.error or "the tap does not start")
    with tap.output() as output:
        yield output.pass_fds[0], output.args, tap


def _produce(descriptor: int, frames: int) -> None:
    """Write frames at their times; print how long each write took."""
    frame = memoryview(os.urandom(1 << 16) * (HD.size_bytes // (1 << 16) + 1))[: HD.size_bytes]
    took_ms = []
    begin = due = time.monotonic()
    for _ in range(frames):
        time.sleep(max(0.0, due - time.monotonic()))
        started = time.monotonic()
        rest = frame
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        took_ms.append((time.monotonic() - started) * 1e3)
        due += 1 / FPS
    elapsed_s = time.monotonic() - begin
    figures = {
        "wait_ms": max(took_ms),
        "median_ms": statistics.median(took_ms),
        "blocked": sum(took_ms) / 1e3 / elapsed_s,
        "fps": frames / elapsed_s,
    }
    print(json.dumps(figures))


def _burn(stop: threading.Event) -> None:
    total = 0
    while not stop.is_set():
        for number in range(1000):
            total += number * number


def _cpu_ms(usage: resource.struct_rusage) -> float:
    return (usage.ru_utime + usage.ru_stime) * 1e3


def _memory() -> str | None:
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def _all(results: Sequence[dict[str, Any]], name: str) -> list[float]:
    return [float(result[name]) for result in results]


def _median(results: Sequence[dict[str, Any]], name: str) -> float:
    return statistics.median(_all(results, name))


def _span(values_ms: Sequence[float]) -> str:
    middle = f"{statistics.median(values_ms):.1f} ms"
    return middle if len(values_ms) == 1 else f"{middle} (worst run {max(values_ms):.1f} ms)"


def _wait_row(figure: str, waits_ms: Sequence[float]) -> Row:
    reached = statistics.median(waits_ms) <= FRAME_MS
    return Row(figure, _span(waits_ms), f"<= {FRAME_MS:.1f} ms", reached)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the figures; exit code 1 when a goal was not reached."""
    parser = argparse.ArgumentParser(prog="python -m bench.kernel_tap", description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--host", nargs=4, help=argparse.SUPPRESS)
    parser.add_argument("--produce", nargs=2, type=int, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.host:
        way, base_dir, seconds, ffmpeg = options.host
        _host(way, base_dir, float(seconds), ffmpeg)
        return 0
    if options.produce:
        _produce(*options.produce)
        return 0
    if shutil.which("cat") is None:
        parser.error("the baseline needs cat")
    rows = run(options.quick)
    for row in rows:
        mark = {None: "", True: "reached", False: "NOT REACHED"}[row.reached]
        print(f"{row.figure:<86} {row.value:<36} {row.goal:<12} {mark}".rstrip())
    return 1 if any(row.reached is False for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
