"""The page: what stands where. It asks the backend nothing."""

from __future__ import annotations

from collections.abc import Mapping

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from vas_dash.config import Settings
from vas_dash.domain.operators import Operator, Role
from vas_dash.domain.text import cut
from vas_dash.fleet.query import PAGE_SIZES, StateFilter
from vas_dash.pages import ids, keys
from vas_dash.pages.cell_history import view as cell_history
from vas_dash.pages.files import view as files
from vas_dash.pages.grid import view as grid
from vas_dash.pages.history import view as history
from vas_dash.pages.overview import view as overview
from vas_dash.pages.parts import aria, button, data, search_field, select, stores
from vas_dash.pages.presets import view as presets
from vas_dash.pages.review import view as review
from vas_dash.pages.selection import view as bulk

_STATE_CHOICES = {
    StateFilter.ANY: "any state",
    StateFilter.ON: "on",
    StateFilter.OFF: "off",
    StateFilter.UNASSIGNED: "unassigned",
    StateFilter.UNKNOWN: "unknown",
    StateFilter.NOTHING_ON: "nothing on",
}

ANY = "any"
"""The value of a choice that does not restrict anything; the browser shows no empty values."""


def any_model() -> dict[str, str]:
    """The choice of no model in particular."""
    return {"label": "any shown", "value": ANY}


def page(settings: Settings, operator: Operator, logout: str | None = None) -> Component:
    """The whole page, for an operator.

    By `data-role` the style hides what a viewer cannot use; that it cannot be used is held
    elsewhere. `logout` is the address that ends a session, where there are sessions.
    """
    views = {
        ids.VIEW_REVIEW: review.page(settings),
        ids.VIEW_HISTORY: history.page(settings),
        ids.VIEW_FILES: files.page(settings),
    }
    table, dialog = overview.frame(), keys.dialog()
    return html.Div(
        [
            *_plumbing(settings),
            *files.plumbing(),
            _later({**views, ids.OVERVIEW_FRAME: table, ids.KEYS: dialog}),
            *history.plumbing(),
            *presets.plumbing(),
            html.A("Skip to the grid", href="#" + ids.GRID, className="vd-skip"),
            _header(settings, operator, logout),
            html.Div(
                [
                    _grid_view(settings, table),
                    *views.values(),
                    _panel(),
                ],
                className="vd-body",
            ),
            dialog,
            html.Div(id="cell-tooltip", role="tooltip", className="vd-tooltip", hidden=True),
        ],
        className="vd-page",
        **data(role=operator.role.value),
    )


def _header(settings: Settings, operator: Operator, logout: str | None) -> Component:
    return html.Header(
        [
            html.H1("AI models by camera"),
            _navigation(settings),
            html.P("as of, not read yet", id=ids.STATUS, className="vd-status"),
            history.running_line(),
            bulk.at_once_switch(),
            _account(settings, operator, logout),
        ],
        className="vd-header",
    )


def _grid_view(settings: Settings, table: Component) -> Component:
    """The grid with the lines around it; the overview's table stands in its place."""
    return html.Main(
        [
            _filters(),
            html.Div(id=ids.FLEET_ERROR, className="vd-errors", **aria(live="polite")),
            html.Div(
                [
                    html.P(id=ids.COUNTS, className="vd-counts", **aria(live="polite")),
                    bulk.select_all(),
                    _pager(),
                ],
                className="vd-counts-line",
            ),
            html.Div(grid.table(ids.GRID), id="grid-frame", className="vd-grid"),
            html.P(id=ids.EMPTY, className="vd-empty"),
            overview.part(table),
            html.Div([bulk.selection_bar(), _drafts(settings)], className="vd-bottom"),
        ],
        id=ids.VIEW_GRID,
        className="vd-main",
    )


def _later(parts: Mapping[str, Component]) -> Component:
    """Take what is in some components out of them; `views.js` puts it there when they are opened.

    What nobody looks at is not drawn: the grid is there sooner.
    """
    contents = {name: part.children for name, part in parts.items()}
    for part in parts.values():
        part.children = None
    return dcc.Store(id=ids.VIEW_PARTS, data=contents)


def _account(settings: Settings, operator: Operator, logout: str | None) -> Component:
    """Who asks, and the way out."""
    locations = operator.locations if operator.role is Role.OPERATOR else None
    where = None
    if locations is not None:
        where = "changes cameras in " + (", ".join(sorted(locations)) or "no location")
    who = html.Span(f"{operator.name}, {operator.role}", title=where and cut(where, 500))
    parts = [_notices(settings), who]
    if logout is not None:
        button = html.Button("Log out", type="submit", className="btn btn-sm btn-link")
        parts.append(html.Form(button, action=logout, method="post"))
    return html.Div(parts, className="vd-account")


def _notices(settings: Settings) -> Component:
    """Shown by `answers.js`: what a server that does not answer cannot say.

    The login opens in another tab, so that nothing that was typed here is lost.
    """
    again = html.A("Log in again", href=settings.prefix, target="_blank")
    notices = [
        html.Span(
            "The page's server does not answer. What stands here may be old.",
            id="no-answer",
            hidden=True,
        ),
        html.Span(["You are logged out. ", again], id="logged-out", hidden=True),
    ]
    return html.Div(notices, className="vd-errors", **aria(live="polite"))


def _navigation(settings: Settings) -> Component:
    """The views; `views.js` shows the one that the address names."""

    def link(text: str, path: str, name: str) -> Component:
        return dcc.Link(text, href=settings.prefix + path, className="vd-nav-link", id=name)

    return html.Nav(
        [
            link("Overview", "overview", ids.NAV_OVERVIEW),
            link("Grid", "", ids.NAV_GRID),
            link("Review", "review", ids.NAV_REVIEW),
            link("History", "history", ids.NAV_HISTORY),
            link("Files", "files", ids.NAV_FILES),
        ],
        className="vd-nav",
        **aria(label="Views"),
    )


