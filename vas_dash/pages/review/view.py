"""What is drafted, before it is applied."""

from __future__ import annotations

from collections.abc import Iterable

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from vas_dash.changes.labels import Difference, Kind
from vas_dash.config import Settings
from vas_dash.domain.text import count
from vas_dash.pages import ids
from vas_dash.pages.parts import aria, button, data, message, search_field, select, stores
from vas_dash.pages.review.model import PAGE
from vas_dash.pages.review.page import BlockedRow, CellRow, Group, ReviewPage

REASON_CHARS = 500
ANY = "any"
"""The value of a choice that does not restrict anything; the browser shows no empty values."""

ELSEWHERE = "elsewhere"
"""The choice of cells that were changed elsewhere since they were drafted."""

_ARROW = "\N{RIGHTWARDS ARROW}"
_MORE = "Show more"
_LOADS_UNFOLDED = 6
"""With more models than this their lines are folded."""


def page(settings: Settings) -> Component:
    """The view, hidden until the address names it."""
    return html.Main(
        [
            html.H2("Review", id="review-title", tabIndex="-1"),
            html.Div(id=ids.REVIEW_MESSAGE, className="vd-message", **aria(live="polite")),
            html.P(
                [
                    "Nothing is drafted. Choose cells in the ",
                    dcc.Link("grid", href=settings.prefix),
                    " and say what is to become of them. Nothing is sent before you apply it here.",
                ],
                id=ids.REVIEW_EMPTY,
                className="vd-empty",
                hidden=True,
            ),
            html.Div(
                [
                    html.Div(id=ids.REVIEW_HEAD, **aria(live="polite")),
                    _filters(),
                    html.Div(id=ids.REVIEW_LIST, className="vd-review-list"),
                    _bar(settings),
                ],
                id=ids.REVIEW_BODY,
                className="vd-review-body",
                hidden=True,
            ),
            *stores(ids.REVIEW_ASK, ids.REVIEW_ACT, ids.REVIEW_SHOWN),
        ],
        id=ids.VIEW_REVIEW,
        className="vd-main vd-review",
        hidden=True,
    )


def any_model() -> dict[str, str]:
    """The choice of no model in particular."""
    return {"label": "any", "value": ANY}


def _filters() -> Component:
    kinds = [
        {"label": "any", "value": ANY},
        *({"label": kind.words, "value": kind.value} for kind in Kind),
        {"label": "changed elsewhere", "value": ELSEWHERE},
    ]
    grouping = [{"label": "model", "value": "model"}, {"label": "camera", "value": "camera"}]
    return html.Div(
        [
            search_field(ids.REVIEW_TEXT, "camera, model or location"),
            select("Change", ids.REVIEW_KIND, kinds, ANY),
            select("Model", ids.REVIEW_MODEL, [any_model()], ANY),
            select("Grouped by", ids.REVIEW_BY, grouping, "model"),
        ],
        className="vd-filters",
        role="search",
        **aria(label="Filter the review"),
    )


def _bar(settings: Settings) -> Component:
    needed = settings.reason == "required"
    return html.Section(
        [
            html.Div(
                [
                    html.Label(
                        [
                            html.Span("Reason"),
                            html.Span("needed" if needed else "optional", className="vd-hint"),
                            html.Span(id=ids.REVIEW_REASON_ERROR, className="vd-error"),
                        ],
                        htmlFor=ids.REVIEW_REASON,
                    ),
                    dbc.Input(
                        id=ids.REVIEW_REASON,
                        type="text",
                        maxlength=REASON_CHARS,
                        size="sm",
                        autocomplete="off",
                        persistence=True,
                        persistence_type="local",
                    ),
                ],
                className="vd-review-reason",
                hidden=settings.reason == "off",
            ),
            button("Apply", "btn-primary", id=ids.REVIEW_APPLY),
            html.Span(id=ids.REVIEW_NOTE, className="vd-hint vd-review-note"),
            button("Discard the draft", "btn-outline-secondary", **data(review="all")),
        ],
        className="vd-review-bar vd-writes",
        **aria(label="Apply"),
    )


def head(shown: ReviewPage) -> list[Component]:
    """How many changes of which kind there are, and what they do to the asked-for load."""
    parts: list[Component] = [
        html.P(
            [
                html.Strong(shown.summary),
                *([f" {shown.source}"] if shown.source else []),
            ],
            className="vd-review-summary",
        )
    ]
    if shown.elsewhere:
        one = shown.elsewhere == 1
        text = (
            f"{shown.elsewhere:,} {'cell was' if one else 'cells were'} changed elsewhere since; "
            f"{'it' if one else 'they'} will be {'a conflict' if one else 'conflicts'} "
            "and not be touched."
        )
        parts.append(html.P(text, className="vd-note"))
    if shown.loads:
        loads = html.Ul(
            [html.Li([html.Strong(load.title), f": {load.text}"]) for load in shown.loads],
            className="vd-review-loads",
        )
        if len(shown.loads) > _LOADS_UNFOLDED:
            summary = f"What it does to the load of {len(shown.loads):,} models"
            parts.append(html.Details([html.Summary(summary), loads]))
        else:
            parts.append(loads)
    if shown.loads_note:
        parts.append(html.P(shown.loads_note, className="vd-hint"))
    return parts


