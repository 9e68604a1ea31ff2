"""Presets: versions that are only ever added."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy import Connection, RowMapping, insert, select

from vas_dash.database import advisory_lock
from vas_dash.domain.presets import Preset
from vas_dash.journal.store import Store
from vas_dash.journal.tables import PRESETS
from vas_dash.journal.texts import microseconds, moment, preset_text, read_preset

__all__ = ["PresetTable"]

WRITE_LOCK = 0x4A4F55525053
"""PostgreSQL: presets are written one after the other. "JOURPS" in ASCII."""


class PresetTable:
    """The presets of the journal. Every method raises JournalError when it cannot be used."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def versions(self) -> tuple[Preset, ...]:
        """Every version of every preset, oldest presets first, each in its own order."""
        with self._store.read() as connection:
            return _versions(connection)

    def add(self, edit: Callable[[tuple[Preset, ...]], Sequence[Preset]]) -> tuple[Preset, ...]:
        """Add the versions that `edit` makes of those there are, in one transaction.

        `edit` is called once, and with the newest state.
        """
        with self._store.write() as connection:
            advisory_lock(connection, WRITE_LOCK)
            added = edit(_versions(connection))
            if added:
                connection.execute(insert(PRESETS), [_row(one) for one in added])
        return tuple(added)


def _versions(connection: Connection) -> tuple[Preset, ...]:
    wanted = select(PRESETS).order_by(PRESETS.c.preset_id, PRESETS.c.version)
    return tuple(_read(row) for row in connection.execute(wanted).mappings())


def _read(row: RowMapping) -> Preset:
    changed_at = moment(row["changed_at"])
    assert changed_at is not None
    return Preset(
        row["preset_id"],
        row["version"],
        row["model_id"],
        row["name"],
        read_preset(row["preset"]),
        row["who"],
        changed_at,
        row["removed"],
    )


def _row(preset: Preset) -> dict[str, object]:
    return {
        "preset_id": preset.id,
        "version": preset.version,
        "model_id": preset.model_id,
        "name": preset.name,
        "preset": preset_text(preset.values),
        "who": preset.who,
        "changed_at": microseconds(preset.changed_at),
        "removed": preset.removed,
    }
