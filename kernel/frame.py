"""A frame as readers get it: pixels and their own metadata."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from kernel.errors import FrameSizeError
from kernel.layout import FrameSpec
from kernel.ring import SlotGuard

Pixels: TypeAlias = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Frame:
    """One whole frame. `np.asarray(frame)` gives its pixels.

    `data` is the NV12 picture as one array, shape (height * 3 / 2, width), uint8.
    `sequence` counts what was published and `frame_id` what the source produced in this `epoch`,
    one life of a writer. `timestamp_ns` is the source's time of the frame by CLOCK_REALTIME,
    `published_ns` the writer's by CLOCK_MONOTONIC. The README has more of them.
    """

    data: Pixels
    spec: FrameSpec
    epoch: int
    sequence: int
    frame_id: int
    timestamp_ns: int
    published_ns: int

    def __array__(
        self, dtype: npt.DTypeLike | None = None, copy: bool | None = None
    ) -> npt.NDArray[Any]:
        return np.array(self.data, dtype, copy=copy)

    def __repr__(self) -> str:
        size = f"{self.spec.width_px}x{self.spec.height_px}"
        return f"<{type(self).__name__} {self.frame_id}, {size}, sequence {self.sequence}>"

    @property
    def y(self) -> Pixels:
        """The plane of Y, a view: shape (height, width)."""
        return self.data[: self.spec.height_px]

    @property
    def uv(self) -> Pixels:
        """The plane of U and V, a view: shape (height / 2, width / 2, 2)."""
        spec = self.spec
        return self.data[spec.height_px :].reshape(spec.height_px // 2, spec.width_px // 2, 2)

    @property
    def age(self) -> float:
        """Seconds since the frame was published."""
        return (time.monotonic_ns() - self.published_ns) / 1e9


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class FrameView(Frame):
    """A frame in place, in the ring's memory: no copy, and overwritten after a while."""

    guard: SlotGuard

    @property
    def whole(self) -> bool:
        """Whether the pixels were this frame's until now, or until the end of the view's block.

        Ask after having used them, and throw away what came of them if it is False.
        """
        return self.guard.is_whole()


def target(into: Pixels | None, spec: FrameSpec) -> Pixels:
    """The caller's array in the shape of a frame, or a new one; `FrameSizeError`."""
    if into is None:
        return np.empty(spec.shape, np.uint8)
    fits = into.dtype == np.uint8 and into.flags.c_contiguous and into.flags.writeable
    if not fits or into.size != spec.size_bytes:
        raise FrameSizeError(
            f"frames of {spec.width_px}x{spec.height_px} need a writable, contiguous uint8 array "
            f"of {spec.size_bytes} bytes, not {into.dtype} {into.shape}"
        )
    return into.reshape(spec.shape)
