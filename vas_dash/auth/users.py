"""The file of users: names, roles, locations, and argon2 hashes of passwords."""

from __future__ import annotations

import fcntl
import hashlib
import os
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vas_dash.domain.operators import Operator, Role, person_name
from vas_dash.errors import SettingsError

__all__ = ["MAX_PASSWORD_CHARS", "MIN_PASSWORD_CHARS", "BusyHashingError", "User", "Users"]

MIN_PASSWORD_CHARS = 8
MAX_PASSWORD_CHARS = 1000

_hasher = PasswordHasher()
"""The library's choice for interactive logins: argon2id, 64 MiB, RFC 9106."""

_at_once = threading.BoundedSemaphore(2)
"""Each takes 64 MiB and a core; the rest of the page is to go on."""

_HASHING_WAIT_S = 2.0


class BusyHashingError(Exception):
    """Too many passwords are being checked at once."""


class User(BaseModel):
    """One user as the file has it. Locations None: cameras everywhere."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    role: Role = Role.OPERATOR
    locations: frozenset[str] | None = None
    hash: str = Field(repr=False)

    @property
    def stamp(self) -> str:
        """Changes with the password; tells nothing of it, nor of its hash."""
        return hashlib.blake2b(self.hash.encode(), digest_size=12).hexdigest()

    def operator(self, name: str) -> Operator:
        """The user as the page knows them."""
        return Operator(name, self.role, self.locations)


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    users: dict[str, User] = Field(default_factory=dict)


class Users:
    """The file; read again whenever it has changed, so that a removed user is out at once.

    Every method raises SettingsError where the file cannot be read, and OSError where it cannot be
    written. A file that is not there has no users.
    """

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)
        self._kept: tuple[tuple[int, int, int], Mapping[str, User]] | None = None
        self._dummy = _hasher.hash(os.urandom(16).hex())

    def all(self) -> Mapping[str, User]:
        """Everybody, by name."""
        try:
            stat = self._path.stat()
            now = (stat.st_mtime_ns, stat.st_ino, stat.st_size)
            kept = self._kept
            if kept is None or kept[0] != now:
                kept = self._kept = now, _File.model_validate_json(self._path.read_bytes()).users
            return kept[1]
        except FileNotFoundError:
            return {}
        except (OSError, ValidationError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is no file of users"
            raise SettingsError(f"VAS_DASH_USERS_FILE cannot be read: {why}") from None

    def get(self, name: str) -> User | None:
        """One of them."""
        return self.all().get(name)

    def verified(self, name: str, password: str) -> User | None:
        """The user, if that is the password. It takes as long where there is no such user.

        Raises:
            BusyHashingError: nothing was checked.
        """
        user = self.get(name)
        if not _at_once.acquire(timeout=_HASHING_WAIT_S):
            raise BusyHashingError
        try:
            _hasher.verify(self._dummy if user is None else user.hash, password)
        except (Argon2Error, InvalidHashError, UnicodeEncodeError):
            return None
        finally:
            _at_once.release()
        return user

    def put(self, name: str, role: Role, locations: frozenset[str] | None, password: str) -> bool:
        """Add a user, or change one; whether there was one of this name.

        Raises:
            ValueError: the name or the password cannot be; says why, not what.
        """
        name = person_name(name)
        if not MIN_PASSWORD_CHARS <= len(password) <= MAX_PASSWORD_CHARS:
            raise ValueError(
                f"a password has {MIN_PASSWORD_CHARS} to {MAX_PASSWORD_CHARS} characters"
            )
        user = User(role=role, locations=locations, hash=_hasher.hash(password))
        with self._changing() as users:
            known = name in users
            users[name] = user
        return known

    def remove(self, name: str) -> bool:
        """Remove a user; whether there was one of this name."""
        with self._changing() as users:
            return users.pop(name, None) is not None

    @contextmanager
    def _changing(self) -> Iterator[dict[str, User]]:
        """Everybody, to be changed by one process at a time; then the file is replaced whole."""
        folder = self._path.parent
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open(folder / f".{self._path.name}.lock", "a", opener=_private) as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            users = dict(self.all())
            yield users
            text = _File(users=users).model_dump_json(indent=2)
            handle, name = tempfile.mkstemp(dir=folder, prefix=f".{self._path.name}.")  # 0600
            try:
                with os.fdopen(handle, "w") as file:
                    file.write(text + "\n")
                    file.flush()
                    os.fsync(file.fileno())
                os.replace(name, self._path)
            except BaseException:
                os.unlink(name)
                raise


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
