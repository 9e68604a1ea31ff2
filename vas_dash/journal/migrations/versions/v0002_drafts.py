"""Drafts and their cells."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "journal_drafts",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("changed_at", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_journal_drafts_changed_at", "journal_drafts", ["changed_at"])
    op.create_table(
        "journal_draft_cells",
        sa.Column(
            "draft_id",
            sa.String(64),
            sa.ForeignKey("journal_drafts.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("camera_id", sa.Text, primary_key=True),
        sa.Column("model_id", sa.Text, primary_key=True),
        sa.Column("before", sa.Text),
        sa.Column("wish", sa.Text),
        sa.Column("problems", sa.Text),
    )


def downgrade() -> None:
    """Drop them, with everything in them."""
    op.drop_table("journal_draft_cells")
    op.drop_table("journal_drafts")
