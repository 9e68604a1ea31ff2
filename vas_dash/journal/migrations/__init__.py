"""Alembic's environment: the scripts in `versions`, run by `vas_dash.journal.migrate`."""
