"""`python -m kernel.demo`: a real FFmpeg on its own test picture, through the tap, to readers.

    python -m kernel.demo [--seconds N] [--size WxH] [--fps N]

Shows what the tap took, and what readers at 1, 5 and 30 frames a second, each a process of its
own, got: rates, ages, losses. Uses a camera id of its own below the base folder, switches export
on for itself only, and leaves nothing behind.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TextIO

from kernel.errors import KernelError
from kernel.layout import FrameSpec
from kernel.settings import ExportSettings, base_dir_from_env
from kernel.tap import PipeTap, TapStats

__all__ = ["find_ffmpeg", "main"]

READER_FPS = (1.0, 5.0, 30.0)
_LINE = "{:<12}{:>10}{:>14}{:>14}{:>10}{:>10}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo; the exit code: 0, 1 when it cannot run here, 2 for a wrong command line."""
    options = _parser().parse_args(arguments)
    if options.reader is not None:
        return _read(*options.reader)
    ffmpeg = find_ffmpeg()
    if ffmpeg is None:
        return _fail("no ffmpeg found: install the system's, or pip install imageio-ffmpeg")
    # Ended politely it leaves nothing behind; begun in the background, SIGINT would be ignored.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    try:
        settings = ExportSettings(enabled=True, base_dir=base_dir_from_env(), capacity=8)
        return _run(ffmpeg, settings, options.size, options.fps, options.seconds)
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


def _run(
    ffmpeg: str, settings: ExportSettings, spec: FrameSpec, fps: int, seconds: float | None
) -> int:
    camera_id = f"demo-{os.getpid()}"
    picture = f"testsrc2=size={spec.width_px}x{spec.height_px}:rate={fps}"
    source = [ffmpeg, "-v", "error", "-nostdin", "-re", "-f", "lavfi", "-i", picture]
    limit = [] if seconds is None else ["-t", f"{seconds:g}"]
    existed = Path(settings.base_dir).exists()
    try:
        with (
            contextlib.ExitStack() as stack,
            PipeTap(camera_id, spec, settings=settings) as tap,
        ):
            tap.wait_ready()
            if tap.stats.state != "exporting":
                return _fail(tap.stats.error or "the tap does not start")
            readers = [
                stack.enter_context(_Reader(camera_id, reader_fps, settings.base_dir))
                for reader_fps in READER_FPS
            ]
            size = f"{spec.width_px}x{spec.height_px}"
            print(f"camera {camera_id}: {size} NV12 at {fps} frames a second", flush=True)
            with tap.output() as output:
                process = subprocess.Popen(
                    [*source, *limit, *output.args],
                    pass_fds=output.pass_fds,
                    start_new_session=True,
                )
            with _stopped_at_the_end(process):
                _show(tap, readers, process)
            tap.wait_ended(10)
            error = tap.stats.error
        print(_summary(tap.stats))
        if error is not None:
            return _fail(error)
        if process.returncode not in (0, 255, -2, -15):
            return _fail(f"ffmpeg ended with exit code {process.returncode}")
        return 0
    finally:
        if not existed:
            with contextlib.suppress(OSError):
                Path(settings.base_dir).rmdir()


class _Reader:
    """A process that reads at its own rate, and the last that it said about it."""

    def __init__(self, camera_id: str, fps: float, base_dir: str) -> None:
        self.fps = fps
        self.told: dict[str, float] = {}
        home = str(Path(__file__).resolve().parent.parent)
        path = os.environ.get("PYTHONPATH")
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "kernel.demo", "--reader", camera_id, str(fps), base_dir],
            env={**os.environ, "PYTHONPATH": f"{home}{os.pathsep}{path}" if path else home},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.told = json.loads(line)

    def __enter__(self) -> _Reader:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait()
        self._thread.join()
        assert self._process.stdout is not None
        self._process.stdout.close()


