"""The frame kernel: decoded frames in shared memory, for AI processes on the same host.

    writer = FrameWriter("front-door", FrameSpec(1920, 1080), settings=settings)
    writer.write(nv12_bytes, timestamp_ns)

    reader = FrameReader("front-door")
    frame = reader.latest()

Names are loaded when they are first used, so that a host with export off pays for none of them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kernel.arrays import FrameTap, close_frame_taps, tap_frame
    from kernel.colour import to_bgr, to_rgb
    from kernel.errors import (
        CameraIdError,
        ExportDisabledError,
        FrameSizeError,
        KernelError,
        NoSpaceError,
        ReaderError,
        RingFormatError,
        RingVersionError,
        SettingsError,
        StorageError,
        WriterConflictError,
        WriterError,
    )
    from kernel.frame import Frame, FrameView
    from kernel.layout import NV12, FrameSpec, PixelFormat
    from kernel.reader import FrameReader
    from kernel.settings import ExportSettings, export_enabled
    from kernel.tap import PipeTap
    from kernel.waiting import wait_any
    from kernel.writer import FrameWriter, SlotLease, WriterStats

__all__ = [
    "NV12",
    "CameraIdError",
    "ExportDisabledError",
    "ExportSettings",
    "Frame",
    "FrameReader",
    "FrameSizeError",
    "FrameSpec",
    "FrameTap",
    "FrameView",
    "FrameWriter",
    "KernelError",
    "NoSpaceError",
    "PipeTap",
    "PixelFormat",
    "ReaderError",
    "RingFormatError",
    "RingVersionError",
    "SettingsError",
    "SlotLease",
    "StorageError",
    "WriterConflictError",
    "WriterError",
    "WriterStats",
    "close_frame_taps",
    "export_enabled",
    "tap_frame",
    "to_bgr",
    "to_rgb",
    "wait_any",
]

_HOMES = {
    "kernel.arrays": ["FrameTap", "close_frame_taps", "tap_frame"],
    "kernel.colour": ["to_bgr", "to_rgb"],
    "kernel.errors": [name for name in __all__ if name.endswith("Error")],
    "kernel.frame": ["Frame", "FrameView"],
    "kernel.layout": ["NV12", "FrameSpec", "PixelFormat"],
    "kernel.reader": ["FrameReader"],
    "kernel.settings": ["ExportSettings", "export_enabled"],
    "kernel.tap": ["PipeTap"],
    "kernel.waiting": ["wait_any"],
    "kernel.writer": ["FrameWriter", "SlotLease", "WriterStats"],
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOME_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
