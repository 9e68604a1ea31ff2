"""What rings there are below a base folder, and which have nobody left."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from dataclasses import dataclass

from kernel.errors import KernelError, WriterError
from kernel.layout import RINGS_DIR, FrameSpec, check_camera_id
from kernel.ring import open_ring
from kernel.settings import ExportSettings
from kernel.storage import (
    NEW_PREFIX,
    CameraFolder,
    closing,
    lock_is_held,
    open_folder,
    whose_folder,
)


@dataclass(frozen=True, slots=True)
class RingInfo:
    """One camera's folder below the base folder.

    `owned`: a live writer has it; None: not to be known by this user. `memory_bytes`: what its
    files take. `problem`: why the fields that are None could not be read.
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
    problem: str | None = None


def list_rings(base_dir: str) -> list[RingInfo]:
    """All rings, sorted by camera; none when the base folder does not exist. `OSError`."""
    try:
        rings_fd = open_folder(os.path.join(base_dir, RINGS_DIR))
    except FileNotFoundError:
        return []
    with closing(rings_fd):
        names = (one for one in sorted(os.listdir(rings_fd)) if not one.startswith(NEW_PREFIX))
        found = (_look(name, rings_fd) for name in names)
        return [info for info in found if info is not None]


def base_folder_problem(base_dir: str) -> str | None:
    """Why frames below this base folder need not be their writers'; None: nothing says so.

    A base folder belongs to root, or to the user whose cameras are in it.
    """
    try:
        info = os.stat(base_dir)
        with os.scandir(os.path.join(base_dir, RINGS_DIR)) as entries:
            writers = {entry.stat(follow_symlinks=False).st_uid for entry in entries}
    except OSError:
        return None
    owners = {0, info.st_uid} if writers <= {info.st_uid} else {0}
    return whose_folder(info, owners)


def remove_dead(base_dir: str) -> list[str]:
    """Remove the files of cameras that no live writer has; their ids.

    Takes each camera as a writer does, so that none starts in between. `OSError`.
    """
    removed = []
    for info in list_rings(base_dir):
        if info.owned is not False:
            continue
        with suppress(WriterError, OSError):
            # Who owns the base folder matters to who puts frames there, not to who removes some.
            settings = ExportSettings(base_dir=base_dir, owner=str(os.stat(base_dir).st_uid))
            CameraFolder(settings, check_camera_id(info.camera_id)).clear()
            removed.append(info.camera_id)
    return removed


def _look(name: str, rings_fd: int) -> RingInfo | None:
    try:
        folder_fd = open_folder(name, rings_fd)
    except FileNotFoundError:
        return None
    except OSError as error:
        return RingInfo(name, None, 0, problem=error.strerror)
    with closing(folder_fd):
        owned, memory = lock_is_held(folder_fd), _memory(folder_fd)
        try:
            ring = open_ring(folder_fd)
        except KernelError as error:
            return RingInfo(name, owned, memory, problem=str(error))
        if ring is None:
            return RingInfo(name, owned, memory, problem="there is no ring in it")
        header, meta = ring.header, ring.newest()
        return RingInfo(
            name,
            owned,
            memory,
            header.spec,
            header.capacity,
            header.epoch,
            header.writer_pid,
            header.started_ns,
            meta.sequence if meta else None,
            meta.frame_id if meta else None,
            meta.timestamp_ns if meta else None,
            (time.monotonic_ns() - meta.published_ns) / 1e9 if meta else None,
        )


def _memory(folder_fd: int) -> int:
    total = 0
    with suppress(OSError), os.scandir(folder_fd) as entries:
        for entry in entries:
            with suppress(OSError):
                total += entry.stat(follow_symlinks=False).st_blocks * 512
    return total
