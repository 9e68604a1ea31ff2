"""The sites that a database can be filled with. The same name always makes the same rows.

- `demo`: 60 cameras in 8 locations, 8 models, 150 assignments; among those a few that a real site
  has too: on a disabled model, on a model that the registry does not know, and with parameters that
  their model's schema does not know.
- `empty`: nothing at all, no models either.
- `fleet`: 5,000 cameras in 125 locations, 20 models, 20,000 assignments.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Any
from uuid import UUID

from vas_dash.embedded.catalogue import CatalogueModel, demo_models, fleet_models
from vas_dash.embedded.wire import canonical_json

__all__ = ["UNREGISTERED_MODEL_ID", "Site", "build_site", "standard_values"]

Row = dict[str, Any]

UNREGISTERED_MODEL_ID = "motion-v1"
"""A model that assignments speak of and the registry does not know."""

_SECOND = 1_000_000
_DAY = 86_400 * _SECOND
_OPENED = int(datetime(2025, 3, 3, 7, 30, tzinfo=UTC).timestamp()) * _SECOND

_DEMO_PLACES = (
    ("North yard", (("North gate", 4), ("North fence", 4))),
    ("South yard", (("South gate", 4), ("South fence", 3))),
    ("Warehouse A", (("Warehouse A aisle", 10), ("Warehouse A dock", 2))),
    ("Warehouse B", (("Warehouse B aisle", 6), ("Warehouse B dock", 2))),
    ("Production hall", (("Press line", 5), ("Paint shop", 3))),
    ("Car park", (("Car park row", 6), ("Car park barrier", 2))),
    ("Office building", (("Lobby", 2), ("Canteen", 1), ("Stairwell", 2))),
    ("Fuel station", (("Pump", 3), ("Tank farm", 1))),
)
_FLEET_TOWNS = (
    *("Aachen", "Bremen", "Chemnitz", "Dresden", "Erfurt", "Freiburg", "Graz", "Hamburg"),
    *("Innsbruck", "Jena", "Kassel", "Linz", "Mainz", "Nantes", "Oldenburg", "Potsdam"),
    *("Quimper", "Rostock", "Salzburg", "Trier", "Ulm", "Verona", "Wien", "Xanten", "Zagreb"),
)
_FLEET_HOUSES = ("depot", "terminal", "warehouse", "plant", "office")
_FLEET_SPOTS = ("Gate", "Dock", "Aisle", "Fence")

_EXTRA_PARAMETERS = {"note": "set by the installer", "calibration": {"height_m": 4.2, "tilt": -18}}


@dataclass(frozen=True)
class Site:
    """Rows for the tables, with the tables' columns."""

    name: str
    devices: Sequence[Row]
    ai_models: Sequence[Row]
    assignments: Sequence[Row]


def build_site(name: str) -> Site:
    """The rows of `demo`, `empty` or `fleet`."""
    if name == "empty":
        return Site(name, (), (), ())
    rng = Random(name)
    fleet = name == "fleet"
    catalogue = fleet_models() if fleet else demo_models()
    places = list(_fleet_cameras() if fleet else _demo_cameras())
    devices = [_device(rng, number, *place) for number, place in enumerate(places)]
    models = [_ai_model(number, model) for number, model in enumerate(catalogue)]
    assignments = _assignments(
        rng,
        [row["id"] for row in devices],
        catalogue,
        total=20_000 if fleet else 150,
        on_disabled=40 if fleet else 4,
        on_unregistered=25 if fleet else 1,
    )
    return Site(name, devices, models, assignments)


def standard_values(name: str) -> Mapping[str, Row]:
    """By model of a site, fps, priority and parameters that most cameras could have."""
    if name == "empty":
        return {}
    catalogue = fleet_models() if name == "fleet" else demo_models()
    return {
        model.model_id: {"desired_fps": 10, "priority": 50, "parameters": model.variants[0]}
        for model in catalogue
        if model.enabled and model.config_schema
    }


def _demo_cameras() -> Iterator[tuple[str, str]]:
    for location, groups in _DEMO_PLACES:
        for stem, count in groups:
            for number in range(1, count + 1):
                yield location, f"{stem} {number}"


