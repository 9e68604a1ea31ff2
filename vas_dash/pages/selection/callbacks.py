"""The selection: the cells that a filter finds, and what is done with the selected ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from dash import ALL, Dash, Input, Output, State, no_update
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from vas_dash.changes.drafting import MOST_CHANGES
from vas_dash.domain.changes import ChangeSet, DesiredChange
from vas_dash.domain.entities import CellKey
from vas_dash.domain.presets import Preset, current_presets
from vas_dash.domain.records import Draft
from vas_dash.domain.text import cut
from vas_dash.errors import JournalError, NotAllowedError
from vas_dash.fleet.query import parse_query
from vas_dash.fleet.table import location_of
from vas_dash.pages import ids
from vas_dash.pages.arguments import (
    ACTION,
    FINDING,
    BulkAction,
    Group,
    checked,
    checked_recent,
    typed_in,
)
from vas_dash.pages.browser import in_browser
from vas_dash.pages.context import Context
from vas_dash.pages.draft import model as drafted
from vas_dash.pages.draft.callbacks import cell_name
from vas_dash.pages.form.values import text_of
from vas_dash.pages.form.view import control_id
from vas_dash.pages.grid.model import FleetGrid
from vas_dash.pages.parts import message
from vas_dash.pages.presets import model as presets
from vas_dash.pages.presets import view as presets_view
from vas_dash.pages.selection import copying, view
from vas_dash.pages.selection import model as bulk
from vas_dash.pages.selection.known import known_parameters
from vas_dash.pages.selection.reading import read_form
from vas_dash.pages.selection.report import report as report_of

_UNKEPT = "Nothing was drafted: {}."
_WISHES = {
    "on": DesiredChange(enabled=True),
    "off": DesiredChange(enabled=False),
    "remove": DesiredChange(remove=True),
}
_NOTHING = "Nothing is selected."
_NO_PRESET = "No preset of these models yet: open a cell, and keep what it holds as one."
_MOST_CELLS = MOST_CHANGES
_TYPED = [
    State({"type": form, "name": ALL}, what)
    for form in (ids.BULK_HOW, ids.BULK_VALUE)
    for what in ("value", "id")
]
"""What stands in the open form."""
_TOO_MANY = f"More than {_MOST_CELLS:,} cells are selected: nothing was drafted."


def register(app: Dash, context: Context) -> None:
    """Register the callbacks of the selection."""
    for name, store in (
        ("changed", ids.SELECTION),
        ("found", ids.FOUND_CELLS),
        ("acted", ids.ACTED),
    ):
        in_browser(app, f"vas_selection.{name}", Input(store, "data"))
    in_browser(app, "vas_form.bulk", Input(ids.BULK_FORM, "children"), at_start=False)
    _register_find(app, context)
    _register_act(app, context)
    _register_reshape(app, context)
    _register_cameras(app, context)


def _register_find(app: Dash, context: Context) -> None:
    @app.callback(
        Output(ids.FOUND_CELLS, "data"),
        Input(ids.FIND_CELLS, "data"),
        State(ids.URL, "search"),
        State(ids.RECENT, "data"),
        prevent_initial_call=True,
    )
    def find(what: object, search: object, recent: object) -> dict[str, Any]:
        """The cells of every camera that matches the filter, over all pages."""
        finding = checked(FINDING, what)
        grid = context.grid(checked_recent(recent))
        query = parse_query(search)
        models = [model.model_id for model in grid.shown_models(query)]
        if finding.model:
            models = [finding.model] if grid.model(finding.model) else []
        cameras = [
            camera.id
            for camera in grid.select(query).cameras
            if finding.location in (None, location_of(camera))
        ]
        return {"n": finding.n, "model": finding.model, "models": models, "cameras": cameras}


def _register_act(app: Dash, context: Context) -> None:
    @app.callback(
        Output(ids.DRAFT, "data", allow_duplicate=True),
        Output(ids.BULK, "hidden"),
        Output(ids.BULK_TITLE, "children"),
        Output(ids.BULK_FORM, "children"),
        Output(ids.BULK_MESSAGE, "children"),
        Output(ids.ACTED, "data"),
        Input(ids.ACT, "data"),
        State(ids.RECENT, "data"),
        *_TYPED,
        prevent_initial_call=True,
    )
    def act(what: object, recent: object, *typed: object) -> tuple[Any, ...]:
        """Draft a desired change for every selected cell, or open the form that says which."""
        action = checked(ACTION, what)
        grid = context.grid(checked_recent(recent))
        try:
            return _Acting(context, grid, action).answer(_typed(*typed))
        except (JournalError, NotAllowedError) as error:
            return _said(_UNKEPT.format(error.reason), action)


def _register_reshape(app: Dash, context: Context) -> None:
    @app.callback(
        Output(ids.BULK_FORM, "children", allow_duplicate=True),
        Input(ids.BULK_RESHAPE, "data"),
        State(ids.RECENT, "data"),
        *_TYPED,
        prevent_initial_call=True,
    )
    def reshape(what: object, recent: object, *typed: object) -> list[Component]:
        """The form as it was typed, with the rows and the forms of values chosen in it."""
        grid = context.grid(checked_recent(recent))
        try:
            return _Acting(context, grid, checked(ACTION, what)).edit_form(_typed(*typed))
        except JournalError as error:
            raise PreventUpdate from error


def _register_cameras(app: Dash, context: Context) -> None:
    @app.callback(
        Output(ids.BULK_CAMERAS, "children"),
        Input(control_id(ids.BULK_VALUE, view.CAMERA), "value"),
        State(ids.RECENT, "data"),
        prevent_initial_call=True,
    )
    def cameras(text: object, recent: object) -> list[Component]:
        """Cameras whose names hold what is typed."""
        if not isinstance(text, str):
            raise PreventUpdate
        grid = context.grid(checked_recent(recent))
        return view.camera_options(copying.cameras_like(grid, text[:200]))


def add_to_draft(
    context: Context,
    grid: FleetGrid,
    draft_id: str,
    desired_changes: Mapping[CellKey, DesiredChange],
) -> tuple[Draft, ChangeSet, list[Component]]:
    """Plan into the draft; the draft, what it came to, and that in words.

    Raises:
        JournalError: the draft cannot be kept.
        NotAllowedError: a viewer.
    """
    draft, planned = context.drafting.add(
        draft_id, context.permissions, grid.snapshot, desired_changes
    )
    blocked = [(cell_name(grid, one.key), drafted.why_blocked(one)) for one in planned.blocked]
    report = report_of(len(desired_changes), len(planned.changes), blocked)
    return draft, planned, view.told(report, f"{context.settings.prefix}review")


class _Acting:
    """One action on the selected cells."""

    def __init__(self, context: Context, grid: FleetGrid, action: BulkAction) -> None:
        self._context = context
        self._grid = grid
        self._action = action
        self._by = context.permissions

    def answer(self, typed: bulk.Typed) -> tuple[Any, ...]:
        """The outputs of the callback."""
        action = self._action
        if not any(group.cameras and group.models for group in action.cells):
            return _said(_NOTHING, action)
        if sum(len(group.cameras) * len(group.models) for group in action.cells) > _MOST_CELLS:
            return _said(_TOO_MANY, action)
        match action.do:
            case "edit":
                return _opened("Edit the selected cells", self.edit_form(), action)
            case "copy":
                camera = self._grid.camera(action.camera)
                name = self._unique_name(action.camera) if camera else ""
                return _opened("Copy to the selected cameras", view.copy_form(name, None), action)
            case "preset":
                return self._preset_form(self._context.presets.versions())
            case "save" if view.CAMERA in typed.value:
                return self._copy(text_of(typed.value, view.CAMERA))
            case "save" if presets_view.PRESET in typed.value:
                return self._preset(typed)
            case "save":
                return self._edit(typed)
            case _:
                return self._add(dict.fromkeys(_keys(action.cells), _WISHES[action.do]))

    def _unique_name(self, camera_id: str) -> str:
        camera = self._grid.camera(camera_id)
        name = camera.title if camera else camera_id
        return name if copying.find_camera(self._grid, name)[0] == camera_id else camera_id

    def edit_form(
        self, typed: bulk.Typed | None = None, errors: Mapping[str, str] | None = None
    ) -> list[Component]:
        """Every property of the selected cells, as it was typed."""
        draft = self._context.drafting.load(self._action.draft.id, self._by)
        keys = _keys(self._action.cells)
        return view.edit_form(bulk.build_form(self._grid, draft, keys, typed, errors))

    def _edit(self, typed: bulk.Typed) -> tuple[Any, ...]:
        keys = _keys(self._action.cells)
        desired, errors = read_form(typed, known_parameters(self._grid, keys, typed.value))
        if errors:
            told = message(errors.get("", "Not drafted: see the fields above."), error=True)
            form = self.edit_form(typed, errors)
            return no_update, False, no_update, form, told, _done(self._action)
        answer = self._add(dict.fromkeys(keys, desired))
        if answer[-1]["ok"]:
            return answer
        # Every cell refuses it: what was typed stays, to be mended.
        facts, _, _, _, told, done = answer
        return facts, False, no_update, self.edit_form(typed), told, done

    def _preset_form(self, versions: Sequence[Preset], **said: Any) -> tuple[Any, ...]:
        keys = _keys(self._action.cells)
        form = presets.apply_form(self._grid, versions, keys, **said)
        if form is None:
            told = message(_NO_PRESET, error=True)
            return no_update, True, no_update, [], told, _done(self._action)
        parts = presets_view.apply_form(form)
        if form.error is None:
            return _opened("Apply a preset to the selected cells", parts, self._action)
        told = message("Not drafted: see the field above.", error=True)
        return no_update, False, no_update, parts, told, _done(self._action)

    def _preset(self, typed: bulk.Typed) -> tuple[Any, ...]:
        versions = self._context.presets.versions()
        number = text_of(typed.value, presets_view.PRESET)
        turn = text_of(typed.value, presets_view.TURN) or presets.TURN_ON
        chosen = next((one for one in current_presets(versions) if str(one.id) == number), None)
        if chosen is None:
            gone = "this preset is not there any more: choose another"
            why = "choose one" if number == presets_view.NONE else gone
            return self._preset_form(versions, turn=turn, error=why)
        draft = self._context.drafting.load(self._action.draft.id, self._by)
        keys = _keys(self._action.cells)
        return self._add(presets.chosen_changes(self._grid, draft, chosen, keys, turn))

    def _copy(self, text: str) -> tuple[Any, ...]:
        camera_id, error = copying.find_camera(self._grid, text)
        if camera_id is None:
            form = view.copy_form(text, error)
            told = message("Not drafted: see the field above.", error=True)
            return no_update, False, no_update, form, told, _done(self._action)
        source = copying.copied(self._grid, camera_id)
        targets = {camera for group in self._action.cells for camera in group.cameras}
        desired_changes = {
            CellKey(camera, model_id): desired
            for camera in sorted(targets - {camera_id})
            for model_id, desired in source.desired_changes.items()
        }
        note = None
        if source.unknown:
            left_out = ", ".join(cut(title, 80) for title in source.unknown[:10])
            note = f"Left out, since they are unknown there: {left_out}."
        return self._add(desired_changes, note)

    def _add(
        self, desired_changes: Mapping[CellKey, DesiredChange], note: str | None = None
    ) -> tuple[Any, ...]:
        draft_id = self._action.draft.id
        draft, planned, told = add_to_draft(self._context, self._grid, draft_id, desired_changes)
        if note:
            told.append(message(note, error=True))
        done = _done(self._action, ok=bool(planned.changes) or not planned.blocked)
        return drafted.handle_of(draft), True, no_update, [], told, done


def _typed(hows: object, how_ids: object, values: object, value_ids: object) -> bulk.Typed:
    return bulk.Typed(typed_in(hows, how_ids), typed_in(values, value_ids))


def _said(error: str, action: BulkAction) -> tuple[Any, ...]:
    told = message(error, error=True)
    return no_update, no_update, no_update, no_update, told, _done(action)


def _opened(title: str, form: list[Component], action: BulkAction) -> tuple[Any, ...]:
    return no_update, False, title, form, [], _done(action, ok=True)


def _done(action: BulkAction, *, ok: bool = False) -> dict[str, Any]:
    return {"do": action.do, "ok": ok, "n": action.n}


def _keys(groups: Iterable[Group]) -> list[CellKey]:
    keys = {
        CellKey(camera, model): None
        for group in groups
        for camera in group.cameras
        for model in group.models
    }
    return list(keys)
