"""The commands on change sets: undo, reopen, retry and history."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from vas_dash.cli.connection import (
    CommandError,
    connected,
    fleet_if_readable,
    opened_journal,
    permissions,
    read_fleet,
)
from vas_dash.cli.options import Sending, as_json, sending
from vas_dash.cli.output import NOTHING_TO_DO, print_json, print_lines, show_changes
from vas_dash.cli.sending import send
from vas_dash.cli.text import Names, cell_json, cell_text, record_json, record_text
from vas_dash.domain.changes import ChangeSet
from vas_dash.domain.finding import folded
from vas_dash.domain.records import ChangeSetRecord, HistoryFilter
from vas_dash.wiring import opened_operations

if TYPE_CHECKING:  # what they stand on takes longer to load than an export takes
    from vas_dash.changes.operations import Operations
    from vas_dash.changes.permissions import Permissions
    from vas_dash.journal import Journal

__all__ = ["history", "reopen", "retry", "undo"]

_Drafted = Callable[["Operations", int, "Permissions"], tuple[ChangeSet, ChangeSetRecord | None]]


def _undo(operations: Operations, number: int, by: Permissions) -> tuple[ChangeSet, None]:
    return operations.undo(number, by), None


def _retry(operations: Operations, number: int, by: Permissions) -> tuple[ChangeSet, None]:
    return operations.retry(number, by), None


def _reopen(
    operations: Operations, number: int, by: Permissions
) -> tuple[ChangeSet, ChangeSetRecord]:
    resumed = operations.resume(number, by)
    return resumed.rest, resumed.record


def _command(name: str, what: str, drafted: _Drafted, text: str) -> click.Command:
    @click.command(name, help=text)
    @click.argument("number", metavar="ID", type=int)
    @sending
    @as_json
    def command(number: int, as_json: bool, **options: Any) -> int:
        """Show, or send, what a change set leads to; and its own state, if it was read."""
        how = Sending(**options)
        with (
            connected() as (settings, client),
            opened_operations(settings, client) as operations,
        ):
            by = permissions(how.by, settings, operations)
            changes, record = drafted(operations, number, by)
            names = Names(read_fleet(client))
            if not changes.changes or not how.yes:
                return show_changes(changes, names, record, as_json=as_json, dry_run=not how.yes)
            source = f"{what} of {number}"
            return send(operations, by, changes, names, how, source=source, as_json=as_json)

    return command


undo = _command(
    "undo", "undo", _undo, "Take an applied change set back; without --yes only show it."
)
reopen = _command(
    "reopen",
    "rest",
    _reopen,
    "Read again what is not known of a change set that was stopped or interrupted, and go on with "
    "what was not sent; without --yes only show it.",
)
retry = _command(
    "retry",
    "retry",
    _retry,
    "Try again what was not done of a change set, planned afresh; without --yes only show it.",
)


@click.command(help="Change sets, newest first, or one with its cells.")
@click.argument("number", metavar="[ID]", type=int, required=False)
@click.option("--by", metavar="PERSON", help="Only this person's.")
@click.option("--camera", metavar="NAME", help="Only those with this camera, by name or id.")
@click.option("--model", metavar="ID", help="Only those with this model.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=20, help="Default: 20.")
@as_json
def history(
    number: int | None,
    by: str | None,
    camera: str | None,
    model: str | None,
    limit: int,
    as_json: bool,
) -> int:
    """List change sets, or show one."""
    with opened_journal() as journal:
        if number is not None:
            return _show_one(journal, number, as_json=as_json)
        camera_id = None if camera is None else _camera_id(camera)
        found = journal.history(HistoryFilter(by, camera_id, model), limit=limit)
    more = found.next_before is not None
    if as_json:
        print_json({"change_sets": [record_json(one) for one in found.items], "more": more})
    else:
        print_lines(map(record_text, found.items))
        if more:
            print("There are older ones; --limit shows more.")
    return NOTHING_TO_DO


def _show_one(journal: Journal, number: int, *, as_json: bool) -> int:
    record = journal.change_set(number)
    if record is None:
        raise CommandError(f"there is no change set {number}")
    names = Names(fleet_if_readable())
    cells = sorted(journal.cells(number), key=lambda cell: names.order(cell.change))
    if as_json:
        print_json({**record_json(record), "changes": [cell_json(one, names) for one in cells]})
    else:
        print_lines([record_text(record), *(f"  {cell_text(one, names)}" for one in cells)])
    return NOTHING_TO_DO


def _camera_id(wanted: str) -> str:
    """The id of the camera of that id or name. One that is not in the VAS has to go by its id."""
    snapshot = fleet_if_readable()
    cameras = () if snapshot is None else snapshot.known_cameras
    if any(camera.id == wanted for camera in cameras):
        return wanted
    alike = [one for one in cameras if one.name and folded(one.name) == folded(wanted)]
    found = [one for one in alike if one.name == wanted] or alike
    if len(found) > 1:
        ids = ", ".join(f"{camera.id} ({camera.location or 'no location'})" for camera in found)
        raise CommandError(f"{len(found)} cameras are named {wanted}; give an id: {ids}")
    return found[0].id if found else wanted
