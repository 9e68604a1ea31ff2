"""One writer and its readers, in one process."""

from __future__ import annotations

import grp
import logging
import os
import signal
import stat
import time
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kernel import (
    CameraIdError,
    ExportDisabledError,
    ExportSettings,
    FrameReader,
    FrameSizeError,
    FrameSpec,
    FrameWriter,
    SettingsError,
    StorageError,
    WriterConflictError,
    forking,
)
from tests.kernel.peers import CAMERA, fill, is_good, stamped, wait_for


@pytest.fixture
def writer(settings: ExportSettings) -> FrameWriter:
    return FrameWriter(CAMERA, settings=settings)


@pytest.fixture
def reader(base_dir: str) -> FrameReader:
    return FrameReader(CAMERA, base_dir=base_dir)


def put(writer: FrameWriter, *stamps: int) -> None:
    for stamp in stamps:
        assert writer.write(stamped(writer.spec, stamp), stamp)


def test_a_reader_gets_the_newest_frame_with_its_own_metadata(
    writer: FrameWriter, reader: FrameReader
) -> None:
    put(writer, 11, 12, 13)
    frame = reader.latest()
    assert frame is not None
    assert is_good(frame)
    assert (frame.timestamp_ns, frame.sequence, frame.frame_id) == (13, 3, 3)
    assert frame.epoch == writer.epoch == reader.epoch
    assert frame.spec == FrameSpec(64, 32) == reader.spec
    assert frame.data.shape == (48, 64)
    assert frame.age < 60


def test_planes_are_views_of_the_frame(writer: FrameWriter, reader: FrameReader) -> None:
    pixels = np.arange(writer.spec.size_bytes, dtype=np.uint32).astype(np.uint8)
    writer.write(pixels)
    frame = reader.latest()
    assert frame is not None
    assert frame.y.shape == (32, 64)
    assert frame.uv.shape == (16, 32, 2)
    assert (frame.y.reshape(-1) == pixels[: 64 * 32]).all()
    assert (frame.uv.reshape(-1) == pixels[64 * 32 :]).all()
    assert np.shares_memory(frame.y, frame.data)
    assert np.shares_memory(frame.uv, frame.data)


def test_without_a_camera_or_a_frame_there_is_nothing(
    settings: ExportSettings, reader: FrameReader
) -> None:
    assert reader.latest() is None
    assert reader.age is None
    with reader.view() as view:
        assert view is None
    assert reader.next(timeout_s=0.01) is None
    with FrameWriter(CAMERA, settings=settings):
        assert reader.latest() is None
        assert reader.age is None
        assert reader.spec == settings.spec


def test_a_slot_is_filled_in_place_and_published(writer: FrameWriter, reader: FrameReader) -> None:
    lease = writer.slot()
    assert lease is not None
    assert len(lease.buffer) == writer.spec.size_bytes
    fill(lease.buffer, 5)
    assert reader.latest() is None
    assert lease.publish(5)
    frame = reader.latest()
    assert frame is not None
    assert is_good(frame)
    assert not lease.publish(6)  # once only
    assert writer.stats.published == 1


def test_a_dropped_slot_is_never_seen_and_counts_as_a_lost_frame(
    writer: FrameWriter, reader: FrameReader
) -> None:
    put(writer, 1)
    lease = writer.slot()
    assert lease is not None
    fill(lease.buffer, 2)
    lease.drop()
    with writer.slot() or pytest.fail("no slot") as second:
        second.buffer[:8] = bytes(8)
    writer.skip(2)
    put(writer, 3)
    frame = reader.latest()
    assert frame is not None
    assert is_good(frame)
    assert (frame.sequence, frame.frame_id) == (2, 6)
    assert writer.stats.dropped == 4


def test_a_forgotten_slot_comes_back(writer: FrameWriter) -> None:
    assert writer.slot() is not None
    assert writer.write(stamped(writer.spec, 1), 1)


def test_while_a_slot_is_lent_other_frames_are_dropped(writer: FrameWriter) -> None:
    lease = writer.slot()
    assert lease is not None
    assert writer.slot() is None
    assert not writer.write(stamped(writer.spec, 1), 1)
    assert writer.stats.dropped == 2
    assert lease.publish(1)


