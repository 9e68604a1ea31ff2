"""Drafted cells: each is saved as a panel saves it, and says what came of it."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from dash import Dash, Input, Output, State

from vas_dash.callbacks.arguments import DRAFTS, Draft, checked, checked_recent, learned
from vas_dash.callbacks.context import SAVE_S, Context
from vas_dash.domain.changes import same_intent
from vas_dash.domain.entities import Assignment, CellIntent
from vas_dash.domain.fleet import CellState
from vas_dash.services.cell_writer import (
    Conflict,
    NotSent,
    Refused,
    Saved,
    SaveOutcome,
    Unchanged,
    Unconfirmed,
)
from vas_dash.viewmodel import status, words
from vas_dash.viewmodel.grid import FleetGrid, change_token, open_for_new
from vas_dash.views import ids

_BUDGET_S = 0.3
"""No further draft is begun after this; the one before it still has most of `SAVE_S`."""


def register(app: Dash, context: Context) -> None:
    """Register the callback that saves drafts."""

    @app.callback(
        Output(ids.SETTLED, "data"),
        Input(ids.APPLY, "data"),
        State(ids.RECENT, "data"),
        prevent_initial_call=True,
    )
    def settle(drafts: object, recent: object) -> dict[str, Any]:
        """Save as many of the drafts as fit into one answer; the rest goes round again."""
        began = time.monotonic()
        todo: list[Draft] = checked(DRAFTS, drafts)
        grid = context.grid(checked_recent(recent))
        results: list[dict[str, Any]] = []
        while todo and (not results or time.monotonic() - began < _BUDGET_S):
            draft = todo.pop(0)
            results.append(_settled(context, grid, draft, began + SAVE_S))
        return {"results": results, "left": [draft.model_dump() for draft in todo]}


def _settled(context: Context, grid: FleetGrid, draft: Draft, until: float) -> dict[str, Any]:
    """What came of one draft: done or not, in words, and what was learned of the cell."""
    camera, model = grid.camera(draft.camera), grid.model(draft.model)
    title = words.cell_title(camera, model) if camera and model else "A cell"
    result: dict[str, Any] = {
        "camera": draft.camera,
        "model": draft.model,
        "done": False,
        "learned": None,
    }
    cell = grid.snapshot.cell(draft.camera, draft.model)
    if camera is None or model is None:
        absence = status.absence(grid.snapshot)
        return result | {"message": f"{title}: not saved, {absence}."}
    if cell.state is CellState.UNKNOWN:
        return result | {"message": f"{title}: not saved, the cell is unknown."}
    if change_token(cell.assignment) != draft.token:
        return result | {"message": f"{title}: not saved, it was changed elsewhere meanwhile."}
    if cell.assignment is None and not open_for_new(model, grid.snapshot):
        return result | {"message": f"{title}: not saved, {words.NOT_FOR_NEW}."}
    wish = _wish(cell.assignment, draft.enabled)
    outcome = context.writer.save(
        draft.key, cell.assignment, wish, until, who=context.operator().name
    )
    done, message, knowledge = _said(draft, cell.assignment, outcome)
    return result | {"done": done, "message": f"{title}: {message}", "learned": knowledge}


def _wish(assignment: Assignment | None, enabled: bool) -> CellIntent:
    return replace(assignment.intent, enabled=enabled) if assignment else CellIntent(enabled)


def _said(
    draft: Draft, before: Assignment | None, outcome: SaveOutcome
) -> tuple[bool, str, dict[str, str | None] | None]:
    wish = _wish(before, draft.enabled)
    match outcome:
        case Saved(assignment=now):
            return True, "saved", learned(draft.key, now)
        case Unchanged(assignment=now):
            return True, "the VAS has it already", learned(draft.key, now)
        case Conflict(current=now) if now is not None and same_intent(now.intent, wish):
            return True, "the VAS has it already", learned(draft.key, now)
        case Conflict(current=now):
            text = "unassigned" if now is None else words.intent_text(now.intent).split("\n")[0]
            return False, f"not saved, changed elsewhere to {text}.", learned(draft.key, now)
        case Refused(message=message):
            return False, f"not saved, the VAS refused it: {message}", None
        case NotSent(reason=reason):
            return False, f"not saved, nothing was sent: {reason}.", None
        case Unconfirmed(reason=reason, sent_at=sent_at, unknown_until=until):
            knowledge = learned(draft.key, before, unknown=reason, seen=sent_at, until=until)
            return False, f"sent, but not confirmed: {reason}; unknown until read again.", knowledge
