"""Reading frames of a camera's ring."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Self

import numpy as np

from kernel.errors import ReaderError
from kernel.frame import Frame, FrameView, Pixels, target
from kernel.layout import FrameSpec, State, check_camera_id, is_newer
from kernel.ring import FrameMeta, Ring, is_current, open_camera, open_ring
from kernel.settings import ExportSettings, base_dir_from_env
from kernel.storage import closing
from kernel.waiting import POLL_S, RECHECK_S, sleep_on, sleep_on_heads

_ATTEMPTS: Final = 3
_PATIENCE_S: Final = 10.0  # how long `frames` tries again what cannot be read
_SHORTEST_ABSENCE_S: Final = 0.001
_LONGEST_PAUSE_S: Final = 1.0  # between two looks while no frame can be due
_EARLY: Final = 0.95  # a frame this near to its time is taken: sources are not that regular


class FrameReader:
    """A reader of one camera: any number, any process with leave to read, no effect on the writer.

    Nothing happens at its start. Each call attaches to the camera's ring if there is one, and
    again after the camera came back, with another size perhaps. No camera, no frame yet, the end,
    or being overtaken while reading are not errors: the answer is None, and the next call tries
    again. Of a writer that was killed the last frame stays, with a growing `age`, until its files
    are taken over or removed.

    What is returned is one whole frame with its own metadata. `RingFormatError`: what is there is
    not a ring of ours or not a sane one; `ReaderError`: it must not be read by this user.
    The base folder, if not given, is that of `settings`, and this, if not given, the environment's.
    For one thread; close it, or use it as a context, to give the memory back.
    """

    def __init__(
        self,
        camera_id: str,
        *,
        base_dir: str | None = None,
        settings: ExportSettings | None = None,
    ) -> None:
        self.camera_id = check_camera_id(camera_id)
        if base_dir is None:
            base_dir = base_dir_from_env() if settings is None else settings.base_dir
        self._base_dir = base_dir
        self._ring: Ring | None = None
        self._lapped_before = 0
        self._last_epoch: int | None = None
        self._last_sequence: int | None = None
        self._closed = False
        self._absence_s = _SHORTEST_ABSENCE_S
        self._again_at = 0.0  # when to look at the names again, whether there is a ring or none
        self._seen_head = -1  # which `wait_any` need not look at again
        self._failing_since: float | None = None

    def __repr__(self) -> str:
        state = "closed" if self._closed else "no ring" if self._ring is None else "attached"
        return f"<FrameReader {self.camera_id!r}, {state}>"

    @property
    def epoch(self) -> int | None:
        """The epoch this reader is attached to; None: there is no live ring."""
        ring = self._attach()
        return None if ring is None else ring.header.epoch

    @property
    def spec(self) -> FrameSpec | None:
        """The frames of the ring this reader is attached to; None: there is no live ring."""
        ring = self._attach()
        return None if ring is None else ring.header.spec

    @property
    def age(self) -> float | None:
        """Seconds since the newest frame was published; None: there is no frame."""
        ring = self._attach()
        meta = None if ring is None else ring.newest()
        return None if meta is None else (time.monotonic_ns() - meta.published_ns) / 1e9

    @property
    def lapped_count(self) -> int:
        """How often the writer overtook this reader while it read; such frames were not used."""
        ring = self._ring
        return self._lapped_before + (0 if ring is None else ring.lapped_count)

    def latest(self, into: Pixels | None = None) -> Frame | None:
        """A copy of the newest frame; None: there is none, or it was overwritten meanwhile.

        `into`: where the pixels go, uint8, contiguous, `spec.size_bytes` of them, else
        `FrameSizeError`. Without it each call makes an array of its own.
        """
        ring = self._attach()
        return None if ring is None else self._copy(ring, into)

    def _copy(self, ring: Ring, into: Pixels | None = None) -> Frame | None:
        for _ in range(_ATTEMPTS):
            meta = ring.newest()
            if meta is None:
                return None
            data = target(into, ring.header.spec)
            np.copyto(data, _pixels(ring, meta))
            if ring.guard(meta).is_whole():
                return Frame(data, *self._about(ring, meta))
            ring.lapped_count += 1
        return None

    @contextmanager
    def view(self) -> Iterator[FrameView | None]:
        """The newest frame in place, as a context: gives a `FrameView`, or None."""
        ring = self._attach()
        meta = None if ring is None else ring.newest()
        if ring is None or meta is None:
            yield None
            return
        frame = FrameView(_pixels(ring, meta), *self._about(ring, meta), ring.guard(meta))
        try:
            yield frame
        finally:
            if not frame.guard.settle():
                self._lapped_before += 1

    def next(
        self,
        after: Frame | int | None = None,
        *,
        timeout_s: float = 1.0,
        poll_s: float = POLL_S,
        into: Pixels | None = None,
    ) -> Frame | None:
        """The newest frame, as soon as it is newer than `after`; None: not within `timeout_s`.

        `after`: a frame, or the sequence of the last one that this reader returned; None: any.
        Every frame of another epoch counts as newer. Sleeps until the writer wakes it; where
        that cannot be, looks every `poll_s`.
        """
        deadline = time.monotonic() + timeout_s
        while True:
            ring = self._attach()
            head = 0 if ring is None else ring.head
            if ring is not None and self._is_next(ring, head, after):
                frame = self._copy(ring, into)
                if frame is not None:
                    return frame
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                return None
            self._sleep(ring, head, remaining, poll_s)

    def frames(
        self,
        *,
        max_fps: float | None = None,
        timeout_s: float | None = None,
        poll_s: float = POLL_S,
        until_end: bool = False,
    ) -> Iterator[Frame]:
        """Newest frames as they come, each at most once.

        `max_fps`: a frame is taken or skipped by the time since the last one taken, as published;
        there is no queue and no catching up. `timeout_s`: ends when there was no frame for so
        long. `until_end`: ends when the camera stops, instead of waiting for it to come back.
        What cannot be read is tried again for 10 s, or for `timeout_s` if that is less, before
        the error is raised.
        """
        if max_fps is not None and not max_fps > 0:
            raise ValueError(f"max_fps must be more than 0, not {max_fps}")
        pause_ns = 0 if max_fps is None else int(_EARLY * 1e9 / max_fps)
        longest_s = math.inf if timeout_s is None else timeout_s
        last: Frame | None = None
        was_there = False
        since = time.monotonic()
        while not self._closed:
            ring = self._try_attach()
            if ring is None and until_end and was_there and self._failing_since is None:
                return
            was_there = was_there or ring is not None
            head = 0 if ring is None else ring.head
            if ring and last and ring.header.epoch != last.epoch:
                last = None  # nothing of this epoch was taken yet
            if ring is not None and self._is_due(ring, head, last, pause_ns):
                frame = self._copy(ring)
                if frame is not None:
                    last = frame
                    yield frame
                    since = time.monotonic()
                    continue
            now = time.monotonic()
            remaining = since + longest_s - now
            patience_until = (self._failing_since or math.inf) + _PATIENCE_S
            if now >= patience_until or (self._failing_since and remaining <= 0):
                self._attach()  # raises what is wrong, if it still is
            if remaining <= 0:
                return
            due_ns = last.published_ns + pause_ns if last is not None and pause_ns else 0
            self._sleep(ring, head, remaining, poll_s, due_ns)

    def __iter__(self) -> Iterator[Frame]:
        return self.frames()

    def close(self) -> None:
        """Let go of the ring; every later call answers None."""
        self._detach()
        self._closed = True

    def _is_next(self, ring: Ring, head: int, after: Frame | int | None) -> bool:
        if not head or after is None:
            return bool(head)
        if isinstance(after, Frame):
            return ring.header.epoch != after.epoch or is_newer(head, after.sequence)
        return ring.header.epoch != self._last_epoch or is_newer(head, after)

    def _is_due(self, ring: Ring, head: int, last: Frame | None, pause_ns: int) -> bool:
        if not self._is_next(ring, head, last):
            return False
        if last is None or not pause_ns:
            return True
        meta = ring.newest()
        return meta is not None and meta.published_ns - last.published_ns >= pause_ns

    def _sleep(
        self,
        ring: Ring | None,
        head: int,
        timeout_s: float,
        poll_s: float,
        due_ns: int = 0,
    ) -> None:
        """Sleep until there may be a camera, a frame, the end; before `due_ns` not for a frame."""
        early_s = (due_ns - time.monotonic_ns()) / 1e9
        if ring is None:
            time.sleep(min(self._absence_s, timeout_s))
        elif early_s > 0:
            pause_s = min(early_s, timeout_s, _LONGEST_PAUSE_S)
            sleep_on(ring.state_address, State.LIVE, pause_s, pause_s)
        else:
            sleep_on_heads([(ring, head)], timeout_s, poll_s)

    def _has_something(self, now: float) -> bool:
        """For `wait_any`; quick where nothing changed."""
        ring = self._ring
        if now < self._again_at and (ring is None or ring.is_still(self._seen_head)):
            return False
        was_failing = self._failing_since is not None
        again = self._try_attach()
        if again is None:
            return ring is not None or (self._failing_since is not None and not was_failing)
        head = again.head
        if self._is_next(again, head, self._last_sequence):
            return True
        self._seen_head = head
        return False

    def _about(self, ring: Ring, meta: FrameMeta) -> tuple[FrameSpec, int, int, int, int, int]:
        """What is said of a frame that is returned, from `spec` to `published_ns`."""
        self._last_epoch = ring.header.epoch
        self._last_sequence = self._seen_head = meta.sequence
        return ring.header.spec, ring.header.epoch, *meta[1:]

    def _attach(self) -> Ring | None:
        ring = self._ring
        if ring is not None:
            if ring.live and not self._is_replaced(ring):
                return ring
            self._detach()
        if self._closed:
            return None
        self._absence_s = min(2 * self._absence_s, RECHECK_S)
        self._again_at = time.monotonic() + self._absence_s
        return self._open()

    def _try_attach(self) -> Ring | None:
        """The same, but an error is only remembered."""
        try:
            ring = self._attach()
        except ReaderError:
            self._failing_since = self._failing_since or time.monotonic()
            return None
        self._failing_since = None
        return ring

    def _open(self) -> Ring | None:
        folder_fd = open_camera(self._base_dir, self.camera_id)
        if folder_fd is None:
            return None
        try:
            ring = open_ring(folder_fd)
        except ReaderError as error:
            raise type(error)(f"camera {self.camera_id!r} in {self._base_dir}: {error}") from error
        finally:
            os.close(folder_fd)
        if ring is None or not ring.live:
            return None
        self._ring = ring
        self._again_at = time.monotonic() + RECHECK_S
        self._seen_head = -1
        return ring

    def _is_replaced(self, ring: Ring) -> bool:
        """Whether the files were removed or replaced without a word of the writer's."""
        if time.monotonic() < self._again_at:
            return False
        self._again_at = time.monotonic() + RECHECK_S
        try:
            folder_fd = open_camera(self._base_dir, self.camera_id)
        except ReaderError:
            return True
        if folder_fd is None:
            return True
        with closing(folder_fd):
            return not is_current(folder_fd, ring.identity)

    def _detach(self) -> None:
        # The memory itself goes with the last array that shows it.
        self._lapped_before = self.lapped_count
        self._ring = None
        self._absence_s = _SHORTEST_ABSENCE_S

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _pixels(ring: Ring, meta: FrameMeta) -> Pixels:
    """A frame in place."""
    return np.frombuffer(ring.slots[meta.slot], np.uint8).reshape(ring.header.spec.shape)
