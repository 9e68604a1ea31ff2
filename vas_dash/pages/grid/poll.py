"""The regular look of an open page: whether what it shows is still the newest.

A plain route. A callback that finds nothing to change costs a browser some 70 ms of work all the
same, since Dash has every component of the page hear of each of its steps.
"""

from __future__ import annotations

import logging

from flask import Flask, Response, request
from pydantic import ValidationError

from vas_dash.pages.arguments import Look
from vas_dash.pages.context import Context
from vas_dash.pages.grid.callbacks import drawn

log = logging.getLogger("vas_dash.look")


def register(server: Flask, context: Context) -> None:
    """Put `look` on the page's server: 204, or 200 where the grid is to be asked for again."""

    def look() -> Response:
        try:
            asked = Look.model_validate(request.get_json(silent=True))
        except (ValidationError, RecursionError):
            log.warning("a look was not understood")
            return Response("This is not what the page asks.\n", status=400, mimetype="text/plain")
        drawing = drawn(context, asked.search, asked.recent, asked.draft)
        # With several workers the fleet is not to go back in time for a moment.
        older = drawing.is_older_than(asked.taken_ms, asked.taken_by)
        return Response(status=204 if older or drawing.digest == asked.digest else 200)

    server.add_url_rule("/look", view_func=look, endpoint="look", methods=["POST"])
