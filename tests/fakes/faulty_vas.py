"""A VAS that can be broken in every way a VAS has been seen to break, and healed again.

A real HTTP server on 127.0.0.1, down to the socket where a fault needs it::

    with FaultyVas(**site(cameras=3, models=2, assignments=4)) as vas:
        vas.url                                  # give it to the product
        vas.fault("assignments", Fault.HANG)     # cameras, models, assignments, writes, health, all
        vas.heal()
        vas.stop()                               # refuses connections
        vas.start()                              # the same port again
        vas.count("POST", "writes")              # requests that arrived

Healthy, it keeps what the product uses of the contract: the pages, the pair that is unique, the 201
with the existing row, 409, PATCH with null, the error shapes.
"""

from __future__ import annotations

import contextlib
import copy
import itertools
import json
import socket
import ssl
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, BinaryIO, Self, TypedDict
from urllib.parse import parse_qsl, unquote, urlsplit

import orjson

Row = dict[str, Any]

RTSP_PASSWORD = "rtsp-p4ssw0rd"
"""Stands in every camera's `rtsp_url`; must never come out of the product."""

SQL_TEXT = "(psycopg.errors.Undefined) SELECT secret FROM devices WHERE x = 'sql-l3ak'"
"""Stands in every handled 500; must never come out of the product."""

CERTIFICATE = Path(__file__).with_name("localhost.pem")
"""Self-signed, for 127.0.0.1 and localhost, with its key; for tests only."""


class Fault(StrEnum):
    """What can be wrong with an answer."""

    HANG = "no answer at all"
    TRICKLE_HEADERS = "a byte of the headers now and then"
    TRICKLE_BODY = "a byte of the body now and then"
    FAIL_TEXT = "500 in text, and the connection silently closed"
    FAIL_JSON = "500 in JSON with SQL in it"
    CUT = "the connection cut in the middle of the body"
    CLOSE = "the connection closed instead of an answer"
    GARBAGE = "200 and no JSON"
    NOT_HTTP = "no HTTP"
    BAD_HEADERS = "headers that are none"
    WRONG_SHAPE = "JSON, but not the one expected"
    WRONG_TYPES = "a wrong type in every row"
    ONE_WRONG_ROW = "a wrong type in the first row"
    HALF_PAGES = "half of the rows that were asked for"
    LOST_ROWS = "fewer rows than the total says"
    TOTAL_TOO_SMALL = "a total below the number of rows"
    UNAUTHORISED = "401"
    FORBIDDEN = "403"
    NOT_FOUND = "404"
    ENDLESS = "pages with ever more rows"
    SAME_PAGE = "the first page again and again"
    HUGE = "a body without an end"
    REDIRECT = "a redirect to another origin"
    DROP = "a right answer, and the connection silently closed"
    DONE_UNSAID = "a write that is done, and no answer"