def lists(shown: ReviewPage, *, filtered: bool) -> list[Component]:
    """The groups with their cells, and apart from them what cannot be applied."""
    return [
        html.Div(_found(shown) if filtered else [], className="vd-review-found"),
        html.Div([_group(group) for group in shown.groups]),
        html.Div(_more("groups", shown.groups_total - len(shown.groups))),
        html.Div(_blocked(shown)),
    ]


def _found(shown: ReviewPage) -> list[Component]:
    if not shown.found:
        return [html.P(f"None of {shown.total:,} changes matches the filter.")]
    text = f"{shown.found:,} of {shown.total:,} match: {shown.found_text}."
    drop = button(f"Drop these {shown.found:,}", **data(review="found"))
    return [html.P(text, **aria(live="polite")), drop]


def _group(group: Group) -> Component:
    heading = html.H3(
        [
            html.Button(
                [
                    html.Span(group.title, className="vd-review-title"),
                    *([html.Span(group.place, className="vd-hint")] if group.place else []),
                    html.Span(group.kinds, className="vd-review-kinds"),
                ],
                className="vd-review-toggle",
                **aria(expanded="true" if group.is_open else "false"),
                **data(review="toggle", group=group.key),
            ),
            button(
                "Drop",
                **aria(label=f"Drop {group.count:,} of {group.title}"),
                **data(review="group", group=group.key),
            ),
        ],
        className="vd-review-head",
    )
    rows: list[Component] = []
    if group.is_open:
        rows = [
            html.Ul([_cell(row) for row in group.rows], className="vd-review-cells"),
            *_more("cells", group.count - len(group.rows), group.key),
        ]
    return html.Section([heading, *rows], className="vd-review-group")


def _cell(row: CellRow) -> Component:
    return html.Li(
        [
            _name(row.title, row.place),
            html.Span(row.kind.words, className="vd-review-kind", **data(kind=row.kind.value)),
            html.Span(_differences(row.differences), className="vd-review-change"),
            html.Span(row.mark, className="vd-note vd-review-mark"),
            _drop(row.key.camera_id, row.key.model_id, row.title),
        ]
    )


def _name(title: str, place: str) -> Component:
    parts: list[Component] = [html.Span(title, className="vd-review-title")]
    if place:
        parts.append(html.Span(place, className="vd-hint"))
    return html.Span(parts, className="vd-review-name")


def _differences(found: Iterable[Difference]) -> list[Component]:
    parts: list[Component] = []
    for one in found:
        name = f"{one.name} " if one.name else ""
        parts.append(
            html.Span(
                [name, html.Span(one.before), f" {_ARROW} ", html.Strong(one.after)],
                className="vd-review-difference",
            )
        )
    return parts


def _drop(camera_id: str, model_id: str, title: str) -> Component:
    return button(
        "Drop",
        **aria(label=f"Drop {title}"),
        **data(review="cell", camera=camera_id, model=model_id),
    )


def _more(what: str, left: int, group: str = "") -> list[Component]:
    if left <= 0:
        return []
    text = f"{_MORE} ({min(left, PAGE):,} of {left:,})"
    return [button(text, "btn-sm btn-link", **data(review="more", what=what, group=group))]


def _blocked(shown: ReviewPage) -> list[Component]:
    if not shown.blocked_total:
        return []
    found = shown.blocked_found
    some = f", {found:,} of them shown" if found < shown.blocked_total else ""
    parts: list[Component] = [
        html.H3(
            [
                html.Span(f"{count(shown.blocked_total, 'cell')} cannot be applied{some}"),
                button(
                    "Drop",
                    hidden=not found,
                    **aria(label=f"Drop {found:,} that cannot be applied"),
                    **data(review="blocked"),
                ),
            ],
            className="vd-review-head",
        ),
        html.Ul([_blocked_cell(row) for row in shown.blocked], className="vd-review-cells"),
        *_more("blocked", found - len(shown.blocked)),
    ]
    return [html.Section(parts, className="vd-review-group vd-review-blocked")]


def _blocked_cell(row: BlockedRow) -> Component:
    return html.Li(
        [
            _name(row.title, row.place),
            html.Span("; ".join(row.problems), className="vd-error vd-review-why"),
            _drop(row.key.camera_id, row.key.model_id, row.title),
        ]
    )


def apply_text(changes: int) -> str:
    """What the button says."""
    return f"Apply {count(changes, 'change')}"


def note_text(changes: int, blocked: int) -> str:
    """What stands beside the button."""
    if not blocked:
        return ""
    if not changes:
        return "Nothing here can be applied."
    stands = "it stands" if blocked == 1 else "they stand"
    return f"{blocked:,} cannot be applied; {stands} in the history as refused."


def not_begun(number: int, reason: str, settings: Settings) -> Component:
    """The change set was recorded, and is not being applied."""
    text = f"Change set {number} stands in the history, but was not begun: {reason}. "
    link = dcc.Link("Open it", href=f"{settings.prefix}history/{number}")
    return message([text, link], error=True)