def test_latest_fills_the_array_that_it_is_given(writer: FrameWriter, reader: FrameReader) -> None:
    put(writer, 8)
    into = np.empty(writer.spec.size_bytes, np.uint8)
    frame = reader.latest(into)
    assert frame is not None
    assert np.shares_memory(frame.data, into)
    assert is_good(frame)


def test_an_array_of_another_size_is_refused(writer: FrameWriter, reader: FrameReader) -> None:
    put(writer, 8)
    fixed = np.empty(writer.spec.size_bytes, np.uint8)
    fixed.flags.writeable = False
    for into in (np.empty(7, np.uint8), np.empty((96, 64), np.uint8)[::2], fixed):
        with pytest.raises(FrameSizeError, match="64x32"):
            reader.latest(into)


def test_a_view_is_in_place_and_read_only(writer: FrameWriter, reader: FrameReader) -> None:
    put(writer, 1)
    with reader.view() as view:
        assert view is not None
        assert is_good(view)
        assert view.whole
        with pytest.raises(ValueError, match="read-only"):
            view.data[0, 0] = 1
    put(writer, 2, 3, 4, 5, 6)
    assert view.whole  # it was, to the end of its block
    assert reader.lapped_count == 0


def test_a_view_tells_that_it_was_overwritten(writer: FrameWriter, reader: FrameReader) -> None:
    put(writer, 1)
    with reader.view() as view:
        assert view is not None
        put(writer, 2, 3, 4)
        assert view.whole
        lease = writer.slot()
        assert not view.whole
    assert not view.whole
    assert reader.lapped_count == 1
    assert lease is not None
    lease.drop()


def test_next_gives_each_frame_once(writer: FrameWriter, reader: FrameReader) -> None:
    put(writer, 1, 2)
    first = reader.next()
    assert first is not None
    assert first.timestamp_ns == 2
    assert reader.next(after=first, timeout_s=0) is None
    assert reader.next(after=first.sequence, timeout_s=0) is None
    put(writer, 3)
    for after in (first, first.sequence):
        later = reader.next(after=after, timeout_s=0)
        assert later is not None
        assert later.timestamp_ns == 3


def test_iteration_gives_the_newest_of_what_was_missed(
    writer: FrameWriter, reader: FrameReader
) -> None:
    frames = iter(reader)
    put(writer, 1)
    assert next(frames).timestamp_ns == 1
    put(writer, 2, 3, 4, 5, 6, 7, 8, 9)
    assert next(frames).timestamp_ns == 9


@pytest.mark.parametrize(
    ("max_fps", "expected"),
    [(None, range(1, 31)), (30, range(1, 31)), (25, range(1, 31, 2)), (10, range(1, 31, 3))],
)
def test_iteration_takes_frames_by_the_time_since_the_last_one_taken(
    settings: ExportSettings,
    reader: FrameReader,
    monkeypatch: pytest.MonkeyPatch,
    max_fps: float | None,
    expected: range,
) -> None:
    stamps = iter(range(1, 31))
    now_ns = time.monotonic_ns()

    def one_more_frame(*_: object) -> None:
        nonlocal now_ns
        now_ns += 33_300_000
        stamp = next(stamps, None)
        if stamp is None:
            source.close()
        else:
            put(source, stamp)

    monkeypatch.setattr("kernel.writer.monotonic_ns", lambda: now_ns)
    monkeypatch.setattr("kernel.reader.time.monotonic_ns", lambda: now_ns)
    for sleep in ("sleep_on", "sleep_on_heads"):
        monkeypatch.setattr(f"kernel.reader.{sleep}", one_more_frame)
    source = FrameWriter(CAMERA, settings=settings)
    assert reader.epoch
    taken = [f.timestamp_ns for f in reader.frames(max_fps=max_fps, until_end=True)]
    assert taken == list(expected)


def test_a_rate_of_nothing_is_refused(reader: FrameReader) -> None:
    with pytest.raises(ValueError, match="max_fps"):
        next(reader.frames(max_fps=0))


def test_iteration_ends_after_a_time_without_frames(
    writer: FrameWriter, reader: FrameReader
) -> None:
    put(writer, 1)
    assert [frame.timestamp_ns for frame in reader.frames(timeout_s=0.01)] == [1]


