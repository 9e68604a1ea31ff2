"""The frame kernel: decoded frames in shared memory, for AI processes on the same host.

Names are loaded when they are first used, so that a host with export off pays for none of them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # type checkers read these lines, the interpreter the table below
    from kernel.arrays import *
    from kernel.colour import *
    from kernel.errors import *
    from kernel.frame import *
    from kernel.layout import *
    from kernel.lease import *
    from kernel.reader import *
    from kernel.settings import *
    from kernel.tap import *
    from kernel.waiting import *
    from kernel.writer import *

_NAMES = {
    "arrays": "FrameTap close_frame_taps tap_frame",
    "colour": "to_bgr to_rgb",
    "errors": "CameraIdError ExportDisabledError FrameSizeError KernelError NoSpaceError "
    "ReaderError RingFormatError RingVersionError SettingsError StorageError "
    "WriterConflictError WriterError",
    "frame": "Frame FrameView",
    "layout": "NV12 FrameSpec PixelFormat",
    "lease": "SlotLease WriterStats",
    "reader": "FrameReader",
    "settings": "ExportSettings export_enabled",
    "tap": "PipeTap",
    "waiting": "wait_any",
    "writer": "FrameWriter",
}
_HOME_OF = {name: f"kernel.{home}" for home, names in _NAMES.items() for name in names.split()}
__all__ = sorted(_HOME_OF)


def __getattr__(name: str) -> object:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOME_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
