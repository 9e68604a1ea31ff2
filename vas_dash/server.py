"""Flask and Dash put together; the page under a host application."""

from __future__ import annotations

import importlib.util
import logging
import secrets
import traceback
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Flask, Request, Response, redirect, request, send_from_directory
from pydantic import SecretStr
from werkzeug.exceptions import HTTPException, InternalServerError, NotFound, RequestEntityTooLarge
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from vas_dash.auth.addresses import Proxies
from vas_dash.auth.gate import NOBODY, Gate, Identify, asking
from vas_dash.auth.identities import ANYBODY, by_proxy, on_this_machine
from vas_dash.auth.prefix import ForwardedPrefix
from vas_dash.config import Settings
from vas_dash.domain.operators import Operator
from vas_dash.errors import NotAllowedError, SettingsError

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

    from vas_dash.auth.login import Login
    from vas_dash.journal import Journal
    from vas_dash.web.metrics import Metrics

log = logging.getLogger("vas_dash")

_ASSETS = Path(__file__).resolve().parent.parent / "assets"
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


def create_server(settings: Settings) -> Flask:
    """The product standing alone: `/` leads to the page, which stands under `settings.prefix`.

    Without `settings.api_url` it also serves the embedded VAS, below `/api/v1`; where people are
    told apart only with a key, since it knows none of them.

    Raises:
        SettingsError: a setting cannot be used, or would serve a network without asking who.
    """
    settings.check_standing_alone()
    server = Flask("vas_dash_server", static_folder=None)
    if not settings.enabled:
        return server
    _outside_the_page(server, settings)
    if settings.api_url is None:
        from vas_dash.embedded import EmbeddedVas

        embedded = EmbeddedVas(settings)
        if settings.auth == "off" or settings.embedded_api_key is not None:
            _protect(embedded.blueprint, settings)
            server.register_blueprint(embedded.blueprint)
        # Other users of the machine reach its own port too.
        key = settings.embedded_api_key or SecretStr(secrets.token_urlsafe(32))
        if settings.queue_url is not None:
            log.warning("VAS_DASH_QUEUE_URL is not used: workers do not reach the embedded VAS")
        settings = settings.model_copy(
            update={
                "api_url": embedded.serve(key=key),
                "api_key": key,
                "queue_url": None,
            }
        )
    page = _create_page(settings, on_this_machine(settings))
    dispatcher = DispatcherMiddleware(server.wsgi_app, {settings.prefix.rstrip("/"): page})
    server.wsgi_app = ForwardedPrefix(  # type: ignore[method-assign]
        dispatcher, settings.prefix, Proxies(settings.proxy_addresses)
    )
    return server


def _outside_the_page(server: Flask, settings: Settings) -> None:
    """What is answered beside the page, where the page stands alone."""
    from vas_dash.web.headers import SecurityHeaders

    headers = SecurityHeaders((), settings.frame_policy)

    def nothing(_error: NotFound) -> Response:
        text = (
            f"Nothing is here: the page is at {settings.prefix}. A proxy in front of it has to "
            "keep that path, or to be named in VAS_DASH_PROXY_ADDRESSES and send "
            "X-Forwarded-Prefix."
        )
        return Response(f"{text}\n", status=404, mimetype="text/plain")

    def dressed(response: Response) -> Response:
        if request.blueprint is None:
            pairs = list(response.headers)
            headers.put(pairs, request.path, response.status)
            response.headers.clear()
            response.headers.extend(pairs)
        return response

    server.add_url_rule("/", view_func=lambda: redirect(settings.prefix), endpoint="root")
    server.register_error_handler(NotFound, nothing)
    server.after_request(dressed)


def _protect(blueprint: Blueprint, settings: Settings) -> None:
    """What the page asks of a request, the embedded VAS beside it asks too."""
    from vas_dash.web.edge import refuse
    from vas_dash.web.origin import is_foreign

    identify = on_this_machine(settings)

    def check() -> Response | None:
        if is_foreign(request.method, request.headers, request.host, settings.origins):
            return refuse("origin", 403, "This request came from another site.")
        if settings.auth == "off":
            try:
                identify(request)
            except NotAllowedError as error:
                return refuse("address", 403, f"{error.reason[:1].upper()}{error.reason[1:]}.")
        return None

    blueprint.before_request_funcs.setdefault(None, []).insert(0, check)


