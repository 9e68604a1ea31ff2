"""Files that are not ours, or not sane: one typed error or nothing, never a crash."""

from __future__ import annotations

import os
import select
import shutil
import struct
import tempfile
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from kernel import (
    ExportSettings,
    FrameReader,
    FrameWriter,
    ReaderError,
    RingFormatError,
    RingVersionError,
)
from kernel.catalogue import list_rings
from kernel.layout import ENTRY_BYTES, HEADER_BYTES, Header
from tests.kernel.peers import CAMERA, is_good, stamped

CAPACITY = 4
CONTROL_BYTES = HEADER_BYTES + CAPACITY * ENTRY_BYTES
WORDS = CONTROL_BYTES // 8
word = st.one_of(st.integers(0, 8), st.integers(0, (1 << 64) - 1), st.just((1 << 64) - 1))


@pytest.fixture
def folder(settings: ExportSettings, base_dir: str) -> Iterator[Path]:
    """A camera's folder with a ring in it, whose writer is there but does nothing more."""
    with FrameWriter(CAMERA, settings=settings) as writer:
        for stamp in range(1, 7):
            writer.write(stamped(writer.spec, stamp), stamp)
        yield Path(base_dir, ".rings", CAMERA)


def look(base_dir: str) -> None:
    """All ways to read: a good frame, nothing, or a `ReaderError`."""
    with suppress(ReaderError), FrameReader(CAMERA, base_dir=base_dir) as reader:
        frame = reader.latest()
        assert frame is None or frame.data.shape == frame.spec.shape
        with reader.view() as view:
            assert view is None or view.data.max() >= 0
        reader.next(timeout_s=0, poll_s=0)
        next(reader.frames(timeout_s=0, poll_s=0), None)
        assert reader.age is None or isinstance(reader.age, float)
    (info,) = list_rings(base_dir)
    assert info.camera_id == CAMERA


@contextmanager
def control_file() -> Iterator[tuple[str, Path]]:
    """A base folder with a good ring that nobody owns, and the path of its control file."""
    base = tempfile.mkdtemp(prefix="vas-test-", dir="/dev/shm")
    try:
        settings = ExportSettings(
            enabled=True, width_px=64, height_px=32, capacity=CAPACITY, base_dir=base
        )
        with FrameWriter(CAMERA, settings=settings, version1_names=False) as writer:
            for stamp in range(1, 7):
                writer.write(stamped(writer.spec, stamp), stamp)
            yield base, Path(base, ".rings", CAMERA, "frame.ring")
    finally:
        shutil.rmtree(base)


def replace(path: Path, data: bytes) -> None:
    """Another file in its place: the writer of the first one still has that mapped."""
    path.unlink()
    path.write_bytes(data)


@hypothesis_settings(max_examples=60, deadline=None)
@given(changes=st.dictionaries(st.integers(0, WORDS - 1), word, max_size=4))
def test_any_word_of_the_control_file_may_lie(changes: dict[int, int]) -> None:
    with control_file() as (base, path):
        data = bytearray(path.read_bytes())
        for index, value in changes.items():
            struct.pack_into("@Q", data, index * 8, value)
        replace(path, bytes(data))
        look(base)


@hypothesis_settings(max_examples=60, deadline=None)
@given(data=st.binary(max_size=CONTROL_BYTES + 64))
def test_any_bytes_may_be_in_the_control_file(data: bytes) -> None:
    with control_file() as (base, path):
        replace(path, bytes(data))
        look(base)


@hypothesis_settings(max_examples=60, deadline=None)
@given(changes=st.dictionaries(st.integers(Header.HEAD, WORDS - 1), word, max_size=4))
def test_any_word_may_begin_to_lie_while_a_reader_is_attached(changes: dict[int, int]) -> None:
    with control_file() as (base, path), FrameReader(CAMERA, base_dir=base) as reader:
        frame = reader.latest()
        assert frame is not None
        assert is_good(frame)
        with path.open("r+b") as control:
            for index, value in changes.items():
                control.seek(index * 8)
                control.write(struct.pack("@Q", value))
        frame = reader.latest()
        assert frame is None or frame.data.shape == frame.spec.shape
        with reader.view() as view:
            assert view is None or view.data.max() >= 0
        reader.next(after=frame, timeout_s=0)
        assert reader.age is None or isinstance(reader.age, float)


LIES = [
    (Header.MAGIC, 0, "does not begin as one"),
    (Header.HEADER_BYTES, 8, "header_bytes"),
    (Header.ENTRY_BYTES, 0, "entry_bytes"),
    (Header.CAPACITY, 0, "capacity of 0"),
    (Header.CAPACITY, 1 << 63, "capacity of"),
    (Header.CAPACITY, 1000, "too few for its slots"),
    (Header.FRAME_BYTES, 1 << 40, "frame_bytes"),
    (Header.WIDTH_PX, 65, "width"),
    (Header.WIDTH_PX, 1 << 62, "width"),
    (Header.HEIGHT_PX, 0, "height"),
    (Header.HEIGHT_PX, 34, "frame_bytes"),
    (Header.PIXEL_FORMAT, 9, "pixel_format is 9"),
    (Header.STRIDE_BYTES, 128, "stride_bytes is 128"),
    (Header.EPOCH, 5, "slot's file is missing"),
]


