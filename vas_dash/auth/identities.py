"""Who asks, where no host says it: this machine, or what a proxy writes into headers."""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import urlsplit

from flask import Request

from vas_dash.auth.addresses import Proxies
from vas_dash.auth.middleware import Identify
from vas_dash.config import Settings, is_loopback
from vas_dash.domain.operators import Operator, Role, person_name
from vas_dash.errors import NotAllowedError

__all__ = ["ANYBODY", "by_proxy", "on_this_machine"]

ANYBODY = Operator("operator", Role.ADMIN)
"""The operator of every request where users are not told apart."""


def on_this_machine(settings: Settings) -> Identify:
    """Who reaches the page from the machine itself, whatever address it listens on.

    The page is asked for by a name of loopback or of its own: a site that points a name of its own
    at this machine (DNS rebinding) would be of the same origin for a browser.
    """
    names = {urlsplit(origin).hostname for origin in settings.origins}

    def identify(request: Request) -> Operator:
        address = request.environ.get("REMOTE_ADDR", "")
        if address and not is_loopback(address):
            raise NotAllowedError(
                "this page answers only its own machine while VAS_DASH_AUTH is off"
            )
        host = request.environ.get("HTTP_HOST")
        if host is not None and not _is_named(host, names):
            raise NotAllowedError(
                "this page is not known by this name; VAS_DASH_ALLOWED_ORIGINS names others"
            )
        return ANYBODY

    return identify


def _is_named(host: str, names: Collection[str | None]) -> bool:
    try:
        name = (urlsplit(f"//{host}").hostname or "").removesuffix(".")
    except ValueError:
        return False
    return name in names or is_loopback(name)


def by_proxy(settings: Settings) -> Identify:
    """What the proxy's headers say.

    A proxy must remove these headers from what its clients send. One that appends instead gives a
    name with a comma, which is refused.
    """
    proxies = Proxies(settings.proxy_addresses)
    header, role_header = settings.proxy_header, settings.proxy_role_header
    locations_header = settings.proxy_locations_header

    def identify(request: Request) -> Operator | None:
        if not proxies.sent(request.environ):
            raise NotAllowedError("this page is reached through its proxy only")
        name = _text(request, header)
        if not name:
            return None
        if "," in name:
            raise NotAllowedError("the proxy gave more than one name")
        try:
            name = person_name(name)
        except ValueError as error:
            raise NotAllowedError(str(error)) from None
        role = Role.OPERATOR
        if role_header is not None:
            try:
                role = Role(_text(request, role_header).lower())
            except ValueError:
                raise NotAllowedError("the proxy gave you no role on this page") from None
        locations = None
        if locations_header is not None:
            text = _text(request, locations_header)
            if "," in text:
                raise NotAllowedError("the proxy gave more than one list of locations")
            named = frozenset(part.strip() for part in text.split(";")) - {""}
            locations = None if text == "*" else named
        return Operator(name, role, locations)

    return identify


def _text(request: Request, header: str) -> str:
    """Headers come as Latin-1; what stands in them is mostly UTF-8."""
    value = request.headers.get(header, "").strip()
    try:
        return value.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return value
