"""A proxy that takes the page's path away from what it passes on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from vas_dash.auth.addresses import Proxies
from vas_dash.auth.middleware import plain

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

__all__ = ["ForwardedPrefix"]


class ForwardedPrefix:
    """WSGI: gives a path back what a proxy has taken away and names in `X-Forwarded-Prefix`.

    Only proxies that are believed may say so. One that has taken away another path than `prefix`
    gets one line that says what to set.
    """

    def __init__(self, app: WSGIApplication, prefix: str, proxies: Proxies) -> None:
        self._app = app
        self._prefix = prefix
        self._proxies = proxies

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer as `app` does, with the whole path."""
        taken = environ.get("HTTP_X_FORWARDED_PREFIX", "")
        path = environ.get("PATH_INFO", "")
        if taken and not path.startswith(self._prefix) and self._proxies.sent(environ):
            whole = f"{taken.rstrip('/')}/{path.lstrip('/')}"
            if not whole.startswith(self._prefix):
                return self._other(environ, start_response)
            environ["PATH_INFO"] = whole
        return self._app(environ, start_response)

    def _other(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        text = (
            f"The proxy takes away another path than {self._prefix}: "
            "set VAS_DASH_PREFIX to the path that browsers see."
        )
        return plain(404, text)(environ, start_response)
