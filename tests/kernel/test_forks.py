"""A host that forks: the child owns nothing, holds nothing, and changes nothing."""

from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from kernel import forking
from kernel.layout import FrameSpec
from kernel.reader import FrameReader
from kernel.settings import ExportSettings
from kernel.tap import PipeTap
from kernel.writer import FrameWriter
from tests.kernel.streams import eventually, is_running, write_all

SPEC = FrameSpec(64, 32)


@contextmanager
def child(does: Callable[[], object] = lambda: None) -> Iterator[int]:
    """A fork that does something and then stays until the block's end; gives its pid.

    The block begins when the child has done it, and fails when it could not.
    """
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # this process has threads
        pid = os.fork()
    if pid == 0:
        try:
            does()
            os.write(writing, b"done")
        except BaseException as error:
            os.write(writing, repr(error).encode())
        signal.pause()
        os._exit(0)
    try:
        assert os.read(reading, 1000) == b"done"
        yield pid
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(reading)
        os.close(writing)


def mapped(pid: int, base_dir: str) -> list[str]:
    """Files of the base folder that a process has mapped or open."""
    maps = Path(f"/proc/{pid}/maps").read_text().splitlines()
    fds = []
    for name in os.listdir(f"/proc/{pid}/fd"):
        with suppress(FileNotFoundError):  # that of the listing itself
            fds.append(os.readlink(f"/proc/{pid}/fd/{name}"))
    return [line for line in (*maps, *fds) if base_dir in line]


@contextmanager
def fed(tap: PipeTap) -> Iterator[int]:
    """The writing end of a tap's stream, as FFmpeg has it."""
    with tap.output() as output:
        descriptor = os.dup(output.pass_fds[0])
    assert tap.wait_ready()
    try:
        yield descriptor
    finally:
        os.close(descriptor)


class Owner:
    """One that fails to let go."""

    def __init__(self, told: int) -> None:
        self.told = told

    def forked(self) -> None:
        os.write(self.told, b"x")
        raise OSError("it cannot let go")


def test_an_owner_that_cannot_let_go_keeps_no_other_from_it() -> None:
    reading, writing = os.pipe()
    owners = [Owner(writing) for _ in range(5)]
    for one in owners:
        forking.add_owner(one)
    with child():
        assert os.read(reading, 100) == b"x" * len(owners)
    os.close(reading)
    os.close(writing)


def test_a_child_that_leaves_the_block_or_exits_ends_nothing(settings: ExportSettings) -> None:
    with PipeTap("cam", SPEC, settings=settings) as tap, fed(tap) as stream:

        def leave() -> None:
            with tap:
                pass
            tap.close()
            assert tap.wait_ended(0)

        with child(leave):
            write_all(stream, bytes(SPEC.size_bytes))
            eventually(lambda: tap.stats.frames == 1, "the frame after the child left")
            assert tap.stats.state == "exporting"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            pid = os.fork()
        if pid == 0:
            # As a worker of gunicorn ends, with what is registered for the exit.
            import atexit

            atexit._run_exitfuncs()
            os._exit(0)
        os.waitpid(pid, 0)
        write_all(stream, bytes(SPEC.size_bytes))
        eventually(lambda: tap.stats.frames == 2, "the frame after the child's exit")


def test_a_child_holds_no_memory_no_lock_and_no_file_of_a_ring(
    settings: ExportSettings, base_dir: str
) -> None:
    writer = FrameWriter("cam", SPEC, settings=settings)
    assert writer.write(bytes(SPEC.size_bytes))
    assert mapped(os.getpid(), base_dir)
    with child() as pid:
        assert mapped(pid, base_dir) == []
        writer.close()
        FrameWriter("cam", SPEC, settings=settings).close()


def test_a_child_holds_no_end_of_a_stream(settings: ExportSettings) -> None:
    tap = PipeTap("cam", SPEC, settings=settings)
    with child():
        # The fork fell before FFmpeg was given its end.
        with tap.output() as output:
            stream = os.dup(output.pass_fds[0])
        write_all(stream, bytes(SPEC.size_bytes))
        os.close(stream)
        assert tap.wait_ended(30)
        assert tap.stats.frames == 1
    tap.close()


def write_for_ever(stream: socket.socket) -> None:
    while True:
        stream.send(bytes(100_000))