def _plumbing(settings: Settings) -> list[Component]:
    """What has no looks: the address, the clock's pace, and what the browser remembers."""
    return [
        dcc.Location(id=ids.URL, refresh=False),
        dcc.Store(id=ids.POLL_MS, data=round(settings.poll_s * 1000)),
        dcc.Store(id=ids.RENDERED, data={"default_page_size": settings.page_size}),
        *stores(
            ids.VIEW,
            ids.CHANGED,
            ids.OPTIONS,
            ids.OPEN_REQUEST,
            ids.TOOLTIP_REQUEST,
            ids.TOOLTIP_TEXT,
        ),
        *stores(ids.TOGGLES, ids.KEPT, ids.APPLY, ids.APPLIED),
        *stores(ids.FIND_CELLS, ids.FOUND_CELLS, ids.ACT, ids.ACTED),
        *stores(
            ids.OPENED,
            ids.PANEL_RESULT,
            ids.PANEL_RESHAPE,
            ids.BULK_RESHAPE,
            ids.LIVE,
            ids.LIVE_DIGEST,
            ids.TOOLS_ASK,
        ),
        *stores(ids.SELECTION, ids.RECENT, storage_type="session", data=[]),
        *stores(ids.DRAFT, storage_type="local"),
    ]


def _filters() -> Component:
    states = [
        {"label": label, "value": state.value or ANY} for state, label in _STATE_CHOICES.items()
    ]
    return html.Div(
        [
            search_field(ids.FILTER_TEXT, "name, location or id"),
            _checklist("Locations", ids.FILTER_LOCATIONS, ids.LOCATIONS_LABEL),
            _checklist("Models", ids.FILTER_MODELS, ids.MODELS_LABEL),
            select("State", ids.FILTER_STATE, states, ANY),
            select("of model", ids.FILTER_STATE_OF, [any_model()], ANY),
            button("Clear filters", id="filter-clear"),
            button("Compact", id="density", **aria(pressed="false")),
            button("Keys", id="keys-open", **aria(keyshortcuts="?", haspopup="dialog")),
        ],
        className="vd-filters",
        role="search",
        **aria(label="Filter"),
    )


def _checklist(label: str, control: str, summary: str) -> Component:
    """A list to choose from, folded; the number of what is chosen stands on it."""
    return html.Details(
        [
            html.Summary(f"{label}: all", id=summary, className="btn btn-sm btn-outline-secondary"),
            html.Fieldset(
                [
                    html.Legend(label, className="visually-hidden"),
                    dbc.Checklist(id=control, options=[], value=[]),
                ],
                className="vd-choices",
            ),
        ],
        className="vd-fold",
    )


def _pager() -> Component:
    def turn(sign: str, to: str) -> Component:
        name = f"{to.capitalize()} page"
        return button(sign, title=name, **aria(label=name), **data(page=to))

    sizes = [{"label": f"{size} on a page", "value": str(size)} for size in PAGE_SIZES]
    return html.Nav(
        [
            turn("\N{MUCH LESS-THAN}", "first"),
            turn("<", "previous"),
            html.Span(id=ids.PAGER_TEXT, className="vd-pager-text"),
            turn(">", "next"),
            turn("\N{MUCH GREATER-THAN}", "last"),
            html.Label("Cameras on a page", htmlFor=ids.PAGE_SIZE, className="visually-hidden"),
            dbc.Select(id=ids.PAGE_SIZE, options=sizes, value=None, size="sm"),
        ],
        className="vd-pager",
        **aria(label="Pages"),
    )


def _drafts(settings: Settings) -> Component:
    return html.Section(
        [
            html.Span(id="draft-count", **aria(live="polite")),
            dcc.Link(
                "Review",
                href=settings.prefix + "review",
                id="draft-review",
                className="btn btn-sm btn-primary",
            ),
            button("Discard drafts", id="draft-discard"),
            html.Div(id="draft-error", className="vd-message", **aria(live="polite")),
            html.Div(id=ids.DRAFT_MESSAGE, className="vd-message", **aria(live="polite")),
        ],
        id="draft-bar",
        className="vd-drafts vd-writes",
        hidden=True,
        **aria(label="Drafted changes"),
    )


def _panel() -> Component:
    return html.Aside(
        [
            html.Div(
                [
                    html.H2(id=ids.PANEL_TITLE, tabIndex="-1"),
                    button("Close", id="panel-close", **aria(keyshortcuts="Escape")),
                ],
                className="vd-panel-head",
            ),
            html.Div(id=ids.PANEL_TOOLS, className="vd-panel-tools vd-writes"),
            html.Div(id=ids.PANEL_LIVE, className="vd-panel-live"),
            presets.section(),
            html.Div(id=ids.PANEL_FORM, className="vd-panel-form"),
            cell_history.section(),
            html.Div(
                [
                    html.Div(id=ids.PANEL_MESSAGE, className="vd-message", **aria(live="polite")),
                    html.Div(
                        [
                            button("Save", "btn-primary", id=ids.PANEL_SAVE),
                            button("Discard", "btn-outline-secondary", id="panel-discard"),
                        ],
                        id=ids.PANEL_ACTIONS,
                        className="vd-actions vd-writes",
                        hidden=True,
                    ),
                ],
                className="vd-panel-foot",
            ),
        ],
        id=ids.PANEL,
        className="vd-panel",
        hidden=True,
        **aria(labelledby=ids.PANEL_TITLE),
    )
