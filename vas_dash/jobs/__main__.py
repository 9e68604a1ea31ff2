"""`python -m vas_dash.jobs NUMBER`: apply one change set, as told on stdin by the page's server.

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
from vas_dash.jobs.processes import run_here
from vas_dash.web.logs import to_stderr


def main() -> int:
    """Do it; the journal tells how it went."""
    stop = threading.Event()
    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, lambda *_: stop.set())
    to_stderr()
    text = sys.stdin.buffer.read()
    if not text:
        print("this is started by the page's server", file=sys.stderr)
        return 1
    order = json.loads(text)
    try:
        settings = Settings.model_validate(order["settings"])
        with applying(settings, stop.is_set) as apply:
            run_here(order, apply)
    except VasDashError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
