"""What the address says of the history: filters and place; and what a filter comes to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlencode

from vas_dash.domain.finding import folded
from vas_dash.domain.records import CellResult, HistoryFilter
from vas_dash.domain.text import cut
from vas_dash.pages.grid.model import FleetGrid

__all__ = [
    "NUMBER_LIMIT",
    "Chosen",
    "HistoryQuery",
    "chosen",
    "format_history",
    "parse_history",
    "whole_number",
]

NUMBER_LIMIT = 2**31 - 1
"""No change set and no cell of one has a higher number."""

_TEXT_LIMIT = 200
_TEXTS = ("who", "camera", "by_model", "since", "until")
_NUMBERS = ("before", "after", "from")
_IDS_NAMED = 5


@dataclass(frozen=True)
class HistoryQuery:
    """The texts of the filters, the place in the list, and the place among the cells of one.

    The names of `_TEXTS` and `_NUMBERS` in the address; none of them is one of the grid's.
    """

    who: str = ""
    camera: str = ""
    model: str = ""
    since: str = ""
    until: str = ""
    before: int | None = None
    after: int | None = None
    result: CellResult | None = None
    after_position: int = -1

    @property
    def is_filtered(self) -> bool:
        """Whether it restricts the list."""
        return any((self.who, self.camera, self.model, self.since, self.until))


def whole_number(text: str, highest: int = NUMBER_LIMIT) -> int | None:
    """A number of digits only, up to `highest`; None for anything else."""
    if not (text.isascii() and text.isdigit() and len(text) < 11):
        return None
    number = int(text)
    return number if number <= highest else None


def parse_history(search: str) -> HistoryQuery:
    """Read the address's query string; what it says wrongly of a place counts as not said."""
    # Half of a surrogate pair can stand in JSON, but in no address.
    search = search.encode("utf-8", "replace").decode("utf-8")
    try:
        fields = parse_qs(search[:20_000].lstrip("?"), max_num_fields=100)
    except ValueError:
        fields = {}

    def text(name: str) -> str:
        value = fields.get(name, [""])[0][:_TEXT_LIMIT]
        return "".join(char for char in value if char.isprintable()).strip()

    who, camera, model, since, until = map(text, _TEXTS)
    before, after, position = (whole_number(text(name)) for name in _NUMBERS)
    result = text("result")
    return HistoryQuery(
        who,
        camera,
        model,
        since,
        until,
        before,
        after,
        CellResult(result) if result in set(CellResult) else None,
        -1 if position is None else position,
    )


def format_history(query: HistoryQuery) -> str:
    """The query string that `parse_history` reads back; empty for the newest page of all."""
    texts = (query.who, query.camera, query.model, query.since, query.until)
    pairs: list[tuple[str, object]] = [*zip(_TEXTS, texts, strict=True)]
    pairs += [("before", query.before), ("after", query.after), ("result", query.result)]
    pairs.append(("from", query.after_position if query.after_position >= 0 else None))
    said = [(name, value) for name, value in pairs if value not in ("", None)]
    return "?" + urlencode(said) if said else ""


@dataclass(frozen=True)
class Chosen:
    """What a query asks the journal for.

    `problems` are messages by field (`camera`, `model`, `since`, `until`); with one there is
    nothing to ask for. `notes` go beside a field, too.
    """

    wanted: HistoryFilter = field(default_factory=HistoryFilter)
    problems: dict[str, str] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)


def chosen(query: HistoryQuery, grid: FleetGrid, utc_later_min: tuple[int, int] = (0, 0)) -> Chosen:
    """The filter with ids for names, and moments for days.

    A day is the viewer's, who says by how much UTC is later where the first begins and the last
    ends.
    """
    problems: dict[str, str] = {}
    notes: dict[str, str] = {}
    cameras = ((camera.id, camera.name) for camera in grid.cameras)
    models = ((model.model_id, model.name) for model in grid.models)
    wanted = HistoryFilter(
        query.who or None,
        _id_of("camera", query.camera, cameras, problems, notes),
        _id_of("model", query.model, models, problems, notes),
        _midnight("since", query.since, utc_later_min[0], problems),
        _midnight("until", query.until, utc_later_min[1], problems, at_end=True),
    )
    if wanted.since and wanted.until and wanted.since >= wanted.until:
        problems["until"] = "must not be before the beginning"
    return Chosen(replace(HistoryFilter()) if problems else wanted, problems, notes)


def _id_of(
    what: str,
    text: str,
    known: Iterable[tuple[str, str | None]],
    problems: dict[str, str],
    notes: dict[str, str],
) -> str | None:
    """The id that a text means: an id itself, or the only one of that name."""
    if not text:
        return None
    wanted = folded(text)
    named: list[str] = []
    for one, name in known:
        if one == text:
            return one
        if name is not None and folded(name) == wanted:
            named.append(one)
    if len(named) == 1:
        return named[0]
    if named:
        ids = ", ".join(cut(one, 80) for one in named[:_IDS_NAMED])
        more = f" and {len(named) - _IDS_NAMED:,} more" if len(named) > _IDS_NAMED else ""
        problems[what] = f"{len(named):,} {what}s have this name: give an id ({ids}{more})"
        return None
    # What has left the VAS still stands in the journal, by its id.
    notes[what] = f"no {what} of this name is known now: taken as an id"
    return text


def _midnight(
    name: str, text: str, utc_later_min: int, problems: dict[str, str], *, at_end: bool = False
) -> datetime | None:
    """The beginning or the end of a day, where UTC is so many minutes later."""
    if not text:
        return None
    try:
        day = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
        return day + timedelta(days=int(at_end), minutes=utc_later_min)
    except (ValueError, OverflowError):
        problems[name] = "must be a day: 2026-11-22"
        return None
