"""Signed sessions, and the key that signs them."""

from __future__ import annotations

import hashlib
import os
import secrets
import tempfile
from pathlib import Path

from itsdangerous import BadData, URLSafeTimedSerializer

from vas_dash.auth.users import Users
from vas_dash.domain.operators import Operator
from vas_dash.errors import SettingsError

__all__ = ["Sessions", "session_key"]

_KEY_BYTES = 32


class Sessions:
    """Says who a session is of. It holds the name and a stamp of the password, nothing secret.

    A session ends by its age, when its user is removed, and when the password changes; role and
    locations are those of the moment.
    """

    def __init__(self, users: Users, key: bytes, lifetime_s: int) -> None:
        self._users = users
        self._lifetime_s = lifetime_s
        self._serializer = URLSafeTimedSerializer(
            key,
            salt="vas_dash.session",
            signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha256},
        )

    def begin(self, name: str, stamp: str) -> str:
        """A session of this user, as it stands in the cookie."""
        return str(self._serializer.dumps([name, stamp]))

    def operator(self, cookie: str) -> Operator | None:
        """The operator whose session it is; None: unknown, or it has ended."""
        try:
            name, stamp = self._serializer.loads(cookie, max_age=self._lifetime_s)
        except (BadData, ValueError, TypeError):
            return None
        user = self._users.get(name) if isinstance(name, str) else None
        if user is None or not secrets.compare_digest(user.stamp.encode(), str(stamp).encode()):
            return None
        return user.operator(name)


def session_key(folder: Path) -> bytes:
    """The key in `folder`, shared by all workers; it is made where there is none.

    Raises:
        SettingsError: it can be neither read nor made.
    """
    path = folder / "session.key"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            handle, name = tempfile.mkstemp(dir=folder, prefix=".session.key.")  # 0600
            with os.fdopen(handle, "wb") as file:
                file.write(secrets.token_bytes(_KEY_BYTES))
            try:
                os.link(name, path)  # whole, and of two workers only the first one's
            except FileExistsError:
                pass
            finally:
                os.unlink(name)
        key = path.read_bytes()
    except OSError as error:
        raise SettingsError(f"the key of sessions cannot be kept: {error.strerror}") from None
    if len(key) < _KEY_BYTES:
        raise SettingsError("the key of sessions is too short; remove the file session.key")
    return key
