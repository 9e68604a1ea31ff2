"""The names that readers of format version 1 open, kept without a second copy of a frame.

How is told in the README, under Protocol. Half a ring ahead of its next filling a slot's names
are exchanged for those of empty files: between opening one name and the other a reader that keeps
the folder open has half a ring's time before it could meet two frames. Nobody could rely on less
than `SHORTEST_HALF_RING_NS`, and it would cost the writer four more system calls a frame.
"""

from __future__ import annotations

import ctypes
import errno
import os
from typing import Final

from kernel.layout import V1_DATA_NAME, V1_META, V1_META_NAME, V1_VERSION, FrameSpec
from kernel.memory import FileMemory
from kernel.storage import CameraFolder, closing

SHORTEST_HALF_RING_NS: Final = 5_000_000

_RENAME_EXCHANGE: Final = 2
# PyDLL keeps the interpreter's lock: a decode thread that gave it away for these microseconds
# could wait milliseconds for its return. The call itself does not wait.
_renameat2 = getattr(ctypes.PyDLL(None, use_errno=True), "renameat2", None)
if _renameat2 is not None:
    _where = [ctypes.c_int, ctypes.c_char_p]
    _renameat2.argtypes = [*_where, *_where, ctypes.c_uint]

# A name in a slot's folder, and the one that it changes places with.
_DATA = (f"/{V1_DATA_NAME}".encode(), f"/.{V1_DATA_NAME}".encode())
_META = (f"/{V1_META_NAME}".encode(), f"/.{V1_META_NAME}".encode())


class Version1Names:
    """`frame.data` and `frame.meta` of one camera, both empty at first."""

    def __init__(
        self,
        folder: CameraFolder,
        camera_id: str,
        spec: FrameSpec,
        slot_names: list[str],
        shortest_half_ring_ns: int = SHORTEST_HALF_RING_NS,
    ) -> None:
        """Make the folders; `OSError` or `StorageError`."""
        self._folder = folder
        self._name = camera_id.encode()
        self._spec = spec
        self._metas: list[memoryview] = []
        # Where the folder of each slot is; the last one is the folder without a frame.
        self._places = [f"v1-{slot}".encode() for slot in range(len(slot_names) + 1)]
        self._newest = len(slot_names)
        # When each slot's names were last made to show it; 0: they show the empty files.
        self._shown_ns = [0] * len(slot_names)
        self._half = len(slot_names) // 2
        self._shortest_half_ring_ns = shortest_half_ring_ns

        folder.remove_version1_folder()
        # Once for nothing: where it cannot be done, that is an error of the start.
        for name in ("v1-a", "v1-b"):
            os.close(folder.create(name, 0))
        _exchange(folder.fd, b"v1-a", folder.fd, b"v1-b")
        with closing(folder.create_folder(os.fsdecode(self._places[-1]))) as empty_fd:
            for name in (V1_DATA_NAME, V1_META_NAME):
                os.close(folder.create(name, 0, empty_fd))
            memory = FileMemory(V1_META.size, len(slot_names), writable=True)
            for slot, slot_name in enumerate(slot_names):
                with closing(folder.create_folder(os.fsdecode(self._places[slot]))) as slot_fd:
                    with closing(
                        folder.create(f".{V1_META_NAME}", V1_META.size, slot_fd)
                    ) as meta_fd:
                        self._metas.append(memory.lay(meta_fd, slot))
                    os.link(slot_name, f".{V1_DATA_NAME}", src_dir_fd=folder.fd, dst_dir_fd=slot_fd)
                    for name in (V1_DATA_NAME, V1_META_NAME):
                        os.link(name, name, src_dir_fd=empty_fd, dst_dir_fd=slot_fd)
        os.rename(self._places[-1], self._name, src_dir_fd=folder.fd, dst_dir_fd=folder.base_fd)

    def show(self, slot: int, frame_id: int, timestamp_ns: int, now_ns: int) -> None:
        """Make a slot that is whole the camera's newest frame; `OSError`.

        `now_ns`: CLOCK_MONOTONIC.
        """
        spec = self._spec
        V1_META.pack_into(
            self._metas[slot],
            0,
            V1_VERSION,
            frame_id,
            timestamp_ns,
            spec.width_px,
            spec.height_px,
            spec.pixel_format,
            spec.stride_bytes,
            spec.size_bytes,
        )
        place = self._places[slot]
        if not self._shown_ns[slot]:
            self._swap(place, _DATA)
            self._swap(place, _META)
        self._shown_ns[slot] = now_ns
        _exchange(self._folder.base_fd, self._name, self._folder.fd, place)
        self._places[self._newest] = place
        self._newest = slot

        old = (slot - self._half) % len(self._shown_ns)
        since_ns = self._shown_ns[old]
        if since_ns and now_ns - since_ns >= self._shortest_half_ring_ns:
            place = self._places[old]
            self._swap(place, _META)
            self._swap(place, _DATA)
            self._shown_ns[old] = 0

    def _swap(self, place: bytes, name: tuple[bytes, bytes]) -> None:
        _exchange(self._folder.fd, place + name[0], self._folder.fd, place + name[1])

    def remove(self) -> None:
        """The names go, both at once; `OSError`. The folder goes with the camera's."""
        os.rename(
            self._name, b"v1-gone", src_dir_fd=self._folder.base_fd, dst_dir_fd=self._folder.fd
        )


def _exchange(one_fd: int, one: bytes, other_fd: int, other: bytes) -> None:
    """Let two names, relative to two folders, change places in one step; `OSError`."""
    if _renameat2 is None:
        raise OSError(errno.ENOSYS, "the C library has no renameat2")
    if _renameat2(one_fd, one, other_fd, other, _RENAME_EXCHANGE):
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error), os.fsdecode(one))
