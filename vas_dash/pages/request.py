"""Whether a request is a callback that Dash can answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

__all__ = ["is_callback"]


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class _Property(_Body):
    """One property of one component, with its value or without."""

    id: str | dict[str, str | int | float | bool]
    property: str

    def is_(self, component: str, name: str) -> bool:
        """Whether it is that property."""
        return self.id == component and self.property == name


class _Request(_Body):
    """What Dash takes for granted of a request that is a callback."""

    output: str
    outputs: _Property | list[_Property]
    inputs: list[_Property | list[_Property]]
    state: list[_Property | list[_Property]] = Field(default_factory=list)
    changed: list[str] = Field(default_factory=list, alias="changedPropIds")


def is_callback(body: object, callbacks: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether the body of a request calls one of Dash's `callback_map`, with all its arguments."""
    try:
        request = _Request.model_validate(body)
    except (ValidationError, RecursionError):
        return False
    callback = callbacks.get(request.output)
    if callback is None or request.output.startswith("..") != isinstance(request.outputs, list):
        return False
    outputs = request.outputs if isinstance(request.outputs, list) else [request.outputs]
    named = [part.rpartition(".") for part in request.output.strip(".").split("...")]
    return (
        _are(outputs, [(component, name) for component, _, name in named])
        and _are(request.inputs, [(one["id"], one["property"]) for one in callback["inputs"]])
        and _are(request.state, [(one["id"], one["property"]) for one in callback["state"]])
    )


def _are(given: Sequence[_Property | list[_Property]], wanted: Sequence[tuple[str, str]]) -> bool:
    """Whether the properties are those wanted, in this order; patterns stand for any number."""
    return len(given) == len(wanted) and all(
        component.startswith("{") or (not isinstance(one, list) and one.is_(component, name))
        for one, (component, name) in zip(given, wanted, strict=True)
    )
