"""Export as a download: `GET export?format=csv&ids=1`, and with the grid's own query a part of it.

The file is the one that `python -m vas_dash export` writes of the same fleet. It is made of the
newest snapshot that the page has; `Last-Modified` says of when that is.
"""

from __future__ import annotations

from flask import Flask, Response, request

from vas_dash.domain.presets import Preset, current_presets
from vas_dash.errors import JournalError
from vas_dash.files.exporting import FleetUnknownError, export_file
from vas_dash.files.tree import Format
from vas_dash.fleet.query import parse_query
from vas_dash.pages.context import Context
from vas_dash.pages.files.model import SEMICOLONS

__all__ = ["register"]

_TYPES = {
    Format.CSV: "text/csv",
    Format.JSON: "application/json",
    Format.YAML: "application/yaml",
}


def register(server: Flask, context: Context) -> None:
    """Add the route to the page's server."""

    def export() -> Response:
        formats = {str(one): (one, ",") for one in Format} | {SEMICOLONS: (Format.CSV, ";")}
        wanted, separator = formats.get(request.args.get("format", ""), (None, ","))
        if wanted is None:
            return _plain(400, f"format must be one of {', '.join(formats)}")
        query = parse_query(request.query_string.decode("ascii", "replace"))
        snapshot = context.grid().snapshot
        try:
            ids = request.args.get("ids") == "1"
            presets = _presets(context)
            data = export_file(
                snapshot, wanted, query, ids=ids, separator=separator, presets=presets
            )
        except FleetUnknownError as error:
            return _plain(503, f"Not exported: {error}.")
        response = Response(data, mimetype=_TYPES[wanted])
        response.headers["Content-Disposition"] = f'attachment; filename="vas-intent.{wanted}"'
        response.last_modified = snapshot.taken_at
        return response

    server.add_url_rule("/export", view_func=export, endpoint="export")


def _presets(context: Context) -> tuple[Preset, ...]:
    """Those that are kept; where that cannot be read, the view has said so."""
    try:
        return current_presets(context.presets.versions())
    except JournalError:
        return ()


def _plain(status: int, text: str) -> Response:
    return Response(f"{text}\n", status=status, mimetype="text/plain")
