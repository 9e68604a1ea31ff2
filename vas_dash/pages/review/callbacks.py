"""What is drafted, before it is applied: show it, drop from it, apply it."""

from __future__ import annotations

import logging
import threading
from typing import Any

from cachetools import LRUCache
from dash import Dash, Input, Output, State, no_update
from dash.exceptions import PreventUpdate

from vas_dash.changes.labels import Kind
from vas_dash.domain.entities import CellKey
from vas_dash.domain.records import Draft
from vas_dash.domain.text import count
from vas_dash.errors import JobError, ReasonNeededError, VasDashError
from vas_dash.pages import ids
from vas_dash.pages.arguments import (
    REVIEW_ACT,
    REVIEW_ASK,
    TYPED,
    DraftRef,
    ReviewAct,
    ReviewAsk,
    checked,
    checked_recent,
)
from vas_dash.pages.browser import in_browser
from vas_dash.pages.context import Context
from vas_dash.pages.digest import digest
from vas_dash.pages.draft.handle import checked_handle
from vas_dash.pages.draft.model import handle_of
from vas_dash.pages.grid.model import FleetGrid
from vas_dash.pages.parts import message
from vas_dash.pages.review import view
from vas_dash.pages.review.model import Review, ReviewQuery

_log = logging.getLogger(__name__)

_REVIEWS_KEPT = 4
_FAILED = "failed: "
_STALE = "The draft changed meanwhile: review it again."


class _Reviews:
    """The reviews that were looked at last: polls, filters and unfolding cost little."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self._lock = threading.Lock()
        self._kept: LRUCache[tuple[str, str, int, int], tuple[FleetGrid, Review]] = LRUCache(
            _REVIEWS_KEPT
        )

    def of(self, draft: Draft, recent: object) -> Review:
        """The operator's draft against the newest snapshot of the fleet."""
        grid = self.context.grid(checked_recent(recent))
        # The grid is kept too: as long as it lives, no other one has its id.
        key = (draft.id, self.context.operator().name, draft.revision, id(grid))
        with self._lock:
            kept = self._kept.get(key)
        if kept is not None:
            return kept[1]
        review = Review(draft, grid)
        with self._lock:
            # Older snapshots are as large as the fleet, and are not asked for again.
            for other, (theirs, _) in list(self._kept.items()):
                if theirs.snapshot.taken_at != grid.snapshot.taken_at:
                    del self._kept[other]
            self._kept[key] = (grid, review)
        return review


def register(app: Dash, context: Context) -> None:
    """Register the callbacks of the view."""
    reviews = _Reviews(context)
    _register_view(app, reviews)
    _register_drop(app, reviews)
    _register_apply(app, context)
    _register_in_browser(app)


def _register_view(app: Dash, reviews: _Reviews) -> None:
    @app.callback(
        Output(ids.REVIEW_HEAD, "children"),
        Output(ids.REVIEW_LIST, "children"),
        Output(ids.REVIEW_MODEL, "options"),
        Output(ids.REVIEW_APPLY, "children"),
        Output(ids.REVIEW_APPLY, "hidden"),
        Output(ids.REVIEW_NOTE, "children"),
        Output(ids.REVIEW_BODY, "hidden"),
        Output(ids.REVIEW_EMPTY, "hidden"),
        Output(ids.REVIEW_SHOWN, "data"),
        Output(ids.REVIEW_MESSAGE, "children"),
        Output(ids.DRAFT, "data", allow_duplicate=True),
        Input(ids.REVIEW_ASK, "data"),
        State(ids.DRAFT, "data"),
        State(ids.RECENT, "data"),
        State(ids.REVIEW_SHOWN, "data"),
        prevent_initial_call=True,
    )
    def show(asked: object, handle: object, recent: object, before: object) -> tuple[Any, ...]:
        """The draft as it is now; nothing where the browser shows that already."""
        shown = before if isinstance(before, dict) else {}
        return _shown(reviews, checked(REVIEW_ASK, asked), checked_handle(handle), recent, shown)


