"""Where change sets are applied: processes on this host, or workers behind a queue."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from vas_dash.config import Settings
from vas_dash.jobs.service import Jobs
from vas_dash.journal import Journal

__all__ = ["create_jobs", "queue_checks"]


def create_jobs(settings: Settings, journal: Journal) -> Jobs:
    """Jobs on the queue of the settings; without one, in processes of their own on this host.

    Neither is reached for before something is started.
    """
    if settings.queue_url is not None:
        from vas_dash.jobs.queue import QueueRunner

        return Jobs(journal, QueueRunner(settings.queue_url))
    from vas_dash.jobs.processes import ProcessRunner

    return Jobs(journal, ProcessRunner(settings))


def queue_checks(settings: Settings) -> Mapping[str, Callable[[], None]]:
    """What must work for a change set to be handed over, by name; each raises when it does not."""
    url = settings.queue_url
    if url is None:
        return {}
    from vas_dash.jobs.queue import check_queue

    return {"queue": lambda: check_queue(url)}