def test_the_end_is_seen_and_is_not_an_error(
    writer: FrameWriter, reader: FrameReader, base_dir: str
) -> None:
    put(writer, 1)
    frames = reader.frames(until_end=True)
    assert next(frames).timestamp_ns == 1
    writer.close()
    writer.close()
    assert list(frames) == []
    assert reader.latest() is None
    assert reader.epoch is None
    assert os.listdir(base_dir) == []
    assert not writer.active
    assert not writer.write(stamped(writer.spec, 2), 2)
    assert writer.slot() is None


def test_a_view_outlives_its_camera(writer: FrameWriter, reader: FrameReader) -> None:
    put(writer, 1)
    with reader.view() as view:
        writer.close()
        reader.close()
        assert view is not None
        assert is_good(view)
    assert reader.latest() is None


def test_readers_follow_a_restart_and_a_new_size(
    writer: FrameWriter, reader: FrameReader, settings: ExportSettings
) -> None:
    put(writer, 1, 2, 3)
    before = reader.latest()
    assert before is not None
    writer.close()
    writer = FrameWriter(CAMERA, FrameSpec(32, 16), settings=settings)
    put(writer, 4)
    after = reader.next(after=before, timeout_s=0)
    assert after is not None
    assert is_good(after)
    assert (after.spec, after.sequence, after.frame_id) == (FrameSpec(32, 16), 1, 1)
    assert after.epoch > before.epoch
    assert is_good(before)


def test_a_sequence_of_an_earlier_epoch_hides_no_frame(
    writer: FrameWriter, reader: FrameReader, settings: ExportSettings
) -> None:
    put(writer, *range(1, 8))
    before = reader.latest()
    assert before is not None
    writer.close()
    put(writer := FrameWriter(CAMERA, settings=settings), 100)
    after = reader.next(after=before.sequence, timeout_s=0)
    assert after is not None
    assert (after.timestamp_ns, after.epoch) == (100, writer.epoch)


def test_readers_notice_files_that_were_replaced_behind_their_back(
    writer: FrameWriter, reader: FrameReader, settings: ExportSettings, base_dir: str
) -> None:
    put(writer, 1)
    assert reader.latest() is not None
    os.rename(f"{base_dir}/.rings", f"{base_dir}/.moved")
    wait_for(lambda: reader.latest() is None)
    put(second := FrameWriter(CAMERA, settings=settings), 2)
    frame = reader.latest()
    assert frame is not None
    assert frame.epoch == second.epoch


def test_sequences_wrap_around_without_a_bad_frame(
    settings: ExportSettings, reader: FrameReader
) -> None:
    first = (1 << 63) // 4 * 4 - 5
    writer = FrameWriter(CAMERA, settings=settings, first_sequence=first)
    last, sequences = None, []
    for stamp in range(1, 12):
        put(writer, stamp)
        last = reader.next(after=last, timeout_s=0)
        assert last is not None
        assert is_good(last)
        assert last.timestamp_ns == stamp
        sequences.append(last.sequence)
    assert sequences == [*range(first, first + 5), 4, 5, 6, 7, 8, 9]


def test_frames_that_are_strided_are_copied_once_and_right(
    writer: FrameWriter, reader: FrameReader
) -> None:
    wide = np.arange(48 * 100, dtype=np.uint32).astype(np.uint8).reshape(48, 100)
    assert writer.write(wide[:, :64])
    frame = reader.latest()
    assert frame is not None
    assert (frame.data == wide[:, :64]).all()


@pytest.mark.parametrize("frame", [b"short", "text", None, 7, np.zeros((48, 65), np.uint8)])
def test_what_is_not_a_frame_is_rejected_and_logged_once(
    writer: FrameWriter, reader: FrameReader, caplog: pytest.LogCaptureFixture, frame: object
) -> None:
    with caplog.at_level(logging.WARNING, "kernel"):
        for _ in range(3):
            assert not writer.write(frame)  # type: ignore[arg-type]
    assert writer.stats.rejected == 3
    assert len(caplog.records) == 1
    put(writer, 4)
    newest = reader.latest()
    assert newest is not None
    assert newest.frame_id == 4


