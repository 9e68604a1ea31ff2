"""Check changes before anything is sent. What fails blocks only its own cell.

Parameters are held against the model's `config_schema` where they change: a cell whose stored
parameters do not fit can still be turned off. What of a schema cannot be checked is not a problem,
since the VAS stores parameters without looking at it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from vas_dash.domain.changes import Blocked, CellChange, ChangeSet, Problem, same_json
from vas_dash.domain.entities import FPS_RANGE, PRIORITY_RANGE, AiModel, Parameters
from vas_dash.domain.fleet import FleetSnapshot
from vas_dash.domain.text import canonical
from vas_dash.schema.problems import Problem as SchemaProblem
from vas_dash.schema.validation import UncheckableError, read_schema

__all__ = ["check", "checked"]

_Validate = Callable[[AiModel, Parameters], tuple[Problem, ...]]


def check(change: CellChange, model: AiModel | None) -> tuple[Problem, ...]:
    """What is wrong with one change. `model` None: the registry does not have it."""
    return _check(change, model, _validate)


def checked(changes: ChangeSet, snapshot: FleetSnapshot) -> ChangeSet:
    """The change set with every change that fails moved to `blocked`.

    While the registry cannot be read in full, no model is called unknown.
    """
    models = {model.model_id: model for model in snapshot.known_models if model.registered}
    registry_known = snapshot.models.is_complete
    memory: dict[tuple[str, str], tuple[Problem, ...]] = {}

    def validate(model: AiModel, parameters: Parameters) -> tuple[Problem, ...]:
        known = (model.model_id, canonical(parameters))
        if known not in memory:
            memory[known] = _validate(model, parameters)
        return memory[known]

    good: list[CellChange] = []
    blocked = list(changes.blocked)
    for change in changes.changes:
        model_id = change.key.model_id
        model = models.get(model_id)
        if model is None and not registry_known:
            model = AiModel(model_id, name=None)
        problems = _check(change, model, validate)
        if problems:
            blocked.append(Blocked(change.key, problems))
        else:
            good.append(change)
    blocked.sort(key=lambda one: one.key)
    return replace(changes, changes=tuple(good), blocked=tuple(blocked))


def _check(change: CellChange, model: AiModel | None, validate: _Validate) -> tuple[Problem, ...]:
    desired, before = change.desired, change.before
    if desired is None:
        return ()
    problems: list[Problem] = []
    if before is None and model is None:
        problems.append(Problem("model", "the VAS has no such model"))
    elif before is None and model is not None and not model.enabled:
        problems.append(Problem("model", "the model is not open to new assignments"))
    if not isinstance(desired.enabled, bool):
        problems.append(Problem("enabled", "must be true or false"))
    if before is None or desired.desired_fps != before.desired_fps:
        problems += _range("desired_fps", desired.desired_fps, FPS_RANGE)
    if before is None or desired.priority != before.priority:
        problems += _range("priority", desired.priority, PRIORITY_RANGE)
    if desired.parameters is not None and (
        before is None or not same_json(desired.parameters, before.parameters)
    ):
        if not isinstance(desired.parameters, Mapping):
            problems.append(Problem("parameters", "must be a JSON object"))
        elif model is not None and model.config_schema:
            problems += validate(model, desired.parameters)
    return tuple(problems)


def _range(name: str, value: Any, limits: tuple[int, int]) -> list[Problem]:
    lowest, highest = limits
    if value is None or (type(value) is int and lowest <= value <= highest):
        return []
    return [Problem(name, f"must be a whole number from {lowest} to {highest}")]


def _validate(model: AiModel, parameters: Parameters) -> tuple[Problem, ...]:
    assert model.config_schema is not None
    try:
        findings = read_schema(model.config_schema).check(parameters)
    except UncheckableError:
        return ()
    return tuple(Problem(_field(problem), problem.message) for problem in findings.problems)


def _field(problem: SchemaProblem) -> str:
    steps = ["parameters", *map(str, problem.path)]
    if problem.missing is not None:
        steps.append(problem.missing)
    return ".".join(steps)
