"""A session of requests whose calls end by a deadline, whatever the other side does.

A timeout of a socket begins anew with every byte that trickles in; this deadline does not. A call
is one thread's from its connection to its last byte, so what belongs to it is left in `call` for
the sockets, which urllib3 makes.
"""

from __future__ import annotations

import http.client
import ssl
import threading
import time
from collections.abc import Callable
from http.cookiejar import DefaultCookiePolicy
from socket import socket
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

__all__ = ["call", "session_with_deadline", "tls_context"]


class Call(threading.local):
    """The call that this thread is in.

    `deadline` in `time.monotonic()`; `connected`: it made its connection itself.
    """

    deadline: float = 0.0
    connected: bool = False
    before_send: Callable[[], None] | None = None


call = Call()


class _Deadline(socket):
    """A socket of which no operation lasts past the deadline of the call."""

    def _bound(self) -> None:
        left_s = call.deadline - time.monotonic()
        if left_s <= 0:
            raise TimeoutError("the deadline of the call has passed")
        timeout_s = self.gettimeout()
        if timeout_s is None or timeout_s > left_s:
            self.settimeout(left_s)

    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        self._bound()
        return super().recv_into(*args, **kwargs)

    def send(self, *args: Any, **kwargs: Any) -> int:
        self._bound()
        return super().send(*args, **kwargs)

    def sendall(self, *args: Any, **kwargs: Any) -> None:
        self._bound()
        super().sendall(*args, **kwargs)


class _DeadlineTls(_Deadline, ssl.SSLSocket):
    """The same over TLS."""


def tls_context() -> ssl.SSLContext:
    """TLS that trusts what the system trusts, on sockets with a deadline."""
    context = ssl.create_default_context()
    context.sslsocket_class = _DeadlineTls
    return context


class _Response(http.client.HTTPResponse):
    """Refuses headers that are no headers; urllib3 would log a traceback and go on."""

    def begin(self) -> None:
        super().begin()
        if self.msg.defects:
            raise http.client.HTTPException("malformed headers")


class _PlainConnection(HTTPConnection):
    response_class = _Response

    def _new_conn(self) -> socket:
        return _with_deadline(super()._new_conn())

    def connect(self) -> None:
        super().connect()
        _connected()


class _TlsConnection(HTTPSConnection):
    response_class = _Response

    def _new_conn(self) -> socket:
        return _with_deadline(super()._new_conn())

    def connect(self) -> None:
        super().connect()
        _connected()


def _with_deadline(plain: socket) -> socket:
    timeout_s = plain.gettimeout()
    sock = _Deadline(fileno=plain.detach())
    sock.settimeout(timeout_s)
    return sock


def _connected() -> None:
    """A connection stands, nothing has been sent on it."""
    if time.monotonic() >= call.deadline:
        raise TimeoutError("the deadline of the call has passed")
    call.connected = True
    if call.before_send is not None:
        call.before_send()


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _PlainConnection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


class _Adapter(HTTPAdapter):
    def __init__(self, tls: ssl.SSLContext | None) -> None:
        self._tls = tls
        super().__init__(pool_connections=1, pool_maxsize=8)

    def init_poolmanager(
        self, connections: int, maxsize: int, block: bool = False, **pool_kwargs: Any
    ) -> None:
        super().init_poolmanager(
            connections, maxsize, block=block, ssl_context=self._tls, **pool_kwargs
        )
        self.poolmanager.pool_classes_by_scheme = {"http": _PlainPool, "https": _TlsPool}

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:  # noqa: ARG002
        """The context has its authorities; loading others takes 20 ms for each connection."""
        conn.cert_reqs = "CERT_REQUIRED"


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> None:
        """None: a redirect is not followed, nor prepared for."""


def session_with_deadline(tls: ssl.SSLContext | None) -> requests.Session:
    """A session that keeps no cookies, follows nothing, and asks no environment."""
    session = _Session()
    session.trust_env = False
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    adapter = _Adapter(tls)
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    return session
