"""Writing frames into a camera's ring."""

from __future__ import annotations

import atexit
import logging
import operator
import os
import threading
import weakref
from contextlib import suppress
from dataclasses import replace
from time import monotonic_ns, sleep, time_ns
from typing import TYPE_CHECKING, Any, Final, Self, TypeAlias, cast

from kernel import forking
from kernel.errors import ExportDisabledError, SettingsError, WriterConflictError
from kernel.layout import (
    MAX_CAPACITY,
    MAX_RING_BYTES,
    MIN_CAPACITY,
    RING_NAME,
    Entry,
    FrameSpec,
    Header,
    State,
    check_camera_id,
    entry_word,
    guard_whole,
    guard_writing,
    next_sequence,
    slot_name,
)
from kernel.lease import SlotLease, WriterStats
from kernel.memory import Fence
from kernel.ring import make_ring
from kernel.settings import ExportSettings
from kernel.storage import CameraFolder
from kernel.version1 import Version1Names
from kernel.waiting import wake

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer
    from numpy.typing import NDArray

    FrameBytes: TypeAlias = ReadableBuffer | NDArray[Any]

_log = logging.getLogger(__name__)

RETRY_S: Final = 0.2  # between two tries to take a camera that another writer has

_HEAD: Final = int(Header.HEAD)
_STATE: Final = int(Header.STATE)
_GUARD: Final = int(Entry.GUARD)
_FRAME_ID: Final = int(Entry.FRAME_ID)
_TIMESTAMP_NS: Final = int(Entry.TIMESTAMP_NS)
_PUBLISHED_NS: Final = int(Entry.PUBLISHED_NS)


