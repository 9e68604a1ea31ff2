"""Writing frames into a camera's ring."""

from __future__ import annotations

from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Self

from kernel.layout import FrameSpec
from kernel.settings import ExportSettings

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

__all__ = ["FrameWriter", "SlotLease", "WriterStats"]


@dataclass(frozen=True, slots=True)
class WriterStats:
    """Counts since the writer's start."""

    published: int
    dropped: int
    rejected: int
    failures: int


class SlotLease:
    """The next slot, lent to be filled in place; then published or dropped, once."""

    @property
    def buffer(self) -> memoryview:
        """The slot's bytes, writable, `spec.size_bytes` of them, format `B`."""
        raise NotImplementedError

    def publish(self, timestamp_ns: int | None = None) -> bool:
        """Make the frame the newest one. `timestamp_ns`: Unix time; None: now."""
        raise NotImplementedError

    def drop(self) -> None:
        """Give the slot back unpublished; its frame counts as lost (`frame_id` moves on)."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        raise NotImplementedError

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Drop what was not published."""
        raise NotImplementedError


class FrameWriter:
    """The one writer of a camera's ring."""

    camera_id: str
    spec: FrameSpec
    capacity: int
    epoch: int

    def __init__(
        self,
        camera_id: str,
        spec: FrameSpec | None = None,
        *,
        capacity: int | None = None,
        version1_names: bool | None = None,
        settings: ExportSettings | None = None,
    ) -> None:
        raise NotImplementedError

    @property
    def active(self) -> bool:
        """False once export was closed or has failed: frames then go nowhere."""
        raise NotImplementedError

    @property
    def stats(self) -> WriterStats:
        """What happened to the frames so far."""
        raise NotImplementedError

    def write(self, frame: ReadableBuffer, timestamp_ns: int | None = None) -> bool:
        """Copy one frame in and publish it. False: it was not exported. Never raises."""
        raise NotImplementedError

    def slot(self) -> SlotLease | None:
        """Lend the next slot. None: export is over, or a slot is lent already. Never raises."""
        raise NotImplementedError

    def skip(self, frames: int = 1) -> None:
        """Count frames that were lost before they got here; `frame_id` moves on."""
        raise NotImplementedError

    def close(self) -> None:
        """The camera stops: readers see the end, the names go. Twice is the same as once."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
