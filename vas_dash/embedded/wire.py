"""What goes over the wire: bodies and queries that come in, rows and errors that go out.

Numbers and booleans are read as leniently as the VAS reads them (`"5"` is 5, `2.5` is an error).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, TypeVar
from uuid import UUID

import orjson
from pydantic import AfterValidator, BaseModel, Field, TypeAdapter, ValidationError

__all__ = [
    "AssignmentCreate",
    "AssignmentPatch",
    "AssignmentQuery",
    "DeviceCreate",
    "DeviceQuery",
    "DeviceUpdate",
    "InvalidRequestError",
    "ModelQuery",
    "ai_model",
    "assignment",
    "assignment_values",
    "body",
    "canonical_json",
    "device",
    "dumps",
    "error",
    "path_uuid",
    "query",
]

Row = Mapping[str, Any]
Json = dict[str, Any]


class InvalidRequestError(Exception):
    """A request that the VAS answers with 422. `details` say what is wrong, and where."""

    def __init__(self, details: list[Json]) -> None:
        super().__init__("Validation error")
        self.details = details


# What comes in.

MAX_INTEGER = 2**63 - 1


def _no_nul(value: str) -> str:
    if "\0" in value:
        raise ValueError("must not contain NUL characters")
    return value


Text = Annotated[str, AfterValidator(_no_nul)]
Name = Annotated[str, Field(min_length=1, max_length=255)]
RtspUrl = Annotated[str, Field(min_length=1, max_length=2048)]
Fps = Annotated[int, Field(ge=1, le=30)]
Priority = Annotated[int, Field(ge=0, le=100)]
Count = Annotated[int, Field(ge=0, le=MAX_INTEGER)]


class DeviceQuery(BaseModel):
    """Query of the list of devices."""

    skip: Count = 0
    limit: Count = 100


class DeviceCreate(BaseModel):
    """Body that makes a device."""

    name: Name
    rtsp_url: RtspUrl
    description: str | None = None
    location: str | None = None


class DeviceUpdate(BaseModel):
    """Body that changes a device: only the keys that are sent change."""

    name: Name = ""
    rtsp_url: RtspUrl = ""
    description: str | None = None
    location: str | None = None
    is_active: bool = True


class ModelQuery(BaseModel):
    """Query of the list of models."""

    enabled: bool | None = None


class AssignmentQuery(BaseModel):
    """Query of the list of assignments."""

    camera_id: UUID | None = None
    model_id: Text | None = None
    enabled: bool | None = None
    limit: Annotated[int, Field(ge=1, le=1000)] = 100
    offset: Count = 0


class AssignmentCreate(BaseModel):
    """Body that makes an assignment."""

    camera_id: UUID
    model_id: Annotated[str, Field(min_length=1, max_length=128)]
    enabled: bool = True
    desired_fps: Fps | None = None
    priority: Priority | None = None
    parameters: Json | None = None


class AssignmentPatch(BaseModel):
    """Body that changes an assignment: only the keys that are sent change; null clears."""

    enabled: bool = True
    desired_fps: Fps | None = None
    priority: Priority | None = None
    parameters: Json | None = None


Model = TypeVar("Model", bound=BaseModel)

_UUID = TypeAdapter(UUID)
# An escaped NUL in JSON text: an even number of backslashes, then \u0000.
_ESCAPED_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")


def body(model: type[Model], data: bytes, mimetype: str) -> Model:
    """Read a request's body.

    The JSON has to be of the standard, and storable: no NaN, infinities, NUL characters or lone
    surrogates. Without a JSON content type nothing is read, so that a page of another origin, whose
    plain forms a browser sends unasked, cannot write.

    Raises:
        InvalidRequestError: it is not JSON, or not what `model` says.
    """
    if mimetype != "application/json" and not mimetype.endswith("+json"):
        raise _invalid("json_type", ["body"], "The content type must be application/json")
    if not data:
        raise _invalid("missing", ["body"], "Field required")
    try:
        value = json.loads(data)
        canonical_json(value)
    except (ValueError, RecursionError) as problem:
        raise _invalid("json_invalid", ["body"], f"JSON decode error: {_why(problem)}") from None
    return _validated(model, value, "body")


def query(model: type[Model], arguments: Mapping[str, str]) -> Model:
    """Read a request's query.

    Raises:
        InvalidRequestError: it is not what `model` says.
    """
    return _validated(model, dict(arguments), "query")


def path_uuid(name: str, value: str) -> str:
    """The UUID in a path, in the form in which ids are stored.

    Raises:
        InvalidRequestError: it is not a UUID.
    """
    try:
        return str(_UUID.validate_python(value))
    except ValidationError as problem:
        raise _from_pydantic(problem, ["path", name]) from None


def assignment_values(sent: Json) -> Json:
    """What was sent, as it is stored."""
    values = dict(sent)
    if "camera_id" in values:
        values["camera_id"] = str(values["camera_id"])
    if values.get("parameters") is not None:
        values["parameters"] = canonical_json(values["parameters"])
    return values


def canonical_json(value: object) -> str:
    """JSON text that is equal for equal values, whatever the order of their keys.

    Raises:
        ValueError: the value holds NaN, an infinity, a NUL character or a lone surrogate.
        RecursionError: it is nested too deeply.
    """
    encoded = json.dumps(
        value, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")
    )
    encoded.encode()  # fails on lone surrogates
    if _ESCAPED_NUL.search(encoded):
        raise ValueError("NUL characters are not allowed")
    return encoded


def _why(problem: Exception) -> str:
    if isinstance(problem, RecursionError):
        return "nested too deeply"
    if isinstance(problem, UnicodeError):
        return "not valid Unicode"
    return str(problem)


def _validated(model: type[Model], value: object, where: str) -> Model:
    try:
        return model.model_validate(value)
    except ValidationError as problem:
        raise _from_pydantic(problem, [where]) from None


def _from_pydantic(problem: ValidationError, where: Sequence[str]) -> InvalidRequestError:
    return InvalidRequestError(
        [
            {**detail, "loc": [*where, *detail["loc"]]}
            for detail in problem.errors(include_url=False, include_context=False)
        ]
    )


def _invalid(kind: str, where: Sequence[str], message: str) -> InvalidRequestError:
    return InvalidRequestError([{"type": kind, "loc": where, "msg": message, "input": None}])


# What goes out.

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _moment(microseconds: int | None) -> datetime | None:
    """orjson writes a moment as the VAS does: `Z`, and no fraction when it is zero."""
    return None if microseconds is None else _EPOCH + timedelta(microseconds=microseconds)


def _stored(text: str | None) -> orjson.Fragment | None:
    return None if text is None else orjson.Fragment(text)


def device(row: Row) -> Json:
    """One device."""
    return {
        **row,
        "created_at": _moment(row["created_at"]),
        "updated_at": _moment(row["updated_at"]),
    }


def ai_model(row: Row) -> Json:
    """One model of the registry."""
    return {
        **row,
        "supported_tasks": _stored(row["supported_tasks"]),
        "config_schema": _stored(row["config_schema"]),
        "created_at": _moment(row["created_at"]),
        "updated_at": _moment(row["updated_at"]),
    }


def assignment(row: Row) -> Json:
    """One assignment."""
    return {
        **row,
        "parameters": _stored(row["parameters"]),
        "created_at": _moment(row["created_at"]),
        "updated_at": _moment(row["updated_at"]),
    }


def error(status: int, message: str, path: str, details: list[Json] | None = None) -> bytes:
    """The body of every error but 401 and 403. What was sent may hold numbers of any size."""
    content: Json = {"status": status, "message": message, "path": path}
    if details is not None:
        content["details"] = details
    return json.dumps({"error": content}).encode()


def dumps(value: object) -> bytes:
    """The body of everything else."""
    return orjson.dumps(value, option=orjson.OPT_UTC_Z)
