"""The page's server in a thread of the test process."""

from __future__ import annotations

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

    def finish(self) -> None:
        # A tab that was closed takes nothing more.
        with suppress(ConnectionError):
            super().finish()

    def log_request(self, *_: object) -> None:
        pass


@contextmanager
def served(app: Flask, port: int = 0) -> Iterator[str]:
    """`app` on a free port if none is given, a thread for each connection; gives its address."""
    server = make_server("127.0.0.1", port, app, threaded=True, request_handler=_Handler)
    # Between two looks for its end it sleeps: each test would wait for half a second.
    quick = {"poll_interval": 0.02}
    thread = Thread(target=server.serve_forever, kwargs=quick, name="page", daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()
