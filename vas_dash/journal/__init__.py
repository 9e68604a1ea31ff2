"""The durable record of change sets: who, when, why, and what became of every cell."""

from vas_dash.journal.journal import Journal

__all__ = ["Journal"]
