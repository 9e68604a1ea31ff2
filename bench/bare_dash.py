"""What the page's callbacks are held against: nothing at all, a bare Flask route, a Dash callback.

`server` is a WSGI application; the callback, the smallest there is, answers with a table of 50 by
22 cells made in advance.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, cast

import orjson
from dash import Dash, Input, Output, html
from flask import Flask, Response, request

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

EMPTY_PATH = "empty"
FLASK_PATH = "flask"
CALLBACK_PATH = "_dash-update-component"
BODY = orjson.dumps(
    {
        "output": "grid.data",
        "outputs": {"id": "grid", "property": "data"},
        "inputs": [{"id": "page", "property": "data", "value": 1}],
        "changedPropIds": ["page.data"],
        "state": [],
    }
)

_ROWS = [
    {"id": f"{number:036}"} | {f"column-{column}": "on 10 fps priority 50" for column in range(22)}
    for number in range(50)
]

_app = Dash("bare_dash", use_async=False, suppress_callback_exceptions=True, pages_folder="")
_app.layout = html.Div()
_flask = cast("Flask", _app.server)


@_app.callback(Output("grid", "data"), Input("page", "data"))
def _rows(_page: object) -> list[dict[str, str]]:
    return _ROWS


@_flask.post(f"/{FLASK_PATH}")
def _route() -> Response:
    request.get_json()
    return Response(b"{}", mimetype="application/json")


_flask.test_client().get("/")


def server(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """At `EMPTY_PATH` an answer without any framework: what gunicorn alone comes to."""
    if environ["PATH_INFO"] != f"/{EMPTY_PATH}":
        return _flask(environ, start_response)
    environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", "2")])
    return [b"{}"]
