"""A host application with one route of its own: `bare`, and `host` with the page mounted."""

from __future__ import annotations

import os

from flask import Flask

from vas_dash import mount


def _host() -> Flask:
    app = Flask(__name__)

    @app.get("/own")
    def own() -> str:
        return "the host's own answer\n" * 50

    return app


bare = _host()
host = _host()
if os.environ.get("VAS_API_URL"):
    mount(host)
