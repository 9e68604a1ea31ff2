"""Snapshot and filters to columns, rows and forms: plain data, no Dash."""
