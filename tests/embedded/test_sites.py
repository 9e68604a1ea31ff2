"""What the embedded VAS's database is filled with."""

from __future__ import annotations

import json
from collections import Counter
from functools import cache
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from vas_dash.embedded.sites import UNREGISTERED_MODEL_ID, Site, build_site

site = cache(build_site)
FILLED = ["demo", "fleet"]


def schemas(of: Site) -> dict[str, Any]:
    return {row["model_id"]: json.loads(row["config_schema"] or "null") for row in of.ai_models}


@pytest.mark.parametrize(
    ("name", "cameras", "locations", "models", "assignments"),
    [("demo", 60, 8, 8, 150), ("empty", 0, 0, 0, 0), ("fleet", 5_000, 125, 20, 20_000)],
)
def test_a_site_has_its_size(
    name: str, cameras: int, locations: int, models: int, assignments: int
) -> None:
    found = site(name)
    assert len(found.devices) == cameras
    assert len({row["location"] for row in found.devices}) == locations
    assert len(found.ai_models) == models
    assert len(found.assignments) == assignments


@pytest.mark.parametrize("name", FILLED)
def test_the_same_site_is_made_each_time(name: str) -> None:
    assert build_site(name) == build_site(name)


@pytest.mark.parametrize("name", FILLED)
def test_names_addresses_ids_and_pairs_are_unique(name: str) -> None:
    found = site(name)
    for key in ("id", "name", "rtsp_url"):
        assert len({row[key] for row in found.devices}) == len(found.devices)
    pairs = {(row["camera_id"], row["model_id"]) for row in found.assignments}
    assert len(pairs) == len(found.assignments) == len({row["id"] for row in found.assignments})


@pytest.mark.parametrize("name", FILLED)
def test_one_model_has_no_schema_and_one_is_disabled(name: str) -> None:
    found = site(name)
    assert [schema for schema in schemas(found).values() if schema is None] == [None]
    assert [row["enabled"] for row in found.ai_models].count(False) == 1


@pytest.mark.parametrize("name", FILLED)
def test_every_schema_is_one_and_its_defaults_fit_it(name: str) -> None:
    for schema in schemas(site(name)).values():
        if schema:
            Draft202012Validator.check_schema(schema)
            for part in schema["properties"].values():
                if "default" in part:
                    Draft202012Validator(part).validate(part["default"])


@pytest.mark.parametrize("name", FILLED)
def test_parameters_fit_their_schema_and_a_few_hold_more_than_it_knows(name: str) -> None:
    found = site(name)
    known = schemas(found)
    beyond: Counter[str] = Counter()
    for row in found.assignments:
        schema = known.get(row["model_id"])
        if row["parameters"] is None or not schema:
            continue
        parameters = json.loads(row["parameters"])
        Draft202012Validator(schema).validate(parameters)
        if parameters.keys() - schema["properties"].keys():
            beyond[row["model_id"]] += 1
    assert beyond
    assert set(beyond.values()) == {1}


@pytest.mark.parametrize("name", FILLED)
def test_a_few_assignments_are_on_disabled_and_unregistered_models(name: str) -> None:
    found = site(name)
    on = Counter(row["model_id"] for row in found.assignments)
    [disabled] = [row["model_id"] for row in found.ai_models if not row["enabled"]]
    assert 0 < on[disabled] < 50
    assert 0 < on[UNREGISTERED_MODEL_ID] < 50
    assert on.keys() - {row["model_id"] for row in found.ai_models} == {UNREGISTERED_MODEL_ID}


@pytest.mark.parametrize("name", FILLED)
def test_assignments_vary(name: str) -> None:
    rows = site(name).assignments
    assert {row["enabled"] for row in rows} == {True, False}
    for field, low, high in (("desired_fps", 1, 30), ("priority", 0, 100)):
        values = {row[field] for row in rows}
        assert None in values
        assert len(values) > 5
        assert all(low <= value <= high for value in values if value is not None)
    assert any(row["updated_at"] is None for row in rows)
    assert all(row["updated_at"] is None or row["updated_at"] > row["created_at"] for row in rows)


@pytest.mark.parametrize("name", FILLED)
def test_rtsp_urls_carry_passwords_as_in_reality(name: str) -> None:
    assert all(row["rtsp_url"].startswith("rtsp://operator:") for row in site(name).devices)
