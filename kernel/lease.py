"""What a writer hands out: a slot to be filled, and counts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class WriterStats:
    """Counts since the writer's start.

    `published` frames are in the ring; `dropped` were given back, skipped, or came while a slot
    was lent or after the end; `rejected` did not have the size of a frame, or no usable time;
    `failures` are faults that ended the export or its version 1 names.
    """

    published: int
    dropped: int
    rejected: int
    failures: int


class SlotLease:
    """The next slot, lent to be filled in place; then published or dropped, once.

    As a context it drops at its end what was not published.
    """

    __slots__ = ("_finish", "buffer")

    buffer: memoryview
    """The slot's bytes, writable, `spec.size_bytes` of them, format `B`."""

    def __init__(self, buffer: memoryview, finish: Callable[[int | None, bool], bool]) -> None:
        self.buffer = buffer
        self._finish: Callable[[int | None, bool], bool] | None = finish

    def publish(self, timestamp_ns: int | None = None) -> bool:
        """Make the frame the newest one. `timestamp_ns`: Unix time; None: now. Never raises.

        False: it was not exported.
        """
        finish, self._finish = self._finish, None
        return finish is not None and finish(timestamp_ns, True)

    def drop(self) -> None:
        """Give the slot back unpublished; its frame counts as lost (`frame_id` moves on)."""
        finish, self._finish = self._finish, None
        if finish is not None:
            finish(None, False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.drop()

    def __del__(self) -> None:
        self.drop()
