"""What a command answers: an exit code, and change sets, cells and problems as text or as JSON."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from vas_dash.changes.labels import Kind, differences, intent_line, kind_of, kinds_text
from vas_dash.domain.changes import Blocked, CellChange, ChangeSet
from vas_dash.domain.entities import Assignment, Camera, CellIntent, CellKey
from vas_dash.domain.fleet import FleetSnapshot
from vas_dash.domain.records import CellRecord, CellResult, ChangeSetRecord, Tally
from vas_dash.domain.text import count
from vas_dash.errors import VasDashError
from vas_dash.files.tree import FileProblem
from vas_dash.fleet.natural import NaturalKey, natural_key

NOTHING_TO_DO = 0
FAILED = 1
DIFFERENCES = 2


class CommandError(VasDashError):
    """The command cannot be carried out. The message says why."""


@dataclass(frozen=True)
class Answer:
    """`document` makes the JSON; `lines` are the text, with `notes` on the standard error."""

    code: int
    document: Callable[[], object]
    lines: Iterable[str] = ()
    notes: Iterable[str] = ()

    def show(self, *, as_json: bool) -> int:
        """Print it; the exit code."""
        if as_json:
            print(json.dumps(self.document(), ensure_ascii=False, indent=2))
        else:
            for note in self.notes:
                print(note, file=sys.stderr)
            for line in self.lines:
                print(line)
        sys.stdout.flush()
        return self.code


def one_line(text: str) -> str:
    """`text` as a terminal may be given it: what would not be printed is escaped."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )


class Names:
    """The cameras' names, as far as the fleet is known."""

    def __init__(self, snapshot: FleetSnapshot | None) -> None:
        cameras = () if snapshot is None else snapshot.known_cameras
        self._cameras = {camera.id: camera for camera in cameras}

    def _camera(self, key: CellKey) -> Camera:
        return self._cameras.get(key.camera_id, Camera(key.camera_id, None))

    def order(self, change: CellChange) -> tuple[NaturalKey, str, str]:
        """A sort key: the order of the page and of exports."""
        return (natural_key(self._camera(change.key).title), *change.key)

    def text(self, key: CellKey) -> str:
        """A cell in a sentence."""
        camera = self._camera(key)
        place = f" ({camera.location})" if camera.location else ""
        return one_line(f"{camera.title}{place}, {key.model_id}")

    def json(self, key: CellKey) -> dict[str, Any]:
        """A cell for scripts."""
        camera = self._camera(key)
        return {
            "camera_id": key.camera_id,
            "camera": camera.name,
            "location": camera.location,
            "model": key.model_id,
        }


def preview(
    changes: ChangeSet,
    names: Names,
    yes: bool | None,
    *,
    record: ChangeSetRecord | None = None,
    pruned: Set[CellKey] = frozenset(),
    problems: Sequence[FileProblem] = (),
) -> Answer:
    """What would be changed. `yes` False: by a command that sends it with --yes.

    `record` is that of the change set it follows from, where that was read again.
    """
    found = sorted(changes.changes, key=names.order)
    own = [change for change in found if change.key not in pruned]
    removed = [change for change in found if change.key in pruned]
    unknown = record is not None and record.tally.get(CellResult.UNKNOWN)

    def document() -> dict[str, Any]:
        return {
            **({} if record is None else {"reopened": record_json(record)}),
            "differences": len(found),
            "kinds": _kinds(found),
            "changes": [_change_json(change, names) for change in own],
            "pruned": [_change_json(change, names) for change in removed],
            **refusals_json(changes.blocked, problems, names),
            "sent": False,
        }

    def lines() -> Iterator[str]:
        if record is not None:
            yield record_text(record)
        if own:
            verb = "differs" if len(own) == 1 else "differ"
            yield f"{count(len(own), 'cell')} {verb}: {kinds_text(_kinds(own))}."
        elif not (removed or problems):
            yield "Nothing to do."
        yield from (f"  {_change_text(change, names)}" for change in own)
        if removed:
            yield f"Removed because the file does not name them: {count(len(removed), 'cell')}."
        yield from (f"  {_change_text(change, names)}" for change in removed)
        if found and yes is False:
            yield "Nothing was sent; --yes does it."

    failed = problems or changes.blocked or unknown
    code = FAILED if failed else DIFFERENCES if found else NOTHING_TO_DO
    return Answer(code, document, lines(), blocked_lines(changes.blocked, names))


