"""Who was asked to apply a change set, how far that is, and whether it is to stop."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "journal_jobs",
        sa.Column("job", sa.BigInteger, primary_key=True, autoincrement=False),
        _change_set(),
        sa.Column("handed_over_at", sa.BigInteger, nullable=False),
        sa.Column("taken", sa.Boolean, nullable=False),
    )
    op.create_index("ix_journal_jobs_change_set_id", "journal_jobs", ["change_set_id"])
    op.create_table(
        "journal_progress",
        _change_set(primary_key=True),
        sa.Column("cancelled", sa.Boolean, nullable=False),
        sa.Column("progress", sa.Text),
    )


def downgrade() -> None:
    """Drop them, with everything in them."""
    op.drop_table("journal_progress")
    op.drop_table("journal_jobs")


def _change_set(*, primary_key: bool = False) -> sa.Column[int]:
    return sa.Column(
        "change_set_id",
        sa.Integer,
        sa.ForeignKey("journal_change_sets.id", ondelete="CASCADE"),
        primary_key=primary_key,
        nullable=False,
    )
