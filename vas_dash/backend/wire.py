"""What the JSON of the VAS looks like, and what it means. The word "device" ends here.

The lists of cameras and assignments are long, and their rows have the names of the domain: pydantic
builds the domain's dataclasses straight from the bytes, strictly, without a second object for each
row (20,000 rows: two thirds of the time). Fields that the domain does not name are dropped while
parsing, `rtsp_url` with its password among them: no object ever holds it. No error repeats input.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from pydantic_core import from_json
from typing_extensions import TypedDict

from vas_dash.backend.addresses import without_addresses
from vas_dash.backend.rows import RowList, Rows, first_problem
from vas_dash.domain.entities import AiModel, Assignment, Camera, CellIntent, CellKey
from vas_dash.errors import BadAnswerError, FieldProblem, RejectedError

T = TypeVar("T")

CAMERAS_PATH = "/api/v1/devices"
MODELS_PATH = "/api/v1/ai-models"
ASSIGNMENTS_PATH = "/api/v1/ai-model-assignments"
HEALTH_PATH = "/health"

ASSIGNMENTS_PAGE_ROWS = 1000
"""The most that the VAS gives on one page of assignments."""

MESSAGE_CHARS = 300
"""A message of the VAS is cut to this length."""


class _ModelRow(BaseModel):
    """One row of `GET /ai-models`."""

    model_config = ConfigDict(hide_input_in_errors=True, protected_namespaces=())

    model_id: str
    name: str | None
    description: str | None = None
    supported_tasks: list[str] | None = None
    config_schema: dict[str, Any] | None = None
    enabled: bool

    def to_domain(self) -> AiModel:
        return AiModel(
            self.model_id,
            _text(self.name),
            _text(self.description),
            tuple(map(without_addresses, self.supported_tasks or ())),
            self.config_schema,
            self.enabled,
        )


class _AssignmentPage(TypedDict):
    assignments: list[Assignment]
    total: int


class _ModelList(TypedDict):
    models: list[_ModelRow]
    total: int


def _mended_camera(row: Mapping[str, Any], reason: str) -> Camera | None:
    """Without the texts that cannot be read, which its description says; without an id: None."""
    camera_id = _readable(row.get("id"))
    if not camera_id:
        return None
    name, description, location = map(_mended, map(row.get, ("name", "description", "location")))
    if not name:
        description = f"Its name is unknown: {reason}."
    return _calm(Camera(camera_id, name, description, location))


def _mended_model(row: Mapping[str, Any], reason: str) -> AiModel | None:
    """Without its schema; its description says so."""
    model_id = _readable(row.get("model_id"))
    if not model_id:
        return None
    description = f"What it takes is unknown: {reason}."
    enabled = row.get("enabled") is True
    return AiModel(model_id, _text(_mended(row.get("name"))), description, (), None, enabled)


def _cell_of(row: Mapping[str, Any], _reason: str) -> CellKey | None:
    camera_id, model_id = _readable(row.get("camera_id")), _readable(row.get("model_id"))
    return CellKey(camera_id, model_id) if camera_id and model_id else None


_HALVES = re.compile("[\ud800-\udfff]")


def _readable(value: Any) -> str | None:
    """An id, where it is one."""
    return value if isinstance(value, str) and not _HALVES.search(value) else None


def _mended(value: Any) -> str | None:
    """A text, with a mark in the place of each half of a character."""
    return _HALVES.sub("\N{REPLACEMENT CHARACTER}", value) if isinstance(value, str) else None


_CAMERAS = RowList(
    "cameras",
    TypeAdapter(list[Camera]),
    TypeAdapter(Camera),
    lambda row: _calm(row),
    _mended_camera,
)
_MODELS = RowList(
    "models",
    TypeAdapter(_ModelList),
    TypeAdapter(_ModelRow),
    lambda row: row.to_domain(),
    _mended_model,
    "models",
)
_ASSIGNMENT = TypeAdapter(Assignment)
_ASSIGNMENTS = RowList(
    "assignments",
    TypeAdapter(_AssignmentPage),
    _ASSIGNMENT,
    lambda row: _aware(row),
    _cell_of,
    "assignments",
)


def cameras(body: bytes) -> Rows[Camera]:
    """The answer of `GET /devices`.

    Raises:
        BadAnswerError: not a JSON array.
    """
    return _CAMERAS.read(body)


def models(body: bytes) -> Rows[AiModel]:
    """The answer of `GET /ai-models`.

    Raises:
        BadAnswerError: not an object with `models` and `total`.
    """
    return _MODELS.read(body)


def assignments(body: bytes) -> Rows[Assignment]:
    """The answer of `GET /ai-model-assignments`.

    Raises:
        BadAnswerError: not an object with `assignments` and `total`.
    """
    return _ASSIGNMENTS.read(body)


def assignment(body: bytes) -> Assignment:
    """One assignment, as POST answers.

    Raises:
        BadAnswerError: not an assignment.
    """
    try:
        return _aware(_ASSIGNMENT.validate_json(body, strict=True))
    except ValidationError as error:
        raise BadAnswerError(
            f"the VAS answered with no assignment ({first_problem(error)})"
        ) from None


def health(body: bytes) -> None:
    """The answer of `GET /health`.

    Raises:
        BadAnswerError: not a JSON object.
    """
    try:
        answer = from_json(body)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise BadAnswerError("the VAS answered with something that is not JSON")


def create_body(key: CellKey, intent: CellIntent) -> bytes:
    """The body of `POST /ai-model-assignments`; what is None is left to the VAS.

    Raises:
        RejectedError: the VAS could not store it.
    """
    body: dict[str, Any] = {
        "camera_id": key.camera_id,
        "model_id": key.model_id,
        "enabled": intent.enabled,
        "desired_fps": intent.desired_fps,
        "priority": intent.priority,
        "parameters": intent.parameters,
    }
    return _encode({name: value for name, value in body.items() if value is not None})


def update_body(changes: Mapping[str, Any]) -> bytes:
    """The body of `PATCH /ai-model-assignments/{id}`: None clears.

    Raises:
        RejectedError: the VAS could not store it.
    """
    return _encode(changes)


def refusal(body: bytes, fallback: str) -> RejectedError:
    """What the VAS says in a 4xx, without the input that it repeats."""
    try:
        answer = from_json(body)
    except ValueError:
        answer = None
    message: str | None = None
    problems: tuple[FieldProblem, ...] = ()
    if isinstance(answer, dict):
        error = answer.get("error")
        described: Any = error if isinstance(error, dict) else answer
        message = _clean(described.get("message") or described.get("detail"))
        details = described.get("details") or described.get("detail")
        if isinstance(details, list):
            problems = tuple(_problem(detail) for detail in details if isinstance(detail, dict))
    return RejectedError(message or fallback, problems)


def _aware(row: Assignment) -> Assignment:
    """The row; a time without a zone is taken to be UTC, as all times of the VAS are."""
    created, updated = row.created_at, row.updated_at
    if created.tzinfo is not None and (updated is None or updated.tzinfo is not None):
        return row
    return replace(row, created_at=_utc(created), updated_at=updated and _utc(updated))


def _calm(row: Camera) -> Camera:
    """The row without addresses in its texts."""
    name, description, location = map(_text, (row.name, row.description, row.location))
    if (name, description, location) == (row.name, row.description, row.location):
        return row
    return replace(row, name=name, description=description, location=location)


def _text(text: str | None) -> str | None:
    return text and without_addresses(text)


def _utc(time: datetime) -> datetime:
    return time if time.tzinfo is not None else time.replace(tzinfo=UTC)


def _encode(body: Mapping[str, Any]) -> bytes:
    problem = _unstorable(body, ())
    if problem is not None:
        raise RejectedError("the VAS cannot store this", (problem,))
    return json.dumps(body, allow_nan=False).encode()


def _unstorable(value: Any, path: Sequence[str]) -> FieldProblem | None:
    """The first value that the VAS answers with a bare 500, or that JSON cannot carry."""
    message: str | None = None
    if isinstance(value, Mapping):
        for name, inner in value.items():
            problem = _unstorable(str(name), path) or _unstorable(inner, (*path, str(name)))
            if problem is not None:
                return problem
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            problem = _unstorable(inner, (*path, str(index)))
            if problem is not None:
                return problem
    elif isinstance(value, float):
        message = None if math.isfinite(value) else "must be a finite number"
    elif isinstance(value, str):
        if "\0" in value or any("\ud800" <= char <= "\udfff" for char in value):
            message = "holds a character that cannot be stored"
    elif value is not None and not isinstance(value, int):
        message = "is not a JSON value"
    return None if message is None else FieldProblem(".".join(path), message)


def _problem(detail: Mapping[str, Any]) -> FieldProblem:
    loc = detail.get("loc")
    steps = [str(step) for step in loc] if isinstance(loc, list) else []
    if steps and steps[0] in ("body", "query", "path"):
        steps = steps[1:]
    return FieldProblem(_clean(".".join(steps)) or "", _clean(detail.get("msg")) or "not accepted")


def _clean(message: Any) -> str | None:
    """One line of printable text without addresses' passwords; None when there is no text."""
    if not isinstance(message, str):
        return None
    line = "".join(char for char in " ".join(message.split()) if char.isprintable())
    line = without_addresses(line)
    return line if len(line) <= MESSAGE_CHARS else line[: MESSAGE_CHARS - 3] + "..."
