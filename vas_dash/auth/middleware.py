"""Nothing of the page is answered before it is known who asks."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from flask import Request
from werkzeug.wrappers import Response

from vas_dash.domain.operators import Operator, Role
from vas_dash.errors import NotAllowedError

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

__all__ = ["NOBODY", "AuthenticationMiddleware", "Identify", "asking"]

log = logging.getLogger("vas_dash.auth")

Identify = Callable[[Request], Operator | None]
"""The operator of a request; None: unknown. NotAllowedError: known, and not allowed here.

It is called for every request, so it should be quick; it looks at headers and cookies, not at the
body, which is read later.
"""

NOBODY = Operator("nobody", Role.VIEWER)
"""The operator where there is no request: while the page is set up."""

_KEY = "vas_dash.operator"


def asking(environ: WSGIEnvironment) -> Operator:
    """The operator of this request. A client cannot set it: headers have other keys."""
    operator = environ.get(_KEY)
    return operator if isinstance(operator, Operator) else NOBODY


class AuthenticationMiddleware:
    """WSGI: finds the operator of each request, and answers requests that have none itself.

    `open_paths` need no operator. `unknown` answers requests without one. `read_only` makes every
    operator a viewer.
    """

    def __init__(
        self,
        app: WSGIApplication,
        identify: Identify,
        *,
        open_paths: Iterable[str] = (),
        unknown: Callable[[Request], Response] | None = None,
        read_only: bool = False,
    ) -> None:
        self._app = app
        self._identify = identify
        self._open = frozenset(open_paths)
        self._unknown = unknown or (lambda _: plain(401, "You are not known here. Log in first."))
        self._read_only = read_only

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer, or let it through with the operator in its environment."""
        environ.pop(_KEY, None)
        if environ.get("PATH_INFO") in self._open:
            return self._app(environ, start_response)
        request = Request(environ)
        try:
            operator = self._identify(request)
            if operator is not None and not isinstance(operator, Operator):
                raise TypeError("identify gave something that is no Operator")
        except NotAllowedError as error:
            return plain(403, f"{error.reason[:1].upper()}{error.reason[1:]}.")(
                environ, start_response
            )
        except Exception as error:
            log.error("who is asking could not be found out: %s", _one_line(error))
            return plain(503, "This page is not available.")(environ, start_response)
        if operator is None:
            return self._unknown(request)(environ, start_response)
        if self._read_only:
            operator = replace(operator, role=Role.VIEWER)
        environ[_KEY] = operator
        return self._app(environ, start_response)


def plain(status: int, text: str) -> Response:
    """A short answer for people."""
    return Response(text + "\n", status=status, mimetype="text/plain")


def _one_line(error: Exception) -> str:
    """An error and where it came from, without its text: that may hold anything."""
    where = traceback.extract_tb(error.__traceback__)
    place = f" ({Path(where[-1].filename).name}:{where[-1].lineno})" if where else ""
    return type(error).__name__ + place
