"""The folders and files of a camera: where they are, who may read them, who owns them.

Everything is opened relative to a folder's descriptor and without following links, so that no
name can lead out of the base folder.
"""

from __future__ import annotations

import errno
import fcntl
import grp
import os
import pwd
import secrets
import stat
import struct
from collections.abc import Callable, Container, Iterable, Iterator
from contextlib import contextmanager, suppress

from kernel.errors import NoSpaceError, StorageError, WriterConflictError, WriterError
from kernel.layout import (
    DIR_MODE,
    FILE_MODE,
    LOCK_MODE,
    LOCK_NAME,
    MAGIC,
    RING_NAME,
    RINGS_DIR,
    V1_DATA_NAME,
    V1_META_NAME,
    WORD_BYTES,
    Header,
    State,
)
from kernel.memory import FileMemory
from kernel.settings import ExportSettings
from kernel.waiting import wake

NEW_PREFIX = ".new-"
"""How the name of a folder begins that is only being made. No camera's id begins so."""

_OPEN_DIR = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_ATTEMPTS = 100
_LAST_EPOCH = (1 << 63) - 1  # what is later than that was not written by a writer
_NO_SPACE = {errno.ENOSPC, errno.EDQUOT, errno.ENOMEM, errno.EFBIG}

# struct flock: l_type, l_whence, l_start, l_len, l_pid. All zero but the type: the whole file.
_FLOCK = struct.Struct("@hhqqi4x")
_WRITE_LOCK = _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)


@contextmanager
def closing(fd: int) -> Iterator[int]:
    """Close a descriptor at the block's end."""
    try:
        yield fd
    finally:
        os.close(fd)


def open_folder(name: str, parent_fd: int | None = None) -> int:
    """A descriptor of a folder that is not a link."""
    return os.open(name, _OPEN_DIR, dir_fd=parent_fd)


def open_regular(name: str, folder_fd: int) -> int:
    """A descriptor for reading; a pipe in its place cannot make the caller wait."""
    return os.open(
        name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder_fd
    )


def lock_is_held(folder_fd: int) -> bool | None:
    """Whether a live writer has the camera; None: this user may not know.

    Asks without taking the lock, so that no starting writer is refused because of the question.
    """
    try:
        fd = os.open(LOCK_NAME, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder_fd)
    except FileNotFoundError:
        return False
    except PermissionError:
        return None
    with closing(fd):
        answer = fcntl.fcntl(fd, fcntl.F_OFD_GETLK, _WRITE_LOCK)
        return bool(_FLOCK.unpack(answer)[0] != fcntl.F_UNLCK)


def remove_tree(name: str, parent_fd: int) -> None:
    """Remove a folder of ours and the plain files in it, down to one more level of folders."""
    with suppress(FileNotFoundError):
        with closing(open_folder(name, parent_fd)) as folder_fd:
            _empty(folder_fd)
        os.rmdir(name, dir_fd=parent_fd)


def _empty(folder_fd: int, *, keep: frozenset[str] = frozenset()) -> None:
    # The control file first: a reader that then misses a slot knows that the ring has gone.
    with suppress(FileNotFoundError):
        os.unlink(RING_NAME, dir_fd=folder_fd)
    for name in os.listdir(folder_fd):
        if name in keep:
            continue
        try:
            os.unlink(name, dir_fd=folder_fd)
        except FileNotFoundError:
            continue
        except (IsADirectoryError, PermissionError):
            remove_tree(name, folder_fd)


