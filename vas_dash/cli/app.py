"""`python -m vas_dash COMMAND`: the commands, and what is said of their errors."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Sequence
from contextlib import suppress

import click

from vas_dash.cli.change_sets import history, reopen, retry, undo
from vas_dash.cli.output import FAILED, print_json
from vas_dash.cli.text import one_line
from vas_dash.cli.transfer import apply, export, plan
from vas_dash.cli.users import user
from vas_dash.errors import VasDashError

__all__ = ["main"]

_EPILOG = """\
Exit codes: 0 nothing to do (left), 2 there are differences (plan, and apply, undo, reopen and
retry without --yes), 1 an error: nothing was done, or not everything. The VAS and the journal are
those of the environment (VAS_API_URL, VAS_API_KEY, VAS_DASH_DB_URL).
"""

_commands = click.Group(
    help="Intent as a file: which AI models each camera is meant to run.",
    epilog=_EPILOG,
    no_args_is_help=False,
)
for _command in (export, plan, apply, undo, reopen, retry, history, user):
    _command.epilog = _EPILOG
    _commands.add_command(_command)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit code. Every error is one line, never a traceback."""
    logging.getLogger().addHandler(logging.NullHandler())
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    given = sys.argv[1:] if arguments is None else list(arguments)
    try:
        code = _commands.main(given, "python -m vas_dash", standalone_mode=False)
        sys.stdout.flush()
        return int(code or 0)
    except BrokenPipeError:
        # The reader is gone; the interpreter must not try to flush once again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except click.UsageError as error:
        usage = error.ctx.get_usage() if error.ctx else ""
        print(f"{usage}\nvas_dash: {one_line(error.format_message())}", file=sys.stderr)
        return FAILED
    except click.Abort:
        message = "stopped"
    except VasDashError as error:
        message = str(error)
    except OSError as error:
        where = f"{error.filename}: " if isinstance(error.filename, str) else ""
        message = f"{where}{error.strerror or type(error).__name__}"
    except Exception as error:
        # A fault of ours. Its text may hold anything, so its type has to do.
        message = f"an unexpected fault ({type(error).__name__})"
    with suppress(OSError):
        if "--json" in given:
            print_json({"error": message})
        else:
            print(f"vas_dash: {one_line(message)}", file=sys.stderr)
        sys.stdout.flush()
    return FAILED
