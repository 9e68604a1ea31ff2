"""The tap, from real pipes, sockets and FFmpegs to the frames that readers get."""

import contextlib
import fcntl
import itertools
import os
import select
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kernel import tap_host
from kernel.catalogue import list_rings
from kernel.layout import FrameSpec
from kernel.reader import FrameReader
from kernel.settings import ExportSettings
from kernel.tap import PipeTap, TapStats
from kernel.writer import FrameWriter
from tests.kernel.streams import (
    DEADLINE_S,
    FFMPEG,
    awaited,
    eventually,
    is_running,
    pattern,
    write_all,
)

SMALL = FrameSpec(64, 36)
HD = FrameSpec(640, 360)
FOR_EVER = 1_000_000
REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture
def settings(tmp_path: Path) -> ExportSettings:
    return ExportSettings(enabled=True, base_dir=str(tmp_path / "vas"), capacity=4)


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """A pipe of the host's own; tests close the writing end, which must not be closed twice."""
    reading, writing = os.pipe()
    yield reading, writing
    os.close(reading)


def open_files() -> set[str]:
    """What this process has open, by the names that are only theirs: sockets, pipes, files."""
    found = set()
    for descriptor in os.listdir("/proc/self/fd"):
        with contextlib.suppress(FileNotFoundError):  # that of the listing itself
            found.add(os.readlink(f"/proc/self/fd/{descriptor}"))
    return found


def camera_is_free(settings: ExportSettings) -> bool:
    return not any(ring.owned for ring in list_rings(settings.base_dir))


def test_source(spec: FrameSpec, fps: int, frames: int) -> list[str]:
    picture = f"testsrc2=size={spec.width_px}x{spec.height_px}:rate={fps}"
    source = ["-v", "error", "-nostdin", "-re", "-f", "lavfi", "-i", picture]
    return [FFMPEG, *source, "-frames:v", str(frames)]


test_source.__test__ = False  # type: ignore[attr-defined]


def test_pixels_of_ffmpeg_are_those_that_readers_get(
    settings: ExportSettings, tmp_path: Path
) -> None:
    total, recording = 45, tmp_path / "recording.nv12"
    to_file = ["-f", "rawvideo", "-pix_fmt", "nv12", str(recording), "-frames:v", str(total)]
    with (
        PipeTap("cam", HD, settings=settings) as tap,
        FrameReader("cam", base_dir=settings.base_dir) as reader,
    ):
        assert tap.wait_ready(DEADLINE_S)
        with tap.output() as output:
            command = [*test_source(HD, 15, total), *to_file, *output.args]
            ffmpeg = subprocess.Popen(command, pass_fds=output.pass_fds)
        seen = {frame.frame_id: frame.data for frame in reader.frames(until_end=True)}
        assert ffmpeg.wait(DEADLINE_S) == 0
        assert tap.wait_ended(DEADLINE_S)
    assert tap.stats.error is None
    assert tap.stats.frames + tap.stats.dropped == total
    assert tap.stats.leftover_bytes == 0
    recorded = np.fromfile(recording, np.uint8).reshape(total, *HD.shape)
    assert seen
    for number, data in seen.items():
        assert np.array_equal(data, recorded[number - 1]), f"frame {number}"


def test_every_frame_comes_whole_out_of_a_pipe_however_it_was_cut(
    settings: ExportSettings, pipe: tuple[int, int]
) -> None:
    reading, writing = pipe
    with (
        PipeTap("cam", HD, stream=reading, settings=settings) as tap,
        FrameReader("cam", base_dir=settings.base_dir) as reader,
    ):
        assert tap.wait_ready(DEADLINE_S)
        for number, piece in enumerate((1, 7, 4095, 4096, 65537, 1 << 20), start=1):
            data = pattern(number, HD).tobytes()
            # The first bytes one by one, then in pieces: each write may be a read of its own.
            cuts = [*range(50), *range(50, len(data), max(piece, 997)), len(data)]
            for begin, end in itertools.pairwise(cuts):
                write_all(writing, data[begin:end])
            assert awaited(reader, number).data.tobytes() == data
        os.close(writing)
        assert tap.wait_ended(DEADLINE_S)
    assert tap.stats.frames == 6
    assert tap.stats.dropped == 0
    assert tap.stats.error is None