def _register_drop(app: Dash, reviews: _Reviews) -> None:
    @app.callback(
        Output(ids.REVIEW_MESSAGE, "children", allow_duplicate=True),
        Output(ids.DRAFT, "data", allow_duplicate=True),
        Input(ids.REVIEW_ACT, "data"),
        State(ids.DRAFT, "data"),
        State(ids.RECENT, "data"),
        prevent_initial_call=True,
    )
    def drop(what: object, handle: object, recent: object) -> tuple[Any, ...]:
        """Throw cells away. What was not looked at is not thrown away unseen."""
        ref = checked_handle(handle)
        if ref is None:
            raise PreventUpdate
        try:
            return _dropped(reviews, checked(REVIEW_ACT, what), ref, recent)
        except VasDashError as error:
            return message(f"Nothing was dropped: {error}.", error=True), no_update


def _register_apply(app: Dash, context: Context) -> None:
    @app.callback(
        Output(ids.REVIEW_MESSAGE, "children", allow_duplicate=True),
        Output(ids.REVIEW_REASON, "value"),
        Output(ids.REVIEW_REASON, "invalid"),
        Output(ids.REVIEW_REASON_ERROR, "children"),
        Output(ids.DRAFT, "data", allow_duplicate=True),
        Output(ids.URL, "pathname", allow_duplicate=True),
        Input(ids.REVIEW_APPLY, "n_clicks"),
        State(ids.REVIEW_SHOWN, "data"),
        State(ids.REVIEW_REASON, "value"),
        running=[(Output(ids.REVIEW_APPLY, "disabled"), True, False)],
        prevent_initial_call=True,
    )
    def apply(clicks: object, shown: object, reason: object) -> tuple[Any, ...]:
        """Hand the draft over, as it was looked at, once."""
        ref = checked_handle(shown)
        why = checked(TYPED, reason)
        if ref is None or not clicks:
            raise PreventUpdate
        return _applied(context, ref, why)


def _shown(
    reviews: _Reviews,
    ask: ReviewAsk,
    ref: DraftRef | None,
    recent: object,
    before: dict[str, Any],
) -> tuple[Any, ...]:
    """What the view is to show of the draft; `before` is what the browser keeps of the last."""
    shown_digest = before.get("digest")
    try:
        draft = load(reviews.context, ref)
    except VasDashError as error:
        failed = f"{_FAILED}{error}"
        if shown_digest == failed:
            raise PreventUpdate from None
        text = message(f"The draft cannot be read: {error}.", error=True)
        return *(no_update,) * 8, {**before, "digest": failed}, text, no_update
    review, query = reviews.of(draft, recent), _query(ask)
    page = review.page(query, ask.opened, ask.groups, ask.blocked)
    new_digest = digest((page, query, draft.revision, draft.id))
    if new_digest == shown_digest:
        raise PreventUpdate
    handle = handle_of(draft)
    changes, blocked = len(draft.changes), len(draft.blocked)
    empty = not (changes or blocked)
    models = [{"label": name, "value": model_id} for model_id, name in review.models]
    is_stale = ref is not None and ref.model_dump() != handle
    recovered = isinstance(shown_digest, str) and shown_digest.startswith(_FAILED)
    return (
        [] if empty else view.head(page),
        [] if empty else view.lists(page, filtered=not query.is_any),
        [view.any_model(), *models],
        view.apply_text(changes),
        not changes,
        view.note_text(changes, blocked),
        empty,
        not empty,
        {**handle, "digest": new_digest},
        "" if recovered else no_update,
        handle if is_stale else no_update,
    )