class FaultyVas:
    """The server. Rows are dicts as in the JSON; see `camera`, `model` and `assignment`."""

    def __init__(
        self,
        cameras: Iterable[Row] = (),
        models: Iterable[Row] = (),
        assignments: Iterable[Row] = (),
        *,
        api_key: str | None = None,
        tls: bool = False,
        trickle_s: float = 0.05,
    ) -> None:
        self.cameras: dict[str, Row] = {row["id"]: dict(row) for row in cameras}
        self.models: dict[str, Row] = {row["model_id"]: dict(row) for row in models}
        self.assignments: dict[str, Row] = {row["id"]: dict(row) for row in assignments}
        self.bad_cameras: set[str] = set()
        self.bad_cells: set[tuple[str, str]] = set()
        """Rows of which a page that holds them is a 500."""
        self.stores_nothing = False
        """A write is answered as if it were done."""
        self.on_request: Callable[[str, str], None] | None = None
        self.connections = 0
        self.headers: list[dict[str, str]] = []
        self.bodies: list[bytes] = []
        self.redirect_to = "http://127.0.0.1:9/"
        self._api_key = api_key
        self._trickle_s = trickle_s
        self._tls: ssl.SSLContext | None = None
        if tls:
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._tls.load_cert_chain(CERTIFICATE)
        self._faults: dict[str, Fault] = {}
        self._counts: Counter[tuple[str, str]] = Counter()
        self._lock = threading.RLock()
        self._listener: socket.socket | None = None
        self._open: set[socket.socket] = set()
        self._release = threading.Event()
        self.port = 0

    @property
    def url(self) -> str:
        """The address to give to the product."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Listen; after `stop()` on the same port."""
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        listener.listen(128)
        self.port = listener.getsockname()[1]
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def stop(self) -> None:
        """Refuse connections and cut those that are open."""
        with self._lock:
            listener, self._listener = self._listener, None
            if listener is not None:
                listener.shutdown(socket.SHUT_RDWR)
                listener.close()
        self._let_go()
        self.cut_all()

    def cut_all(self) -> None:
        """Cut every open connection, as a restart of the VAS does."""
        with self._lock:
            for connection in list(self._open):
                _shut(connection)

    def fault(self, endpoint: str, fault: Fault) -> None:
        """From now on. `endpoint`: cameras, models, assignments, writes, health or all."""
        self._faults[endpoint] = fault

    def heal(self) -> None:
        """No faults any more; requests that hang are cut."""
        self._faults.clear()
        self.bad_cameras.clear()
        self.bad_cells.clear()
        self._let_go()

    def count(self, method: str, endpoint: str) -> int:
        """Requests that arrived, whatever became of them."""
        with self._lock:
            return self._counts[method, endpoint]

    @property
    def total_count(self) -> int:
        """All requests that arrived."""
        with self._lock:
            return self._counts.total()

    def cell(self, camera_id: str, model_id: str) -> Row | None:
        """What is stored for one pair."""
        with self._lock:
            for row in self.assignments.values():
                if (row["camera_id"], row["model_id"]) == (camera_id, model_id):
                    return row
        return None

    def edit(self, camera_id: str, model_id: str, **changes: Any) -> None:
        """Another client's PATCH."""
        with self._lock:
            row = self.cell(camera_id, model_id)
            assert row is not None
            row.update(changes, updated_at=_now())

    def put(self, row: Row) -> None:
        """Another client's POST."""
        with self._lock:
            self.assignments[row["id"]] = row

    def _let_go(self) -> None:
        self._release.set()
        self._release = threading.Event()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self._lock:
            if self._listener is None:
                connection.close()
                return
            self.connections += 1
            self._open.add(connection)
        raw = connection
        try:
            if self._tls is not None:
                connection = self._tls.wrap_socket(connection, server_side=True)
                with self._lock:
                    self._open.discard(raw)
                    self._open.add(connection)
            with connection.makefile("rb") as stream:
                while self._exchange(connection, stream):
                    pass
        except OSError:
            pass
        finally:
            with self._lock:
                self._open.discard(raw)
                self._open.discard(connection)
            connection.close()

    def _exchange(self, connection: socket.socket, stream: BinaryIO) -> bool:
        """Answer one request; whether the connection is kept."""
        request_line = stream.readline()
        if not request_line:
            return False
        method, target, _ = request_line.decode().split(" ", 2)
        headers: dict[str, str] = {}
        while (line := stream.readline()).strip():
            name, _, value = line.decode().partition(":")
            headers[name.lower()] = value.strip()
        length = int(headers.get("content-length", 0))
        body = stream.read(length)
        if not line or len(body) < length:
            return False  # the client died before the whole request was sent: it never arrived
        url = urlsplit(target)
        endpoint = _endpoint(method, url.path)
        release = self._release
        with self._lock:
            self._counts[method, endpoint] += 1
            self.headers.append(headers)
            if body:
                self.bodies.append(body)
        if self.on_request is not None:
            self.on_request(method, endpoint)
        fault = self._faults.get(endpoint) or self._faults.get("all")
        kept = headers.get("connection", "").lower() != "close"
        if fault is not None:
            if fault in _ANSWERS:
                connection.sendall(_ANSWERS[fault])
                return kept and fault not in _CLOSING
            if fault is Fault.HANG:
                release.wait()
                return False
            if fault is Fault.CLOSE:
                return False
            if fault is Fault.REDIRECT:
                answer = (
                    f"HTTP/1.1 307 X\r\nLocation: {self.redirect_to}\r\nContent-Length: 0\r\n\r\n"
                )
                connection.sendall(answer.encode())
                return kept
            if fault is Fault.HUGE:
                return _send_without_end(connection, release)
        params = dict(parse_qsl(url.query))
        with self._lock:
            before = copy.deepcopy(self.assignments) if self.stores_nothing else None
            status, answer = self._answer(method, url.path, params, headers, body, fault)
            if before is not None:
                self.assignments = before
        if fault is Fault.DONE_UNSAID:
            release.wait()
            return False
        payload = b"" if status == 204 else _json(answer)
        head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\n"
        if status != 204:
            head += f"Content-Length: {len(payload)}\r\n"
        whole = head.encode() + b"\r\n" + payload
        if fault is Fault.TRICKLE_HEADERS:
            return self._trickle(connection, whole, 0, release)
        if fault is Fault.TRICKLE_BODY:
            return self._trickle(connection, whole, len(head) + 2, release)
        if fault is Fault.CUT:
            connection.sendall(
                whole[: len(whole) - len(payload) // 2 - 1] if payload else whole[:5]
            )
            return False
        connection.sendall(whole)
        return kept and fault is not Fault.DROP

    def _trickle(
        self, connection: socket.socket, whole: bytes, start: int, release: threading.Event
    ) -> bool:
        connection.sendall(whole[:start])
        for byte in itertools.chain(whole[start:-1], itertools.repeat(32)):
            if release.wait(self._trickle_s):
                return False
            connection.sendall(bytes([byte]))
        return False

    def _answer(
        self,
        method: str,
        path: str,
        params: Mapping[str, str],
        headers: Mapping[str, str],
        body: bytes,
        fault: Fault | None,
    ) -> tuple[int, Any]:
        if path == "/health":
            return 200, {"status": "healthy"}
        if self._api_key is not None and headers.get("x-api-key") != self._api_key:
            return (403 if "x-api-key" in headers else 401), {"detail": "no"}
        _, _, _, name, *rest = path.split("/")
        if name == "devices":
            return self._list_cameras(int(params["skip"]), int(params["limit"]), fault)
        if name == "ai-models":
            return 200, self._list_models(fault)
        if method == "GET":
            return self._list_assignments(params, fault)
        if method == "POST":
            return self._create(json.loads(body))
        row = self.assignments.get(unquote(rest[0]))
        if row is None:
            return _error(404, "Assignment not found")
        if method == "DELETE":
            del self.assignments[row["id"]]
            return 204, None
        return self._patch(row, json.loads(body))

    def _list_cameras(self, skip: int, limit: int, fault: Fault | None) -> tuple[int, Any]:
        if fault is Fault.ENDLESS:
            return 200, [camera() for _ in range(limit)]
        if fault is Fault.SAME_PAGE:
            skip = 0
        rows = list(self.cameras.values())[skip : skip + limit]
        if any(row["id"] in self.bad_cameras for row in rows):
            return _error(500, SQL_TEXT)
        if fault is Fault.HALF_PAGES:
            rows = rows[: (len(rows) + 1) // 2]
        return 200, _spoil(rows, fault, "name")

    def _list_models(self, fault: Fault | None) -> Any:
        rows = list(self.models.values())
        total = _lie(len(rows), fault)
        if fault is Fault.LOST_ROWS:
            rows = rows[1:]
        return _spoil({"models": rows, "total": total}, fault, "enabled")

    def _list_assignments(self, params: Mapping[str, str], fault: Fault | None) -> tuple[int, Any]:
        limit, offset = int(params.get("limit", 100)), int(params.get("offset", 0))
        if not 1 <= limit <= 1000:
            return 422, _validation("limit", limit)
        if fault is Fault.ENDLESS:
            rows = [assignment(uuid.uuid4().hex, "endless") for _ in range(limit)]
            return 200, {"assignments": rows, "total": offset + 2 * limit}
        if fault is Fault.SAME_PAGE:
            offset = 0
        rows = [
            row
            for row in self.assignments.values()
            if row["camera_id"] == params.get("camera_id", row["camera_id"])
            and row["model_id"] == params.get("model_id", row["model_id"])
        ]
        rows.sort(key=lambda row: str(row["created_at"]), reverse=True)
        total = _lie(len(rows), fault)
        if fault is Fault.SAME_PAGE:
            total = len(rows) + limit
        if fault is Fault.LOST_ROWS:
            rows = rows[1:]
        rows = rows[offset : offset + limit]
        if any((row["camera_id"], row["model_id"]) in self.bad_cells for row in rows):
            return _error(500, SQL_TEXT)
        if fault is Fault.HALF_PAGES:
            rows = rows[: (len(rows) + 1) // 2]
        page = {"assignments": rows, "total": total, "limit": limit, "offset": offset}
        return 200, _spoil(page, fault, "enabled")

    def _create(self, desired: Row) -> tuple[int, Any]:
        problem = _out_of_range(desired)
        if problem is not None:
            return problem
        if desired["camera_id"] not in self.cameras:
            return _error(400, f"Device {desired['camera_id']} does not exist")
        row = self.cell(desired["camera_id"], desired["model_id"])
        if row is None:
            row = assignment(desired["camera_id"], desired["model_id"], created_at=_now())
            row.update({name: desired.get(name) for name in _CHANGEABLE})
            row["enabled"] = desired.get("enabled", True)
            self.assignments[row["id"]] = row
        elif row["enabled"] != desired.get("enabled", True):
            return _error(409, "Assignment already exists with another state")
        return 201, row

    def _patch(self, row: Row, desired: Row) -> tuple[int, Any]:
        problem = _out_of_range(desired)
        if problem is not None:
            return problem
        changes = {name: desired[name] for name in ("enabled", *_CHANGEABLE) if name in desired}
        if any(row[name] != value for name, value in changes.items()):
            row.update(changes, updated_at=_now())
        return 200, row


def camera(number: int = 0, **fields: Any) -> Row:
    """A row of `GET /devices`."""
    row: Row = {
        "id": str(uuid.uuid4()),
        "name": f"Camera {number}",
        "description": None,
        "rtsp_url": f"rtsp://operator:{RTSP_PASSWORD}@10.0.0.{number % 250}/stream",
        "is_active": False,
        "location": f"Hall {number % 8}",
        "created_at": "2026-11-22T15:36:17.061916Z",
        "updated_at": None,
    }
    return row | fields


def model(model_id: str, **fields: Any) -> Row:
    """A row of `GET /ai-models`."""
    row: Row = {
        "model_id": model_id,
        "name": model_id.upper(),
        "description": None,
        "supported_tasks": ["detection"],
        "config_schema": None,
        "enabled": True,
        "created_at": "2026-11-22T15:36:17Z",
        "updated_at": None,
    }
    return row | fields


def assignment(camera_id: str, model_id: str, **fields: Any) -> Row:
    """A row of `GET /ai-model-assignments`."""
    row: Row = {
        "id": str(uuid.uuid4()),
        "camera_id": camera_id,
        "model_id": model_id,
        "enabled": True,
        "desired_fps": None,
        "priority": None,
        "parameters": None,
        "created_at": "2026-11-22T15:36:17.061916Z",
        "updated_at": None,
    }
    return row | fields


class Site(TypedDict):
    """What a FaultyVas starts with."""

    cameras: list[Row]
    models: list[Row]
    assignments: list[Row]


def site(cameras: int, models: int, assignments: int) -> Site:
    """So many cameras, models and assignments, to give to `FaultyVas(**site(...))`."""
    camera_rows = [camera(number) for number in range(cameras)]
    model_rows = [model(f"model-{number}") for number in range(models)]
    pairs = itertools.product(camera_rows, model_rows)
    start = datetime(2026, 11, 22, 12, tzinfo=UTC)
    assignment_rows = [
        assignment(
            camera_row["id"],
            model_row["model_id"],
            enabled=number % 3 != 0,
            desired_fps=number % 30 + 1,
            parameters={"threshold": 0.5, "classes": ["person", "helmet"]},
            created_at=(start + timedelta(seconds=number)).isoformat(),
        )
        for number, (camera_row, model_row) in enumerate(itertools.islice(pairs, assignments))
    ]
    return {"cameras": camera_rows, "models": model_rows, "assignments": assignment_rows}


_CHANGEABLE = ("desired_fps", "priority", "parameters")


def _json(answer: Any) -> bytes:
    try:
        return orjson.dumps(answer)
    except orjson.JSONEncodeError:  # an integer of more than 64 bits
        return json.dumps(answer).encode()


def _raw(status: int, body: bytes) -> bytes:
    return b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n%b" % (status, len(body), body)


_SQL_ERROR = orjson.dumps({"error": {"status": 500, "message": SQL_TEXT, "path": "/x"}})

_ANSWERS: dict[Fault, bytes] = {
    Fault.FAIL_TEXT: _raw(500, b"Internal Server Error"),
    Fault.FAIL_JSON: _raw(500, _SQL_ERROR),
    Fault.GARBAGE: _raw(200, b'<html>{"not json'),
    Fault.NOT_HTTP: b"SSH-2.0-OpenSSH_9.6\r\n",
    Fault.BAD_HEADERS: b"HTTP/1.1 200 X\r\nno header\r\nContent-Length: 2\r\n\r\n[]",
    Fault.WRONG_SHAPE: _raw(200, b'{"some": true}'),
    Fault.UNAUTHORISED: _raw(401, b'{"detail": "no"}'),
    Fault.FORBIDDEN: _raw(403, b'{"detail": "no"}'),
    Fault.NOT_FOUND: _raw(404, b'{"error": {"status": 404, "message": "none", "path": "/x"}}'),
}
_CLOSING = {Fault.FAIL_TEXT, Fault.NOT_HTTP, Fault.BAD_HEADERS}


def _endpoint(method: str, path: str) -> str:
    if path == "/health":
        return "health"
    if method != "GET":
        return "writes"
    names = {"devices": "cameras", "ai-models": "models", "ai-model-assignments": "assignments"}
    return names[path.split("/")[3]]


def _spoil(answer: Any, fault: Fault | None, field: str) -> Any:
    """The answer with a wrong type in `field` of its rows."""
    rows = answer if isinstance(answer, list) else next(iter(answer.values()))
    wrong = [{**row, field: {"wrong": RTSP_PASSWORD}} for row in rows]
    if fault is Fault.WRONG_TYPES:
        rows[:] = wrong
    if fault is Fault.ONE_WRONG_ROW:
        rows[:1] = wrong[:1]
    return answer


def _lie(total: int, fault: Fault | None) -> int:
    return total - 1 if fault is Fault.TOTAL_TOO_SMALL else total


def _error(status: int, message: str) -> tuple[int, Any]:
    return status, {"error": {"status": status, "message": message, "path": "/api/v1/x"}}


def _validation(field: str, value: Any) -> Any:
    detail = {"type": "range", "loc": ["body", field], "msg": "Out of range", "input": value}
    return {"error": {"status": 422, "message": "Validation error", "details": [detail]}}


def _out_of_range(desired: Row) -> tuple[int, Any] | None:
    for field, (low, high) in {"desired_fps": (1, 30), "priority": (0, 100)}.items():
        value = desired.get(field)
        if value is not None and not low <= value <= high:
            return 422, _validation(field, value)
    return None


def _now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


def _shut(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        socket.socket.shutdown(connection, socket.SHUT_RDWR)


def _send_without_end(connection: socket.socket, release: threading.Event) -> bool:
    connection.sendall(b"HTTP/1.1 200 X\r\nConnection: close\r\n\r\n[")
    while not release.is_set():
        connection.sendall(b" " * 2**20)
    return False
