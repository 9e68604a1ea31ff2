"""Run by Alembic: migrates over the connection, and in the transaction, that it is given."""

from __future__ import annotations

from alembic import context

from vas_dash.journal.migrate import VERSION_TABLE
from vas_dash.journal.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    version_table=VERSION_TABLE,
)
with context.begin_transaction():
    context.run_migrations()
