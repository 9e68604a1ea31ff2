"""Memory that processes share: files as one piece of it, and the order of what is stored there.

`mmap.mmap` keeps a descriptor open for each mapping; a reader of 16 cameras with 30 slots each
would hold 500. So memory for the whole ring is reserved once, without a file, and the files are
laid over it (`MAP_FIXED`). The `mmap` object still owns the memory: it goes when the last view
of it has gone, never under a view, and no descriptor stays open.

Words that other processes read are stored and loaded through `memoryview.cast("Q")`: one aligned
8-byte access. `struct.pack_into` must not be used on them: it clears its target first, and other
processes see the zero.

What orders those accesses is a `Fence`, for the reasons that the README gives. Releasing a held
`threading.Lock` is an atomic read-modify-write with release order, taking it again is one with
acquire order that reads what the release wrote. So nothing before the fence moves behind it, and
nothing behind it before.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import threading

from kernel import forking

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


class _Room(mmap.mmap):
    """Room for files, which lives for as long as a view of it."""

    address = 0

    def forked(self) -> None:
        """In the child of a fork: the frames are the parent's, and go when it lets go of them.

        Views that the child still has stay valid: there is other memory below them, all zeros.
        """
        flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | _MAP_NORESERVE | _MAP_FIXED
        _mmap(self.address, len(self), mmap.PROT_READ | mmap.PROT_WRITE, flags, -1, 0)


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
        self._room = _Room(
            -1,
            self._step_bytes * count,
            flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | _MAP_NORESERVE,
            prot=mmap.PROT_READ | mmap.PROT_WRITE,
        )
        self.address = ctypes.addressof(ctypes.c_char.from_buffer(self._room))
        self._room.address = self.address
        if writable:
            forking.add_owner(self._room)

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


class Fence:
    """A full fence for one thread; two threads must not share one."""

    __slots__ = ("_acquire", "_release")

    def __init__(self) -> None:
        lock = threading.Lock()
        lock.acquire()
        self._acquire = lock.acquire
        self._release = lock.release

    def __call__(self) -> None:
        """Order everything before this call before everything behind it."""
        self._release()
        self._acquire()
