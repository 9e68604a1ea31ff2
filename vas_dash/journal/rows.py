"""Rows of the journal's tables to records, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, bindparam, func, select, update

from vas_dash.domain.changes import CellChange, ChangeSet
from vas_dash.domain.entities import CellKey
from vas_dash.domain.records import (
    CellRecord,
    CellResult,
    ChangeSetRecord,
    HistoryFilter,
    Outcome,
    State,
    Tally,
)
from vas_dash.journal.tables import CELLS, CHANGE_SETS, MODELS
from vas_dash.journal.texts import (
    assignment_text,
    intent_text,
    microseconds,
    moment,
    read_assignment,
    read_intent,
)

__all__ = [
    "IN_FLIGHT",
    "change_sets_of",
    "count_results",
    "read_cell",
    "read_change_set",
    "read_record",
    "rows_of",
    "settle_cells",
    "tally_text",
]

IN_FLIGHT = (CellResult.NOT_SENT, CellResult.SENT)
_SETTLED = ("result", "message", "read", "after", "settled_at")


def rows_of(changes: ChangeSet) -> list[dict[str, Any]]:
    """A row for each cell, the blocked ones last."""
    empty = {"before": None, "wish": None, "message": None, "read": False}
    now = microseconds(datetime.now(UTC))
    rows: list[dict[str, Any]] = [
        {
            **empty,
            "camera_id": change.key.camera_id,
            "model_id": change.key.model_id,
            "before": assignment_text(change.before),
            "wish": intent_text(change.desired),
            "result": CellResult.NOT_SENT,
            "settled_at": None,
        }
        for change in changes.changes
    ]
    rows += [
        {
            **empty,
            "camera_id": one.key.camera_id,
            "model_id": one.key.model_id,
            "message": "; ".join(
                f"{p.field}: {p.message}" if p.field else p.message for p in one.problems
            ),
            "result": CellResult.REFUSED,
            "settled_at": now,
        }
        for one in changes.blocked
    ]
    for position, row in enumerate(rows):
        row["position"] = position
    return rows


def change_sets_of(wanted: HistoryFilter) -> Select[*tuple[Any, ...]]:
    """The change sets that a filter lets through, newest first."""
    chosen = select(CHANGE_SETS).order_by(CHANGE_SETS.c.id.desc())
    if wanted.who is not None:
        chosen = chosen.where(CHANGE_SETS.c.who == wanted.who)
    if wanted.since is not None:
        chosen = chosen.where(CHANGE_SETS.c.created_at >= microseconds(wanted.since))
    if wanted.until is not None:
        chosen = chosen.where(CHANGE_SETS.c.created_at < microseconds(wanted.until))
    if wanted.camera_id is not None:
        cells = select(CELLS.c.change_set_id).where(CELLS.c.camera_id == wanted.camera_id)
        if wanted.model_id is not None:
            cells = cells.where(CELLS.c.model_id == wanted.model_id)
        chosen = chosen.where(CHANGE_SETS.c.id.in_(cells))
    elif wanted.model_id is not None:
        chosen = chosen.join(MODELS, MODELS.c.change_set_id == CHANGE_SETS.c.id).where(
            MODELS.c.model_id == wanted.model_id
        )
    return chosen


def read_change_set(connection: Connection, change_set_id: int) -> ChangeSetRecord | None:
    """One change set; None: there is none of this number."""
    wanted = select(CHANGE_SETS).where(CHANGE_SETS.c.id == change_set_id)
    row = connection.execute(wanted).mappings().first()
    return None if row is None else read_record(connection, row)


def read_record(connection: Connection, row: RowMapping) -> ChangeSetRecord:
    """A change set; of one that is being applied the cells are counted."""
    state = State(row["state"])
    created_at = moment(row["created_at"])
    assert created_at is not None
    return ChangeSetRecord(
        row["id"],
        row["who"],
        row["why"],
        row["origin"],
        created_at,
        moment(row["started_at"]),
        moment(row["ended_at"]),
        state,
        row["note"],
        row["cells"],
        count_results(connection, row["id"])
        if state is State.APPLYING
        else {CellResult(name): count for name, count in json.loads(row["tally"]).items()},
    )


def count_results(connection: Connection, change_set_id: int) -> Tally:
    """How many of its cells ended how, counted now."""
    counted = (
        select(CELLS.c.result, func.count())
        .where(CELLS.c.change_set_id == change_set_id)
        .group_by(CELLS.c.result)
    )
    return {CellResult(result): count for result, count in connection.execute(counted)}


def tally_text(tally: Mapping[CellResult, int]) -> str:
    """A tally as it is stored."""
    return json.dumps({str(result): count for result, count in tally.items() if count})


def read_cell(row: RowMapping) -> CellRecord:
    """One cell of a change set."""
    key = CellKey(row["camera_id"], row["model_id"])
    before = read_assignment(row["before"], key)
    return CellRecord(
        row["change_set_id"],
        row["position"],
        CellChange(key, before, read_intent(row["wish"])),
        CellResult(row["result"]),
        row["message"],
        row["read"],
        read_assignment(row["after"], key),
        moment(row["sent_at"]),
        moment(row["settled_at"]),
    )


def settle_cells(
    connection: Connection, change_set_id: int, outcomes: Mapping[int, Outcome]
) -> None:
    """Write what became of cells, by their positions."""
    now = microseconds(datetime.now(UTC))
    mine = CELLS.c.change_set_id == change_set_id
    statement = (
        update(CELLS)
        .where(mine, CELLS.c.position == bindparam("at"))
        .values({name: bindparam(f"new_{name}") for name in _SETTLED})
    )
    rows = [
        {
            "at": position,
            "new_result": one.result,
            "new_message": one.message,
            "new_read": one.read,
            "new_after": assignment_text(one.after),
            "new_settled_at": None if one.result in IN_FLIGHT else now,
        }
        for position, one in outcomes.items()
    ]
    connection.execute(statement, rows)
