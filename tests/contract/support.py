"""A VAS to talk to, and what the tests ask of its answers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import requests

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z")

Json = dict[str, Any]


@dataclass(frozen=True)
class Vas:
    """A VAS to talk to. Each request has a connection of its own: after an unhandled error the
    reference closes a kept one without saying so."""

    base_url: str
    key: str | None
    embedded: bool

    def __call__(self, method: str, path: str, **arguments: Any) -> requests.Response:
        headers = dict(arguments.pop("headers", {}))
        if self.key is not None:
            headers.setdefault("X-API-Key", self.key)
        arguments.setdefault("allow_redirects", False)
        url = self.url(path)
        return requests.request(method, url, headers=headers, timeout=30, **arguments)

    def url(self, path: str) -> str:
        return f"{self.base_url}{path}" if path == "/health" else f"{self.base_url}/api/v1{path}"

    def json(self, path: str, **query: Any) -> Any:
        response = self("GET", path, params=query)
        assert response.status_code == 200, response.text
        return response.json()

    def assign(self, camera: Json, model_id: str | None = None, **values: Any) -> Json:
        body = {"camera_id": camera["id"], "model_id": model_id or unique("model"), **values}
        response = self("POST", "/ai-model-assignments", json=body)
        assert response.status_code == 201, response.text
        made: Json = response.json()
        return made

    def patch(self, assignment: Json, body: Json) -> requests.Response:
        return self("PATCH", f"/ai-model-assignments/{assignment['id']}", json=body)

    def reread(self, assignment: Json) -> Json:
        """The assignment as a list shows it."""
        page = self.json("/ai-model-assignments", camera_id=assignment["camera_id"], limit=1000)
        [row] = [row for row in page["assignments"] if row["id"] == assignment["id"]]
        found: Json = row
        return found


def unique(what: str) -> str:
    return f"contract-{what}-{uuid4().hex}"


def assert_moment(text: str) -> None:
    assert MOMENT.fullmatch(text)
    assert not text.endswith(".000000Z"), "a fraction of zero is left out"


def assert_error(response: requests.Response, status: int) -> Json:
    """The error has the shape of its status; gives what stands in it."""
    assert response.status_code == status, response.text
    assert response.headers["Content-Type"].startswith("application/json")
    error: Json = response.json()["error"]
    assert error["status"] == status
    assert isinstance(error["message"], str)
    assert error["path"] == response.url, "the whole address"
    return error


def assert_invalid(response: requests.Response, *loc: str) -> None:
    """A 422 that names the place of the fault."""
    error = assert_error(response, 422)
    assert error["message"] == "Validation error"
    for detail in error["details"]:
        assert {"type", "loc", "msg", "input"} <= detail.keys()
    assert list(loc) in [detail["loc"] for detail in error["details"]]


def assert_refused(vas: Vas, response: requests.Response) -> None:
    """Where the reference breaks, the embedded VAS says cleanly no."""
    if not vas.embedded and response.status_code == 500:
        return
    assert 400 <= response.status_code < 500, response.text
    assert_error(response, response.status_code)


def make_camera(vas: Vas, **values: Any) -> Json:
    body = {"name": unique("camera"), "rtsp_url": f"rtsp://{unique('host')}/1", **values}
    response = vas("POST", "/devices", json=body)
    assert response.status_code == 201, response.text
    made: Json = response.json()
    return made
