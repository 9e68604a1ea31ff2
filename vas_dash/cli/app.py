"""`python -m vas_dash COMMAND`: the commands, and how their answers and errors are printed."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module

import click

from vas_dash.cli.output import FAILED, Answer, one_line
from vas_dash.errors import VasDashError

__all__ = ["main"]

_EPILOG = """\
Exit codes: 0 nothing to do (left), 2 there are differences (plan, and apply, undo, reopen and
retry without --yes), 3 done, but for cells that were changed elsewhere and were left alone, 1 an
error: nothing was done, or not everything. The VAS and the journal are those of the environment
(VAS_API_URL, VAS_API_KEY, VAS_DASH_DB_URL).
"""

_FILE = "FILE is csv, json or yaml; - is the standard input."

_COMMANDS = {
    "export": ("transfer", "Write the intent as a file, or what a filter finds."),
    "plan": ("transfer", f"What differs between a file and the fleet. {_FILE}"),
    "apply": (
        "transfer",
        f"Make the fleet as a file says; without --yes only say what would be. {_FILE}",
    ),
    "undo": ("change_sets", "Take an applied change set back; without --yes only show it."),
    "reopen": (
        "change_sets",
        "Read again what is not known of a change set that was stopped or interrupted, and go on "
        "with what was not sent; without --yes only show it.",
    ),
    "retry": (
        "change_sets",
        "Try again what was not done of a change set, planned afresh; without --yes only show it.",
    ),
    "history": ("change_sets", "Change sets, newest first, or one with its cells."),
    "user": ("users", "Who may log in where VAS_DASH_AUTH is password."),
}
"""The module of each command, and its help."""


class _Commands(click.Group):
    """Loads the module of a command when the command is run; the list of commands needs none."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        module, text = _COMMANDS[cmd_name]
        command: click.Command = getattr(import_module(f"vas_dash.cli.{module}"), cmd_name)
        command.help, command.epilog = text, _EPILOG
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in _COMMANDS.items()])


_commands = _Commands(
    help="Intent as a file: which AI models each camera is meant to run.",
    epilog=_EPILOG,
    no_args_is_help=False,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit code. Every error is one line, never a traceback."""
    logging.getLogger().addHandler(logging.NullHandler())
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    given = sys.argv[1:] if arguments is None else list(arguments)
    as_json = "--json" in given
    try:
        answer = _commands.main(given, "python -m vas_dash", standalone_mode=False)
        # After `--help` it is click's exit code.
        return answer.show(as_json=as_json) if isinstance(answer, Answer) else int(answer)
    except BrokenPipeError:
        # The reader is gone; the interpreter must not try to flush once again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except Exception as error:
        failure = _failure(error)
    except KeyboardInterrupt:
        failure = _failure(click.Abort())
    with suppress(OSError):
        failure.show(as_json=as_json)
    return FAILED


def _failure(error: Exception) -> Answer:
    usage: list[str] = []
    if isinstance(error, click.UsageError):
        message = error.format_message()
        usage = [error.ctx.get_usage()] if error.ctx else []
    elif isinstance(error, click.Abort):
        message = "stopped"
    elif isinstance(error, VasDashError):
        message = str(error)
    elif isinstance(error, ModuleNotFoundError):
        message = f"{error.name} is not installed"
    elif isinstance(error, OSError):
        where = f"{error.filename}: " if isinstance(error.filename, str) else ""
        message = f"{where}{error.strerror or type(error).__name__}"
    else:
        # A fault of ours. Its text may hold anything, so its type has to do.
        message = f"an unexpected fault ({type(error).__name__})"
    notes = [*usage, f"vas_dash: {one_line(message)}"]
    return Answer(FAILED, {"error": message}, notes=notes)