class FrameWriter:
    """The one writer of a camera's ring.

    Starting allocates and touches all memory. It raises `ExportDisabledError` (export is off),
    `WriterConflictError` (another live writer, after having waited `settings.retry_s` for its
    end), `NoSpaceError`, `StorageError`, `CameraIdError` or `SettingsError`. What a dead writer
    left is taken over. Values that are not given are those of `settings`, and these, if not given,
    those of the environment.

    From then on nothing here raises, waits or repeats. A frame of the wrong size is rejected; any
    other fault ends the export. Both are counted, the first of each kind is logged in one line.
    It may be used from any thread; of two frames at the same moment one is dropped. In the child of
    a fork it exports nothing, which is logged once, and changes nothing for the parent.
    `first_sequence` is where sequences begin; other than 1 it is for seeing them wrap around.
    """

    _active = False
    _is_parents = False

    def __init__(
        self,
        camera_id: str,
        spec: FrameSpec | None = None,
        *,
        capacity: int | None = None,
        version1_names: bool | None = None,
        base_dir: str | None = None,
        settings: ExportSettings | None = None,
        first_sequence: int = 1,
    ) -> None:
        settings = ExportSettings.from_env() if settings is None else settings
        if base_dir is not None:
            settings = replace(settings, base_dir=base_dir)
        if not settings.enabled:
            raise ExportDisabledError("frame export is off: AI_FRAME_EXPORT_ENABLED is not true")
        self.camera_id = check_camera_id(camera_id)
        self.spec = settings.spec if spec is None else spec
        self.capacity = settings.capacity if capacity is None else operator.index(capacity)
        if not MIN_CAPACITY <= self.capacity <= MAX_CAPACITY:
            raise SettingsError(
                f"a ring's capacity must be from {MIN_CAPACITY} to {MAX_CAPACITY} frames, "
                f"not {self.capacity}"
            )
        if self.capacity * self.spec.size_bytes > MAX_RING_BYTES:
            raise SettingsError(
                f"{self.capacity} frames of {self.spec.size_bytes} bytes are more than a ring "
                f"may have ({MAX_RING_BYTES} bytes)"
            )
        # Taken without waiting: of two frames at once the second is dropped.
        turn = threading.Lock()
        self._take_turn, self._end_turn = turn.acquire, turn.release
        self._entries = [entry_word(slot) for slot in range(self.capacity)]
        self._fence = Fence()
        self._sequence = first_sequence  # of the frame that is to come
        self._frame_id = 1
        self._published = self._dropped = self._rejected = self._failures = 0
        self._names: Version1Names | None = None
        until_ns = monotonic_ns() + settings.retry_s * 1_000_000_000
        while not self._active:
            try:
                with forking.starting:
                    self._start(settings, version1_names)
                    forking.add_owner(self)
            except WriterConflictError:
                if monotonic_ns() >= until_ns:
                    raise
                sleep(RETRY_S)

    def _start(self, settings: ExportSettings, version1_names: bool | None) -> None:
        self._folder = CameraFolder(settings, self.camera_id)
        self.epoch = 0
        try:
            self.epoch = max(time_ns(), self._folder.end_leftovers() + 1)
            self._slots, self._words, address = make_ring(
                self._folder, self.spec, self.capacity, self.epoch
            )
            self._head_address = address + Header.HEAD.offset
            self._state_address = address + Header.STATE.offset
            if settings.version1_names if version1_names is None else version1_names:
                self._names = Version1Names(
                    self._folder, self.camera_id, self.spec, self._slot_names()
                )
            fd = self._folder.fd
            os.rename(f"{RING_NAME}.tmp", RING_NAME, src_dir_fd=fd, dst_dir_fd=fd)
        except BaseException as error:
            self._remove_names()
            self._folder.give_back(self._slot_names())
            explained = self._folder.explain(error) if isinstance(error, OSError) else error
            self._folder.remove()
            raise explained from (error if explained is not error else None)
        self._active = True
        _living.add(self)

    def _slot_names(self) -> list[str]:
        return [slot_name(self.epoch, slot) for slot in range(self.capacity)]

    def __repr__(self) -> str:
        size = f"{self.spec.width_px}x{self.spec.height_px}"
        state = "exporting" if self._active else "ended"
        return f"<FrameWriter {self.camera_id!r}, {size}, {self.capacity} slots, {state}>"

    @property
    def active(self) -> bool:
        """False once export was closed or has failed: frames then go nowhere."""
        return self._active

    @property
    def stats(self) -> WriterStats:
        """What happened to the frames so far."""
        return WriterStats(self._published, self._dropped, self._rejected, self._failures)

    def write(self, frame: FrameBytes, timestamp_ns: int | None = None) -> bool:
        """Copy one frame in and publish it. False: it was not exported. Never raises.

        `frame`: anything with `spec.size_bytes` bytes of NV12, in one piece or strided.
        `timestamp_ns`: the frame's time in Unix time (CLOCK_REALTIME); None: now.
        """
        target = self._begin()
        if target is None:
            return False
        try:
            source = memoryview(cast("ReadableBuffer", frame))
            if source.nbytes != len(target):
                self._reject(f"a frame has {source.nbytes} bytes, not {len(target)}")
            elif source.c_contiguous:
                target[:] = source.cast("B")
                return self._finish(timestamp_ns, True)
            else:
                _copy_strided(target, source)
                return self._finish(timestamp_ns, True)
        except (TypeError, ValueError, BufferError) as error:
            self._reject(f"what came is not a frame: {error}")
        except Exception as error:
            self._fail(error)
        self._frame_id += 1
        self._end_turn()
        return False

    def slot(self) -> SlotLease | None:
        """Lend the next slot. None: export is over, or a slot is lent already. Never raises."""
        target = self._begin()
        return None if target is None else SlotLease(target, self._finish)

    def skip(self, frames: int = 1) -> None:
        """Count frames that were lost before they got here; `frame_id` moves on."""
        self._dropped += int(frames)
        self._frame_id += int(frames)

    def _begin(self) -> memoryview | None:
        """Mark the next slot as being filled and return its bytes."""
        if not self._active or not self._take_turn(False):
            self._dropped += 1
            if self._is_parents:
                self._is_parents = False
                reason = "this process is a fork of the one that exports them"
                _log.warning("camera %s: frames are not exported: %s", self.camera_id, reason)
            return None
        try:
            slot = self._sequence % self.capacity
            self._words[self._entries[slot] + _GUARD] = guard_writing(self._sequence)
            self._fence()
            return self._slots[slot]
        except Exception as error:
            self._end_turn()
            self._fail(error)
            return None

    def _finish(self, timestamp_ns: int | None, publish: bool) -> bool:
        """End what `_begin` began."""
        done = False
        try:
            if publish and self._active:
                self._publish(time_ns() if timestamp_ns is None else timestamp_ns)
                done = True
            else:
                self._dropped += 1
        except (TypeError, ValueError, OverflowError) as error:
            self._reject(f"a frame's time must be whole nanoseconds, not {timestamp_ns!r}: {error}")
        except Exception as error:
            self._fail(error)
        self._frame_id += 1
        self._end_turn()
        return done

    def _publish(self, timestamp_ns: int) -> None:
        words, fence, sequence = self._words, self._fence, self._sequence
        slot = sequence % self.capacity
        entry = self._entries[slot]
        now_ns = monotonic_ns()
        words[entry + _TIMESTAMP_NS] = timestamp_ns
        words[entry + _FRAME_ID] = self._frame_id
        words[entry + _PUBLISHED_NS] = now_ns
        fence()  # pixels and metadata are there before the guard says so
        words[entry + _GUARD] = guard_whole(sequence)
        # The head needs no fence: who sees it before the guard finds the slot not whole yet.
        words[_HEAD] = sequence
        wake(self._head_address)
        self._sequence = next_sequence(sequence, self.capacity)
        self._published += 1
        if self._names is not None:
            try:
                self._names.show(slot, self._frame_id, timestamp_ns, now_ns)
            except Exception as error:
                self._version1_failed(error)

    def _reject(self, reason: str) -> None:
        self._rejected += 1
        if self._rejected == 1:
            _log.warning("camera %s: frames are not exported: %s", self.camera_id, reason)

    def _version1_failed(self, error: Exception) -> None:
        self._count_failure("version 1 names have ended", error)
        self._remove_names()

    def _fail(self, error: Exception) -> None:
        self._count_failure("frame export has ended", error)
        self.close()

    def _count_failure(self, what: str, error: Exception) -> None:
        if self._active:
            self._failures += 1
            kind = type(error).__name__
            _log.warning("camera %s: %s: %s: %s", self.camera_id, what, kind, error)

    def _remove_names(self) -> None:
        names, self._names = self._names, None
        if names is not None:
            with suppress(OSError):
                names.remove()

    def close(self) -> None:
        """The camera stops: readers see the end, the names go. Twice is the same as once."""
        if not self._active:
            return
        self._active = False
        _living.discard(self)
        self._words[_STATE] = State.ENDED
        wake(self._head_address)
        wake(self._state_address)
        self._remove_names()
        self._folder.remove()
        # The memory goes with the last use of it; a slot that is still lent stays valid.
        self._slots, self._words = [], memoryview(b"")

    def __del__(self) -> None:
        self.close()

    def forked(self) -> None:
        """In the child of a fork: the ring is the parent's."""
        _living.discard(self)
        self._is_parents, self._active = self._active, False
        self._names = None
        self._folder.let_go()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


_living: weakref.WeakSet[FrameWriter] = weakref.WeakSet()


@atexit.register
def _close_all() -> None:
    for writer in list(_living):
        writer.close()


def _copy_strided(target: memoryview, source: memoryview) -> None:
    import numpy as np

    frame = np.asarray(source)
    np.copyto(np.frombuffer(target, frame.dtype).reshape(frame.shape), frame)
