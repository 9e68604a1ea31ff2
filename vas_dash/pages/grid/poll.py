"""The regular look of an open page: whether what it shows is still the newest.

A plain route. A callback that finds nothing to change costs a browser some 70 ms of work all the
same, since Dash has every component of the page hear of each of its steps.
"""

from __future__ import annotations

import logging

from flask import Flask, Response, request
from pydantic import ValidationError

from vas_dash.pages.arguments import PollRequest
from vas_dash.pages.context import Context
from vas_dash.pages.grid.callbacks import drawn
from vas_dash.pages.overview.callbacks import counted

log = logging.getLogger("vas_dash.poll")


def register(server: Flask, context: Context) -> None:
    """Put `poll` on the page's server: 204, or 200 where the view is to be asked for again."""

    def poll() -> Response:
        try:
            asked = PollRequest.model_validate(request.get_json(silent=True))
        except (ValidationError, RecursionError):
            log.warning("a poll was not understood")
            return Response("This is not what the page asks.\n", status=400, mimetype="text/plain")
        rendered_page = drawn(context, asked.search, asked.recent, asked.draft)
        # With several workers the fleet is not to go back in time for a moment.
        digest = rendered_page.digest
        if asked.view == "overview":
            digest = counted(context, asked.search, asked.recent, asked.draft).digest
        older = rendered_page.is_older_than(asked.taken_ms, asked.taken_by)
        return Response(status=204 if older or digest == asked.digest else 200)

    server.add_url_rule("/poll", view_func=poll, endpoint="poll", methods=["POST"])
