"""The format of a ring in shared memory: names, fields, offsets, limits, as the README tells them.

Words are 64 bits wide, in native byte order. Sequences are 63 bits wide, wrap around, and never
are 0.
"""

from __future__ import annotations

import operator
import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from kernel.errors import CameraIdError, FrameSizeError

MIN_CAPACITY: Final = 3  # one newest, one being filled, one between for readers
MAX_CAPACITY: Final = 1024
MAX_SIDE_PX: Final = 16_384
MAX_RING_BYTES: Final = 64 << 30

MAGIC: Final = int.from_bytes(b"VASRING\n", "little")
VERSION: Final = 1
WORD_BYTES: Final = 8
HEADER_WORDS: Final = 32
ENTRY_WORDS: Final = 8  # one cache line, so that neighbours do not disturb each other

RINGS_DIR: Final = ".rings"
LOCK_NAME: Final = "lock"
RING_NAME: Final = "frame.ring"
V1_DATA_NAME: Final = "frame.data"
V1_META_NAME: Final = "frame.meta"

FILE_MODE: Final = 0o640
DIR_MODE: Final = 0o750
LOCK_MODE: Final = 0o600  # readers cannot open it, so they cannot hold a writer off

V1_META: Final = struct.Struct("@IQQIIIIQ16x")
"""version, frame_id, timestamp_ns, width, height, pixel_format, stride, data_size; 64 bytes."""
V1_VERSION: Final = 1

_SEQUENCE_MASK: Final = (1 << 63) - 1
_MAX_ID_BYTES: Final = 200


class PixelFormat(IntEnum):
    """How pixels are stored; the numbers are those of version 1."""

    NV12 = 0
    """A plane of Y, then a plane of U and V in turn at half the size in both directions."""


NV12: Final = PixelFormat.NV12


class State(IntEnum):
    """What the writer says about its ring."""

    LIVE = 1
    ENDED = 2


class _Word(IntEnum):
    """Which 64-bit word a field is."""

    @property
    def offset(self) -> int:
        """Bytes from the first word."""
        return self.value * WORD_BYTES


class Header(_Word):
    """Words of the control file's header. `HEAD` and `STATE` change, the others never do."""

    MAGIC = 0
    VERSION = 1
    HEADER_BYTES = 2
    ENTRY_BYTES = 3
    CAPACITY = 4
    FRAME_BYTES = 5
    WIDTH_PX = 6
    HEIGHT_PX = 7
    PIXEL_FORMAT = 8
    STRIDE_BYTES = 9
    EPOCH = 10
    WRITER_PID = 11
    STARTED_NS = 12
    HEAD = 16
    STATE = 17


class Entry(_Word):
    """Words that the control file has for each slot."""

    GUARD = 0
    FRAME_ID = 1
    TIMESTAMP_NS = 2
    PUBLISHED_NS = 3


HEADER_BYTES: Final = HEADER_WORDS * WORD_BYTES
ENTRY_BYTES: Final = ENTRY_WORDS * WORD_BYTES


@dataclass(frozen=True, slots=True)
class FrameSpec:
    """Size and format of a ring's frames. NV12 needs even sides; the stride is the width."""

    width_px: int
    height_px: int
    pixel_format: PixelFormat = NV12

    def __post_init__(self) -> None:
        for name, side in (("width", self.width_px), ("height", self.height_px)):
            try:
                number = operator.index(side)  # numpy's whole numbers too
            except TypeError:
                number = 0
            if not 2 <= number <= MAX_SIDE_PX or number % 2:
                raise FrameSizeError(
                    f"the {name} of an NV12 frame must be even, from 2 to {MAX_SIDE_PX}, "
                    f"not {side!r}"
                )
            object.__setattr__(self, f"{name}_px", number)
        if self.pixel_format != NV12:
            raise FrameSizeError(f"only NV12 frames are known, not {self.pixel_format!r}")

    @property
    def stride_bytes(self) -> int:
        """Bytes from one row to the next."""
        return self.width_px

    @property
    def size_bytes(self) -> int:
        """Bytes of one frame: width * height * 3 / 2."""
        return self.width_px * self.height_px * 3 // 2

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the frame as one array: (height * 3 / 2, width), uint8."""
        return self.height_px * 3 // 2, self.width_px


def check_camera_id(camera_id: str) -> str:
    """Return the id if it can name a folder of the base folder; else `CameraIdError`."""
    if not isinstance(camera_id, str):
        raise CameraIdError(f"a camera id must be text, not {type(camera_id).__name__}")
    if not camera_id or camera_id.startswith("."):
        raise CameraIdError(f"a camera id must not be empty or begin with a dot: {camera_id!r}")
    if "/" in camera_id or not camera_id.isprintable():
        raise CameraIdError(
            f"a camera id must not hold slashes or unprintable characters: {camera_id[:80]!r}"
        )
    if len(camera_id.encode()) > _MAX_ID_BYTES:
        raise CameraIdError(f"a camera id must not be longer than {_MAX_ID_BYTES} bytes")
    return camera_id


def control_bytes(capacity: int) -> int:
    """Size of the control file."""
    return HEADER_BYTES + capacity * ENTRY_BYTES


def entry_word(slot: int) -> int:
    """Index of the first word of a slot's entry in the control file."""
    return HEADER_WORDS + slot * ENTRY_WORDS


def slot_name(epoch: int, slot: int) -> str:
    """Name of a slot's file."""
    return f"slot-{epoch:016x}-{slot}"


def guard_writing(sequence: int) -> int:
    """Guard word of a slot that is being filled: odd."""
    return 2 * sequence - 1


def guard_whole(sequence: int) -> int:
    """Guard word of a slot that is whole: even."""
    return 2 * sequence


def next_sequence(sequence: int, capacity: int) -> int:
    """The sequence after this one.

    Wraps around before 2**63, onto a multiple of the capacity: slots still come in turn, and 0
    still means that there is no frame.
    """
    following = sequence + 1
    return following if following < (1 << 63) // capacity * capacity else capacity


def is_newer(sequence: int, than: int) -> bool:
    """Whether a sequence was published after another one, wrap-around included."""
    return 0 < ((sequence - than) & _SEQUENCE_MASK) < 1 << 62
