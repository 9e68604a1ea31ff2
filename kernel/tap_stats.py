"""What a tap says of itself: plain data, for the host's side and the tap's process alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

__all__ = ["TapState", "TapStats"]

TapState: TypeAlias = Literal["off", "starting", "exporting", "discarding", "ended"]


@dataclass(frozen=True, slots=True)
class TapStats:
    """What a tap has seen; at most half a second old.

    `state`: "off", nothing is done; "starting", the ring is being made and nothing is read yet;
    "exporting"; "discarding", export is over and the stream is read away so that FFmpeg goes on;
    "ended", the stream is over. `error` says why export is over, or could not begin.

    `frames` were published; `dropped` were read whole and not published; `leftover_bytes` is what
    came of a last frame that never was whole.

    `longest_wait_s`: the longest time that FFmpeg could have been waiting to get rid of one frame:
    from the moment the tap was last seen reading an empty stream, or if data were waiting when it
    came back, from the moment it had gone away, until the frame was read; the time that the woken
    tap waited for a processor is in it. An upper bound, but for what a thread of the host's,
    `in_process`, waits for the interpreter's lock.

    `taken_ns` is when all this was true, by CLOCK_MONOTONIC.
    """

    state: TapState = "off"
    frames: int = 0
    dropped: int = 0
    leftover_bytes: int = 0
    longest_wait_s: float = 0.0
    error: str | None = None
    taken_ns: int = 0
