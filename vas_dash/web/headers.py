"""What the page tells a browser to refuse (Content Security Policy and the like)."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["SecurityHeaders"]

_LASTING = ("/assets/", "/_dash-component-suites/", "/_favicon.ico")
"""Paths of files that are the same for everybody: a browser may keep them."""

_FOUND = ("200", "206", "304")


class SecurityHeaders:
    """The headers of every answer.

    `script_hashes`: of the inline scripts, which are Dash's own. Styles may be inline: DataTable
    puts its own into the page while it is shown. `frame_ancestors`: who may show the page in a
    frame, in the words of the policy.
    """

    def __init__(self, script_hashes: Sequence[str], frame_ancestors: str) -> None:
        policy = {
            "default-src": "'self'",
            "script-src": " ".join(["'self'", *script_hashes]),
            "style-src": "'self' 'unsafe-inline'",
            "img-src": "'self' data:",
            "connect-src": "'self'",
            "object-src": "'none'",
            "base-uri": "'none'",
            "form-action": "'self'",
            "frame-ancestors": frame_ancestors,
        }
        self._headers = (
            (
                "Content-Security-Policy",
                "; ".join(f"{key} {value}" for key, value in policy.items()),
            ),
            ("X-VAS-Page", "1"),  # by this the page knows its own answers from those of a proxy
            ("X-Content-Type-Options", "nosniff"),
            ("Referrer-Policy", "same-origin"),
            (
                "Permissions-Policy",
                "camera=(), display-capture=(), geolocation=(), microphone=()",
            ),
        )

    def put(self, headers: list[tuple[str, str]], path: str, status: str) -> None:
        """Add them to those of the answer to a request of `path`, where it has none of that name.

        What is no file, and the news that there is none, is kept nowhere.
        """
        given = {name.lower() for name, _ in headers}
        headers += [pair for pair in self._headers if pair[0].lower() not in given]
        if not (path.startswith(_LASTING) and status[:3] in _FOUND):
            _replace(headers, "no-store")


def _replace(headers: list[tuple[str, str]], cache_control: str) -> None:
    headers[:] = [pair for pair in headers if pair[0].lower() != "cache-control"]
    headers.append(("Cache-Control", cache_control))
