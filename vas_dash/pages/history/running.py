"""The change set that a browser follows while it is looked at or applied."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from dash import Dash, Input, Output, State, no_update
from dash.exceptions import PreventUpdate
from pydantic import ValidationError

from vas_dash.domain.records import ChangeSetRecord
from vas_dash.errors import JournalError
from vas_dash.pages import ids
from vas_dash.pages.arguments import checked
from vas_dash.pages.context import Context
from vas_dash.pages.history import status, view
from vas_dash.pages.history.arguments import RUNNING
from vas_dash.pages.history.status import Status

__all__ = ["followed", "is_beginning", "progress_of", "register", "standing_of"]

_BEGINNING = timedelta(seconds=30)
"""So long a change set that has not begun may be on its way to its applier."""


def register(app: Dash, context: Context) -> None:
    """Register the callback of the line in the page's header."""

    @app.callback(
        Output(ids.RUNNING_LINE, "hidden"),
        Output(ids.RUNNING_LINK, "children"),
        Output(ids.RUNNING_LINK, "href"),
        Output(ids.RUNNING_OVER, "children"),
        Output(ids.RUNNING, "data", allow_duplicate=True),
        Input(ids.RUNNING_ASK, "data"),
        State(ids.RUNNING_LINK, "children"),
        State(ids.RUNNING_LINE, "hidden"),
        prevent_initial_call=True,
    )
    def follow(what: object, shown: object, hidden: object) -> tuple[Any, ...]:
        """How far the change set is that this browser follows; its end is said once."""
        number = checked(RUNNING, what).number
        try:
            record, how = standing_of(context, number)
        except JournalError:
            # The other views say what is wrong with the journal, where they need it.
            raise PreventUpdate from None
        if record is None:
            return True, "", "", "", None
        address = view.history_address(context.settings.prefix, number)
        if how is not Status.APPLYING and not is_beginning(record, how):
            text = status.done_text(record, how)
            return False, text, address, text, None
        text = f"Change set {number} is about to be applied"
        if how is Status.APPLYING:
            text = f"Change set {number} is being applied: {progress_of(context, record).text}"
        if text == shown and not hidden:
            raise PreventUpdate
        return False, text, address, "", no_update


def standing_of(context: Context, number: int) -> tuple[ChangeSetRecord | None, Status]:
    """The change set, and how it stands."""
    journal = context.operations.journal
    record = journal.change_set(number)
    if record is None:
        return None, Status.READY
    how = status.status_of(record, applied_now=True)
    if how is Status.APPLYING and not journal.is_applied_now(number):
        # It may have ended between the two reads.
        record = journal.change_set(number) or record
        how = status.status_of(record, applied_now=False)
    return record, how


def is_beginning(record: ChangeSetRecord, how: Status) -> bool:
    """Whether it may be on its way to the process that applies it."""
    return (
        how is Status.READY
        and record.ended_at is None
        and datetime.now(UTC) - record.created_at < _BEGINNING
    )


def progress_of(context: Context, record: ChangeSetRecord) -> status.Progress:
    """How far it is, by the process that applies it, else by the journal."""
    now = context.jobs.progress(record.id)
    if now is None:
        return status.journalled_progress(record, datetime.now(UTC))
    return status.progress(now.total, now.done, now.tally, now.rate, now.left_s)


def followed(following: int | None, over: int | None, running: object) -> Any:
    """What the browser is to follow in the other views from now on."""
    try:
        known = RUNNING.validate_python(running).number
    except ValidationError:
        known = None
    if following is not None:
        return no_update if following == known else {"number": following}
    return None if known is not None and over == known else no_update
