"""What the command line says: change sets, results and history as text and as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from vas_dash.changes.labels import Kind, differences, intent_line, kind_of
from vas_dash.domain.changes import CellChange
from vas_dash.domain.entities import Assignment, Camera, CellIntent, CellKey
from vas_dash.domain.fleet import FleetSnapshot
from vas_dash.domain.records import CellRecord, CellResult, ChangeSetRecord, Tally
from vas_dash.domain.text import count
from vas_dash.fleet.natural import NaturalKey, natural_key

__all__ = [
    "Names",
    "cell_json",
    "cell_text",
    "change_json",
    "change_text",
    "kinds",
    "one_line",
    "record_json",
    "record_text",
    "tally_text",
]


def one_line(text: str) -> str:
    """`text` as a terminal may be given it: what would not be printed is escaped."""
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )


class Names:
    """The cameras' names, as far as the fleet is known."""

    def __init__(self, snapshot: FleetSnapshot | None = None) -> None:
        cameras = () if snapshot is None else snapshot.known_cameras
        self._cameras: Mapping[str, Camera] = {camera.id: camera for camera in cameras}

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


def kinds(changes: Iterable[CellChange]) -> dict[Kind, int]:
    """How many changes there are of each kind."""
    found = Counter(map(kind_of, changes))
    return {kind: found[kind] for kind in Kind}


def change_text(change: CellChange, names: Names) -> str:
    """One change on one line: the cell, and what differs, before and after."""
    what = "; ".join(one.text for one in differences(change)) or intent_line(None)
    return f"{names.text(change.key)}: {one_line(what)}"


def _intent_json(intent: CellIntent | Assignment | None) -> dict[str, Any] | None:
    if isinstance(intent, Assignment):
        intent = intent.intent
    return None if intent is None else asdict(intent)


def change_json(change: CellChange, names: Names) -> dict[str, Any]:
    """One change for scripts; null is unassigned."""
    return {
        **names.json(change.key),
        "kind": kind_of(change),
        "before": _intent_json(change.before),
        "after": _intent_json(change.desired),
    }


def tally_text(tally: Tally) -> str:
    """`12 applied, 1 conflict`."""
    return ", ".join(f"{tally[one]:,} {one}" for one in CellResult if tally.get(one))


def _time_text(time: datetime) -> str:
    return time.astimezone().strftime("%Y-%m-%d %H:%M:%S %Z")


def _time_json(time: datetime | None) -> str | None:
    return None if time is None else time.astimezone(UTC).isoformat().replace("+00:00", "Z")


def record_text(record: ChangeSetRecord) -> str:
    """A change set on one line."""
    why = f', "{one_line(record.why)}"' if record.why else ""
    note = f"; {one_line(record.note)}" if record.note else ""
    return (
        f"{record.id}  {_time_text(record.created_at)}  {one_line(record.who)}, "
        f"{one_line(record.origin)}{why}: {count(record.cells, 'cell')}, {record.state} "
        f"({tally_text(record.tally)}){note}"
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


def cell_text(cell: CellRecord, names: Names) -> str:
    """What became of one cell, on one line."""
    why = f" ({one_line(cell.message)})" if cell.message else ""
    return f"{change_text(cell.change, names)}: {cell.result}{why}"


def cell_json(cell: CellRecord, names: Names) -> dict[str, Any]:
    """What became of one cell, for scripts. `read` is what the last read of it showed."""
    return {
        **change_json(cell.change, names),
        "result": cell.result,
        "message": cell.message,
        "read": _intent_json(cell.after) if cell.read else None,
    }