def refusals_json(
    blocked: Iterable[Blocked], problems: Iterable[FileProblem], names: Names
) -> dict[str, Any]:
    """For scripts: the cells that cannot be changed, and what is wrong in the file."""
    return {
        "blocked": [
            {**names.json(one.key), "problems": [asdict(problem) for problem in one.problems]}
            for one in blocked
        ],
        "problems": [asdict(problem) for problem in problems],
    }


def blocked_lines(blocked: Iterable[Blocked], names: Names) -> Iterator[str]:
    """Cells that cannot be changed, and why."""
    for one in blocked:
        why = "; ".join(f"{p.field}: {p.message}" if p.field else p.message for p in one.problems)
        yield f"{names.text(one.key)}: {one_line(why)}"


def _kinds(changes: Iterable[CellChange]) -> dict[Kind, int]:
    found = Counter(map(kind_of, changes))
    return {kind: found[kind] for kind in Kind}


def _change_text(change: CellChange, names: Names) -> str:
    what = "; ".join(one.text for one in differences(change)) or intent_line(None)
    return f"{names.text(change.key)}: {one_line(what)}"


def _change_json(change: CellChange, names: Names) -> dict[str, Any]:
    return {
        **names.json(change.key),
        "kind": kind_of(change),
        "before": _intent_json(change.before),
        "after": _intent_json(change.desired),
    }


def _intent_json(intent: CellIntent | Assignment | None) -> dict[str, Any] | None:
    """Null is unassigned."""
    if isinstance(intent, Assignment):
        intent = intent.intent
    return None if intent is None else asdict(intent)


def cell_text(cell: CellRecord, names: Names) -> str:
    """What became of one cell, on one line."""
    why = f" ({one_line(cell.message)})" if cell.message else ""
    return f"  {_change_text(cell.change, names)}: {cell.result}{why}"


def cell_json(cell: CellRecord, names: Names) -> dict[str, Any]:
    """What became of one cell, for scripts. `read` is what the last read of it showed."""
    return {
        **_change_json(cell.change, names),
        "result": cell.result,
        "message": cell.message,
        "read": _intent_json(cell.after) if cell.read else None,
    }


def tally_text(tally: Tally) -> str:
    """`12 applied, 1 conflict`."""
    return ", ".join(f"{tally[one]:,} {one}" for one in CellResult if tally.get(one))


def record_text(record: ChangeSetRecord) -> str:
    """A change set on one line."""
    why = f', "{one_line(record.why)}"' if record.why else ""
    note = f"; {one_line(record.note)}" if record.note else ""
    return (
        f"{record.id}  {record.created_at.astimezone():%Y-%m-%d %H:%M:%S %Z}  "
        f"{one_line(record.who)}, {one_line(record.origin)}{why}: "
        f"{count(record.cells, 'cell')}, {record.state} ({tally_text(record.tally)}){note}"
    )


def record_json(record: ChangeSetRecord) -> dict[str, Any]:
    """A change set for scripts."""
    return {
        "change_set": record.id,
        "who": record.who,
        "why": record.why,
        "origin": record.origin,
        "created_at": _time_json(record.created_at),
        "started_at": _time_json(record.started_at),
        "ended_at": _time_json(record.ended_at),
        "state": record.state,
        "note": record.note,
        "cells": record.cells,
        "results": {str(one): record.tally.get(one, 0) for one in CellResult},
    }


def _time_json(time: datetime | None) -> str | None:
    return None if time is None else time.astimezone(UTC).isoformat().replace("+00:00", "Z")
