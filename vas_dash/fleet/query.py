"""What the address says of the view: filters, order and page."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from urllib.parse import parse_qs, urlencode

PAGE_SIZES = (25, 50, 100, 200)
"""Cameras on a page that an operator can choose."""

CAMERA_COLUMN = "camera"
LOCATION_COLUMN = "location"
MODEL_PREFIX = "m:"
"""Column ids: `camera`, `location`, and `m:` with a model's id."""

_TEXT_LIMIT = 200
_LIST_LIMIT = 500
_CHARS_LIMIT = 20_000


class StateFilter(StrEnum):
    """Which cameras to show, by the state of their cells."""

    ANY = ""
    ON = "on"
    OFF = "off"
    UNASSIGNED = "unassigned"
    UNKNOWN = "unknown"
    NOTHING_ON = "nothing-on"


_STATES = {state.value: state for state in StateFilter}


@dataclass(frozen=True)
class GridQuery:
    """A view of the grid. `page` counts from 1; `sort` is a column id.

    `state_of` is the model that `state` is about; empty: any of the models shown.
    """

    text: str = ""
    locations: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    state: StateFilter = StateFilter.ANY
    state_of: str = ""
    sort: str = CAMERA_COLUMN
    descending: bool = False
    page: int = 1
    page_size: int = 50

    @property
    def selection(self) -> GridQuery:
        """The same view without its page: what decides which cameras there are, in which order."""
        return replace(self, page=1, page_size=50)


def parse_query(search: object, default_page_size: int = 50) -> GridQuery:
    """Read the address's query string; what it says wrongly counts as not said."""
    if not isinstance(search, str):
        return GridQuery(page_size=default_page_size)
    return _parse(search[:_CHARS_LIMIT], default_page_size)


@lru_cache(maxsize=256)  # every look of every open page has its query read
def _parse(search: str, default_page_size: int) -> GridQuery:
    # Half of a surrogate pair can stand in JSON, but in no address.
    search = search.encode("utf-8", "replace").decode("utf-8")
    try:
        fields = parse_qs(search.lstrip("?"), max_num_fields=2 * _LIST_LIMIT)
    except ValueError:
        fields = {}

    def one(name: str) -> str:
        return fields.get(name, [""])[0][:_TEXT_LIMIT]

    def several(name: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(fields.get(name, [])))[:_LIST_LIMIT]

    def number(name: str, default: int) -> int:
        digits = one(name)
        return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 8 else default

    size = number("size", default_page_size)
    state = one("state")
    sort = one("sort")
    return GridQuery(
        text=one("q").strip(),
        locations=several("loc"),
        models=several("model"),
        state=_STATES.get(state, StateFilter.ANY),
        state_of=one("of"),
        sort=sort.removeprefix("-") or CAMERA_COLUMN,
        descending=sort.startswith("-"),
        page=max(1, number("page", 1)),
        page_size=size if size in PAGE_SIZES else default_page_size,
    )


def format_query(query: GridQuery, default_page_size: int = 50) -> str:
    """The query string that `parse_query` reads back; empty for the default view."""
    pairs: list[tuple[str, str]] = []
    if query.text:
        pairs.append(("q", query.text))
    pairs.extend(("loc", location) for location in query.locations)
    pairs.extend(("model", model) for model in query.models)
    if query.state is not StateFilter.ANY:
        pairs.append(("state", query.state))
        if query.state_of:
            pairs.append(("of", query.state_of))
    if query.sort != CAMERA_COLUMN or query.descending:
        pairs.append(("sort", ("-" if query.descending else "") + query.sort))
    if query.page > 1:
        pairs.append(("page", str(query.page)))
    if query.page_size != default_page_size:
        pairs.append(("size", str(query.page_size)))
    return "?" + urlencode(pairs) if pairs else ""