@pytest.mark.parametrize("timestamp_ns", [-1, 1 << 64, "now", 1.5])
def test_a_time_that_is_none_is_rejected(
    writer: FrameWriter, reader: FrameReader, timestamp_ns: int
) -> None:
    put(writer, 1)
    assert not writer.write(stamped(writer.spec, 2), timestamp_ns)
    frame = reader.latest()
    assert frame is not None
    assert is_good(frame)
    put(writer, 3)
    frame = reader.latest()
    assert frame is not None
    assert is_good(frame)


def test_a_fault_ends_the_export_with_one_line_and_never_raises(
    writer: FrameWriter, reader: FrameReader, caplog: pytest.LogCaptureFixture, base_dir: str
) -> None:
    put(writer, 1)
    assert reader.latest() is not None
    writer._slots = []  # no fault from outside gets this far
    with caplog.at_level(logging.WARNING, "kernel"):
        for _ in range(3):
            assert not writer.write(stamped(writer.spec, 2), 2)
            assert writer.slot() is None
    assert len(caplog.records) == 1
    assert "export has ended" in caplog.text
    assert writer.stats.failures == 1
    assert not writer.active
    assert os.listdir(base_dir) == []
    assert reader.latest() is None


def test_a_second_writer_is_refused_while_the_first_lives(
    writer: FrameWriter, reader: FrameReader, settings: ExportSettings
) -> None:
    put(writer, 1)
    with pytest.raises(WriterConflictError, match="another live writer"):
        FrameWriter(CAMERA, settings=replace(settings, retry_s=0))
    put(writer, 2)
    frame = reader.latest()
    assert frame is not None
    assert frame.timestamp_ns == 2


