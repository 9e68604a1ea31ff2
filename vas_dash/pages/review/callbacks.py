"""What is drafted, before it is applied: show it, drop from it, apply it."""

from __future__ import annotations

import hashlib
import logging
import threading
from collections import OrderedDict
from typing import Any

import orjson
from dash import ClientsideFunction, Dash, Input, Output, State, no_update
from dash.exceptions import PreventUpdate

from vas_dash.changes.labels import Kind
from vas_dash.domain.entities import CellKey
from vas_dash.domain.records import Draft
from vas_dash.errors import JobError, ReasonNeededError, VasDashError
from vas_dash.pages import ids
from vas_dash.pages.arguments import (
    DRAFT_REF,
    REVIEW_ACT,
    REVIEW_ASK,
    TYPED,
    DraftRef,
    ReviewAsk,
    checked,
    checked_recent,
)
from vas_dash.pages.context import Context
from vas_dash.pages.grid.model import FleetGrid
from vas_dash.pages.review import view
from vas_dash.pages.review.model import Review, ReviewQuery

_log = logging.getLogger(__name__)

_REVIEWS_KEPT = 4
_FAILED = "failed: "
_STALE = "The draft changed meanwhile: review it again."


class _Reviews:
    """The reviews that were looked at last: polls, filters and unfolding cost little."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[str, str, int, int], tuple[FleetGrid, Review]] = OrderedDict()

    def of(self, draft: Draft, who: str, recent: object) -> Review:
        """The draft against the newest picture of the fleet."""
        grid = self._context.grid(checked_recent(recent))
        # The grid is kept too: as long as it lives, no other one has its id.
        key = (draft.id, who, draft.revision, id(grid))
        with self._lock:
            kept = self._kept.get(key)
        if kept is not None:
            return kept[1]
        review = Review(draft, grid)
        taken_at = grid.snapshot.taken_at
        with self._lock:
            # Older pictures are as large as the fleet, and are not asked for again.
            for other, (theirs, _) in list(self._kept.items()):
                if theirs.snapshot.taken_at != taken_at:
                    del self._kept[other]
            self._kept[key] = (grid, review)
            while len(self._kept) > _REVIEWS_KEPT:
                self._kept.popitem(last=False)
        return review


def register(app: Dash, context: Context) -> None:
    """Register the callbacks of the view."""
    reviews = _Reviews(context)
    _register_clientside(app)

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
    def show(asked: object, draft_data: object, recent: object, before: object) -> tuple[Any, ...]:
        """The draft as it is now; nothing where the browser shows that already."""
        ask = checked(REVIEW_ASK, asked)
        ref = draft_ref(draft_data)
        shown_digest = before.get("digest") if isinstance(before, dict) else None
        try:
            draft = load(context, ref)
        except VasDashError as error:
            failed = f"{_FAILED}{error}"
            if shown_digest == failed:
                raise PreventUpdate from None
            text = view.message(f"The draft cannot be read: {error}.", trouble=True)
            was = before if isinstance(before, dict) else {}
            return *(no_update,) * 8, {**was, "digest": failed}, text, no_update
        review = reviews.of(draft, context.operator().name, recent)
        query = _query(ask)
        shown = review.page(query, ask.opened, ask.groups, ask.blocked)
        digest = _digest((shown, query, draft.revision, draft.id))
        if digest == shown_digest:
            raise PreventUpdate
        empty = not (draft.changes or draft.blocked)
        changes, blocked = len(draft.changes), len(draft.blocked)
        models = [{"label": name, "value": model_id} for model_id, name in review.models]
        stale = ref is not None and (ref.revision, ref.count, ref.blocked) != (
            draft.revision,
            changes,
            blocked,
        )
        recovered = isinstance(shown_digest, str) and shown_digest.startswith(_FAILED)
        return (
            [] if empty else view.head(shown),
            [] if empty else view.lists(shown, filtered=not query.is_any),
            [view.any_model(), *models],
            view.apply_text(changes),
            not changes,
            view.note_text(changes, blocked),
            empty,
            not empty,
            {**draft_data_of(draft), "digest": digest},
            "" if recovered else no_update,
            draft_data_of(draft) if stale else no_update,
        )

    @app.callback(
        Output(ids.REVIEW_MESSAGE, "children", allow_duplicate=True),
        Output(ids.DRAFT, "data", allow_duplicate=True),
        Input(ids.REVIEW_ACT, "data"),
        State(ids.DRAFT, "data"),
        State(ids.RECENT, "data"),
        prevent_initial_call=True,
    )
    def drop(what: object, draft_data: object, recent: object) -> tuple[Any, ...]:
        """Throw cells away. What was not looked at is not thrown away unseen."""
        act = checked(REVIEW_ACT, what)
        ref = draft_ref(draft_data)
        if ref is None:
            raise PreventUpdate
        who = context.operator().name
        try:
            draft = context.drafting.load(ref.id, who)
            if act.action != "cell" and draft.revision != act.revision:
                return view.message(_STALE, trouble=True), draft_data_of(draft)
            if act.action == "all":
                after = context.drafting.clear(ref.id, who)
                return view.message("The draft was discarded."), draft_data_of(after)
            if act.action == "cell":
                keys = [CellKey(act.camera, act.model)]
            else:
                review, query = reviews.of(draft, who, recent), _query(act.ask)
                if act.action == "blocked":
                    keys = review.blocked_keys(query)
                else:
                    keys = review.keys(query, act.group if act.action == "group" else None)
            after = context.drafting.drop(ref.id, who, keys)
        except VasDashError as error:
            text = f"Nothing was dropped: {error}."
            return view.message(text, trouble=True), no_update
        gone = len(draft.changes) + len(draft.blocked) - len(after.changes) - len(after.blocked)
        text = f"{gone:,} {'cell' if gone == 1 else 'cells'} dropped." if gone > 0 else ""
        return view.message(text), draft_data_of(after)

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
        ref = draft_ref(shown)
        why = checked(TYPED, reason)
        if ref is None or not clicks:
            raise PreventUpdate
        return _applied(context, ref, why)


def _applied(context: Context, ref: DraftRef, why: str | None) -> tuple[Any, ...]:
    """What the page is to show: message, reason, its fault, the draft, and the address."""
    who = context.operator().name
    if context.settings.reason == "required" and not (why or "").strip():
        return _reason_needed(no_update)
    draft: Draft | None = None
    try:
        draft = context.drafting.claim(ref.id, who, ref.revision)
        if draft is None:
            now = context.drafting.load(ref.id, who)
            return _not_sent(view.message(_STALE, trouble=True), draft_data_of(now))
        if not draft.changes:
            text = "Nothing here can be applied."
            return _not_sent(view.message(text, trouble=True), draft_data_of(draft))
        number = context.operations.submit(draft.change_set, who=who, why=why, origin=draft.origin)
    except ReasonNeededError:
        return _reason_needed(draft_data_of(draft) if draft else no_update)
    except VasDashError as error:
        text = f"Nothing was sent: {error}. The draft stays."
        kept = draft_data_of(draft) if draft else no_update
        return _not_sent(view.message(text, trouble=True), kept)
    left: Any = no_update
    try:
        left = draft_data_of(context.drafting.clear(ref.id, who))
    except VasDashError as error:
        # It is recorded: applying it matters more than the draft, which shows as done already.
        _log.warning("a draft that was submitted could not be cleared: %s", error)
    try:
        context.jobs.start(number)
    except JobError as error:
        message = view.not_begun(number, error.reason, context.settings)
        return message, "", False, "", left, no_update
    return "", "", False, "", left, f"{context.settings.prefix}history/{number}"


def _reason_needed(draft: Any) -> tuple[Any, ...]:
    return no_update, no_update, True, "A reason is needed.", draft, no_update


def _not_sent(message: Any, draft: Any) -> tuple[Any, ...]:
    return message, no_update, False, "", draft, no_update


def draft_ref(value: object) -> DraftRef | None:
    """Which draft a browser speaks of; None: it has none yet."""
    if not isinstance(value, dict) or not value.get("id"):
        return None
    return checked(DRAFT_REF, value)


def draft_data_of(draft: Draft) -> dict[str, Any]:
    """What the browser keeps of a draft."""
    return {
        "id": draft.id,
        "revision": draft.revision,
        "count": len(draft.changes),
        "blocked": len(draft.blocked),
    }


def load(context: Context, ref: DraftRef | None) -> Draft:
    """The operator's draft; an empty one where there is none. Raises JournalError."""
    return Draft("") if ref is None else context.drafting.load(ref.id, context.operator().name)


