"""Change sets, their cells, and the models they touch."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "journal_change_sets",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("why", sa.Text),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("started_at", sa.BigInteger),
        sa.Column("ended_at", sa.BigInteger),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("note", sa.Text),
        sa.Column("cells", sa.Integer, nullable=False),
        sa.Column("tally", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("journal_change_sets_who", "journal_change_sets", ["who", "id"])
    op.create_index("journal_change_sets_when", "journal_change_sets", ["created_at"])
    op.create_index("journal_change_sets_state", "journal_change_sets", ["state", "id"])
    op.create_table(
        "journal_cells",
        sa.Column(
            "change_set_id",
            sa.Integer,
            sa.ForeignKey("journal_change_sets.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("camera_id", sa.Text, nullable=False),
        sa.Column("model_id", sa.Text, nullable=False),
        sa.Column("before", sa.Text),
        sa.Column("wish", sa.Text),
        sa.Column("result", sa.String(16), nullable=False),
        sa.Column("message", sa.Text),
        sa.Column("read", sa.Boolean, nullable=False),
        sa.Column("after", sa.Text),
        sa.Column("sent_at", sa.BigInteger),
        sa.Column("settled_at", sa.BigInteger),
    )
    op.create_index(
        "journal_cells_cell", "journal_cells", ["camera_id", "model_id", "change_set_id"]
    )
    op.create_table(
        "journal_models",
        sa.Column("model_id", sa.Text, primary_key=True),
        sa.Column(
            "change_set_id",
            sa.Integer,
            sa.ForeignKey("journal_change_sets.id", ondelete="CASCADE"),
            primary_key=True,
        ),
    )
    op.create_index("ix_journal_models_change_set_id", "journal_models", ["change_set_id"])


def downgrade() -> None:
    """Drop them, with everything in them."""
    op.drop_table("journal_models")
    op.drop_table("journal_cells")
    op.drop_table("journal_change_sets")
