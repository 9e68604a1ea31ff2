"""Readers of format version 1, unchanged, on the same files."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from kernel import ExportSettings, FrameReader, FrameWriter, StorageError
from tests.kernel.peers import CAMERA, peer, stamp_of, stamped, wait_for, write_for_ever
from tests.kernel.version1_reader import Meta, read_data, read_meta

SIZE = (64, 32)


def names(folder: Path) -> tuple[str, str]:
    return str(folder / "frame.data"), str(folder / "frame.meta")


def data_stamp(data: bytes | None) -> int | None:
    return None if data is None else stamp_of(np.frombuffer(data, np.uint8))


@pytest.fixture
def folder(base_dir: str) -> Path:
    return Path(base_dir, CAMERA)


def test_both_files_are_there_and_empty_before_the_first_frame(
    settings: ExportSettings, folder: Path
) -> None:
    with FrameWriter(CAMERA, settings=settings):
        assert sorted(os.listdir(folder)) == ["frame.data", "frame.meta"]
        assert [(folder / name).stat().st_size for name in os.listdir(folder)] == [0, 0]
    assert not folder.exists()


def test_they_hold_the_newest_frame_and_its_metadata(
    settings: ExportSettings, folder: Path
) -> None:
    data, meta = names(folder)
    with FrameWriter(CAMERA, settings=settings) as writer:
        for stamp in range(100, 120):
            writer.write(stamped(writer.spec, stamp), stamp)
            assert read_meta(meta) == Meta(stamp - 99, stamp, 64, 32, 0, 64, 3072)
            assert data_stamp(read_data(data, *SIZE)) == stamp
            assert os.path.getsize(data) == 3072
            assert os.path.getsize(meta) == 64
    assert read_meta(meta) is None
    assert read_data(data, *SIZE) is None


def test_there_is_one_copy_of_a_frame_for_both_kinds_of_reader(
    settings: ExportSettings, base_dir: str, folder: Path
) -> None:
    with FrameWriter(CAMERA, settings=settings) as writer:
        writer.write(stamped(writer.spec, 1), 1)
        slots = Path(base_dir, ".rings", CAMERA).glob("slot-*")
        assert os.stat(folder / "frame.data").st_ino in {path.stat().st_ino for path in slots}


def test_native_only_keeps_no_names(settings: ExportSettings, folder: Path) -> None:
    with FrameWriter(CAMERA, settings=settings, version1_names=False) as writer:
        writer.write(stamped(writer.spec, 1), 1)
        assert not folder.exists()


def test_whoever_opened_the_folder_keeps_one_frame_then_empty_files_then_the_next(
    settings: ExportSettings, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_ns = time.monotonic_ns()
    monkeypatch.setattr("kernel.writer.monotonic_ns", lambda: now_ns)
    seen: list[tuple[int | None, int | None]] = []
    with FrameWriter(CAMERA, settings=settings) as writer:
        writer.write(stamped(writer.spec, 1), 1)
        held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        for stamp in range(2, 12):
            now_ns += 33_000_000
            lease = writer.slot()
            assert lease is not None
            lease.buffer[:] = bytes(stamped(writer.spec, stamp))
            for _ in range(2):
                meta = read_meta("frame.meta", held)
                data = read_data("frame.data", *SIZE, held)
                seen.append((meta.timestamp_ns if meta else None, data_stamp(data)))
                lease.publish(stamp)
        os.close(held)
    assert all(meta == data for meta, data in seen)
    # Before and after each of ten frames. A slot is filled again after 4 frames, and half a ring
    # ahead of that its names are of empty files.
    expected = [1, 1, 1, None, None, None, None, 5, 5, 5, 5, None, None, None, None, 9, 9, 9, 9]
    assert [meta for meta, _ in seen] == [*expected, None]


def test_at_speeds_that_cameras_do_not_have_names_are_left_as_they_are(
    settings: ExportSettings, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_ns = time.monotonic_ns()
    monkeypatch.setattr("kernel.writer.monotonic_ns", lambda: now_ns)
    with FrameWriter(CAMERA, settings=settings) as writer:
        for stamp in range(1, 100):
            now_ns += 100_000
            writer.write(stamped(writer.spec, stamp), stamp)
            assert data_stamp(read_data(names(folder)[0], *SIZE)) == stamp
        for stamp in range(100, 200):
            now_ns += 33_000_000
            writer.write(stamped(writer.spec, stamp), stamp)
            assert data_stamp(read_data(names(folder)[0], *SIZE)) == stamp


Pair = tuple[Meta | None, bytes | None]


def by_descriptor_meta_first(folder: str) -> Pair:
    held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        return read_meta("frame.meta", held), read_data("frame.data", *SIZE, held)
    finally:
        os.close(held)


def by_descriptor_data_first(folder: str) -> Pair:
    held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        data = read_data("frame.data", *SIZE, held)
        return read_meta("frame.meta", held), data
    finally:
        os.close(held)


def by_name_until_metadata_agrees(folder: str) -> Pair:
    data, meta = names(Path(folder))
    first, pixels = read_meta(meta), read_data(data, *SIZE)
    return (first, pixels) if first == read_meta(meta) else (None, None)


@pytest.mark.parametrize(
    "read",
    [by_descriptor_meta_first, by_descriptor_data_first, by_name_until_metadata_agrees],
)
def test_no_version_1_reader_mixes_two_frames(
    settings: ExportSettings, folder: Path, read: Callable[[str], Pair]
) -> None:
    # A ring of 1.2 s: this process may be held up for long on a busy machine.
    settings = replace(settings, capacity=120)
    with peer(write_for_ever, settings, 0.01) as (_, writing):
        assert writing.poll(60)
        seen: set[int] = set()
        reads = 0
        while reads < 1000 or len(seen) < 20:
            meta, data = read(str(folder))
            if meta is not None and data is not None:
                assert data_stamp(data) == meta.timestamp_ns
                seen.add(meta.timestamp_ns)
                reads += 1


@pytest.mark.parametrize("order", ["metadata first", "data first"])
def test_a_folder_held_for_ever_never_shows_a_mixture(
    settings: ExportSettings, folder: Path, order: str
) -> None:
    settings = replace(settings, capacity=120)
    with peer(write_for_ever, settings, 0.01) as (_, writing):
        assert writing.poll(60)
        wait_for(lambda: read_meta(str(folder / "frame.meta")))
        held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        seen: set[int] = set()
        empty = 0
        while len(seen) < 3 or not empty:
            if order == "metadata first":
                meta = read_meta("frame.meta", held)
                data = read_data("frame.data", *SIZE, held)
            else:
                data = read_data("frame.data", *SIZE, held)
                meta = read_meta("frame.meta", held)
            if meta is None or data is None:
                empty += 1
            else:
                assert data_stamp(data) == meta.timestamp_ns
                seen.add(meta.timestamp_ns)
        os.close(held)


def test_what_the_reference_exporter_left_is_taken_over(
    settings: ExportSettings, folder: Path
) -> None:
    folder.mkdir()
    for name in ("frame.data", "frame.meta", "frame.data.tmp"):
        (folder / name).write_bytes(b"old")
    with FrameWriter(CAMERA, settings=settings):
        assert {path.name: path.stat().st_size for path in folder.iterdir()} == {
            "frame.data": 0,
            "frame.meta": 0,
        }


def test_files_of_others_are_never_removed(
    settings: ExportSettings, base_dir: str, folder: Path
) -> None:
    folder.mkdir()
    (folder / "notes.txt").write_text("mine")
    with pytest.raises(StorageError, match=r"notes\.txt"):
        FrameWriter(CAMERA, settings=settings)
    assert (folder / "notes.txt").read_text() == "mine"
    assert os.listdir(base_dir) == [CAMERA]


def test_names_that_somebody_took_away_end_alone_and_with_one_line(
    settings: ExportSettings, base_dir: str, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        FrameWriter(CAMERA, settings=settings) as writer,
        FrameReader(CAMERA, base_dir=base_dir) as reader,
        caplog.at_level(logging.WARNING, "kernel"),
    ):
        writer.write(stamped(writer.spec, 1), 1)
        folder.rename(folder.with_name("away"))
        for stamp in range(2, 20):
            assert writer.write(stamped(writer.spec, stamp), stamp)
            frame = reader.latest()
            assert frame is not None
            assert frame.timestamp_ns == stamp
        assert writer.active
        assert writer.stats.failures == 1
    assert len(caplog.records) == 1
    assert "version 1 names have ended" in caplog.text


def test_where_folders_cannot_be_exchanged_the_start_says_so(
    settings: ExportSettings, base_dir: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kernel.version1._renameat2", None)
    with pytest.raises(StorageError, match="renameat2"):
        FrameWriter(CAMERA, settings=settings)
    assert os.listdir(base_dir) == []
    FrameWriter(CAMERA, settings=settings, version1_names=False).close()