def _query(ask: ReviewAsk) -> ReviewQuery:
    kinds: dict[str, Any] = {kind.value: kind for kind in Kind} | {view.ELSEWHERE: "elsewhere"}
    model_id = ask.model if ask.model not in ("", view.ANY) else None
    return ReviewQuery(ask.text.strip(), kinds.get(ask.kind), model_id, ask.by)


def _digest(value: object) -> str:
    return hashlib.blake2b(orjson.dumps(value, default=tuple), digest_size=8).hexdigest()


def _register_clientside(app: Dash) -> None:
    clientside: Any = app.clientside_callback
    clientside(
        ClientsideFunction("vas_review", "ask"),
        Input(ids.URL, "pathname"),
        Input(ids.DRAFT, "data"),
        Input(ids.REVIEW_TEXT, "value"),
        Input(ids.REVIEW_KIND, "value"),
        Input(ids.REVIEW_MODEL, "value"),
        Input(ids.REVIEW_BY, "value"),
    )
    clientside(
        ClientsideFunction("vas_review", "drawn"),
        Input(ids.REVIEW_LIST, "children"),
        prevent_initial_call=True,
    )
    clientside(
        ClientsideFunction("vas_review", "counted"),
        Output(ids.NAV_REVIEW, "children"),
        Input(ids.DRAFT, "data"),
    )
