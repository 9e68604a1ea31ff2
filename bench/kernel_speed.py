"""How fast a writer is, against plain memcpy in the same run."""

from __future__ import annotations

import importlib
import math
import os
import resource
import signal
import statistics
import time
from collections.abc import Callable
from contextlib import ExitStack
from multiprocessing.connection import Connection

import numpy as np

from bench.kernel_common import (
    CAPACITY,
    HD,
    MemcpyRing,
    ReferenceExporter,
    picture,
    process,
    rounds,
    settings_for,
    shared_folder,
)
from kernel import FrameReader, FrameWriter, to_rgb

CHUNK = 20
Write = Callable[[int], object]


def publish(seconds: float, readers: int) -> dict[str, float]:
    """Frames a second, 1080p, of each way of writing, a chunk of each in turn.

    The reader copies the newest frame of the way whose turn it is, as fast as it can.
    """
    with shared_folder() as base_dir, ExitStack() as stack:
        frame = picture()
        settings = settings_for(base_dir)
        memcpy = MemcpyRing(base_dir, "plain")
        reference = ReferenceExporter(base_dir, "reference")
        native = stack.enter_context(FrameWriter("native", settings=settings, version1_names=False))
        both = stack.enter_context(FrameWriter("both", settings=settings))
        emptied = stack.enter_context(FrameWriter("emptied", settings=settings))
        assert emptied._names is not None
        emptied._names._shortest_half_ring_ns = 0
        ways: dict[str, Write] = {
            "memcpy": lambda count: memcpy.write(frame, count),
            "native": lambda count: native.write(frame, count),
            "both": lambda count: both.write(frame, count),
            "emptied": lambda count: emptied.write(frame, count),
            "reference": lambda count: reference.write(frame, count),
        }
        for write in ways.values():
            for count in range(1, 2 * CAPACITY + 1):
                write(count)
        connections = [
            stack.enter_context(process(_copy_newest, base_dir))[1] for _ in range(readers)
        ]
        rates: dict[str, list[float]] = {name: [] for name in ways}
        for number in rounds(seconds, time.monotonic):
            for name, write in ways.items():
                for connection in connections:
                    connection.send(name)
                    connection.recv()
                chunk = CHUNK if name != "reference" else CHUNK // 5
                first = 100 + number * chunk
                began = time.perf_counter()
                for count in range(first, first + chunk):
                    write(count)
                if number:  # the first round is for warming up
                    rates[name].append(chunk / (time.perf_counter() - began))
        assert native.stats.failures == both.stats.failures == emptied.stats.failures == 0
        ratios = {
            f"{name} / memcpy": statistics.median(
                [ours / plain for ours, plain in zip(of, rates["memcpy"], strict=True)]
            )
            for name, of in rates.items()
        }
        return ratios | {name: statistics.median(of) for name, of in rates.items()}


def _copy_newest(connection: Connection, base_dir: str) -> None:
    memcpy = MemcpyRing(base_dir, "plain")
    slots = [np.frombuffer(slot, np.uint8) for slot in memcpy.slots]
    into = np.empty(HD.size_bytes, np.uint8)
    readers = {name: FrameReader(name, base_dir=base_dir) for name in ("native", "both", "emptied")}
    data = os.path.join(base_dir, "reference", "frame.data")
    name = "memcpy"
    while True:
        if connection.poll():
            name = connection.recv()
            connection.send(name)
        if name == "memcpy":
            np.copyto(into, slots[memcpy.head[0] % CAPACITY])
        elif name == "reference":
            with open(data, "rb", buffering=0) as file:
                file.readinto(into.data)
        else:
            readers[name].latest(into)


def stopped_readers(seconds: float, readers: int = 8) -> float:
    """Rate of a writer without readers / that of one whose readers are all stopped."""
    with shared_folder() as base_dir, ExitStack() as stack:
        frame = picture()
        settings = settings_for(base_dir)
        writers = [
            stack.enter_context(FrameWriter(name, settings=settings)) for name in ("with", "none")
        ]
        for writer in writers:
            writer.write(frame)
        for _ in range(readers):
            child, connection = stack.enter_context(process(_read_on, base_dir))
            connection.recv()
            assert child.pid is not None
            os.kill(child.pid, signal.SIGSTOP)
        ratios = []
        for _ in rounds(seconds, time.monotonic):
            took = []
            for writer in writers:
                began = time.perf_counter()
                for _ in range(CHUNK):
                    writer.write(frame)
                took.append(time.perf_counter() - began)
            ratios.append(took[0] / took[1])
        return statistics.median(ratios)


def _read_on(connection: Connection, base_dir: str) -> None:
    with FrameReader("with", base_dir=base_dir) as reader:
        while True:
            with reader.view() as view:
                if view is not None:
                    reader.latest()
                    if connection is not None and not connection.closed:
                        connection.send("reading")
                        connection.close()


def many_cameras(seconds: float, cameras: int = 16, fps: int = 30) -> dict[str, float]:
    """Processor time for each camera, in percent of one core, of publishing at that rate."""
    with shared_folder() as base_dir, ExitStack() as stack:
        frame = picture()
        settings = settings_for(base_dir, capacity=CAPACITY)
        plain = [MemcpyRing(base_dir, str(number)) for number in range(cameras)]
        ours = [
            stack.enter_context(FrameWriter(f"camera-{number}", settings=settings))
            for number in range(cameras)
        ]
        ways: dict[str, Callable[[int, int], object]] = {
            "memcpy": lambda camera, count: plain[camera].write(frame, count),
            "ours": lambda camera, count: ours[camera].write(frame, count),
        }
        for write in ways.values():
            for count in range(CAPACITY):
                for camera in range(cameras):
                    write(camera, count)
        spent = dict.fromkeys(ways, 0.0)
        passed = dict.fromkeys(ways, 0.0)
        count = CAPACITY
        for _ in rounds(seconds, time.monotonic):
            for name, write in ways.items():
                cpu, began = _cpu_s(), time.monotonic()
                for tick in range(fps):
                    time.sleep(max(0.0, began + tick / fps - time.monotonic()))
                    count += 1
                    for camera in range(cameras):
                        write(camera, count)
                time.sleep(max(0.0, began + 1 - time.monotonic()))
                spent[name] += _cpu_s() - cpu
                passed[name] += time.monotonic() - began
        assert all(writer.stats.failures == 0 for writer in ours)
        return {name: 100 * spent[name] / passed[name] / cameras for name in ways}


def colours(seconds: float) -> tuple[float, float]:
    """`to_rgb` of 1080p by `cv2.cvtColorTwoPlane`, both on one thread, and its milliseconds.

    NaN: there is no OpenCV.
    """
    try:
        cv2 = importlib.import_module("cv2")
    except ImportError:
        return math.nan, math.nan
    cv2.setNumThreads(1)
    y, uv = np.split(np.frombuffer(picture(), np.uint8).reshape(HD.shape), [HD.height_px])
    uv = uv.reshape(HD.height_px // 2, HD.width_px // 2, 2)
    out = np.empty((*y.shape, 3), np.uint8)
    ratios, took = [], []
    for _ in rounds(seconds, time.monotonic):
        began = time.perf_counter()
        cv2.cvtColorTwoPlane(y, uv, cv2.COLOR_YUV2RGB_NV12, dst=out)
        between = time.perf_counter()
        to_rgb(y, uv, out=out)
        took.append(time.perf_counter() - between)
        ratios.append(took[-1] / (between - began))
    return statistics.median(ratios), 1000 * statistics.median(took)


def _cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime
