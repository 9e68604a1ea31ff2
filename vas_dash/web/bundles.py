"""The page's own script and style: each is one file, put together of small ones when it starts.

Its address carries a fingerprint of what is in it, so a browser may keep it for good.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from flask import Flask, Response, request

__all__ = ["KEPT_FOR_GOOD", "Bundle"]

KEPT_FOR_GOOD = "max-age=31536000, immutable"


class Bundle:
    """The files in the order they are given, as one below `path`."""

    def __init__(self, path: str, mimetype: str, files: Iterable[Path]) -> None:
        self._path = path
        self._mimetype = mimetype
        self._body = b"\n".join(file.read_bytes() for file in files)
        self._fingerprint = hashlib.sha256(self._body).hexdigest()[:16]

    @property
    def address(self) -> str:
        """Where it stands, below the page's root."""
        return f"{self._path}?v={self._fingerprint}"

    def register(self, server: Flask) -> None:
        """Put it on the page's server."""
        server.add_url_rule(f"/{self._path}", view_func=self._answer, endpoint=self._path)

    def _answer(self) -> Response:
        answer = Response(self._body, mimetype=self._mimetype)
        answer.set_etag(self._fingerprint)
        # While versions of the page change, a worker is asked for another's files: not to be kept.
        is_this = request.args.get("v") == self._fingerprint
        answer.headers["Cache-Control"] = KEPT_FOR_GOOD if is_this else "no-cache"
        answer.make_conditional(request)
        return answer
