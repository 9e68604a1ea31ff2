"""Whether a request comes from a page of another origin (cross-site request forgery).

The rule is that of Go's `net/http.CrossOriginProtection`: it needs no token and no cookie.
"""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import urlsplit

from werkzeug.datastructures import Headers

__all__ = ["is_foreign"]

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def is_foreign(method: str, headers: Headers, host: str, allowed: Collection[str] = ()) -> bool:
    """Whether a browser sent it for a page of another origin, and it may change something.

    Browsers tell the origin in `Sec-Fetch-Site` (over https and to loopback) and in `Origin` (with
    every method that may change something), and no page can alter either. A request without both
    is not a browser's, so no operator's cookie or address is misused by it. `host` is the `Host`
    that the request was sent to; `allowed` are further origins, as `https://vas.example`.
    """
    if method in _SAFE_METHODS:
        return False
    origin = headers.get("Origin")
    if origin is not None and origin.lower() in allowed:
        return False
    site = headers.get("Sec-Fetch-Site")
    if site is not None:
        return site not in ("same-origin", "none")
    return origin is not None and not _is_of(origin, host)


def _is_of(origin: str, host: str) -> bool:
    """The scheme is not looked at: behind a proxy that ends TLS it is another one here."""
    try:
        parts = urlsplit(origin)
        default = {"http": 80, "https": 443}[parts.scheme]
        here = urlsplit(f"{parts.scheme}://{host}")
        return bool(parts.hostname) and (parts.hostname, parts.port or default) == (
            here.hostname,
            here.port or default,
        )
    except (ValueError, KeyError):
        return False
