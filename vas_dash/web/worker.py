"""gunicorn's threaded worker, with a limit on how slowly a request may come.

Each thread of a worker reads one request at a time, and gunicorn itself waits for the rest of one
without end: a few half requests would keep all threads.
"""

from __future__ import annotations

import errno
import socket
import time
from typing import Any

from gunicorn.workers.gthread import TConn, ThreadWorker

__all__ = ["Worker"]

WAIT_S = 10.0
"""A request has so long to come in, and more by what has come of it:"""

BYTES_PER_S = 8_000
"""A body that comes faster than this is waited for to its end."""


class _RequestSocket(socket.socket):
    """A connection whose reads end when a request has had its time."""

    def __init__(self, accepted: socket.socket) -> None:
        super().__init__(accepted.family, accepted.type, accepted.proto, accepted.detach())
        self.deadline = float("inf")

    def begin(self) -> None:
        """A request begins."""
        self.deadline = time.monotonic() + WAIT_S

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        """As `socket.recv`.

        Raises:
            ConnectionResetError: the time is over; gunicorn closes the connection without a word.
        """
        left_s = self.deadline - time.monotonic()
        blocking = self.getblocking()
        try:
            if blocking:
                self.settimeout(min(max(left_s, 0.001), 3600.0))
            data = super().recv(size, flags)
        except TimeoutError:
            raise ConnectionResetError(errno.ECONNRESET, "the request came too slowly") from None
        finally:
            self.setblocking(blocking)
        self.deadline += len(data) / BYTES_PER_S
        return data


class Worker(ThreadWorker):  # type: ignore[misc]
    """What `python app.py` runs; for gunicorn by itself: `--worker-class`."""

    def accept(self, listener: Any) -> None:
        """Take a connection, as the base class does."""
        try:
            accepted, address = listener.accept()
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.ECONNABORTED, errno.EWOULDBLOCK):
                raise
            return
        self.nr_conns += 1
        connection = _RequestSocket(accepted)
        connection.setblocking(True)
        self.enqueue_req(TConn(self.cfg, connection, address, listener.getsockname()))

    def handle(self, conn: Any) -> Any:
        """Read and answer a request."""
        conn.sock.begin()
        return super().handle(conn)