def test_a_writer_takes_a_camera_that_another_one_lets_go_of_meanwhile(
    writer: FrameWriter, settings: ExportSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def pause(_: float) -> None:
        assert forking.starting.acquire(blocking=False)  # the host may fork
        forking.starting.release()
        writer.close()

    monkeypatch.setattr("kernel.writer.sleep", pause)
    FrameWriter(CAMERA, settings=settings).close()


def test_a_writer_that_is_forgotten_gives_its_camera_back(
    settings: ExportSettings, base_dir: str
) -> None:
    put(FrameWriter(CAMERA, settings=settings), 1)
    assert os.listdir(base_dir) == []
    FrameWriter(CAMERA, settings=settings)


def test_the_child_of_a_fork_owns_nothing(
    writer: FrameWriter, reader: FrameReader, settings: ExportSettings
) -> None:
    put(writer, 1)
    read_end, write_end = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if pid == 0:
        wrote = writer.write(stamped(writer.spec, 9), 9)
        writer.close()
        os.write(write_end, b"wrote" if wrote else b"nothing")
        signal.pause()
    try:
        assert os.read(read_end, 10) == b"nothing"
        put(writer, 2)
        frame = reader.latest()
        assert frame is not None
        assert frame.timestamp_ns == 2
        writer.close()
        # The child still lives, and does not hold the camera.
        FrameWriter(CAMERA, settings=settings).close()
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(read_end)
        os.close(write_end)


def test_export_that_is_off_makes_no_writer(base_dir: str) -> None:
    with pytest.raises(ExportDisabledError):
        FrameWriter(CAMERA, settings=ExportSettings(base_dir=base_dir))
    assert os.listdir(base_dir) == []


def test_settings_give_what_is_not_said(base_dir: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (
        ("ENABLED", "true"),
        ("DIR", base_dir),
        ("V1_NAMES", "false"),
    ):
        monkeypatch.setenv(f"AI_FRAME_EXPORT_{name}", value)
    monkeypatch.setenv("AI_FRAME_WIDTH", "32")
    monkeypatch.setenv("AI_FRAME_HEIGHT", "16")
    monkeypatch.setenv("AI_FRAME_BUFFER_CAPACITY", "3")
    with FrameWriter(CAMERA) as writer, FrameReader(CAMERA) as other:
        assert (writer.spec, writer.capacity) == (FrameSpec(32, 16), 3)
        put(writer, 1)
        assert other.latest() is not None
        assert os.listdir(base_dir) == [".rings"]


def test_files_are_for_the_owner_and_the_group_only(settings: ExportSettings) -> None:
    group = grp.getgrgid(os.getgid()).gr_name
    umask = os.umask(0)
    try:
        base = f"{settings.base_dir}/base"
        writer = FrameWriter(CAMERA, settings=replace(settings, base_dir=base, group=group))
    finally:
        os.umask(umask)
    put(writer, 1)
    for path in (Path(base), *Path(base).rglob("*")):
        mode, lock = stat.S_IMODE(path.stat().st_mode), path.name == "lock"
        assert mode == (0o750 if path.is_dir() else 0o600 if lock else 0o640), path
        assert path.stat().st_gid == os.getgid()


def test_a_group_that_does_not_exist_is_refused(settings: ExportSettings) -> None:
    with pytest.raises(StorageError, match="no-such-group"):
        FrameWriter(CAMERA, settings=replace(settings, group="no-such-group"))


@pytest.mark.parametrize("camera_id", ["..", "a/../../b", ""])
def test_ids_that_could_leave_the_folder_make_nothing(
    settings: ExportSettings, base_dir: str, camera_id: str
) -> None:
    with pytest.raises(CameraIdError):
        FrameWriter(camera_id, settings=settings)
    with pytest.raises(CameraIdError):
        FrameReader(camera_id, base_dir=base_dir)
    assert os.listdir(base_dir) == []


def test_a_base_folder_that_everybody_may_change_is_refused(
    settings: ExportSettings, base_dir: str
) -> None:
    os.chmod(base_dir, 0o777)
    with pytest.raises(StorageError, match="every user"):
        FrameWriter(CAMERA, settings=settings)


def test_a_base_folder_that_cannot_be_is_one_clear_error(
    settings: ExportSettings, base_dir: str
) -> None:
    for base in (f"{base_dir}/no/such", "/proc/self/status"):
        with pytest.raises(StorageError, match=CAMERA):
            FrameWriter(CAMERA, settings=replace(settings, base_dir=base))


@pytest.mark.parametrize("capacity", [-1, 0, 2, 1025, 1 << 40])
def test_a_capacity_that_cannot_be_is_refused(settings: ExportSettings, capacity: int) -> None:
    with pytest.raises(SettingsError, match="capacity"):
        FrameWriter(CAMERA, settings=settings, capacity=capacity)


def test_a_ring_without_bounds_is_refused(settings: ExportSettings) -> None:
    with pytest.raises(SettingsError, match="more than a ring may have"):
        FrameWriter(CAMERA, FrameSpec(16384, 16384), capacity=1024, settings=settings)


def test_rings_hold_no_descriptor_for_each_slot(settings: ExportSettings, base_dir: str) -> None:
    before = len(os.listdir("/proc/self/fd"))
    with FrameWriter(CAMERA, settings=settings, capacity=100) as writer:
        put(writer, 1)
        assert len(os.listdir("/proc/self/fd")) == before + 3  # the folders and the lock
        with FrameReader(CAMERA, base_dir=base_dir) as reader:
            assert reader.latest() is not None
            assert len(os.listdir("/proc/self/fd")) == before + 3
    assert len(os.listdir("/proc/self/fd")) == before


def test_numbers_of_numpy_are_numbers(base_dir: str) -> None:
    of: Any = np.int64
    spec = FrameSpec(of(64), of(32))
    assert spec == FrameSpec(64, 32)
    settings = ExportSettings(enabled=True)
    with (
        FrameWriter("cam", spec, capacity=of(4), base_dir=base_dir, settings=settings) as one,
        FrameReader("cam", settings=replace(settings, base_dir=base_dir)) as reader,
    ):
        one.skip(of(2))
        assert one.write(stamped(spec, 7), of(123))
        frame = reader.latest()
        assert frame is not None
        assert (frame.timestamp_ns, frame.frame_id) == (123, 3)
        pixels = np.asarray(frame)
        assert pixels is frame.data or pixels.base is not None
        assert np.shares_memory(pixels, frame.data)
        assert not np.shares_memory(np.array(frame), frame.data)
        assert repr(frame) == "<Frame 3, 64x32, sequence 1>"
        assert repr(one) == "<FrameWriter 'cam', 64x32, 4 slots, exporting>"
        assert repr(reader) == "<FrameReader 'cam', attached>"
    assert repr(one) == "<FrameWriter 'cam', 64x32, 4 slots, ended>"
    for wrong in ("64", 64.0, None):
        with pytest.raises(FrameSizeError):
            FrameSpec(wrong, 32)  # type: ignore[arg-type]
