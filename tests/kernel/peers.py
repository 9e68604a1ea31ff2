"""What runs in the other processes of these tests, and frames whose mixtures can be seen."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

import numpy as np

from kernel import Frame, FrameReader, FrameSpec, FrameWriter
from kernel.frame import Pixels
from kernel.settings import ExportSettings

CAMERA = "front-door"
_spawn = multiprocessing.get_context("spawn")


def stamped(spec: FrameSpec, stamp: int) -> Pixels:
    """A frame that says its number in every 8 bytes."""
    return np.full(spec.size_bytes // 8, stamp, np.uint64).view(np.uint8)


def fill(buffer: memoryview, stamp: int) -> None:
    """The same in place."""
    np.frombuffer(buffer, np.uint64)[:] = stamp


def stamp_of(data: Pixels) -> int | None:
    """The number that a frame says everywhere; None: it is a mixture."""
    words = np.ascontiguousarray(data).reshape(-1).view(np.uint64)
    return int(words[0]) if bool((words == words[0]).all()) else None


def is_good(frame: Frame) -> bool:
    """One whole frame, with its own metadata."""
    return stamp_of(frame.data) == frame.timestamp_ns


def wait_for(condition: Callable[[], object], deadline_s: float = 30.0) -> None:
    """Wait until the condition holds, generously."""
    until = time.monotonic() + deadline_s
    while not condition():
        assert time.monotonic() < until, "what was waited for did not come"
        time.sleep(0.002)


@contextmanager
def peer(target: Callable[..., None], *args: Any) -> Iterator[tuple[BaseProcess, Connection]]:
    """Run `target(connection, *args)` in a fresh process; killed at the end."""
    ours, theirs = _spawn.Pipe()
    process = _spawn.Process(target=target, args=(theirs, *args), daemon=True)
    process.start()
    theirs.close()
    try:
        yield process, ours
    finally:
        process.kill()
        process.join()
        ours.close()


def write_for_ever(
    connection: Connection,
    settings: ExportSettings,
    pause_s: float = 0.0,
    first_stamp: int = 1,
    in_place: bool = False,
) -> None:
    """Write stamped frames until killed, or until told to stop; then say how many there were."""
    writer = FrameWriter(CAMERA, settings=settings)
    for stamp in itertools.count(first_stamp):
        if in_place:
            lease = writer.slot()
            assert lease is not None
            fill(lease.buffer, stamp)
            lease.publish(stamp)
        else:
            writer.write(stamped(writer.spec, stamp), stamp)
        if stamp == first_stamp:
            connection.send(os.getpid())
        if pause_s:
            time.sleep(pause_s)
        if connection.poll():
            break
    writer.close()
    connection.send(writer.stats.published)


def read_for_ever(connection: Connection, base_dir: str, how: str) -> None:
    """Read and judge frames until told to stop; then say (good, bad, lapped)."""
    good = bad = 0
    with FrameReader(CAMERA, base_dir=base_dir) as reader:
        into: Pixels | None = None
        while not connection.poll():
            if how == "view":
                with reader.view() as view:
                    fine = view is not None and is_good(view)
                if view is not None and view.whole:
                    good, bad = good + fine, bad + (not fine)
            else:
                if how == "into" and into is None and reader.spec is not None:
                    into = np.empty(reader.spec.shape, np.uint8)
                frame = reader.latest(into)
                if frame is not None:
                    fine = is_good(frame)
                    good, bad = good + fine, bad + (not fine)
            if good == 1:
                connection.send("reading")
                good += 1
        connection.send((good, bad, reader.lapped_count))
