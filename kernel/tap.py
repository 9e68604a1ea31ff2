"""The tap: FFmpeg's raw NV12 output, straight into a camera's ring.

It adds one output to a decode that exists; it starts, stops and configures no FFmpeg. While
export is off a tap is an object that does nothing: no descriptor, no thread, no process, and none
of the modules that would make them.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Self, TypeAlias

from kernel.layout import FrameSpec, check_camera_id
from kernel.settings import ExportSettings

if TYPE_CHECKING:
    from _typeshed import HasFileno

    from kernel.tap_host import TapHost

log = logging.getLogger("kernel.tap")

TapState: TypeAlias = Literal["off", "starting", "exporting", "discarding", "ended"]


@dataclass(frozen=True, slots=True)
class TapStats:
    """What a tap has seen; at most half a second old.

    `state`: "off", nothing is done; "starting", the ring is being made; "exporting"; "discarding",
    export is over and the stream is read away so that FFmpeg goes on; "ended", the stream is over.
    `error` says why export is over, or could not begin.

    `frames` were published; `dropped` were read whole and not published; `leftover_bytes` is what
    came of a last frame that never was whole.

    `longest_wait_s`: the longest time that FFmpeg could have been waiting to get rid of one frame:
    from the moment the tap was last seen reading an empty stream, or if data were waiting when it
    came back, from the moment it had gone away, until the frame was read; the time that the woken
    tap waited for a processor is in it.

    `taken_ns` is when all this was true, by CLOCK_MONOTONIC.
    """

    state: TapState = "off"
    frames: int = 0
    dropped: int = 0
    leftover_bytes: int = 0
    longest_wait_s: float = 0.0
    error: str | None = None
    taken_ns: int = 0


@dataclass(frozen=True, slots=True)
class TapOutput:
    """What FFmpeg's command line and `subprocess.Popen(pass_fds=...)` get; empty when off."""

    args: tuple[str, ...] = ()
    pass_fds: tuple[int, ...] = ()


class PipeTap:
    """Takes one stream of raw NV12 frames into one camera's ring. Never raises, never blocks it.

    Without `stream` it offers a Unix socket to hand to FFmpeg: `output()`. FFmpeg's `pipe:N`
    writes to it as to a pipe, and it costs a third of the processor time of one.

    `stream` is the reading end of a pipe or stream socket that the host has already. The tap
    works on a duplicate; the host closes its own ends, the writing one above all, or the end of
    the stream is never seen. One stream is for one FFmpeg: what a killed FFmpeg leaves of a frame
    would shift every frame of the next.

    `spec` is the size that FFmpeg writes; None: that of the settings. `settings`: None reads the
    environment.

    A process of its own reads the stream, until FFmpeg closes it and whatever becomes of export,
    tap and host: an unread pipe stops FFmpeg, and a closed one may end it.
    """

    def __init__(
        self,
        camera_id: str,
        spec: FrameSpec | None = None,
        *,
        stream: int | HasFileno | None = None,
        settings: ExportSettings | None = None,
    ) -> None:
        self.camera_id = camera_id
        self.enabled = False
        self._off = TapStats()
        self._host: TapHost | None = None
        try:
            settings = ExportSettings.from_env() if settings is None else settings
            if settings.enabled:
                check_camera_id(camera_id)
            self.enabled = settings.enabled
        except ValueError as error:
            self._refuse(error)
        if not self.enabled and stream is None:
            return
        from kernel.tap_host import TapHost

        descriptor: int | None
        try:
            descriptor = stream if stream is None or isinstance(stream, int) else stream.fileno()
            self._host = TapHost(
                camera_id, spec, settings if self.enabled else None, descriptor, self._off.error
            )
        except Exception as error:
            # No descriptors, no threads left, or an argument that is none: then there is no output
            # for FFmpeg either.
            self._refuse(error)

    def _refuse(self, error: Exception) -> None:
        self.enabled = False
        self._off = TapStats(error=log_over(self.camera_id, str(error)))

    @contextmanager
    def output(self) -> Iterator[TapOutput]:
        """The output to add to FFmpeg's command line; start FFmpeg inside the block.

        At the block's end the host's copy of the writing end is closed, so that the stream ends
        when FFmpeg does. Can be used once; empty when off, and with a stream of the host's own.
        """
        host = self._host
        if host is not None and host.is_parents:
            log_over(self.camera_id, self.stats.error or "")
        if host is None or host.writing is None:
            yield TapOutput()
            return
        # The size too: a source of another one is scaled instead of sheared.
        descriptor, size = host.writing.fileno(), f"{host.spec.width_px}x{host.spec.height_px}"
        args = ("-f", "rawvideo", "-pix_fmt", "nv12", "-s", size, f"pipe:{descriptor}")
        try:
            yield TapOutput(args, (descriptor,))
        finally:
            host.close_writing()

    @property
    def stats(self) -> TapStats:
        """Frames, losses, waits and state so far."""
        return self._off if self._host is None else self._host.stats

    @property
    def pid(self) -> int | None:
        """The process that reads the stream, if there is one."""
        return None if self._host is None else self._host.pid

    def wait_ready(self, timeout_s: float = 10.0) -> bool:
        """Wait until the ring is made, or cannot be; False if that is not known in time.

        Worth it only for a source that starts to write at once: nothing is read before.
        """
        return self._host is None or self._host.wait_beyond(("starting",), timeout_s)

    def wait_ended(self, timeout_s: float | None = None) -> bool:
        """Wait until the stream is over; False if it is not in time."""
        waiting: tuple[TapState, ...] = ("starting", "exporting", "discarding")
        return self._host is None or self._host.wait_beyond(waiting, timeout_s)

    def close(self) -> None:
        """Stop exporting; the stream is read away until its end. Twice is the same as once."""
        if self._host is not None:
            self._host.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def log_over(camera_id: str, error: str) -> str:
    """Log the one line that says why there are no frames of a camera; the error."""
    log.warning("frame export of camera %s is over: %s", camera_id, error)
    return error