def test_a_pipe_of_one_page_is_enough(settings: ExportSettings, pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    with (
        PipeTap("cam", HD, stream=reading, settings=settings) as tap,
        FrameReader("cam", base_dir=settings.base_dir) as reader,
    ):
        assert tap.wait_ready(DEADLINE_S)
        assert fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096) == 4096
        for number in (1, 2, 3):
            data = pattern(number, HD).tobytes()
            write_all(writing, data)
            assert awaited(reader, number).data.tobytes() == data
        os.close(writing)
        assert tap.wait_ended(DEADLINE_S)


def test_a_pipe_is_made_as_large_as_the_host_allows(
    settings: ExportSettings, pipe: tuple[int, int]
) -> None:
    reading, writing = pipe
    before = fcntl.fcntl(writing, fcntl.F_GETPIPE_SZ)
    with PipeTap("cam", SMALL, stream=reading, settings=settings):
        assert fcntl.fcntl(writing, fcntl.F_GETPIPE_SZ) > before
        os.close(writing)


def test_a_socket_that_the_host_has_already_is_read_too(settings: ExportSettings) -> None:
    reading, writing = socket.socketpair()
    with (
        writing,
        PipeTap("cam", SMALL, stream=reading, settings=settings) as tap,
        FrameReader("cam", base_dir=settings.base_dir) as reader,
    ):
        reading.close()
        writing.sendall(pattern(1, SMALL).tobytes())
        assert awaited(reader, 1).data.tobytes() == pattern(1, SMALL).tobytes()
        writing.close()
        assert tap.wait_ended(DEADLINE_S)


@pytest.mark.parametrize("offered", [True, False], ids=["socket", "pipe"])
def test_an_end_in_mid_frame_is_an_end_and_what_was_there_is_told(
    offered: bool, settings: ExportSettings, pipe: tuple[int, int]
) -> None:
    reading, writing = pipe
    stream = None if offered else reading
    with PipeTap("cam", SMALL, stream=stream, settings=settings) as tap:
        with tap.output() as output:
            if offered:
                os.dup2(output.pass_fds[0], writing)
        write_all(writing, pattern(1, SMALL).tobytes() + b"x" * 100)
        os.close(writing)
        assert tap.wait_ended(DEADLINE_S)
    assert (tap.stats.frames, tap.stats.leftover_bytes) == (1, 100)
    assert tap.stats.error is None
    assert list_rings(settings.base_dir) == []


@contextlib.contextmanager
def flood(descriptor: int, data: bytes) -> Iterator[list[int]]:
    """A thread that writes this over and over, without a pause; how much it wrote each time."""
    over, written = threading.Event(), list[int]()

    def write() -> None:
        while not over.is_set():
            write_all(descriptor, data)
            written.append(len(data))

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield written
    finally:
        over.set()
        thread.join()


def test_ffmpeg_ahead_for_long_loses_whole_frames_and_never_the_boundary(
    settings: ExportSettings, pipe: tuple[int, int]
) -> None:
    # Frames so small that reading them one by one is never as fast as writing them.
    reading, writing = pipe
    tiny = FrameSpec(16, 16)
    frames = [pattern(number, tiny).tobytes() for number in range(64)]
    with (
        PipeTap("cam", tiny, stream=reading, settings=settings) as tap,
        FrameReader("cam", base_dir=settings.base_dir) as reader,
    ):

        def dropping() -> bool:
            frame = reader.latest()
            if frame is not None:
                assert frame.data.tobytes() == frames[(frame.frame_id - 1) % len(frames)]
            return tap.stats.dropped > 100

        with flood(writing, b"".join(frames)) as written:
            eventually(dropping, "frames are dropped")
        os.close(writing)
        assert tap.wait_ended(DEADLINE_S)
    assert (tap.stats.frames + tap.stats.dropped) * tiny.size_bytes == sum(written)
    assert tap.stats.frames > 2
    assert tap.stats.leftover_bytes == 0


