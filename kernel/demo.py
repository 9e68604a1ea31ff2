"""`python -m kernel.demo`: a real FFmpeg on its own test picture, through the tap, to readers.

    python -m kernel.demo [--seconds N] [--size WxH] [--fps N]

Shows what the tap took, and what readers at 1, 5 and 30 frames a second, each a process of its
own, got: rates, ages, losses. Uses a camera id of its own below the base folder, switches export
on for itself only, and leaves nothing behind.
"""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import os
import shutil
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from multiprocessing.connection import Connection
from pathlib import Path

from kernel.errors import KernelError
from kernel.layout import FrameSpec
from kernel.settings import ExportSettings, base_dir_from_env
from kernel.tap import PipeTap

__all__ = ["find_ffmpeg", "main"]

READER_FPS = (1.0, 5.0, 30.0)
_spawn = multiprocessing.get_context("spawn")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo; the exit code: 0, 1 when it cannot run here, 2 for a wrong command line."""
    options = _parser().parse_args(arguments)
    ffmpeg = find_ffmpeg()
    if ffmpeg is None:
        return _fail("no ffmpeg found: install the system's, or pip install imageio-ffmpeg")
    # Ended politely it leaves nothing behind; begun in the background, SIGINT would be ignored.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    try:
        return _run(ffmpeg, options.size, options.fps, options.seconds)
    except (KernelError, OSError) as error:
        return _fail(str(error))
    except KeyboardInterrupt:
        return 130


def find_ffmpeg() -> str | None:
    """The system's ffmpeg, else the one of the PyPI package imageio-ffmpeg."""
    found = shutil.which("ffmpeg")
    if found is not None:
        return found
    try:
        import imageio_ffmpeg

        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except (ImportError, RuntimeError):
        return None


def _run(ffmpeg: str, spec: FrameSpec, fps: int, seconds: float | None) -> int:
    settings = ExportSettings(enabled=True, base_dir=base_dir_from_env(), capacity=8)
    camera_id = f"demo-{os.getpid()}"
    size = f"{spec.width_px}x{spec.height_px}"
    source = [ffmpeg, "-v", "error", "-nostdin", "-re", "-f", "lavfi"]
    source += ["-i", f"testsrc2=size={size}:rate={fps}"]
    limit = [] if seconds is None else ["-t", f"{seconds:g}"]
    existed = Path(settings.base_dir).exists()
    try:
        with PipeTap(camera_id, spec, settings=settings) as tap, contextlib.ExitStack() as stack:
            tap.wait_ready()
            if tap.stats.state != "exporting":
                return _fail(tap.stats.error or "the tap does not start")
            readers = {
                rate: stack.enter_context(_reader(camera_id, rate, settings.base_dir))
                for rate in READER_FPS
            }
            print(f"camera {camera_id}: {size} NV12 at {fps} frames a second", flush=True)
            with tap.output() as output:
                process = subprocess.Popen(
                    [*source, *limit, *output.args],
                    pass_fds=output.pass_fds,
                    start_new_session=True,
                )
            with _stopped_at_the_end(process), contextlib.suppress(KeyboardInterrupt):
                _show(tap, readers, process)
            tap.wait_ended(10)
        stats = tap.stats
        waited = f"FFmpeg waited at most {stats.longest_wait_s * 1e3:.1f} ms"
        print(f"{stats.frames} frames exported, {stats.dropped} lost, {waited}")
        if stats.error is not None:
            return _fail(stats.error)
        if process.returncode not in (0, 255, -2, -15):
            return _fail(f"ffmpeg ended with exit code {process.returncode}")
        return 0
    finally:
        if not existed:
            with contextlib.suppress(OSError):
                Path(settings.base_dir).rmdir()


@contextlib.contextmanager
def _reader(camera_id: str, fps: float, base_dir: str) -> Iterator[Connection]:
    """A process that reads at its own rate, and where it says what it got."""
    ours, theirs = _spawn.Pipe()
    process = _spawn.Process(target=_read, args=(theirs, camera_id, fps, base_dir), daemon=True)
    process.start()
    theirs.close()
    try:
        yield ours
    finally:
        process.terminate()
        process.join()
        ours.close()


def _read(connection: Connection, camera_id: str, fps: float, base_dir: str) -> None:
    """A reader's process: says, twice a second, what it got since the last time."""
    from kernel.reader import FrameReader

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of the terminal: the demo ends this process
    ages_ms: list[float] = []
    lost = last = 0
    told = time.monotonic()
    with FrameReader(camera_id, base_dir=base_dir) as reader:
        # A source at 30 frames a second is not faster than 30: such a reader wants every frame.
        # The time-out is for a demo that was killed before this reader saw anything.
        max_fps = fps if fps < 30 else None
        for frame in reader.frames(max_fps=max_fps, until_end=True, timeout_s=10):
            ages_ms.append(frame.age * 1e3)
            lost += frame.sequence - last - 1 if last and max_fps is None else 0
            last = frame.sequence
            now = time.monotonic()
            if now - told >= 0.5:
                rate, age_ms = len(ages_ms) / (now - told), statistics.median(ages_ms)
                connection.send(
                    f"reader {fps:g}: {rate:.1f}/s, {age_ms:.1f} ms old, "
                    f"{max(ages_ms):.1f} at most, {lost} lost, {reader.lapped_count} lapped"
                )
                told = now
                del ages_ms[:]


def _show(tap: PipeTap, readers: dict[float, Connection], process: subprocess.Popen[bytes]) -> None:
    """Print each second what the tap took, and the newest that each reader said."""
    told = dict.fromkeys(readers, "")
    before = tap.stats
    while process.poll() is None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(1)
        stats = tap.stats
        elapsed_ns = max(stats.taken_ns - before.taken_ns, 1)
        rate, before = (stats.frames - before.frames) * 1e9 / elapsed_ns, stats
        for fps, connection in readers.items():
            with contextlib.suppress(EOFError):
                while connection.poll():
                    told[fps] = connection.recv()
        lines = [f"tap: {rate:.1f}/s, {stats.dropped} lost", *filter(None, told.values())]
        print("; ".join(lines), flush=True)


@contextlib.contextmanager
def _stopped_at_the_end(process: subprocess.Popen[bytes]) -> Iterator[None]:
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m kernel.demo",
        description="FFmpeg's test picture through the tap, to readers at 1, 5 and 30 fps.",
    )
    parser.add_argument("--seconds", type=_seconds, help="how long (default: until Ctrl-C)")
    parser.add_argument(
        "--size", type=_size, default=FrameSpec(1280, 720), help="WxH, even (default: 1280x720)"
    )
    parser.add_argument("--fps", type=_fps, default=30, help="1 to 120 (default: 30)")
    return parser


def _seconds(text: str) -> float:
    with contextlib.suppress(ValueError):
        if 0 < float(text) <= 86_400:
            return float(text)
    raise argparse.ArgumentTypeError(f"must be a number of seconds above 0: {text!r}")


def _fps(text: str) -> int:
    if text.isascii() and text.isdigit() and len(text) < 4 and 1 <= int(text) <= 120:
        return int(text)
    raise argparse.ArgumentTypeError(f"must be a whole number from 1 to 120: {text!r}")


def _size(text: str) -> FrameSpec:
    width, _, height = text.partition("x")
    if not (width.isascii() and width.isdigit() and height.isascii() and height.isdigit()):
        raise argparse.ArgumentTypeError(f"must look like 1280x720: {text!r}")
    try:
        return FrameSpec(int(width), int(height))
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _fail(message: str) -> int:
    print(f"python -m kernel.demo: {message}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
