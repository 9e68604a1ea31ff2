"""The grid: drawn when the view changes, mended when the fleet does, left alone otherwise."""

from __future__ import annotations

import hashlib
from typing import Any

import orjson
from dash import Dash, Input, Output, State, no_update
from dash.exceptions import PreventUpdate

from vas_dash.callbacks.arguments import GESTURE, RENDERED, Rendered, checked, checked_recent
from vas_dash.callbacks.context import Context
from vas_dash.viewmodel import status, words
from vas_dash.viewmodel.grid import FleetGrid, GridPage, camera_tooltip
from vas_dash.viewmodel.query import GridQuery, format_query, parse_query
from vas_dash.views import grid as grid_view
from vas_dash.views import ids
from vas_dash.views.layout import any_model
from vas_dash.views.panel import trouble


def register(app: Dash, context: Context) -> None:
    """Register the callbacks of the grid."""
    page_size = context.settings.page_size

    @app.callback(
        Output(ids.GRID, "columns"),
        Output(ids.GRID, "data"),
        Output(ids.GRID, "sort_by"),
        Output(ids.STATUS, "children"),
        Output(ids.TROUBLE, "children"),
        Output(ids.COUNTS, "children"),
        Output(ids.EMPTY, "children"),
        Output(ids.PAGER_TEXT, "children"),
        Output(ids.FILTER_LOCATIONS, "options"),
        Output(ids.FILTER_MODELS, "options"),
        Output(ids.FILTER_STATE_OF, "options"),
        Output(ids.RENDERED, "data"),
        Input(ids.URL, "search"),
        Input(ids.POLL, "n_intervals"),
        Input(ids.RECENT, "data"),
        State(ids.RENDERED, "data"),
        State(ids.STATUS, "children"),
    )
    def refresh(
        search: object, _tick: object, recent: object, rendered: object, shown_status: object
    ) -> tuple[Any, ...]:
        """Send what differs from what the browser shows; nothing when nothing does."""
        shown = checked(RENDERED, rendered)
        grid = context.grid(checked_recent(recent))
        query = parse_query(search, page_size)
        page = grid.page(query)
        now, view = _digests(grid, query, page, page_size)
        line = status.status_line(grid.snapshot)
        if now == shown:
            if line == shown_status:
                raise PreventUpdate
            return (no_update,) * 3 + (line,) + (no_update,) * 8
        same_frame = (now.view, now.frame) == (shown.view, shown.frame)
        return (
            no_update if same_frame else grid_view.table_columns(page.columns),
            _rows(page, now, shown) if same_frame else grid_view.table_data(page.rows),
            no_update if same_frame else grid_view.table_sort(query),
            line,
            *_lines(grid, page, now, shown),
            *_options(grid, now, shown),
            {**now.model_dump(), **view},
        )

    @app.callback(
        Output(ids.PEEK_TEXT, "data"),
        Input(ids.PEEK, "data"),
        State(ids.RECENT, "data"),
        prevent_initial_call=True,
    )
    def peek(what: object, recent: object) -> dict[str, str]:
        """The tooltip of a cell or a head, when somebody rests on it."""
        gesture = checked(GESTURE, what)
        grid = context.grid(checked_recent(recent))
        camera, model = grid.camera(gesture.camera), grid.model(gesture.model)
        text = ""
        if camera is not None and model is not None:
            cell = grid.snapshot.cell(camera.id, model.model_id)
            text = words.cell_tooltip(camera, model, cell)
        elif camera is not None:
            text = camera_tooltip(camera)
        elif model is not None:
            text = grid.columns[model.model_id].tooltip
        return {"camera": gesture.camera, "model": gesture.model, "text": text}


def _digests(
    grid: FleetGrid, query: GridQuery, page: GridPage, default_page_size: int
) -> tuple[Rendered, dict[str, Any]]:
    """What identifies what is drawn, and what `assets/` need to know about it."""
    options = (grid.locations, [(column.id, column.name) for column in grid.columns.values()])
    rendered = Rendered(
        view=_digest(format_query(query)),
        frame=page.frame_digest,
        rows=tuple(row.digest for row in page.rows),
        lines=_digest(
            (
                status.trouble_lines(grid.snapshot),
                status.counts_line(page, grid.snapshot),
                page.empty,
                page.page,
                page.pages,
            )
        ),
        options=_digest(options),
    )
    view = {
        "default_page_size": default_page_size,
        "page": page.page,
        "pages": page.pages,
        "page_size": query.page_size,
        "found": page.found,
        "closed": [column.id for column in page.columns if not column.open_for_new],
    }
    return rendered, view


def _digest(value: object) -> str:
    return hashlib.blake2b(orjson.dumps(value), digest_size=8).hexdigest()


def _rows(page: GridPage, now: Rendered, shown: Rendered) -> Any:
    """The rows that changed, or all where cameras came, went or moved."""
    if now.rows == shown.rows:
        return no_update
    if len(now.rows) != len(shown.rows):
        return grid_view.table_data(page.rows)
    changed = [
        position
        for position, (new, old) in enumerate(zip(now.rows, shown.rows, strict=True))
        if new != old
    ]
    return grid_view.table_patch(page.rows, changed)


def _lines(grid: FleetGrid, page: GridPage, now: Rendered, shown: Rendered) -> tuple[Any, ...]:
    if now.lines == shown.lines:
        return (no_update,) * 4
    return (
        trouble(status.trouble_lines(grid.snapshot)),
        status.counts_line(page, grid.snapshot),
        page.empty or "",
        f"Page {page.page:,} of {page.pages:,}",
    )


def _options(grid: FleetGrid, now: Rendered, shown: Rendered) -> tuple[Any, ...]:
    if now.options == shown.options:
        return (no_update,) * 3
    models = [
        {"label": column.name, "value": model_id} for model_id, column in grid.columns.items()
    ]
    return (
        [{"label": words.cut(location, 80), "value": location} for location in grid.locations],
        models,
        [any_model(), *models],
    )
