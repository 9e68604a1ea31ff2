"""`python -m vas_dash.jobs NUMBER JOB`: apply one change set, with the settings on stdin (JSON).

SIGTERM and SIGINT stop new writes; what was sent is still read again and recorded.
"""

from __future__ import annotations

import json
import signal
import sys
import threading

from vas_dash.config import Settings
from vas_dash.errors import VasDashError
from vas_dash.jobs.applying import applying
from vas_dash.jobs.processes import keep_fault
from vas_dash.web.logs import to_stderr


def main(arguments: list[str]) -> int:
    """Do it; the journal tells how it went."""
    stop = threading.Event()
    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, lambda *_: stop.set())
    to_stderr()
    text = sys.stdin.buffer.read()
    if not text or len(arguments) != 2:
        print("this is started by the page's server", file=sys.stderr)
        return 1
    change_set_id, job = map(int, arguments)
    try:
        settings = Settings.model_validate(json.loads(text))
        with applying(settings, stop.is_set) as apply:
            why = apply(change_set_id, job)
    except VasDashError as error:
        print(error, file=sys.stderr)
        return 1
    if why is not None:
        keep_fault(job, why)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
