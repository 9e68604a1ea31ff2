"""Whether readers get whole frames with their own metadata."""

from __future__ import annotations

import itertools
import mmap
import os
import random
import struct
import time
from contextlib import ExitStack
from multiprocessing.connection import Connection

import numpy as np

from bench.kernel_common import (
    HD,
    ReferenceExporter,
    fill,
    is_good,
    process,
    settings_for,
    shared_folder,
)
from kernel import FrameReader, FrameSpec, FrameWriter

_META = struct.Struct("@I4xQQIIIIQ16s")
FPS = 30
_COPY = memoryview(bytearray(HD.size_bytes))


def torn(spec: FrameSpec, reads: int, readers: int) -> dict[str, int]:
    """Validated reads of a writer at full speed that fills a ring of 4 slots in place."""
    with shared_folder() as base_dir, ExitStack() as stack:
        _, writing = stack.enter_context(process(_write_on, base_dir, spec))
        writing.recv()
        connections = [
            stack.enter_context(process(_judge, base_dir, reads // readers))[1]
            for _ in range(readers)
        ]
        total = {"good": 0, "bad": 0, "lapped": 0}
        for connection in connections:
            for key, value in connection.recv().items():
                total[key] += value
        return total


def _write_on(connection: Connection, base_dir: str, spec: FrameSpec) -> None:
    settings = settings_for(base_dir, spec, 4)
    with FrameWriter("camera", settings=settings, version1_names=False) as writer:
        for stamp in itertools.count(1):
            lease = writer.slot()
            assert lease is not None
            fill(lease.buffer, stamp)
            lease.publish(stamp)
            if stamp == 1:
                connection.send("writing")


def _judge(connection: Connection, base_dir: str, reads: int) -> None:
    good = bad = 0
    with FrameReader("camera", base_dir=base_dir) as reader:
        assert reader.spec is not None
        into = np.empty(reader.spec.size_bytes, np.uint8)
        for number in itertools.count():
            if good + bad >= reads:
                break
            if number % 2:
                with reader.view() as view:
                    fine = view is not None and is_good(view)
                if view is None or not view.whole:
                    continue
            else:
                frame = reader.latest(into)
                if frame is None:
                    continue
                fine = is_good(frame)
            good, bad = good + fine, bad + (not fine)
        connection.send({"good": good, "bad": bad, "lapped": reader.lapped_count})


def version1(reads: int, processes: int = 2) -> dict[str, int]:
    """Mixed reads of version 1 readers, ours and the reference's exporter side by side."""
    with shared_folder() as base_dir, ExitStack() as stack:
        for exporter in ("ours", "reference"):
            _, writing = stack.enter_context(process(_export, base_dir, exporter))
            writing.recv()
        connections = [
            stack.enter_context(process(_read_names, base_dir, reads // processes, number))[1]
            for number in range(processes)
        ]
        total: dict[str, int] = {}
        for connection in connections:
            for key, value in connection.recv().items():
                total[key] = total.get(key, 0) + value
        return total


def _export(connection: Connection, base_dir: str, exporter: str) -> None:
    """1080p stamped frames at 30 a second, of ours or of the reference's exporter."""
    due = time.monotonic()
    frame = bytearray(HD.size_bytes)
    if exporter == "reference":
        reference = ReferenceExporter(base_dir, exporter)
    else:
        writer = FrameWriter(exporter, settings=settings_for(base_dir, capacity=30))
    for stamp in itertools.count(1):
        time.sleep(max(0.0, due - time.monotonic()))
        due = max(due, time.monotonic()) + 1 / FPS  # who is late does not hurry afterwards
        fill(memoryview(frame), stamp)
        if exporter == "reference":
            reference.write(memoryview(frame), stamp)
        else:
            writer.write(frame, stamp)
        if stamp == 1:
            connection.send("writing")


def _read_names(connection: Connection, base_dir: str, reads: int, seed: int) -> None:
    chance = random.Random(seed)
    counts = dict.fromkeys(
        (
            f"{exporter}: {what}"
            for exporter in ("ours", "reference")
            for what in (
                "reads",
                "metadata, data",
                "metadata, data, metadata",
                "data, metadata",
                "folder reads",
                "folder",
                "held reads",
                "held",
            )
        ),
        0,
    )
    held: dict[str, int] = {}
    for _ in range(reads):
        for exporter in ("ours", "reference"):
            folder = os.path.join(base_dir, exporter)
            time.sleep(chance.random() / 1000)
            counts[f"{exporter}: reads"] += 1
            before, data = _meta(f"{folder}/frame.meta"), _data(f"{folder}/frame.data")
            after = _meta(f"{folder}/frame.meta")
            counts[f"{exporter}: metadata, data"] += before != data
            counts[f"{exporter}: metadata, data, metadata"] += before == after != data
            counts[f"{exporter}: data, metadata"] += after != data

            fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            before, data = _meta("frame.meta", fd), _data("frame.data", fd)
            counts[f"{exporter}: folder reads"] += 1
            counts[f"{exporter}: folder"] += before != data
            if exporter not in held:
                held[exporter] = fd
            else:
                os.close(fd)

            fd = held[exporter]
            before, data = _meta("frame.meta", fd), _data("frame.data", fd)
            if before and data:  # not the empty files that say that there is nothing
                counts[f"{exporter}: held reads"] += 1
                counts[f"{exporter}: held"] += before != data
    connection.send(counts)


def _meta(path: str, folder_fd: int | None = None) -> int:
    """The frame's number by `frame.meta`; 0: there is none."""
    fd = os.open(path, os.O_RDONLY, dir_fd=folder_fd)
    data = os.read(fd, _META.size)
    os.close(fd)
    return int(_META.unpack(data)[2]) if data else 0


def _data(path: str, folder_fd: int | None = None) -> int:
    """Copy all pixels as version 1 readers do; the frame's number, 0: none, -1: torn."""
    fd = os.open(path, os.O_RDONLY, dir_fd=folder_fd)
    try:
        size = os.fstat(fd).st_size
        if not size:
            return 0
        with mmap.mmap(fd, size, prot=mmap.PROT_READ) as mapped:
            _COPY[:] = memoryview(mapped)
        words = np.frombuffer(_COPY, np.uint64)
        return int(words[0]) if (words == words[0]).all() else -1
    finally:
        os.close(fd)
