"""What rings there are below a base folder, and which have nobody left."""

from __future__ import annotations

from dataclasses import dataclass

from kernel.layout import FrameSpec

__all__ = ["RingInfo", "list_rings", "remove_dead"]


@dataclass(frozen=True, slots=True)
class RingInfo:
    """One camera's folder below the base folder.

    `owned`: a live writer has it; None: not to be known by this user. `problem`: why the fields
    that are None could not be read.
    """

    camera_id: str
    owned: bool | None
    memory_bytes: int
    spec: FrameSpec | None = None
    capacity: int | None = None
    epoch: int | None = None
    writer_pid: int | None = None
    started_ns: int | None = None
    sequence: int | None = None
    frame_id: int | None = None
    timestamp_ns: int | None = None
    age: float | None = None
    ended: bool = False
    problem: str | None = None


def list_rings(base_dir: str) -> list[RingInfo]:
    """All rings, sorted by camera; none when the base folder does not exist."""
    raise NotImplementedError


def remove_dead(base_dir: str) -> list[str]:
    """Remove the files of cameras that no live writer has; their ids."""
    raise NotImplementedError
