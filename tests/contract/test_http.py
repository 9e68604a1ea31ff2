"""Contract sections 1 and 2: HTTP in general, errors, authentication."""

from __future__ import annotations

import json
import re
from http.client import HTTPConnection, HTTPSConnection
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
import requests

from tests.contract.support import (
    Json,
    Vas,
    assert_error,
    assert_invalid,
    assert_moment,
    assert_refused,
)

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def test_ids_are_lower_case_uuids_with_hyphens(vas: Vas, camera: Json) -> None:
    assignment = vas.assign(camera)
    for value in (camera["id"], assignment["id"], assignment["camera_id"]):
        assert UUID.fullmatch(value)


def test_an_id_in_upper_case_finds_the_same_row(vas: Vas, camera: Json) -> None:
    assert vas.json(f"/devices/{camera['id'].upper()}") == camera
    assignment = vas.assign(camera)
    upper = camera["id"].upper()
    page = vas.json("/ai-model-assignments", camera_id=upper)
    assert page["assignments"] == [assignment]


def test_moments_are_utc_with_a_z_and_no_empty_fraction(vas: Vas, camera: Json) -> None:
    assignment = vas.assign(camera, enabled=True)
    changed = vas.patch(assignment, {"enabled": False}).json()
    assert_moment(camera["created_at"])
    assert_moment(assignment["created_at"])
    assert_moment(changed["updated_at"])


def test_there_is_no_etag_and_no_compression(vas: Vas) -> None:
    response = vas("GET", "/devices", headers={"Accept-Encoding": "gzip, deflate"})
    assert "ETag" not in response.headers
    assert "Content-Encoding" not in response.headers
    assert response.headers["Content-Type"].startswith("application/json")


def test_if_match_is_ignored(vas: Vas, camera: Json) -> None:
    assignment = vas.assign(camera)
    path = f"/ai-model-assignments/{assignment['id']}"
    response = vas("PATCH", path, json={"priority": 7}, headers={"If-Match": '"another"'})
    assert response.status_code == 200
    assert response.json()["priority"] == 7


def test_unknown_query_parameters_and_body_fields_are_ignored(vas: Vas, camera: Json) -> None:
    assignment = vas.assign(camera, unheard_of=1)
    assert "unheard_of" not in assignment
    page = vas.json("/ai-model-assignments", camera_id=camera["id"], unheard_of="1")
    assert page["assignments"] == [assignment]


@pytest.mark.parametrize("path", ["/devices", "/ai-model-assignments"])
def test_a_trailing_slash_answers_307_to_the_path_without_it(vas: Vas, path: str) -> None:
    response = vas("GET", f"{path}/?limit=3")
    assert response.status_code == 307
    target = requests.compat.urljoin(response.url, response.headers["Location"])
    assert target == f"{vas.url(path)}?limit=3"


def test_a_trailing_slash_on_one_row_is_followed(vas: Vas, camera: Json) -> None:
    response = vas("GET", f"/devices/{camera['id']}/", allow_redirects=True)
    assert response.json() == camera


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded"])
def test_a_body_that_is_not_json_is_refused(vas: Vas, camera: Json, content_type: str) -> None:
    body = f'{{"camera_id": "{camera["id"]}", "model_id": "a"}}'
    response = vas(
        "POST", "/ai-model-assignments", data=body, headers={"Content-Type": content_type}
    )
    assert_refused(vas, response)
    assert vas.json("/ai-model-assignments", camera_id=camera["id"])["total"] == 0


@pytest.mark.parametrize("body", ["", "{", "[]", '"text"', "null", "17", "[" * 5_000], ids=repr)
def test_a_body_that_is_no_json_object_is_refused(vas: Vas, body: str) -> None:
    response = vas(
        "POST",
        "/ai-model-assignments",
        data=body,
        headers={"Content-Type": "application/json"},
    )
    assert_refused(vas, response)


