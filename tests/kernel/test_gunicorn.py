"""A host under gunicorn: it forks workers, restarts them, is killed, and starts again."""

from __future__ import annotations

import itertools
import os
import signal
import socket
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from kernel import FrameReader, FrameSpec
from kernel.tap_stream import BUFFER_BYTES
from tests.kernel.streams import DEADLINE_S, FFMPEG, eventually, is_running

REPOSITORY = Path(__file__).resolve().parents[2]
SPEC = FrameSpec(320, 180)
CAMERAS = ("one", "two")

# Two cameras that look different. Each FFmpeg records what it gives to the tap.
HOST = """
    import atexit, os, subprocess
    from pathlib import Path
    from kernel import FrameSpec, PipeTap

    spec, ffmpeg = FrameSpec(320, 180), os.environ["FFMPEG"]
    for camera, picture in (("one", "testsrc2"), ("two", "mandelbrot")):
        tap = PipeTap(camera, spec)
        source = ["-re", "-f", "lavfi", "-i", f"{picture}=size=320x180:rate=20"]
        recording = ["-pix_fmt", "nv12", "-f", "rawvideo", "-flush_packets", "1", f"{camera}.nv12"]
        with tap.output() as output:
            process = subprocess.Popen(
                [ffmpeg, "-v", "error", "-nostdin", *source, *recording, *output.args],
                pass_fds=output.pass_fds,
                start_new_session=True,
            )
        Path(f"{camera}.pid").write_text(str(process.pid))

    def app(environ, start_response):
        child = os.fork()
        if not child:
            atexit._run_exitfuncs()
            os._exit(0)
        os.waitpid(child, 0)
        start_response("200 OK", [])
        return [str(os.getpid()).encode()]
"""


class Life:
    """One start of the host, and what its FFmpegs record."""

    def __init__(self, folder: Path, base_dir: str) -> None:
        self.folder = folder
        self.base_dir = base_dir
        folder.mkdir()
        (folder / "host.py").write_text(textwrap.dedent(HOST))
        env = {
            **os.environ,
            "PYTHONPATH": str(REPOSITORY),
            "FFMPEG": FFMPEG,
            "AI_FRAME_EXPORT_ENABLED": "true",
            "AI_FRAME_EXPORT_DIR": base_dir,
            "AI_FRAME_BUFFER_CAPACITY": "8",
        }
        options = ["-w", "2", "--preload", "--bind", "unix:socket", "--log-level", "critical"]
        command = [sys.executable, "-m", "gunicorn", *options, "host:app"]
        self.gunicorn = subprocess.Popen(command, cwd=folder, env=env)

    def ffmpeg(self, camera: str) -> int:
        return int((self.folder / f"{camera}.pid").read_text())

    def workers(self) -> set[int]:
        pid = self.gunicorn.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        found = set()
        for child in children:
            with suppress(OSError):  # it has just gone
                if b"gunicorn" in Path(f"/proc/{child}/cmdline").read_bytes():
                    found.add(int(child))
        return found

    def ask(self) -> int:
        """Have a worker answer, which forks for it; the worker."""
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(DEADLINE_S)
            client.connect(str(self.folder / "socket"))
            client.sendall(b"GET / HTTP/1.0\r\n\r\n")
            with client.makefile("rb") as answer:
                return int(answer.read().rpartition(b"\n")[2])

    def number(self, camera: str, pixels: bytes) -> int | None:
        """Which frame of the recording has these pixels."""
        recording = (self.folder / f"{camera}.nv12").read_bytes()
        place = recording.find(pixels)
        return None if place < 0 else 1 + place // SPEC.size_bytes

    def shows(self, camera: str, *, after: int | None = None) -> int:
        """Frames of a camera are those of its recording, in its order; their epoch."""
        with FrameReader(camera, base_dir=self.base_dir) as reader:
            eventually(lambda: reader.epoch not in (None, after), "the camera")
            frames = list(itertools.islice(reader.frames(timeout_s=DEADLINE_S), 10))
        assert len({frame.epoch for frame in frames}) == 1
        shifts = set()
        for frame in frames:
            pixels = frame.data.tobytes()
            number = eventually(lambda: self.number(camera, pixels), "it is recorded")  # noqa: B023
            shifts.add(number - frame.frame_id)
        # Not 0 when frames were dropped before there was a ring; the same for all of them.
        assert len(shifts) == 1
        return frames[0].epoch

    def goes_on(self, camera: str) -> None:
        """The recording has more frames than the stream of the tap has room for."""
        assert 40 * SPEC.size_bytes > 2 * BUFFER_BYTES
        assert is_running(self.ffmpeg(camera))
        recording = self.folder / f"{camera}.nv12"
        enough = recording.stat().st_size + 40 * SPEC.size_bytes
        eventually(lambda: recording.stat().st_size > enough, "the recording goes on")


@contextmanager
def life(folder: Path, base_dir: str) -> Iterator[Life]:
    host = Life(folder, base_dir)
    try:
        yield host
        for camera in CAMERAS:
            host.goes_on(camera)
    finally:
        host.gunicorn.terminate()
        host.gunicorn.wait(DEADLINE_S)
        for camera in CAMERAS:
            with suppress(OSError):
                os.kill(host.ffmpeg(camera), signal.SIGTERM)


def test_ffmpeg_never_stops_and_no_frame_is_another_ones(tmp_path: Path, base_dir: str) -> None:
    with life(tmp_path / "first", base_dir) as first:
        epochs = {camera: first.shows(camera) for camera in CAMERAS}
        workers = eventually(lambda: found if len(found := first.workers()) == 2 else None, "two")
        assert first.ask() in workers

        first.gunicorn.send_signal(signal.SIGHUP)
        restarted = eventually(
            lambda: found if len(found := first.workers() - workers) == 2 else None, "two others"
        )
        os.kill(min(restarted), signal.SIGKILL)
        eventually(lambda: first.workers() - workers - restarted, "another one")
        assert first.ask() not in workers
        # The rings are still the first ones: nothing of this was the cameras' business.
        assert {camera: first.shows(camera) for camera in CAMERAS} == epochs

        left = first.workers()
        first.gunicorn.kill()
        first.gunicorn.wait()
        with life(tmp_path / "second", base_dir) as second:
            for camera in CAMERAS:
                second.shows(camera, after=epochs[camera])
                first.goes_on(camera)
        for worker in left:
            with suppress(ProcessLookupError):
                os.kill(worker, signal.SIGKILL)
    eventually(
        lambda: (
            not any(is_running(one.ffmpeg(camera)) for one in (first, second) for camera in CAMERAS)
        ),
        "FFmpegs end when they are told to",
    )
    eventually(lambda: os.listdir(base_dir) == [], "nothing is left in the base folder")
