"""What the tests of the tap share: frames that tell which they are, FFmpeg, waiting for a state."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import imageio_ffmpeg
import numpy as np
import numpy.typing as npt

from kernel.frame import Frame
from kernel.layout import FrameSpec
from kernel.reader import FrameReader

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()
DEADLINE_S = 30.0
T = TypeVar("T")


def eventually(find: Callable[[], T | None], what: str) -> T:
    """The first true answer; fails when there is none for very long."""
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline:
        found = find()
        if found:
            return found
        time.sleep(0.005)
    raise AssertionError(f"{what}: not within {DEADLINE_S:g} s")


def pattern(number: int, spec: FrameSpec) -> npt.NDArray[np.uint8]:
    """The `number`th frame: noise that is its own."""
    random = np.random.default_rng(number)
    return random.integers(0, 256, spec.size_bytes, dtype=np.uint8)


def awaited(reader: FrameReader, number: int) -> Frame:
    """The frame with this id, once the reader gets it."""

    def newest() -> Frame | None:
        frame = reader.latest()
        return frame if frame is not None and frame.frame_id == number else None

    return eventually(newest, f"frame {number}")


def write_all(descriptor: int, data: bytes | memoryview) -> None:
    """Write everything; waits while the pipe is full."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def is_running(pid: int) -> bool:
    """Whether the process is there, and not only waiting to be buried."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
