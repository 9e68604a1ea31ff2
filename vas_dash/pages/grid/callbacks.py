"""The grid: drawn when the view changes, mended when the fleet does, left alone otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
from dash import Dash, Input, Output, State, ctx, no_update
from dash.exceptions import PreventUpdate

from vas_dash.domain.text import cut
from vas_dash.errors import JournalError
from vas_dash.fleet.query import parse_query
from vas_dash.pages import ids, labels
from vas_dash.pages.arguments import (
    OPEN_REQUEST,
    RENDERED,
    DraftRef,
    Learned,
    Rendered,
    checked,
    checked_recent,
)
from vas_dash.pages.browser import in_browser
from vas_dash.pages.context import Context
from vas_dash.pages.draft.handle import checked_handle
from vas_dash.pages.grid import view as grid_view
from vas_dash.pages.grid.model import camera_tooltip
from vas_dash.pages.grid.rendering import RenderedPage
from vas_dash.pages.layout import any_model


def register(app: Dash, context: Context) -> None:
    """Register the callbacks of the grid."""
    _register_refresh(app, context)
    _register_filters(app, context)
    _register_tooltip(app, context)
    _register_in_browser(app)


def _register_refresh(app: Dash, context: Context) -> None:
    @app.callback(
        Output(ids.GRID, "columns"),
        Output(ids.GRID, "data"),
        Output(ids.GRID, "sort_by"),
        Output(ids.RENDERED, "data"),
        Input(ids.URL, "search"),
        Input(ids.CHANGED, "data"),
        Input(ids.RECENT, "data"),
        Input(ids.DRAFT, "data"),
        State(ids.URL, "pathname"),
        State(ids.RENDERED, "data"),
    )
    def refresh(
        search: object,
        _changed: object,
        recent: object,
        draft: object,
        path: object,
        rendered: object,
    ) -> tuple[Any, ...]:
        """Send what differs from what the browser shows; nothing when nothing does.

        The lines of text around the grid go along in `RENDERED`, and `grid.js` puts them in their
        places: every further output would cost each answer more than the texts themselves.
        """
        shown = checked(RENDERED, rendered)
        # Who looks may soon save: the first save is not to wait for the journal's tables.
        context.writer.get_ready()
        rendered_page = drawn(context, search, checked_recent(recent), checked_handle(draft))
        if shown.digest == rendered_page.digest:
            raise PreventUpdate
        if ctx.triggered_id != ids.CHANGED:
            if not shown.digest and _begins_with_overview(path, search, rendered_page):
                # The grid is drawn when it is opened, or when the overview has been.
                return no_update, no_update, no_update, orjson.Fragment(rendered_page.undrawn)
        elif shown.digest and rendered_page.is_older_than(shown.taken_ms, shown.taken_by):
            raise PreventUpdate
        same_frame = shown.frame == rendered_page.frame
        return (
            no_update if same_frame else grid_view.table_columns(rendered_page.page.columns),
            _rows(rendered_page, shown) if same_frame else grid_view.table_data(rendered_page.page),
            no_update
            if same_frame
            else grid_view.table_sort(rendered_page.query, rendered_page.page.columns),
            orjson.Fragment(rendered_page.for_browser),
        )


def _begins_with_overview(path: object, search: object, rendered_page: RenderedPage) -> bool:
    """Whether the browser opens the overview: by its address, or at the root of a large fleet."""
    if not isinstance(path, str):
        return False
    last = path.rpartition("/")[2]
    return last == "overview" or (not last and not search and bool(rendered_page.view["large"]))


def _register_filters(app: Dash, context: Context) -> None:
    @app.callback(
        Output(ids.FILTER_LOCATIONS, "options"),
        Output(ids.FILTER_MODELS, "options"),
        Output(ids.FILTER_STATE_OF, "options"),
        Input(ids.OPTIONS, "data"),
        State(ids.RECENT, "data"),
        prevent_initial_call=True,
    )
    def options(_digest: object, recent: object) -> tuple[Any, ...]:
        """What the filters offer; `grid.js` asks again when `RENDERED` says that it changed."""
        grid = context.grid(checked_recent(recent))
        models = [
            {"label": column.name, "value": model_id} for model_id, column in grid.columns.items()
        ]
        locations = [{"label": cut(location, 80), "value": location} for location in grid.locations]
        return locations, models, [any_model(), *models]


def _register_tooltip(app: Dash, context: Context) -> None:
    @app.callback(
        Output(ids.TOOLTIP_TEXT, "data"),
        Input(ids.TOOLTIP_REQUEST, "data"),
        State(ids.RECENT, "data"),
        prevent_initial_call=True,
    )
    def tooltip(what: object, recent: object) -> dict[str, str]:
        """The tooltip of a cell or a head, asked for when the pointer rests on it."""
        open_request = checked(OPEN_REQUEST, what)
        grid = context.grid(checked_recent(recent))
        camera, model = grid.camera(open_request.camera), grid.model(open_request.model)
        text = ""
        if camera is not None and model is not None:
            cell = grid.snapshot.cell(camera.id, model.model_id)
            text = labels.cell_tooltip(camera, model, cell)
        elif camera is not None:
            text = camera_tooltip(camera)
        elif model is not None:
            text = grid.columns[model.model_id].tooltip
        return {"camera": open_request.camera, "model": open_request.model, "text": text}


def drawn(
    context: Context, search: object, recent: Sequence[Learned], ref: DraftRef | None
) -> RenderedPage:
    """What a browser is to show that has `search` in its address, and this draft if any."""
    query = parse_query(search, context.settings.page_size)
    rendered_page = context.rendered_pages(recent).draw(query)
    if ref is None:
        return rendered_page
    try:
        draft = context.drafting.load(ref.id, context.permissions)
    except JournalError as error:
        return rendered_page.without_draft(error.reason)
    return rendered_page.with_draft(draft)


def _register_in_browser(app: Dash) -> None:
    filters = (
        ids.FILTER_TEXT,
        ids.FILTER_LOCATIONS,
        ids.FILTER_MODELS,
        ids.FILTER_STATE,
        ids.FILTER_STATE_OF,
        ids.PAGE_SIZE,
    )
    values = (Input(name, "value") for name in filters)
    in_browser(app, "vas_address.fromControls", *values, at_start=False)
    in_browser(app, "vas_address.toControls", Input(ids.URL, "search"))
    in_browser(app, "vas_address.offered", Input(ids.FILTER_STATE_OF, "options"), at_start=False)
    in_browser(app, "vas_grid.rendered", Input(ids.RENDERED, "data"), Input(ids.GRID, "data"))
    in_browser(app, "vas_grid.tooltip", Input(ids.TOOLTIP_TEXT, "data"), at_start=False)


def _rows(rendered_page: RenderedPage, shown: Rendered) -> Any:
    """The rows that changed, or all where cameras came or went."""
    if rendered_page.rows == shown.rows:
        return no_update
    now, before = rendered_page.rows.split(), shown.rows.split()
    if len(now) != len(before):
        return grid_view.table_data(rendered_page.page)
    pairs = enumerate(zip(now, before, strict=True))
    changed = [position for position, (one, other) in pairs if one != other]
    if len(changed) == len(now):
        return grid_view.table_data(rendered_page.page)
    return grid_view.table_patch(rendered_page.page.rows, changed)
