"""What the panel asks for, of the parameters of all models among the selected cells."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from vas_dash.domain.entities import CellKey
from vas_dash.domain.text import canonical
from vas_dash.pages.form.builder import BeyondAFormError, Builder, top_properties
from vas_dash.pages.form.fields import Field, Group
from vas_dash.pages.form.values import Submitted
from vas_dash.pages.grid.model import FleetGrid
from vas_dash.schema.flatten import flattened

__all__ = ["Known", "known_parameters", "known_properties"]


@dataclass(frozen=True)
class Known:
    """The fields and groups of parameters, by name, each opened with nothing in it.

    `reshaped` are the controls with which other rows or forms were chosen since, and `left` is the
    room for fields of new rows.
    """

    nodes: Mapping[str, Group | Field] = field(default_factory=dict)
    reshaped: tuple[str, ...] = ()
    left: int = 0


def known_parameters(
    grid: FleetGrid, keys: Iterable[CellKey], submitted: Submitted | None = None
) -> Known:
    """The parameters of which the models of the cells ask the same."""
    schemas = []
    for model_id in dict.fromkeys(key.model_id for key in keys):
        model = grid.model(model_id)
        if model is not None and model.config_schema:
            schemas.append(model.config_schema)
    return known_properties(schemas, submitted)


def known_properties(
    schemas: Iterable[Mapping[str, Any]], submitted: Submitted | None = None
) -> Known:
    """The properties of which the schemas ask the same; the first one says how."""
    builder = Builder(submitted)
    first: dict[str, Any] = {}
    nodes: dict[str, Group | Field] = {}
    apart: set[str] = set()
    for schema in schemas:
        for name, one in top_properties(flattened(schema)).items():
            if name not in first:
                first[name] = one
                node = _built(builder, name, one)
                if node is not None:
                    nodes[name] = node
            elif not _asks_same(nodes.get(name), first[name], name, one):
                apart.add(name)
    agreed = {name: node for name, node in nodes.items() if name not in apart}
    return Known(agreed, tuple(builder.reshaped), builder.left)


def _built(builder: Builder, name: str, schema: Any) -> Group | Field | None:
    try:
        return builder.top(name, schema)
    except BeyondAFormError:
        return None


def _asks_same(before: Group | Field | None, first: Any, name: str, schema: Any) -> bool:
    """Whether another model asks for the same; of one value its limits may differ."""
    if canonical(first) == canonical(schema):
        return True
    now = _built(Builder(), name, schema)
    if not isinstance(before, Field) or not isinstance(now, Field):
        return False
    return (before.kind, before.options, before.nullable) == (now.kind, now.options, now.nullable)
