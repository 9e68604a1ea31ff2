"""The side panel: open a cell, a camera or a model; save a cell."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from dash import ALL, Dash, Input, Output, State, ctx, no_update
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from vas_dash.changes.labels import outcome_text
from vas_dash.changes.operations import ReasonRule
from vas_dash.domain.changes import same_intent
from vas_dash.domain.entities import AiModel, Assignment, CellIntent, CellKey
from vas_dash.domain.records import CellResult, Outcome
from vas_dash.domain.text import cut, sentence
from vas_dash.fleet.table import open_for_new
from vas_dash.pages import ids, labels
from vas_dash.pages.arguments import (
    FIELD_IDS,
    OPEN_REQUEST,
    OPENED,
    Opened,
    assignment_json,
    checked,
    checked_recent,
    learned,
    learned_of,
)
from vas_dash.pages.browser import in_browser
from vas_dash.pages.context import SAVE_S, Context
from vas_dash.pages.form.model import build_form, read_form, with_submitted
from vas_dash.pages.form.view import FIELD, parameter_form
from vas_dash.pages.grid import status
from vas_dash.pages.grid.model import FleetGrid, change_token
from vas_dash.pages.panel import model as panel
from vas_dash.pages.panel import view

_TEXT_LIMIT = 100_000
_NOTHING_TO_SAVE = "Nothing to save: the VAS has it already."


@dataclass(frozen=True)
class _Typed:
    """What stands in the form: the texts of the intent, the parameters' fields, the reason."""

    intent: panel.IntentText
    parameters: dict[str, object]
    reason: str = ""


def register(app: Dash, context: Context) -> None:
    """Register the callbacks of the side panel."""
    in_browser(app, "vas_panel.opened", Input(ids.OPENED, "data"), at_start=False)
    in_browser(app, "vas_panel.result", Input(ids.PANEL_RESULT, "data"), at_start=False)
    in_browser(
        app,
        "vas_panel.follow",
        Output(ids.LIVE, "data"),
        Input(ids.STATUS, "children"),
        Input(ids.OPENED, "data"),
        Input(ids.RECENT, "data"),
        State(ids.PANEL, "hidden"),
        at_start=False,
    )
    rule = context.settings.reason

    @app.callback(
        Output(ids.PANEL_TITLE, "children"),
        Output(ids.PANEL_FORM, "children"),
        Output(ids.PANEL_MESSAGE, "children"),
        Output(ids.PANEL_ACTIONS, "hidden"),
        Output(ids.PANEL, "hidden"),
        Output(ids.OPENED, "data"),
        Input(ids.OPEN_REQUEST, "data"),
        State(ids.RECENT, "data"),
        prevent_initial_call=True,
    )
    def open_panel(what: object, recent: object) -> tuple[Any, ...]:
        """Open the panel of a cell, a camera or a model."""
        open_request = checked(OPEN_REQUEST, what)
        grid = context.grid(checked_recent(recent))
        camera, model = grid.camera(open_request.camera), grid.model(open_request.model)
        opened: dict[str, Any] = {
            "kind": open_request.kind,
            "camera": open_request.camera,
            "model": open_request.model,
        }
        match open_request.kind:
            case "cell" if camera is not None and model is not None:
                context.writer.get_ready()
                assignment = grid.snapshot.cell(camera.id, model.model_id).assignment
                title = labels.cell_title(camera, model)
                form = _form(grid, model, assignment, rule)
                opened |= {"assignment": assignment_json(assignment)}
            case "camera" if camera is not None:
                title, form = cut(camera.title, 80), []
            case "model" if model is not None:
                title, form = cut(model.title, 80), []
            case _:
                raise PreventUpdate
        return title, form, "", open_request.kind != "cell", False, opened

    @app.callback(
        Output(ids.PANEL_LIVE, "children"),
        Output(ids.LIVE_DIGEST, "data"),
        Input(ids.LIVE, "data"),
        State(ids.RECENT, "data"),
        State(ids.LIVE_DIGEST, "data"),
        prevent_initial_call=True,
    )
    def live(what: object, recent: object, shown: object) -> tuple[Any, str]:
        """The part of the panel that follows the fleet; the form stays as it is."""
        opened = checked(OPENED, what)
        grid = context.grid(checked_recent(recent))
        components, digest = _live(grid, opened, context.settings.page_size)
        if digest == shown:
            raise PreventUpdate
        return components, digest

    @app.callback(
        Output(ids.PANEL_FORM, "children", allow_duplicate=True),
        Output(ids.PANEL_MESSAGE, "children", allow_duplicate=True),
        Output(ids.OPENED, "data", allow_duplicate=True),
        Output(ids.PANEL_RESULT, "data"),
        Input(ids.PANEL_SAVE, "n_clicks"),
        Input({"type": ids.PANEL_CHOICE, "choice": ALL}, "n_clicks"),
        State(ids.OPENED, "data"),
        State(ids.RECENT, "data"),
        State(ids.PANEL_RESULT, "data"),
        State({"type": ids.PANEL_FIELD, "name": ALL}, "value"),
        State({"type": ids.PANEL_FIELD, "name": ALL}, "id"),
        State({"type": FIELD, "path": ALL}, "value"),
        State({"type": FIELD, "path": ALL}, "id"),
        running=[(Output(ids.PANEL_SAVE, "disabled"), True, False)],
        prevent_initial_call=True,
    )
    def save(
        _clicks: object,
        choices: Sequence[object],
        opened_data: object,
        recent: object,
        earlier: object,
        values: object,
        names: object,
        field_values: object,
        fields: object,
    ) -> tuple[Any, ...]:
        """Save the cell as it stands in the form, or resolve a conflict."""
        began = time.monotonic()
        opened = checked(OPENED, opened_data)
        grid = context.grid(checked_recent(recent))
        camera, model = grid.camera(opened.camera), grid.model(opened.model)
        if opened.kind != "cell":
            raise PreventUpdate
        if camera is None or model is None:
            text = f"Not saved, nothing was sent: {status.absence(grid.snapshot)}."
            result = {"key": [opened.camera, opened.model], "ok": False}
            return no_update, view.text_message(text, trouble=True), no_update, result
        key = CellKey(camera.id, model.model_id)
        choice = _choice(choices)
        conflict = _conflict(earlier, key)
        if choice == "theirs" and conflict is not None:
            return _taken(grid, model, opened, conflict.assignment, rule)
        typed = _typed(values, names, field_values, fields)
        base = opened.assignment
        form = read_form(model.config_schema, base.parameters if base else None, typed.parameters)
        desired, errors = panel.read_intent(typed.intent, form.parameters, base)
        field_errors = {} if desired is None else dict(form.errors)
        if rule == "required" and not typed.reason.strip():
            errors["reason"] = "a reason is needed"
        against = conflict.assignment if choice == "mine" and conflict else base
        if desired is not None and against is None and not open_for_new(model, grid.snapshot):
            errors["intent"] = labels.NOT_FOR_NEW
        if errors or field_errors:
            return (
                _form(grid, model, base, rule, typed, errors, field_errors),
                view.text_message("Not saved: see the fields above.", trouble=True),
                no_update,
                {"key": list(key), "ok": False},
            )
        outcome = context.writer.save(
            key, against, desired, began + SAVE_S, by=context.permissions, why=typed.reason
        )
        return _answer(grid, model, opened, typed, desired, outcome, rule)


