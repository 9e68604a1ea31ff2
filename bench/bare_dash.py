"""What the page's callbacks are held against: a bare Flask route, and the smallest Dash callback.

`server` is a WSGI application; the callback answers with a table of 50 by 22 cells made in advance.
"""

from __future__ import annotations

from typing import cast

import orjson
from dash import Dash, Input, Output, html
from flask import Flask, Response, request

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
    {"id": f"{number:036}"} | {f"column-{column}": "on 10 fps p50" for column in range(22)}
    for number in range(50)
]

app = Dash("bare_dash", use_async=False, suppress_callback_exceptions=True, pages_folder="")
app.layout = html.Div()
server = cast("Flask", app.server)


@app.callback(Output("grid", "data"), Input("page", "data"))
def _rows(_page: object) -> list[dict[str, str]]:
    return _ROWS


@server.post(f"/{FLASK_PATH}")
def _flask() -> Response:
    request.get_json()
    return Response(b"{}", mimetype="application/json")


server.test_client().get("/")
