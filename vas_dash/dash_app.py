"""The page as a Dash application: its routes, its edge and who may pass, put together."""

from __future__ import annotations

import importlib.util
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dash import Dash
from dash.exceptions import DependencyException
from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException, InternalServerError, RequestEntityTooLarge

from vas_dash.auth.identities import by_proxy
from vas_dash.auth.middleware import NOBODY, AuthenticationMiddleware, Identify, asking
from vas_dash.config import Settings
from vas_dash.errors import NotAllowedError, SettingsError
from vas_dash.jobs import create_jobs, queue_checks
from vas_dash.journal import Journal
from vas_dash.pages import callbacks, layout
from vas_dash.pages.context import Context
from vas_dash.pages.files import download
from vas_dash.pages.grid import poll
from vas_dash.pages.grid import view as grid
from vas_dash.pages.request import is_callback
from vas_dash.web import edge
from vas_dash.web.bundles import Bundle
from vas_dash.web.guard import Guard, one_line
from vas_dash.web.headers import SecurityHeaders
from vas_dash.web.health import Readiness
from vas_dash.wiring import create_services

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

    from vas_dash.auth.login import Login
    from vas_dash.web.metrics import Metrics

__all__ = ["Page", "create_page"]

log = logging.getLogger("vas_dash")

_HERE = Path(__file__).resolve().parent
_ASSETS = next(one for one in (_HERE / "assets", _HERE.parent / "assets") if one.is_dir())
"""Installed, they stand in the package; in a checkout beside it."""
_OPEN_PATHS = {"/healthz", "/readyz"}
"""What is answered to everybody: who watches over processes knows no operators."""

_INDEX = """<!DOCTYPE html>
<html lang="en">
<head>
{%metas%}
<title>{%title%}</title>
{%favicon%}
{%css%}
</head>
<body>
{%app_entry%}
<footer>{%config%}{%scripts%}{%renderer%}</footer>
</body>
</html>"""


@dataclass(frozen=True)
class Page:
    """The page: Dash's application, and the same behind the page's edge, which is what is served.

    The paths of `wsgi` begin at its own root.
    """

    app: Dash
    wsgi: WSGIApplication


def create_page(settings: Settings, otherwise: Identify, identify: Identify | None = None) -> Page:
    """The page; nothing is connected to yet.

    Who asks is said by `identify`, else as `settings.auth` says, and by `otherwise` if that is off.

    Raises:
        SettingsError: a setting cannot be used, or needs a package that is not installed.
    """
    try:
        return _create_page(settings, otherwise, identify)
    except ModuleNotFoundError as error:
        raise SettingsError(
            f"these settings need the package {error.name}, which is not installed"
        ) from None


def _create_page(settings: Settings, otherwise: Identify, identify: Identify | None) -> Page:
    server = _PageServer("vas_dash", static_folder=None)
    app = _create_dash(settings, server)
    services = create_services(settings)
    context = Context(
        settings,
        services.reader,
        services.writer,
        services.operations,
        services.drafting,
        services.presets,
        create_jobs(settings, services.journal),
        lambda: asking(request.environ),
    )
    login = _login(settings) if identify is None else None
    layout.page(settings, NOBODY)  # what cannot be made is to be known before it is asked for
    app.layout = lambda: layout.page(
        settings, context.operator(), f"{settings.prefix}logout" if login else None
    )
    callbacks.register(app, context)
    poll.register(server, context)
    download.register(server, context)
    metrics = _metrics(settings)
    if metrics is not None:
        services.reader.on_sweep = lambda snapshot: metrics.swept(complete=snapshot.is_complete)
        services.breaker.on_state_change = metrics.breaker_changed
    edge.protect(
        server,
        lambda body: is_callback(body, app.callback_map),
        allowed_origins=settings.origins,
        metrics=metrics,
    )
    ready = Readiness({"journal": services.journal.check, **queue_checks(settings)})
    edge.watch(server, ready, _metrics_text(metrics, services.journal))
    server.register_error_handler(Exception, lambda error: _request_failed(error, metrics))
    if login is not None:
        login.add_routes(server)
    _warm(server)
    gate = _gate(server, settings, login, identify, otherwise)
    headers = SecurityHeaders(app.csp_hashes(), settings.frame_policy)
    return Page(app, Guard(edge.Answers(gate, headers, metrics)))


