"""Contract section 4: the registry of models. It is read-only: the tests take what is there."""

from __future__ import annotations

import pytest

from tests.contract.support import Json, Vas, assert_error, assert_invalid, assert_moment, unique

FIELDS = {
    *("model_id", "name", "description", "supported_tasks", "config_schema", "enabled"),
    *("created_at", "updated_at"),
}


@pytest.fixture
def models(vas: Vas) -> list[Json]:
    response = vas("GET", "/ai-models")
    if response.status_code == 404:
        pytest.skip("this VAS has no registry")
    assert response.status_code == 200
    rows: list[Json] = response.json()["models"]
    assert rows or not vas.embedded
    return rows


def test_the_list_counts_itself(vas: Vas, models: list[Json]) -> None:
    answer = vas.json("/ai-models")
    assert answer.keys() == {"models", "total"}
    assert answer["total"] == len(models) == len({model["model_id"] for model in models})


def test_a_model_has_all_its_fields(models: list[Json]) -> None:
    for model in models:
        assert model.keys() == FIELDS
        assert isinstance(model["model_id"], str)
        assert isinstance(model["name"], str)
        assert all(isinstance(task, str) for task in model["supported_tasks"])
        assert isinstance(model["supported_tasks"], list)
        assert model["config_schema"] is None or isinstance(model["config_schema"], dict)
        assert isinstance(model["enabled"], bool)
        assert_moment(model["created_at"])
        assert_moment(model["updated_at"] or model["created_at"])


def test_models_come_newest_first(models: list[Json]) -> None:
    created = [model["created_at"] for model in models]
    assert created == sorted(created, reverse=True)


def test_enabled_filters(vas: Vas, models: list[Json]) -> None:
    for enabled in (True, False):
        wanted = [model for model in models if model["enabled"] is enabled]
        answer = vas.json("/ai-models", enabled=str(enabled).lower())
        assert answer == {"models": wanted, "total": len(wanted)}


@pytest.mark.usefixtures("models")
def test_enabled_that_is_no_boolean_answers_422(vas: Vas) -> None:
    assert_invalid(vas("GET", "/ai-models?enabled=perhaps"), "query", "enabled")


def test_one_model_is_the_same_as_in_the_list(vas: Vas, models: list[Json]) -> None:
    for model in models:
        assert vas.json(f"/ai-models/{model['model_id']}") == model


def test_an_unknown_model_answers_404(vas: Vas) -> None:
    assert_error(vas("GET", f"/ai-models/{unique('model')}"), 404)


@pytest.mark.usefixtures("models")
def test_the_registry_cannot_be_written(vas: Vas) -> None:
    assert_error(vas("POST", "/ai-models", json={}), 405)
    assert_error(vas("DELETE", f"/ai-models/{unique('model')}"), 405)


def test_a_model_id_with_a_nul_is_refused(vas: Vas) -> None:
    if not vas.embedded:
        pytest.skip("says nothing about a real VAS")
    assert vas("GET", "/ai-models/a%00b").status_code == 404


def test_a_disabled_model_can_still_be_assigned(vas: Vas, camera: Json, models: list[Json]) -> None:
    disabled = next((model for model in models if not model["enabled"]), None)
    if disabled is None:
        pytest.skip("this VAS has no disabled model")
    assert vas.assign(camera, disabled["model_id"])["model_id"] == disabled["model_id"]
