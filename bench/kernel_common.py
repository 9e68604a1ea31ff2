"""What the benches of the frame kernel share: frames, processes, the baselines."""

from __future__ import annotations

import itertools
import mmap
import multiprocessing
import os
import shutil
import struct
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

import numpy as np

from kernel import ExportSettings, Frame, FrameSpec

HD = FrameSpec(1920, 1080)
SMALL = FrameSpec(64, 64)
CAPACITY = 8
_spawn = multiprocessing.get_context("spawn")


@contextmanager
def shared_folder() -> Iterator[str]:
    """A base folder in shared memory that goes at the end."""
    path = tempfile.mkdtemp(prefix="vas-bench-", dir="/dev/shm")
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


@contextmanager
def process(target: Callable[..., None], *args: Any) -> Iterator[tuple[BaseProcess, Connection]]:
    """Run `target(connection, *args)` in a fresh process; killed at the end."""
    ours, theirs = _spawn.Pipe()
    child = _spawn.Process(target=target, args=(theirs, *args), daemon=True)
    child.start()
    theirs.close()
    try:
        yield child, ours
    finally:
        child.kill()
        child.join()
        ours.close()


def settings_for(base_dir: str, spec: FrameSpec = HD, capacity: int = CAPACITY) -> ExportSettings:
    """Export on, below that folder."""
    return ExportSettings(
        enabled=True,
        width_px=spec.width_px,
        height_px=spec.height_px,
        capacity=capacity,
        base_dir=base_dir,
    )


def picture(spec: FrameSpec = HD) -> memoryview:
    """A frame of noise."""
    return np.random.default_rng(7).integers(0, 256, spec.size_bytes, np.uint8).data


def fill(buffer: memoryview, stamp: int) -> None:
    """Say the frame's number in every 8 bytes."""
    np.frombuffer(buffer, np.uint64)[:] = stamp


def is_good(frame: Frame) -> bool:
    """Whether all pixels are of the frame that the metadata tells of."""
    words = frame.data.reshape(-1).view(np.uint64)
    return bool(words[0] == frame.timestamp_ns) and bool((words == words[0]).all())


class MemcpyRing:
    """The baseline: plain copies into a ring of mapped slots, without any protocol."""

    def __init__(self, base_dir: str, name: str, spec: FrameSpec = HD) -> None:
        size = spec.size_bytes
        self._path = os.path.join(base_dir, f"{name}.memcpy")
        fd = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            os.posix_fallocate(fd, 0, size * CAPACITY + 8)
            memory = memoryview(
                mmap.mmap(fd, size * CAPACITY + 8, mmap.MAP_SHARED | mmap.MAP_POPULATE)
            )
        finally:
            os.close(fd)
        self.slots = [memory[n * size : (n + 1) * size] for n in range(CAPACITY)]
        self.head = memory[size * CAPACITY :].cast("Q")

    def write(self, frame: memoryview, count: int) -> None:
        """Copy a frame into its slot and count it."""
        self.slots[count % CAPACITY][:] = frame
        self.head[0] = count


class ReferenceExporter:
    """What the reference does for each frame: a temporary file renamed over each of two names."""

    _META = struct.Struct("@IQQIIIIQ16x")

    def __init__(self, base_dir: str, camera_id: str, spec: FrameSpec = HD) -> None:
        self.folder = os.path.join(base_dir, camera_id)
        self._spec = spec
        os.makedirs(self.folder)

    def write(self, frame: memoryview, count: int) -> None:
        """Write the data, then the metadata."""
        spec = self._spec
        self._put("frame.data", frame)
        meta = self._META.pack(
            1, count, count, spec.width_px, spec.height_px, 0, spec.width_px, spec.size_bytes
        )
        self._put("frame.meta", meta)

    def _put(self, name: str, data: memoryview | bytes) -> None:
        path = os.path.join(self.folder, name)
        with open(f"{path}.tmp", "wb") as file:
            file.write(data)
        os.replace(f"{path}.tmp", path)


def rounds(seconds: float, clock: Callable[[], float]) -> Iterator[int]:
    """Count rounds until the time is over; two at least, because the first may not count."""
    end = clock() + seconds
    for number in itertools.count():
        if number > 1 and clock() >= end:
            return
        yield number
