"""The page's server in a thread of the test process."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Thread

from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server


class _Handler(WSGIRequestHandler):
    """Keeps connections, answers at once, and writes no line for each request."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True
    connections: set[socket.socket]

    def setup(self) -> None:
        self.connections.add(self.request)
        super().setup()

    def finish(self) -> None:
        self.connections.discard(self.request)
        # A tab that was closed takes nothing more.
        with suppress(ConnectionError):
            super().finish()

    def log_request(self, *_: object) -> None:
        pass


@contextmanager
def served(app: Flask, port: int = 0, listener: socket.socket | None = None) -> Iterator[str]:
    """`app` at `listener`, or on a free port if none is given; gives its address.

    Each connection has a thread; at the end all are closed, so that no browser goes on with the
    application of an earlier test.
    """
    connections: set[socket.socket] = set()
    handler = type("Handler", (_Handler,), {"connections": connections})
    fd = None if listener is None else listener.fileno()
    server = make_server("127.0.0.1", port, app, threaded=True, request_handler=handler, fd=fd)
    # Between two looks for its end it sleeps: each test would wait for half a second.
    quick = {"poll_interval": 0.02}
    thread = Thread(target=server.serve_forever, kwargs=quick, name="page", daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.socket.getsockname()[1]}"
    server.shutdown()
    thread.join()
    for connection in list(connections):
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
    server.server_close()
