"""Send a change set, show how far it is, and say what became of it."""

from __future__ import annotations

import getpass
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TextIO

import click

from vas_dash.backend.client import VasClient
from vas_dash.changes.operations import Operations, Progress
from vas_dash.changes.permissions import Permissions
from vas_dash.changes.presets import Presets
from vas_dash.cli.output import (
    CONFLICTS,
    FAILED,
    NOTHING_TO_DO,
    Answer,
    CommandError,
    Names,
    one_line,
    record_json,
    tally_text,
)
from vas_dash.config import Settings
from vas_dash.domain.changes import ChangeSet
from vas_dash.domain.fleet import FleetSnapshot
from vas_dash.domain.operators import Operator, Role
from vas_dash.domain.presets import PresetEdit
from vas_dash.domain.records import CellRecord, CellResult
from vas_dash.errors import PresetError, ReasonNeededError
from vas_dash.files.tree import FileProblem
from vas_dash.jobs.service import apply_watched
from vas_dash.wiring import opened_operations

__all__ = ["keep_presets", "operations_of", "progress_bar", "send"]

_DONE = {CellResult.APPLIED, CellResult.UNCHANGED}


@contextmanager
def operations_of(
    by: str | None, settings: Settings, client: VasClient
) -> Iterator[tuple[Operations, Permissions]]:
    """The operations, and what the operator `by` may do.

    Everyone who can read the environment is an admin, unless the page is read-only.
    """
    try:
        operator = Operator(by or _system_user(), Role.VIEWER if settings.read_only else Role.ADMIN)
    except ValueError as error:
        raise CommandError(f"--by: {error}") from None
    with opened_operations(settings, client) as operations:
        yield operations, Permissions(operator)


def _system_user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"user {os.getuid()}"


def send(
    operations: Operations,
    by: Permissions,
    changes: ChangeSet,
    names: Names,
    reason: str | None,
    source: str,
    problems: Sequence[FileProblem] = (),
) -> Answer:
    """Submit and apply `changes`. `problems` are those of the file they come from."""
    try:
        change_set_id = operations.submit(changes, by=by, why=reason, source=source)
    except ReasonNeededError as error:
        raise CommandError(f"{error}; give --reason") from None
    with _stopping() as stop, progress_bar(len(changes.changes), sys.stderr) as show:
        record = apply_watched(operations, change_set_id, on_progress=show, cancelled=stop.is_set)
    left = operations.journal.cells(change_set_id, results=set(CellResult) - _DONE)

    def lines() -> Iterator[str]:
        yield f"Change set {record.id}, {record.state}: {tally_text(record.tally)}."
        if record.note:
            yield one_line(f"It was stopped: {record.note}.")
        yield from map(names.result, left)

    failed = problems or changes.blocked or not all(map(_is_changed_elsewhere, left))
    rest = {"not_done": left, "blocked": changes.blocked, "problems": list(problems)}
    return Answer(
        FAILED if failed else CONFLICTS if left else NOTHING_TO_DO,
        {**record_json(record), **rest},
        lines(),
        map(names.blocked, changes.blocked),
        names,
    )


def _is_changed_elsewhere(cell: CellRecord) -> bool:
    """Not so one that another change set was about to change: that may be tried again."""
    return cell.read and cell.result in (CellResult.CONFLICT, CellResult.OVERWRITTEN)


def keep_presets(
    operations: Operations, by: Permissions, edits: Sequence[PresetEdit], fleet: FleetSnapshot
) -> None:
    """Keep the presets of a file: all of them, or none."""
    if edits:
        try:
            Presets(operations.journal).keep(edits, by, fleet)
        except PresetError as error:
            text = f"the presets were not kept, and nothing was sent: {error.reason}"
            raise CommandError(text) from None


@contextmanager
def progress_bar(cells: int, stream: TextIO) -> Iterator[Callable[[Progress], None]]:
    """Shows how far it is, where `stream` is a terminal."""
    if not stream.isatty():
        yield lambda _: None
        return
    bar: Any = click.progressbar(
        length=cells,
        file=stream,
        show_pos=True,
        update_min_steps=0,  # results are shown while no further cell is sent, too
        item_show_func=lambda progress: progress and tally_text(progress.tally),
    )

    def show(progress: Progress) -> None:
        bar.label = progress.stage
        bar.update(progress.done - bar.pos, progress)

    with bar:
        yield show


@contextmanager
def _stopping() -> Iterator[threading.Event]:
    """SIGINT and SIGTERM stop further writes; those on their way are still read and recorded."""
    stop = threading.Event()
    signals = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(one, lambda *_: stop.set()) for one in signals]
    try:
        yield stop
    finally:
        for one, handler in zip(signals, before, strict=True):
            signal.signal(one, handler)
