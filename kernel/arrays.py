"""Frames that a host holds as arrays (PyAV, OpenCV), into a camera's ring.

The ring is made for the size of the first frame, and again when the size changes. While export is
off nothing is made or loaded, and a call returns at once.
"""

from __future__ import annotations

import logging
import math
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Literal, TypeAlias, cast

from kernel.errors import WriterConflictError
from kernel.layout import FrameSpec
from kernel.settings import ExportSettings

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

    from kernel.writer import FrameBytes, FrameWriter

RETRY_S = 1.0
ArrayFormat: TypeAlias = Literal["nv12", "i420"]

_log = logging.getLogger("kernel.tap")
_taps: dict[str, FrameTap] = {}


class FrameTap:
    """One camera's frames from arrays. For one thread at a time. Never raises.

    What cannot be exported is counted in `rejected`, and the first time in a row logged. A camera
    that another writer has is tried again once a second; a ring that cannot be made for another
    reason, not before the size of the frames changes.
    """

    def __init__(self, camera_id: str, *, settings: ExportSettings | None = None) -> None:
        self.camera_id = camera_id
        self.rejected = 0
        self.error: str | None = None
        self.enabled = False
        self._settings = ExportSettings()
        self._writer: FrameWriter | None = None
        self._spec: FrameSpec | None = None
        self._again_s = math.inf  # when to try again, by the monotonic clock
        try:
            settings = ExportSettings.from_env() if settings is None else settings
            self.enabled = settings.enabled
            # Whoever hands a frame over does not wait for another writer.
            self._settings = replace(settings, retry_s=0)
        except ValueError as error:
            self._reject(error)

    def __call__(
        self,
        frame: FrameBytes,
        timestamp_ns: int | None = None,
        *,
        array_format: ArrayFormat = "nv12",
    ) -> bool:
        """Publish a copy of `frame`; False when it was not exported.

        `frame` is contiguous, uint8, of shape (height * 3 / 2, width), which is what PyAV's
        to_ndarray gives for "nv12" and "yuv420p", and OpenCV's cvtColor for COLOR_BGR2YUV_I420;
        the two latter are `array_format="i420"`. `timestamp_ns` is Unix time, None means now.
        """
        if not self.enabled:
            return False
        try:
            return self._publish(frame, timestamp_ns, array_format)
        except Exception as error:
            # Whatever it is, it is not worth a frame of the host's own video.
            self._reject(error)
            return False

    def close(self) -> None:
        """The camera stops; the next frame makes a ring again."""
        self._spec = None
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _publish(
        self, frame: FrameBytes, timestamp_ns: int | None, array_format: ArrayFormat
    ) -> bool:
        data = memoryview(cast("ReadableBuffer", frame))
        shape = data.shape or ()
        if data.itemsize != 1 or len(shape) != 2 or not data.c_contiguous or shape[0] % 3:
            raise ValueError(
                "a frame must be contiguous, uint8, of shape (height * 3 / 2, width); "
                f"got format {data.format!r}, shape {shape}"
            )
        rows, width_px = shape
        spec = self._spec
        if spec is None or spec.width_px != width_px or spec.height_px * 3 != rows * 2:
            self._renew(FrameSpec(width_px, rows * 2 // 3))
        elif self._writer is None and time.monotonic() >= self._again_s:
            self._renew(spec)
        writer = self._writer
        if writer is None:
            self.rejected += 1
            return False
        if array_format == "nv12":
            done = writer.write(data.cast("B"), timestamp_ns)
        elif array_format == "i420":
            done = _write_i420(writer, data, timestamp_ns)
        else:
            raise ValueError(f"the format must be nv12 or i420, not {array_format!r}")
        if done:
            self.error = None
        else:
            self.rejected += 1
        return done

    def _renew(self, spec: FrameSpec) -> None:
        from kernel.writer import FrameWriter

        self.close()
        self._spec, self._again_s = spec, math.inf
        try:
            self._writer = FrameWriter(self.camera_id, spec, settings=self._settings)
        except WriterConflictError:
            self._again_s = time.monotonic() + RETRY_S
            raise

    def _reject(self, error: Exception) -> None:
        self.rejected += 1
        text = str(error) or type(error).__name__
        if text != self.error:
            self.error = text
            _log.warning("no frame export of camera %s: %s", self.camera_id, text)


def tap_frame(
    camera_id: str,
    frame: FrameBytes,
    timestamp_ns: int | None = None,
    *,
    array_format: ArrayFormat = "nv12",
) -> bool:
    """Publish a copy of a camera's frame; the arguments and the answer of `FrameTap`.

    Settings are read at a camera's first frame, and again after `close_frame_taps`.
    """
    key = repr(camera_id)  # what is no text is refused by the tap, quietly
    tap = _taps.get(key)
    if tap is None:
        tap = _taps[key] = FrameTap(camera_id)
    return tap(frame, timestamp_ns, array_format=array_format)


def close_frame_taps(camera_id: str | None = None) -> None:
    """One camera stops, or all of them do."""
    for one in list(_taps) if camera_id is None else [repr(camera_id)]:
        tap = _taps.pop(one, None)
        if tap is not None:
            tap.close()


def _write_i420(writer: FrameWriter, data: memoryview, timestamp_ns: int | None) -> bool:
    import numpy as np

    lease = writer.slot()
    if lease is None:
        return False
    with lease:
        luma = writer.spec.width_px * writer.spec.height_px
        i420, nv12 = np.frombuffer(data, np.uint8), np.frombuffer(lease.buffer, np.uint8)
        nv12[:luma] = i420[:luma]
        # All of Cb and then all of Cr become pairs.
        nv12[luma:].reshape(-1, 2)[...] = i420[luma:].reshape(2, -1).T
        return lease.publish(timestamp_ns)
