"""Change sets: the list of them, and one with its cells."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from dash import Dash, Input, Output, State, no_update
from dash.exceptions import PreventUpdate

from vas_dash.domain.text import count, cut
from vas_dash.errors import JournalError
from vas_dash.pages import ids
from vas_dash.pages.arguments import checked
from vas_dash.pages.browser import in_browser
from vas_dash.pages.context import Context
from vas_dash.pages.digest import digest
from vas_dash.pages.draft.handle import id_of
from vas_dash.pages.draft.model import handle_of
from vas_dash.pages.history import model as history
from vas_dash.pages.history import running, status, view
from vas_dash.pages.history.actions import Actions, Outcome
from vas_dash.pages.history.arguments import (
    HISTORY_ASK,
    HISTORY_DO,
    HISTORY_SHOWN,
    HistoryDo,
    HistoryShown,
)
from vas_dash.pages.history.model import Action
from vas_dash.pages.history.query import chosen, parse_history, whole_number
from vas_dash.pages.history.status import Status
from vas_dash.pages.parts import message
from vas_dash.pages.presets import view as presets_view
from vas_dash.pages.presets.model import preset_history

_TRIES = 60
"""Times the page asks for an outcome, about once a second."""

_FIELDS = ("camera", "model", "since", "until")
_PARTS = ("title", "filters", "head", "progress", "actions", "body", "notes")
_Draw = Callable[[], Any]


@dataclass(frozen=True)
class _Part:
    """One part of the view: what decides how it looks, and how it is drawn."""

    value: object
    draw: _Draw


@dataclass(frozen=True)
class _Shown:
    """What the view is to show; `live`: it is worth looking again soon.

    `running` is the change set to follow from now on, `over` one that needs it no more, and
    `end_text` its end in words.
    """

    parts: dict[str, _Part]
    live: bool = False
    running: int | None = None
    over: int | None = None
    end_text: str = ""


def register(app: Dash, context: Context) -> None:
    """Register the callbacks of the view."""
    actions = Actions(context)
    _register_view(app, context)
    running.register(app, context)
    _register_in_browser(app)

    @app.callback(
        Output(ids.HISTORY_MESSAGE, "children"),
        Output(ids.HISTORY_DONE, "data"),
        Output(ids.DRAFT, "data", allow_duplicate=True),
        Output(ids.URL, "pathname", allow_duplicate=True),
        Output(ids.URL, "search", allow_duplicate=True),
        Input(ids.HISTORY_DO, "data"),
        State(ids.DRAFT, "data"),
        prevent_initial_call=True,
    )
    def act(what: object, draft: object) -> tuple[Any, ...]:
        """Do something with a change set; what takes long is asked for again."""
        todo = checked(HISTORY_DO, what)
        if todo.ticket is not None:
            return _answer(context, todo, todo.ticket, actions.outcome(todo.ticket))
        by, draft_id = context.permissions, id_of(draft)
        if todo.action in (Action.REST, Action.RETRY, Action.UNDO) and not todo.replace:
            try:
                there = context.drafting.load(draft_id, by)
            except JournalError as error:
                text = f"Nothing was done: {error.reason}."
                return message(text, error=True), _done(), no_update, no_update, no_update
            cells = len(there.changes) + len(there.blocked)
            if cells:
                question = view.replace_question(todo.action, todo.number, count(cells, "change"))
                return question, _done(), no_update, no_update, no_update
        ticket = actions.begin(todo.action, todo.number, draft_id, by)
        return _answer(context, todo, ticket, actions.outcome(ticket))


def _register_view(app: Dash, context: Context) -> None:
    @app.callback(
        Output(ids.HISTORY_TITLE, "children"),
        Output(ids.HISTORY_FILTERS, "hidden"),
        Output(ids.HISTORY_HEAD, "children"),
        Output(ids.HISTORY_PROGRESS, "children"),
        Output(ids.HISTORY_ACTIONS, "children"),
        Output(ids.HISTORY_BODY, "children"),
        *(Output(f"history-{name}-note", "children") for name in _FIELDS),
        Output(ids.HISTORY_MESSAGE, "children", allow_duplicate=True),
        Output(ids.HISTORY_SHOWN, "data"),
        Output(ids.RUNNING, "data"),
        Input(ids.HISTORY_ASK, "data"),
        State(ids.HISTORY_SHOWN, "data"),
        State(ids.RUNNING, "data"),
        prevent_initial_call=True,
    )
    def show(what: object, shown_data: object, running_data: object) -> tuple[Any, ...]:
        """The list or one change set; only the parts that differ from what is shown are sent."""
        ask = checked(HISTORY_ASK, what)
        before = checked(HISTORY_SHOWN, shown_data or {})
        of = ask.number or ""
        try:
            if ask.number is None:
                shown = _list(context, ask.search, ask.utc_later_min)
            else:
                shown = _one(context, ask.number, ask.search)
        except JournalError as error:
            shown = _error("History", f"The history cannot be shown: {error.reason}.")
        digests = {name: digest(shown.parts[name].value) for name in _PARTS}
        digests["live"] = "yes" if shown.live else ""
        if (before.of, before.parts) == (of, digests):
            raise PreventUpdate
        drawn: list[Any] = [
            no_update if before.parts.get(name) == digests[name] else shown.parts[name].draw()
            for name in _PARTS
        ]
        *parts, notes = drawn
        return (
            *parts,
            *([no_update] * len(_FIELDS) if notes is no_update else notes),
            _message(shown, before, of),
            {"of": of, "parts": digests, "live": shown.live},
            running.followed(shown.running, shown.over, running_data),
        )


def _register_in_browser(app: Dash) -> None:
    in_browser(
        app,
        "vas_history.ask",
        Output(ids.HISTORY_ASK, "data"),
        Output(ids.RUNNING_ASK, "data"),
        Input(ids.VIEW, "data"),
        Input(ids.URL, "search"),
        Input(ids.HISTORY_TICK, "n_intervals"),
        Input(ids.HISTORY_DONE, "data"),
        State(ids.RUNNING, "data"),
    )
    in_browser(
        app,
        "vas_history.idle",
        Output(ids.HISTORY_TICK, "disabled"),
        Input(ids.RUNNING, "data"),
        Input(ids.HISTORY_SHOWN, "data"),
        Input(ids.URL, "pathname"),
    )


def _list(context: Context, search: str, utc_later_min: tuple[int, int]) -> _Shown:
    query = parse_history(search)
    asked = chosen(query, context.grid(), utc_later_min)
    notes = {**asked.notes, **asked.problems}
    if asked.problems:
        return _error("History", "Not filtered: see the fields above.", notes, filters=True)
    page = context.operations.journal.history(asked.wanted, before=query.before, after=query.after)
    statuses = {}
    items = []
    for item in page.items:
        record, how = item, status.status_of(item, applied_now=True)
        if how is Status.APPLYING:
            again, how = running.standing_of(context, item.id)
            record = again or item
        items.append(record)
        statuses[record.id] = how
    found = history.list_page(
        type(page)(tuple(items), page.next_before, page.next_after), query, statuses
    )
    prefix = context.settings.prefix
    parts = _parts("History", notes, filters=True)
    kept = preset_history(context.presets.versions(), asked.wanted, context.grid())
    parts["body"] = _Part(
        (found, kept),
        lambda: [*view.change_set_list(found, prefix), *presets_view.history(kept)],
    )
    return _Shown(parts, live=Status.APPLYING in statuses.values())


def _one(context: Context, text: str, search: str) -> _Shown:
    number = whole_number(text)
    record, how = (None, Status.READY) if number is None else running.standing_of(context, number)
    if number is None or record is None:
        return _error("History", f"There is no change set {cut(text, 40)}.")
    query = parse_history(search)
    records = context.operations.journal.cells(
        number,
        results=None if query.result is None else [query.result],
        after_position=query.after_position,
        limit=history.CELLS_ON_A_PAGE + 1,
    )
    top = history.head(record, how)
    page = history.cell_page(record, how, records, query, context.grid())
    choices = history.actions(how, record.tally)
    prefix = context.settings.prefix
    parts = _parts(top.title)
    parts["head"] = _Part(top, lambda: view.head(top))
    parts["actions"] = _Part((number, choices), lambda: view.action_buttons(choices, number))
    parts["body"] = _Part((number, page), lambda: view.cells(page, number, prefix))
    is_live = how is Status.APPLYING
    if is_live:
        bar = running.progress_of(context, record)
        parts["progress"] = _Part(bar, lambda: view.progress(bar))
    begins = running.is_beginning(record, how)
    follow = is_live or begins
    # What has not begun can be begun by any process at any time.
    return _Shown(
        parts,
        live=is_live or how is Status.READY,
        running=number if follow else None,
        over=None if follow else number,
        end_text=status.done_text(record, how),
    )


def _parts(
    title: str, notes: dict[str, str] | None = None, *, filters: bool = False
) -> dict[str, _Part]:
    """Every part, with nothing in it but the title and the notes at the fields."""
    texts = [(notes or {}).get(name, "") for name in _FIELDS]
    parts = dict.fromkeys(_PARTS, _Part(None, list))
    parts["title"] = _Part(title, lambda: title)
    parts["filters"] = _Part(filters, lambda: not filters)
    parts["notes"] = _Part(texts, lambda: texts)
    return parts


def _error(
    title: str, text: str, notes: dict[str, str] | None = None, *, filters: bool = False
) -> _Shown:
    parts = _parts(title, notes, filters=filters)
    parts["body"] = _Part(text, lambda: [message(text, error=True)])
    return _Shown(parts)


def _message(shown: _Shown, before: HistoryShown, of: str) -> Any:
    """The end of what was watched is said; nothing of one change set stands on the next."""
    if before.of != of:
        return ""
    if before.parts.get("live") and not shown.live and shown.end_text:
        return message(shown.end_text)
    return no_update


def _done(again: dict[str, Any] | None = None) -> dict[str, Any]:
    """Tells the browser to look again, and what to ask for once more."""
    return {"n": secrets.token_hex(4), "again": again}


def _answer(
    context: Context, todo: HistoryDo, ticket: str, outcome: Outcome | None
) -> tuple[Any, ...]:
    stay = (no_update, no_update, no_update)
    if outcome is None and todo.tries >= _TRIES:
        text = "No outcome yet. Look at the change set and at the draft before trying again."
        return message(text, error=True), _done(), *stay
    if outcome is None:
        again = todo.model_dump(mode="json") | {"ticket": ticket, "tries": todo.tries + 1}
        return message("Still reading.") if todo.ticket is None else no_update, _done(again), *stay
    if outcome.draft is None:
        return message(outcome.message, error=outcome.error), _done(), *stay
    return "", _done(), handle_of(outcome.draft), f"{context.settings.prefix}review", ""
