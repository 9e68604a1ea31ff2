"""What a command answers: an exit code, and change sets, cells and problems as text or as JSON."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from vas_dash.changes.labels import Kind, differences, intent_line, kind_of, kinds_text
from vas_dash.domain.changes import Blocked, CellChange, ChangeSet, Problem
from vas_dash.domain.entities import Assignment, Camera, CellIntent, CellKey
from vas_dash.domain.fleet import FleetSnapshot
from vas_dash.domain.records import CellRecord, CellResult, ChangeSetRecord, Tally
from vas_dash.domain.text import count, moment
from vas_dash.errors import VasDashError
from vas_dash.files.tree import FileProblem
from vas_dash.fleet.natural import NaturalKey, natural_key

NOTHING = "Nothing to do."
NOTHING_TO_DO = 0
FAILED = 1
DIFFERENCES = 2
CONFLICTS = 3


class CommandError(VasDashError):
    """The command cannot be carried out. The message says why."""


class Names:
    """The cameras' names, as far as the fleet is known; and cells with them, as text and JSON."""

    def __init__(self, snapshot: FleetSnapshot | None = None) -> None:
        cameras = () if snapshot is None else snapshot.known_cameras
        self._cameras = {camera.id: camera for camera in cameras}

    def _camera(self, key: CellKey) -> Camera:
        return self._cameras.get(key.camera_id, Camera(key.camera_id, None))

    def order(self, change: CellChange) -> tuple[NaturalKey, str, str]:
        """A sort key: the order of the page and of exports."""
        return (natural_key(self._camera(change.key).title), *change.key)

    def cell(self, key: CellKey) -> str:
        """A cell in a sentence."""
        camera = self._camera(key)
        place = f" ({camera.location})" if camera.location else ""
        return one_line(f"{camera.title}{place}, {key.model_id}")

    def change(self, change: CellChange) -> str:
        """A change on one line: the cell, and what differs, before and after."""
        what = "; ".join(one.text for one in differences(change)) or intent_line(None)
        return f"  {self.cell(change.key)}: {one_line(what)}"

    def result(self, cell: CellRecord) -> str:
        """What became of one cell, on one line."""
        why = f" ({one_line(cell.message)})" if cell.message else ""
        return f"{self.change(cell.change)}: {cell.result}{why}"

    def blocked(self, one: Blocked) -> str:
        """A cell that cannot be changed, and why."""
        why = "; ".join(f"{p.field}: {p.message}" if p.field else p.message for p in one.problems)
        return f"{self.cell(one.key)}: {one_line(why)}"

    def json(self, value: object) -> Any:
        """What a document may hold beside what JSON knows. A null intent is unassigned."""
        match value:
            case CellChange(key, before, desired):
                kind = kind_of(value)
                return {**self._cell(key), "kind": kind, "before": before, "after": desired}
            case CellRecord():
                return {
                    **self.json(value.change),
                    "result": value.result,
                    "message": value.message,
                    "read": value.after if value.read else None,
                }
            case Blocked(key, problems):
                return {**self._cell(key), "problems": problems}
            case Assignment():
                return asdict(value.intent)
            case CellIntent() | Problem() | FileProblem():
                return asdict(value)
            case datetime():
                return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        raise TypeError(f"no JSON of {type(value).__name__}")

    def _cell(self, key: CellKey) -> dict[str, str | None]:
        camera = self._camera(key)
        return {
            "camera_id": key.camera_id,
            "camera": camera.name,
            "location": camera.location,
            "model": key.model_id,
        }


