"""The VAS of a command, as the environment names it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager

from vas_dash.backend.client import VasClient
from vas_dash.cli.output import CommandError
from vas_dash.config import Settings
from vas_dash.domain.fleet import FleetSnapshot
from vas_dash.errors import VasDashError
from vas_dash.fleet.reader import FleetReader
from vas_dash.wiring import create_client

__all__ = ["connected", "fleet_if_readable", "read_fleet"]


@contextmanager
def connected() -> Iterator[tuple[Settings, VasClient]]:
    """The VAS of the settings; without an address the embedded one, in this process."""
    settings = Settings.from_env()
    with ExitStack() as stack:
        if settings.api_url is None:
            from vas_dash.embedded import EmbeddedVas

            embedded = stack.enter_context(closing(EmbeddedVas(settings)))
            settings = settings.model_copy(
                update={"api_url": embedded.serve(), "api_key": settings.embedded_api_key}
            )
        yield settings, stack.enter_context(closing(create_client(settings)))


def read_fleet(client: VasClient) -> FleetSnapshot:
    """The fleet, read now and in full."""
    snapshot = FleetReader(client).read_fleet()
    parts = (snapshot.cameras, snapshot.assignments)
    reasons = dict.fromkeys(str(part.reason) for part in parts if not part.is_complete)
    if reasons:
        raise CommandError(f"the fleet cannot be read: {'; '.join(reasons)}")
    return snapshot


def fleet_if_readable() -> FleetSnapshot | None:
    """The fleet as far as it can be read: history works without the VAS too, with ids for names."""
    try:
        with connected() as (_, client):
            return FleetReader(client).read_fleet()
    except VasDashError:
        return None
