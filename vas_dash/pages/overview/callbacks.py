"""The overview: drawn when it is opened, when the view changes, and when the fleet does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
from dash import Dash, Input, Output, State, no_update
from dash.exceptions import PreventUpdate

from vas_dash.errors import JournalError
from vas_dash.fleet.query import parse_query
from vas_dash.pages import ids
from vas_dash.pages.arguments import (
    OVERVIEW_ASK,
    RENDERED,
    SELECTED,
    DraftRef,
    Learned,
    checked,
    checked_recent,
)
from vas_dash.pages.browser import in_browser
from vas_dash.pages.context import Context
from vas_dash.pages.digest import digest
from vas_dash.pages.draft.handle import checked_handle
from vas_dash.pages.grid import view as grid_view
from vas_dash.pages.grid.callbacks import drawn
from vas_dash.pages.overview.model import FIRST_ROWS, Overview, overview, selected_counts


def register(app: Dash, context: Context) -> None:
    """Register the callbacks of the overview."""
    _register_in_browser(app)

    @app.callback(
        Output(ids.OVERVIEW, "columns"),
        Output(ids.OVERVIEW, "data"),
        Output(ids.OVERVIEW_SHOWN, "data"),
        Input(ids.OVERVIEW_ASK, "data"),
        State(ids.RECENT, "data"),
        State(ids.DRAFT, "data"),
        State(ids.OVERVIEW_SHOWN, "data"),
        prevent_initial_call=True,
    )
    def refresh(asked: object, recent: object, draft: object, shown: object) -> tuple[Any, ...]:
        """Send the overview where it differs from what the browser shows.

        At first a screen full of it, without a digest: `overview.js` then asks for the rest.
        """
        before = checked(RENDERED, shown or {})
        ask, learned = checked(OVERVIEW_ASK, asked), checked_recent(recent)
        made = counted(context, ask.search, learned, checked_handle(draft))
        page = drawn(context, ask.search, learned, None)
        # With several workers the fleet is not to go back in time for a moment.
        older = ask.polled and page.is_older_than(before.taken_ms, before.taken_by)
        if older or made.digest == before.digest:
            raise PreventUpdate
        models = [column.id for column in made.columns[2:]]
        frame = digest([(column.id, column.name) for column in made.columns])
        is_part = not before.frame and len(made.rows) > FIRST_ROWS
        return (
            no_update if before.frame == frame else grid_view.table_columns(made.columns),
            orjson.Fragment(made.first_rows if is_part else made.compact_rows),
            {
                "digest": "" if is_part else made.digest,
                "frame": frame,
                "models": models,
                "taken_ms": page.view["taken_ms"],
                "taken_by": page.view["taken_by"],
            },
        )

    @app.callback(
        Output(ids.OVERVIEW_SELECTED, "data"),
        Input(ids.OVERVIEW_COUNT, "data"),
        State(ids.SELECTION, "data"),
        State(ids.URL, "search"),
        State(ids.RECENT, "data"),
        prevent_initial_call=True,
    )
    def count_selected(_n: object, cells: object, search: object, recent: object) -> Any:
        """Where the selected cells are."""
        groups = [(one.cameras, one.models) for one in checked(SELECTED, cells)]
        query = parse_query(search, context.settings.page_size)
        return selected_counts(context.grid(checked_recent(recent)), query, groups)


def _register_in_browser(app: Dash) -> None:
    in_browser(
        app,
        "vas_overview.count",
        Output(ids.OVERVIEW_COUNT, "data"),
        Input(ids.SELECTION, "data"),
        Input(ids.OVERVIEW_ASK, "data"),
    )
    in_browser(app, "vas_overview.selected", Input(ids.OVERVIEW_SELECTED, "data"), at_start=False)
    in_browser(
        app,
        "vas_overview.ask",
        Output(ids.OVERVIEW_ASK, "data"),
        Input(ids.VIEW, "data"),
        Input(ids.URL, "search"),
        Input(ids.RECENT, "data"),
        Input(ids.DRAFT, "data"),
    )
    in_browser(
        app,
        "vas_overview.drawn",
        Input(ids.OVERVIEW_SHOWN, "data"),
        Input(ids.OVERVIEW, "data", allow_optional=True),
        at_start=False,
    )


def counted(
    context: Context, search: object, recent: Sequence[Learned], ref: DraftRef | None
) -> Overview:
    """The overview for a browser with `search` in its address, and this draft if any."""
    draft = None
    if ref is not None:
        try:
            draft = context.drafting.load(ref.id, context.permissions)
        except JournalError:
            draft = None  # the bar of the draft says why it is not there
    return overview(context.grid(recent), parse_query(search, context.settings.page_size), draft)
