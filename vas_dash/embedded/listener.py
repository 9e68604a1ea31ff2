"""A loopback HTTP server in a thread of this process."""

from __future__ import annotations

from contextlib import suppress
from threading import Thread
from typing import Any

from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server

__all__ = ["Listener"]


class _Handler(WSGIRequestHandler):
    """Keeps connections, and sends each answer at once.

    Unbuffered, the head and the body of an answer go out as two packets, and the second waits for
    the delayed acknowledgement of the first: 40 ms for every request.
    """

    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True

    def finish(self) -> None:
        """End the connection. One whose client has left cannot take what is still buffered."""
        with suppress(ConnectionError):
            super().finish()

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - the base's name
        """Nothing: every request would be a line."""


class Listener:
    """Serves `app` on 127.0.0.1 from a daemon thread, a thread for each connection."""

    def __init__(self, app: Flask, port: int) -> None:
        self._server = make_server("127.0.0.1", port, app, threaded=True, request_handler=_Handler)
        self._thread = Thread(target=self._server.serve_forever, name="embedded-vas", daemon=True)
        self._thread.start()

    @property
    def base_url(self) -> str:
        """Address to reach it at, without a path."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        """Stop listening. Connections that are open end with their clients."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
