"""What a process or a worker needs to apply change sets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from vas_dash.config import Settings
from vas_dash.errors import SettingsError
from vas_dash.jobs.service import apply_handed_over
from vas_dash.wiring import opened_operations

__all__ = ["Apply", "applying"]

Apply = Callable[[int, int], str | None]
"""Does a job (change set, job); why it was not done, None where the journal tells everything."""


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
    with opened_operations(settings) as operations:
        yield lambda change_set_id, job: apply_handed_over(
            operations, change_set_id, job, cancelled
        )