def test_the_time_that_ffmpeg_could_have_waited_is_told(
    settings: ExportSettings, pipe: tuple[int, int]
) -> None:
    reading, writing = pipe
    data = pattern(1, SMALL).tobytes()
    with PipeTap("cam", SMALL, stream=reading, settings=settings) as tap:
        write_all(writing, data[:100])
        eventually(lambda: not select.select([reading], [], [], 0)[0], "the tap has begun to read")
        assert tap.pid is not None
        os.kill(tap.pid, signal.SIGSTOP)
        write_all(writing, data[100:])
        since = time.monotonic()
        eventually(lambda: time.monotonic() - since > 0.2, "a while")
        waited_s = time.monotonic() - since
        os.kill(tap.pid, signal.SIGCONT)
        os.close(writing)
        assert tap.wait_ended(DEADLINE_S)
    assert tap.stats.frames == 1
    assert tap.stats.longest_wait_s >= waited_s


def test_stopped_and_killed_readers_cost_no_frame(settings: ExportSettings) -> None:
    code = f"""
        import sys
        from kernel.reader import FrameReader
        with FrameReader("cam", base_dir={settings.base_dir!r}) as reader:
            while True:
                with reader.view() as frame:
                    if frame is not None:
                        print("reading", flush=True)
                        sys.stdin.read()
    """
    with PipeTap("cam", SMALL, settings=settings) as tap:
        with tap.output() as output:
            writing = os.dup(output.pass_fds[0])
        write_all(writing, pattern(1, SMALL).tobytes())
        readers = [
            subprocess.Popen(
                [sys.executable, "-c", textwrap.dedent(code)],
                cwd=REPOSITORY,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
            for _ in range(2)
        ]
        for reader in readers:
            assert reader.stdout is not None
            assert reader.stdout.readline() == b"reading\n"
        readers[0].send_signal(signal.SIGSTOP)
        readers[1].kill()
        with FrameReader("cam", base_dir=settings.base_dir) as reading:
            for number in range(2, 30):
                write_all(writing, pattern(number, SMALL).tobytes())
                assert awaited(reading, number).data.tobytes() == pattern(number, SMALL).tobytes()
        os.close(writing)
        assert tap.wait_ended(DEADLINE_S)
        assert (tap.stats.frames, tap.stats.dropped) == (29, 0)
        for reader in readers:
            reader.kill()
            reader.communicate()


def recording_to(recording: Path) -> list[str]:
    """FFmpeg's other output, which must not suffer: each frame is on the disk when it is made."""
    raw = ["-pix_fmt", "nv12", "-f", "rawvideo", "-flush_packets", "1"]
    return [*test_source(HD, 60, FOR_EVER), *raw, str(recording), "-frames:v", str(FOR_EVER)]


@contextlib.contextmanager
def recording_ffmpeg(tap: PipeTap, recording: Path) -> Iterator[subprocess.Popen[bytes]]:
    """An FFmpeg with a recording and the tap's output, until told to end, which it must survive."""
    with tap.output() as output:
        command = [*recording_to(recording), *output.args]
        ffmpeg = subprocess.Popen(command, pass_fds=output.pass_fds)
    try:
        yield ffmpeg
        assert ffmpeg.poll() is None
        ffmpeg.terminate()
        # What FFmpeg answers to a signal after having closed its outputs in order.
        assert ffmpeg.wait(DEADLINE_S) == 255
        assert recording.stat().st_size % HD.size_bytes == 0
    finally:
        ffmpeg.kill()
        ffmpeg.wait()


def await_recording_going_on(recording: Path) -> None:
    """Wait for more new frames than any pipe or queue on the way could hold."""
    before = recording.stat().st_size if recording.exists() else 0
    eventually(
        lambda: recording.exists() and recording.stat().st_size > before + 40 * HD.size_bytes,
        "the recording goes on",
    )


def test_a_killed_tap_process_costs_frames_but_ffmpeg_goes_on(
    settings: ExportSettings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    recording = tmp_path / "recording.nv12"
    with (
        PipeTap("cam", HD, settings=settings) as tap,
        FrameReader("cam", base_dir=settings.base_dir) as reader,
        recording_ffmpeg(tap, recording),
    ):
        eventually(reader.latest, "a frame")
        assert tap.pid is not None
        os.kill(tap.pid, signal.SIGKILL)
        eventually(lambda: tap.stats.state == "discarding", "the host notices")
        # Readers see the end, as with a writer that closed.
        eventually(lambda: reader.latest() is None, "the end")
        await_recording_going_on(recording)
    assert tap.wait_ended(DEADLINE_S)
    assert tap.stats.error is not None
    assert "signal 9" in tap.stats.error
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert list_rings(settings.base_dir) == []


def test_a_tap_process_that_hangs_is_ended_and_ffmpeg_goes_on(
    settings: ExportSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = tmp_path / "recording.nv12"
    with PipeTap("cam", HD, settings=settings) as tap, recording_ffmpeg(tap, recording):
        eventually(lambda: tap.stats.frames, "a frame")
        monkeypatch.setattr(tap_host, "SILENT_S", 1)
        hanging = tap.pid
        assert hanging is not None
        os.kill(hanging, signal.SIGSTOP)
        try:
            await_recording_going_on(recording)
        finally:
            os.kill(hanging, signal.SIGCONT) if is_running(hanging) else None
    assert tap.wait_ended(DEADLINE_S)


@pytest.fixture
def nobody_waits() -> Iterator[None]:
    """A host that takes the exit codes of all children, so that the tap gets none."""
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    yield
    signal.signal(signal.SIGCHLD, before)


@pytest.mark.usefixtures("nobody_waits")
def test_a_stream_is_read_to_its_end_even_when_the_process_that_discards_is_killed(
    settings: ExportSettings, pipe: tuple[int, int]
) -> None:
    reading, writing = pipe
    with PipeTap("cam", SMALL, stream=reading, settings=settings) as tap:
        assert tap.wait_ready(DEADLINE_S)
        for _ in range(2):
            pid = eventually(lambda: tap.pid, "a process")
            os.kill(pid, signal.SIGKILL)
            eventually(lambda gone=pid: tap.pid != gone, "the next one")  # type: ignore[misc]
        write_all(writing, bytes(8 << 20))
        os.close(writing)
        assert tap.wait_ended(DEADLINE_S)


def small_disk(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A memory disk of 1 MB."""
    folder = tmp_path / "disk"
    folder.mkdir(mode=0o700)
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m,mode=0700", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("this user may not mount a memory disk")
    request.addfinalizer(lambda: subprocess.run(["umount", "--lazy", str(folder)], check=True))
    return folder


@pytest.mark.parametrize("why", ["another writer", "no memory", "no such size"])
def test_a_ring_that_cannot_be_made_is_said_and_costs_ffmpeg_nothing(
    why: str,
    settings: ExportSettings,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    request: pytest.FixtureRequest,
) -> None:
    recording = tmp_path / "recording.nv12"
    other, spec = None, HD
    if why == "another writer":
        other = FrameWriter("cam", SMALL, settings=settings)
        settings = replace(settings, retry_s=0)
    elif why == "no memory":
        settings = ExportSettings(enabled=True, base_dir=str(small_disk(request, tmp_path)))
    else:
        spec = FrameSpec(HD.width_px, HD.height_px)
        settings = ExportSettings(enabled=True, base_dir=settings.base_dir, capacity=1)
    with PipeTap("cam", spec, settings=settings) as tap:
        with recording_ffmpeg(tap, recording):
            await_recording_going_on(recording)
        assert tap.wait_ended(DEADLINE_S)
    assert tap.stats.error is not None
    said = {"another writer": "live writer", "no memory": "no memory for the frames"}
    assert said.get(why, "ring") in tap.stats.error
    assert tap.stats.frames == 0
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    if other:
        assert other.active
        other.close()


def test_a_camera_that_another_writer_lets_go_of_is_taken_then(settings: ExportSettings) -> None:
    other = FrameWriter("cam", SMALL, settings=settings)
    with PipeTap("cam", SMALL, settings=settings) as tap:
        with tap.output() as output:
            writing = os.dup(output.pass_fds[0])
        # FFmpeg goes on meanwhile: more than the socket holds, and never a part of a frame lost.
        for number in range(1, 1001):
            write_all(writing, pattern(number, SMALL).tobytes())
        assert tap.stats.state == "starting"
        other.close()
        assert tap.wait_ready(DEADLINE_S)
        with FrameReader("cam", base_dir=settings.base_dir) as reader:

            def newest() -> bool:
                write_all(writing, pattern(7, SMALL).tobytes())
                frame = reader.latest()
                return frame is not None and bool(
                    (frame.data.reshape(-1) == pattern(7, SMALL)).all()
                )

            eventually(newest, "a whole frame after the other writer")
        os.close(writing)
        assert tap.wait_ended(DEADLINE_S)
    assert tap.stats.error is None
    assert tap.stats.dropped > 0
    assert tap.stats.leftover_bytes == 0


def test_waiting_for_another_writer_is_not_taken_for_hanging(
    settings: ExportSettings, pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tap_host, "SILENT_S", 1)
    settings = replace(settings, retry_s=3600)
    reading, writing = pipe
    with (
        FrameWriter("cam", SMALL, settings=settings),
        PipeTap("cam", SMALL, stream=reading, settings=settings) as tap,
    ):
        with flood(writing, bytes(64 * SMALL.size_bytes)):
            first = eventually(lambda: tap.stats if tap.stats.dropped else None, "a report")
            eventually(lambda: tap.stats.taken_ns > first.taken_ns + 3e9, "reports go on")
        assert tap.stats.state == "starting"
        assert tap.stats.dropped > first.dropped
        os.close(writing)
    assert tap.wait_ended(DEADLINE_S)


def test_closing_does_not_wait_for_a_camera_that_another_writer_has(
    settings: ExportSettings,
) -> None:
    settings = replace(settings, retry_s=3600)
    with FrameWriter("cam", SMALL, settings=settings):
        tap = PipeTap("cam", SMALL, settings=settings)
        with tap.output():
            pass
        tap.close()
        assert tap.wait_ended(DEADLINE_S)


def test_closing_frees_the_camera_at_once_and_reads_on_until_ffmpeg_ends(
    settings: ExportSettings, tmp_path: Path
) -> None:
    recording = tmp_path / "recording.nv12"
    tap = PipeTap("cam", HD, settings=settings)
    with recording_ffmpeg(tap, recording):
        eventually(lambda: tap.stats.frames, "a frame")
        tap.close()
        assert camera_is_free(settings)
        tap.close()
        await_recording_going_on(recording)
    assert tap.wait_ended(DEADLINE_S)
    assert tap.stats.error is None


def test_a_tap_whose_process_is_gone_before_its_last_word_is_read_has_ended_well(
    settings: ExportSettings, pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    reading, writing = pipe
    take = tap_host.TapHost._take

    def slow(host: tap_host.TapHost, stats: TapStats) -> None:
        take(host, stats)
        if stats.state == "discarding":
            os.close(writing)
            process = host._process
            assert process is not None
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)

    monkeypatch.setattr(tap_host.TapHost, "_take", slow)
    tap = PipeTap("cam", SMALL, stream=reading, settings=settings)
    assert tap.wait_ready(DEADLINE_S)
    tap.close()
    assert tap.wait_ended(DEADLINE_S)
    assert tap.stats.error is None


@pytest.mark.parametrize("offered", [True, False], ids=["socket", "pipe"])
def test_closing_does_not_wait_for_the_rest_of_a_frame(
    offered: bool, settings: ExportSettings, pipe: tuple[int, int]
) -> None:
    reading, writing = pipe
    stream = None if offered else reading
    tap = PipeTap("cam", SMALL, stream=stream, settings=settings)
    with tap.output() as output:
        if offered:
            os.dup2(output.pass_fds[0], writing)
    write_all(writing, pattern(1, SMALL).tobytes()[:1000])
    assert tap.wait_ready(DEADLINE_S)
    tap.close()
    assert tap.stats.state == "discarding"
    assert camera_is_free(settings)
    write_all(writing, bytes(4 << 20))
    os.close(writing)
    assert tap.wait_ended(DEADLINE_S)


def test_a_tap_that_nobody_was_given_ends_with_its_close(settings: ExportSettings) -> None:
    tap = PipeTap("cam", SMALL, settings=settings)
    assert tap.wait_ready(DEADLINE_S)
    pid = tap.pid
    tap.close()
    assert tap.wait_ended(DEADLINE_S)
    assert pid is not None
    assert not is_running(pid)
    assert list_rings(settings.base_dir) == []


HOST = """
    import subprocess, sys, time
    from kernel.layout import FrameSpec
    from kernel.settings import ExportSettings
    from kernel.tap import PipeTap
    settings = ExportSettings(enabled=True, base_dir=sys.argv[1], capacity=4)
    tap = PipeTap("cam", FrameSpec(640, 360), settings=settings)
    with tap.output() as output:
        ffmpeg = subprocess.Popen([*sys.argv[2:], *output.args], pass_fds=output.pass_fds)
    print(ffmpeg.pid, tap.pid, flush=True)
    time.sleep(100)
"""


def test_when_the_host_is_killed_export_stops_and_ffmpeg_is_still_read_from(
    settings: ExportSettings, tmp_path: Path
) -> None:
    recording = tmp_path / "recording.nv12"
    code = textwrap.dedent(HOST)
    host = subprocess.Popen(
        [sys.executable, "-c", code, settings.base_dir, *recording_to(recording)],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
    )
    assert host.stdout is not None
    with host.stdout:
        ffmpeg, tap = map(int, host.stdout.readline().split())
    try:
        with FrameReader("cam", base_dir=settings.base_dir) as reader:
            eventually(reader.latest, "a frame")
            host.kill()
            host.wait()
            eventually(lambda: reader.latest() is None, "the end")
        eventually(lambda: camera_is_free(settings), "the camera is free")
        await_recording_going_on(recording)
    finally:
        os.kill(ffmpeg, signal.SIGTERM)
    eventually(lambda: not is_running(ffmpeg), "FFmpeg's end")
    eventually(lambda: not is_running(tap), "the tap's end")


def test_the_tap_process_has_the_stream_and_nothing_else_of_the_hosts(
    settings: ExportSettings, tmp_path: Path
) -> None:
    secret = os.open(tmp_path / "secret", os.O_RDWR | os.O_CREAT)
    os.set_inheritable(secret, True)
    with PipeTap("cam", SMALL, settings=settings) as tap:
        with tap.output() as output:
            writing = os.fstat(output.pass_fds[0]).st_ino
            assert tap.wait_ready(DEADLINE_S)
            opened = list(Path(f"/proc/{tap.pid}/fd").iterdir())
            links = {os.readlink(link) for link in opened}
        assert str(tmp_path / "secret") not in links
        assert f"socket:[{writing}]" not in links
        # Ctrl-C in the host's terminal, or a signal to its group, is not for the tap.
        assert tap.pid is not None
        assert os.getsid(tap.pid) == tap.pid
    os.close(secret)


def test_signals_end_neither_the_reading_nor_a_frame_in_progress(settings: ExportSettings) -> None:
    with PipeTap("cam", HD, settings=settings) as tap:
        with tap.output() as output:
            writing = os.dup(output.pass_fds[0])
        with FrameReader("cam", base_dir=settings.base_dir) as reader:
            data = pattern(1, HD).tobytes()
            write_all(writing, data[:1000])
            assert tap.wait_ready(DEADLINE_S)
            assert tap.pid is not None
            for number in (signal.SIGINT, signal.SIGHUP):
                os.kill(tap.pid, number)
            write_all(writing, data[1000:])
            assert awaited(reader, 1).data.tobytes() == data
            os.kill(tap.pid, signal.SIGTERM)
            eventually(lambda: tap.stats.state == "discarding", "SIGTERM stops the export")
            eventually(lambda: reader.latest() is None, "the end")
        write_all(writing, bytes(8 << 20))
        os.close(writing)
        assert tap.wait_ended(DEADLINE_S)


def test_nothing_of_a_tap_is_left_in_the_host(settings: ExportSettings) -> None:
    # Those of earlier tests may end meanwhile: what is left now is part of what was there.
    before, threads = open_files(), set(threading.enumerate())
    with PipeTap("cam", SMALL, settings=settings) as tap:
        assert tap.wait_ready(DEADLINE_S)
    assert tap.wait_ended(DEADLINE_S)
    eventually(lambda: set(threading.enumerate()) <= threads, "its threads are gone")
    assert open_files() <= before


OFF = """
    import os, sys
    def picture():
        maps = {line.split()[-1] for line in open("/proc/self/maps")}
        return maps, set(os.listdir("/proc/self/fd")), os.listdir("/proc/self/task")
    import kernel
    from kernel.tap import PipeTap
    from kernel.arrays import tap_frame
    before, modules = picture(), set(sys.modules)
    with PipeTap("cam") as tap:
        with tap.output() as output:
            assert output.args == () and output.pass_fds == (), output
        assert tap.wait_ready() and tap.wait_ended() and tap.pid is None
        assert not tap.enabled and tap.stats.state == "off"
    for _ in range(1000):
        assert tap_frame("cam", bytes(6)) is False
    assert picture() == before
    assert set(sys.modules) == modules, set(sys.modules) - modules
    loaded = {"numpy", "subprocess", "socket", "multiprocessing", "kernel.writer"} & modules
    assert not loaded, loaded
    assert os.listdir(sys.argv[1]) == []
"""


@pytest.mark.parametrize("flag", [None, "", "false", "0"])
def test_off_makes_nothing_at_all(flag: str | None, tmp_path: Path) -> None:
    env = {"PATH": os.environ["PATH"], "AI_FRAME_EXPORT_DIR": str(tmp_path)}
    if flag is not None:
        env["AI_FRAME_EXPORT_ENABLED"] = flag
    subprocess.run(
        [sys.executable, "-c", textwrap.dedent(OFF), str(tmp_path)],
        cwd=REPOSITORY,
        env=env,
        check=True,
    )


def test_off_with_a_stream_of_the_hosts_it_is_read_away_rather_than_left_to_stop_ffmpeg(
    pipe: tuple[int, int], tmp_path: Path
) -> None:
    reading, writing = pipe
    off = ExportSettings(enabled=False, base_dir=str(tmp_path / "vas"))
    with PipeTap("cam", SMALL, stream=reading, settings=off) as tap:
        assert not tap.enabled
        write_all(writing, bytes(8 << 20))
        os.close(writing)
        assert tap.wait_ended(DEADLINE_S)
    assert not (tmp_path / "vas").exists()


@pytest.mark.parametrize(
    ("name", "value"), [("AI_FRAME_EXPORT_ENABLED", "perhaps"), ("AI_FRAME_WIDTH", "wide")]
)
def test_a_setting_that_cannot_be_used_is_said_and_never_raised(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("AI_FRAME_EXPORT_ENABLED", "true")
    monkeypatch.setenv(name, value)
    with PipeTap("cam") as tap, tap.output() as output:
        assert output.args == ()
        assert tap.stats.error is not None
        assert name in tap.stats.error
    assert name in caplog.text


def test_the_socket_offered_can_be_written_to_before_anybody_reads(
    settings: ExportSettings,
) -> None:
    with PipeTap("cam", SMALL, settings=settings) as tap, tap.output() as output:
        writable = select.select([], [output.pass_fds[0]], [], 0)[1]
        assert writable == [output.pass_fds[0]]


def test_a_source_of_another_size_is_scaled(settings: ExportSettings) -> None:
    source = "color=c=black:size=640x368:rate=25:duration=60,drawbox=h=40:color=white:t=fill"
    with PipeTap("cam", FrameSpec(640, 360), settings=settings) as tap:
        with tap.output() as output:
            ffmpeg = subprocess.Popen(
                [FFMPEG, "-v", "error", "-re", "-f", "lavfi", "-i", source, *output.args],
                pass_fds=output.pass_fds,
                stdin=subprocess.DEVNULL,
            )
        try:
            with FrameReader("cam", base_dir=settings.base_dir) as reader:
                frame = eventually(lambda: reader.latest(), "a frame")
                white = (frame.y.mean(axis=1) > 128).nonzero()[0]
        finally:
            ffmpeg.kill()
            ffmpeg.wait()
    assert list(white) == list(range(len(white)))
    assert 36 <= len(white) <= 40


def test_a_tap_that_cannot_be_made_leaves_no_descriptor(
    settings: ExportSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    def too_many(*_: object) -> None:
        raise OSError(24, "Too many open files")

    reading, writing = os.pipe()
    for where, fails in (("threading.Thread.start", refused), ("socket.socketpair", too_many)):
        with monkeypatch.context() as patch:
            patch.setattr(f"kernel.tap_host.{where}", fails)
            before = open_files()
            for number in range(3):
                tap = PipeTap(f"cam-{number}", SMALL, stream=reading, settings=settings)
                assert tap.stats.error is not None
            # What earlier tests still had open may have been closed meanwhile.
            assert open_files() <= before
    os.close(reading)
    os.close(writing)


@pytest.mark.parametrize(
    "arguments",
    [
        {"camera_id": "a\0b"},
        {"camera_id": 7},
        {"camera_id": ""},
        {"spec": "1920x1080"},
        {"stream": object()},
        {"stream": -1},
        {"stream": "pipe"},
    ],
)
def test_no_argument_makes_a_tap_raise(
    arguments: dict[str, Any], settings: ExportSettings, caplog: pytest.LogCaptureFixture
) -> None:
    with PipeTap(**{"camera_id": "cam", "settings": settings, **arguments}) as tap:
        with tap.output() as output:
            assert output.args == ()
        assert tap.stats.error is not None
    assert [record.levelname for record in caplog.records] == ["WARNING"]


def test_an_id_may_begin_with_a_dash(settings: ExportSettings) -> None:
    with PipeTap("--discard", SMALL, settings=settings) as tap:
        with tap.output() as output:
            writing = os.dup(output.pass_fds[0])
        assert tap.wait_ready(DEADLINE_S)
        assert tap.stats.error is None
        write_all(writing, bytes(SMALL.size_bytes))
        os.close(writing)
        assert tap.wait_ended(DEADLINE_S)
    assert tap.stats.frames == 1
