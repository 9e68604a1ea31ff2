"""Whatever is sent to a callback: no failure, no traceback, no growth, nothing written.

Every callback that the page registers is found by itself. Whatever does not fit one is answered
with nothing (204) or refused (400), and said in one line of the log.
"""

from __future__ import annotations

import gc
import io
import json
import logging
import random
import resource
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from tests.fakes.faulty_vas import FaultyVas
from tests.fakes.page import Page, outputs
from tests.fakes.pages import complete, small_site, until
from vas_dash import Settings, create_server
from vas_dash.domain.changes import CellChange
from vas_dash.domain.entities import CellIntent, CellKey
from vas_dash.journal import Journal
from vas_dash.pages import arguments

BODIES = 2_000
HUGE = 3
"""Of the bodies of a callback so many carry texts of 5 MB."""

WARM_UP = 200
GROWTH_BYTES = 64 * 2**20
"""Above what the allocator keeps; a kilobyte lost with each body is far more."""

SOMEBODYS = "draft-of-somebody-else"

# The ids of cameras are known, those of models are not: with both, a body could be a right one.
TEXTS = [
    *("", " ", "0", "1", "-1", "x", "cam-1", "cam-2", "no-such", "null", "cell", "camera", "model"),
    *("on", "off", "enable", "disable", "mine", "theirs", "all", "review", "history", "files"),
    *("/ai-models/history/1", "/ai-models/history/99999999999999999999", "/ai-models/review/../.."),
    *("?q=x", "?page=-1", "?page=9e99", "?size=" + "9" * 400, "?loc=%ff%00", "?" + "q=x&" * 50),
    *("<script>alert(1)</script>", "\0", "\ud800", "\udc00x", "a\r\nSet-Cookie: b=c", "\x7f\x1b["),
    *("\N{RIGHT-TO-LEFT OVERRIDE}abc", "\N{FULLWIDTH DIGIT ONE}", "\U0001f4a9", "e\u0301" * 30),
    *("2026-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "NaN"),
    *("{}", "[]", '{"id": 1}', "[" * 3000, '{"a":' * 500, "1e999", "9" * 5000, "%s%n{0}", "' OR 1"),
    *(
        "data:text/csv;base64,Y2FtZXJhLG1vZGVsCng=",
        "data:;base64,////",
        "x.csv",
        "../../etc/passwd",
    ),
    *(SOMEBODYS, "y" * 3_000, "__class__", "__proto__", "panel-save", "grid.data", "draft"),
]
NUMBERS = [0, 1, -1, 2, 7, 2**31, 2**63, 2**64, 10**30, -(10**18), 0.5, -0.0, 1e308]
ODD = [float("nan"), float("inf"), -float("inf")]


def field_names() -> list[str]:
    """Of everything that the page checks, and of what a file or a draft is made of."""
    names = {name for kind in below(arguments.Argument) for name in kind.model_fields}
    return sorted(names | {"id", "revision", "count", "blocked", "key", "conflict", "n", "left"})


def below(kind: type[Any]) -> Iterator[type[Any]]:
    """Every class that stands on `kind`."""
    for one in kind.__subclasses__():
        yield one
        yield from below(one)


NAMES = field_names()


class Hostile:
    """Bodies for one callback, the same ones in every run."""

    def __init__(self, callback: dict[str, Any], everything: list[dict[str, Any]]) -> None:
        self.random = random.Random(callback["output"])
        self.callback = callback
        self.everything = everything
        self.huge = b'"' + b"z" * 5_000_000 + b'"'

    def bodies(self, count: int) -> Iterator[bytes]:
        """So many bodies; a few are huge, and a few are no JSON at all."""
        for turn in range(count):
            if turn % 97 == 0:
                yield self.random.choice([b"", b"{", b"\xff\xfe{}", b"[" * 100_000, b"null", b"7"])
                continue
            body = self.callback_body()
            if turn % (count // HUGE) == 1:
                places = [one for one in body["inputs"] + body["state"] if isinstance(one, dict)]
                place = self.random.choice(places or [{}])
                place["value"] = self.random.choice(["huge", ["huge"], {"kind": "huge"}])
                yield json.dumps(body).encode().replace(b'"huge"', self.huge)
                continue
            if turn % 5 == 0:
                self.spoil(body)
            yield json.dumps(body).encode()

    def callback_body(self) -> dict[str, Any]:
        """A body that calls the callback, with values of any kind."""
        callback = self.callback
        inputs = [self.entry(one) for one in callback["inputs"]]
        names = [self.triggered(one) for one in callback["inputs"]]
        return {
            "output": callback["output"],
            "outputs": outputs(callback["output"]),
            "inputs": inputs,
            "state": [self.entry(one) for one in callback["state"]],
            "changedPropIds": [self.random.choice(names)] if names else [],
        }

    def entry(self, one: dict[str, Any]) -> Any:
        name, prop = one["id"], one["property"]
        if not name.startswith("{"):
            return {"id": name, "property": prop, "value": self.value()}
        several = [
            {"id": self.wildcard(name), "property": prop, "value": self.value()}
            for _ in range(self.random.randrange(4))
        ]
        if prop == "id" and self.random.random() < 0.7:
            several = [{**one, "value": one["id"]} for one in several]
        return several

    def wildcard(self, name: str) -> dict[str, Any]:
        return {
            key: self.random.choice([*TEXTS, 7]) if isinstance(value, list) else value
            for key, value in json.loads(name).items()
        }

    def triggered(self, one: dict[str, Any]) -> str:
        name = one["id"]
        if name.startswith("{"):
            name = json.dumps(self.wildcard(name), sort_keys=True, separators=(",", ":"))
        return f"{name}.{one['property']}"

    def value(self, depth: int = 0) -> Any:
        """Of any type; often with the names that the page knows."""
        choose = self.random
        kind = choose.random()
        if kind < 0.35:
            return choose.choice(TEXTS)
        if kind < 0.5:
            return choose.choice(NUMBERS)
        if kind < 0.6 or depth > 3:
            return choose.choice([None, True, False])
        if kind < 0.61:
            return choose.choice(ODD)
        if kind < 0.63:
            return nested(choose.choice([20, 50, 60, 500]), choose.choice([list, dict]))
        if kind < 0.75:
            return [self.value(depth + 1) for _ in range(choose.randrange(4))]
        names = choose.sample(NAMES, choose.randrange(1, 8))
        return {name: self.value(depth + 1) for name in names}

    def spoil(self, body: dict[str, Any]) -> None:
        """Break what Dash takes for granted: ids of others, places missing or of a wrong type."""
        choose = self.random
        other = choose.choice(self.everything)
        match choose.randrange(7):
            case 0:
                del body[choose.choice(list(body))]
            case 1:
                body[choose.choice(list(body))] = self.value()
            case 2:
                body["inputs"] = [self.entry(one) for one in other["inputs"]]
            case 3:
                body["output"] = other["output"]
            case 4:
                body["outputs"] = outputs(other["output"])
            case 5:
                body["changedPropIds"] = [self.value() for _ in range(choose.randrange(3))]
            case _:
                for one in [*body["inputs"], *body["state"]]:
                    if isinstance(one, dict):
                        one[choose.choice(["id", "property", "value"])] = self.value()


def looks(maker: Hostile, count: int) -> Iterator[bytes]:
    """Bodies of the regular look."""
    for _ in range(count):
        body = {name: maker.value() for name in arguments.PollRequest.model_fields}
        del body[maker.random.choice(list(body))]
        yield json.dumps(maker.random.choice([body, body, maker.value()])).encode()


def nested(depth: int, kind: type) -> Any:
    value: Any = "x"
    for _ in range(depth):
        value = [value] if kind is list else {"id": value}
    return value


class Log(logging.Handler):
    """How many lines there were, and what must not stand in any."""

    def __init__(self) -> None:
        super().__init__()
        self.lines = 0
        self.bad: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines += 1
        text = record.getMessage()
        if record.levelno >= logging.ERROR or record.exc_info or "\n" in text or len(text) > 1000:
            self.bad.append(f"{record.name}: {text[:300]}")


@contextmanager
def watched_log() -> Iterator[Log]:
    """The product's log, kept out of pytest's, which would grow with each line."""
    logger, handler = logging.getLogger("vas_dash"), Log()
    logger.addHandler(handler)
    logger.propagate = False
    try:
        yield handler
    finally:
        logger.propagate = True
        logger.removeHandler(handler)


@pytest.fixture
def vas() -> Iterator[FaultyVas]:
    with FaultyVas(**small_site()) as server:
        yield server


@pytest.fixture
def settings(vas: FaultyVas, tmp_path: Path) -> Settings:
    return Settings(api_url=vas.url, refresh_s=3600, db_url=f"sqlite:///{tmp_path / 'journal.db'}")


def sender(server: Flask, path: str) -> Callable[[bytes], tuple[int, bytes]]:
    """Posts a body to `path`; a test client would take longer than the page does."""
    base = {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "HTTP_HOST": "localhost",
        "HTTP_ORIGIN": "http://localhost",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_TYPE": "application/json",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }

    def post(body: bytes) -> tuple[int, bytes]:
        status: list[str] = []
        environ = base | {"CONTENT_LENGTH": str(len(body)), "wsgi.input": io.BytesIO(body)}

        def start(line: str, *_: object) -> Callable[[bytes], object]:
            status.append(line)
            return lambda _: None

        answer: Any = server.wsgi_app(environ, start)
        try:
            text = b"".join(answer)
        finally:
            if hasattr(answer, "close"):
                answer.close()
        return int(status[0][:3]), text

    return post


def resident_bytes() -> int:
    """The memory that this process holds."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def kept(database: Path) -> dict[str, list[tuple[Any, ...]]]:
    """What the journal holds; that somebody has a draft with nothing in it is nothing."""
    with closing(sqlite3.connect(database)) as connection:
        rows = {
            table: connection.execute(f"SELECT * FROM journal_{table} ORDER BY 1, 2").fetchall()
            for table in ("change_sets", "cells", "draft_cells")
        }
        somebodys = "SELECT * FROM journal_drafts WHERE id = ?"
        return rows | {"drafts": connection.execute(somebodys, [SOMEBODYS]).fetchall()}


@pytest.mark.timeout(600)
def test_no_body_breaks_a_callback_or_writes_anything(
    settings: Settings, vas: FaultyVas, tmp_path: Path
) -> None:
    journal = Journal(settings.db_url)
    change = CellChange(CellKey("cam-1", "ppe"), None, CellIntent(True))
    journal.drafts.change(
        SOMEBODYS,
        "somebody else",
        lambda draft: type(draft)(draft.id, 0, "edit", {change.key: change}),
    )
    server = create_server(settings)
    page = Page(server.test_client())
    until(page, lambda: complete(page))
    before = kept(tmp_path / "journal.db")
    post = sender(server, "/ai-models/_dash-update-component")
    post_look = sender(server, "/ai-models/poll")
    callbacks = [one for one in page.callbacks if not one["clientside_function"]]
    assert len(callbacks) >= 6
    makers = [(one["output"], Hostile(one, callbacks)) for one in callbacks]
    statuses: dict[str, Counter[int]] = {output: Counter() for output, _ in makers}
    statuses["look"] = Counter()

    def send(count: int, log: Log) -> None:
        all_bodies = [(output, post, maker.bodies(count)) for output, maker in makers]
        for output, send_to, bodies in [
            *all_bodies,
            ("look", post_look, looks(makers[0][1], count)),
        ]:
            for body in bodies:
                status, answer = send_to(body)
                statuses[output][status] += 1
                assert status in (200, 204, 400), (output, status, body[:3000])
                assert b"Traceback" not in answer, (output, body[:3000])
                assert log.bad == [], (output, body[:3000])

    with watched_log() as log:
        send(WARM_UP, log)
        gc.collect()
        memory, lines = resident_bytes(), log.lines
        send(BODIES, log)
        gc.collect()
        growth = resident_bytes() - memory
        assert growth < GROWTH_BYTES, f"{growth / 2**20:.0f} MiB"
        assert log.lines > lines
    for output, counted in statuses.items():
        assert counted[400], output
        assert counted[200] + counted[204], output
    assert kept(tmp_path / "journal.db") == before
    assert sum(vas.count(method, "writes") for method in ("POST", "PUT", "PATCH", "DELETE")) == 0
    page.refresh("?q=gate")
    assert len(page["grid.data"]) == 3
    journal.close()
