"""The reading side of the tap: the process that takes a stream into a ring.

    python -m kernel.tap_process CAMERA STREAM CONTROL HOST_PID CONFIG
    python -m kernel.tap_process --discard STREAM

STREAM and CONTROL are inherited descriptors, CONFIG is JSON. On CONTROL, a socket that keeps
messages apart, it sends its figures as JSON; whatever comes the other way, the end included,
means: stop exporting. The process lives as long as the stream, and exports as long as the host
lives.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import signal
import socket
import sys
import time
from dataclasses import asdict, replace
from typing import Any

from kernel.errors import WriterConflictError
from kernel.layout import FrameSpec
from kernel.settings import ExportSettings
from kernel.tap import TapStats
from kernel.tap_stream import READ_TIMEOUT_S, RawStream
from kernel.writer import RETRY_S, FrameWriter

REPORT_S = 0.5
# Behind for that long, more than a burst or a busy moment, frames are dropped ...
PATIENCE_NS = 500_000_000
# ... but not all: readers still get one that often.
FRESH_NS = 100_000_000


class TapLoop(logging.Handler):
    """Reads frames from a stream into a ring until the stream ends; discards when export is over.

    `config["since_ns"]` is when the stream came to be, by CLOCK_MONOTONIC: data that waits at the
    first look may have waited since then. As a handler it sends lines for the log to the host,
    which has the log that people read.
    """

    def __init__(
        self, camera_id: str, stream: RawStream, control: socket.socket, config: dict[str, Any]
    ) -> None:
        super().__init__(logging.WARNING)
        self._camera_id = camera_id
        self._spec = FrameSpec(*config["spec"])
        self._settings = ExportSettings(**config["settings"])
        self._left_ns: int = config["since_ns"]
        self._on_time_ns = self._left_ns
        self._stats = TapStats(state="starting")
        self._last_note: str | None = None
        self._stream = stream
        self._control = control
        self._published_ns = 0
        self._reported_ns = 0
        self._stops: set[int] = set()
        self.stop_on(control.fileno())
        self._schedstat = -1
        with contextlib.suppress(OSError):
            self._schedstat = os.open("/proc/self/schedstat", os.O_RDONLY | os.O_CLOEXEC)

    def stop_on(self, descriptor: int) -> None:
        """Stop exporting when `descriptor` becomes readable."""
        self._stops.add(descriptor)
        self._stream.watch(descriptor)

    def emit(self, record: logging.LogRecord) -> None:
        """Tell the host a line for its log."""
        self._last_note = record.getMessage()
        self._send({"log": self._last_note})

    def run(self) -> None:
        """Export, then discard, until the stream ends. Raises only what reading away raises."""
        try:
            with self._taken_camera() as writer:
                if self._stream.descriptor not in self._stream.wait(0):
                    self._left_ns = time.monotonic_ns()
                self._report(state="exporting")
                ended = self._export(writer)
        except Exception as error:
            # Whatever is wrong with export, the stream must go on being read.
            self._count(error=str(error) or type(error).__name__)
            ended = False
        for descriptor in self._stops:
            self._stream.unwatch(descriptor)
        if not ended:
            self._report(state="discarding")
            self._discard()
        self._report(state="ended")

    def _taken_camera(self) -> FrameWriter:
        """The writer, tried for as long as one of its own would; frames are dropped meanwhile."""
        until_s = time.monotonic() + self._settings.retry_s
        at_once = replace(self._settings, retry_s=0)
        while True:
            try:
                return FrameWriter(self._camera_id, self._spec, settings=at_once)
            except WriterConflictError:
                if time.monotonic() >= until_s or not self._pass_by():
                    raise

    def _pass_by(self) -> bool:
        """Drop whole frames until it is time to try again; False: the stream or export ended."""
        until_s = time.monotonic() + RETRY_S
        frame = memoryview(bytearray(self._spec.size_bytes))
        while (left_s := until_s - time.monotonic()) > 0:
            ready = self._stream.wait(left_s)
            if ready & self._stops:
                return False
            if ready:
                read, _ = self._fill(frame)
                if read < len(frame):
                    self._count(leftover_bytes=read)
                    return False
                self._count(dropped=self._stats.dropped + 1)
            self._left_ns = time.monotonic_ns()
            self._report_if_due()
        return True

    def _export(self, writer: FrameWriter) -> bool:
        """Frames into the ring; True when the stream has ended, False when export has."""
        while True:
            since_ns = self._await_data()
            if since_ns is None:
                return False
            lease = writer.slot()
            if lease is None:
                self._count(error=self._last_note or "the ring takes no more frames")
                return False
            timestamp_ns = time.time_ns()
            with lease:
                size = len(lease.buffer)
                read, ended = self._fill(lease.buffer)
                if read < size:
                    self._count(leftover_bytes=read)
                    return ended
                self._left_ns = time.monotonic_ns()
                # A frame that is not published is dropped at the block's end.
                published = not self._must_drop() and lease.publish(timestamp_ns)
            if published:
                self._published_ns = self._left_ns
            waited_s = (self._left_ns - since_ns) / 1e9
            self._count(
                frames=self._stats.frames + published,
                dropped=self._stats.dropped + (not published),
                longest_wait_s=max(self._stats.longest_wait_s, waited_s),
            )
            self._report_if_due()

    def _must_drop(self) -> bool:
        """Whether FFmpeg is too far ahead for this frame to be worth its publishing."""
        if not self._stream.is_behind():
            self._on_time_ns = self._left_ns
        return (
            self._left_ns - self._on_time_ns > PATIENCE_NS
            and self._left_ns - self._published_ns < FRESH_NS
        )

    def _await_data(self) -> int | None:
        """Wait for a frame's first byte; since when it may have waited, None when told to stop."""
        since_ns = self._left_ns
        ready = self._stream.wait(0)
        queued_ns = self._queued_ns() if not ready else 0
        while True:
            if ready & self._stops:
                return None
            if ready:
                return since_ns
            self._report_if_due()
            ready = self._stream.wait(REPORT_S)
            # Woken at the first byte, and at some time later given the processor.
            since_ns = time.monotonic_ns() - (self._queued_ns() - queued_ns)

    def _queued_ns(self) -> int:
        """How long this process, ready to run, has waited for a processor; 0: nobody says.

        schedstat: time on a processor, time waiting for one, in nanoseconds; turns.
        """
        return 0 if self._schedstat < 0 else int(os.pread(self._schedstat, 100, 0).split()[1])

    def _fill(self, buffer: memoryview) -> tuple[int, bool]:
        """Read until the buffer is full; how much was read, and whether the stream ended."""
        position = 0
        while True:
            read = self._stream.read_into(buffer[position:])
            if read == 0:
                return position, True
            position += read or 0
            if position == len(buffer):
                return position, False
            if self._stream.wait(READ_TIMEOUT_S) & self._stops:
                return position, False
            self._report_if_due()

    def _discard(self) -> None:
        while True:
            if self._stream.wait(REPORT_S) and self._stream.discard() == 0:
                return
            self._report_if_due()

    def _count(self, **changes: Any) -> None:
        self._stats = replace(self._stats, **changes)

    def _report_if_due(self) -> None:
        if time.monotonic_ns() - self._reported_ns > REPORT_S * 1e9:
            self._report()

    def _report(self, **changes: Any) -> None:
        self._reported_ns = time.monotonic_ns()
        self._count(**changes, taken_ns=self._reported_ns)
        self._send(asdict(self._stats))

    def _send(self, message: dict[str, Any]) -> None:
        # A host that does not read, or is gone, changes nothing here.
        with contextlib.suppress(OSError):
            self._control.send(json.dumps(message).encode(), socket.MSG_DONTWAIT)


def main(arguments: list[str]) -> None:
    """Run the loop, or with --discard only read the stream away."""
    # Ctrl-C and a closed terminal are for the host and for FFmpeg, which close the stream.
    for ignored in (signal.SIGINT, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    if len(arguments) == 2:  # "--discard" and a descriptor; a camera may have that name
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        RawStream(int(arguments[1])).discard_all()
        return
    camera_id, stream, control, host_pid, config = arguments
    loop = TapLoop(
        camera_id, RawStream(int(stream)), socket.socket(fileno=int(control)), json.loads(config)
    )
    logging.getLogger("kernel").addHandler(loop)
    # The end of CONTROL says that the host is gone, unless a fork of the host still holds it.
    with contextlib.suppress(OSError):
        loop.stop_on(os.pidfd_open(int(host_pid)))
    told, tell = socket.socketpair()
    tell.setblocking(False)
    signal.set_wakeup_fd(tell.fileno())
    signal.signal(signal.SIGTERM, lambda *_: None)
    loop.stop_on(told.fileno())
    loop.run()


if __name__ == "__main__":
    main(sys.argv[1:])
