from __future__ import annotations

import struct

import pytest

from kernel.errors import CameraIdError, FrameSizeError
from kernel.layout import (
    V1_META,
    FrameSpec,
    check_camera_id,
    guard_whole,
    guard_writing,
    is_newer,
    next_sequence,
)


def test_version_1_metadata_is_where_the_contract_says() -> None:
    packed = V1_META.pack(1, 2, 3, 4, 5, 6, 7, 8)
    assert len(packed) == 64
    fields = [(0, "I"), (8, "Q"), (16, "Q"), (24, "I"), (28, "I"), (32, "I"), (36, "I"), (40, "Q")]
    assert [struct.unpack_from(kind, packed, at)[0] for at, kind in fields] == list(range(1, 9))
    assert packed[48:] == bytes(16)


@pytest.mark.parametrize(
    "camera_id", ["", ".", "..", ".hidden", "a/b", "/", "a\0b", "a\nb", "a" * 201, "\u00e9" * 101]
)
def test_ids_that_could_leave_the_folder_are_refused(camera_id: str) -> None:
    with pytest.raises(CameraIdError):
        check_camera_id(camera_id)


@pytest.mark.parametrize("camera_id", [None, 7, b"cam"])
def test_ids_that_are_not_text_are_refused(camera_id: object) -> None:
    with pytest.raises(CameraIdError):
        check_camera_id(camera_id)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "camera_id", ["0190a1c2-0000-7000-8000-000000000000", "front door", "T\u00fcr 1", "a..b"]
)
def test_ordinary_ids_are_accepted(camera_id: str) -> None:
    assert check_camera_id(camera_id) == camera_id


@pytest.mark.parametrize("size", [(1919, 1080), (1920, 1081), (0, 2), (-2, 2), (20_000, 2)])
def test_sizes_that_nv12_cannot_have_are_refused(size: tuple[int, int]) -> None:
    with pytest.raises(FrameSizeError):
        FrameSpec(*size)


@pytest.mark.parametrize("capacity", [3, 4, 7, 30, 1024])
def test_sequences_wrap_around_slot_after_slot(capacity: int) -> None:
    last = (1 << 63) // capacity * capacity - 1
    following = next_sequence(last, capacity)
    assert 0 < following < last
    assert following % capacity == (last + 1) % capacity
    assert is_newer(following, last)
    assert not is_newer(last, following)
    assert guard_whole(last) < 1 << 64
    assert guard_writing(following) % 2 == 1


def test_a_sequence_is_not_newer_than_itself() -> None:
    assert not is_newer(5, 5)
