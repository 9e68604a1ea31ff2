"""Client, journal and services, put together once: for the page, the applier, the command line.

What needs a database is imported where it is made: the command line exports without one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import (
    AbstractContextManager,
    ExitStack,
    closing,
    contextmanager,
    nullcontext,
    suppress,
)
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from vas_dash.backend.breaker import Breaker
from vas_dash.backend.client import VasClient
from vas_dash.backend.transport import Transport
from vas_dash.config import Settings
from vas_dash.errors import JournalError, SettingsError
from vas_dash.fleet.reader import FleetReader

if TYPE_CHECKING:
    from vas_dash.changes.cell_writer import CellWriter
    from vas_dash.changes.drafting import Drafting
    from vas_dash.changes.operations import Operations
    from vas_dash.changes.presets import Presets
    from vas_dash.domain.presets import Preset
    from vas_dash.journal import Journal

__all__ = [
    "Services",
    "begin_with_presets",
    "create_client",
    "create_journal",
    "create_services",
    "opened_operations",
    "preset_versions",
]


Guard: TypeAlias = Callable[[], AbstractContextManager[None]]


@dataclass(frozen=True)
class Services:
    """What the page stands on."""

    breaker: Breaker
    reader: FleetReader
    journal: Journal
    operations: Operations
    writer: CellWriter
    drafting: Drafting
    presets: Presets


def create_services(settings: Settings) -> Services:
    """Nothing is connected to before it is used.

    Raises:
        SettingsError: they cannot be used.
    """
    from vas_dash.changes.cell_writer import CellWriter
    from vas_dash.changes.drafting import Drafting
    from vas_dash.changes.presets import Presets

    breaker = Breaker()
    # The sweeps look whether the VAS is back: they are seldom, and held back by nothing.
    reader = FleetReader(create_client(settings, breaker.watch), settings.refresh_s)
    journal = create_journal(settings)
    operations = _operations(settings, create_client(settings, breaker.call), journal)
    writer = CellWriter(operations, reader=reader)
    return Services(
        breaker, reader, journal, operations, writer, Drafting(journal), Presets(journal)
    )


def create_client(settings: Settings, guard: Guard = nullcontext) -> VasClient:
    """A client of the VAS of the settings; `guard` stands around each of its calls.

    Raises:
        SettingsError: there is none.
    """
    if settings.api_url is None:
        raise SettingsError("VAS_API_URL is not set")
    return VasClient(
        Transport(
            settings.api_url,
            api_key=settings.api_key,
            connect_timeout_s=settings.connect_timeout_s,
            read_timeout_s=settings.read_timeout_s,
            guard=guard,
        )
    )


def create_journal(settings: Settings) -> Journal:
    """The journal of the settings.

    Raises:
        SettingsError: its address cannot be used.
    """
    from vas_dash.journal import Journal

    return Journal(settings.db_url, retention_days=settings.retention_days)


def begin_with_presets(settings: Settings, values: Mapping[str, Mapping[str, Any]]) -> None:
    """Presets of a demo, by model. What is wrong with the journal is told by the page.

    Raises:
        SettingsError: its address cannot be used.
    """
    from vas_dash.changes.presets import Presets
    from vas_dash.domain.presets import PresetValues

    if not values:
        return
    made = {model_id: PresetValues(**of) for model_id, of in values.items()}
    with closing(create_journal(settings)) as journal, suppress(JournalError):
        Presets(journal).begin_with(made, "demo")


def preset_versions(settings: Settings) -> tuple[Preset, ...]:
    """The presets that the journal of the settings keeps.

    Raises:
        SettingsError: its address cannot be used.
        JournalError: it cannot be read.
    """
    with closing(create_journal(settings)) as journal:
        return journal.presets.versions()


@contextmanager
def opened_operations(settings: Settings, client: VasClient | None = None) -> Iterator[Operations]:
    """The operations of a process that applies; client and journal are closed with the context.

    Raises:
        SettingsError: they cannot be used.
    """
    with ExitStack() as stack:
        if client is None:
            client = create_client(settings)
            stack.callback(client.close)
        journal = create_journal(settings)
        stack.callback(journal.close)
        yield _operations(settings, client, journal)


def _operations(settings: Settings, client: VasClient, journal: Journal) -> Operations:
    from vas_dash.changes.operations import Operations

    return Operations(
        client, journal, concurrency=settings.apply_concurrency, reason=settings.reason
    )
