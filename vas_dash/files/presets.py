"""The presets of a file, held against those that are kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from vas_dash.changes.presets import MOST_PRESETS, value_problems
from vas_dash.domain.changes import Problem
from vas_dash.domain.finding import folded
from vas_dash.domain.fleet import FleetSnapshot
from vas_dash.domain.presets import (
    Preset,
    PresetEdit,
    PresetValues,
    current_presets,
    named,
    preset_name,
)
from vas_dash.files.importing import Models, WrongError, read_property, shown
from vas_dash.files.tree import FileIntent, FilePreset, FileProblem, parameter_at

__all__ = ["preset_edits"]


def preset_edits(
    file: FileIntent, snapshot: FleetSnapshot, versions: Sequence[Preset]
) -> tuple[tuple[PresetEdit, ...], list[FileProblem]]:
    """What has to change for the presets to be as the file says, and what is wrong in it.

    What a preset does not name stays as it is, and is not set in a new one. Presets that the file
    does not have are left alone.
    """
    reader = _Reader(snapshot, current_presets(versions))
    edits: list[PresetEdit] = []
    problems: list[FileProblem] = []
    for preset in file.presets:
        try:
            edit = reader.edit(preset)
        except WrongError as error:
            problems.append(FileProblem(*file.place(error.at), str(error)))
            continue
        seen = edit.seen
        if seen is None or seen.name != edit.name or not seen.values.same(edit.values):
            edits.append(edit)
    return tuple(edits), problems


class _Reader:
    """Takes preset after preset of one file."""

    def __init__(self, snapshot: FleetSnapshot, presets: Sequence[Preset]) -> None:
        self._models = Models(snapshot)
        self._presets = presets
        self._names: set[tuple[str, str]] = set()
        self._made = Counter(one.model_id for one in presets)

    def edit(self, preset: FilePreset) -> PresetEdit:
        """What the preset is to become.

        Raises:
            WrongError: it cannot.
        """
        model = self._models.find(preset.model)
        try:
            name = preset_name(preset.name.value)
        except ValueError as error:
            raise WrongError(preset.name.at, str(error)) from None
        if (model.model_id, folded(name)) in self._names:
            raise WrongError(preset.name.at, f"{shown(preset.name)} is named twice")
        self._names.add((model.model_id, folded(name)))
        seen = named(self._presets, model.model_id, name)
        if seen is None:
            self._made[model.model_id] += 1
            if self._made[model.model_id] > MOST_PRESETS:
                raise WrongError(preset.name.at, f"a model has at most {MOST_PRESETS} presets")
        wanted: dict[str, Any] = {
            prop: read_property(prop, node) for prop, node in preset.properties.items()
        }
        values = replace(seen.values if seen is not None else PresetValues(), **wanted)
        if seen is None or not seen.values.same(values):
            registered = model if model.registered else None
            for problem in value_problems(values, model.model_id, registered):
                raise WrongError(_offset(preset, problem), f"{problem.field}: {problem.message}")
        return PresetEdit(model.model_id, name, values, seen)


def _offset(preset: FilePreset, problem: Problem) -> int:
    name, _, path = problem.field.partition(".")
    node = preset.properties.get(name)
    at = parameter_at(preset.properties, path.split(".") if path else (), problem.message)
    if name == "parameters" and at is not None:
        return at
    return preset.at if node is None else node.at
