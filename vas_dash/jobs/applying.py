"""What a process or a worker needs to apply change sets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from vas_dash.backend.client import VasClient
from vas_dash.backend.transport import Transport
from vas_dash.changes.operations import Operations
from vas_dash.config import Settings
from vas_dash.errors import SettingsError
from vas_dash.jobs.service import apply_handed_over
from vas_dash.journal import Journal

__all__ = ["TASK", "Apply", "applying"]

TASK = "apply"
"""Its name with the managers."""

Apply = Callable[[int, int], str]
"""Does a job (change set, job); why it was not done, empty where the journal tells everything."""


@contextmanager
def applying(settings: Settings, cancelled: Callable[[], bool]) -> Iterator[Apply]:
    """The function that applies, with the VAS and the journal of the settings.

    Raises:
        SettingsError: they cannot be used.
    """
    if settings.api_url is None:
        raise SettingsError(
            "VAS_API_URL is not set: who applies needs the address of the page's VAS"
        )
    with ExitStack() as stack:
        client = VasClient(
            Transport(
                settings.api_url,
                api_key=settings.api_key,
                connect_timeout_s=settings.connect_timeout_s,
                read_timeout_s=settings.read_timeout_s,
            )
        )
        stack.callback(client.close)
        journal = Journal(settings.db_url, retention_days=settings.retention_days)
        stack.callback(journal.close)
        operations = Operations(
            client, journal, concurrency=settings.apply_concurrency, reason=settings.reason
        )

        def apply(change_set_id: int, job: int) -> str:
            return apply_handed_over(operations, change_set_id, job, cancelled) or ""

        yield apply