class CameraFolder:
    """A writer's hold on a camera: its folder, and the lock that dies with the process."""

    def __init__(self, settings: ExportSettings, camera_id: str) -> None:
        """Take the camera. `WriterConflictError`, `StorageError`, `NoSpaceError`."""
        self._camera_id = camera_id
        self._base_dir = settings.base_dir
        self._gid = _id_of("group", settings.group, lambda name: grp.getgrnam(name).gr_gid)
        self._owner = _id_of("user", settings.owner, lambda name: pwd.getpwnam(name).pw_uid)
        self._public = settings.public
        self._lock_fd = -1
        self.base_fd = -1
        self.fd = -1
        try:
            for _ in range(_ATTEMPTS):
                if self._take():
                    return
                self.let_go()
            raise StorageError(f"the folder of camera {camera_id!r} does not stay in place")
        except OSError as error:
            self.let_go()
            raise self.explain(error) from error
        except WriterError:
            self.let_go()
            raise

    def explain(self, error: OSError) -> WriterError:
        """The error of ours for one of the operating system."""
        where = f"camera {self._camera_id!r} in {self._base_dir}"
        if error.errno in _NO_SPACE:
            return NoSpaceError(f"no memory for the frames of {where}: {error.strerror}")
        return StorageError(f"cannot keep the frames of {where}: {error}")

    def create(self, name: str, size_bytes: int, folder_fd: int | None = None) -> int:
        """A file of that size with all its memory allocated; its descriptor."""
        fd = os.open(
            name,
            os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC,
            LOCK_MODE,
            dir_fd=self.fd if folder_fd is None else folder_fd,
        )
        try:
            self._share(fd, FILE_MODE)
            if size_bytes:
                os.posix_fallocate(fd, 0, size_bytes)
        except BaseException:
            os.close(fd)
            raise
        return fd

    def give_back(self, names: Iterable[str]) -> None:
        """Give back the memory of files that nobody has seen: also what is still mapped."""
        for name in names:
            with (
                suppress(OSError),
                closing(
                    os.open(name, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=self.fd)
                ) as fd,
            ):
                os.ftruncate(fd, 0)

    def create_folder(self, name: str) -> int:
        """A folder inside the camera's; its descriptor."""
        os.mkdir(name, 0o700, dir_fd=self.fd)
        fd = open_folder(name, self.fd)
        self._share(fd, DIR_MODE)
        return fd

    def end_leftovers(self) -> int:
        """End what a dead writer left, remove its files, and return its epoch (0: none).

        Its readers learn of the end from the memory that they still have.
        """
        epoch = 0
        with (
            suppress(OSError),
            closing(
                os.open(RING_NAME, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=self.fd)
            ) as fd,
        ):
            words = os.pread(fd, (Header.STATE + 1) * WORD_BYTES, 0)
            if len(words) == (Header.STATE + 1) * WORD_BYTES:
                values = struct.unpack(f"@{Header.STATE + 1}Q", words)
                if values[Header.MAGIC] == MAGIC:
                    epoch = min(values[Header.EPOCH], _LAST_EPOCH)
                    os.pwrite(fd, struct.pack("@Q", State.ENDED), Header.STATE.offset)
                    control = FileMemory(len(words), writable=False)
                    control.lay(fd)
                    wake(control.address + Header.HEAD.offset)
                    wake(control.address + Header.STATE.offset)
        _empty(self.fd, keep=frozenset({LOCK_NAME}))
        return epoch

    def remove_version1_folder(self) -> None:
        """Remove the camera's version 1 folder; `StorageError` if it holds files of others."""
        try:
            folder_fd = open_folder(self._camera_id, self.base_fd)
        except FileNotFoundError:
            return
        with closing(folder_fd):
            ours = {V1_DATA_NAME, V1_META_NAME}
            ours |= {f".{name}" for name in ours} | {f"{name}.tmp" for name in ours}
            others = set(os.listdir(folder_fd)) - ours
            if others:
                raise StorageError(
                    f"{self._base_dir}/{self._camera_id} holds files that are not frames: "
                    + ", ".join(sorted(others)[:3])
                )
        remove_tree(self._camera_id, self.base_fd)

    def remove(self) -> None:
        """Remove the camera's folder and let go of the lock, in that order."""
        with suppress(OSError):
            _empty(self.fd, keep=frozenset({LOCK_NAME}))
        with suppress(OSError):
            os.unlink(LOCK_NAME, dir_fd=self.fd)
            os.rmdir(f"{RINGS_DIR}/{self._camera_id}", dir_fd=self.base_fd)
            os.rmdir(RINGS_DIR, dir_fd=self.base_fd)
        self.let_go()

    def clear(self) -> None:
        """Remove what a dead writer left, and let go."""
        try:
            self.end_leftovers()
            self.remove_version1_folder()
        finally:
            self.remove()

    def _take(self) -> bool:
        """One attempt; False: another process removed the folder in the meantime."""
        if not os.path.isdir(self._base_dir):
            parent, name = os.path.split(os.path.abspath(self._base_dir))
            with closing(open_folder(parent)) as parent_fd:
                self._make_folder(name, parent_fd)
        self.base_fd = open_folder(self._base_dir)
        wrong = whose_folder(os.fstat(self.base_fd), {0, os.geteuid(), self._owner})
        if wrong is not None:
            raise StorageError(f"the base folder {self._base_dir} {wrong}")
        try:
            with closing(self._own_folder(RINGS_DIR, self.base_fd)) as rings_fd:
                self.fd = self._own_folder(self._camera_id, rings_fd)
            return self._lock()
        except FileNotFoundError:
            return False

    def _own_folder(self, name: str, parent_fd: int) -> int:
        try:
            fd = open_folder(name, parent_fd)
        except FileNotFoundError:
            self._make_folder(name, parent_fd)
            fd = open_folder(name, parent_fd)
        if os.fstat(fd).st_uid not in (os.geteuid(), 0):
            os.close(fd)
            raise StorageError(f"the folder {name!r} in {self._base_dir} is another user's")
        return fd

    def _make_folder(self, name: str, parent_fd: int) -> None:
        """Make a folder that has its group and mode from the moment on at which it has its name.

        One that is there already, or comes meanwhile, stays.
        """
        made = f"{NEW_PREFIX}{secrets.token_hex(8)}"
        os.mkdir(made, 0o700, dir_fd=parent_fd)
        try:
            with closing(open_folder(made, parent_fd)) as fd:
                self._share(fd, DIR_MODE)
            # An empty folder that came meanwhile is replaced; whoever has it open tries again.
            os.rename(made, name, src_dir_fd=parent_fd, dst_dir_fd=parent_fd)
        except OSError as error:
            os.rmdir(made, dir_fd=parent_fd)
            if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
                raise

    def _lock(self) -> bool:
        self._lock_fd = os.open(
            LOCK_NAME,
            os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC,
            LOCK_MODE,
            dir_fd=self.fd,
        )
        try:
            fcntl.fcntl(self._lock_fd, fcntl.F_OFD_SETLK, _WRITE_LOCK)
        except (BlockingIOError, PermissionError) as error:
            raise WriterConflictError(
                f"camera {self._camera_id!r} in {self._base_dir} has another live writer"
            ) from error
        # Its last owner may have removed the file between our opening and our locking it.
        named = os.stat(LOCK_NAME, dir_fd=self.fd, follow_symlinks=False)
        return os.path.samestat(named, os.fstat(self._lock_fd))

    def _share(self, fd: int, mode: int) -> None:
        if self._gid is not None:
            os.fchown(fd, -1, self._gid)
        os.fchmod(fd, mode | mode >> 3 & 0o005 if self._public else mode)

    def let_go(self) -> None:
        """Let go without removing anything."""
        for fd in (self.fd, self.base_fd, self._lock_fd):
            if fd >= 0:
                os.close(fd)
        self.fd = self.base_fd = self._lock_fd = -1


def whose_folder(info: os.stat_result, owners: Container[int | None]) -> str | None:
    """Why a base folder is not safe to keep frames in; None: it is.

    Its owner can rename what is in it, and so can others where they may write and nothing is
    sticky: they could put rings of their own in the place of the writer's.
    """
    if info.st_uid not in owners:
        return f"belongs to another user ({info.st_uid})"
    if info.st_mode & stat.S_IWOTH and (info.st_uid or not info.st_mode & stat.S_ISVTX):
        return "can be written to by every user"
    return None


def _id_of(kind: str, name: str | None, find: Callable[[str], int]) -> int | None:
    """The number of a group or user that is set by name or number."""
    if name is None:
        return None
    try:
        return int(name) if name.isdecimal() else find(name)
    except KeyError as error:
        raise StorageError(f"there is no {kind} {name!r} on this host") from error
