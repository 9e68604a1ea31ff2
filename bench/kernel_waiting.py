"""How soon readers are woken, and what waiting costs them; each beside its baseline in one run."""

from __future__ import annotations

import math
import os
import resource
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

from bench.kernel_common import HD, SMALL, picture, process, settings_for, shared_folder
from kernel import FrameReader, FrameSpec, FrameWriter, wait_any, waiting

FPS = 30
POLL_S = 0.0005
ROOT = Path(__file__).parents[1]


def write_cameras(
    connection: Connection, base_dir: str, spec: FrameSpec, cameras: int, spread: float = 1.0
) -> None:
    """So many cameras at 30 frames a second, spread over that share of each frame's time."""
    frame = picture(spec)
    settings = settings_for(base_dir, spec)
    writers = [FrameWriter(f"camera-{number}", settings=settings) for number in range(cameras)]
    connection.send("writing")
    due = time.monotonic()
    while True:
        for number, writer in enumerate(writers):
            now = due + spread * number / cameras / FPS - time.monotonic()
            time.sleep(max(0.0, now))
            writer.write(frame)
        due += 1 / FPS


def woken(seconds: float) -> dict[str, float]:
    """Milliseconds from publishing to a reader's next step: woken, and polling every 0.5 ms.

    The ways take turns, a second each, on the same ring.
    """
    took: dict[str, list[float]] = {"woken": [], "polling": []}
    with shared_folder() as base_dir, ExitStack() as stack:
        _, writing = stack.enter_context(process(write_cameras, base_dir, HD, 1))
        writing.recv()
        reader = stack.enter_context(FrameReader("camera-0", base_dir=base_dir))
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for way, ages in took.items():
                for _ in range(FPS):
                    if way == "woken":
                        wait_any([reader], timeout_s=5)
                    else:
                        while not wait_any([reader], timeout_s=0):
                            time.sleep(POLL_S)
                    now_ns = time.monotonic_ns()
                    with reader.view() as view:
                        assert view is not None
                        ages.append((now_ns - view.published_ns) / 1e6)
    return _percentiles(took)


def _percentiles(took: dict[str, list[float]]) -> dict[str, float]:
    return {
        f"{way} {name}": float(np.percentile(ages, percent))
        for way, ages in took.items()
        for name, percent in (("p50", 50), ("p99", 99))
    }


def _cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _measure(connection: Connection, seconds: float, work: Callable[[float], int]) -> None:
    """Say what the work cost, in percent of a core, and how many frames it read."""
    work(time.monotonic() + 0.5)
    cpu, began = _cpu_s(), time.monotonic()
    frames = work(began + seconds)
    spent = 100 * (_cpu_s() - cpu) / (time.monotonic() - began)
    connection.send((spent, frames / (time.monotonic() - began)))


def _read_one(
    connection: Connection, base_dir: str, seconds: float, max_fps: float | None, poll: bool
) -> None:
    if poll:
        waiting._FUTEX = None
    with FrameReader("camera-0", base_dir=base_dir) as reader:

        def work(end: float) -> int:
            count = 0
            for _ in reader.frames(max_fps=max_fps, timeout_s=seconds):
                count += 1
                if time.monotonic() >= end:
                    break
            return count

        _measure(connection, seconds, work)


def _read_nothing(
    connection: Connection, base_dir: str, seconds: float, max_fps: float | None, poll: bool
) -> None:
    assert max_fps is None
    with FrameReader("nobody", base_dir=base_dir) as reader:

        def work(end: float) -> int:
            while poll and time.monotonic() < end:
                reader.latest()
                time.sleep(waiting.POLL_S)
            reader.next(timeout_s=max(0.0, end - time.monotonic()))
            return 0

        _measure(connection, seconds, work)


def cost(seconds: float) -> dict[str, float]:
    """Processor time of a reader that waits, in percent of a core; without a futex beside it."""
    result = {}
    with shared_folder() as base_dir, ExitStack() as stack:
        _, writing = stack.enter_context(process(write_cameras, base_dir, HD, 1))
        writing.recv()
        for name, target, max_fps in (
            ("30 fps", _read_one, None),
            ("max_fps=1", _read_one, 1.0),
            ("no camera", _read_nothing, None),
        ):
            for poll in (False, True):
                with process(target, base_dir, seconds, max_fps, poll) as (_, reading):
                    result[f"{name}{', polling' * poll}"] = reading.recv()[0]
    return result


