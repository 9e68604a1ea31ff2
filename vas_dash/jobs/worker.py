"""`python -m vas_dash.jobs.worker`: apply what the page puts on the queue, until stopped.

It reads the same environment as the page. SIGTERM and SIGINT stop new writes; what was sent is
still read again and recorded before it ends. A second signal ends it at once.
"""

from __future__ import annotations

import logging
import sys
import threading

from celery import signals

from vas_dash.config import Settings
from vas_dash.errors import SettingsError, VasDashError
from vas_dash.jobs.applying import applying
from vas_dash.jobs.queue import add_task, celery_app
from vas_dash.web.logs import to_stderr

AT_ONCE = 4
"""Change sets that one worker applies at once; others wait on the queue."""


# In threads a signal reaches every job, and no process is killed to stop one.
_ARGUMENTS = (
    "--quiet",
    "worker",
    "--pool=threads",
    "--without-gossip",
    "--without-mingle",
    "--loglevel=WARNING",
)


def main() -> int:
    """Work."""
    try:
        settings = Settings.from_env()
        if settings.queue_url is None:
            raise SettingsError("VAS_DASH_QUEUE_URL is not set: without it no worker is needed")
        stop = threading.Event()
        with applying(settings, stop.is_set) as apply:
            to_stderr()
            # What goes wrong in a job is in the log already, without an error's text.
            logging.getLogger("celery.app.trace").setLevel(logging.CRITICAL)
            signals.worker_shutting_down.connect(lambda **_: stop.set(), weak=False)
            signals.worker_ready.connect(lambda **_: print("ready", flush=True), weak=False)
            app = celery_app(settings.queue_url)
            add_task(app, apply)
            app.worker_main([*_ARGUMENTS, f"--concurrency={AT_ONCE}"])
    except VasDashError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
