"""Reading frames of a camera's ring."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from types import TracebackType
from typing import Final, Self

import numpy as np

from kernel.errors import FrameSizeError, ReaderError, RingFormatError
from kernel.frame import Frame, FrameView, Pixels
from kernel.layout import RINGS_DIR, FrameSpec, check_camera_id, is_newer
from kernel.ring import FrameMeta, Ring, is_current, open_ring
from kernel.settings import base_dir_from_env
from kernel.storage import open_folder

__all__ = ["FrameReader"]

_ATTEMPTS: Final = 3
_RECHECK_S: Final = 0.25
_EARLY: Final = 0.95  # a frame this near to its time is taken: sources are not that regular


class _Attached:
    """A mapped ring, and what tells whether its names still are its own."""

    __slots__ = ("identity", "pixels", "recheck_at", "ring")

    def __init__(self, ring: Ring, identity: os.stat_result) -> None:
        self.ring = ring
        self.identity = identity
        self.pixels = [
            np.frombuffer(slot, np.uint8).reshape(ring.header.spec.shape) for slot in ring.slots
        ]
        self.recheck_at = time.monotonic() + _RECHECK_S


class FrameReader:
    """A reader of one camera: any number, any process with leave to read, no effect on the writer.

    Nothing happens at its start. Each call attaches to the camera's ring if there is one, and
    again after the camera came back, with another size perhaps. No camera, no frame yet, the end,
    or being overtaken while reading are not errors: the answer is None, and the next call tries
    again. Of a writer that was killed the last frame stays, with a growing `age`, until its files
    are taken over or removed.

    What is returned is one whole frame with its own metadata. `RingFormatError`: what is there is
    not a ring of ours or not a sane one; `ReaderError`: it must not be read by this user.
    For one thread; close it, or use it as a context, to give the memory back.
    """

    def __init__(self, camera_id: str, *, base_dir: str | None = None) -> None:
        self.camera_id = check_camera_id(camera_id)
        self._base_dir = base_dir_from_env() if base_dir is None else base_dir
        self._attached: _Attached | None = None
        self._lapped_before = 0
        self._last_epoch: int | None = None
        self._closed = False

    @property
    def epoch(self) -> int | None:
        """The epoch this reader is attached to; None: there is no live ring."""
        attached = self._attach()
        return None if attached is None else attached.ring.header.epoch

    @property
    def spec(self) -> FrameSpec | None:
        """The frames of the ring this reader is attached to; None: there is no live ring."""
        attached = self._attach()
        return None if attached is None else attached.ring.header.spec

    @property
    def age(self) -> float | None:
        """Seconds since the newest frame was published; None: there is no frame."""
        attached = self._attach()
        meta = None if attached is None else attached.ring.newest()
        return None if meta is None else (time.monotonic_ns() - meta.published_ns) / 1e9

    @property
    def lapped_count(self) -> int:
        """How often the writer overtook this reader while it read; such frames were not used."""
        attached = self._attached
        return self._lapped_before + (0 if attached is None else attached.ring.lapped_count)

    def latest(self, into: Pixels | None = None) -> Frame | None:
        """A copy of the newest frame; None: there is none, or it was overwritten meanwhile.

        `into`: where the pixels go, uint8, contiguous, `spec.size_bytes` of them, else
        `FrameSizeError`. Without it each call makes an array of its own.
        """
        attached = self._attach()
        if attached is None:
            return None
        ring = attached.ring
        for _ in range(_ATTEMPTS):
            meta = ring.newest()
            if meta is None:
                return None
            data = _target(into, ring.header.spec)
            np.copyto(data, attached.pixels[meta.slot])
            if ring.guard(meta).is_whole():
                return self._frame(data, ring, meta)
            ring.lapped_count += 1
        return None

    def view(self) -> _View:
        """The newest frame in place, as a context: gives a `FrameView`, or None.

        with reader.view() as frame:
            result = look_at(frame.y) if frame else None
        if frame and not frame.whole:
            result = None  # the writer overtook us
        """
        return _View(self)

    def next(
        self,
        after: Frame | int | None = None,
        *,
        timeout_s: float = 1.0,
        poll_s: float = 0.002,
        into: Pixels | None = None,
    ) -> Frame | None:
        """The newest frame, as soon as it is newer than `after`; None: not within `timeout_s`.

        `after`: a frame, or the sequence of the last one that this reader returned; None: any.
        Every frame of another epoch counts as newer. Looks every `poll_s`.
        """
        deadline = time.monotonic() + timeout_s
        while True:
            attached = self._attach()
            if attached is not None and self._is_next(attached.ring, after):
                frame = self.latest(into)
                if frame is not None:
                    return frame
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                return None
            time.sleep(min(poll_s, remaining))

    def frames(
        self,
        *,
        max_fps: float | None = None,
        timeout_s: float | None = None,
        poll_s: float = 0.002,
        until_end: bool = False,
    ) -> Iterator[Frame]:
        """Newest frames as they come, each at most once.

        `max_fps`: a frame is taken or skipped by the time since the last one taken, as published;
        there is no queue and no catching up. `timeout_s`: ends when there was no frame for so
        long. `until_end`: ends when the camera stops, instead of waiting for it to come back.
        """
        if max_fps is not None and not max_fps > 0:
            raise ValueError(f"max_fps must be more than 0, not {max_fps}")
        pause_ns = 0 if max_fps is None else int(_EARLY * 1e9 / max_fps)
        last: Frame | None = None
        was_there = False
        since = time.monotonic()
        while not self._closed:
            attached = self._attach()
            if attached is None and until_end and was_there:
                return
            was_there = was_there or attached is not None
            if attached is not None and self._is_due(attached.ring, last, pause_ns):
                frame = self.latest()
                if frame is not None:
                    last = frame
                    yield frame
                    since = time.monotonic()
                    continue
            if timeout_s is not None and time.monotonic() - since >= timeout_s:
                return
            time.sleep(poll_s)

    def __iter__(self) -> Iterator[Frame]:
        return self.frames()

    def close(self) -> None:
        """Let go of the ring; every later call answers None."""
        self._detach()
        self._closed = True

    def _is_next(self, ring: Ring, after: Frame | int | None) -> bool:
        head = ring.head
        if not head or after is None:
            return bool(head)
        if isinstance(after, Frame):
            return ring.header.epoch != after.epoch or is_newer(head, after.sequence)
        return ring.header.epoch != self._last_epoch or is_newer(head, after)

    def _is_due(self, ring: Ring, last: Frame | None, pause_ns: int) -> bool:
        if not self._is_next(ring, last):
            return False
        if last is None or not pause_ns or ring.header.epoch != last.epoch:
            return True
        meta = ring.newest()
        return meta is not None and meta.published_ns - last.published_ns >= pause_ns

    def _frame(self, data: Pixels, ring: Ring, meta: FrameMeta) -> Frame:
        self._last_epoch = ring.header.epoch
        return Frame(
            data,
            ring.header.spec,
            ring.header.epoch,
            meta.sequence,
            meta.frame_id,
            meta.timestamp_ns,
            meta.published_ns,
        )

    def _view(self) -> FrameView | None:
        attached = self._attach()
        meta = None if attached is None else attached.ring.newest()
        if attached is None or meta is None:
            return None
        ring = attached.ring
        self._last_epoch = ring.header.epoch
        return FrameView(
            attached.pixels[meta.slot],
            ring.header.spec,
            ring.header.epoch,
            meta.sequence,
            meta.frame_id,
            meta.timestamp_ns,
            meta.published_ns,
            ring.guard(meta),
        )

    def _count_lapped(self) -> None:
        self._lapped_before += 1

    def _attach(self) -> _Attached | None:
        attached = self._attached
        if attached is not None:
            if attached.ring.live and not self._is_replaced(attached):
                return attached
            self._detach()
        if self._closed:
            return None
        return self._open()

    def _open(self) -> _Attached | None:
        folder_fd = self._open_folder()
        if folder_fd is None:
            return None
        try:
            found = open_ring(folder_fd)
        except ReaderError as error:
            raise type(error)(f"camera {self.camera_id!r} in {self._base_dir}: {error}") from error
        finally:
            os.close(folder_fd)
        if found is None or not found[0].live:
            return None
        self._attached = _Attached(*found)
        return self._attached

    def _open_folder(self) -> int | None:
        path = os.path.join(self._base_dir, RINGS_DIR)
        try:
            rings_fd = open_folder(path)
            try:
                return open_folder(self.camera_id, rings_fd)
            finally:
                os.close(rings_fd)
        except FileNotFoundError:
            return None
        except PermissionError as error:
            raise ReaderError(f"not allowed to look into {path}") from error
        except OSError as error:
            raise RingFormatError(
                f"the folder of camera {self.camera_id!r} in {path} cannot be opened: "
                f"{error.strerror}"
            ) from error

    def _is_replaced(self, attached: _Attached) -> bool:
        """Whether the files were removed or replaced without a word of the writer's."""
        if time.monotonic() < attached.recheck_at:
            return False
        attached.recheck_at = time.monotonic() + _RECHECK_S
        try:
            folder_fd = self._open_folder()
        except ReaderError:
            return True
        if folder_fd is None:
            return True
        try:
            return not is_current(folder_fd, attached.identity)
        finally:
            os.close(folder_fd)

    def _detach(self) -> None:
        # The memory itself goes with the last array that shows it.
        self._lapped_before = self.lapped_count
        self._attached = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class _View:
    """The context that `FrameReader.view` gives."""

    __slots__ = ("_frame", "_reader")

    def __init__(self, reader: FrameReader) -> None:
        self._reader = reader
        self._frame: FrameView | None = None

    def __enter__(self) -> FrameView | None:
        self._frame = self._reader._view()
        return self._frame

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._frame is not None and not self._frame.guard.settle():
            self._reader._count_lapped()


def _target(into: Pixels | None, spec: FrameSpec) -> Pixels:
    if into is None:
        return np.empty(spec.shape, np.uint8)
    fits = into.dtype == np.uint8 and into.flags.c_contiguous and into.flags.writeable
    if not fits or into.size != spec.size_bytes:
        raise FrameSizeError(
            f"frames of {spec.width_px}x{spec.height_px} need a writable, contiguous uint8 array "
            f"of {spec.size_bytes} bytes, not {into.dtype} {into.shape}"
        )
    return into.reshape(spec.shape)
