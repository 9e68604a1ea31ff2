"""What the endpoints do to the database. Rows come back as mappings with the wire's names."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Select,
    Table,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError

from vas_dash.database import Database
from vas_dash.embedded.tables import AI_MODELS, ASSIGNMENTS, DEVICES

__all__ = ["RefusedError", "Store"]

Row = dict[str, Any]


class RefusedError(Exception):
    """The VAS says no, with `status` and a message for people."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class Store:
    """One method for each endpoint."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._insert = sqlite.insert if database.dialect == "sqlite" else postgresql.insert

    def devices(self, skip: int, limit: int) -> Sequence[Row]:
        """A page of devices, in an order that says nothing about them."""
        wanted = select(DEVICES).order_by(DEVICES.c.id).offset(skip).limit(limit)
        with self._database.read() as connection:
            return _rows(connection, wanted)

    def device(self, device_id: str) -> Row:
        """One device. Raises RefusedError (404)."""
        with self._database.read() as connection:
            return _get(connection, DEVICES, DEVICES.c.id == device_id, "Device")

    def create_device(self, values: Row) -> Row:
        """Make a device. Raises RefusedError (400) when another has its rtsp_url."""
        row = {
            "id": str(uuid4()),
            "name": values["name"],
            "description": values["description"],
            "rtsp_url": values["rtsp_url"],
            "is_active": False,
            "location": values["location"],
            "created_at": _now(),
            "updated_at": None,
        }
        try:
            with self._database.write() as connection:
                connection.execute(insert(DEVICES), row)
        except IntegrityError:
            raise _same_rtsp_url() from None
        return row

    def update_device(self, device_id: str, changes: Row) -> Row:
        """Change a device. Raises RefusedError (404, 400)."""
        try:
            with self._database.write() as connection:
                return _change(connection, DEVICES, device_id, changes, "Device")
        except IntegrityError:
            raise _same_rtsp_url() from None

    def delete_device(self, device_id: str) -> None:
        """Delete a device and its assignments. Raises RefusedError (404)."""
        with self._database.write() as connection:
            _remove(connection, DEVICES, device_id, "Device")

    def ai_models(self, enabled: bool | None) -> Sequence[Row]:
        """All models, newest first."""
        wanted = select(AI_MODELS).order_by(AI_MODELS.c.created_at.desc(), AI_MODELS.c.model_id)
        if enabled is not None:
            wanted = wanted.where(AI_MODELS.c.enabled == enabled)
        with self._database.read() as connection:
            return _rows(connection, wanted)

    def ai_model(self, model_id: str) -> Row:
        """One model. Raises RefusedError (404)."""
        with self._database.read() as connection:
            return _get(connection, AI_MODELS, AI_MODELS.c.model_id == model_id, "AI model")

    def assignments(
        self,
        camera_id: str | None,
        model_id: str | None,
        enabled: bool | None,
        limit: int,
        offset: int,
    ) -> tuple[Sequence[Row], int]:
        """A page of assignments, newest first, and how many there are on all pages."""
        filters: list[ColumnElement[bool]] = []
        if camera_id is not None:
            filters.append(ASSIGNMENTS.c.camera_id == camera_id)
        if model_id is not None:
            filters.append(ASSIGNMENTS.c.model_id == model_id)
        if enabled is not None:
            filters.append(ASSIGNMENTS.c.enabled == enabled)
        wanted = (
            select(ASSIGNMENTS)
            .where(*filters)
            .order_by(ASSIGNMENTS.c.created_at.desc(), ASSIGNMENTS.c.id.desc())
            .limit(limit)
            .offset(offset)
        )
        counted = select(func.count()).select_from(ASSIGNMENTS).where(*filters)
        with self._database.read() as connection:
            total = connection.execute(counted).scalar_one()
            return _rows(connection, wanted), total

    def create_assignment(self, values: Row) -> Row:
        """Make an assignment, or give the pair's existing one, with what was sent discarded.

        Raises:
            RefusedError: unknown camera (400), the pair exists with another `enabled` (409).
        """
        row = {**values, "id": str(uuid4()), "created_at": _now(), "updated_at": None}
        pair = (ASSIGNMENTS.c.camera_id == row["camera_id"]) & (
            ASSIGNMENTS.c.model_id == row["model_id"]
        )
        inserting = self._insert(ASSIGNMENTS).on_conflict_do_nothing().returning(ASSIGNMENTS.c.id)
        existing: Row | None = None
        try:
            with self._database.write() as connection:
                # PostgreSQL lets another caller delete the pair between the two statements.
                while existing is None:
                    if connection.execute(inserting, row).first() is not None:
                        return row
                    existing = next(iter(_rows(connection, select(ASSIGNMENTS).where(pair))), None)
        except IntegrityError:
            raise RefusedError(400, f"Camera {row['camera_id']} does not exist") from None
        if existing["enabled"] != row["enabled"]:
            raise RefusedError(409, "This camera and model are assigned with another 'enabled'")
        return existing

    def update_assignment(self, assignment_id: str, changes: Row) -> Row:
        """Change an assignment. Raises RefusedError (404)."""
        with self._database.write() as connection:
            return _change(connection, ASSIGNMENTS, assignment_id, changes, "Assignment")

    def delete_assignment(self, assignment_id: str) -> None:
        """Delete an assignment. Raises RefusedError (404)."""
        with self._database.write() as connection:
            _remove(connection, ASSIGNMENTS, assignment_id, "Assignment")


def _now() -> int:
    return time.time_ns() // 1000


def _same_rtsp_url() -> RefusedError:
    return RefusedError(400, "A device with this rtsp_url exists already")


def _rows(connection: Connection, wanted: Select[*tuple[Any, ...]]) -> list[Row]:
    # SQLAlchemy's own mappings have keys of a subclass of str, which orjson does not take.
    names = [str(column.name) for column in wanted.selected_columns if isinstance(column, Column)]
    return [dict(zip(names, row, strict=True)) for row in connection.execute(wanted)]


def _get(
    connection: Connection,
    table: Table,
    which: ColumnElement[bool],
    what: str,
    *,
    lock: bool = False,
) -> Row:
    wanted = select(table).where(which)
    if lock:
        wanted = wanted.with_for_update()
    rows = _rows(connection, wanted)
    if not rows:
        raise RefusedError(404, f"{what} not found")
    return rows[0]


def _change(connection: Connection, table: Table, row_id: str, changes: Row, what: str) -> Row:
    """`updated_at` moves when a value really changes, and then always forward."""
    before = _get(connection, table, table.c.id == row_id, what, lock=True)
    values = {key: value for key, value in changes.items() if before[key] != value}
    if not values:
        return before
    values["updated_at"] = max(_now(), (before["updated_at"] or before["created_at"]) + 1)
    connection.execute(update(table).where(table.c.id == row_id).values(values))
    return {**before, **values}


def _remove(connection: Connection, table: Table, row_id: str, what: str) -> None:
    if connection.execute(delete(table).where(table.c.id == row_id)).rowcount == 0:
        raise RefusedError(404, f"{what} not found")