def _fleet_cameras() -> Iterator[tuple[str, str]]:
    for town in _FLEET_TOWNS:
        for house in _FLEET_HOUSES:
            for spot in _FLEET_SPOTS:
                for number in range(1, 11):
                    yield f"{town} {house}", f"{town} {house} {spot} {number}"


def _uuid(rng: Random) -> str:
    return str(UUID(int=rng.getrandbits(128), version=4))


def _device(rng: Random, number: int, location: str, name: str) -> Row:
    password = f"{rng.getrandbits(40):010x}"
    host = f"10.{20 + number // 4000}.{number // 200 % 20}.{number % 200 + 10}"
    created_at = _OPENED + number * 97 * _SECOND + rng.randrange(_SECOND)
    return {
        "id": _uuid(rng),
        "name": name,
        "description": f"{location}, fixed camera" if rng.random() < 0.7 else None,
        "rtsp_url": f"rtsp://operator:{password}@{host}:554/Streaming/Channels/101",
        "is_active": False,
        "location": location,
        "created_at": created_at,
        "updated_at": created_at + rng.randrange(_DAY, 30 * _DAY) if rng.random() < 0.2 else None,
    }


def _ai_model(number: int, model: CatalogueModel) -> Row:
    schema = model.config_schema
    return {
        "model_id": model.model_id,
        "name": model.name,
        "description": model.description,
        "supported_tasks": canonical_json(model.supported_tasks),
        "config_schema": None if schema is None else canonical_json(schema),
        "enabled": model.enabled,
        "created_at": _OPENED + number * _DAY,
        "updated_at": None if model.enabled else _OPENED + 90 * _DAY,
    }


def _assignments(
    rng: Random,
    camera_ids: Sequence[str],
    catalogue: Sequence[CatalogueModel],
    *,
    total: int,
    on_disabled: int,
    on_unregistered: int,
) -> list[Row]:
    """Assignments on random pairs of camera and model, a few of them of the unusual kinds."""
    available = [model for model in catalogue if model.enabled]
    disabled = next(model for model in catalogue if not model.enabled)
    unregistered = CatalogueModel(UNREGISTERED_MODEL_ID, "", None, (), None, ({"area": "all"},))
    usual = total - on_disabled - on_unregistered
    pairs = [
        (camera_ids[pair // len(available)], available[pair % len(available)])
        for pair in rng.sample(range(len(camera_ids) * len(available)), usual)
    ]
    pairs += [(camera_id, disabled) for camera_id in rng.sample(camera_ids, on_disabled)]
    pairs += [(camera_id, unregistered) for camera_id in rng.sample(camera_ids, on_unregistered)]
    rng.shuffle(pairs)
    rows = [
        _assignment(rng, number, camera_id, model)
        for number, (camera_id, model) in enumerate(pairs)
    ]
    # Schemas that allow further properties, each with an assignment that has some.
    for model in available:
        schema = model.config_schema
        if schema and schema.get("additionalProperties", True):
            row = next(row for row in rows if row["model_id"] == model.model_id)
            row["parameters"] = canonical_json(model.variants[0] | _EXTRA_PARAMETERS)
    return rows


def _assignment(rng: Random, number: int, camera_id: str, model: CatalogueModel) -> Row:
    created_at = _OPENED + 20 * _DAY + number * 601 * _SECOND + rng.randrange(_SECOND)
    parameters = rng.choice(model.variants) if rng.random() < 0.75 else None
    return {
        "id": _uuid(rng),
        "camera_id": camera_id,
        "model_id": model.model_id,
        "enabled": rng.random() < 0.8,
        "desired_fps": rng.choice((1, 2, 5, 8, 10, 12, 15, 25)) if rng.random() < 0.6 else None,
        "priority": rng.randrange(0, 101, 10) if rng.random() < 0.5 else None,
        "parameters": None if parameters is None else canonical_json(parameters),
        "created_at": created_at,
        "updated_at": created_at + rng.randrange(_DAY, 60 * _DAY) if rng.random() < 0.25 else None,
    }
