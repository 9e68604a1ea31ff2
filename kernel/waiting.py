"""Sleeping until a writer has something new: futex(2) on the words of its ring.

A reader sleeps on its own read-only mapping. The writer wakes it after it has stored the word: one
system call that never waits, the same whether there are sleepers or none. A word that changed
between a reader's look and its sleep ends the sleep at once. A futex is 32 bits wide: the lower
half of a word. It is never a private one, for the words are shared between processes.

Where there is no futex, readers look every `poll_s`.
"""

from __future__ import annotations

import ctypes
import errno
import os
import time
from array import array
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from kernel.ring import Ring

__all__ = ["POLL_S", "RECHECK_S", "sleep_on", "sleep_on_head", "wake"]

POLL_S: Final = 0.002
RECHECK_S: Final = 0.25
"""A writer that was killed wakes nobody: after that time readers look by themselves."""

_FUTEX = {"x86_64": 202, "aarch64": 98}.get(os.uname().machine)
_WAIT: Final = 0
_WAKE: Final = 1
_EVERYONE: Final = (1 << 31) - 1
_LOWER_HALF: Final = (1 << 32) - 1

# A wake keeps the interpreter's lock: a decode thread that gave it away for this microsecond could
# wait milliseconds for its return. A sleep gives it away.
_wake = ctypes.PyDLL(None).syscall
_sleep = ctypes.CDLL(None, use_errno=True).syscall
for _call in (_wake, _sleep):
    _call.restype = ctypes.c_long
    _call.argtypes = [
        ctypes.c_long,
        ctypes.c_void_p,
        ctypes.c_long,
        ctypes.c_long,
        ctypes.c_void_p,
        ctypes.c_long,
    ]


def wake(address: int) -> None:
    """Wake everyone who sleeps on the word at that address. Never waits, never raises."""
    if _FUTEX is not None:
        _wake(_FUTEX, address, _WAKE, _EVERYONE, None, 0)


def sleep_on(address: int, value: int, timeout_s: float, poll_s: float = POLL_S) -> int:
    """Sleep while the word at that address has that value; 0: woken, else what errno says."""
    error = errno.ENOSYS
    if _FUTEX is not None:
        timeout = array("q", divmod(int(timeout_s * 1e9), 1_000_000_000))
        at = timeout.buffer_info()[0]
        if not _sleep(_FUTEX, address, _WAIT, value & _LOWER_HALF, at, 0):
            return 0
        error = ctypes.get_errno()
    if error not in (errno.EAGAIN, errno.EINTR, errno.ETIMEDOUT):
        time.sleep(min(poll_s, timeout_s))
    return error


def sleep_on_head(ring: Ring, head: int, timeout_s: float, poll_s: float) -> None:
    """Sleep until the ring's head is another one or its writer ends it; or for a shorter time."""
    pause_s = min(timeout_s, RECHECK_S if ring.wakes else poll_s)
    result = sleep_on(ring.head_address, head, pause_s, poll_s)
    if result == 0:
        ring.wakes = True
    elif result == errno.ETIMEDOUT and ring.head != head:
        ring.wakes = False  # slept through a frame: of a writer that does not wake, it seems
