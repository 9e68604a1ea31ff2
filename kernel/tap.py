"""The tap: FFmpeg's raw NV12 output, straight into a camera's ring.

    with PipeTap("front-door", FrameSpec(1920, 1080)) as tap:
        with tap.output() as output:
            ffmpeg = subprocess.Popen(
                ["ffmpeg", "-i", url, *recording, *output.args], pass_fds=output.pass_fds
            )
        ffmpeg.wait()

It adds one output to a decode that exists; it starts, stops and configures no FFmpeg. While
export is off `output.args` is empty and the tap is a no-op object: no descriptor, no thread, no
process, and none of the modules that would make them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

from kernel.layout import FrameSpec, check_camera_id
from kernel.settings import ExportSettings, export_enabled
from kernel.tap_stats import TapState, TapStats

if TYPE_CHECKING:
    from kernel.tap_host import TapHost

__all__ = ["PipeTap", "TapOutput", "TapState", "TapStats"]


class HasDescriptor(Protocol):
    """A file, a pipe's end, a socket."""

    def fileno(self) -> int:
        """The descriptor."""
        ...


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

    The stream is read by a process of its own, so that FFmpeg is not held up by the host's Python
    threads; `in_process=True` reads it in a thread of the host's instead.

    Whatever happens, the stream is read until FFmpeg closes it, because an unread pipe stops
    FFmpeg, and a closed one may end it:

    - The ring cannot be made (no space, another writer): frames are read and thrown away.
    - The tap's process is killed or hangs: the host's side notices, and a small process without
      export reads the rest away. Where the frame boundary is, nobody knows then; frames come back
      with the next tap.
    - `close()`: export stops at once; reading goes on in the background until FFmpeg closes.
    - The host dies: export stops at once and the camera is free for the next host; an FFmpeg that
      outlives the host is still read from.
    - The host forks: the child holds nothing of the tap, and leaving the tap's block there changes
      nothing. A tap that is used there has no output and logs why.
    - Export is off and a `stream` was given all the same: it is read away. That costs a process;
      a host that asks `enabled` first and adds no output pays nothing.

    When FFmpeg is faster than the tap, whole frames are dropped; the frame boundary is kept.
    """

    def __init__(
        self,
        camera_id: str,
        spec: FrameSpec | None = None,
        *,
        stream: int | HasDescriptor | None = None,
        in_process: bool = False,
        settings: ExportSettings | None = None,
    ) -> None:
        self.camera_id = camera_id
        self.enabled = False
        self._off = TapStats()
        self._host: TapHost | None = None
        error: Exception | None = None
        try:
            self.enabled = export_enabled() if settings is None else settings.enabled
            if self.enabled and settings is None:
                settings = ExportSettings.from_env()
            if self.enabled:
                check_camera_id(camera_id)
        except ValueError as wrong:
            self.enabled, error = False, wrong
        if not self.enabled and stream is None and error is None:
            return
        from kernel import tap_host

        if error is not None:
            self._off = TapStats(error=tap_host.log_over(camera_id, str(error)))
            if stream is None:
                return
        try:
            self._host = tap_host.TapHost(
                camera_id,
                spec,
                settings if self.enabled else None,
                descriptor=stream if stream is None or isinstance(stream, int) else stream.fileno(),
                in_process=in_process,
                reason=self._off.error,
            )
        except Exception as refused:
            # No descriptors, no threads left, or an argument that is none: then there is no output
            # for FFmpeg either.
            self.enabled = False
            self._off = TapStats(error=tap_host.log_over(camera_id, str(refused)))

    @contextmanager
    def output(self) -> Iterator[TapOutput]:
        """The output to add to FFmpeg's command line; start FFmpeg inside the block.

        At the block's end the host's copy of the writing end is closed, so that the stream ends
        when FFmpeg does. Can be used once; empty when off, and with a stream of the host's own.
        """
        if self._host is None:
            yield TapOutput()
            return
        if self._host.is_parents:
            from kernel.tap_host import log_over

            log_over(self.camera_id, self.stats.error or "")
        descriptor = self._host.writing_descriptor()
        if descriptor is None:
            yield TapOutput()
            return
        # The size too: a source of another one is scaled instead of sheared.
        spec = self._host.spec
        size = () if spec is None else ("-s", f"{spec.width_px}x{spec.height_px}")
        args = ("-f", "rawvideo", "-pix_fmt", "nv12", *size, f"pipe:{descriptor}")
        try:
            yield TapOutput(args, (descriptor,))
        finally:
            self._host.close_writing()

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

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
