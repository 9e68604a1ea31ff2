"""A page of the grid with its lines of text, and the digests by which a refresh is told apart."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import orjson

from vas_dash.domain.fleet import Completeness, FleetSnapshot
from vas_dash.domain.records import Draft
from vas_dash.fleet.query import MODEL_PREFIX, GridQuery
from vas_dash.pages.digest import digest
from vas_dash.pages.draft import model as drafted
from vas_dash.pages.grid import status
from vas_dash.pages.grid.model import FleetGrid, GridPage

_RENDERED_KEPT = 256

_IMPORTED = secrets.token_hex(4)

MANY_CAMERAS = 200
"""From so many on a page of the grid says little of the fleet."""

CLOCKS_APART_MS = 60_000
"""What is older by more was not taken before: the clocks of two hosts differ."""


@dataclass(frozen=True)
class RenderedPage:
    """All that one browser is to show of the fleet.

    `frame` changes with the columns, the order and everything else but the rows and the texts.
    `view` is what the browser keeps beside the digests: the texts and the numbers.
    """

    query: GridQuery
    page: GridPage
    frame: str
    view: Mapping[str, Any]

    @cached_property
    def rows(self) -> str:
        """A digest for each row, with blanks between them: one text is sent faster than many."""
        return " ".join([row.digest for row in self.page.rows])

    def is_older_than(self, taken_ms: int, taken_by: str) -> bool:
        """Whether a browser shows a newer snapshot already, which another worker has taken.

        Of this one's snapshots each is newer than the last, whatever the time of day was set to.
        """
        own_ms: int = self.view["taken_ms"]
        return taken_by != _this_worker() and 0 < taken_ms - own_ms < CLOCKS_APART_MS

    @cached_property
    def digest(self) -> str:
        """Changes with anything."""
        return digest((self.view, self.frame, self.rows))

    @cached_property
    def for_browser(self) -> bytes:
        """The digests, the texts and the numbers that the browser keeps, as JSON."""
        digests = {"frame": self.frame, "rows": self.rows, "digest": self.digest}
        return orjson.dumps({**self.view, **digests})

    @property
    def undrawn(self) -> bytes:
        """The same for a browser that is given no rows yet."""
        return orjson.dumps({**self.view, "frame": "", "rows": "", "digest": ""})

    def with_draft(self, draft: Draft) -> RenderedPage:
        """The same, with what is drafted in the cells of this page."""
        models = [
            column.id.removeprefix(MODEL_PREFIX)
            for column in self.page.columns
            if column.id.startswith(MODEL_PREFIX)
        ]
        texts = drafted.texts(draft, [row.data["id"] for row in self.page.rows], models)
        rows = tuple(
            row.drafted(texts[row.data["id"]]) if row.data["id"] in texts else row
            for row in self.page.rows
        )
        facts = {**drafted.handle_of(draft), "error": ""}
        return replace(self, page=replace(self.page, rows=rows), view={**self.view, "draft": facts})

    def without_draft(self, reason: str) -> RenderedPage:
        """The same, where the draft cannot be read."""
        return replace(self, view={**self.view, "draft": {"error": reason}})


class RenderedPages:
    """The pages of one snapshot: each is rendered once, so that polls and paging cost little."""

    def __init__(self, snapshot: FleetSnapshot, default_page_size: int = 50) -> None:
        self.grid = FleetGrid(snapshot)
        self._default_page_size = default_page_size
        self._options = digest(
            (self.grid.locations, [column.name for column in self.grid.columns.values()])
        )
        self._rendered_pages: dict[GridQuery, RenderedPage] = {}

    def draw(self, query: GridQuery) -> RenderedPage:
        """What a browser with that query is to show."""
        rendered_page = self._rendered_pages.get(query)
        if rendered_page is None:
            if len(self._rendered_pages) >= _RENDERED_KEPT:
                self._rendered_pages.clear()
            rendered_page = self._rendered_pages[query] = self._draw(query)
        return rendered_page

    def _draw(self, query: GridQuery) -> RenderedPage:
        page = self.grid.page(query)
        snapshot = self.grid.snapshot
        frame = digest(
            (
                [(column.id, column.name) for column in page.columns],
                query.sort,
                query.descending,
            )
        )
        view = {
            "taken_ms": _taken_ms(snapshot),
            "taken_by": _this_worker(),
            "options": self._options,
            "models": [model.model_id for model in self.grid.shown_models(query)],
            "page": page.page,
            "pages": page.pages,
            "page_size": query.page_size,
            "default_page_size": self._default_page_size,
            "found": page.found,
            "large": _is_large(page, snapshot),
            "closed": [column.id for column in page.columns if not column.open_for_new],
            "texts": {
                "status": status.status_line(snapshot),
                "fleet-error": "\n".join(status.error_lines(snapshot)),
                "counts": status.counts_line(page, snapshot),
                "grid-empty": page.empty or "",
                "pager-text": f"Page {page.page:,} of {page.pages:,}",
                "select-all": _select_all(page),
            },
        }
        return RenderedPage(query, page, frame, view)


def _this_worker() -> str:
    # A process may be forked after this was imported; in containers many have the same number.
    return f"{_IMPORTED}-{os.getpid()}"


def _taken_ms(snapshot: FleetSnapshot) -> int:
    """When it was taken (Unix); 0 where it tells of no cell: it stands in no other's way."""
    if snapshot.assignments.completeness is Completeness.UNAVAILABLE:
        return 0
    return int(snapshot.taken_at.timestamp() * 1000)


def _is_large(page: GridPage, snapshot: FleetSnapshot) -> bool | None:
    """Whether the page is to begin with the overview; None: there may be more cameras."""
    if page.cameras >= MANY_CAMERAS:
        return True
    return False if snapshot.cameras.is_complete else None


def _select_all(page: GridPage) -> str:
    return (
        "Select the camera found" if page.found == 1 else f"Select all {page.found:,} cameras found"
    )
