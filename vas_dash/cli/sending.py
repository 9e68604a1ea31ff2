"""Send a change set, show how far it is, and say what became of it."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

import click

from vas_dash.cli.connection import CommandError
from vas_dash.cli.options import Sending
from vas_dash.cli.output import (
    FAILED,
    NOTHING_TO_DO,
    blocked_json,
    print_blocked,
    print_json,
    print_lines,
    problem_json,
)
from vas_dash.cli.text import Names, cell_json, cell_text, one_line, record_json, tally_text
from vas_dash.domain.changes import ChangeSet
from vas_dash.domain.records import CellResult, ChangeSetRecord
from vas_dash.errors import ReasonNeededError
from vas_dash.files.tree import FileProblem

if TYPE_CHECKING:
    from vas_dash.changes.operations import Operations, Progress
    from vas_dash.changes.permissions import Permissions

__all__ = ["send"]

_DONE = {CellResult.APPLIED, CellResult.UNCHANGED}


def send(
    operations: Operations,
    by: Permissions,
    changes: ChangeSet,
    names: Names,
    how: Sending,
    *,
    source: str,
    as_json: bool,
    problems: Sequence[FileProblem] = (),
) -> int:
    """Submit and apply `changes`; the exit code.

    Raises:
        CommandError: a reason is needed.
    """
    try:
        change_set_id = operations.submit(changes, by=by, why=how.reason, origin=source)
    except ReasonNeededError as error:
        raise CommandError(f"{error}; give --reason") from None
    record = _apply(operations, change_set_id, len(changes.changes))
    left = operations.journal.cells(change_set_id, results=set(CellResult) - _DONE)
    if as_json:
        print_json(
            {
                **record_json(record),
                "not_done": [cell_json(cell, names) for cell in left],
                "blocked": [blocked_json(one, names) for one in changes.blocked],
                "problems": [problem_json(problem) for problem in problems],
            }
        )
    else:
        print(f"Change set {record.id}, {record.state}: {tally_text(record.tally)}.")
        if record.note:
            print(one_line(f"It was stopped: {record.note}."))
        print_lines(f"  {cell_text(cell, names)}" for cell in left)
        print_blocked(changes.blocked, names)
    return FAILED if left or changes.blocked else NOTHING_TO_DO


def _apply(operations: Operations, change_set_id: int, cells: int) -> ChangeSetRecord:
    from vas_dash.jobs.service import apply_watched

    stop = threading.Event()
    bar: Any = click.progressbar(
        length=cells,
        file=sys.stderr,
        show_pos=True,
        item_show_func=lambda progress: tally_text(progress.tally) if progress else None,
    )

    def show(progress: Progress) -> None:
        bar.label = progress.stage
        bar.update(progress.done - bar.pos, progress)

    on_a_terminal = sys.stderr.isatty()
    with _stopping(stop), bar if on_a_terminal else nullcontext():
        return apply_watched(
            operations,
            change_set_id,
            on_progress=show if on_a_terminal else None,
            cancelled=stop.is_set,
        )


@contextmanager
def _stopping(stop: threading.Event) -> Iterator[None]:
    """SIGINT and SIGTERM stop further writes; those on their way are still read and recorded."""
    signals = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(one, lambda *_: stop.set()) for one in signals]
    try:
        yield
    finally:
        for one, handler in zip(signals, before, strict=True):
            signal.signal(one, handler)