def _read(camera_id: str, fps: str, base_dir: str) -> int:
    """A reader's process: prints, twice a second, what it got since the last time."""
    from kernel.reader import FrameReader

    ages_ms: list[float] = []
    frames = skipped = last = first_ns = 0
    told = time.monotonic()
    with (
        contextlib.suppress(KeyboardInterrupt, BrokenPipeError),
        FrameReader(camera_id, base_dir=base_dir) as reader,
    ):
        # A source at 30 frames a second is not faster than 30: such a reader wants every frame.
        max_fps = float(fps) if float(fps) < 30 else None
        # The time-out is for a demo that was killed before this reader saw anything.
        for frame in reader.frames(max_fps=max_fps, until_end=True, timeout_s=10):
            ages_ms.append(frame.age * 1e3)
            frames += 1
            skipped += frame.sequence - last - 1 if last else 0
            last = frame.sequence
            first_ns = first_ns or frame.published_ns
            now = time.monotonic()
            if now - told >= 0.5 or frames == 1:
                line = {
                    "fps": (frames - 1) * 1e9 / max(frame.published_ns - first_ns, 1),
                    "age_ms": statistics.median(ages_ms),
                    "age_max_ms": max(ages_ms),
                    "skipped": skipped,
                    "lapped": reader.lapped_count,
                }
                print(json.dumps(line), flush=True)
                told = now
                del ages_ms[:]
    return 0


def _show(
    tap: PipeTap,
    readers: list[_Reader],
    process: subprocess.Popen[bytes],
) -> None:
    """A table that is drawn again and again, or without a terminal one line each second."""
    live = sys.stdout.isatty()
    started, drawn = time.monotonic(), 0
    before, rate = tap.stats, 0.0
    with contextlib.suppress(KeyboardInterrupt):
        while True:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(1)
                return
            elapsed_s, stats = time.monotonic() - started, tap.stats
            if stats.taken_ns > before.taken_ns:
                rate = (stats.frames - before.frames) * 1e9 / (stats.taken_ns - before.taken_ns)
                before = stats
            if live:
                if drawn:
                    sys.stdout.write(f"\x1b[{drawn}A\x1b[J")
                lines = list(_table(elapsed_s, rate, stats, readers))
                drawn = len(lines)
                _write(lines, sys.stdout)
            else:
                _write([_one_line(elapsed_s, rate, stats, readers)], sys.stdout)


def _table(elapsed_s: float, rate: float, stats: TapStats, readers: list[_Reader]) -> Iterator[str]:
    yield _LINE.format(
        f"{elapsed_s:.0f} s", "frames/s", "age (median)", "age (max)", "lost", "lapped"
    )
    yield _LINE.format("tap", f"{rate:.1f}", "", "", stats.dropped, "")
    for reader in readers:
        told = reader.told
        if not told:
            yield _LINE.format(f"reader {reader.fps:g}", "-", "-", "-", "-", "-")
            continue
        yield _LINE.format(
            f"reader {reader.fps:g}",
            f"{told['fps']:.1f}",
            f"{told['age_ms']:.1f} ms",
            f"{told['age_max_ms']:.1f} ms",
            "-" if reader.fps < 30 else f"{told['skipped']:.0f}",
            f"{told['lapped']:.0f}",
        )
    yield f"FFmpeg waited at most {stats.longest_wait_s * 1e3:.1f} ms"


def _one_line(elapsed_s: float, rate: float, stats: TapStats, readers: list[_Reader]) -> str:
    parts = [f"{elapsed_s:3.0f} s  tap {rate:.1f}/s, {stats.dropped} lost"]
    parts += [
        f"reader {reader.fps:g}: {reader.told['fps']:.1f}/s, {reader.told['age_ms']:.1f} ms old"
        for reader in readers
        if reader.told
    ]
    return "; ".join(parts)


def _summary(stats: TapStats) -> str:
    return (
        f"{stats.frames} frames exported, {stats.dropped} lost, "
        f"FFmpeg waited at most {stats.longest_wait_s * 1e3:.1f} ms"
    )


def _write(lines: Iterable[str], stream: TextIO) -> None:
    stream.write("".join(f"{line}\n" for line in lines))
    stream.flush()


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
    parser.add_argument("--reader", nargs=3, help=argparse.SUPPRESS)
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
