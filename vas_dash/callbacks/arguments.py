"""What comes in from a browser, checked: every callback is an open HTTP endpoint."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, TypeVar

from dash.exceptions import PreventUpdate
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, Json, TypeAdapter, ValidationError

from vas_dash.domain.entities import Assignment, CellKey
from vas_dash.domain.fleet import Cell, CellState

log = logging.getLogger("vas_dash.callbacks")

T = TypeVar("T")

_Id = Annotated[str, Field(min_length=1, max_length=200)]
_MaybeId = Annotated[str, Field(max_length=200)]
_assignments = TypeAdapter(Assignment)


class _Argument(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class Rendered(_Argument):
    """What the browser shows: digests of it."""

    digest: Annotated[str, Field(max_length=64)] = ""
    frame: Annotated[str, Field(max_length=64)] = ""
    rows: Annotated[str, Field(max_length=10_000)] = ""


class Gesture(_Argument):
    """Something was opened: a cell, a camera (row head) or a model (column head)."""

    kind: Literal["cell", "camera", "model"]
    camera: _MaybeId = ""
    model: _MaybeId = ""


class Opened(_Argument):
    """What the panel was opened with. `assignment` is None for an unassigned cell."""

    kind: Literal["cell", "camera", "model"]
    camera: _MaybeId = ""
    model: _MaybeId = ""
    assignment: Json[Assignment] | None = None

    @property
    def key(self) -> CellKey:
        """The cell, where it is one."""
        return CellKey(self.camera, self.model)


class Learned(_Argument):
    """A cell as it was read, or lost sight of, by this browser's own change.

    It holds against every sweep that began before `until`. `seen` is when an unknown cell was last
    known.
    """

    camera: _Id
    model: _Id
    until: AwareDatetime
    assignment: Json[Assignment] | None = None
    unknown: Annotated[str | None, Field(max_length=1000)] = None
    seen: AwareDatetime | None = None

    @property
    def key(self) -> CellKey:
        """The cell it is about."""
        return CellKey(self.camera, self.model)

    @property
    def cell(self) -> Cell:
        """The cell as it is known since."""
        if self.unknown is not None:
            return Cell(CellState.UNKNOWN, self.assignment, self.unknown, self.seen)
        return Cell.of(self.assignment)


class DraftRef(_Argument):
    """Which draft the browser works on."""

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{8,64}$")]


class Toggle(_Argument):
    """One cell to be drafted on or off; `enabled` None: what is drafted of it is thrown away."""

    camera: _Id
    model: _Id
    enabled: bool | None = None

    @property
    def key(self) -> CellKey:
        """The cell it is about."""
        return CellKey(self.camera, self.model)


class Toggles(_Argument):
    """What the browser wants kept in the draft. `clear`: all else is thrown away first.

    `n` comes back with the answer.
    """

    draft: DraftRef
    n: int
    clear: bool = False
    cells: Annotated[tuple[Toggle, ...], Field(max_length=2000)] = ()


class Single(_Argument):
    """One cell to be turned on or off at once."""

    camera: _Id
    model: _Id
    enabled: bool
    n: int

    @property
    def key(self) -> CellKey:
        """The cell it is about."""
        return CellKey(self.camera, self.model)


class Group(_Argument):
    """Cameras that are selected with the same models."""

    models: Annotated[tuple[_Id, ...], Field(max_length=1000)]
    cameras: Annotated[tuple[_Id, ...], Field(max_length=100_000)]


class Finding(_Argument):
    """Which cells that match the filter are to be selected: of one model, or of all shown."""

    model: _MaybeId = ""
    n: int


class Action(_Argument):
    """What is to be done with the selected cells, and the draft it goes to."""

    do: Literal["on", "off", "remove", "edit", "copy", "save"]
    draft: DraftRef
    n: int = 0
    cells: Annotated[tuple[Group, ...], Field(max_length=10_000)] = ()
    camera: _MaybeId = ""


class FieldId(_Argument):
    """The id of a field of the panel's form."""

    name: _MaybeId = ""
    path: Annotated[str, Field(max_length=4000)] = ""


def checked(adapter: TypeAdapter[T], value: object) -> T:
    """`value` as what it ought to be; what is not that ends the callback, with one log line."""
    try:
        return adapter.validate_python(value)
    except (ValidationError, RecursionError) as error:
        what = error.title if isinstance(error, ValidationError) else "nesting"
        log.warning("an argument of a callback was not used: %s", what)
        raise PreventUpdate from None


def checked_recent(value: object) -> list[Learned]:
    """The cells that this browser's own changes have shown."""
    return checked(RECENT, value or [])


def assignment_json(assignment: Assignment | None) -> str | None:
    """An assignment as the browser keeps it: a text, so that no number in it is ever rounded."""
    return None if assignment is None else _assignments.dump_json(assignment).decode()


def learned(
    key: CellKey,
    assignment: Assignment | None,
    *,
    unknown: str | None = None,
    seen: datetime | None = None,
    until: datetime | None = None,
) -> dict[str, str | None]:
    """One cell for the browser to remember; `Learned` reads it back."""
    return {
        "camera": key.camera_id,
        "model": key.model_id,
        "until": (until or datetime.now(UTC)).isoformat(),
        "assignment": assignment_json(assignment),
        "unknown": unknown,
        "seen": None if seen is None else seen.isoformat(),
    }


class _Property(_Argument):
    """One property of one component, with its value or without."""

    id: str | dict[str, str | int | float | bool]
    property: str


class _Request(_Argument):
    """What Dash takes for granted of a request that is a callback."""

    output: str
    outputs: _Property | list[_Property]
    inputs: list[_Property | list[_Property]]
    state: list[_Property | list[_Property]] = Field(default_factory=list)
    changed: list[str] = Field(default_factory=list, alias="changedPropIds")


def is_callback(body: object, callbacks: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether the body of a request calls one of Dash's `callback_map`, with all its arguments."""
    try:
        request = _Request.model_validate(body)
    except (ValidationError, RecursionError):
        return False
    callback = callbacks.get(request.output)
    outputs = request.outputs if isinstance(request.outputs, list) else [request.outputs]
    return callback is not None and (
        len(request.inputs) == len(callback["inputs"])
        and len(request.state) == len(callback["state"])
        and len(outputs) == request.output.strip(".").count("...") + 1
        and request.output.startswith("..") == isinstance(request.outputs, list)
    )


RENDERED = TypeAdapter(Rendered)
GESTURE = TypeAdapter(Gesture)
OPENED = TypeAdapter(Opened)
RECENT = TypeAdapter(Annotated[list[Learned], Field(max_length=2000)])
DRAFT: TypeAdapter[DraftRef | None] = TypeAdapter(DraftRef | None)
TOGGLES = TypeAdapter(Toggles)
SINGLE = TypeAdapter(Single)
FINDING = TypeAdapter(Finding)
ACTION = TypeAdapter(Action)
FIELD_IDS: TypeAdapter[list[FieldId]] = TypeAdapter(list[FieldId])
