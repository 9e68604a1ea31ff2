"""The login page: a plain form, without a script."""

from __future__ import annotations

import logging
import math
import secrets
from html import escape
from pathlib import Path
from urllib.parse import quote, urlsplit

from flask import Flask, Request, redirect, request, send_from_directory
from werkzeug.wrappers import Response

from vas_dash.auth.addresses import Proxies
from vas_dash.auth.attempts import Attempts
from vas_dash.auth.middleware import plain
from vas_dash.auth.sessions import Sessions, session_key
from vas_dash.auth.users import MAX_PASSWORD_CHARS, BusyHashingError, Users
from vas_dash.config import Settings
from vas_dash.domain.operators import NAME_CHARS, Operator

__all__ = ["Login"]

log = logging.getLogger("vas_dash.auth")

SESSION = "vas_dash_session"
_FORM = "vas_dash_login"
_FORM_S = 3600
_NEXT_CHARS = 2000
_BODY_BYTES = 20_000

_WRONG = "This name and password do not go together."

_POLICY = (
    "default-src 'none'; style-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Log in: AI models</title>
<link rel="stylesheet" href="{style}">
</head>
<body>
<main>
<h1>AI models by camera</h1>
<form method="post" action="{action}">
<p class="message" role="alert">{message}</p>
<label for="name">Name</label>
<input id="name" name="name" value="{name}" maxlength="{name_chars}" required
 autocomplete="username" autocapitalize="none" spellcheck="false"{focus_name}>
<label for="password">Password</label>
<input id="password" name="password" type="password" maxlength="{password_chars}" required
 autocomplete="current-password"{focus_password}>
<input type="hidden" name="token" value="{token}">
<input type="hidden" name="next" value="{next}">
<button type="submit">Log in</button>
</form>
</main>
</body>
</html>
"""


class Login:
    """Names and passwords: the routes of it, and who a session is of.

    Raises:
        SettingsError: the key of sessions or the file of users cannot be used.
    """

    OPEN_PATHS = ("/login", "/login.css")

    def __init__(self, settings: Settings) -> None:
        folder = Path(settings.users_file).parent
        secret = settings.session_key
        key = secret.get_secret_value().encode() if secret is not None else session_key(folder)
        self._prefix = settings.prefix
        self._lifetime_s = math.ceil(settings.session_hours * 3600)
        self._proxies = Proxies(settings.proxy_addresses)
        self._users = Users(settings.users_file)
        self._sessions = Sessions(self._users, key, self._lifetime_s)
        self._attempts = Attempts(folder / "attempts.db", key)
        if not self._users.all():
            log.warning("no user can log in yet: python -m vas_dash user add NAME")

    def add_routes(self, server: Flask) -> None:
        """Put the login page, its style and the logout on the page's server."""
        server.add_url_rule("/login", "login", self._login, methods=["GET", "POST"])
        server.add_url_rule("/logout", "logout", self._logout, methods=["POST"])
        server.add_url_rule("/login.css", "login_css", _style)

    def identify(self, request: Request) -> Operator | None:
        """Whose session the request carries."""
        cookie = request.cookies.get(SESSION)
        return None if cookie is None else self._sessions.operator(cookie)

    def unknown(self, request: Request) -> Response:
        """A browser that opens a page is redirected to the login; every other request gets 401."""
        opens_a_page = (
            request.method == "GET"
            # Scripts ask for anything (*/*) or for data.
            and "text/html" in request.headers.get("Accept", "")
            and request.headers.get("Sec-Fetch-Dest", "document") == "document"
        )
        if not opens_a_page:
            return plain(401, "You are logged out. Load the page again to log in.")
        wanted = self._prefix + request.path.lstrip("/")
        if request.query_string:
            wanted += "?" + request.query_string.decode("latin-1")
        return redirect(f"{self._prefix}login?next={quote(self._safe(wanted), safe='/')}")

    def _login(self) -> Response:
        if request.method == "GET":
            return self._page(request.args.get("next", ""))
        if (request.content_length or 0) > _BODY_BYTES:
            return plain(413, "This is too much.")
        form = request.form
        name = " ".join(form.get("name", "").split())[:NAME_CHARS]
        password, wanted = form.get("password", ""), form.get("next", "")
        token, expected = form.get("token", ""), request.cookies.get(_FORM, "")
        if not expected or not secrets.compare_digest(token.encode(), expected.encode()):
            return self._page(wanted, "This form had become too old. Try again.", name, 400)
        address = self._proxies.client(request.environ)
        wait_s = self._attempts.begin(name, address)
        if wait_s is not None:
            return self._page(wanted, _too_many(wait_s), name, 429, retry_s=wait_s)
        try:
            user = self._users.verified(name, password[: MAX_PASSWORD_CHARS + 1])
        except BusyHashingError:
            text = "Too many people log in just now. Try again in a moment."
            return self._page(wanted, text, name, 503, retry_s=5)
        if user is None:
            who = name if self._users.get(name) else "an unknown name"
            log.warning("a login failed: %s, from %s", who, address)
            return self._page(wanted, _WRONG, name, 401)
        self._attempts.right(name, address)
        log.info("%s has logged in, from %s", name, address)
        answer = redirect(self._safe(wanted), 303)
        self._set(answer, SESSION, self._sessions.begin(name, user.stamp), self._lifetime_s, "Lax")
        answer.delete_cookie(_FORM, path=self._prefix + "login")
        return answer

    def _logout(self) -> Response:
        answer = redirect(f"{self._prefix}login", 303)
        answer.delete_cookie(SESSION, path=self._prefix)
        return answer

    def _page(
        self,
        wanted: str,
        message: str = "",
        name: str = "",
        status: int = 200,
        *,
        retry_s: float | None = None,
    ) -> Response:
        # The same one for all tabs: each would undo the others'.
        token = request.cookies.get(_FORM, "")
        if len(token) != 43:
            token = secrets.token_urlsafe(32)
        text = _PAGE.format(
            style=escape(f"{self._prefix}login.css"),
            action=escape(f"{self._prefix}login"),
            message=escape(message),
            name=escape(name),
            name_chars=NAME_CHARS,
            password_chars=MAX_PASSWORD_CHARS,
            token=escape(token),
            next=escape(self._safe(wanted)),
            focus_name="" if name else " autofocus",
            focus_password=" autofocus" if name else "",
        )
        answer = Response(text, status=status, mimetype="text/html")
        answer.headers["Content-Security-Policy"] = _POLICY
        if retry_s is not None:
            answer.headers["Retry-After"] = str(math.ceil(retry_s))
        self._set(answer, _FORM, token, _FORM_S, "Strict", "login")
        return answer

    def _set(
        self,
        answer: Response,
        cookie: str,
        value: str,
        lifetime_s: int,
        same_site: str,
        below: str = "",
    ) -> None:
        answer.set_cookie(
            cookie,
            value,
            max_age=lifetime_s,
            path=self._prefix + below,
            secure=self._proxies.is_https(request.environ),
            httponly=True,
            samesite=same_site,
        )

    def _safe(self, wanted: str) -> str:
        """The path to go to: one of this page's own, whatever was asked for."""
        printable = wanted.isascii() and wanted.isprintable() and not set(wanted) & set(' \\"<>')
        if not printable or len(wanted) > _NEXT_CHARS or not wanted.startswith(self._prefix):
            return self._prefix
        try:
            parts = urlsplit(wanted)
        except ValueError:
            return self._prefix
        below = parts.path.removeprefix(self._prefix)
        # The login itself would lead nowhere; data and dots are no pages.
        page = not below.startswith(("_dash", "log", "assets")) and ".." not in parts.path
        return self._prefix if parts.scheme or parts.netloc or not page else wanted


def _style() -> Response:
    return send_from_directory(Path(__file__).parent, "login.css", max_age=86_400)


def _too_many(wait_s: float) -> str:
    minutes = math.ceil(wait_s / 60)
    when = "a minute" if minutes <= 1 else f"{minutes} minutes"
    return f"Too many wrong passwords. Try again in {when}."
