"""What every request of the page passes through: what is refused, and what each answer carries."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, request

from vas_dash.web import logs
from vas_dash.web.bodies import MAX_BODY_BYTES, StrictJson, is_too_deep
from vas_dash.web.headers import SecurityHeaders
from vas_dash.web.health import Readiness
from vas_dash.web.origin import is_foreign

if TYPE_CHECKING:
    from _typeshed import OptExcInfo
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

    from vas_dash.web.metrics import Metrics

__all__ = ["CALLBACK_PATH", "TOO_LARGE", "Answers", "protect", "refuse", "watch"]

CALLBACK_PATH = "/_dash-update-component"

TOO_LARGE = f"This is larger than {MAX_BODY_BYTES // 1_000_000} MB."

_log = logging.getLogger("vas_dash.web")

IsCallback = Callable[[object], bool]


class Answers:
    """WSGI: every request has an id, and every answer `headers`, whatever in `app` makes it."""

    def __init__(
        self, app: WSGIApplication, headers: SecurityHeaders, metrics: Metrics | None = None
    ) -> None:
        self._app = app
        self._headers = headers
        self._metrics = metrics

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer as `app` does."""
        request_id = logs.begin_request()
        path = environ.get("PATH_INFO", "")

        def start(
            status: str, headers: list[tuple[str, str]], exc_info: OptExcInfo | None = None, /
        ) -> Callable[[bytes], object]:
            self._headers.put(headers, path, status)
            headers.append(("X-Request-ID", request_id))
            if self._metrics is not None:
                self._metrics.requests.labels(_kind(path), status[:3]).inc()
            return start_response(status, headers, exc_info)

        try:
            return self._app(environ, start)
        finally:
            logs.end_request()


def protect(
    server: Flask,
    is_callback: IsCallback,
    *,
    allowed_origins: Collection[str] = (),
    metrics: Metrics | None = None,
) -> None:
    """Check what comes to `server`, before every other hook of it.

    `is_callback`: whether JSON calls one of the page's callbacks, with all its arguments.
    """
    server.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    server.json = StrictJson(server)

    def check() -> Response | None:
        if is_foreign(request.method, request.headers, request.host, allowed_origins):
            return refuse("origin", 403, "This request came from another site.", metrics)
        calls_back = request.path == CALLBACK_PATH and request.method == "POST"
        if not (calls_back or request.is_json):
            return None
        body = request.get_data()
        if len(body) == MAX_BODY_BYTES:
            # What comes in chunks is cut there, without a word.
            return refuse("size", 413, TOO_LARGE, metrics)
        if is_too_deep(body):
            return refuse("nesting", 400, "This is nested too deeply.", metrics)
        if calls_back and not is_callback(request.get_json(silent=True)):
            return refuse("no callback", 400, "This is no callback of the page.", metrics)
        return None

    server.before_request_funcs.setdefault(None, []).insert(0, check)


def refuse(reason: str, status: int, text: str, metrics: Metrics | None = None) -> Response:
    """A plain answer to a request that is not answered, and one line in the log."""
    _log.warning("a request was refused: %s", reason, extra={"event": "request.refused"})
    if metrics is not None:
        metrics.refused.labels(reason).inc()
    return Response(text + "\n", status=status, mimetype="text/plain")


def watch(server: Flask, readiness: Readiness, metrics_text: Callable[[], bytes] | None) -> None:
    """`/healthz`: the process answers. `/readyz`: it can do its work. `/metrics`: in figures."""

    def ready() -> Response:
        missing = readiness.missing()
        text = f"not ready: {', '.join(missing)}\n" if missing else "ok\n"
        return Response(text, status=503 if missing else 200, mimetype="text/plain")

    def figures() -> Response:
        if metrics_text is None:
            return _plain("Not found.\n", 404)
        return Response(metrics_text(), content_type="text/plain; version=0.0.4; charset=utf-8")

    views: Mapping[str, Callable[[], Any]] = {
        "healthz": lambda: _plain("ok\n"),
        "readyz": ready,
        "metrics": figures,
    }
    for name, view in views.items():
        server.add_url_rule(f"/{name}", view_func=view, endpoint=name)


def _plain(text: str, status: int = 200) -> Response:
    return Response(text, status=status, mimetype="text/plain")


def _kind(path: str) -> str:
    if path == CALLBACK_PATH:
        return "callback"
    if path == "/poll":
        return "poll"
    if path.startswith(("/assets/", "/_dash-component-suites/")):
        return "file"
    return "watching" if path in ("/healthz", "/readyz", "/metrics") else "page"
