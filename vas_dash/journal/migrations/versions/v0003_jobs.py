"""Who was asked to apply a change set, how far that is, and whether it is to stop."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "journal_jobs",
        sa.Column(
            "change_set_id",
            sa.Integer,
            sa.ForeignKey("journal_change_sets.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("job", sa.BigInteger),
        sa.Column("taken", sa.Boolean, nullable=False),
        sa.Column("cancelled", sa.Boolean, nullable=False),
        sa.Column("progress", sa.Text),
    )


def downgrade() -> None:
    """Drop it, with everything in it."""
    op.drop_table("journal_jobs")
