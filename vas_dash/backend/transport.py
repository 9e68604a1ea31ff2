"""HTTP to one VAS: every call bounded in time and size, every fault one of `BackendError`.

The API key is known here and nowhere else.
"""

from __future__ import annotations

import http.client
import os
import ssl
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3
from pydantic import SecretStr

from vas_dash.backend import wire
from vas_dash.backend.deadlines import call, session_with_deadline, tls_context
from vas_dash.errors import (
    BackendError,
    BadAnswerError,
    ConflictError,
    ConnectionCutError,
    FieldProblem,
    NotAuthorisedError,
    NotFoundError,
    NotListeningError,
    RejectedError,
    ServerFaultError,
    SettingsError,
    TimedOutError,
    UnreachableError,
)

__all__ = ["Transport"]

MAX_BODY_BYTES = 64 * 2**20
MAX_REFUSAL_BYTES = 64 * 2**10
CHUNK_BYTES = 2**20


class Transport:
    """Sends requests to the VAS at `base_url`; safe to use from several threads.

    A call takes `connect_timeout_s` plus `read_timeout_s` at most, even when the answer comes a
    byte at a time (looking up the host's name alone cannot be cut short; a call that was delayed
    by it sends nothing). Redirects are not followed, cookies not kept, proxies and `.netrc` of
    the environment not used: the key goes to the VAS only. For https the authorities of the
    operating system count; OpenSSL's `SSL_CERT_FILE` adds one's own.

    `guard` makes what stands around each call: see `Breaker`.

    Raises:
        SettingsError: the API key has characters that a header cannot carry.
    """

    def __init__(
        self,
        base_url: str,
        *,
        api_key: SecretStr | None = None,
        connect_timeout_s: float = 0.5,
        read_timeout_s: float = 3.0,
        guard: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        self._guard = guard
        self._base_url = base_url.rstrip("/")
        self._connect_timeout_s = connect_timeout_s
        self._read_timeout_s = read_timeout_s
        self._headers = {
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": "vas-dash",
        }
        key = api_key.get_secret_value().strip() if api_key is not None else ""
        if key:
            if not (key.isascii() and key.isprintable()):
                raise SettingsError("VAS_API_KEY: has characters that a header cannot carry")
            self._headers["X-API-Key"] = key
        self._key = key
        self._tls = tls_context() if urlsplit(base_url).scheme == "https" else None
        self._kept: tuple[int, requests.Session] | None = None

    def __repr__(self) -> str:
        return f"Transport({self._base_url!r})"

    @property
    def call_limit_s(self) -> float:
        """No call takes longer."""
        return self._connect_timeout_s + self._read_timeout_s

    def get(
        self, path: str, params: Mapping[str, str] | None = None, until: float | None = None
    ) -> bytes:
        """The body of an answer to a read. `until` (`time.monotonic()`) bounds it further.

        Repeated once when the VAS had dropped the kept-alive connection it was sent on.

        Raises:
            BackendError: there is no such body.
        """
        deadline = self._deadline(until)
        with self._guard():
            try:
                return self._exchange(self._session(), "GET", path, deadline, params=params)
            except _DroppedError:
                with self._fresh_session() as session:
                    return self._exchange(session, "GET", path, deadline, params=params)

    def write(
        self, method: str, path: str, body: bytes | None, before_send: Callable[[], None]
    ) -> bytes:
        """The body of an answer to a write; never repeated.

        A write has a connection of its own: on one that was kept alive it could be lost without
        anybody knowing whether it arrived. `before_send` is called when that connection stands,
        before the first byte; when it raises, nothing is sent and what it raised comes out here.

        Raises:
            BackendError: there is no such body.
        """
        deadline = self._deadline(None)
        with self._guard(), self._fresh_session() as session:
            return self._exchange(
                session, method, path, deadline, body=body, before_send=before_send
            )

    def close(self) -> None:
        """Close the connections that are kept."""
        if self._kept is not None:
            self._kept[1].close()
            self._kept = None

    def _deadline(self, until: float | None) -> float:
        deadline = time.monotonic() + self.call_limit_s
        if until is None:
            return deadline
        _left_s(until)  # what was too late before it began says nothing about the VAS
        return min(deadline, until)

    def _session(self) -> requests.Session:
        """The session of this process: two processes must never share a connection."""
        if self._kept is None or self._kept[0] != os.getpid():
            self._kept = (os.getpid(), self._fresh_session())
        return self._kept[1]

    def _fresh_session(self) -> requests.Session:
        return session_with_deadline(self._tls)

    def _exchange(
        self,
        session: requests.Session,
        method: str,
        path: str,
        deadline: float,
        *,
        params: Mapping[str, str] | None = None,
        body: bytes | None = None,
        before_send: Callable[[], None] | None = None,
    ) -> bytes:
        headers = dict(self._headers)
        if body is not None:
            headers["Content-Type"] = "application/json"
        if before_send is not None:
            headers["Connection"] = "close"
        limit_s = _left_s(deadline)
        call.deadline = deadline
        call.before_send = before_send
        call.connected = False
        try:
            request = requests.Request(
                method, self._base_url + path, headers=headers, params=params, data=body
            )
            with session.send(
                session.prepare_request(request),
                stream=True,
                allow_redirects=False,
                timeout=(
                    min(self._connect_timeout_s, limit_s),
                    min(self._read_timeout_s, limit_s),
                ),
            ) as response:
                return self._body(response)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            raise self._fault(error, limit_s) from None
        finally:
            call.before_send = None

    def _body(self, response: requests.Response) -> bytes:
        """The body of a good answer; for any other the error it stands for.

        The body of a 5xx is left unread, so its connection is closed: the VAS does that to its own
        end after some of them.
        """
        status = response.status_code
        if 200 <= status < 300:
            body = _read(response.raw, MAX_BODY_BYTES)
            if body is None:
                raise BadAnswerError("the VAS sent an answer of more than 64 MiB")
            return body
        if status == 401:
            raise NotAuthorisedError("the VAS asks for an API key")
        if status == 403:
            raise NotAuthorisedError("the VAS rejected the API key")
        if status == 404:
            raise NotFoundError("the VAS does not know what was asked for (404)")
        if 500 <= status < 600:
            raise ServerFaultError(f"the VAS failed ({status})", status)
        if not 400 <= status < 500:
            raise BadAnswerError(f"the VAS answered with an unexpected status ({status})")
        refusal = wire.refusal(
            _read(response.raw, MAX_REFUSAL_BYTES) or b"", f"the VAS refused it ({status})"
        )
        reason = self._without_key(refusal.reason)
        if status == 409:
            raise ConflictError(reason)
        raise RejectedError(
            reason,
            tuple(
                FieldProblem(problem.field, self._without_key(problem.message))
                for problem in refusal.problems
            ),
        )

    def _without_key(self, text: str) -> str:
        return text.replace(self._key, "***") if self._key else text

    def _fault(self, error: Exception, limit_s: float) -> BackendError:
        """What a fault below HTTP means. Only its type is looked at, never its text."""
        causes = _causes(error)
        if _has(causes, urllib3.exceptions.NameResolutionError):
            return UnreachableError("the address of the VAS is not known")
        if _has(causes, ConnectionRefusedError):
            return NotListeningError("the VAS refused the connection")
        if _has(causes, requests.ConnectTimeout, urllib3.exceptions.ConnectTimeoutError) and not (
            _has(causes, urllib3.exceptions.NewConnectionError)
        ):
            waited = min(self._connect_timeout_s, limit_s)
            return UnreachableError(f"the VAS could not be reached within {_seconds(waited)}")
        if _has(causes, TimeoutError, urllib3.exceptions.TimeoutError, requests.Timeout):
            waited = min(self._read_timeout_s, limit_s)
            return TimedOutError(f"the VAS did not answer within {_seconds(waited)}")
        if _has(causes, urllib3.exceptions.NewConnectionError):
            return UnreachableError("the VAS cannot be reached")
        if _has(causes, ssl.SSLEOFError, ssl.SSLZeroReturnError, ConnectionError) or _has(
            causes, http.client.RemoteDisconnected
        ):
            kind = ConnectionCutError if call.connected else _DroppedError
            return kind("the VAS cut the connection")
        if _has(causes, ssl.SSLError, urllib3.exceptions.SSLError):
            if not call.connected:
                return UnreachableError("no secure connection to the VAS could be made")
            return ConnectionCutError("the VAS cut the connection")
        if _has(causes, http.client.IncompleteRead, urllib3.exceptions.IncompleteRead):
            return ConnectionCutError("the VAS cut the connection in the middle of its answer")
        if _has(causes, http.client.HTTPException, urllib3.exceptions.ProtocolError):
            return BadAnswerError("the VAS answered with something that is not HTTP")
        return UnreachableError("the VAS cannot be reached")


class _DroppedError(ConnectionCutError):
    """A kept-alive connection was gone before an answer began."""


def _read(raw: Any, most_bytes: int) -> bytes | None:
    """The whole body; None when it is longer than `most_bytes`."""
    chunks: list[bytes] = []
    size = 0
    while chunk := raw.read(CHUNK_BYTES, decode_content=False):
        size += len(chunk)
        if size > most_bytes:
            return None
        chunks.append(chunk)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def _causes(error: BaseException) -> list[BaseException]:
    """`error`, and everything it was made from: by cause, by context, by argument."""
    found: list[BaseException] = []
    waiting: list[Any] = [error]
    while waiting:
        one = waiting.pop()
        if isinstance(one, BaseException) and one not in found:
            found.append(one)
            waiting += [one.__cause__, one.__context__, getattr(one, "reason", None), *one.args]
    return found


def _has(causes: list[BaseException], *kinds: type[BaseException]) -> bool:
    return any(isinstance(cause, kinds) for cause in causes)


def _left_s(deadline: float) -> float:
    left_s = deadline - time.monotonic()
    if left_s <= 0:
        raise TimedOutError("the VAS did not answer in time")
    return left_s


def _seconds(seconds: float) -> str:
    return f"{seconds:.2g} s"
