"""Writers and readers in processes of their own, killed, stopped and at full speed."""

from __future__ import annotations

import os
import random
import signal
from dataclasses import replace

import pytest

from kernel import ExportSettings, FrameReader, FrameSpec, FrameWriter, WriterConflictError
from tests.kernel.peers import (
    CAMERA,
    is_good,
    peer,
    read_for_ever,
    stamped,
    wait_for,
    write_for_ever,
)


@pytest.mark.parametrize("in_place", [False, True], ids=["written", "filled in place"])
@pytest.mark.parametrize("size", [(64, 32), (1920, 1080)], ids=["small", "1080p"])
def test_no_reader_ever_gets_a_torn_or_mixed_frame(
    settings: ExportSettings, size: tuple[int, int], in_place: bool
) -> None:
    settings = replace(settings, width_px=size[0], height_px=size[1])
    enough = 5_000 if size[0] == 64 else 300
    with (
        peer(write_for_ever, settings, 0.0, 1, in_place) as (_, writing),
        peer(read_for_ever, settings.base_dir, "view") as (_, viewing),
        FrameReader(CAMERA, base_dir=settings.base_dir) as reader,
    ):
        assert writing.poll(60)
        assert viewing.poll(60)
        read, last = 0, None
        while read < enough:
            frame = reader.next(after=last, poll_s=0)
            assert frame is not None
            assert is_good(frame), frame
            assert last is None or frame.sequence > last.sequence
            read, last = read + 1, frame
        viewing.recv()
        viewing.send("stop")
        assert viewing.poll(60)
        good, bad, _ = viewing.recv()
        assert bad == 0
        assert good > 0


def test_a_ring_of_three_slots_at_full_speed_laps_readers_and_they_know(
    settings: ExportSettings,
) -> None:
    settings = replace(settings, width_px=640, height_px=480, capacity=3)
    with (
        peer(write_for_ever, settings) as (_, writing),
        FrameReader(CAMERA, base_dir=settings.base_dir) as reader,
    ):
        assert writing.poll(60)
        good = 0
        while good < 200 or reader.lapped_count < 20:
            with reader.view() as view:
                fine = view is not None and is_good(view)
            if view is not None and view.whole:
                assert fine
                good += 1


def test_a_killed_writer_leaves_a_good_frame_and_is_taken_over(settings: ExportSettings) -> None:
    chance = random.Random(20)
    settings = replace(settings, width_px=1280, height_px=720)
    epochs = []
    with FrameReader(CAMERA, base_dir=settings.base_dir) as attached:
        for turn in range(8):
            with peer(write_for_ever, settings, 0.0, turn * 1_000_000 + 1) as (process, writing):
                assert writing.poll(60)
                wait_for(lambda: attached.latest() is not None)
                reached = attached.latest()
                assert reached is not None
                wait_for(
                    lambda: attached.next(reached, timeout_s=0) and chance.random() < 0.1  # noqa: B023
                )
                process.kill()
                process.join()
            fresh = FrameReader(CAMERA, base_dir=settings.base_dir)
            for frame in (attached.latest(), fresh.latest()):
                assert frame is not None
                assert is_good(frame)
                assert frame.timestamp_ns // 1_000_000 == turn
            epochs.append(fresh.epoch)
            assert attached.next(frame, timeout_s=0) is None  # idle, not an error
    assert len(set(epochs)) == 8
    FrameWriter(CAMERA, settings=settings).close()
    assert os.listdir(settings.base_dir) == []


def test_a_writer_of_another_process_is_refused_while_it_lives_even_stopped(
    settings: ExportSettings,
) -> None:
    with peer(write_for_ever, settings, 0.01) as (process, writing):
        assert writing.poll(60)
        assert process.pid
        for state in (signal.SIGSTOP, signal.SIGCONT):
            os.kill(process.pid, state)
            with pytest.raises(WriterConflictError):
                FrameWriter(CAMERA, settings=replace(settings, retry_s=0))
        process.kill()
        process.join()
    writer = FrameWriter(CAMERA, settings=settings)
    assert writer.write(stamped(writer.spec, 7), 7)
    with FrameReader(CAMERA, base_dir=settings.base_dir) as reader:
        frame = reader.latest()
        assert frame is not None
        assert frame.timestamp_ns == 7


@pytest.mark.parametrize("fate", [signal.SIGSTOP, signal.SIGKILL], ids=["stopped", "killed"])
@pytest.mark.parametrize("how", ["copy", "view", "into"])
def test_what_becomes_of_readers_changes_nothing_for_the_writer(
    settings: ExportSettings, fate: signal.Signals, how: str
) -> None:
    settings = replace(settings, width_px=640, height_px=480)
    with FrameWriter(CAMERA, settings=settings) as writer:
        writer.write(stamped(writer.spec, 1), 1)
        with peer(read_for_ever, settings.base_dir, how) as (process, reading):
            assert reading.poll(60)
            assert process.pid
            os.kill(process.pid, fate)
            for stamp in range(2, 500):
                assert writer.write(stamped(writer.spec, stamp), stamp)
            if fate == signal.SIGSTOP:
                os.kill(process.pid, signal.SIGCONT)
                reading.recv()
                reading.send("stop")
                assert reading.poll(60)
                assert reading.recv()[1] == 0
        assert writer.stats.dropped == 0


def test_readers_follow_a_writer_that_restarts_with_another_size(settings: ExportSettings) -> None:
    sizes = [(64, 32), (640, 480), (32, 16)]
    with FrameReader(CAMERA, base_dir=settings.base_dir) as reader:
        last = None
        for turn, (width_px, height_px) in enumerate(sizes):
            sized = replace(settings, width_px=width_px, height_px=height_px)
            with peer(write_for_ever, sized, 0.001, turn * 1000 + 1) as (_, writing):
                wait_for(lambda: reader.spec == FrameSpec(width_px, height_px))  # noqa: B023
                last = reader.next(after=last, timeout_s=60)
                assert last is not None
                assert is_good(last)
                assert last.timestamp_ns // 1000 == turn
                assert writing.poll(60)
                writing.recv()
                writing.send("stop")
                assert writing.poll(60)
                wait_for(lambda: reader.epoch is None)


def test_attaching_and_letting_go_leaves_nothing_behind(settings: ExportSettings) -> None:
    def held() -> tuple[int, int]:
        with open("/proc/self/maps") as maps:
            mapped = sum(settings.base_dir in line for line in maps)
        return len(os.listdir("/proc/self/fd")), mapped

    with FrameWriter(CAMERA, settings=settings) as writer:
        writer.write(stamped(writer.spec, 1), 1)
        before = held()
        for _ in range(10_000):
            with FrameReader(CAMERA, base_dir=settings.base_dir) as reader:
                assert reader.latest() is not None
        assert held() == before
