"""What comes in from a browser, checked: every callback is an open HTTP endpoint."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import Annotated, Literal, TypeVar

from dash.exceptions import PreventUpdate
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, Json, TypeAdapter, ValidationError

from vas_dash.domain.entities import Assignment, CellKey
from vas_dash.domain.fleet import Cell, CellState
from vas_dash.domain.records import Outcome

log = logging.getLogger("vas_dash.pages")

T = TypeVar("T")

_Id = Annotated[str, Field(min_length=1, max_length=200)]
_MaybeId = Annotated[str, Field(max_length=200)]
_assignments = TypeAdapter(Assignment)


class Argument(BaseModel):
    """What a callback is given. What it does not know of is left out of account."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


_Digest = Annotated[str, Field(max_length=64)]


class _Snapshot(Argument):
    """What the browser shows: a digest, and when (Unix) and by which worker it was taken."""

    digest: _Digest = ""
    taken_ms: Annotated[int, Field(ge=0, le=2**53)] = 0
    taken_by: Annotated[str, Field(max_length=64)] = ""


class Rendered(_Snapshot):
    """What the browser shows, with digests of its frame and of each row."""

    frame: _Digest = ""
    rows: Annotated[str, Field(max_length=10_000)] = ""


class OpenRequest(Argument):
    """Something was opened: a cell, a camera (row head) or a model (column head)."""

    kind: Literal["cell", "camera", "model"]
    camera: _MaybeId = ""
    model: _MaybeId = ""


class Opened(Argument):
    """What the panel was opened with (None: unassigned); `filled`: what a preset made of it."""

    kind: Literal["cell", "camera", "model"]
    camera: _MaybeId = ""
    model: _MaybeId = ""
    assignment: Json[Assignment] | None = None
    filled: Json[Assignment] | None = None

    @property
    def key(self) -> CellKey:
        """The cell, where it is one."""
        return CellKey(self.camera, self.model)


class Learned(Argument):
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


_DraftId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:-]{1,64}$")]


class DraftRef(Argument):
    """Which draft this browser works on, and at which revision it stands on the page."""

    id: _DraftId
    revision: Annotated[int, Field(ge=0)] = 0
    count: int = 0
    blocked: int = 0


class Toggle(Argument):
    """One cell to be drafted on or off; `enabled` None: what is drafted of it is thrown away."""

    camera: _Id
    model: _Id
    enabled: bool | None = None

    @property
    def key(self) -> CellKey:
        """The cell it is about."""
        return CellKey(self.camera, self.model)


class PollRequest(_Snapshot):
    """What the browser shows, and what it is to show: the view, with its own changes and draft."""

    view: Literal["grid", "overview"] = "grid"
    search: Annotated[str | None, Field(max_length=20_000)] = None
    recent: Annotated[list[Learned], Field(max_length=2000)] = Field(default_factory=list)
    draft: DraftRef | None = None


_Shown = Annotated[int, Field(ge=1, le=1_000_000)]


class ReviewAsk(Argument):
    """What of the draft is looked at: a filter, and how much of each list is open.

    `opened` None: no group was folded or unfolded yet.
    """

    text: Annotated[str, Field(max_length=200)] = ""
    kind: Annotated[str, Field(max_length=20)] = ""
    model: _MaybeId = ""
    by: Literal["model", "camera"] = "model"
    opened: Annotated[dict[_Id, _Shown], Field(max_length=50)] | None = None
    groups: Annotated[int, Field(ge=1, le=1_000)] = 100
    blocked: Annotated[int, Field(ge=1, le=5_000)] = 100


class ReviewAct(Argument):
    """What is to be thrown away: a cell, a group, all that the filter finds, or the whole draft.

    `revision` is the draft that was looked at.
    """

    action: Literal["cell", "group", "found", "blocked", "all"]
    camera: _MaybeId = ""
    model: _MaybeId = ""
    group: _MaybeId = ""
    revision: Annotated[int, Field(ge=0)]
    ask: ReviewAsk


class FileShown(Argument):
    """What the page has just offered to replace: a draft, and presets (a digest)."""

    id: Annotated[str, Field(max_length=64)] = ""
    revision: Annotated[int, Field(ge=0)] = 0
    presets: Annotated[str, Field(max_length=64)] = ""


