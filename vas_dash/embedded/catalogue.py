"""The models of the demo sites: what the registry says of each, and parameters that fit it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["DEMO_MODELS", "FLEET_MODELS", "CatalogueModel"]

Json = dict[str, Any]


@dataclass(frozen=True)
class CatalogueModel:
    """A model. `variants` are parameters that its schema allows, as sites would set them."""

    model_id: str
    name: str
    description: str | None
    supported_tasks: tuple[str, ...]
    config_schema: Json | None
    variants: tuple[Json, ...]
    enabled: bool = True


def _schema(properties: Json, **keywords: Any) -> Json:
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": properties,
        **keywords,
    }


def _confidence(default: float) -> Json:
    return {
        "type": "number",
        "title": "Confidence",
        "description": "Findings below this confidence are dropped.",
        "minimum": 0.05,
        "maximum": 1,
        "default": default,
    }


def _classes(*names: str) -> Json:
    return {
        "type": "array",
        "title": "Classes",
        "description": "What to look for.",
        "items": {"type": "string", "enum": list(names)},
        "minItems": 1,
        "uniqueItems": True,
        "default": list(names[:2]),
    }


_POINT: Json = {
    "type": "object",
    "properties": {
        "x": {"type": "number", "minimum": 0, "maximum": 1},
        "y": {"type": "number", "minimum": 0, "maximum": 1},
    },
    "required": ["x", "y"],
    "additionalProperties": False,
}

_REGIONS: Json = {
    "type": "array",
    "title": "Regions",
    "description": "Where to look, as polygons in parts of the picture's width and height.",
    "items": {
        "type": "object",
        "properties": {
            "name": {"type": "string", "minLength": 1, "maxLength": 64},
            "polygon": {"type": "array", "items": _POINT, "minItems": 3},
        },
        "required": ["name", "polygon"],
        "additionalProperties": False,
    },
}


def _polygon(*points: tuple[float, float]) -> list[Json]:
    return [{"x": x, "y": y} for x, y in points]


_LEFT_HALF = _polygon((0, 0), (0.5, 0), (0.5, 1), (0, 1))
_DOORWAY = _polygon((0.35, 0.2), (0.65, 0.2), (0.7, 0.95), (0.3, 0.95))


PPE = CatalogueModel(
    "ppe-detection",
    "PPE detection",
    "Finds people without the protective equipment that an area asks for.",
    ("object_detection", "safety"),
    _schema(
        {
            "confidence": _confidence(0.5),
            "classes": _classes("helmet", "vest", "gloves", "goggles", "boots"),
            "regions": _REGIONS,
            "min_height_px": {
                "type": "integer",
                "title": "Smallest person",
                "description": "Height in pixels below which a person is not judged.",
                "minimum": 16,
                "maximum": 1080,
                "default": 64,
            },
        },
        required=["confidence", "classes"],
        additionalProperties=False,
    ),
    (
        {"confidence": 0.5, "classes": ["helmet", "vest"]},
        {"confidence": 0.65, "classes": ["helmet", "vest", "gloves"], "min_height_px": 96},
        {
            "confidence": 0.4,
            "classes": ["helmet"],
            "regions": [{"name": "Loading bay", "polygon": _LEFT_HALF}],
        },
    ),
)

PEOPLE_COUNTING = CatalogueModel(
    "people-counting",
    "People counting",
    "Counts people who cross a line, for each direction.",
    ("tracking", "counting"),
    _schema(
        {
            "confidence": _confidence(0.45),
            "lines": {
                "type": "array",
                "title": "Lines",
                "description": "Each line is counted by itself.",
                "items": {
                    "type": "object",
                    "properties": {
                        "name": {"type": "string", "minLength": 1},
                        "from": _POINT,
                        "to": _POINT,
                        "direction": {"enum": ["in", "out", "both"], "default": "both"},
                    },
                    "required": ["name", "from", "to"],
                },
                "maxItems": 8,
            },
            "reset": {
                "type": "object",
                "title": "Reset",
                "description": "When the counts start again at zero.",
                "properties": {
                    "hour": {"type": "integer", "minimum": 0, "maximum": 23, "default": 0},
                    "every": {"enum": ["hour", "day", "week"], "default": "day"},
                },
            },
        },
        required=["lines"],
    ),
    (
        {
            "lines": [
                {
                    "name": "Entrance",
                    "from": {"x": 0.1, "y": 0.6},
                    "to": {"x": 0.9, "y": 0.6},
                    "direction": "both",
                }
            ],
            "reset": {"hour": 5, "every": "day"},
        },
        {
            "confidence": 0.6,
            "lines": [
                {"name": "Turnstile", "from": {"x": 0.5, "y": 0}, "to": {"x": 0.5, "y": 1}},
            ],
        },
    ),
)

INTRUSION = CatalogueModel(
    "intrusion",
    "Intrusion",
    "Finds people and vehicles in areas that should be empty, at the hours set.",
    ("object_detection", "security"),
    _schema(
        {
            "sensitivity": {
                "type": "string",
                "title": "Sensitivity",
                "enum": ["low", "medium", "high"],
                "default": "medium",
            },
            "zones": _REGIONS | {"title": "Zones", "minItems": 1},
            "schedule": {
                "type": "object",
                "title": "Schedule",
                "description": "Hours in which the zones should be empty.",
                "properties": {
                    "from": {"type": "string", "pattern": "^[0-2][0-9]:[0-5][0-9]$"},
                    "to": {"type": "string", "pattern": "^[0-2][0-9]:[0-5][0-9]$"},
                    "weekends": {"type": "boolean", "default": True},
                },
                "required": ["from", "to"],
                "additionalProperties": False,
            },
            "min_duration_s": {
                "type": ["integer", "null"],
                "title": "Shortest stay",
                "description": "Seconds; null reports at once.",
                "minimum": 1,
                "maximum": 600,
            },
        },
        required=["sensitivity", "zones"],
        additionalProperties=False,
    ),
    (
        {"sensitivity": "medium", "zones": [{"name": "Doorway", "polygon": _DOORWAY}]},
        {
            "sensitivity": "high",
            "zones": [{"name": "Fence", "polygon": _LEFT_HALF}],
            "schedule": {"from": "20:00", "to": "05:30", "weekends": True},
            "min_duration_s": 3,
        },
        {
            "sensitivity": "low",
            "zones": [
                {"name": "Doorway", "polygon": _DOORWAY},
                {"name": "Ramp", "polygon": _LEFT_HALF},
            ],
            "min_duration_s": None,
        },
    ),
)

ANPR = CatalogueModel(
    "anpr",
    "Number plates",
    "Reads number plates.",
    ("ocr", "vehicles"),
    _schema(
        {
            "confidence": _confidence(0.7),
            "countries": {
                "type": "array",
                "title": "Countries",
                "description": "Whose plates to expect.",
                "items": {"enum": ["AT", "BE", "CH", "CZ", "DE", "FR", "IT", "NL", "PL"]},
                "minItems": 1,
                "uniqueItems": True,
                "default": ["DE"],
            },
            "min_width_px": {
                "type": "integer",
                "title": "Smallest plate",
                "minimum": 40,
                "maximum": 800,
                "default": 90,
            },
            "known_plates": {
                "type": "array",
                "title": "Known plates",
                "items": {"type": "string", "pattern": "^[A-Z0-9 -]{2,12}$"},
            },
            "keep_pictures": {"type": "boolean", "title": "Keep pictures", "default": False},
        },
        required=["countries"],
    ),
    (
        {"countries": ["DE"], "confidence": 0.7},
        {"countries": ["DE", "NL", "BE"], "min_width_px": 110, "keep_pictures": True},
        {"countries": ["AT", "DE", "CH"], "known_plates": ["W 4711 A", "M-VS 2024"]},
    ),
)

FIRE = CatalogueModel(
    "fire-smoke",
    "Fire and smoke",
    "Finds open flames and smoke.",
    ("classification", "safety"),
    _schema(
        {
            kind: {
                "type": "object",
                "title": kind.capitalize(),
                "properties": {
                    "enabled": {"type": "boolean", "default": True},
                    "threshold": {
                        "type": "number",
                        "exclusiveMinimum": 0,
                        "maximum": 1,
                        "default": 0.6,
                    },
                },
                "required": ["enabled"],
                "additionalProperties": False,
            }
            for kind in ("flame", "smoke")
        }
        | {
            "confirm_frames": {
                "type": "integer",
                "title": "Frames to confirm",
                "description": "How many frames in a row must agree.",
                "minimum": 1,
                "maximum": 120,
                "default": 5,
            },
        },
    ),
    (
        {"flame": {"enabled": True, "threshold": 0.6}, "smoke": {"enabled": True}},
        {"flame": {"enabled": True}, "smoke": {"enabled": False}, "confirm_frames": 12},
    ),
)

VEHICLES = CatalogueModel(
    "vehicle-classes",
    "Vehicle classes",
    "Tells vehicles apart, in the whole picture or in one area of it.",
    ("object_detection", "vehicles"),
    _schema(
        {
            "confidence": _confidence(0.55),
            "classes": _classes("car", "van", "lorry", "bus", "motorcycle", "bicycle"),
            "area": {
                "title": "Area",
                "oneOf": [
                    {"const": "whole picture"},
                    {"type": "array", "items": _POINT, "minItems": 3},
                ],
            },
        },
        required=["classes"],
        additionalProperties=False,
    ),
    (
        {"classes": ["car", "van", "lorry"], "area": "whole picture"},
        {"classes": ["lorry", "bus"], "confidence": 0.7, "area": _LEFT_HALF},
        {"classes": ["car", "motorcycle", "bicycle"]},
    ),
)

FACE_BLUR = CatalogueModel(
    "face-blur",
    "Face blurring",
    None,
    ("privacy",),
    None,
    ({"strength": 12}, {"strength": 20, "keep_staff": False}),
)

CROWD = CatalogueModel(
    "crowd-density",
    "Crowd density",
    "Estimates how many people stand on a square metre. Being replaced.",
    ("density_estimation",),
    _schema(
        {
            "grid": {
                "type": "object",
                "title": "Grid",
                "properties": {
                    "rows": {"type": "integer", "minimum": 1, "maximum": 32, "default": 4},
                    "columns": {"type": "integer", "minimum": 1, "maximum": 32, "default": 6},
                },
            },
            "people_per_m2": {
                "type": "number",
                "title": "People on a square metre",
                "minimum": 0.5,
                "maximum": 9,
                "default": 3,
            },
        },
    ),
    ({"grid": {"rows": 4, "columns": 6}}, {"people_per_m2": 2.5}),
    enabled=False,
)


def _detector(model_id: str, name: str, task: str, *classes: str) -> CatalogueModel:
    """A model of the most common kind: a confidence, classes and regions."""
    return CatalogueModel(
        model_id,
        name,
        None,
        ("object_detection", task),
        _schema(
            {
                "confidence": _confidence(0.5),
                "classes": _classes(*classes),
                "regions": _REGIONS,
            },
            required=["confidence"],
        ),
        (
            {"confidence": 0.5},
            {"confidence": 0.35, "classes": [classes[0]]},
            {"confidence": 0.8, "regions": [{"name": "Doorway", "polygon": _DOORWAY}]},
        ),
    )


DEMO_MODELS = (PPE, PEOPLE_COUNTING, INTRUSION, ANPR, FIRE, VEHICLES, FACE_BLUR, CROWD)
"""Eight models: one without a schema, one that is disabled."""

FLEET_MODELS = (
    *DEMO_MODELS,
    _detector("fall-detection", "Falls", "safety", "fall", "lying_person"),
    _detector("loitering", "Loitering", "security", "person", "vehicle"),
    _detector("left-luggage", "Left luggage", "security", "suitcase", "backpack", "box"),
    _detector("queue-length", "Queue length", "counting", "person", "trolley"),
    _detector("parking-spaces", "Parking spaces", "vehicles", "car", "van"),
    _detector("wrong-way", "Wrong way", "vehicles", "car", "lorry", "bicycle"),
    _detector("animals", "Animals", "security", "dog", "fox", "deer", "bird"),
    _detector("forklift-distance", "Forklift distance", "safety", "forklift", "person"),
    _detector("spills", "Spills", "safety", "liquid", "debris"),
    _detector("open-doors", "Open doors", "security", "door", "gate"),
    _detector("graffiti", "Graffiti", "security", "graffiti", "poster"),
    CatalogueModel(
        "camera-tampering",
        "Camera tampering",
        "Notices when a camera is covered, turned or out of focus. Takes no parameters.",
        ("quality",),
        {},
        ({},),
    ),
)
"""Twenty models; one has a schema that says nothing."""
