"""What the review shows of a draft, as plain data."""

from __future__ import annotations

from dataclasses import dataclass

from vas_dash.changes.labels import Difference, Kind
from vas_dash.domain.entities import CellKey
from vas_dash.pages.review.load import Load

__all__ = ["BlockedRow", "CellRow", "Group", "ReviewPage"]


@dataclass(frozen=True, slots=True)
class CellRow:
    """One drafted cell as it is shown."""

    key: CellKey
    title: str
    place: str
    kind: Kind
    differences: tuple[Difference, ...]
    mark: str


@dataclass(frozen=True, slots=True)
class BlockedRow:
    """One cell that cannot be changed as it was asked for, and why."""

    key: CellKey
    title: str
    place: str
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """The drafted cells of one model or one camera; `rows` is filled where it is open."""

    key: str
    title: str
    place: str
    count: int
    kinds: str
    is_open: bool
    rows: tuple[CellRow, ...]


@dataclass(frozen=True, slots=True)
class ReviewPage:
    """All that is shown of a draft for one query."""

    summary: str
    source: str
    loads: tuple[Load, ...]
    loads_note: str
    elsewhere: int
    total: int
    found: int
    found_text: str
    groups: tuple[Group, ...]
    groups_total: int
    blocked: tuple[BlockedRow, ...]
    blocked_total: int
    blocked_found: int
