"""What the page is held against: nothing at all, a bare Flask route, and a bare Dash application.

`server` is a WSGI application. The Dash application is a server-paged DataTable of 5,000 rows with
cells as the page has them, and nothing else: one callback turns its pages, one toggles a cell.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, cast

import orjson
from dash import Dash, Input, Output, Patch, dash_table, html
from dash.exceptions import PreventUpdate
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
        "inputs": [{"id": "grid", "property": "page_current", "value": 1}],
        "changedPropIds": ["grid.page_current"],
        "state": [],
    }
)

_ROWS_ON_PAGE = 50
_PAGES = 100
_MODELS = [f"m{number}" for number in range(20)]
_ON, _OFF = "\u25cf on 10 fps priority 50", "\u25cb off 10 fps priority 50"


def _rows(page: int) -> list[dict[str, str]]:
    """One cell of five is assigned, as in the site `fleet`."""
    numbers = range(page * _ROWS_ON_PAGE, (page + 1) * _ROWS_ON_PAGE)
    return [
        {"id": f"{number:036}", "camera": f"Gate {number}", "location": f"Depot {number // 40}"}
        | {model: _ON for at, model in enumerate(_MODELS) if (number + at) % 5 == 0}
        for number in numbers
    ]


_pages = [_rows(page) for page in range(_PAGES)]
# The files of `assets/` are the page's own.
_app = Dash("bare_dash", use_async=False, use_pages=False, include_assets_files=False)
_app.layout = html.Div(
    dash_table.DataTable(  # type: ignore[attr-defined]
        id="grid",
        columns=[{"id": name, "name": name} for name in ("camera", "location", *_MODELS)],
        page_action="custom",
        page_current=0,
        page_size=_ROWS_ON_PAGE,
        page_count=_PAGES,
    )
)
_flask = cast("Flask", _app.server)


@_app.callback(Output("grid", "data"), Input("grid", "page_current"))
def _turn(page: int) -> list[dict[str, str]]:
    return _pages[page]


@_app.callback(
    Output("grid", "data", allow_duplicate=True),
    Input("grid", "active_cell"),
    prevent_initial_call=True,
)
def _toggle(cell: dict[str, Any] | None) -> Patch:
    if cell is None:
        raise PreventUpdate
    row, column = _pages[0][cell["row"]], cell["column_id"]
    row[column] = _OFF if row.get(column) == _ON else _ON
    patch = Patch()
    patch[cell["row"]][column] = row[column]
    return patch


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