def mount(
    host: Flask,
    prefix: str | None = None,
    settings: Settings | None = None,
    *,
    identify: Identify | None = None,
) -> None:
    """Put the page under an existing Flask application, at `prefix` (default: the setting's).

    The host comes first: its own routes never pass through the page, and whatever goes wrong here
    is one line in the log. The page then is not there, or answers 503, and nothing else changes.
    A mounted page needs `VAS_API_URL`: the embedded VAS is never shown in somebody else's host.

    `identify` says who sends a request, or None; it is called within a request of the host, so its
    session is there. Without it, and with `VAS_DASH_AUTH` off, the host answers for everybody
    whom it lets through: they are all one admin.
    """
    try:
        settings = _for_host(prefix, settings)
        if not settings.enabled:
            log.info("the page is turned off by VAS_DASH_ENABLED: nothing is mounted")
            return
        page = _create_page(settings, _nobody_asked, identify and _within(host, identify))
        host.wsgi_app = DispatcherMiddleware(  # type: ignore[method-assign]
            host.wsgi_app, {settings.prefix.rstrip("/"): page}
        )
    except Exception as error:
        # Whatever it is, it must not stop the host from starting.
        log.error("the page is not mounted: %s", _one_line(error))


def wsgi_app(
    prefix: str | None = None,
    settings: Settings | None = None,
    *,
    identify: Identify | None = None,
) -> WSGIApplication:
    """The page for a host that mounts WSGI applications itself, and strips `prefix` from the path.

    `identify` is as for `mount`; it gets a Flask request with headers and cookies. It never raises:
    a page that cannot be made answers 503 and says why in the log.
    """
    try:
        settings = _for_host(prefix, settings)
        if settings.enabled:
            return _create_page(settings, _nobody_asked, identify)
        log.info("the page is turned off by VAS_DASH_ENABLED: it answers 404")
        return _plain("404 NOT FOUND", "Not found.\n")
    except Exception as error:
        log.error("the page is not mounted: %s", _one_line(error))
        return _plain("503 SERVICE UNAVAILABLE", "This page is not available.\n")


def _nobody_asked(_request: Request) -> Operator:
    return ANYBODY


def _within(host: Flask, identify: Identify) -> Identify:
    """`identify` in a request of the host: its session, and whatever stands on that, are there."""

    def identified(sent: Request) -> Operator | None:
        with host.request_context(sent.environ):
            return identify(request)

    return identified


def _for_host(prefix: str | None, settings: Settings | None) -> Settings:
    settings = settings if settings is not None else Settings.from_env()
    return settings if prefix is None else settings.with_prefix(prefix)


def _api_url(settings: Settings) -> str:
    if settings.api_url is None:
        raise SettingsError("VAS_API_URL is not set")
    return settings.api_url


def _create_page(
    settings: Settings, otherwise: Identify, identify: Identify | None = None
) -> WSGIApplication:
    """The page as a WSGI application whose paths begin at its own root.

    Who asks is said by `identify`, else as `settings.auth` says, and by `otherwise` if that is off.
    """
    from dash import Dash

    from vas_dash.auth.login import Login
    from vas_dash.backend.breaker import Breaker
    from vas_dash.backend.client import VasClient
    from vas_dash.backend.transport import Transport
    from vas_dash.changes.cell_writer import CellWriter
    from vas_dash.changes.drafting import Drafting
    from vas_dash.changes.operations import Operations
    from vas_dash.fleet.reader import FleetReader
    from vas_dash.jobs import create_jobs, queue_checks
    from vas_dash.journal import Journal
    from vas_dash.pages import callbacks, layout
    from vas_dash.pages.context import Context
    from vas_dash.pages.files import download
    from vas_dash.pages.grid import poll
    from vas_dash.pages.request import is_callback
    from vas_dash.web import edge
    from vas_dash.web.headers import SecurityHeaders
    from vas_dash.web.health import Readiness

    server = _PageServer("vas_dash", static_folder=None)
    dash_server: Any = server
    app = Dash(
        "vas_dash",
        server=dash_server,
        routes_pathname_prefix="/",
        requests_pathname_prefix=settings.prefix,
        assets_folder=str(_ASSETS),
        external_stylesheets=[f"{settings.prefix}bootstrap.min.css"],
        index_string=_INDEX,
        title="AI models",
        update_title="",
        suppress_callback_exceptions=True,
        on_error=_callback_failed,
        use_async=False,
        use_pages=False,
        add_log_handler=False,
    )
    breaker = Breaker()
    transport = partial(
        Transport,
        _api_url(settings),
        api_key=settings.api_key,
        connect_timeout_s=settings.connect_timeout_s,
        read_timeout_s=settings.read_timeout_s,
    )
    client = VasClient(transport(guard=breaker.call))
    # The sweeps look whether the VAS is back: they are seldom, and held back by nothing.
    reader = FleetReader(VasClient(transport(guard=breaker.watch)), settings.refresh_s)
    journal = Journal(settings.db_url, retention_days=settings.retention_days)
    operations = Operations(
        client, journal, concurrency=settings.apply_concurrency, reason=settings.reason
    )
    context = Context(
        settings,
        reader,
        CellWriter(operations, reader=reader),
        operations,
        Drafting(journal),
        create_jobs(settings, journal),
        lambda: asking(request.environ),
    )
    login = Login(settings) if identify is None and settings.auth == "password" else None
    layout.page(settings, NOBODY)  # what cannot be made is to be known before it is asked for
    app.layout = lambda: layout.page(
        settings, context.operator(), f"{settings.prefix}logout" if login else None
    )
    callbacks.register(app, context)
    poll.register(server, context)
    download.register(server, context)
    metrics = _metrics(settings)
    if metrics is not None:
        reader.on_sweep = lambda snapshot: metrics.swept(complete=snapshot.is_complete)
        breaker.on_turn = metrics.breaker_turned
    edge.protect(
        server,
        lambda body: is_callback(body, app.callback_map),
        allowed_origins=settings.origins,
        metrics=metrics,
    )
    ready = Readiness({"journal": journal.check, **queue_checks(settings)})
    edge.watch(server, ready, _metrics_text(metrics, journal))
    server.add_url_rule("/bootstrap.min.css", view_func=_bootstrap, endpoint="bootstrap")
    server.register_error_handler(Exception, lambda error: _request_failed(error, metrics))
    if login is not None:
        login.add_routes(server)
    _warm(server)
    gate = _gate(server, settings, login, identify, otherwise)
    headers = SecurityHeaders(app.csp_hashes(), settings.frame_policy)
    return _Guard(edge.Answers(gate, headers, metrics))


