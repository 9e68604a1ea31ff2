"""Contract section 3: devices (cameras)."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from tests.contract.support import (
    Json,
    Vas,
    assert_error,
    assert_invalid,
    assert_refused,
    make_camera,
    unique,
)

FIELDS = {
    *("id", "name", "description", "rtsp_url", "is_active", "location"),
    *("created_at", "updated_at"),
}


def test_a_camera_is_made_with_all_its_fields(vas: Vas) -> None:
    values = {
        "name": unique("camera"),
        "rtsp_url": f"rtsp://operator:a%20password@{unique('host')}:554/1",
        "description": "Looks at the gate \N{SNOWMAN}",
        "location": "North yard",
    }
    made = make_camera(vas, **values)
    try:
        assert made.keys() == FIELDS
        assert {key: made[key] for key in values} == values
        assert made["is_active"] is False, "until its stream is started"
        assert made["updated_at"] is None
        assert vas.json(f"/devices/{made['id']}") == made
    finally:
        vas("DELETE", f"/devices/{made['id']}")


def test_what_is_left_out_is_null(camera: Json) -> None:
    assert camera["description"] is None
    assert camera["location"] is None


@pytest.mark.parametrize("missing", ["name", "rtsp_url"])
def test_name_and_rtsp_url_are_required(vas: Vas, missing: str) -> None:
    body = {"name": unique("camera"), "rtsp_url": f"rtsp://{unique('host')}/"}
    del body[missing]
    assert_invalid(vas("POST", "/devices", json=body), "body", missing)


def test_an_rtsp_url_that_another_camera_has_answers_400(vas: Vas, camera: Json) -> None:
    body = {"name": unique("camera"), "rtsp_url": camera["rtsp_url"]}
    error = assert_error(vas("POST", "/devices", json=body), 400)
    if vas.embedded:
        assert camera["rtsp_url"] not in error["message"]


def test_the_list_is_a_bare_array_with_the_camera_in_it(vas: Vas, camera: Json) -> None:
    rows = vas.json("/devices", limit=100_000)
    assert isinstance(rows, list)
    assert [row for row in rows if row["id"] == camera["id"]] == [camera]
    assert all(row.keys() == FIELDS for row in rows)


def test_pages_of_the_list_are_as_long_as_asked(vas: Vas, camera: Json) -> None:
    another = make_camera(vas)
    try:
        assert vas.json("/devices", limit=0) == []
        assert len(vas.json("/devices", limit=1)) == 1
        assert len(vas.json("/devices", skip=1, limit=1)) == 1
        assert vas.json("/devices", skip=10_000_000) == []
        assert len(vas.json("/devices")) <= 100
        whole = vas.json("/devices", limit=100_000)
        assert {camera["id"], another["id"]} <= {row["id"] for row in whole}
    finally:
        vas("DELETE", f"/devices/{another['id']}")


@pytest.mark.parametrize("query", [{"skip": "x"}, {"limit": "x"}, {"limit": "1.5"}, {"skip": ""}])
def test_a_page_that_is_no_number_answers_422(vas: Vas, query: dict[str, str]) -> None:
    assert_invalid(vas("GET", "/devices", params=query), "query", *query)


@pytest.mark.parametrize("query", [{"skip": -1}, {"limit": -1}, {"limit": 10**30}])
def test_a_page_that_cannot_be_is_refused(vas: Vas, query: dict[str, int]) -> None:
    if not vas.embedded:
        pytest.skip("says nothing about a real VAS")
    assert_invalid(vas("GET", "/devices", params=query), "query", *query)


def test_an_unknown_camera_answers_404(vas: Vas, camera: Json) -> None:
    path = f"/devices/{uuid4()}"
    assert_error(vas("GET", path), 404)
    assert_error(vas("PUT", path, json=whole(camera)), 404)
    assert_error(vas("DELETE", path), 404)


def test_an_id_that_is_no_uuid_answers_422(vas: Vas) -> None:
    for method in ("GET", "DELETE"):
        assert_error(vas(method, "/devices/17"), 422)


def whole(camera: Json, **changes: Any) -> Json:
    """A body with everything a camera is made of."""
    return {key: camera[key] for key in ("name", "rtsp_url", "description", "location")} | changes


def test_put_changes_a_camera(vas: Vas, camera: Json) -> None:
    body = whole(camera, location="South yard", name=unique("camera"))
    response = vas("PUT", f"/devices/{camera['id']}", json=body)
    assert response.status_code == 200
    changed = response.json()
    assert changed["updated_at"] is not None
    assert changed == camera | body | {"updated_at": changed["updated_at"]}
    assert vas.json(f"/devices/{camera['id']}") == changed


def test_put_leaves_what_is_not_sent(vas: Vas, camera: Json) -> None:
    if not vas.embedded:
        pytest.skip("says nothing about a real VAS")
    changed = vas("PUT", f"/devices/{camera['id']}", json={"is_active": True}).json()
    assert changed == camera | {"is_active": True, "updated_at": changed["updated_at"]}


def test_put_of_another_cameras_rtsp_url_is_refused(vas: Vas, camera: Json) -> None:
    another = make_camera(vas)
    path = f"/devices/{another['id']}"
    try:
        body = whole(another, rtsp_url=camera["rtsp_url"])
        assert_refused(vas, vas("PUT", path, json=body))
        assert vas.json(path) == another
    finally:
        vas("DELETE", path)


@pytest.mark.parametrize("body", [{"name": None}, {"is_active": None}, {"rtsp_url": "a\0b"}])
def test_put_of_a_value_that_breaks_a_row_is_refused(vas: Vas, camera: Json, body: Any) -> None:
    if not vas.embedded:
        pytest.skip("a real VAS may store it, and then its list breaks")
    path = f"/devices/{camera['id']}"
    assert_error(vas("PUT", path, json=body), 422)
    assert vas.json(path) == camera


def test_delete_answers_204_then_404_and_takes_the_assignments_along(vas: Vas) -> None:
    camera = make_camera(vas)
    assignment = vas.assign(camera)
    path = f"/devices/{camera['id']}"
    response = vas("DELETE", path)
    assert (response.status_code, response.content) == (204, b"")
    assert_error(vas("GET", path), 404)
    assert_error(vas("DELETE", path), 404)
    assert vas.json("/ai-model-assignments", camera_id=camera["id"])["total"] == 0
    assert_error(vas("PATCH", f"/ai-model-assignments/{assignment['id']}", json={}), 404)
