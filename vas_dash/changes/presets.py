"""Presets: kept in the journal, by whoever may change intent. Nothing is sent because of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from vas_dash.changes.checks import check
from vas_dash.changes.permissions import Permissions
from vas_dash.domain.changes import CellChange, Problem
from vas_dash.domain.entities import AiModel, CellIntent, CellKey
from vas_dash.domain.fleet import FleetSnapshot
from vas_dash.domain.presets import (
    Preset,
    PresetEdit,
    PresetValues,
    current_presets,
    named,
    preset_name,
)
from vas_dash.errors import PresetError
from vas_dash.journal import Journal

__all__ = ["MOST_PRESETS", "Presets", "value_problems"]

MOST_PRESETS = 100
"""A model has no more of them: they are chosen from a list."""


class Presets:
    """Every method raises JournalError when the journal cannot be used."""

    def __init__(self, journal: Journal) -> None:
        self._table = journal.presets

    def versions(self) -> tuple[Preset, ...]:
        """Every version of every preset."""
        return self._table.versions()

    def begin_with(self, values: Mapping[str, PresetValues], who: str) -> None:
        """Keep a preset "Standard" of each model, where no preset was ever kept."""
        now = datetime.now(UTC)

        def first(there: tuple[Preset, ...]) -> list[Preset]:
            made = enumerate(() if there else values.items(), start=1)
            return [
                Preset(number, 1, model_id, "Standard", of, who, now)
                for number, (model_id, of) in made
            ]

        self._table.add(first)

    def keep(
        self, edits: Sequence[PresetEdit], by: Permissions, fleet: FleetSnapshot
    ) -> tuple[Preset, ...]:
        """Make, change or remove presets: all of them, or none.

        Raises:
            NotAllowedError: a viewer.
            PresetError: one cannot be kept so, or was changed by another operator meanwhile.
        """
        by.require_change()
        models = {model.model_id: model for model in fleet.known_models if model.registered}
        for edit in edits:
            _require_values(edit, models.get(edit.model_id))
        now = datetime.now(UTC)

        def added(there: tuple[Preset, ...]) -> list[Preset]:
            made: list[Preset] = []
            for edit in edits:
                made.append(_version(edit, (*there, *made), by.name, now))
            return made

        return self._table.add(added)


def value_problems(
    values: PresetValues, model_id: str, model: AiModel | None
) -> tuple[Problem, ...]:
    """Why no cell of the model could be given these values; `model` None: it is not registered."""
    intent = CellIntent(True, values.desired_fps, values.priority, values.parameters)
    problems = check(CellChange(CellKey("", model_id), None, intent), model)
    return tuple(one for one in problems if one.field != "model")


def _require_values(edit: PresetEdit, model: AiModel | None) -> None:
    if edit.removed or (edit.seen is not None and edit.seen.values.same(edit.values)):
        return
    problems = value_problems(edit.values, edit.model_id, model)
    if problems:
        said = "; ".join(f"{problem.field}: {problem.message}" for problem in problems)
        raise PresetError(f"no cell could have these values: {said}")


def _version(edit: PresetEdit, there: Sequence[Preset], who: str, now: datetime) -> Preset:
    try:
        name = preset_name(edit.name)
    except ValueError as error:
        raise PresetError(str(error)) from None
    current = current_presets(there)
    seen = edit.seen
    if seen is not None:
        newest = [one for one in there if one.id == seen.id][-1]
        if newest.version != seen.version:
            what = "removed" if newest.removed else "changed"
            raise PresetError(f'"{newest.name}" was {what} by {newest.who} meanwhile')
    same = named(current, edit.model_id, name)
    if not edit.removed and same is not None and (seen is None or same.id != seen.id):
        raise PresetError(f'there is a preset "{same.name}" of this model already, by {same.who}')
    if seen is None and sum(one.model_id == edit.model_id for one in current) >= MOST_PRESETS:
        raise PresetError(f"a model has at most {MOST_PRESETS} presets")
    number = seen.id if seen is not None else max((one.id for one in there), default=0) + 1
    version = seen.version + 1 if seen is not None else 1
    return Preset(number, version, edit.model_id, name, edit.values, who, now, edit.removed)
