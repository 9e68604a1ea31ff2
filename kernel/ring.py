"""A ring as its writer makes it, and as others see it: checked, and mapped read-only.

What a control file says is believed only after it was held against this module's limits and
against the real sizes of the files.
"""

from __future__ import annotations

import os
import stat
import struct
import time
from dataclasses import dataclass
from typing import Final, NamedTuple

from kernel.errors import FrameSizeError, ReaderError, RingFormatError, RingVersionError
from kernel.layout import (
    ENTRY_BYTES,
    HEADER_BYTES,
    HEADER_WORDS,
    MAGIC,
    MAX_CAPACITY,
    MAX_RING_BYTES,
    MIN_CAPACITY,
    NV12,
    RING_NAME,
    RINGS_DIR,
    VERSION,
    Entry,
    FrameSpec,
    Header,
    State,
    control_bytes,
    entry_word,
    guard_whole,
    slot_name,
)
from kernel.memory import Fence, FileMemory
from kernel.storage import CameraFolder, closing, open_folder, open_regular

_HEAD: Final = int(Header.HEAD)
_STATE: Final = int(Header.STATE)
_LIVE: Final = int(State.LIVE)
_GUARD: Final = int(Entry.GUARD)
_ATTEMPTS: Final = 3


@dataclass(frozen=True, slots=True)
class RingHeader:
    """What never changes in an epoch."""

    spec: FrameSpec
    capacity: int
    epoch: int
    writer_pid: int
    started_ns: int


class FrameMeta(NamedTuple):
    """One frame's metadata, and where it is."""

    slot: int
    sequence: int
    frame_id: int
    timestamp_ns: int
    published_ns: int


class SlotGuard:
    """Tells whether a slot still holds the frame that it held."""

    __slots__ = ("_answer", "_fence", "_guard", "_index", "_words")

    def __init__(self, words: memoryview, fence: Fence, meta: FrameMeta) -> None:
        self._words = words
        self._fence = fence
        self._index = entry_word(meta.slot) + _GUARD
        self._guard = guard_whole(meta.sequence)
        self._answer: bool | None = None

    def is_whole(self) -> bool:
        """Whether everything read from the slot before this call was of that frame."""
        if self._answer is not None:
            return self._answer
        self._fence()
        return bool(self._words[self._index] == self._guard)

    def settle(self) -> bool:
        """Answer now, and the same from then on."""
        self._answer = self.is_whole()
        return self._answer


class Ring:
    """One epoch of a camera, mapped read-only. For one thread."""

    def __init__(
        self,
        header: RingHeader,
        words: memoryview,
        address: int,
        slots: list[memoryview],
        identity: os.stat_result,
    ) -> None:
        self.header = header
        self.slots = slots
        self.identity = identity
        self.lapped_count = 0
        self.wakes = True  # whether the writer wakes who sleeps, by what was seen of it
        self.head_address = address + Header.HEAD.offset
        self.state_address = address + Header.STATE.offset
        self._words = words
        self._fence = Fence()

    @property
    def live(self) -> bool:
        """Whether the writer has not said that this was the end."""
        return bool(self._words[_STATE] == _LIVE)

    @property
    def head(self) -> int:
        """Sequence of the newest frame; 0: there is none."""
        return int(self._words[_HEAD])

    def is_still(self, head: int) -> bool:
        """Whether the newest frame is that one, and this was not the end."""
        return bool(self._words[_HEAD] == head and self._words[_STATE] == _LIVE)

    def newest(self) -> FrameMeta | None:
        """Metadata of the newest frame; None: there is none, or it was overwritten each time."""
        words, fence = self._words, self._fence
        for _ in range(_ATTEMPTS):
            sequence = words[_HEAD]
            if not sequence:
                return None
            slot = sequence % self.header.capacity
            entry = entry_word(slot)
            fence()
            if words[entry + _GUARD] == guard_whole(sequence):
                fence()
                meta = FrameMeta(
                    slot,
                    sequence,
                    words[entry + Entry.FRAME_ID],
                    words[entry + Entry.TIMESTAMP_NS],
                    words[entry + Entry.PUBLISHED_NS],
                )
                fence()
                if words[entry + _GUARD] == guard_whole(sequence):
                    return meta
            self.lapped_count += 1
        return None

    def guard(self, meta: FrameMeta) -> SlotGuard:
        """What tells whether the slot still holds that frame."""
        return SlotGuard(self._words, self._fence, meta)


def make_ring(
    folder: CameraFolder, spec: FrameSpec, capacity: int, epoch: int
) -> tuple[list[memoryview], memoryview, int]:
    """Allocate and map a ring, all but its name; slots, control words, their address. `OSError`."""
    frames = FileMemory(spec.size_bytes, capacity, writable=True)
    slots = []
    for slot in range(capacity):
        with closing(folder.create(slot_name(epoch, slot), spec.size_bytes)) as fd:
            slots.append(frames.lay(fd, slot))
    size = control_bytes(capacity)
    control = FileMemory(size, writable=True)
    with closing(folder.create(f"{RING_NAME}.tmp", size)) as fd:
        words = control.lay(fd).cast("Q")
    for field, value in (
        (Header.MAGIC, MAGIC),
        (Header.VERSION, VERSION),
        (Header.HEADER_BYTES, HEADER_BYTES),
        (Header.ENTRY_BYTES, ENTRY_BYTES),
        (Header.CAPACITY, capacity),
        (Header.FRAME_BYTES, spec.size_bytes),
        (Header.WIDTH_PX, spec.width_px),
        (Header.HEIGHT_PX, spec.height_px),
        (Header.PIXEL_FORMAT, spec.pixel_format),
        (Header.STRIDE_BYTES, spec.stride_bytes),
        (Header.EPOCH, epoch),
        (Header.WRITER_PID, os.getpid()),
        (Header.STARTED_NS, time.time_ns()),
        (Header.STATE, State.LIVE),
    ):
        words[field] = value
    return slots, words, control.address


