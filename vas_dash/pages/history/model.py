"""What the History view says: the list of change sets, and one of them with its cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from vas_dash.changes.labels import differences, intent_line, result_word
from vas_dash.domain.entities import CellKey
from vas_dash.domain.records import (
    CellRecord,
    CellResult,
    ChangeSetRecord,
    HistoryPage,
    Tally,
)
from vas_dash.domain.text import cut, moment
from vas_dash.pages.grid.model import FleetGrid
from vas_dash.pages.history.query import HistoryQuery, format_history
from vas_dash.pages.history.status import Status, outcome_text

__all__ = [
    "CELLS_ON_A_PAGE",
    "Action",
    "CellPage",
    "CellRow",
    "ChangeSetHead",
    "Choice",
    "ListPage",
    "ListRow",
    "ResultFilter",
    "actions",
    "cell_page",
    "head",
    "list_page",
]

CELLS_ON_A_PAGE = 100

_NAME_LIMIT = 80


# The list.


@dataclass(frozen=True)
class ListRow:
    """One change set in the list."""

    number: int
    when: str
    who: str
    why: str
    source: str
    cells: str
    outcome: str
    status: Status


@dataclass(frozen=True)
class ListPage:
    """A page of the list; `older` and `newer` are queries of the address, None: no such page."""

    rows: tuple[ListRow, ...]
    older: str | None
    newer: str | None
    empty: str | None


def list_page(page: HistoryPage, query: HistoryQuery, statuses: Mapping[int, Status]) -> ListPage:
    """The page of the list that was read for `query`."""
    rows = tuple(
        ListRow(
            record.id,
            moment(record.created_at),
            cut(record.who, _NAME_LIMIT),
            record.why or "",
            cut(record.source, _NAME_LIMIT),
            f"{record.cells:,}",
            outcome_text(record, statuses[record.id]),
            statuses[record.id],
        )
        for record in page.items
    )
    empty = None
    if not rows:
        empty = "No change set matches the filter." if query.is_filtered else "No change sets yet."
    place = replace(query, before=None, after=None)
    older = None if page.next_before is None else replace(place, before=page.next_before)
    newer = None if page.next_after is None else replace(place, after=page.next_after)
    return ListPage(
        rows,
        None if older is None else format_history(older),
        None if newer is None else format_history(newer),
        empty,
    )


# One change set.


@dataclass(frozen=True)
class ChangeSetHead:
    """What stands above the cells of one change set."""

    title: str
    facts: tuple[tuple[str, str], ...]


def head(record: ChangeSetRecord, how: Status) -> ChangeSetHead:
    """Who, when, why, from where, and how it went."""
    facts = [
        ("Who", cut(record.who, _NAME_LIMIT)),
        ("When", moment(record.created_at)),
    ]
    if record.why:
        facts.append(("Why", record.why))
    facts += [("Source", cut(record.source, _NAME_LIMIT)), ("Cells", f"{record.cells:,}")]
    facts.append(("State", how))
    if how is not Status.APPLYING:
        facts.append(("Result", outcome_text(record, how)))
    if record.started_at is not None and record.ended_at is not None:
        facts.append(("Ended", moment(record.ended_at)))
    return ChangeSetHead(f"Change set {record.id}", tuple(facts))


class Action(StrEnum):
    """What can be done with a change set."""

    APPLY = "apply"
    CANCEL = "cancel"
    READ = "read"
    REST = "rest"
    RETRY = "retry"
    UNDO = "undo"


@dataclass(frozen=True)
class Choice:
    """One action as it is offered."""

    action: Action
    label: str
    hint: str = ""


_CHOICES = {
    Action.APPLY: Choice(Action.APPLY, "Apply now"),
    Action.CANCEL: Choice(Action.CANCEL, "Cancel", "Stops new writes at once."),
    Action.READ: Choice(
        Action.READ, "Read again", "Reads what is not known from the VAS; nothing is sent."
    ),
    Action.REST: Choice(
        Action.REST, "Go on with the rest", "Drafts the cells that were not sent, for review."
    ),
    Action.RETRY: Choice(
        Action.RETRY,
        "Try the failed ones again",
        "Drafts them from what the VAS holds now, for review.",
    ),
    Action.UNDO: Choice(
        Action.UNDO,
        "Undo",
        "Drafts the inverse, for review. Cells changed since are conflicts when it is applied.",
    ),
}


def actions(how: Status, tally: Tally) -> tuple[Choice, ...]:
    """What can be done with a change set that stands so."""
    match how:
        case Status.READY:
            offered = [Action.APPLY]
        case Status.APPLYING:
            offered = [Action.CANCEL]
        case Status.INTERRUPTED:
            offered = [Action.READ]
        case _:
            rules = (
                (Action.READ, (CellResult.UNKNOWN, CellResult.SENT)),
                (Action.REST, (CellResult.NOT_SENT,)),
                (
                    Action.RETRY,
                    (
                        CellResult.REFUSED,
                        CellResult.CONFLICT,
                        CellResult.OVERWRITTEN,
                        CellResult.UNKNOWN,
                        CellResult.SENT,
                    ),
                ),
                (Action.UNDO, (CellResult.APPLIED,)),
            )
            offered = [
                action for action, results in rules if any(tally.get(one) for one in results)
            ]
    return tuple(_CHOICES[action] for action in offered)


# Its cells.


@dataclass(frozen=True)
class CellRow:
    """One cell: names, what was to change, and what became of it.

    `lines` are what there is to be said of the result: a message, and both values of a conflict.
    """

    key: CellKey
    camera: str
    model: str
    change: tuple[str, ...]
    result: str
    kind: CellResult
    lines: tuple[str, ...]


@dataclass(frozen=True)
class ResultFilter:
    """One choice of the filter by result, with its query of the address."""

    label: str
    search: str
    is_chosen: bool


@dataclass(frozen=True)
class CellPage:
    """A page of cells; `first` and `next` are queries of the address, None: no such page."""

    filters: tuple[ResultFilter, ...]
    rows: tuple[CellRow, ...]
    first: str | None
    next: str | None
    empty: str | None


def cell_page(
    record: ChangeSetRecord,
    how: Status,
    cells: Sequence[CellRecord],
    query: HistoryQuery,
    grid: FleetGrid,
) -> CellPage:
    """The page that begins with `cells`; one more than fits says that there are more."""
    live = how is Status.APPLYING
    shown = cells[:CELLS_ON_A_PAGE]
    place = HistoryQuery(result=query.result)
    more = None
    if len(cells) > len(shown):
        more = format_history(replace(place, after_position=shown[-1].position))
    filters = [ResultFilter(f"all {record.cells:,}", "", query.result is None)]
    filters += [
        ResultFilter(
            f"{result_word(result, live=live)} {record.tally.get(result, 0):,}",
            format_history(HistoryQuery(result=result)),
            query.result is result,
        )
        for result in CellResult
        if record.tally.get(result, 0) or query.result is result
    ]
    empty = None
    if not shown:
        empty = "No such cells." if query.result or query.after_position >= 0 else "No cells."
    return CellPage(
        tuple(filters),
        tuple(_cell_row(cell, grid, live=live) for cell in shown),
        format_history(place) if query.after_position >= 0 else None,
        more,
        empty,
    )


def _cell_row(cell: CellRecord, grid: FleetGrid, *, live: bool) -> CellRow:
    key = cell.change.key
    camera, model = grid.camera(key.camera_id), grid.model(key.model_id)
    lines = [cut(cell.message)] if cell.message else []
    if cell.result in (CellResult.CONFLICT, CellResult.OVERWRITTEN) and cell.read:
        lines.append(f"as drafted: {intent_line(cell.change.before)}")
        lines.append(f"the VAS held: {intent_line(cell.after)}")
    return CellRow(
        key,
        cut(camera.title if camera else key.camera_id, _NAME_LIMIT),
        cut(model.title if model else key.model_id, _NAME_LIMIT),
        tuple(one.text for one in differences(cell.change)) or ("nothing",),
        result_word(cell.result, live=live),
        cell.result,
        tuple(lines),
    )
