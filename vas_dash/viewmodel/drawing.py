"""A page of the grid with its lines of text, and the digests by which a refresh is told apart."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from vas_dash.domain.fleet import FleetSnapshot
from vas_dash.viewmodel import status
from vas_dash.viewmodel.grid import FleetGrid, GridPage
from vas_dash.viewmodel.query import GridQuery

_DRAWINGS_KEPT = 256


@dataclass(frozen=True)
class Drawing:
    """All that one browser is to show of the fleet.

    `frame` changes with the columns, the order and everything else but the rows and the texts;
    `rows` has a digest for each row; `digest` changes with anything. `for_browser` are the digests,
    the texts and the numbers that the browser keeps.
    """

    query: GridQuery
    page: GridPage
    frame: str
    rows: tuple[str, ...]
    digest: str
    for_browser: Mapping[str, Any]


class Drawings:
    """The drawings of one snapshot: each is made once, so that polls and paging cost little."""

    def __init__(self, snapshot: FleetSnapshot) -> None:
        self.grid = FleetGrid(snapshot)
        self._options = _digest(
            (self.grid.locations, [column.name for column in self.grid.columns.values()])
        )
        self._drawings: dict[GridQuery, Drawing] = {}

    def draw(self, query: GridQuery) -> Drawing:
        """What a browser with that query is to show."""
        drawing = self._drawings.get(query)
        if drawing is None:
            if len(self._drawings) >= _DRAWINGS_KEPT:
                self._drawings.clear()
            drawing = self._drawings[query] = self._draw(query)
        return drawing

    def _draw(self, query: GridQuery) -> Drawing:
        page = self.grid.page(query)
        snapshot = self.grid.snapshot
        rows = tuple(row.digest for row in page.rows)
        frame = _digest(
            (
                [(column.id, column.name) for column in page.columns],
                query.sort,
                query.descending,
            )
        )
        view = {
            "frame": frame,
            "rows": rows,
            "options": self._options,
            "page": page.page,
            "pages": page.pages,
            "page_size": query.page_size,
            "found": page.found,
            "closed": [column.id for column in page.columns if not column.open_for_new],
            "texts": {
                "status": status.status_line(snapshot),
                "trouble": "\n".join(status.trouble_lines(snapshot)),
                "counts": status.counts_line(page, snapshot),
                "grid-empty": page.empty or "",
                "pager-text": f"Page {page.page:,} of {page.pages:,}",
            },
        }
        digest = _digest(view)
        return Drawing(query, page, frame, rows, digest, {**view, "digest": digest})


def _digest(value: object) -> str:
    return hashlib.blake2b(orjson.dumps(value), digest_size=8).hexdigest()
