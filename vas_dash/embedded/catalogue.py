"""The models of the demo sites, as `models.yaml` lists them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import yaml

__all__ = ["CatalogueModel", "demo_models", "fleet_models"]

Json = dict[str, Any]


@dataclass(frozen=True)
class CatalogueModel:
    """A model. `variants` are parameters that its schema allows, as sites would set them."""

    model_id: str
    name: str
    description: str | None
    supported_tasks: Sequence[str]
    config_schema: Json | None
    variants: Sequence[Json]
    enabled: bool = True


def demo_models() -> list[CatalogueModel]:
    """Eight models: one without a schema, one that is disabled."""
    return [_model(**row) for row in _listed()["demo"]]


def fleet_models() -> list[CatalogueModel]:
    """Twenty models: those of the demo, and one that has a schema that says nothing."""
    listed = _listed()
    detectors = [_detector(listed["parts"], *row) for row in listed["detectors"]]
    return [*demo_models(), *detectors, *(_model(**row) for row in listed["last"])]


def _listed() -> Mapping[str, Any]:
    text = files(__package__).joinpath("models.yaml").read_text(encoding="utf-8")
    return yaml.safe_load(text)  # type: ignore[no-any-return]


def _model(schema: Json | None, **columns: Any) -> CatalogueModel:
    return CatalogueModel(config_schema=_json_schema(schema) if schema else schema, **columns)


def _json_schema(keywords: Json) -> Json:
    dialect = "https://json-schema.org/draft/2020-12/schema"
    return {"$schema": dialect, "type": "object", **keywords}


def _detector(
    parts: Json, model_id: str, name: str, task: str, classes: list[str]
) -> CatalogueModel:
    enum = {"items": {"type": "string", "enum": classes}, "default": classes[:2]}
    properties = {
        "confidence": parts["confidence"] | {"default": 0.5},
        "classes": parts["classes"] | enum,
        "regions": parts["regions"],
    }
    variants = (
        {"confidence": 0.5},
        {"confidence": 0.35, "classes": classes[:1]},
        {"confidence": 0.8, "regions": [{"name": "Doorway", "polygon": parts["doorway"]}]},
    )
    schema = _json_schema({"properties": properties, "required": ["confidence"]})
    return CatalogueModel(model_id, name, None, ("object_detection", task), schema, variants)
