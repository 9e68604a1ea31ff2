"""The commands on change sets: undo, reopen, retry and history."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from functools import partial
from itertools import chain

from click import Argument, Command, IntRange, Option

from vas_dash.changes.operations import Operations, Resumed
from vas_dash.changes.permissions import Permissions
from vas_dash.cli.connection import connected, fleet_if_readable, read_fleet
from vas_dash.cli.options import AS_JSON, SENDING
from vas_dash.cli.output import (
    NOTHING_TO_DO,
    Answer,
    CommandError,
    Names,
    preview,
    record_json,
    record_text,
)
from vas_dash.cli.sending import operations_of, send
from vas_dash.config import Settings
from vas_dash.domain.changes import ChangeSet
from vas_dash.domain.finding import folded
from vas_dash.domain.records import HistoryFilter
from vas_dash.journal import Journal
from vas_dash.wiring import create_journal

__all__ = ["history", "reopen", "retry", "undo"]


_Drafted = Callable[[Operations, int, Permissions], ChangeSet | Resumed]


def _follow(
    drafted: _Drafted,
    what: str,
    *,
    number: int,
    yes: bool,
    reason: str | None,
    by: str | None,
) -> Answer:
    """Show, or send, what a change set leads to; and its own record, if it was read again."""
    with (
        connected() as (settings, client),
        operations_of(by, settings, client) as (operations, operator),
    ):
        found = drafted(operations, number, operator)
        changes, record = (
            (found.rest, found.record) if isinstance(found, Resumed) else (found, None)
        )
        names = Names(read_fleet(client))
        if not changes.changes or not yes:
            return preview(changes, names, yes, record=record)
        return send(operations, operator, changes, names, reason, f"{what} of {number}")


_CHANGE_SET = (Argument(["number"], metavar="ID", type=int), *SENDING, AS_JSON)


def _following(drafted: _Drafted, what: str) -> Command:
    return Command(what, params=[*_CHANGE_SET], callback=partial(_follow, drafted, what))


undo = _following(Operations.undo, "undo")
retry = _following(Operations.retry, "retry")
reopen = _following(Operations.resume, "rest")


def _history(
    number: int | None, by: str | None, camera: str | None, model: str | None, limit: int
) -> Answer:
    with closing(create_journal(Settings.from_env())) as journal:
        if number is not None:
            return _one(journal, number)
        camera_id = None if camera is None else _camera_id(camera)
        found = journal.history(HistoryFilter(by, camera_id, model), limit=limit)
    more = found.next_before is not None
    document = {"change_sets": [*map(record_json, found.items)], "more": more}
    lines = [*map(record_text, found.items)]
    if more:
        lines.append("There are older ones; --limit shows more.")
    return Answer(NOTHING_TO_DO, document, lines)


history = Command(
    "history",
    params=[
        Argument(["number"], metavar="[ID]", type=int, required=False),
        Option(["--by"], metavar="PERSON", help="Only this person's."),
        Option(["--camera"], metavar="NAME", help="Only those with this camera, by name or id."),
        Option(["--model"], metavar="ID", help="Only those with this model."),
        Option(["--limit"], type=IntRange(1, 10_000), default=20, show_default=True),
        AS_JSON,
    ],
    callback=_history,
)


def _one(journal: Journal, number: int) -> Answer:
    record = journal.change_set(number)
    if record is None:
        raise CommandError(f"there is no change set {number}")
    names = Names(fleet_if_readable())
    cells = sorted(journal.cells(number), key=lambda cell: names.order(cell.change))
    document = {**record_json(record), "changes": cells}
    lines = chain([record_text(record)], map(names.result, cells))
    return Answer(NOTHING_TO_DO, document, lines, names=names)


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