@dataclass(frozen=True)
class Answer:
    """With --json the document is printed; else the lines, and notes on the standard error.

    Or it is the bytes of a file.
    """

    code: int
    document: dict[str, Any] | bytes
    lines: Iterable[str] = ()
    notes: Iterable[str] = ()
    names: Names = field(default_factory=Names)

    def show(self, *, as_json: bool) -> int:
        """Print it; the exit code."""
        if isinstance(self.document, bytes):
            self._note()
            sys.stdout.buffer.write(self.document)
        elif as_json:
            print(json.dumps(self.document, ensure_ascii=False, indent=2, default=self.names.json))
        else:
            self._note()
            for line in self.lines:
                print(line)
        sys.stdout.flush()
        return self.code

    def _note(self) -> None:
        for note in self.notes:
            print(note, file=sys.stderr)


def preview(
    changes: ChangeSet,
    names: Names,
    yes: bool | None,
    *,
    record: ChangeSetRecord | None = None,
    pruned: Set[CellKey] = frozenset(),
    conflicts: Set[CellKey] = frozenset(),
    problems: Sequence[FileProblem] = (),
) -> Answer:
    """What would be changed, and left alone. `yes` False: by a command that sends it with --yes.

    `record` is that of the change set it follows from, where that was read again.
    """
    ordered = sorted(changes.changes, key=names.order)
    kept = [change for change in ordered if change.key in conflicts]
    found = [change for change in ordered if change.key not in conflicts]
    own = [change for change in found if change.key not in pruned]
    removed = [change for change in found if change.key in pruned]
    unknown = record is not None and record.tally.get(CellResult.UNKNOWN)
    failed = problems or changes.blocked or unknown

    def lines() -> Iterator[str]:
        if record is not None:
            yield record_text(record)
        if own:
            verb = "differs" if len(own) == 1 else "differ"
            yield f"{count(len(own), 'cell')} {verb}: {kinds_text(_kinds(own))}."
        elif not (removed or kept or problems):
            yield NOTHING
        yield from map(names.change, own)
        if removed:
            yield f"Removed because the file does not name them: {count(len(removed), 'cell')}."
        yield from map(names.change, removed)
        if kept:
            yield f"Not as expected, and left alone: {count(len(kept), 'cell')}."
        yield from (f"  {names.cell(change.key)}" for change in kept)
        if found and yes is False:
            yield "Nothing was sent; --yes does it."

    document = {
        **({} if record is None else {"reopened": record_json(record)}),
        "differences": len(found),
        "kinds": _kinds(found),
        "changes": own,
        "pruned": removed,
        "conflicts": kept,
        "blocked": changes.blocked,
        "problems": list(problems),
        "sent": False,
    }
    code = FAILED if failed else DIFFERENCES if ordered else NOTHING_TO_DO
    return Answer(code, document, lines(), map(names.blocked, changes.blocked), names)


def _kinds(changes: Iterable[CellChange]) -> dict[Kind, int]:
    found = Counter(map(kind_of, changes))
    return {kind: found[kind] for kind in Kind}


def tally_text(tally: Tally) -> str:
    """`12 applied, 1 conflict`."""
    return ", ".join(f"{tally[one]:,} {one}" for one in CellResult if tally.get(one))


def record_text(record: ChangeSetRecord) -> str:
    """A change set on one line."""
    why = f', "{one_line(record.why)}"' if record.why else ""
    note = f"; {one_line(record.note)}" if record.note else ""
    return (
        f"{record.id}  {moment(record.created_at)}  "
        f"{one_line(record.who)}, {one_line(record.source)}{why}: "
        f"{count(record.cells, 'cell')}, {record.state} ({tally_text(record.tally)}){note}"
    )


def record_json(record: ChangeSetRecord) -> dict[str, Any]:
    """A change set for scripts."""
    return {
        "change_set": record.id,
        "who": record.who,
        "why": record.why,
        "origin": record.source,
        "created_at": record.created_at,
        "started_at": record.started_at,
        "ended_at": record.ended_at,
        "state": record.state,
        "note": record.note,
        "cells": record.cells,
        "results": {str(one): record.tally.get(one, 0) for one in CellResult},
    }


def one_line(text: str) -> str:
    """`text` as a terminal may be given it: what would not be printed is escaped."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )
