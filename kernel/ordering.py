"""Memory order between processes, from the standard library alone.

Words that other processes read are stored and loaded through `memoryview.cast("Q")`: one aligned
8-byte access. `struct.pack_into` must not be used on them: it clears its target first, and other
processes see the zero.

What orders those accesses is a `Fence`. Releasing a held `threading.Lock` is an atomic
read-modify-write with release order, taking it again is one with acquire order that reads what
the release wrote. So nothing before the fence moves behind it, and nothing behind it before:
- x86-64: both are locked instructions, full barriers. Ordinary stores need none there, but large
  copies use non-temporal and string stores, which may otherwise pass an earlier ordinary store.
- aarch64: stores may pass stores and loads may pass loads; release then acquire on one location
  orders both.
It costs tens to some hundreds of nanoseconds, little beside a frame's copy, so there is no other
path.
"""

from __future__ import annotations

import threading

__all__ = ["Fence"]


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
