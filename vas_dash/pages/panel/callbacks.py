"""The side panel: open a cell, a camera or a model; save a cell."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from dash import ALL, Dash, Input, Output, State, ctx
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from vas_dash.domain.text import cut
from vas_dash.pages import ids, labels
from vas_dash.pages.arguments import (
    OPEN_REQUEST,
    OPENED,
    Opened,
    assignment_json,
    checked,
    checked_recent,
    typed_in,
)
from vas_dash.pages.browser import in_browser
from vas_dash.pages.context import SAVE_S, Context
from vas_dash.pages.digest import digest
from vas_dash.pages.grid import status
from vas_dash.pages.grid.model import FleetGrid, change_token
from vas_dash.pages.panel import model as panel
from vas_dash.pages.panel import view
from vas_dash.pages.panel.saving import (
    base_of,
    conflict_of,
    form_of,
    not_known,
    save_typed,
    take_theirs,
)
from vas_dash.pages.parts import message


def register(app: Dash, context: Context) -> None:
    """Register the callbacks of the side panel."""
    in_browser(app, "vas_panel.opened", Input(ids.OPENED, "data"), at_start=False)
    in_browser(app, "vas_panel.result", Input(ids.PANEL_RESULT, "data"), at_start=False)
    in_browser(app, "vas_form.panel", Input(ids.PANEL_FORM, "children"), at_start=False)
    in_browser(
        app,
        "vas_panel.follow",
        Output(ids.LIVE, "data"),
        Input(ids.RENDERED, "data"),
        Input(ids.OPENED, "data"),
        Input(ids.RECENT, "data"),
        State(ids.PANEL, "hidden"),
        at_start=False,
    )
    _register_open(app, context)
    _register_live(app, context)
    _register_reshape(app, context)
    _register_save(app, context)


def _register_open(app: Dash, context: Context) -> None:
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
                form = form_of(grid, model, assignment, context.settings.reason)
                opened |= {"assignment": assignment_json(assignment)}
            case "camera" if camera is not None:
                title, form = cut(camera.title, 80), []
            case "model" if model is not None:
                title, form = cut(model.title, 80), []
            case _:
                raise PreventUpdate
        return title, form, "", open_request.kind != "cell", False, opened


def _register_live(app: Dash, context: Context) -> None:
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


def _register_reshape(app: Dash, context: Context) -> None:
    @app.callback(
        Output(ids.PANEL_FORM, "children", allow_duplicate=True),
        Input(ids.PANEL_RESHAPE, "data"),
        State(ids.OPENED, "data"),
        State(ids.RECENT, "data"),
        State({"type": ids.PANEL_FIELD, "name": ALL}, "value"),
        State({"type": ids.PANEL_FIELD, "name": ALL}, "id"),
        prevent_initial_call=True,
    )
    def reshape(
        _n: object, opened_data: object, recent: object, values: object, names: object
    ) -> list[Component]:
        """The form as it was typed, with the rows and the forms of values chosen in it."""
        opened = checked(OPENED, opened_data)
        grid = context.grid(checked_recent(recent))
        model = grid.model(opened.model)
        if opened.kind != "cell" or model is None:
            raise PreventUpdate
        typed = typed_in(values, names)
        return form_of(grid, model, base_of(opened), context.settings.reason, typed)


def _register_save(app: Dash, context: Context) -> None:
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
    ) -> tuple[Any, ...]:
        """Save the cell as it stands in the form, or resolve a conflict."""
        began = time.monotonic()
        opened = checked(OPENED, opened_data)
        if opened.kind != "cell":
            raise PreventUpdate
        grid = context.grid(checked_recent(recent))
        conflict = conflict_of(earlier, opened.key)
        choice = _choice(choices)
        if grid.camera(opened.camera) is None or grid.model(opened.model) is None:
            return not_known(grid, opened)
        if choice == "theirs" and conflict is not None:
            return take_theirs(context, grid, opened, conflict.assignment)
        against = conflict if choice == "mine" and conflict else opened
        typed = typed_in(values, names)
        return save_typed(context, grid, opened, against.assignment, typed, began + SAVE_S)


def _live(grid: FleetGrid, opened: Opened, page_size: int) -> tuple[list[Component], str]:
    camera, model = grid.camera(opened.camera), grid.model(opened.model)
    if opened.kind == "cell" and camera is not None and model is not None:
        now = panel.cell_now(grid, camera.id, model.model_id, change_token(opened.assignment))
        return view.cell_now(now, camera, model), digest((now, *opened.key))
    if opened.kind == "camera" and camera is not None:
        camera_card = panel.camera_card(grid, camera)
        return view.camera_card(camera_card), digest(camera_card)
    if opened.kind == "model" and model is not None:
        model_card = panel.model_card(grid, model)
        return view.model_card(model_card, model.model_id, page_size), digest(model_card)
    absence = status.absence(grid.snapshot)
    text = f"{absence[0].upper()}{absence[1:]}."
    return [message(text, error=True)], digest(text)


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
