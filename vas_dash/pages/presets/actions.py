"""What is done with presets in the side panel, one thing at a time."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from dash import no_update
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from vas_dash.changes.permissions import NOT_YOURS
from vas_dash.domain.entities import AiModel, Assignment
from vas_dash.domain.presets import (
    Preset,
    PresetEdit,
    PresetValues,
    current_presets,
    named,
    usage,
)
from vas_dash.domain.text import count, cut
from vas_dash.errors import PresetError
from vas_dash.fleet.table import open_for_new
from vas_dash.pages.arguments import Opened, assignment_json
from vas_dash.pages.context import Context
from vas_dash.pages.digest import digest
from vas_dash.pages.draft.model import handle_of
from vas_dash.pages.form.model import read_form
from vas_dash.pages.form.values import Submitted, text_of
from vas_dash.pages.grid.model import FleetGrid
from vas_dash.pages.panel import model as panel
from vas_dash.pages.panel.saving import base_of, form_of, intent_in
from vas_dash.pages.parts import message
from vas_dash.pages.presets import model as presets
from vas_dash.pages.presets import view
from vas_dash.pages.presets.arguments import PresetAct
from vas_dash.pages.selection.callbacks import add_to_draft

__all__ = ["Acting", "Answer"]


@dataclass(frozen=True)
class Answer:
    """What is drawn anew; what is left out stays."""

    form: Any = no_update
    message: Any = no_update
    kept: bool = False
    draft: Any = no_update
    panel_form: Any = no_update
    panel_message: Any = no_update
    opened: Any = no_update

    def outputs(self, asked: PresetAct) -> tuple[Any, ...]:
        """Those of the callback."""
        done = {"do": asked.do, "kept": self.kept, "n": secrets.token_hex(4)}
        panel_parts = (self.panel_form, self.panel_message, self.opened)
        return self.form, self.message, done, self.draft, *panel_parts


class Acting:
    """One thing that is done with presets in the panel."""

    def __init__(
        self,
        context: Context,
        grid: FleetGrid,
        opened: Opened,
        model: AiModel,
        asked: PresetAct,
        typed: Submitted,
    ) -> None:
        self._context = context
        self._grid = grid
        self._opened = opened
        self._model = model
        self._asked = asked
        self._typed = typed
        self._versions: Sequence[Preset] = ()

    def answer(self) -> Answer:
        """Do it.

        Raises:
            JournalError: the journal cannot be used; nothing was done.
            NotAllowedError: a viewer.
        """
        asked = self._asked
        self._versions = self._context.presets.versions()
        if asked.do in ("open", "close"):
            return Answer(self._form(), [])
        if asked.do == "name":
            mine = presets.of_model(self._versions, self._model.model_id)
            return Answer(view.name_form(mine), [])
        if asked.do == "keep":
            return self._keep()
        chosen = self._chosen()
        if chosen is None:
            gone = message("Nothing was done: this preset is not there any more.", error=True)
            return Answer(self._form(), [gone])
        match asked.do:
            case "fill":
                return self._filled(chosen)
            case "change":
                return self._change(chosen)
            case "rename":
                return Answer(view.rename_form(chosen, chosen.name), [])
            case "remove":
                return Answer(view.remove_form(chosen), [])
            case "renamed":
                return self._rename(chosen)
            case "removed":
                return self._remove(chosen)
        return self._bring(chosen)

    def _chosen(self) -> Preset | None:
        """The newest version of the preset that is spoken of."""
        return next(
            (
                one
                for one in current_presets(self._versions)
                if (one.id, one.model_id) == (self._asked.preset, self._model.model_id)
            ),
            None,
        )

    def _seen(self, chosen: Preset) -> Preset:
        """The version that the operator has looked at."""
        wanted = (chosen.id, self._asked.version)
        found = [one for one in self._versions if (one.id, one.version) == wanted]
        if not found:
            raise PreventUpdate
        return found[0]

    def _form(self) -> list[Component]:
        if self._opened.kind != "cell":
            return []
        can_fill = self._opened.assignment is not None
        can_fill = can_fill or open_for_new(self._model, self._grid.snapshot)
        mine = presets.of_model(self._versions, self._model.model_id)
        return view.cell_form(mine, can_fill=can_fill)

    def _save(self, edit: PresetEdit) -> str | None:
        """Keep one preset; why it was not kept, if so. What there is now is known then."""
        by, fleet = self._context.permissions, self._grid.snapshot
        try:
            made = self._context.presets.keep([edit], by, fleet)
        except PresetError as error:
            self._versions = self._context.presets.versions()
            return error.reason
        self._versions = (*self._versions, *made)
        return None

    # What stands in the form of a cell.

    def _values(self) -> PresetValues | Answer:
        """Those that stand in the form; or the form, with what is wrong in it."""
        base, model = base_of(self._opened), self._model
        form = read_form(model.config_schema, base.parameters if base else None, self._typed)
        text = replace(intent_in(self._typed), intent=panel.ON)
        intent, errors = panel.read_intent(text, form.parameters, base)
        errors |= form.errors
        if intent is not None and not errors:
            return PresetValues.of(intent)
        rule = self._context.settings.reason
        drawn = form_of(self._grid, model, base, rule, self._typed, errors)
        text_ = "Not kept: see the fields below."
        return Answer(message=[message(text_, error=True)], panel_form=drawn)

    def _keep(self) -> Answer:
        values = self._values()
        if isinstance(values, Answer):
            return values
        model_id, name = self._model.model_id, self._asked.name
        found = named(current_presets(self._versions), model_id, name)
        if found is not None:
            return self._question(found, values)
        failed = self._save(PresetEdit(model_id, name, values))
        if failed is not None:
            return Answer(message=[_failed(failed)])
        told = message(f"Kept as {cut(' '.join(name.split()))}.")
        return Answer(self._form(), [told], kept=True)

    def _question(self, found: Preset, values: PresetValues, why: str | None = None) -> Answer:
        asked = presets.question(self._versions, self._grid, found, values)
        said = [] if why is None else [_failed(why)]
        return Answer(message=[*said, *view.question_form(asked)])

    def _change(self, chosen: Preset) -> Answer:
        values = self._values()
        if isinstance(values, Answer):
            return values
        seen = self._seen(chosen)
        if digest(values) != self._asked.values:  # something else was typed since the question
            return self._question(chosen, values)
        failed = self._save(replace(PresetEdit.of(seen), values=values))
        if failed is not None:
            newest = self._chosen()
            if newest is not None and newest.version != self._asked.version:
                return self._question(newest, values, failed)
            return Answer(message=[_failed(failed)])
        told: list[Component] = [message(f"{cut(chosen.name)} is changed.")]
        return Answer(self._form(), [*told, *self._left_behind(chosen)], kept=True)

    def _left_behind(self, preset: Preset) -> list[Component]:
        """How many cameras hold what it was before."""
        found = usage(self._versions, preset.model_id, self._grid.snapshot).get(preset.id)
        return view.following(len(found.following), preset) if found and found.following else []

    def _filled(self, preset: Preset) -> Answer:
        """The cell's form with the values of a preset; nothing is sent."""
        held, values = self._opened.assignment, preset.values
        now = datetime.now(UTC)
        key = self._opened.key
        base = held or Assignment("", *key, True, None, None, None, now, None)
        base = replace(
            base,
            desired_fps=values.desired_fps,
            priority=values.priority,
            parameters=values.parameters,
        )
        shown = panel.intent_text(base)
        intent = text_of(self._typed, "intent")
        typed = {
            "intent": panel.ON if intent in ("", panel.UNASSIGNED) else intent,
            "fps": shown.fps,
            "priority": shown.priority,
            "reason": text_of(self._typed, "reason"),
        }
        opened = {
            "kind": "cell",
            "camera": key.camera_id,
            "model": key.model_id,
            "assignment": assignment_json(held),
            "filled": assignment_json(base),
        }
        text = f"Filled in from {cut(preset.name)}. Nothing is sent before you save."
        rule = self._context.settings.reason
        return Answer(
            panel_form=form_of(self._grid, self._model, base, rule, typed),
            panel_message=[message(text)],
            opened=opened,
        )

    # What is done in the panel of a model.

    def _rename(self, chosen: Preset) -> Answer:
        name = self._asked.name
        failed = self._save(replace(PresetEdit.of(self._seen(chosen)), name=name))
        if failed is not None:
            newest = self._chosen()
            form = view.rename_form(newest, name) if newest is not None else []
            return Answer(form, [_failed(failed)])
        told = f"{cut(chosen.name)} is now called {cut(' '.join(name.split()))}."
        return Answer(self._form(), [message(told)], kept=True)

    def _remove(self, chosen: Preset) -> Answer:
        failed = self._save(replace(PresetEdit.of(self._seen(chosen)), removed=True))
        if failed is not None:
            newest = self._chosen()
            form = view.remove_form(newest) if newest is not None else []
            return Answer(form, [_failed(failed)])
        return Answer(self._form(), [message(f"{cut(chosen.name)} is removed.")], kept=True)

    def _bring(self, chosen: Preset) -> Answer:
        """Draft the values of today for the cells that hold earlier ones."""
        by, fleet = self._context.permissions, self._grid.snapshot
        found = usage(self._versions, chosen.model_id, fleet)[chosen.id].following
        mine = found
        if not by.everywhere:
            cameras = by.cameras(fleet)
            mine = [key for key in found if key.camera_id in cameras]
        desired = dict.fromkeys(mine, chosen.values.desired())
        draft, _, told = add_to_draft(self._context, self._grid, self._asked.draft.id, desired)
        if len(mine) < len(found):
            others = count(len(found) - len(mine), "camera")
            told.append(message(f"{others} with earlier values: {NOT_YOURS}.", error=True))
        return Answer(message=told, draft=handle_of(draft))


def _failed(reason: str) -> Component:
    return message(f"Not kept: {reason}.", error=True)