def _read_many(
    connection: Connection, base_dir: str, seconds: float, cameras: int, way: str
) -> None:
    readers = [FrameReader(f"camera-{number}", base_dir=base_dir) for number in range(cameras)]

    def by_wait_any(end: float) -> int:
        count = 0
        while time.monotonic() < end:
            for reader in wait_any(readers, timeout_s=1):
                if way == "wait_any":
                    count += reader.latest() is not None
                else:
                    with reader.view() as view:
                        count += view is not None
        return count

    def by_threads(end: float) -> int:
        counts = [0] * cameras

        def read(number: int) -> None:
            for _ in readers[number].frames():
                counts[number] += 1
                if time.monotonic() >= end:
                    break

        threads = [threading.Thread(target=read, args=(number,)) for number in range(cameras)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return sum(counts)

    _measure(connection, seconds, by_threads if way == "threads" else by_wait_any)


def many(
    seconds: float, spec: FrameSpec, spread: float = 1.0, cameras: int = 16
) -> dict[str, float]:
    """Processor time of one process that reads all frames of many cameras, in percent of a core."""
    result = {}
    with shared_folder() as base_dir, ExitStack() as stack:
        _, writing = stack.enter_context(process(write_cameras, base_dir, spec, cameras, spread))
        writing.recv()
        for way in ("wait_any", "wait_any, in place", "threads"):
            with process(_read_many, base_dir, seconds, cameras, way) as (_, reading):
                spent, frames = reading.recv()
                result[way] = spent / frames * FPS * cameras
    return result | {"wait_any / threads": result["wait_any"] / result["threads"]}


def in_c(seconds: float) -> float:
    """Validated 1080p copies of a reader in C by plain memcpy; NaN: there is no compiler."""
    compiler = shutil.which(os.environ.get("CC", "cc"))
    if compiler is None:
        return math.nan
    with shared_folder() as base_dir, tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        program = os.path.join(folder, "c_reader")
        source = str(ROOT / "tests/kernel/c_reader.c")
        command = [compiler, "-std=c11", "-O2", f"-I{ROOT / 'kernel/include'}", source]
        subprocess.run([*command, "-o", program], check=True)
        _, writing = stack.enter_context(process(write_cameras, base_dir, HD, 1))
        writing.recv()
        FrameReader("camera-0", base_dir=base_dir).next(timeout_s=60)
        told = subprocess.run(
            [program, "speed", base_dir, "camera-0", str(int(seconds * 1000))],
            capture_output=True,
            text=True,
            check=True,
        )
        memcpy, copies = map(float, told.stdout.split())
        return copies / memcpy


def write_us(readers: int) -> float:
    """Microseconds of one `write` of a small frame at 30 a second, with so many readers asleep."""
    with shared_folder() as base_dir, ExitStack() as stack:
        writer = stack.enter_context(
            FrameWriter("camera-0", settings=settings_for(base_dir, SMALL))
        )
        for _ in range(readers):
            stack.enter_context(process(_sleep_on, base_dir))[1].recv()
        frame, took = picture(SMALL), []
        for _ in range(3 * FPS):
            time.sleep(1 / FPS)
            began = time.perf_counter()
            writer.write(frame)
            took.append((time.perf_counter() - began) * 1e6)
        return float(np.median(took))


def _sleep_on(connection: Connection, base_dir: str) -> None:
    reader = FrameReader("camera-0", base_dir=base_dir)
    connection.send("reading")
    while True:
        for one in wait_any([reader], timeout_s=5):
            with one.view():
                pass


def _copy_ages(connection: Connection, base_dir: str, seconds: float) -> None:
    ages = []
    with FrameReader("camera-0", base_dir=base_dir) as reader:
        frame = reader.next(timeout_s=60)
        assert frame is not None
        into = np.empty(frame.spec.size_bytes, np.uint8)
        connection.send("reading")
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            frame = reader.next(frame, timeout_s=60, into=into)
            assert frame is not None
            ages.append(frame.age * 1000)
    connection.send(ages)


def copied(seconds: float, spec: FrameSpec, readers: int, beside: bool = True) -> dict[str, float]:
    """Milliseconds from publishing to having copied, of all of so many readers together.

    `beside` them one reader is stopped, and another one is killed each second and comes back.
    """
    with shared_folder() as base_dir, ExitStack() as stack:
        _, writing = stack.enter_context(process(write_cameras, base_dir, spec, 1))
        writing.recv()
        if beside:
            stopped, connection = stack.enter_context(process(_copy_ages, base_dir, 3600.0))
            connection.recv()
            assert stopped.pid is not None
            os.kill(stopped.pid, signal.SIGSTOP)
        connections = [
            stack.enter_context(process(_copy_ages, base_dir, seconds))[1] for _ in range(readers)
        ]
        for connection in connections:
            connection.recv()
        ages: list[float] = []
        while connections:
            mortal = _forked_reader(base_dir) if beside else None
            if connections[0].poll(1):
                ages += connections.pop(0).recv()
            if mortal is not None:
                os.kill(mortal, signal.SIGKILL)
                os.waitpid(mortal, 0)
    return _percentiles({"copied": ages})


def _forked_reader(base_dir: str) -> int:
    """The process id of a reader that starts at once, unlike a fresh interpreter."""
    pid = os.fork()
    if pid == 0:
        try:
            for _ in FrameReader("camera-0", base_dir=base_dir):
                pass
        finally:
            os._exit(1)
    return pid