def _gate(
    server: WSGIApplication,
    settings: Settings,
    login: Login | None,
    identify: Identify | None,
    otherwise: Identify,
) -> Gate:
    if login is not None:
        return Gate(
            server,
            login.identify,
            unknown=login.unknown,
            open_paths={*_OPEN_PATHS, *login.OPEN_PATHS},
            read_only=settings.read_only,
        )
    if identify is None:
        settings.check_auth()
        identify = by_proxy(settings) if settings.auth == "proxy" else otherwise
    return Gate(server, identify, open_paths=_OPEN_PATHS, read_only=settings.read_only)


def _bootstrap() -> Response:
    return send_from_directory(_bootstrap_folder(), "bootstrap.min.css", max_age=86_400)


def _bootstrap_folder() -> Path:
    # Bootstrap's CSS comes with this package; the package itself is not needed, so not imported.
    spec = importlib.util.find_spec("flask_bootstrap")
    if spec is None or spec.origin is None:
        raise SettingsError("the package Bootstrap-Flask is not installed")
    return Path(spec.origin).parent / "static" / "bootstrap5" / "css"


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
    log.error("a callback failed: %s", _one_line(error))


def _request_failed(error: Exception, metrics: Metrics | None) -> Any:
    from dash.exceptions import DependencyException

    if isinstance(error, InternalServerError) and error.original_exception is not None:
        # What comes from outside the routes has been logged already.
        return Response("This did not work.\n", status=500, mimetype="text/plain")
    if isinstance(error, RequestEntityTooLarge):
        from vas_dash.web import edge

        return edge.refuse("size", 413, edge.TOO_LARGE, metrics)
    if isinstance(error, HTTPException):
        return error
    if isinstance(error, DependencyException):  # a file that is in no package of components
        return Response("Not found.\n", status=404, mimetype="text/plain")
    log.error("a request failed: %s", _one_line(error))
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


def _one_line(error: Exception) -> str:
    """An error and where it came from, without its values: these may hold anything."""
    where = traceback.extract_tb(error.__traceback__)
    place = f" ({Path(where[-1].filename).name}:{where[-1].lineno})" if where else ""
    text = f": {error}" if isinstance(error, SettingsError) else ""
    return type(error).__name__ + text + place


def _plain(status: str, text: str) -> WSGIApplication:
    body = text.encode()

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:  # noqa: ARG001
        start_response(status, [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
        return [body]

    return answer


class _PageServer(Flask):
    """Flask, without tracebacks in the log: they may hold anything."""

    def log_exception(self, exc_info: Any) -> None:
        """One line."""
        log.error("a request failed: %s", _one_line(exc_info[1]))


class _Guard:
    """Whatever the page raises ends here, as 503, and never reaches the host."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app
        self._unavailable = _plain("503 SERVICE UNAVAILABLE", "This page is not available.\n")

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        try:
            return self._app(environ, start_response)
        except Exception as error:
            log.error("the page failed: %s", _one_line(error))
            return self._unavailable(environ, start_response)