def _login(settings: Settings) -> Login | None:
    if settings.auth != "password":
        return None
    from vas_dash.auth.login import Login

    return Login(settings)


def _create_dash(settings: Settings, server: Any) -> Dash:
    styles = [_bootstrap(), *sorted(_ASSETS.glob("*.css"))]
    style = Bundle("assets/bundle.css", "text/css", styles)
    script = Bundle("assets/bundle.js", "text/javascript", sorted(_ASSETS.glob("*.js")))
    app = Dash(
        "vas_dash",
        server=server,
        routes_pathname_prefix="/",
        requests_pathname_prefix=settings.prefix,
        assets_folder=str(_ASSETS),
        include_assets_files=False,
        external_stylesheets=[settings.prefix + style.address],
        external_scripts=[settings.prefix + script.address],
        index_string=_INDEX,
        title="AI models",
        update_title="",
        suppress_callback_exceptions=True,
        on_error=_callback_failed,
        use_async=False,
        use_pages=False,
        add_log_handler=False,
    )
    scripts: Any = app.scripts
    for part in grid.SCRIPTS:
        scripts.append_script(part)
    style.register(server)
    script.register(server)
    return app


def _gate(
    server: WSGIApplication,
    settings: Settings,
    login: Login | None,
    identify: Identify | None,
    otherwise: Identify,
) -> AuthenticationMiddleware:
    if login is not None:
        return AuthenticationMiddleware(
            server,
            login.identify,
            unknown=login.unknown,
            open_paths={*_OPEN_PATHS, *login.OPEN_PATHS},
            read_only=settings.read_only,
        )
    if identify is None:
        settings.check_auth()
        identify = by_proxy(settings) if settings.auth == "proxy" else otherwise
    return AuthenticationMiddleware(
        server, identify, open_paths=_OPEN_PATHS, read_only=settings.read_only
    )


def _bootstrap() -> Path:
    # Bootstrap's CSS comes with this package; the package itself is not needed, so not imported.
    spec = importlib.util.find_spec("flask_bootstrap")
    if spec is None or spec.origin is None:
        raise SettingsError("the package Bootstrap-Flask is not installed")
    return Path(spec.origin).parent / "static" / "bootstrap5" / "css" / "bootstrap.min.css"


def _warm(server: Flask) -> None:
    """Have Dash finish its set-up before several threads can meet it half done."""
    client = server.test_client()
    for path in ("/", "/_dash-layout", "/_dash-dependencies"):
        client.get(path)


def _callback_failed(error: Exception) -> None:
    """Dash then changes nothing on the page."""
    if isinstance(error, NotAllowedError):
        who = asking(request.environ)
        log.warning("refused to %s, %s: %s", who.name, who.role, error.reason)
        return
    log.error("a callback failed: %s", one_line(error))


def _request_failed(error: Exception, metrics: Metrics | None) -> Any:
    if isinstance(error, InternalServerError) and error.original_exception is not None:
        # What comes from outside the routes has been logged already.
        return Response("This did not work.\n", status=500, mimetype="text/plain")
    if isinstance(error, RequestEntityTooLarge):
        return edge.refuse("size", 413, edge.TOO_LARGE, metrics)
    if isinstance(error, HTTPException):
        return error
    if isinstance(error, DependencyException):  # a file that is in no package of components
        return Response("Not found.\n", status=404, mimetype="text/plain")
    log.error("a request failed: %s", one_line(error))
    return Response("This did not work.\n", status=500, mimetype="text/plain")


def _metrics(settings: Settings) -> Metrics | None:
    if not settings.metrics:
        return None
    from vas_dash.web.metrics import of_this_process

    return of_this_process()


def _metrics_text(metrics: Metrics | None, journal: Journal) -> Callable[[], bytes] | None:
    if metrics is None:
        return None
    from vas_dash.web.metrics import KeptTotals

    totals = KeptTotals(journal.totals)
    return lambda: metrics.text(totals)


class _PageServer(Flask):
    """Flask, without tracebacks in the log: they may hold anything."""

    def log_exception(self, exc_info: Any) -> None:
        """One line."""
        log.error("a request failed: %s", one_line(exc_info[1]))
