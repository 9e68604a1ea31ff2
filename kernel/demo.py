"""A real FFmpeg on its own test picture, through the tap, to readers.

    python -m kernel.demo [--seconds N] [--size WxH] [--fps N]

Each second a line: what the tap took, and what readers at 1, 5 and 30 frames a second got. Uses a
camera of its own below the base folder, and leaves nothing behind.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import statistics
import subprocess
import sys
import threading
from collections import deque
from contextlib import suppress
from pathlib import Path

from kernel.errors import KernelError
from kernel.layout import FrameSpec
from kernel.reader import FrameReader
from kernel.settings import ExportSettings, base_dir_from_env
from kernel.tap import PipeTap


class Viewer:
    """A thread that reads at a rate of its own."""

    def __init__(self, camera_id: str, fps: int, base_dir: str) -> None:
        self._fps = fps
        self._reader = FrameReader(camera_id, base_dir=base_dir)
        self._ages_ms: deque[float] = deque(maxlen=1000)
        self.thread = threading.Thread(target=self._read)
        self.thread.start()

    def _read(self) -> None:
        with self._reader:
            for frame in self._reader.frames(max_fps=self._fps, until_end=True, timeout_s=5):
                self._ages_ms.append(frame.age * 1e3)

    def told(self) -> str:
        """What it got since it was asked last."""
        ages_ms = [self._ages_ms.popleft() for _ in range(len(self._ages_ms))]
        ages = f", {statistics.median(ages_ms):.1f} ms old" if ages_ms else ""
        lapped = self._reader.lapped_count
        return f"reader {self._fps}: {len(ages_ms)}/s{ages}, {lapped} lapped"


def find_ffmpeg() -> str | None:
    """The system's ffmpeg, else the one of the PyPI package imageio-ffmpeg."""
    found = shutil.which("ffmpeg")
    if found is None:
        with suppress(ImportError, RuntimeError):
            import imageio_ffmpeg

            found = str(imageio_ffmpeg.get_ffmpeg_exe())
    return found


def run(ffmpeg: str, spec: FrameSpec, fps: int, seconds: float) -> str | None:
    """Show it; what went wrong."""
    settings = ExportSettings(enabled=True, base_dir=base_dir_from_env(), capacity=8)
    camera_id, size = f"demo-{os.getpid()}", f"{spec.width_px}x{spec.height_px}"
    source = ["-f", "lavfi", "-i", f"testsrc2=size={size}:rate={fps}", "-t", f"{seconds:g}"]
    with PipeTap(camera_id, spec, settings=settings) as tap:
        tap.wait_ready()
        if tap.stats.state != "exporting":
            return tap.stats.error or "the tap does not start"
        viewers = [Viewer(camera_id, rate, settings.base_dir) for rate in (1, 5, 30)]
        print(f"camera {camera_id}: {size} NV12 at {fps} frames a second", flush=True)
        with tap.output() as output:
            process = subprocess.Popen(
                [ffmpeg, "-v", "error", "-nostdin", "-re", *source, *output.args],
                pass_fds=output.pass_fds,
                start_new_session=True,  # Ctrl-C is for the demo, which ends FFmpeg
            )
        with suppress(KeyboardInterrupt):
            show(tap, viewers, process)
        code = process.poll()
        process.terminate()
        process.wait()
        tap.wait_ended(10)
    for viewer in viewers:
        viewer.thread.join()
    print(f"{tap.stats.frames} frames exported, {tap.stats.dropped} lost")
    return tap.stats.error or (f"ffmpeg ended with exit code {code}" if code else None)


def show(tap: PipeTap, viewers: list[Viewer], process: subprocess.Popen[bytes]) -> None:
    """Print a line each second, until FFmpeg ends."""
    before = 0
    while process.poll() is None:
        with suppress(subprocess.TimeoutExpired):
            process.wait(1)
        stats = tap.stats
        line = [f"tap: {stats.frames - before}/s, {stats.dropped} lost"]
        print("; ".join([*line, *(viewer.told() for viewer in viewers)]), flush=True)
        before = stats.frames


def main(arguments: list[str] | None = None) -> int:
    """Run the demo; the exit code: 0, 1 when it cannot run here, 2 for a wrong command line."""
    parser = argparse.ArgumentParser(prog="python -m kernel.demo", description=__doc__)
    parser.add_argument("--seconds", type=float, default=3600)
    parser.add_argument("--size", default="1280x720", help="WxH, even")
    parser.add_argument("--fps", type=int, default=30, choices=range(1, 121), metavar="1..120")
    options = parser.parse_args(arguments)
    try:
        width, height = map(int, options.size.split("x"))
        spec = FrameSpec(width, height)
    except ValueError as error:
        parser.error(f"--size: {error}")
    ffmpeg = find_ffmpeg()
    # Ended politely it leaves nothing behind; begun in the background, SIGINT would be ignored.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    wrong: object = "no ffmpeg found: install the system's, or pip install imageio-ffmpeg"
    if ffmpeg is not None:
        try:
            base = Path(base_dir_from_env())
            existed = base.exists()
            try:
                wrong = run(ffmpeg, spec, options.fps, options.seconds)
            finally:
                if not existed:
                    with suppress(OSError):  # never made, or others are in it by now
                        base.rmdir()
        except (KernelError, OSError, KeyboardInterrupt) as error:
            wrong = str(error)  # nothing for Ctrl-C
    if wrong:
        print(f"python -m kernel.demo: {wrong}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
