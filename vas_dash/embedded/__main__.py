"""`python -m vas_dash.embedded --port 8000`: the embedded VAS alone, until it is stopped."""

from __future__ import annotations

import argparse
import signal
import sys

from vas_dash.config import Settings
from vas_dash.embedded import EmbeddedVas
from vas_dash.errors import SettingsError


def main() -> int:
    """Serve, print the address, wait for SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m vas_dash.embedded", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="default: a free one")
    port = parser.parse_args().port
    stop_signals = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, stop_signals)
    try:
        vas = EmbeddedVas(Settings.from_env())
        print(vas.serve(port), flush=True)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 1
    signal.sigwait(stop_signals)
    vas.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
