"""Where errors end: one line in the log, a plain answer, and never the host."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from vas_dash.errors import SettingsError

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

__all__ = ["Guard", "one_line", "plain"]

log = logging.getLogger("vas_dash")


def one_line(error: Exception) -> str:
    """An error and where it came from, without its values: these may hold anything."""
    where = traceback.extract_tb(error.__traceback__)
    place = f" ({Path(where[-1].filename).name}:{where[-1].lineno})" if where else ""
    text = f": {error}" if isinstance(error, SettingsError) else ""
    return type(error).__name__ + text + place


def plain(status: str, text: str) -> WSGIApplication:
    """An application that answers everything with one text."""
    body = text.encode()

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:  # noqa: ARG001
        start_response(status, [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
        return [body]

    return answer


class Guard:
    """Whatever the page raises ends here, as 503, and never reaches the host."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app
        self._unavailable = plain("503 SERVICE UNAVAILABLE", "This page is not available.\n")

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer, whatever happens."""
        try:
            return self._app(environ, start_response)
        except Exception as error:
            log.error("the page failed: %s", one_line(error))
            return self._unavailable(environ, start_response)