def _live(grid: FleetGrid, opened: Opened, page_size: int) -> tuple[list[Component], str]:
    camera, model = grid.camera(opened.camera), grid.model(opened.model)
    if opened.kind == "cell" and camera is not None and model is not None:
        now = panel.cell_now(grid, camera.id, model.model_id, change_token(opened.assignment))
        return view.cell_now(now, camera, model), _digest((now, *opened.key))
    if opened.kind == "camera" and camera is not None:
        camera_card = panel.camera_card(grid, camera)
        return view.camera_card(camera_card), _digest(camera_card)
    if opened.kind == "model" and model is not None:
        model_card = panel.model_card(grid, model)
        return view.model_card(model_card, model.model_id, page_size), _digest(model_card)
    absence = status.absence(grid.snapshot)
    text = f"{absence[0].upper()}{absence[1:]}."
    return [view.text_message(text, trouble=True)], _digest(text)


def _digest(card: object) -> str:
    return hashlib.blake2b(orjson.dumps(card), digest_size=8).hexdigest()


def _form(
    grid: FleetGrid,
    model: AiModel,
    assignment: Assignment | None,
    rule: ReasonRule,
    typed: _Typed | None = None,
    errors: dict[str, str] | None = None,
    field_errors: dict[str, str] | None = None,
) -> list[Component]:
    """The form for the cell; `typed` keeps what stands in it."""
    parameters = build_form(model.config_schema, assignment.parameters if assignment else None)
    text = panel.intent_text(assignment)
    is_open = assignment is not None or open_for_new(model, grid.snapshot)
    reason = ""
    if typed is not None:
        parameters = with_submitted(parameters, typed.parameters, field_errors or {})
        text, reason = typed.intent, typed.reason
    parts: list[Component] = [
        view.intent_form(text, errors or {}, open_for_new=is_open),
        parameter_form(parameters),
    ]
    if rule != "off":
        parts.append(view.reason_field(reason, errors or {}, needed=rule == "required"))
    return parts


