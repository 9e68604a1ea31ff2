"""Paged callbacks a second, from one worker: other pages in turn, over kept-alive connections."""

from __future__ import annotations

import itertools
import socket
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import orjson
import requests

from bench import bare_dash
from vas_dash.pages import ids

OUTPUTS = (
    (ids.GRID, "columns"),
    (ids.GRID, "data"),
    (ids.GRID, "sort_by"),
    (ids.RENDERED, "data"),
)

_JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Throughput:
    """Callbacks a second, and the bytes of one page's answer."""

    per_second: float
    page_bytes: int


@dataclass(frozen=True)
class Bare:
    """Requests a second that gunicorn answers alone, with Flask, and with the smallest callback."""

    empty: float
    flask: float
    dash: float


def refresh_body(search: str, rendered: dict[str, Any]) -> bytes:
    """What a browser sends to have the grid drawn for the view `search`."""
    outputs = "...".join(f"{part}.{prop}" for part, prop in OUTPUTS)
    return orjson.dumps(
        {
            "output": f"..{outputs}..",
            "outputs": [{"id": part, "property": prop} for part, prop in OUTPUTS],
            "inputs": [
                {"id": ids.URL, "property": "search", "value": search},
                {"id": ids.CHANGED, "property": "data", "value": 1},
                {"id": ids.RECENT, "property": "data", "value": []},
                {"id": ids.DRAFT, "property": "data", "value": None},
            ],
            "state": [
                {"id": ids.URL, "property": "pathname", "value": None},
                {"id": ids.RENDERED, "property": "data", "value": rendered},
            ],
            "changedPropIds": [f"{ids.URL}.search"],
        }
    )


def first_filter_ms(page_url: str, search: str) -> float:
    """How long a filter takes that nobody has asked for yet."""
    url, body = f"{page_url}_dash-update-component", refresh_body(search, {})
    began = time.perf_counter()
    answer = requests.post(url, data=body, headers=_JSON, timeout=10)
    took = time.perf_counter() - began
    answer.raise_for_status()
    return took * 1000


def warm(page_url: str) -> None:
    """Have the fleet read, and wait until it has been."""
    until = time.monotonic() + 60
    while not _first(page_url)["found"]:
        if time.monotonic() > until:
            raise RuntimeError("the page has not read the fleet")
        time.sleep(0.1)


def _first(page_url: str) -> dict[str, Any]:
    url = f"{page_url}_dash-update-component"
    answer = requests.post(url, data=refresh_body("", {}), headers=_JSON, timeout=10).json()
    rendered: dict[str, Any] = answer["response"][ids.RENDERED]["data"]
    return rendered


def measure(page_url: str, seconds: float, connections: int = 4) -> Throughput:
    """Turn the pages of the grid at `page_url` for `seconds`."""
    url = f"{page_url}_dash-update-component"
    rendered = _first(page_url)
    bodies = [
        refresh_body(f"?page={page}" if page > 1 else "", rendered)
        for page in range(1, rendered["pages"] + 1)
    ]
    # From page to page the browser already has the columns, the lines and the options.
    if len(bodies) > 1:
        bodies = bodies[1:]
    return _turn(url, bodies, seconds, connections)


def measure_bare(bare_url: str, seconds: float) -> Bare:
    """What there is to be had of `bench.bare_dash`, turned in the same way."""
    paths = (bare_dash.EMPTY_PATH, bare_dash.FLASK_PATH, bare_dash.CALLBACK_PATH)
    return Bare(
        *(
            _turn(bare_url + path, [bare_dash.BODY], seconds, connections=4).per_second
            for path in paths
        )
    )


def _turn(url: str, bodies: list[bytes], seconds: float, connections: int) -> Throughput:
    target = urlsplit(url)
    head = (
        f"POST {target.path} HTTP/1.1\r\nHost: {target.netloc}\r\n"
        "Content-Type: application/json\r\nContent-Length: "
    ).encode()
    requests_ = itertools.cycle(
        head + str(len(body)).encode() + b"\r\n\r\n" + body for body in bodies
    )
    sockets = [
        socket.create_connection((target.hostname or "", target.port or 80))
        for _ in range(connections)
    ]
    done, size = 0, 0
    try:
        for connection in sockets:
            connection.sendall(next(requests_))
        end = time.perf_counter() + seconds
        began = time.perf_counter()
        while time.perf_counter() < end:
            for connection in sockets:
                size = max(size, _answer(connection))
                done += 1
                connection.sendall(next(requests_))
        took = time.perf_counter() - began
    finally:
        for connection in sockets:
            connection.close()
    return Throughput(done / took, size)


def _answer(connection: socket.socket) -> int:
    """Read one answer; its size in bytes."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += _more(connection)
    head, _, body = data.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(f"the page answered {head.splitlines()[0]!r}")
    length = next(
        int(line.split(b":")[1])
        for line in head.split(b"\r\n")
        if line.lower().startswith(b"content-length:")
    )
    got = len(body)
    while got < length:
        got += len(_more(connection))
    return len(head) + 4 + length


def _more(connection: socket.socket) -> bytes:
    chunk = connection.recv(262_144)
    if not chunk:
        raise RuntimeError("the page closed the connection")
    return chunk
