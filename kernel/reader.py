"""Reading frames of a camera's ring."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Self

from kernel.frame import Frame, FrameView, Pixels
from kernel.layout import FrameSpec

__all__ = ["FrameReader"]


class FrameReader:
    """A reader of one camera. Attaches when there is something, and again when it changed."""

    camera_id: str
    lapped_count: int

    def __init__(self, camera_id: str, *, base_dir: str | None = None) -> None:
        raise NotImplementedError

    @property
    def epoch(self) -> int | None:
        """The epoch this reader is attached to; None: not attached."""
        raise NotImplementedError

    @property
    def spec(self) -> FrameSpec | None:
        """The frames of the ring this reader is attached to; None: not attached."""
        raise NotImplementedError

    @property
    def age(self) -> float | None:
        """Seconds since the newest frame was published; None: there is no frame."""
        raise NotImplementedError

    def latest(self, into: Pixels | None = None) -> Frame | None:
        """A copy of the newest frame; None: there is none, or it was overwritten meanwhile."""
        raise NotImplementedError

    def view(self) -> AbstractContextManager[FrameView | None]:
        """The newest frame in place; `frame.whole` says at the end whether it still was whole."""
        raise NotImplementedError

    def next(
        self,
        after: Frame | int | None = None,
        *,
        timeout_s: float = 1.0,
        poll_s: float = 0.002,
        into: Pixels | None = None,
    ) -> Frame | None:
        """The newest frame, as soon as it is newer than `after`; None: not in time."""
        raise NotImplementedError

    def frames(
        self,
        *,
        max_fps: float | None = None,
        timeout_s: float | None = None,
        poll_s: float = 0.002,
        until_end: bool = False,
    ) -> Iterator[Frame]:
        """Newest frames as they come, at most `max_fps`."""
        raise NotImplementedError

    def __iter__(self) -> Iterator[Frame]:
        return self.frames()

    def close(self) -> None:
        """Let go of the ring."""
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