@pytest.mark.parametrize(("field", "value", "problem"), LIES)
def test_what_is_wrong_is_said(
    folder: Path, base_dir: str, field: Header, value: int, problem: str
) -> None:
    with (folder / "frame.ring").open("r+b") as control:
        control.seek(field.offset)
        control.write(struct.pack("@Q", value))
    reader = FrameReader(CAMERA, base_dir=base_dir)
    for _ in range(2):
        with pytest.raises(RingFormatError, match=problem):
            reader.latest()
    assert problem in str(list_rings(base_dir)[0].problem)


def test_a_later_version_is_told_apart(folder: Path, base_dir: str) -> None:
    with (folder / "frame.ring").open("r+b") as control:
        control.seek(Header.VERSION.offset)
        control.write(struct.pack("@Q", 2))
    with pytest.raises(RingVersionError, match="version 2"):
        FrameReader(CAMERA, base_dir=base_dir).latest()


def slot_0(folder: Path) -> Path:
    return next(path for path in folder.iterdir() if path.name.endswith("-0") and path.is_file())


def _unlinked(make: Callable[[Path], object]) -> Callable[[Path], None]:
    def way(path: Path) -> None:
        path.unlink()
        make(path)

    return way


WAYS: dict[str, Callable[[Path], None]] = {
    "truncated": lambda path: replace(path, path.read_bytes()[:100]),
    "empty": lambda path: replace(path, b""),
    "a pipe": _unlinked(os.mkfifo),
    "a folder": _unlinked(os.mkdir),
    "a link": _unlinked(lambda path: os.symlink("/etc/hostname", path)),
    "a device": _unlinked(lambda path: os.symlink("/dev/zero", path)),
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())
@pytest.mark.parametrize("what", ["frame.ring", "slot"])
def test_files_that_are_something_else_are_one_typed_error(
    folder: Path, base_dir: str, way: Callable[[Path], None], what: str
) -> None:
    way(slot_0(folder) if what == "slot" else folder / what)
    with pytest.raises(RingFormatError, match=CAMERA):
        FrameReader(CAMERA, base_dir=base_dir).latest()


def test_a_slot_larger_than_a_frame_is_refused(folder: Path, base_dir: str) -> None:
    os.truncate(slot_0(folder), 1 << 30)
    with pytest.raises(RingFormatError, match="bytes, not 3072"):
        FrameReader(CAMERA, base_dir=base_dir).latest()


def test_a_link_in_place_of_the_folder_is_refused(
    folder: Path, base_dir: str, tmp_path: Path
) -> None:
    folder.rename(folder.with_name("elsewhere"))
    folder.symlink_to(tmp_path)
    with pytest.raises(RingFormatError, match="cannot be opened"):
        FrameReader(CAMERA, base_dir=base_dir).latest()
    folder.unlink()
    folder.with_name("elsewhere").rename(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_who_may_not_read_gets_one_typed_error(folder: Path, base_dir: str) -> None:
    os.chmod(base_dir, 0o755)
    assert folder.exists()
    pid = os.fork()
    if pid == 0:
        try:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
            FrameReader(CAMERA, base_dir=base_dir).latest()
        except ReaderError as error:
            os._exit(7 if "not allowed" in str(error) else 1)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_a_reader_of_the_group_meets_no_folder_before_its_final_mode(base_dir: str) -> None:
    group, base = 4100, Path(base_dir, "made-by-the-writer")
    os.chmod(base_dir, 0o755)
    os.chown(base_dir, 4000, group)
    starts, done = 300, os.pipe()
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            os.close(done[1])
            os.setgroups([group])
            os.setgid(4002)
            os.setuid(4002)
            reader = FrameReader(CAMERA, base_dir=str(base))
            while not select.select([done[0]], [], [], 0)[0]:
                reader.latest()
            code = 0
        except Exception:
            traceback.print_exc()
        finally:
            os._exit(code)
    writing = os.fork()
    if writing == 0:
        code = 1
        try:
            os.setgroups([group])
            os.setgid(4000)
            os.setuid(4000)
            settings = ExportSettings(
                enabled=True,
                width_px=64,
                height_px=32,
                capacity=CAPACITY,
                base_dir=str(base),
                group=str(group),
            )
            for _ in range(starts):
                with FrameWriter(CAMERA, settings=settings) as writer:
                    writer.write(stamped(writer.spec, 1), 1)
            code = 0
        except Exception:
            traceback.print_exc()
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(writing, 0)[1]) == 0
    os.close(done[1])
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    os.close(done[0])


@hypothesis_settings(max_examples=40, deadline=None)
@given(data=st.binary(min_size=CONTROL_BYTES, max_size=CONTROL_BYTES), ours=st.booleans())
def test_a_writer_takes_over_whatever_is_there(data: bytes, ours: bool) -> None:
    with control_file() as (base, path):
        left = Path(base, "copy")
        data = path.read_bytes()[:8] + data[8:] if ours else data
        left.joinpath(".rings", CAMERA).mkdir(parents=True)
        left.joinpath(".rings", CAMERA, "frame.ring").write_bytes(data)
        left.joinpath(".rings", CAMERA, "slot-of-nobody").mkdir()
        settings = ExportSettings(
            enabled=True, width_px=64, height_px=32, capacity=CAPACITY, base_dir=str(left)
        )
        with FrameWriter(CAMERA, settings=settings) as writer:
            assert writer.write(stamped(writer.spec, 3), 3)
            frame = FrameReader(CAMERA, base_dir=str(left)).latest()
            assert frame is not None
            assert is_good(frame)
        assert os.listdir(left) == []
