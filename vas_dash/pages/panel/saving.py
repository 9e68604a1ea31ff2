"""Saving a cell from the side panel: what was typed, what is wrong with it, what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from dash import no_update
from dash.development.base_component import Component

from vas_dash.changes.labels import outcome_text
from vas_dash.changes.operations import ReasonRule
from vas_dash.domain.changes import same_intent
from vas_dash.domain.entities import AiModel, Assignment, CellIntent, CellKey
from vas_dash.domain.records import CellResult, Outcome
from vas_dash.domain.text import cut, sentence
from vas_dash.fleet.table import open_for_new
from vas_dash.pages import ids, labels
from vas_dash.pages.arguments import (
    OPENED,
    Opened,
    assignment_json,
    checked,
    learned,
    learned_of,
)
from vas_dash.pages.context import Context
from vas_dash.pages.form.model import build_form, read_form, with_submitted
from vas_dash.pages.form.values import Submitted, text_of
from vas_dash.pages.form.view import parameter_form
from vas_dash.pages.grid import status
from vas_dash.pages.grid.model import FleetGrid
from vas_dash.pages.panel import model as panel
from vas_dash.pages.panel import view
from vas_dash.pages.parts import message

_MESSAGE_CHARS = 4000
_NOTHING_TO_SAVE = "Nothing to save: the VAS has it already."


def form_of(
    grid: FleetGrid,
    model: AiModel,
    assignment: Assignment | None,
    rule: ReasonRule,
    typed: Submitted | None = None,
    errors: Mapping[str, str] = MappingProxyType({}),
) -> list[Component]:
    """The form for the cell; `typed` keeps what stands in it, by the names of its fields."""
    held = assignment.parameters if assignment else None
    parameters = build_form(model.config_schema, held, typed)
    text = panel.intent_text(assignment)
    is_open = assignment is not None or open_for_new(model, grid.snapshot)
    reason = ""
    if typed is not None:
        parameters = with_submitted(parameters, typed, errors)
        text, reason = intent_in(typed), text_of(typed, "reason")
    parts: list[Component] = [
        view.intent_form(text, errors, open_for_new=is_open),
        parameter_form(parameters, ids.PANEL_FIELD),
    ]
    if rule != "off":
        parts.append(view.reason_field(reason, errors.get("reason"), needed=rule == "required"))
    return parts


def intent_in(typed: Submitted) -> panel.IntentText:
    """The upper part of the form as it was typed."""
    return panel.IntentText(*(text_of(typed, name) for name in ("intent", "fps", "priority")))


def conflict_of(earlier: object, key: CellKey) -> Opened | None:
    """What the VAS held when the last save of this cell met a conflict."""
    if not isinstance(earlier, dict) or earlier.get("key") != list(key):
        return None
    if "conflict" not in earlier:
        return None
    return checked(OPENED, {"kind": "cell", "assignment": earlier["conflict"]})


def base_of(opened: Opened) -> Assignment | None:
    """What the fields of the form were made of."""
    return opened.filled or opened.assignment


def not_known(grid: FleetGrid, opened: Opened) -> tuple[Any, ...]:
    """Its camera or its model is not there."""
    text = f"Not saved, nothing was sent: {status.absence(grid.snapshot)}."
    result = {"key": [opened.camera, opened.model], "ok": False}
    return no_update, message(text, error=True), no_update, result


def take_theirs(
    context: Context, grid: FleetGrid, opened: Opened, current: Assignment | None
) -> tuple[Any, ...]:
    """The form with what the VAS holds, instead of what was typed."""
    return (
        form_of(grid, _model(grid, opened), current, context.settings.reason),
        message("Now as the VAS has it."),
        _reopened(opened, current),
        {"key": [opened.camera, opened.model], "ok": True},
    )


def save_typed(
    context: Context,
    grid: FleetGrid,
    opened: Opened,
    against: Assignment | None,
    typed: Submitted,
    until: float,
) -> tuple[Any, ...]:
    """Save what was typed, if the cell still is `against`; or say what is wrong with it."""
    base, model, rule = base_of(opened), _model(grid, opened), context.settings.reason
    form = read_form(model.config_schema, base.parameters if base else None, typed)
    desired, errors = panel.read_intent(intent_in(typed), form.parameters, base)
    errors |= {} if desired is None else form.errors
    reason = text_of(typed, "reason")
    if rule == "required" and not reason.strip():
        errors["reason"] = "a reason is needed"
    if desired is not None and against is None and not open_for_new(model, grid.snapshot):
        errors["intent"] = labels.NOT_FOR_NEW
    if errors:
        return (
            form_of(grid, model, base, rule, typed, errors),
            message("Not saved: see the fields above.", error=True),
            no_update,
            {"key": list(opened.key), "ok": False},
        )
    outcome = context.writer.save(
        opened.key, against, desired, until, by=context.permissions, why=reason
    )
    return _answer(grid, model, opened, typed, desired, outcome, rule)


def _model(grid: FleetGrid, opened: Opened) -> AiModel:
    model = grid.model(opened.model)
    assert model is not None
    return model


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
    typed: Submitted,
    desired: CellIntent | None,
    outcome: Outcome,
    rule: ReasonRule,
) -> tuple[Any, ...]:
    """What the panel says of an outcome; what was typed stays unless it was saved."""
    key = CellKey(opened.camera, opened.model)
    result: dict[str, Any] = {"key": list(key), "ok": False}
    keep = form_of(grid, model, base_of(opened), rule, typed)
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
            both = view.conflict_message(
                _said(current), _desired_lines(desired), after_write=stored
            )
            return keep, both, no_update, result
        case _:
            result |= {"learned": learned_of(key, opened.assignment, outcome)}
    return keep, message(cut(text, _MESSAGE_CHARS), error=True), no_update, result


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
        form_of(grid, model, assignment, rule),
        message(text),
        _reopened(opened, assignment),
        result,
    )


def _said(assignment: Assignment | None) -> list[str]:
    if assignment is None:
        return ["not assigned"]
    return labels.assignment_text(assignment).split("\n")


def _desired_lines(desired: CellIntent | None) -> list[str]:
    return ["not assigned"] if desired is None else labels.intent_text(desired).split("\n")