def read_header(fd: int) -> RingHeader:
    """The header of a control file. `RingFormatError`, `RingVersionError`."""
    info = os.fstat(fd)
    if not stat.S_ISREG(info.st_mode):
        raise RingFormatError("the control file is not a plain file")
    data = os.pread(fd, HEADER_BYTES, 0)
    if len(data) < HEADER_BYTES:
        raise RingFormatError(f"the control file has {len(data)} bytes, too few for a header")
    words = struct.unpack(f"@{HEADER_WORDS}Q", data)
    if words[Header.MAGIC] != MAGIC:
        raise RingFormatError("the control file does not begin as one")
    if words[Header.VERSION] != VERSION:
        raise RingVersionError(f"version {words[Header.VERSION]} of a ring; {VERSION} is known")
    capacity = words[Header.CAPACITY]
    if not MIN_CAPACITY <= capacity <= MAX_CAPACITY:
        raise RingFormatError(f"a capacity of {capacity} frames")
    if info.st_size < control_bytes(capacity):
        raise RingFormatError(f"the control file has {info.st_size} bytes, too few for its slots")
    try:
        spec = FrameSpec(words[Header.WIDTH_PX], words[Header.HEIGHT_PX])
    except FrameSizeError as error:
        raise RingFormatError(str(error)) from error
    for field, known in (
        (Header.HEADER_BYTES, HEADER_BYTES),
        (Header.ENTRY_BYTES, ENTRY_BYTES),
        (Header.PIXEL_FORMAT, NV12),
        (Header.STRIDE_BYTES, spec.stride_bytes),
        (Header.FRAME_BYTES, spec.size_bytes),
    ):
        if words[field] != known:
            raise RingFormatError(f"{field.name.lower()} is {words[field]}, not {known}")
    if spec.size_bytes * capacity > MAX_RING_BYTES:
        raise RingFormatError(f"{capacity} frames of {spec.size_bytes} bytes")
    return RingHeader(spec, capacity, *words[Header.EPOCH : Header.STARTED_NS + 1])


def open_camera(base_dir: str, camera_id: str) -> int | None:
    """A descriptor of a camera's folder; None: there is none. `ReaderError`, `RingFormatError`."""
    path = os.path.join(base_dir, RINGS_DIR)
    try:
        with closing(open_folder(path)) as rings_fd:
            return open_folder(camera_id, rings_fd)
    except FileNotFoundError:
        return None
    except PermissionError as error:
        raise ReaderError(f"not allowed to look into {path}") from error
    except OSError as error:
        raise RingFormatError(
            f"the folder of camera {camera_id!r} in {path} cannot be opened: {error.strerror}"
        ) from error


def open_ring(folder_fd: int) -> Ring | None:
    """Map the ring in a camera's folder; None: there is none, or it is going.

    `RingFormatError`, `RingVersionError`; `ReaderError`: not allowed.
    """
    try:
        fd = open_regular(RING_NAME, folder_fd)
    except FileNotFoundError:
        return None
    except PermissionError as error:
        raise ReaderError(f"not allowed to read the ring: {error.strerror}") from error
    except OSError as error:
        raise RingFormatError(f"the control file cannot be opened: {error.strerror}") from error
    try:
        identity = os.fstat(fd)
        header = read_header(fd)
        memory = FileMemory(control_bytes(header.capacity), writable=False)
        words = memory.lay(fd).cast("Q")
        slots = _map_slots(folder_fd, header)
    except OSError as error:
        raise ReaderError(f"the ring cannot be mapped: {error.strerror}") from error
    finally:
        os.close(fd)
    if slots is None:
        if is_current(folder_fd, identity):
            raise RingFormatError("a slot's file is missing")
        return None
    return Ring(header, words, memory.address, slots, identity)


def is_current(folder_fd: int, identity: os.stat_result) -> bool:
    """Whether the folder's control file is still that one."""
    try:
        named = os.stat(RING_NAME, dir_fd=folder_fd, follow_symlinks=False)
    except OSError:
        return False
    return os.path.samestat(named, identity)


def _map_slots(folder_fd: int, header: RingHeader) -> list[memoryview] | None:
    size = header.spec.size_bytes
    memory = FileMemory(size, header.capacity, writable=False)
    slots = []
    for slot in range(header.capacity):
        try:
            fd = open_regular(slot_name(header.epoch, slot), folder_fd)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise RingFormatError(f"slot {slot} cannot be opened: {error.strerror}") from error
        with closing(fd):
            info = os.fstat(fd)
            if not stat.S_ISREG(info.st_mode) or info.st_size != size:
                raise RingFormatError(f"slot {slot} has {info.st_size} bytes, not {size}")
            slots.append(memory.lay(fd, slot))
    return slots
