"""The tables of the journal, as the newest migration leaves them.

Moments are whole microseconds since 1970-01-01 UTC. Assignments and intents are JSON texts. The
names begin with `journal_`, so that the journal can share a database.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)

__all__ = [
    "CELLS",
    "CHANGE_SETS",
    "DRAFTS",
    "DRAFT_CELLS",
    "JOBS",
    "METADATA",
    "MODELS",
    "PRESETS",
    "PROGRESS",
]

METADATA = MetaData()

CHANGE_SETS = Table(
    "journal_change_sets",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("who", Text, nullable=False),
    Column("why", Text),
    Column("origin", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("started_at", BigInteger),
    Column("ended_at", BigInteger),
    Column("state", String(16), nullable=False),
    Column("note", Text),
    Column("cells", Integer, nullable=False),
    Column("tally", Text, nullable=False),
    Index("journal_change_sets_who", "who", "id"),
    Index("journal_change_sets_when", "created_at"),
    Index("journal_change_sets_state", "state", "id"),
    sqlite_autoincrement=True,
)
"""`tally` counts the results of its cells; it is right while no applier is at work on it."""

CELLS = Table(
    "journal_cells",
    METADATA,
    Column(
        "change_set_id",
        ForeignKey(CHANGE_SETS.c.id, ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("camera_id", Text, nullable=False),
    Column("model_id", Text, nullable=False),
    Column("before", Text),
    Column("wish", Text),
    Column("result", String(16), nullable=False),
    Column("message", Text),
    Column("read", Boolean, nullable=False),
    Column("after", Text),
    Column("sent_at", BigInteger),
    Column("settled_at", BigInteger),
    Index("journal_cells_cell", "camera_id", "model_id", "change_set_id"),
)

MODELS = Table(
    "journal_models",
    METADATA,
    Column("model_id", Text, primary_key=True),
    Column(
        "change_set_id",
        ForeignKey(CHANGE_SETS.c.id, ondelete="CASCADE"),
        primary_key=True,
        index=True,
    ),
)
"""Which models a change set touches: a model has far too many cells to look through."""

DRAFTS = Table(
    "journal_drafts",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column("who", Text, nullable=False),
    Column("origin", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("changed_at", BigInteger, nullable=False, index=True),
)
"""Change sets that are still being drafted; `revision` counts their changes."""

DRAFT_CELLS = Table(
    "journal_draft_cells",
    METADATA,
    Column("draft_id", ForeignKey(DRAFTS.c.id, ondelete="CASCADE"), primary_key=True),
    Column("camera_id", Text, primary_key=True),
    Column("model_id", Text, primary_key=True),
    Column("before", Text),
    Column("wish", Text),
    Column("problems", Text),
)
"""`problems` (JSON) where the cell is blocked; it then has neither `before` nor `wish`."""

JOBS = Table(
    "journal_jobs",
    METADATA,
    Column("job", BigInteger, primary_key=True, autoincrement=False),
    Column(
        "change_set_id",
        ForeignKey(CHANGE_SETS.c.id, ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Column("handed_over_at", BigInteger, nullable=False),
    Column("taken", Boolean, nullable=False),
)
"""Each request to apply a change set, by a random number; `taken`: an applier has begun it."""

PROGRESS = Table(
    "journal_progress",
    METADATA,
    Column(
        "change_set_id",
        ForeignKey(CHANGE_SETS.c.id, ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("cancelled", Boolean, nullable=False),
    Column("progress", Text),
)
"""How far a change set that is being applied is (JSON), and whether that is to stop."""

PRESETS = Table(
    "journal_presets",
    METADATA,
    Column("preset_id", Integer, primary_key=True, autoincrement=False),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("model_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("preset", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
    Column("removed", Boolean, nullable=False),
)
"""Every version of every preset; `preset` are its values (JSON)."""
