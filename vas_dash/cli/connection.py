"""The VAS, the journal and the operator of a command, as the environment names them."""

from __future__ import annotations

import getpass
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from vas_dash.backend.client import VasClient
from vas_dash.config import Settings
from vas_dash.domain.fleet import FleetSnapshot
from vas_dash.domain.operators import Operator, Role
from vas_dash.errors import VasDashError
from vas_dash.fleet.reader import FleetReader
from vas_dash.wiring import create_client, create_journal

if TYPE_CHECKING:  # what they stand on takes longer to load than an export takes
    from vas_dash.changes.operations import Operations
    from vas_dash.changes.permissions import Permissions
    from vas_dash.journal import Journal

__all__ = [
    "CommandError",
    "connected",
    "fleet_if_readable",
    "opened_journal",
    "permissions",
    "read_fleet",
]


class CommandError(VasDashError):
    """The command cannot be carried out. The message says why."""


@contextmanager
def connected() -> Iterator[tuple[Settings, VasClient]]:
    """The VAS of the settings; without an address the embedded one, in this process."""
    settings = Settings.from_env()
    embedded = None
    if settings.api_url is None:
        from vas_dash.embedded import EmbeddedVas

        embedded = EmbeddedVas(settings)
        settings = settings.model_copy(
            update={"api_url": embedded.serve(), "api_key": settings.embedded_api_key}
        )
    client = create_client(settings)
    try:
        yield settings, client
    finally:
        client.close()
        if embedded is not None:
            embedded.close()


def read_fleet(client: VasClient) -> FleetSnapshot:
    """The fleet, read now.

    Raises:
        CommandError: cameras or assignments could not be read in full.
    """
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


@contextmanager
def opened_journal() -> Iterator[Journal]:
    """The journal of the settings."""
    journal = create_journal(Settings.from_env())
    try:
        yield journal
    finally:
        journal.close()


def permissions(by: str | None, settings: Settings, operations: Operations) -> Permissions:
    """Everyone who can read the environment is an admin, unless the page is read-only.

    Raises:
        CommandError: `by` is no name.
    """
    from vas_dash.changes.permissions import Permissions

    role = Role.VIEWER if settings.read_only else Role.ADMIN
    try:
        return Permissions(Operator(by or _system_user(), role), operations.read_fleet)
    except ValueError as error:
        raise CommandError(f"--by: {error}") from None


def _system_user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"user {os.getuid()}"