class Toggles(Argument):
    """What the browser wants kept in the draft. `clear`: all else is thrown away first.

    `n` comes back with the answer.
    """

    draft: DraftRef
    n: int
    clear: bool = False
    cells: Annotated[tuple[Toggle, ...], Field(max_length=2000)] = ()


class Single(Argument):
    """One cell to be turned on or off at once."""

    camera: _Id
    model: _Id
    enabled: bool
    n: int

    @property
    def key(self) -> CellKey:
        """The cell it is about."""
        return CellKey(self.camera, self.model)


class Group(Argument):
    """Cameras that are selected with the same models."""

    models: Annotated[tuple[_Id, ...], Field(max_length=1000)]
    cameras: Annotated[tuple[_Id, ...], Field(max_length=100_000)]


Groups = Annotated[tuple[Group, ...], Field(max_length=10_000)]


class Finding(Argument):
    """Which cells that match the filter are to be selected: of one model, or of all shown.

    `location` None: in all that match.
    """

    model: _MaybeId = ""
    location: Annotated[str | None, Field(max_length=20_000)] = None
    n: int


class BulkAction(Argument):
    """What is to be done with the selected cells, and the draft it goes to."""

    do: Literal["on", "off", "remove", "edit", "copy", "preset", "save"]
    draft: DraftRef
    n: int = 0
    cells: Groups = ()
    camera: _MaybeId = ""


class Asked(Argument):
    """A download or the overview, for the query of an address; `polled`: by the clock alone."""

    search: Annotated[str, Field(max_length=20_000)] = ""
    polled: bool = False
    n: int


class FieldId(Argument):
    """The id of a field of a form."""

    name: Annotated[str, Field(max_length=4000)]


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


def typed_in(values: object, field_ids: object) -> dict[str, object]:
    """What stands in the fields of a form, by their names, as Dash gives it."""
    known = checked(FIELD_IDS, field_ids)
    if not isinstance(values, list) or len(values) != len(known):
        raise PreventUpdate
    return {field.name: value for field, value in zip(known, values, strict=True)}


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


def learned_of(
    key: CellKey, before: Assignment | None, outcome: Outcome
) -> list[dict[str, str | None]]:
    """What the browser is to remember of a cell that was to be changed; `before`: as it was."""
    if outcome.unknown_until is not None:
        unknown, seen, until = outcome.reason, outcome.sent_at, outcome.unknown_until
        return [learned(key, before, unknown=unknown, seen=seen, until=until)]
    return [learned(key, outcome.after)] if outcome.read else []


RENDERED = TypeAdapter(Rendered)
OVERVIEW_ASK = TypeAdapter(Asked)
OPEN_REQUEST = TypeAdapter(OpenRequest)
OPENED = TypeAdapter(Opened)
RECENT = TypeAdapter(Annotated[list[Learned], Field(max_length=2000)])
TOGGLES = TypeAdapter(Toggles)
SINGLE = TypeAdapter(Single)
FINDING = TypeAdapter(Finding)
ACTION = TypeAdapter(BulkAction)
SELECTED: TypeAdapter[tuple[Group, ...]] = TypeAdapter(Groups)
FIELD_IDS: TypeAdapter[list[FieldId]] = TypeAdapter(list[FieldId])
DRAFT_REF: TypeAdapter[DraftRef | None] = TypeAdapter(DraftRef | None)
REVIEW_ASK = TypeAdapter(ReviewAsk)
REVIEW_ACT = TypeAdapter(ReviewAct)
FILE_SHOWN = TypeAdapter(FileShown)
CLICKS: TypeAdapter[int | None] = TypeAdapter(int | None)
TYPED: TypeAdapter[str | None] = TypeAdapter(Annotated[str, Field(max_length=2_000)] | None)
SEARCH: TypeAdapter[str | None] = TypeAdapter(Annotated[str, Field(max_length=20_000)] | None)
FILE_ASKED = TypeAdapter(Asked)
FILE_NAME = TypeAdapter(Annotated[str, Field(max_length=1_000)])
UPLOADED = TypeAdapter(str)
