"""Several files as one piece of memory.

`mmap.mmap` keeps a descriptor open for each mapping; a reader of 16 cameras with 30 slots each
would hold 500. So memory for the whole ring is reserved once, without a file, and the files are
laid over it (`MAP_FIXED`). The `mmap` object still owns the memory: it goes when the last view
of it has gone, never under a view, and no descriptor stays open.
"""

from __future__ import annotations

import ctypes
import mmap
import os

__all__ = ["FileMemory"]

_MAP_FIXED = 0x10
_MAP_POPULATE = 0x8000
_MAP_NORESERVE = 0x4000
_MAP_FAILED = ctypes.c_void_p(-1).value

_libc = ctypes.CDLL(None, use_errno=True)
_mmap = _libc.mmap
_mmap.restype = ctypes.c_void_p
_mmap.argtypes = [
    ctypes.c_void_p,
    ctypes.c_size_t,
    ctypes.c_int,
    ctypes.c_int,
    ctypes.c_int,
    ctypes.c_long,
]


class FileMemory:
    """Room for `count` files of `size_bytes` each; `lay` maps one of them.

    `address` is that of the first one, valid for as long as a view of it is held.
    """

    def __init__(self, size_bytes: int, count: int = 1, *, writable: bool) -> None:
        self._size_bytes = size_bytes
        self._step_bytes = -(-size_bytes // mmap.PAGESIZE) * mmap.PAGESIZE
        self._writable = writable
        # Reserved as writable even for readers, because only then its address can be had; the
        # files laid over it are read-only, and so is every view of it that is given out.
        self._room = mmap.mmap(
            -1,
            self._step_bytes * count,
            flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | _MAP_NORESERVE,
            prot=mmap.PROT_READ | mmap.PROT_WRITE,
        )
        self.address = ctypes.addressof(ctypes.c_char.from_buffer(self._room))

    def lay(self, fd: int, index: int = 0) -> memoryview:
        """Map a file, which must have `size_bytes`, and return its bytes; `OSError`.

        A writer's pages are all touched here, so that no later store has to wait for one.
        """
        prot = mmap.PROT_READ | (mmap.PROT_WRITE if self._writable else 0)
        flags = mmap.MAP_SHARED | _MAP_FIXED | (_MAP_POPULATE if self._writable else 0)
        start = index * self._step_bytes
        if start + self._size_bytes > len(self._room):
            raise IndexError(f"there is no room for file {index}")
        at = _mmap(self.address + start, self._size_bytes, prot, flags, fd, 0)
        if at == _MAP_FAILED:
            error = ctypes.get_errno()
            raise OSError(error, os.strerror(error))
        view = memoryview(self._room)[start : start + self._size_bytes]
        return view if self._writable else view.toreadonly()
