"""The grid as a DataTable: the only module that knows DataTable."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

from dash import Patch, dash_table
from dash.development.base_component import Component

from vas_dash.viewmodel.grid import Column, GridRow
from vas_dash.viewmodel.query import GridQuery
from vas_dash.views import ids


def table() -> Component:
    """An empty grid. Paging, order and filters are the server's; keys and clicks `grid.js`'s."""
    with warnings.catch_warnings():
        # Dash says at each table that DataTable leaves in a later major version; Dash is pinned.
        warnings.simplefilter("ignore", DeprecationWarning)
        made: Component = dash_table.DataTable(  # type: ignore[attr-defined]
            id=ids.GRID,
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
    """Columns as the table takes them."""
    return [{"id": column.id, "name": column.name} for column in columns]


def table_data(rows: Sequence[GridRow]) -> list[Mapping[str, str]]:
    """Rows as the table takes them; each carries its camera's `id`."""
    return [row.data for row in rows]


def table_patch(rows: Sequence[GridRow], changed: Sequence[int]) -> Patch:
    """What makes the rows at the `changed` positions what they are now."""
    patch = Patch()
    for position in changed:
        patch[position] = rows[position].data
    return patch


def table_sort(query: GridQuery) -> list[dict[str, str]]:
    """The arrow in the heading."""
    return [{"column_id": query.sort, "direction": "desc" if query.descending else "asc"}]
