"""renameat2(2): what os.rename cannot do."""

from __future__ import annotations

import ctypes
import errno
import os
from typing import Final

__all__ = ["EXCHANGE", "NO_REPLACE", "rename"]

NO_REPLACE: Final = 1
EXCHANGE: Final = 2

# PyDLL keeps the interpreter's lock: a decode thread that gave it away for these microseconds
# could wait milliseconds for its return. The call itself does not wait.
_renameat2 = getattr(ctypes.PyDLL(None, use_errno=True), "renameat2", None)
if _renameat2 is not None:
    _renameat2.argtypes = [
        ctypes.c_int,
        ctypes.c_char_p,
        ctypes.c_int,
        ctypes.c_char_p,
        ctypes.c_uint,
    ]


def rename(from_fd: int, name: bytes, to_fd: int, new: bytes, flags: int) -> None:
    """Rename relative to two folders; `OSError`."""
    if _renameat2 is None:
        raise OSError(errno.ENOSYS, "the C library has no renameat2")
    if _renameat2(from_fd, name, to_fd, new, flags):
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error), os.fsdecode(name))