def _dropped(reviews: _Reviews, act: ReviewAct, ref: DraftRef, recent: object) -> tuple[Any, ...]:
    """What is said, and the draft without the cells that were thrown away."""
    drafting, by = reviews.context.drafting, reviews.context.permissions
    draft = drafting.load(ref.id, by)
    if act.action == "cell":
        keys = [CellKey(act.camera, act.model)]
    elif draft.revision != act.revision:
        return message(_STALE, error=True), handle_of(draft)
    elif act.action == "all":
        after = drafting.clear(ref.id, by)
        return message("The draft was discarded."), handle_of(after)
    else:
        review, query = reviews.of(draft, recent), _query(act.ask)
        if act.action == "blocked":
            keys = review.blocked_keys(query)
        else:
            keys = review.keys(query, act.group if act.action == "group" else None)
    after = drafting.drop(ref.id, by, keys)
    gone = len(draft.changes) + len(draft.blocked) - len(after.changes) - len(after.blocked)
    return message(f"{count(gone, 'cell')} dropped." if gone > 0 else ""), handle_of(after)


def _applied(context: Context, ref: DraftRef, why: str | None) -> tuple[Any, ...]:
    """What the page is to show: message, reason, its fault, the draft, and the address."""
    by = context.permissions
    if context.settings.reason == "required" and not (why or "").strip():
        return _reason_needed(no_update)
    draft: Draft | None = None
    try:
        draft = context.drafting.claim(ref.id, by, ref.revision)
        if draft is None:
            now = context.drafting.load(ref.id, by)
            return _not_sent(message(_STALE, error=True), handle_of(now))
        if not draft.changes:
            text = "Nothing here can be applied."
            return _not_sent(message(text, error=True), handle_of(draft))
        number = context.operations.submit(draft.change_set, by=by, why=why, source=draft.source)
    except ReasonNeededError:
        return _reason_needed(handle_of(draft) if draft else no_update)
    except VasDashError as error:
        text = f"Nothing was sent: {error}. The draft stays."
        kept = handle_of(draft) if draft else no_update
        return _not_sent(message(text, error=True), kept)
    left: Any = no_update
    try:
        left = handle_of(context.drafting.clear(ref.id, by))
    except VasDashError as error:
        # It is recorded: applying it matters more than the draft, which shows as done already.
        _log.warning("a draft that was submitted could not be cleared: %s", error)
    try:
        context.jobs.start(number, by)
    except JobError as error:
        not_begun = view.not_begun(number, error.reason, context.settings)
        return not_begun, "", False, "", left, no_update
    return "", "", False, "", left, f"{context.settings.prefix}history/{number}"


def _reason_needed(draft: Any) -> tuple[Any, ...]:
    return no_update, no_update, True, "A reason is needed.", draft, no_update


def _not_sent(message: Any, draft: Any) -> tuple[Any, ...]:
    return message, no_update, False, "", draft, no_update


def load(context: Context, handle: DraftRef | None) -> Draft:
    """The operator's draft; an empty one where there is none. Raises JournalError."""
    if handle is None:
        return Draft("")
    return context.drafting.load(handle.id, context.permissions)


def _query(ask: ReviewAsk) -> ReviewQuery:
    kinds: dict[str, Any] = {kind.value: kind for kind in Kind} | {view.ELSEWHERE: "elsewhere"}
    model_id = ask.model if ask.model not in ("", view.ANY) else None
    return ReviewQuery(ask.text.strip(), kinds.get(ask.kind), model_id, ask.by)


def _register_in_browser(app: Dash) -> None:
    filters = (ids.REVIEW_TEXT, ids.REVIEW_KIND, ids.REVIEW_MODEL, ids.REVIEW_BY)
    in_browser(
        app,
        "vas_review.ask",
        Input(ids.VIEW, "data"),
        Input(ids.DRAFT, "data"),
        *(Input(name, "value", allow_optional=True) for name in filters),
    )
    in_browser(app, "vas_review.drawn", Input(ids.REVIEW_LIST, "children"), at_start=False)
    in_browser(
        app, "vas_review.counted", Output(ids.NAV_REVIEW, "children"), Input(ids.DRAFT, "data")
    )
