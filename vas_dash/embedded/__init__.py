"""A stand-in for the VAS API on SQLAlchemy, so that one command runs everything.

It holds the VAS's HTTP contract, the odd but deliberate parts too: devices, ai-models,
ai-model-assignments, `/health`, and `X-API-Key` when a key is set. Where the VAS itself breaks
(500), it answers a clean 4xx.
"""

from __future__ import annotations

from flask import Blueprint
from pydantic import SecretStr

from vas_dash.config import Settings
from vas_dash.embedded.database import open_database
from vas_dash.embedded.listener import Listener
from vas_dash.embedded.routes import create_app, create_blueprint
from vas_dash.embedded.sites import standard_values
from vas_dash.embedded.store import Store

__all__ = ["EmbeddedVas", "standard_values"]


class EmbeddedVas:
    """The stand-in in this process. Make one in each worker, after the fork.

    Any number of processes may share its database. SQLite by default, one file for each site in
    `.data/`; it is made and filled where that has not been done.

    Raises:
        SettingsError: the database cannot be used.
    """

    def __init__(self, settings: Settings) -> None:
        self._database = open_database(settings.embedded_db_url, settings.embedded_site)
        self._store = Store(self._database)
        self.blueprint = self._blueprint(settings.embedded_api_key)
        """All its endpoints, to be registered on any Flask application without a prefix."""
        self._listener: Listener | None = None

    def _blueprint(self, key: SecretStr | None) -> Blueprint:
        return create_blueprint(self._store, key.get_secret_value() if key else None)

    def serve(self, port: int = 0, key: SecretStr | None = None) -> str:
        """Listen on 127.0.0.1, on a free port if none is given, and return the base address.

        `key` is asked for there instead of the one of the settings.
        """
        if self._listener is None:
            blueprint = self.blueprint if key is None else self._blueprint(key)
            self._listener = Listener(create_app(blueprint), port)
        return self._listener.base_url

    def close(self) -> None:
        """Stop listening and close the database."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        self._database.close()
