"""Flask and Dash put together; the page under a host application."""

from __future__ import annotations

import logging
import secrets
from typing import TYPE_CHECKING

from flask import Blueprint, Flask, Request, Response, redirect, request
from pydantic import SecretStr
from werkzeug.exceptions import NotFound
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from vas_dash.auth.addresses import Proxies
from vas_dash.auth.identities import ANYBODY, on_this_machine
from vas_dash.auth.middleware import Identify
from vas_dash.auth.prefix import ForwardedPrefix
from vas_dash.config import Settings
from vas_dash.domain.operators import Operator
from vas_dash.errors import NotAllowedError, SettingsError
from vas_dash.web.guard import one_line, plain

if TYPE_CHECKING:  # a host that is not to have the page does not load Dash
    from _typeshed.wsgi import WSGIApplication
    from dash import Dash

__all__ = ["create_app", "create_server", "mount", "wsgi_app"]

log = logging.getLogger("vas_dash")


def create_app(settings: Settings | None = None) -> Dash:
    """The product standing alone as a Dash application: `create_app().run()`.

    Its `server` is what `create_server` makes: the page under its path, behind its edge.

    Raises:
        SettingsError: a setting cannot be used, would serve a network without asking who, or turns
            the page off.
    """
    settings = settings if settings is not None else Settings.from_env()
    if not settings.enabled:
        raise SettingsError("VAS_DASH_ENABLED is false: there is no page")
    server, app = _standing_alone(settings)
    # `run` asks the backend for its server, everything else the application.
    app.server = app.backend.server = server
    return app


def create_server(settings: Settings) -> Flask:
    """The product standing alone: `/` leads to the page, which stands under `settings.prefix`.

    Without `settings.api_url` it also serves the embedded VAS, below `/api/v1`; where people are
    told apart only with a key, since it knows none of them.

    Raises:
        SettingsError: a setting cannot be used, or would serve a network without asking who.
    """
    if not settings.enabled:
        settings.check_standing_alone()
        return Flask("vas_dash_server", static_folder=None)
    return _standing_alone(settings)[0]


def _standing_alone(settings: Settings) -> tuple[Flask, Dash]:
    from vas_dash.dash_app import create_page

    settings.check_standing_alone()
    server = Flask("vas_dash_server", static_folder=None)
    _outside_the_page(server, settings)
    if settings.api_url is None:
        settings = _with_embedded_vas(server, settings)
    page = create_page(settings, on_this_machine(settings))
    dispatcher = DispatcherMiddleware(server.wsgi_app, {settings.prefix.rstrip("/"): page.wsgi})
    server.wsgi_app = ForwardedPrefix(  # type: ignore[method-assign]
        dispatcher, settings.prefix, Proxies(settings.proxy_addresses)
    )
    return server, page.app


def _with_embedded_vas(server: Flask, settings: Settings) -> Settings:
    """Serve the embedded VAS beside the page; the settings by which the page reaches it."""
    from vas_dash.embedded import EmbeddedVas, standard_values
    from vas_dash.wiring import begin_with_presets

    embedded = EmbeddedVas(settings)
    begin_with_presets(settings, standard_values(settings.embedded_site))
    if settings.auth == "off" or settings.embedded_api_key is not None:
        _protect(embedded.blueprint, settings)
        server.register_blueprint(embedded.blueprint)
    # Other users of the machine reach its own port too.
    key = settings.embedded_api_key or SecretStr(secrets.token_urlsafe(32))
    if settings.queue_url is not None:
        log.warning("VAS_DASH_QUEUE_URL is not used: workers do not reach the embedded VAS")
    return settings.model_copy(
        update={"api_url": embedded.serve(key=key), "api_key": key, "queue_url": None}
    )


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
    A mounted page needs `VAS_API_URL`: the embedded VAS is never shown within another application.

    `identify` says who sends a request, or None; it is called within a request of the host, so its
    session is there. Without it, and with `VAS_DASH_AUTH` off, the host answers for every
    user whom it lets through: they are all one admin.
    """
    try:
        settings = _for_host(prefix, settings)
        if not settings.enabled:
            log.info("the page is turned off by VAS_DASH_ENABLED: nothing is mounted")
            return
        from vas_dash.dash_app import create_page

        page = create_page(settings, _nobody_asked, identify and _within(host, identify))
        host.wsgi_app = DispatcherMiddleware(  # type: ignore[method-assign]
            host.wsgi_app, {settings.prefix.rstrip("/"): page.wsgi}
        )
    except Exception as error:
        # Whatever it is, it must not stop the host from starting.
        log.error("the page is not mounted: %s", one_line(error))


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
            from vas_dash.dash_app import create_page

            return create_page(settings, _nobody_asked, identify).wsgi
        log.info("the page is turned off by VAS_DASH_ENABLED: it answers 404")
        return plain("404 NOT FOUND", "Not found.\n")
    except Exception as error:
        log.error("the page is not mounted: %s", one_line(error))
        return plain("503 SERVICE UNAVAILABLE", "This page is not available.\n")


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
