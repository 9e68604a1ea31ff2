"""A fork of the host: rings, taps, locks and streams stay the parent's.

The child holds a copy of every descriptor and mapping. Each owner lets go of its own there, so that
memory, locks and the ends of streams go when the parent lets go of them. A fork waits for a start
that is under way: in its middle there are descriptors that no owner knows yet.
"""

from __future__ import annotations

import logging
import os
import threading
import weakref
from typing import Protocol


class _Owner(Protocol):
    def forked(self) -> None:
        """Called in the child of a fork: let go, and change nothing that the parent sees."""


starting = threading.RLock()
"""Held while something is made that the child of a fork must not hold."""

_owners: weakref.WeakSet[_Owner] = weakref.WeakSet()


def add_owner(owner: _Owner) -> None:
    """Have `owner.forked()` called in each child, for as long as the owner lives."""
    _owners.add(owner)


def _in_child() -> None:
    for owner in list(_owners):
        try:
            owner.forked()
        except Exception:  # the others let go all the same
            logging.getLogger(__name__).exception("a fork: %r did not let go", type(owner).__name__)
    _owners.clear()
    starting.release()


os.register_at_fork(
    before=starting.acquire, after_in_parent=starting.release, after_in_child=_in_child
)
