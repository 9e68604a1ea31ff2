"""The embedded VAS beside other routes, and what it logs."""

from __future__ import annotations

import json
import logging
import socket
import sqlite3
import struct
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from flask import Flask
from flask.testing import FlaskClient

from vas_dash.config import Settings
from vas_dash.embedded import EmbeddedVas

SECRET = "rtsp://operator:open-sesame@camera/1"


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "vas.db"


@pytest.fixture
def vas(database: Path) -> Iterator[EmbeddedVas]:
    made = EmbeddedVas(Settings(embedded_db_url=f"sqlite:///{database}"))
    yield made
    made.close()


@pytest.fixture
def host(vas: EmbeddedVas) -> FlaskClient:
    """An application with routes of its own, and the embedded VAS beside them."""
    app = Flask("host")
    app.add_url_rule("/", "index", lambda: "the host")
    app.register_blueprint(vas.blueprint)
    return app.test_client()


def test_the_api_stands_beside_the_hosts_own_routes(host: FlaskClient) -> None:
    assert host.get("/").text == "the host"
    assert len(host.get("/api/v1/devices").get_json()) == 60
    assert host.get("/health").get_json()["status"] == "healthy"


def test_errors_below_the_api_are_the_apis_and_all_others_the_hosts(host: FlaskClient) -> None:
    for path in ("/api/v1", "/api/v1/", "/api/v1/nowhere", "/api/v1/devices/a/b/"):
        answer = host.get(path)
        assert answer.status_code == 404
        assert answer.get_json()["error"]["path"] == f"http://localhost{path}"
    for method in ("PUT", "OPTIONS", "HEAD"):
        answer = host.open("/api/v1/devices", method=method)
        assert answer.status_code == 405
        assert answer.headers["Allow"] == "GET, POST"
    assert host.get("/nowhere").mimetype == "text/html"
    assert host.post("/").mimetype == "text/html"


def test_a_redirect_keeps_the_path_that_the_host_is_mounted_at(host: FlaskClient) -> None:
    answer = host.get("/api/v1/devices/?limit=1", base_url="http://host/below")
    assert answer.status_code == 307
    assert answer.headers["Location"] == "/below/api/v1/devices?limit=1"


def test_the_page_and_the_listener_share_the_rows(vas: EmbeddedVas, host: FlaskClient) -> None:
    address = vas.serve()
    assert vas.serve() == address
    body = {"name": "a", "rtsp_url": SECRET}
    made = requests.post(f"{address}/api/v1/devices", json=body, timeout=30).json()
    assert host.get(f"/api/v1/devices/{made['id']}").get_json() == made


def test_a_body_that_is_too_long_is_refused(vas: EmbeddedVas, host: FlaskClient) -> None:
    body = {"name": "x" * 5_000_000, "rtsp_url": SECRET}
    answer = host.post("/api/v1/devices", json=body)
    assert answer.status_code == 413
    assert answer.get_json()["error"]["status"] == 413
    with socket.create_connection(("127.0.0.1", port_of(vas)), timeout=30) as connection:
        connection.sendall(b"POST /api/v1/devices HTTP/1.1\r\nContent-Length: 5000000\r\n\r\n")
        head = connection.makefile("rb").read()
    assert head.startswith(b"HTTP/1.1 413 ")


def test_a_body_in_chunks_is_read(vas: EmbeddedVas) -> None:
    body = json.dumps({"name": "a", "rtsp_url": SECRET}).encode()
    answer = requests.post(
        f"{vas.serve()}/api/v1/devices",
        data=iter([body[:9], body[9:]]),
        headers={"Content-Type": "application/json"},
        timeout=30,
    )
    assert answer.status_code == 201


def port_of(vas: EmbeddedVas) -> int:
    return int(vas.serve().rpartition(":")[2])


def test_rtsp_urls_and_traces_never_reach_a_log(
    vas: EmbeddedVas,
    host: FlaskClient,
    database: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    address = vas.serve()
    body = {"name": "a", "rtsp_url": SECRET}
    for expected in (201, 400):
        assert host.post("/api/v1/devices", json=body).status_code == expected
        extra = {**body, "rtsp_url": f"{SECRET}2"}
        answer = requests.post(f"{address}/api/v1/devices", json=extra, timeout=30)
        assert answer.status_code == expected
        assert expected == 201 or SECRET not in answer.text
    with sqlite3.connect(database) as connection:
        connection.execute("DROP TABLE embedded_devices")
    connection.close()
    for client in (host.get, host.post):
        broken = client("/api/v1/devices", json=body)
        assert broken.status_code == 500
        assert broken.get_json()["error"]["message"] == "Internal server error"
    ours = [record for record in caplog.records if record.name.startswith("vas_dash")]
    assert [record.getMessage() for record in ours] == [
        "GET /api/v1/devices: OperationalError",
        "POST /api/v1/devices: OperationalError",
    ]
    out, err = capfd.readouterr()
    for text in (caplog.text, out, err):
        assert "open-sesame" not in text
        assert "Traceback" not in text


def test_clients_that_leave_early_or_talk_nonsense_leave_no_trace(
    vas: EmbeddedVas, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    others = set(threading.enumerate())
    address = vas.serve()
    requests_sent = (
        b"GET /api/v1/devices?limit=60 HTTP/1.1\r\nHost: a\r\n\r\n" * 50,
        b"POST /api/v1/devices HTTP/1.1\r\nContent-Length: 900\r\n\r\n{",
        b"\x16\x03\x01 nonsense\r\n\r\n",
    )
    for sent in requests_sent:
        with socket.create_connection(("127.0.0.1", port_of(vas))) as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.sendall(sent)
            connection.recv(1) if sent is not requests_sent[1] else None
    assert requests.get(f"{address}/health", timeout=30).status_code == 200
    vas.close()
    deadline = time.monotonic() + 30
    while any("process_request" in thread.name for thread in set(threading.enumerate()) - others):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert capfd.readouterr() == ("", "")
    assert caplog.text == ""


def test_health_says_healthy_while_the_database_is_gone(host: FlaskClient, database: Path) -> None:
    with sqlite3.connect(database) as connection:
        connection.execute("DROP TABLE embedded_ai_models")
    connection.close()
    assert host.get("/api/v1/ai-models").status_code == 500
    assert host.get("/health").status_code == 200
