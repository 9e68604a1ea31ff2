"""The tables of the embedded VAS. Their columns carry the wire's names, one to one.

The names begin with `embedded_`, so that a database URL that points at a foreign database
by mistake harms nothing there. Ids are text in the form that the wire shows. Moments are whole
microseconds since 1970-01-01 UTC: they sort, and they keep what the wire shows. JSON is canonical
text (see `wire.canonical_json`): equal values are equal strings, and nothing has to be decoded to
be sent.
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
    UniqueConstraint,
)

__all__ = ["AI_MODELS", "ASSIGNMENTS", "DEVICES", "FILLED", "METADATA"]

METADATA = MetaData()

FILLED = Table(
    "embedded_filled",
    METADATA,
    Column("site", String(32), primary_key=True),
)
"""Holds the name of the site that the database was filled with, once it is filled."""

DEVICES = Table(
    "embedded_devices",
    METADATA,
    Column("id", String(36), primary_key=True),
    Column("name", Text, nullable=False),
    Column("description", Text),
    Column("rtsp_url", Text, nullable=False, unique=True),
    Column("is_active", Boolean, nullable=False),
    Column("location", Text),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger),
)

AI_MODELS = Table(
    "embedded_ai_models",
    METADATA,
    Column("model_id", String(128), primary_key=True),
    Column("name", Text, nullable=False),
    Column("description", Text),
    Column("supported_tasks", Text, nullable=False),
    Column("config_schema", Text),
    Column("enabled", Boolean, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger),
)

ASSIGNMENTS = Table(
    "embedded_ai_model_assignments",
    METADATA,
    Column("id", String(36), primary_key=True),
    Column("camera_id", ForeignKey(DEVICES.c.id, ondelete="CASCADE"), nullable=False),
    Column("model_id", String(128), nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("desired_fps", Integer),
    Column("priority", Integer),
    Column("parameters", Text),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger),
    UniqueConstraint("camera_id", "model_id"),
    Index("embedded_assignments_newest", "created_at", "id"),
)
