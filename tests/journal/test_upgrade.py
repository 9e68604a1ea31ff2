"""A journal that an earlier version has written, opened by this one."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.fakes.fleets import NOW
from tests.fakes.people import KIM
from vas_dash.database import Database, database_url
from vas_dash.domain.changes import CellChange, ChangeSet
from vas_dash.domain.entities import CellIntent, CellKey
from vas_dash.domain.presets import Preset, PresetValues
from vas_dash.domain.records import CellResult, State
from vas_dash.journal import Journal
from vas_dash.journal.migrate import migrate_connection

MADE = 1_790_000_000_000_000  # microseconds, Unix
AFTER = json.dumps(
    {
        "id": "a-1",
        "enabled": True,
        "desired_fps": 5,
        "priority": None,
        "parameters": {"threshold": 0.5},
        "created_at": "2026-09-21T14:13:20+00:00",
        "updated_at": None,
    }
)
INTENT = json.dumps(
    {"enabled": True, "desired_fps": 5, "priority": None, "parameters": {"threshold": 0.5}}
)


@pytest.mark.parametrize("revision", ["0001", "0002", "0003", "head"])
def test_a_journal_of_an_earlier_version_is_read_and_goes_on(revision: str, tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    database = Database(database_url(f"sqlite:///{path}", "VAS_DASH_DB_URL", "journal.db"))
    with database.write() as connection:
        migrate_connection(connection, revision)
    database.close()
    with closing(sqlite3.connect(path)) as written, written:
        written.execute(
            "INSERT INTO journal_change_sets"
            " (id, who, why, origin, created_at, state, cells, tally)"
            " VALUES (1, 'lee', 'lens broken', 'edit', ?, 'finished', 1, ?)",
            (MADE, '{"applied": 1}'),
        )
        written.execute(
            "INSERT INTO journal_cells (change_set_id, position, camera_id, model_id, before, wish,"
            " result, message, read, after, sent_at, settled_at)"
            " VALUES (1, 0, 'cam-1', 'ppe', NULL, ?, 'applied', NULL, 1, ?, ?, ?)",
            (INTENT, AFTER, MADE, MADE),
        )
    journal = Journal(f"sqlite:///{path}")
    (old,) = journal.history().items
    assert (old.who, old.why, old.state, old.tally) == (
        "lee",
        "lens broken",
        State.FINISHED,
        {CellResult.APPLIED: 1},
    )
    (cell,) = journal.cells(1)
    assert cell.change.desired == CellIntent(True, 5, None, {"threshold": 0.5})
    assert cell.after is not None
    assert cell.after.desired_fps == 5
    change = CellChange(CellKey("cam-2", "ppe"), None, CellIntent(True))
    assert journal.record(ChangeSet((change,)), KIM.name) == 2
    assert journal.drafts.load("d", "kim").revision == 0
    assert journal.jobs.last(2) is None
    assert journal.presets.versions() == ()
    made = Preset(1, 1, "ppe", "Standard", PresetValues(5), "kim", NOW)
    assert journal.presets.add(lambda _: [made]) == journal.presets.versions() == (made,)
    journal.close()