def _choice(clicks: Sequence[object]) -> str | None:
    """Which way out of a conflict was chosen; None: the Save button."""
    trigger = ctx.triggered_id
    if trigger == ids.PANEL_SAVE:
        return None
    if not any(clicks):
        # The buttons were drawn, not pressed.
        raise PreventUpdate
    choice = trigger.get("choice") if trigger else None
    return choice if choice in ("mine", "theirs") else None


def _conflict(earlier: object, key: CellKey) -> Opened | None:
    """What the VAS held when the last save of this cell met a conflict."""
    if not isinstance(earlier, dict) or earlier.get("key") != list(key):
        return None
    if "conflict" not in earlier:
        return None
    return checked(OPENED, {"kind": "cell", "assignment": earlier["conflict"]})


def _typed(values: object, names: object, field_values: object, fields: object) -> _Typed:
    def pairs(ids_: object, texts: object) -> list[tuple[Any, object]]:
        known = checked(FIELD_IDS, ids_)
        if not isinstance(texts, list) or len(texts) != len(known):
            raise PreventUpdate
        return list(zip(known, texts, strict=True))

    def text(value: object) -> str:
        return value[:_TEXT_LIMIT] if isinstance(value, str) else ""

    intent = {field.name: text(value) for field, value in pairs(names, values)}
    return _Typed(
        panel.IntentText(
            intent.get("intent", ""), intent.get("fps", ""), intent.get("priority", "")
        ),
        {field.path: value for field, value in pairs(fields, field_values)},
        intent.get("reason", ""),
    )


def _taken(
    grid: FleetGrid, model: AiModel, opened: Opened, current: Assignment | None, rule: ReasonRule
) -> tuple[Any, ...]:
    """The form with what the VAS holds, instead of what was typed."""
    return (
        _form(grid, model, current, rule),
        view.text_message("Now as the VAS has it."),
        _reopened(opened, current),
        {"key": [opened.camera, opened.model], "ok": True},
    )


def _reopened(opened: Opened, current: Assignment | None) -> dict[str, Any]:
    return {
        "kind": "cell",
        "camera": opened.camera,
        "model": opened.model,
        "assignment": assignment_json(current),
    }


def _answer(
    grid: FleetGrid,
    model: AiModel,
    opened: Opened,
    typed: _Typed,
    desired: CellIntent | None,
    outcome: Outcome,
    rule: ReasonRule,
) -> tuple[Any, ...]:
    """What the panel says of an outcome; what was typed stays unless it was saved."""
    key = CellKey(opened.camera, opened.model)
    result: dict[str, Any] = {"key": list(key), "ok": False}
    keep = _form(grid, model, opened.assignment, rule, typed)
    agrees = same_intent(outcome.after.intent if outcome.after else None, desired)
    text = sentence(outcome_text(outcome))
    match outcome.result:
        case CellResult.APPLIED:
            return _saved(grid, model, opened, outcome.after, text, rule)
        case CellResult.UNCHANGED:
            return _saved(grid, model, opened, outcome.after, _NOTHING_TO_SAVE, rule)
        case CellResult.CONFLICT if agrees:
            return _saved(grid, model, opened, outcome.after, _NOTHING_TO_SAVE, rule)
        case CellResult.CONFLICT | CellResult.OVERWRITTEN:
            current = outcome.after
            result |= {"conflict": assignment_json(current)} | {"learned": [learned(key, current)]}
            stored = outcome.result is CellResult.OVERWRITTEN
            message = view.conflict_message(
                _said(current), _desired_lines(desired), after_write=stored
            )
            return keep, message, no_update, result
        case _:
            result |= {"learned": learned_of(key, opened.assignment, outcome)}
    return keep, view.text_message(text, trouble=True), no_update, result


def _saved(
    grid: FleetGrid,
    model: AiModel,
    opened: Opened,
    assignment: Assignment | None,
    text: str,
    rule: ReasonRule,
) -> tuple[Any, ...]:
    result = {"key": [opened.camera, opened.model], "ok": True} | {
        "learned": [learned(CellKey(opened.camera, opened.model), assignment)]
    }
    return (
        _form(grid, model, assignment, rule),
        view.text_message(text),
        _reopened(opened, assignment),
        result,
    )


def _said(assignment: Assignment | None) -> list[str]:
    if assignment is None:
        return ["not assigned"]
    return labels.assignment_text(assignment).split("\n")


def _desired_lines(desired: CellIntent | None) -> list[str]:
    return ["not assigned"] if desired is None else labels.intent_text(desired).split("\n")
