"""A loopback HTTP server in a thread of this process."""

from __future__ import annotations

from contextlib import suppress
from io import BytesIO
from threading import Thread
from typing import Any

from flask import Flask
from werkzeug.exceptions import HTTPException
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Response
from werkzeug.wsgi import get_input_stream

from vas_dash.embedded.routes import MAX_BODY_BYTES

__all__ = ["Listener"]


class _Handler(WSGIRequestHandler):
    """Werkzeug's, with connections that are kept, as a VAS keeps them.

    Werkzeug closes each one, since an application may leave a part of the body unread, which would
    be taken for the next request. Here the body is read before the application is asked.
    """

    protocol_version = "HTTP/1.1"
    # Unbuffered, the head and the body of an answer go out as two packets, and the second waits
    # for the delayed acknowledgement of the first: 40 ms for every request.
    wbufsize = -1
    disable_nagle_algorithm = True

    def run_wsgi(self) -> None:
        """Answer one request."""
        environ = self.make_environ()
        try:
            body = get_input_stream(environ, max_content_length=MAX_BODY_BYTES).read()
        except HTTPException as problem:
            self.close_connection = True
            self._send(Response.force_type(problem.get_response(environ), environ))
            return
        environ["wsgi.input"] = BytesIO(body)
        environ["CONTENT_LENGTH"] = str(len(body))
        self._send(Response.from_app(self.server.app, environ))

    def _send(self, response: Response) -> None:
        self.send_response(response.status_code)
        for name, value in response.headers:
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(response.get_data())

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
