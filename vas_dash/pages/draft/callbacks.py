"""The draft as the grid works on it: single cells drafted, dropped, or applied at once."""

from __future__ import annotations

import time
from typing import Any

from dash import Dash, Input, Output, State, no_update
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from vas_dash.changes.checks import checked as checked_changes
from vas_dash.changes.labels import outcome_text
from vas_dash.domain.changes import Blocked, DesiredChange, plan
from vas_dash.domain.entities import CellKey
from vas_dash.domain.records import CellResult, Draft
from vas_dash.errors import JournalError, NotAllowedError
from vas_dash.pages import ids, labels
from vas_dash.pages.arguments import (
    DRAFT_REF,
    OPENED,
    SINGLE,
    TOGGLES,
    Single,
    Toggles,
    checked,
    checked_recent,
    learned_of,
)
from vas_dash.pages.browser import in_browser
from vas_dash.pages.context import SAVE_S, Context
from vas_dash.pages.draft import model as drafted
from vas_dash.pages.grid.model import FleetGrid
from vas_dash.pages.selection import view


def register(app: Dash, context: Context) -> None:
    """Register the callbacks of the draft."""
    for name, store in (("changed", ids.DRAFT), ("kept", ids.KEPT), ("applied", ids.APPLIED)):
        in_browser(app, f"vas_drafts.{name}", Input(store, "data"))
    _register_keep(app, context)
    _register_apply(app, context)
    _register_tools(app, context)


def _register_keep(app: Dash, context: Context) -> None:
    @app.callback(
        Output(ids.KEPT, "data"),
        Output(ids.DRAFT, "data", allow_duplicate=True),
        Input(ids.TOGGLES, "data"),
        State(ids.RECENT, "data"),
        prevent_initial_call=True,
    )
    def keep(what: object, recent: object) -> tuple[dict[str, Any], Any]:
        """Keep what was drafted and dropped in the browser; it may be asked for twice."""
        toggles = checked(TOGGLES, what)
        grid = context.grid(checked_recent(recent))
        try:
            draft, blocked = _kept(context, grid, toggles)
        except (JournalError, NotAllowedError) as error:
            return {"n": toggles.n, "error": error.reason}, no_update
        messages = [
            f"{cell_name(grid, one.key)}: {drafted.why_blocked(one)}." for one in blocked[:20]
        ]
        answer = {
            "n": toggles.n,
            "error": "",
            "revision": draft.revision,
            "messages": messages,
        }
        return answer, drafted.handle_of(draft)


def _register_apply(app: Dash, context: Context) -> None:
    @app.callback(
        Output(ids.APPLIED, "data"),
        Output(ids.DRAFT_MESSAGE, "children"),
        Input(ids.APPLY, "data"),
        State(ids.RECENT, "data"),
        prevent_initial_call=True,
    )
    def apply(what: object, recent: object) -> tuple[dict[str, Any], Any]:
        """Apply one cell at once, without a draft."""
        began = time.monotonic()
        single = checked(SINGLE, what)
        grid = context.grid(checked_recent(recent))
        message, knowledge = _applied(context, grid, single, began + SAVE_S)
        return {"n": single.n, "learned": knowledge}, message


def _register_tools(app: Dash, context: Context) -> None:
    in_browser(
        app,
        "vas_drafts.tools",
        Output(ids.TOOLS_ASK, "data"),
        Input(ids.OPENED, "data"),
        Input(ids.DRAFT, "data"),
        at_start=False,
    )

    @app.callback(
        Output(ids.PANEL_TOOLS, "children"),
        Input(ids.TOOLS_ASK, "data"),
        State(ids.OPENED, "data"),
        State(ids.DRAFT, "data"),
        State(ids.RECENT, "data"),
        prevent_initial_call=True,
    )
    def tools(_asked: object, what: object, ref: object, recent: object) -> list[Component]:
        """What can be selected and drafted from the panel that is open."""
        opened = checked(OPENED, what)
        grid = context.grid(checked_recent(recent))
        if opened.kind != "cell":
            return view.panel_tools(opened.kind, opened.camera, opened.model, None)
        if grid.camera(opened.camera) is None or grid.model(opened.model) is None:
            return []
        line = _drafted_line(context, ref, opened.key)
        return view.panel_tools(opened.kind, opened.camera, opened.model, line)


def cell_name(grid: FleetGrid, key: CellKey) -> str:
    """The name of a cell for people; its ids where it is not known."""
    camera, model = grid.camera(key.camera_id), grid.model(key.model_id)
    return labels.named_title(
        camera.title if camera else key.camera_id, model.title if model else key.model_id
    )


def _kept(context: Context, grid: FleetGrid, toggles: Toggles) -> tuple[Draft, tuple[Blocked, ...]]:
    draft_id, by = toggles.draft.id, context.permissions
    drafting = context.drafting
    desired_changes = {
        one.key: DesiredChange(enabled=one.enabled)
        for one in toggles.cells
        if one.enabled is not None
    }
    dropped = [one.key for one in toggles.cells if one.enabled is None]
    draft: Draft | None = None
    blocked: tuple[Blocked, ...] = ()
    if toggles.clear:
        draft = drafting.clear(draft_id, by)
    if dropped:
        draft = drafting.drop(draft_id, by, dropped)
    if desired_changes:
        draft, planned = drafting.add(draft_id, by, grid.snapshot, desired_changes)
        blocked = planned.blocked
    return draft or drafting.load(draft_id, by), blocked


def _drafted_line(context: Context, kept: object, key: CellKey) -> str | None:
    try:
        ref = checked(DRAFT_REF, kept)
        draft = context.drafting.load(ref.id, context.permissions) if ref else None
    except (PreventUpdate, JournalError, NotAllowedError):
        # The bar of the draft says so.
        return None
    cell = (draft.changes.get(key) or draft.blocked.get(key)) if draft else None
    return drafted.line(cell) if cell else None


def _applied(
    context: Context, grid: FleetGrid, single: Single, until: float
) -> tuple[str, dict[str, Any] | None]:
    """What came of one cell, in words, and what is known of it now."""
    title = cell_name(grid, single.key)
    desired_changes = {single.key: DesiredChange(enabled=single.enabled)}
    changes = checked_changes(plan(grid.snapshot, desired_changes), grid.snapshot)
    if changes.blocked:
        return f"{title}: not applied, {drafted.why_blocked(changes.blocked[0])}.", None
    if not changes.changes:
        return f"{title}: the VAS has it already.", None
    (change,) = changes.changes
    if context.settings.reason == "required":
        why = "changes need a reason here: draft it, and give the reason in the review"
        return f"{title}: not applied: {why}.", None
    outcome = context.writer.save(
        single.key, change.before, change.desired, until, by=context.permissions
    )
    known = learned_of(single.key, change.before, outcome)
    text = "" if outcome.result is CellResult.APPLIED else outcome_text(outcome, "applied")
    return f"{title}: {text}." if text else "", known[0] if known else None
