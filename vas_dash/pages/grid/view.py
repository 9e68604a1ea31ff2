"""The grid as a DataTable: the only Python module that knows DataTable."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Sequence
from typing import Any

import orjson
from dash import Patch, dash_table
from dash.development.base_component import Component

from vas_dash.fleet.query import MODEL_PREFIX, GridQuery
from vas_dash.pages.grid.model import Column, GridPage, GridRow

SCRIPTS = [
    {"namespace": "dash", "relative_package_path": f"dash_table/async-{part}.js"}
    for part in ("highlight", "table")
]
"""Loaded with the page: the table itself asks for them late, and no browser keeps them then."""


def table(name: str) -> Component:
    """An empty table of that id. Paging, order and filters are the server's; keys the scripts'."""
    with warnings.catch_warnings():
        # Dash says at each table that DataTable leaves in a later major version; Dash is pinned.
        warnings.simplefilter("ignore", DeprecationWarning)
        made: Component = dash_table.DataTable(  # type: ignore[attr-defined]
            id=name,
            columns=[],
            data=[],
            page_action="none",
            sort_action="custom",
            sort_mode="single",
            cell_selectable=False,
            style_as_list_view=True,
        )
    return made


def table_columns(columns: Sequence[Column]) -> list[dict[str, Any]]:
    """Columns as the table takes them. Those of models go by number, as in `GridRow.compact`."""
    return [
        {"id": short, "name": column.name}
        for short, column in zip(_short_ids(columns), columns, strict=True)
    ]


def table_data(page: GridPage) -> orjson.Fragment:
    """Rows as the table takes them; each carries its camera's `id`."""
    return orjson.Fragment(page.compact_rows)


def table_patch(rows: Sequence[GridRow], changed: Sequence[int]) -> Patch:
    """What makes the rows at the `changed` positions what they are now."""
    patch = Patch()
    for position in changed:
        patch[position] = orjson.Fragment(rows[position].compact)
    return patch


def table_sort(query: GridQuery, columns: Sequence[Column]) -> list[dict[str, str]]:
    """The arrow in the heading."""
    direction = "desc" if query.descending else "asc"
    return [
        {"column_id": short, "direction": direction}
        for short, column in zip(_short_ids(columns), columns, strict=True)
        if column.id == query.sort
    ]


def _short_ids(columns: Sequence[Column]) -> list[str]:
    numbers = itertools.count()
    return [
        f"m{next(numbers)}" if column.id.startswith(MODEL_PREFIX) else column.id
        for column in columns
    ]
