"""A reader of format version 1, written from the contract: it opens names and only polls."""

from __future__ import annotations

import mmap
import os
import struct
from dataclasses import dataclass

# version, padding, frame_id, timestamp_ns, width, height, pixel_format, stride, data_size, reserved
_META = struct.Struct("@I4xQQIIIIQ16s")


@dataclass(frozen=True)
class Meta:
    """The fields of `frame.meta`."""

    frame_id: int
    timestamp_ns: int
    width: int
    height: int
    pixel_format: int
    stride: int
    data_size: int


def read_meta(path: str, folder_fd: int | None = None) -> Meta | None:
    """What `frame.meta` says; None: it is empty, or there is none."""
    try:
        fd = os.open(path, os.O_RDONLY, dir_fd=folder_fd)
    except FileNotFoundError:
        return None
    try:
        data = os.read(fd, 4096)
    finally:
        os.close(fd)
    if len(data) < _META.size:
        assert not data
        return None
    version, *fields, _ = _META.unpack_from(data)
    assert version == 1
    return Meta(*fields)


def read_data(path: str, width: int, height: int, folder_fd: int | None = None) -> bytes | None:
    """A copy of `frame.data`; None: it is empty, or there is none."""
    try:
        fd = os.open(path, os.O_RDONLY, dir_fd=folder_fd)
    except FileNotFoundError:
        return None
    try:
        if os.fstat(fd).st_size == 0:
            return None
        with mmap.mmap(fd, 0, prot=mmap.PROT_READ) as mapped:
            return mapped[: width * height * 3 // 2]
    finally:
        os.close(fd)
