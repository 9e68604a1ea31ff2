"""Sleeping until a writer has something new: futex(2) on the words of its ring.

A reader sleeps on its own read-only mapping. The writer wakes it after it has stored the word: one
system call that waits for nobody, and takes longer the more readers sleep. A word that changed
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
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from kernel.reader import FrameReader
    from kernel.ring import Ring

POLL_S: Final = 0.002
RECHECK_S: Final = 0.25
"""A writer that was killed wakes nobody: after that time readers look by themselves."""

_FUTEX = {"x86_64": 202, "aarch64": 98}.get(os.uname().machine)
_FUTEX_WAITV = None if _FUTEX is None else 449  # Linux 5.16
_WAIT: Final = 0
_WAKE: Final = 1
_FUTEX_32: Final = 2
_MOST_AT_ONCE: Final = 128
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


def sleep_on(address: int, value: int, timeout_s: float, poll_s: float) -> int:
    """Sleep while the word at that address has that value. 0: woken; else -errno."""
    timeout = _timespec(timeout_s)
    call = (address, _WAIT, value & _LOWER_HALF, timeout.buffer_info()[0], 0)
    return _sleep_by(_FUTEX, call, min(poll_s, timeout_s))


def sleep_on_heads(heads: Sequence[tuple[Ring, int]], timeout_s: float, poll_s: float) -> None:
    """Sleep until a ring's head is another one or its writer ends it; or for a shorter time."""
    pause_s = min([timeout_s, RECHECK_S, *(poll_s for ring, _ in heads if not ring.wakes)])
    if len(heads) > _MOST_AT_ONCE:
        pause_s = min(pause_s, poll_s)  # the groups take turns
    for start in range(0, len(heads), _MOST_AT_ONCE):
        group = heads[start : start + _MOST_AT_ONCE]
        woken = _sleep_on_group(group, pause_s, poll_s)
        if woken >= 0:
            group[woken][0].wakes = True
        elif woken == -errno.ETIMEDOUT:
            for ring, head in group:
                ring.wakes &= ring.head == head  # else its writer does not wake, it seems
        if woken >= 0 or woken == -errno.EAGAIN:
            return


def _sleep_on_group(heads: Sequence[tuple[Ring, int]], timeout_s: float, poll_s: float) -> int:
    """Which of the rings was woken; else -errno."""
    if len(heads) == 1:
        ((ring, head),) = heads
        return sleep_on(ring.head_address, head, timeout_s, poll_s)
    words = ((head & _LOWER_HALF, ring.head_address, _FUTEX_32) for ring, head in heads)
    waiters = array("Q", chain.from_iterable(words))
    deadline = _timespec(time.monotonic() + timeout_s)
    addresses = waiters.buffer_info()[0], deadline.buffer_info()[0]
    call = (addresses[0], len(heads), 0, addresses[1], time.CLOCK_MONOTONIC)
    return _sleep_by(_FUTEX_WAITV, call, min(poll_s, timeout_s))


def _timespec(seconds: float) -> array[int]:
    return array("q", divmod(int(seconds * 1e9), 1_000_000_000))


def _sleep_by(number: int | None, call: tuple[int, ...], poll_s: float) -> int:
    """What the system call returns, or -errno; a pause where the kernel does not have it."""
    woken = -1 if number is None else int(_sleep(number, *call))
    error = errno.ENOSYS if number is None else ctypes.get_errno()
    if woken >= 0:
        return woken
    if error not in (errno.EAGAIN, errno.EINTR, errno.ETIMEDOUT):
        time.sleep(poll_s)
    return -error


def wait_any(readers: Iterable[FrameReader], timeout_s: float = 1.0) -> list[FrameReader]:
    """Sleep until readers have something, and return those; empty: nothing within `timeout_s`.

    A reader has something when there is a frame newer than the last one that it returned, and
    once when its camera has stopped or its ring cannot be read: its next call says which.
    """
    readers = list(readers)
    deadline = time.monotonic() + timeout_s
    while True:
        now = time.monotonic()
        changed = [reader for reader in readers if reader._has_something(now)]
        if changed or now >= deadline:
            return changed
        pause_s = max(0.0, min([deadline, *(reader._again_at for reader in readers)]) - now)
        heads = [(one._ring, one._seen_head) for one in readers if one._ring is not None]
        if heads:
            sleep_on_heads(heads, pause_s, POLL_S)
        else:
            time.sleep(pause_s)