HOST = textwrap.dedent(
    """
    import os, signal, sys, time, warnings
    warnings.simplefilter("ignore", DeprecationWarning)
    from kernel import ExportSettings, FrameSpec, PipeTap
    tap = PipeTap("cam", FrameSpec(64, 32), stream=int(sys.argv[1]), settings=ExportSettings(
        enabled=True, base_dir=sys.argv[2], capacity=4))
    os.close(int(sys.argv[1]))
    assert tap.wait_ready()
    child = os.fork()
    if child == 0:
        signal.pause()
    print(child, tap.pid, flush=True)
    signal.pause()
    """
)


def test_with_a_child_alive_and_host_and_tap_killed_ffmpeg_sees_its_pipe_closed(
    settings: ExportSettings,
) -> None:
    reading, writing = socket.socketpair()
    host = subprocess.Popen(
        [sys.executable, "-c", HOST, str(reading.fileno()), settings.base_dir],
        pass_fds=(reading.fileno(),),
        stdout=subprocess.PIPE,
        text=True,
    )
    reading.close()
    assert host.stdout is not None
    left, tap = map(int, host.stdout.readline().split())
    try:
        os.kill(tap, signal.SIGSTOP)  # so that it does not read on when the host is gone
        host.kill()
        host.wait()
        os.kill(tap, signal.SIGKILL)
        writing.settimeout(30)
        with pytest.raises(OSError, match=r"Broken pipe|reset"):
            write_for_ever(writing)
        assert is_running(left)
    finally:
        os.kill(left, signal.SIGKILL)
        host.stdout.close()
        writing.close()


def test_what_is_used_in_a_child_says_so_once(settings: ExportSettings) -> None:
    writer = FrameWriter("cam", SPEC, settings=settings)
    tap = PipeTap("other", SPEC, settings=settings)
    with tap.output():
        pass

    def use() -> None:
        lines: list[str] = []
        handler = logging.Handler()
        handler.emit = lambda record: lines.append(record.getMessage())  # type: ignore[method-assign]
        logging.getLogger("kernel").addHandler(handler)
        assert not writer.write(bytes(SPEC.size_bytes))
        assert writer.slot() is None
        with tap.output() as output:
            assert output.args == ()
        assert tap.stats.state == "ended"
        assert lines == [
            "camera cam: frames are not exported: "
            "this process is a fork of the one that exports them",
            "frame export of camera other is over: "
            "this process is a fork of the one that reads the stream",
        ]

    with child(use):
        assert writer.write(bytes(SPEC.size_bytes))
        with FrameReader("cam", base_dir=settings.base_dir) as reader:
            assert reader.latest() is not None
    writer.close()
    tap.close()


def test_a_slot_that_was_lent_before_the_fork_is_harmless_in_the_child(
    settings: ExportSettings,
) -> None:
    writer = FrameWriter("cam", SPEC, settings=settings)
    lease = writer.slot()
    assert lease is not None

    def fill() -> None:
        lease.buffer[:] = b"\xee" * SPEC.size_bytes
        assert not lease.publish()

    with child(fill):
        lease.buffer[:] = b"\x11" * SPEC.size_bytes
        assert lease.publish()
        with FrameReader("cam", base_dir=settings.base_dir) as reader:
            frame = reader.latest()
            assert frame is not None
            assert bytes(frame.data.reshape(-1)[:4]) == b"\x11" * 4
    writer.close()


def test_a_fork_waits_for_a_start_that_is_under_way(settings: ExportSettings) -> None:
    starting, go_on = threading.Event(), threading.Event()
    made: list[FrameWriter] = []

    class Slow(FrameWriter):
        def _start(self, *arguments: object) -> None:
            starting.set()
            assert go_on.wait(30)
            super()._start(*arguments)  # type: ignore[arg-type]

    def start() -> None:
        made.append(Slow("cam", SPEC, settings=settings))

    thread = threading.Thread(target=start)
    thread.start()
    assert starting.wait(30)
    assert not forking.starting.acquire(blocking=False)
    go_on.set()
    # The fork comes when the ring is there, and known: the child holds nothing of it.
    with child() as pid:
        thread.join()
        assert mapped(pid, settings.base_dir) == []
    made[0].close()