def test_answers_of_all_kinds_leave_a_kept_connection_in_order(vas: Vas, camera: Json) -> None:
    address = urlsplit(vas.base_url)
    kind = HTTPSConnection if address.scheme == "https" else HTTPConnection
    connection = kind(address.hostname or "", address.port, timeout=30)
    headers = {"Content-Type": "application/json"}
    if vas.key is not None:
        headers["X-API-Key"] = vas.key
    long_body = json.dumps({"filler": "x" * 100_000})
    try:
        connection.connect()
        socket = connection.sock
        for method, path, body, status in (
            ("POST", "/nowhere", long_body, 404),
            ("PATCH", "/devices", long_body, 405),
            ("POST", "/devices", long_body, 422),
            ("GET", "/devices/", None, 307),
            ("GET", f"/devices/{camera['id']}", None, 200),
            ("DELETE", f"/devices/{camera['id']}", None, 204),
            ("GET", f"/devices/{camera['id']}", None, 404),
        ):
            target = urlsplit(vas.url(path)).path
            connection.request(method, target, body, headers)
            answer = connection.getresponse()
            answer.read()
            assert answer.status == status
            assert connection.sock is socket, "the connection was kept"
    finally:
        connection.close()


def test_404_of_an_unknown_path_has_the_error_shape(vas: Vas) -> None:
    assert_error(vas("GET", "/nowhere"), 404)
    assert_error(vas("GET", "/devices/a/b"), 404)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", "/devices"),
        ("PUT", "/ai-model-assignments"),
        ("PUT", "/ai-model-assignments/0c2e0a63-52ca-484f-a2b3-3073ca427b8b"),
        ("PATCH", "/devices/6ddd6eda-cb0e-4a60-9908-ec8bb854d4a5"),
    ],
)
def test_405_of_a_method_that_a_path_does_not_have(vas: Vas, method: str, path: str) -> None:
    assert_error(vas(method, path, json={}), 405)


def test_422_names_the_place_of_the_fault(vas: Vas, camera: Json) -> None:
    body = {"camera_id": camera["id"], "model_id": "a", "desired_fps": 31}
    assert_invalid(vas("POST", "/ai-model-assignments", json=body), "body", "desired_fps")
    assert_invalid(vas("GET", "/ai-model-assignments?limit=x"), "query", "limit")


def test_health_is_beside_the_api(vas: Vas) -> None:
    response = vas("GET", "/health")
    assert response.status_code == 200
    assert response.json() == {"status": "healthy", "service": "VAS Backend", "version": "1.0.0"}


def without_key(vas: Vas) -> Vas:
    return Vas(vas.base_url, None, vas.embedded)


@pytest.mark.parametrize("path", ["/devices", "/ai-model-assignments"])
def test_a_missing_key_answers_401(locked_vas: Vas, path: str) -> None:
    response = without_key(locked_vas)("GET", path)
    assert response.status_code == 401
    assert isinstance(response.json()["detail"], str)


@pytest.mark.parametrize("key", ["wrong", "", "a-key-and-more", "\u00e9".encode("latin-1")])
def test_a_wrong_key_answers_403(locked_vas: Vas, key: str | bytes) -> None:
    response = locked_vas("GET", "/devices", headers={"X-API-Key": key})
    # An empty header may count as missing.
    assert response.status_code in ((401, 403) if not key else (403,))
    assert isinstance(response.json()["detail"], str)


def test_nothing_is_written_without_the_key(locked_vas: Vas) -> None:
    body = {"name": "a", "rtsp_url": f"rtsp://{uuid4()}/"}
    assert without_key(locked_vas)("POST", "/devices", json=body).status_code == 401
    found = locked_vas.json("/devices", limit=100_000)
    assert body["rtsp_url"] not in [row["rtsp_url"] for row in found]


def test_the_right_key_is_let_in(locked_vas: Vas) -> None:
    assert locked_vas("GET", "/devices").status_code == 200


def test_health_needs_no_key(locked_vas: Vas) -> None:
    assert without_key(locked_vas)("GET", "/health").status_code == 200
