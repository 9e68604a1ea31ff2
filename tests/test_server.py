"""The page standing alone and under other applications; the host comes first."""

from __future__ import annotations

import logging
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urljoin, urlsplit

import pytest
import requests
import uvicorn
from a2wsgi import WSGIMiddleware
from dash import Dash
from fastapi import FastAPI
from fastapi.responses import JSONResponse
from flask import Flask, Response, abort, redirect, request, session
from flask.typing import ResponseReturnValue
from pydantic import SecretStr
from werkzeug.test import Client, TestResponse

from tests.fakes.faulty_vas import FaultyVas
from tests.fakes.page import Page
from tests.fakes.pages import API_KEY, DEADLINE_S, calm, complete, until
from vas_dash import Settings, create_app, create_server, mount, wsgi_app
from vas_dash.changes.presets import value_problems
from vas_dash.domain.entities import AiModel
from vas_dash.embedded.catalogue import fleet_models
from vas_dash.errors import SettingsError
from vas_dash.journal import Journal

ROOT = Path(__file__).resolve().parents[1]

pytestmark = pytest.mark.usefixtures("unhurried")


@pytest.fixture
def settings(vas: FaultyVas, tmp_path: Path) -> Settings:
    url = f"sqlite:///{tmp_path / 'journal.db'}"
    return Settings(api_url=vas.url, api_key=SecretStr(API_KEY), db_url=url)


# Standing alone.


def test_the_page_is_a_dash_application_whose_server_is_the_whole_product() -> None:
    app = create_app(Settings())
    assert isinstance(app, Dash)
    client = app.server.test_client()
    assert client.get("/").location == "/ai-models/"
    assert app.backend.server is app.server
    assert client.get("/ai-models/healthz").status_code == 200
    assert client.get("/api/v1/devices", headers={"Host": "elsewhere.example"}).status_code == 403
    with pytest.raises(SettingsError, match="VAS_DASH_ENABLED"):
        create_app(Settings(enabled=False))


def test_the_root_leads_to_the_page(settings: Settings) -> None:
    client = create_server(settings).test_client()
    answer = client.get("/")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/ai-models/")
    assert "<title>AI models</title>" in client.get("/ai-models/").text


def test_the_prefix_can_be_any_path(settings: Settings) -> None:
    client = create_server(settings.with_prefix("/control/of-models/")).test_client()
    assert client.get("/").headers["Location"] == "/control/of-models/"
    assert client.get("/control/of-models/healthz").text == "ok\n"
    assert client.get("/ai-models/").status_code == 404
    page = Page(client, "/control/of-models/")
    until(page, lambda: complete(page))


def test_healthz_says_ok_whatever_the_vas_does(settings: Settings, vas: FaultyVas) -> None:
    client = create_server(settings).test_client()
    vas.stop()
    answer = client.get("/ai-models/healthz")
    assert (answer.status_code, answer.text, answer.mimetype) == (200, "ok\n", "text/plain")


def test_the_embedded_vas_is_there_only_without_a_vas(settings: Settings, tmp_path: Path) -> None:
    assert create_server(settings).test_client().get("/api/v1/devices").status_code == 404
    embedded = Settings(embedded_db_url=f"sqlite:///{tmp_path / 'vas.db'}", embedded_site="empty")
    client = create_server(embedded).test_client()
    assert client.get("/api/v1/devices").get_json() == []
    page = Page(client)
    until(page, lambda: page.line("grid-empty") == "The VAS has no cameras.")


def test_the_page_knows_the_key_of_its_own_embedded_vas(tmp_path: Path) -> None:
    embedded = Settings(
        embedded_db_url=f"sqlite:///{tmp_path / 'vas.db'}",
        embedded_api_key=SecretStr("k3y"),
        db_url=f"sqlite:///{tmp_path / 'journal.db'}",
    )
    client = create_server(embedded).test_client()
    assert client.get("/api/v1/devices").status_code == 401
    page = Page(client)
    until(page, lambda: complete(page))
    assert page.line("counts").startswith("60 of 60 cameras")


@pytest.mark.parametrize("site", ["demo", "fleet"])
def test_a_demo_begins_with_a_standard_preset_of_its_models(
    site: Literal["demo", "fleet"], tmp_path: Path
) -> None:
    settings = Settings(
        embedded_db_url=f"sqlite:///{tmp_path / 'vas.db'}",
        embedded_site=site,
        db_url=f"sqlite:///{tmp_path / 'journal.db'}",
    )
    for _ in range(2):
        create_server(settings)
    journal = Journal(settings.db_url)
    made = journal.presets.versions()
    assert {(one.name, one.who, one.version) for one in made} == {("Standard", "demo", 1)}
    assert "ppe-detection" in {one.model_id for one in made}
    models = {
        model.model_id: AiModel(model.model_id, model.name, config_schema=model.config_schema)
        for model in fleet_models()
    }
    for one in made:
        assert value_problems(one.values, one.model_id, models[one.model_id]) == ()
    journal.close()


def test_turned_off_nothing_is_there(settings: Settings) -> None:
    off = settings.model_copy(update={"enabled": False})
    client = create_server(off).test_client()
    for path in ("/", "/ai-models/", "/ai-models/healthz", "/api/v1/devices"):
        assert client.get(path).status_code == 404


# No outside world.


def resources(client: Client, prefix: str) -> dict[str, str]:
    """The page and everything that it loads, by address."""
    found = {prefix: client.get(prefix).text}
    for address in re.findall(r'(?:src|href)="([^"]+)"', found[prefix]):
        path = urljoin(prefix, address.split("?")[0])
        answer = client.get(address, buffered=True)
        assert answer.status_code == 200, address
        found[path] = answer.data.decode("utf-8", "replace")
    return found


ORIGIN = re.compile(r"""(?:^|["'(=\s])(?:https?:)?//[a-z0-9][\w.-]*\.[a-z]{2,}""", re.I)


def test_the_page_loads_nothing_from_another_origin(settings: Settings) -> None:
    found = resources(create_server(settings).test_client(), "/ai-models/")
    index = found["/ai-models/"]
    assert not ORIGIN.search(index)
    styles = {path: text for path, text in found.items() if path.endswith(".css")}
    scripts = {path: text for path, text in found.items() if path.endswith(".js")}
    whole = styles["/ai-models/assets/bundle.css"] + scripts["/ai-models/assets/bundle.js"]
    for source in (ROOT / "assets").iterdir():
        assert source.read_text(encoding="utf-8") in whole
    assert "Bootstrap" in whole
    for path, text in styles.items():
        assert "@import" not in text, path
        for address in re.findall(r"url\(\s*[\"']?([^)\"']+)", text):
            assert address.startswith(("data:", "#")), (path, address)
    assert len(scripts) > 8
    for path, text in scripts.items():
        if "/assets/" in path:
            # A link to a document in a comment loads nothing.
            assert not re.search(r"XMLHttpRequest|import\(", text), path
            asked = re.findall(r"fetch\([^,]*", text)
            assert all(one.startswith("fetch(vas.views.root()") for one in asked), path
    assert all(path.startswith("/ai-models/") for path in found)


def test_every_component_of_the_layout_is_served_by_the_page_itself(settings: Settings) -> None:
    text = create_server(settings).test_client().get("/ai-models/_dash-layout").text
    assert "//" not in text


# Under a Flask application.


def host(with_page: Callable[[Flask], None] | None = None) -> Flask:
    """An application with routes of all kinds."""
    app = Flask("host", static_folder=str(ROOT / "assets"), static_url_path="/static")
    app.secret_key = "the host's"

    @app.get("/")
    def index() -> ResponseReturnValue:
        return {"host": "index"}

    @app.get("/ai-models-old/")
    def neighbour() -> ResponseReturnValue:
        return "a path that begins alike"

    @app.post("/echo")
    def echo() -> ResponseReturnValue:
        return request.get_data(), 201, {"X-Host": "yes"}

    @app.get("/session")
    def count() -> ResponseReturnValue:
        session["count"] = session.get("count", 0) + 1
        return str(session["count"])

    @app.get("/redirect")
    def elsewhere() -> ResponseReturnValue:
        return redirect("/elsewhere")

    @app.get("/teapot")
    def teapot() -> ResponseReturnValue:
        abort(418)

    @app.get("/broken")
    def broken() -> ResponseReturnValue:
        raise ZeroDivisionError("the host's own")

    @app.get("/stream")
    def stream() -> ResponseReturnValue:
        return iter([b"one ", b"two"]), 200, {"Content-Type": "text/plain"}

    @app.errorhandler(404)
    def missing(_: Exception) -> ResponseReturnValue:
        return "the host's 404", 404

    @app.after_request
    def mark(response: Any) -> Any:
        response.headers["X-Frame-Options"] = "DENY"
        return response

    if with_page is not None:
        with_page(app)
    return app


REQUESTS = [
    ("GET", "/"),
    ("HEAD", "/"),
    ("OPTIONS", "/"),
    ("POST", "/"),
    ("GET", "/ai-models-old/"),
    ("GET", "/ai-models-old"),
    ("POST", "/echo"),
    ("GET", "/session"),
    ("GET", "/session"),
    ("GET", "/redirect"),
    ("GET", "/teapot"),
    ("GET", "/broken"),
    ("GET", "/stream"),
    ("GET", "/static/page.css"),
    ("HEAD", "/static/page.css"),
    ("GET", "/static/none.css"),
    ("GET", "/nowhere"),
    ("GET", "/api/v1/devices"),
    ("GET", "/_dash-layout"),
    ("GET", "/assets/grid.js"),
    ("GET", "/healthz"),
    ("GET", "/assets/bundle.css"),
]


def told(app: Flask) -> list[tuple[Any, ...]]:
    """What the host answers to everything, to the byte."""
    app.config["SESSION_COOKIE_NAME"] = "host"
    client = app.test_client()
    answers = [
        client.open(path, method=method, data=b"body", buffered=True) for method, path in REQUESTS
    ]
    return [(one.status, comparable(one), one.data) for one in answers]


def comparable(answer: TestResponse) -> list[tuple[str, str]]:
    """The headers, without what changes with the time of day."""
    return [
        (name, re.sub(r"\.[\w-]{6}\.[\w-]+;", ";", value))
        for name, value in answer.headers
        if name != "Date"
    ]


def broken_build(*_: object, **__: object) -> None:
    raise RuntimeError("s3cret")


MOUNTS: dict[str, Callable[[Flask, Settings], None]] = {
    "well": lambda app, settings: mount(app, settings=settings),
    "at another prefix": lambda app, settings: mount(app, "/other/", settings),
    "on a VAS that is away": lambda app, settings: mount(
        app, settings=settings.model_copy(update={"api_url": "http://127.0.0.1:9"})
    ),
    "without an address": lambda app, settings: mount(
        app, settings=settings.model_copy(update={"api_url": None})
    ),
    "turned off": lambda app, settings: mount(
        app, settings=settings.model_copy(update={"enabled": False})
    ),
    "at no prefix": lambda app, settings: mount(app, "no-slashes", settings),
    "at the root": lambda app, settings: mount(app, "/", settings),
    "with a key that is none": lambda app, settings: mount(
        app, settings=settings.model_copy(update={"api_key": SecretStr("s3cret\n\N{SNOWMAN}")})
    ),
}


@pytest.mark.parametrize("how", MOUNTS)
def test_the_hosts_own_answers_are_the_same_to_the_byte(
    how: str, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL, logger="host")
    expected = told(host())
    assert told(host(lambda app: MOUNTS[how](app, settings))) == expected


@pytest.mark.parametrize(
    ("how", "line"),
    [
        ("well", None),
        ("turned off", "the page is turned off by VAS_DASH_ENABLED: nothing is mounted"),
        ("without an address", "the page is not mounted: SettingsError: VAS_API_URL is not set"),
        (
            "at no prefix",
            "the page is not mounted: SettingsError: settings: prefix: must begin and end with",
        ),
        (
            "at the root",
            "the page is not mounted: SettingsError: settings: prefix: must name a path",
        ),
        (
            "with a key that is none",
            "the page is not mounted: SettingsError: VAS_API_KEY: has characters",
        ),
    ],
)
def test_mounting_logs_at_most_one_line_and_returns_nothing(
    how: str, line: str | None, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    result: Any = MOUNTS[how](host(), settings)
    assert result is None
    said = [record.getMessage() for record in caplog.records]
    if line is None:
        assert said == []
    else:
        assert len(said) == 1
        assert said[0].startswith(line)
        assert "\n" not in said[0]
    assert "s3cret" not in caplog.text
    assert "Traceback" not in caplog.text


def test_settings_of_the_environment_that_are_wrong_are_one_line(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("VAS_API_URL", "ftp://s3cret")
    app = host()
    mount(app)
    assert [record.getMessage().split(" (")[0] for record in caplog.records] == [
        "the page is not mounted: SettingsError: settings: VAS_API_URL: must look like "
        "http://host:port"
    ]
    assert app.test_client().get("/ai-models/").text == "the host's 404"


@pytest.mark.parametrize(
    "part",
    [
        "vas_dash.pages.layout.page",
        "vas_dash.pages.callbacks.register",
        "vas_dash.backend.transport.Transport.__init__",
        "dash.Dash.__init__",
    ],
)
def test_an_exception_while_building_the_page_is_one_line_without_its_values(
    part: str,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(part, broken_build)
    app = host()
    mount(app, settings=settings)
    (record,) = caplog.records
    assert record.getMessage().startswith("the page is not mounted: RuntimeError (test_server.py:")
    assert record.exc_info is None
    assert "s3cret" not in caplog.text
    assert app.test_client().get("/").get_json() == {"host": "index"}
    assert app.test_client().get("/ai-models/").text == "the host's 404"


def test_the_page_works_under_its_host(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    app = host(lambda app: mount(app, settings=settings))
    page = Page(app.test_client())
    until(page, lambda: complete(page))
    page.open("cam-1", "ppe")
    assert page.save(fps="6").startswith("Saved.")
    assert app.test_client().get("/ai-models/healthz").text == "ok\n"
    # The host's own handlers do not touch the page's answers, nor the page's the host's.
    assert "X-Frame-Options" not in app.test_client().get("/ai-models/").headers
    assert app.test_client().get("/ai-models/nowhere/else.js").text != "the host's 404"
    calm(caplog)


def test_an_exception_in_a_callback_changes_nothing_and_is_one_line(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    app = host(lambda app: mount(app, settings=settings))
    page = Page(app.test_client())
    until(page, lambda: complete(page))
    caplog.clear()
    monkeypatch.setattr("vas_dash.pages.context.Context.rendered_pages", broken_build)
    page.refresh()
    assert page.last is not None
    assert page.last.status_code in (200, 204)
    assert page.sent == {}
    (record,) = caplog.records
    assert record.getMessage().startswith("a callback failed: RuntimeError (test_server.py:")
    assert record.exc_info is None
    assert app.test_client().get("/").status_code == 200


@pytest.mark.parametrize(
    ("part", "path", "status", "text"),
    [
        ("vas_dash.web.bundles.Response", "assets/bundle.css", 500, "This did not work.\n"),
        ("flask.Flask.full_dispatch_request", "", 500, "This did not work.\n"),
        ("flask.Flask.request_context", "", 503, "This page is not available.\n"),
    ],
)
def test_an_exception_while_serving_the_page_is_a_plain_text_and_one_line(
    part: str,
    path: str,
    status: int,
    text: str,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    app = host(lambda app: mount(app, settings=settings))
    calm(caplog)
    with monkeypatch.context() as broken:
        broken.setattr(part, broken_build)
        client = Client(app.wsgi_app, TestResponse)
        answer = client.get(f"/ai-models/{path}")
    assert (answer.status_code, answer.text) == (status, text)
    assert answer.mimetype == "text/plain"
    (record,) = caplog.records
    assert "RuntimeError" in record.getMessage()
    assert record.exc_info is None
    assert "s3cret" not in caplog.text
    assert app.test_client().get("/").get_json() == {"host": "index"}


def test_two_pages_stand_beside_each_other(settings: Settings) -> None:
    with FaultyVas() as empty:
        app = host()
        mount(app, "/one/", settings)
        mount(app, "/two/", Settings(api_url=empty.url))
        one, two = Page(app.test_client(), "/one/"), Page(app.test_client(), "/two/")
        until(one, lambda: complete(one))
        until(two, lambda: two.line("grid-empty") == "The VAS has no cameras.")
        assert len(one["grid.data"]) == 3
        assert app.test_client().get("/").get_json() == {"host": "index"}


# Under FastAPI.


@contextmanager
def served(app: Any) -> Iterator[str]:
    """A real uvicorn."""
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, lifespan="off", ws="none")
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    end = time.monotonic() + DEADLINE_S
    while not server.started:
        assert time.monotonic() < end
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(DEADLINE_S)


class OverHttp(Client):
    """A client with the calls of the test client, over the network."""

    def __init__(self, base: str) -> None:
        super().__init__(Flask("nothing"), TestResponse)
        self._base = base

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        answer = requests.request(
            kwargs["method"], self._base + args[0], json=kwargs.get("json"), timeout=DEADLINE_S
        )
        return TestResponse(
            iter([answer.content]),
            f"{answer.status_code} {answer.reason}",
            [("Content-Type", answer.headers.get("Content-Type", ""))],  # type: ignore[arg-type]
            request=None,  # type: ignore[arg-type]
        )


def api() -> FastAPI:
    app = FastAPI()

    @app.get("/api/v1/things")
    def things() -> list[str]:
        return ["one"]

    return app


API_REQUESTS = [
    ("GET", "/api/v1/things"),
    ("POST", "/api/v1/things"),
    ("GET", "/openapi.json"),
    ("GET", "/nowhere"),
    ("GET", "/ai-models-old/"),
    ("GET", "/_dash-layout"),
]


def api_told(base: str) -> list[tuple[int, str, bytes]]:
    answers = [requests.request(method, base + path, timeout=30) for method, path in API_REQUESTS]
    return [(one.status_code, one.headers["Content-Type"], one.content) for one in answers]


def test_the_page_works_below_fastapi_and_the_api_is_as_before(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    with served(api()) as base:
        alone = api_told(base)
    app = api()
    app.mount("/ai-models", WSGIMiddleware(wsgi_app("/ai-models/", settings)))  # type: ignore[arg-type]
    with served(app) as base:
        assert api_told(base) == alone
        client = OverHttp(base)
        found = resources(client, "/ai-models/")
        assert any(path.endswith("/bundle.js") for path in found)
        assert client.get("/ai-models/healthz").text == "ok\n"
        page = Page(client)
        until(page, lambda: complete(page))
        page.open("cam-1", "ppe")
        assert page.save(fps="6").startswith("Saved.")
    calm(caplog)


def documented(name: str, **names: Any) -> Any:
    """What the example of the documentation that begins with this comment makes."""
    text = (ROOT / "docs" / "mounting.md").read_text()
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    (code,) = (block for block in blocks if block.startswith(f"# {name}\n"))
    exec(compile(code, "mounting.md", "exec"), names)
    return names["app"]


def keyed_api() -> FastAPI:
    """A host whose middleware asks for a key on every path."""
    app = api()

    @app.middleware("http")
    async def check(request: Any, call_next: Any) -> Any:
        if request.headers.get("X-API-Key") != "k3y":
            return JSONResponse({"detail": "no key"}, status_code=401)
        return await call_next(request)

    return app


def test_a_dispatcher_leads_past_the_middleware_of_an_asgi_host(settings: Settings) -> None:
    inside = keyed_api()
    inside.mount("/ai-models", WSGIMiddleware(wsgi_app("/ai-models/", settings)))  # type: ignore[arg-type]
    with served(inside) as base:
        assert requests.get(f"{base}/ai-models/", timeout=30).status_code == 401
    app = documented("In front of an ASGI host.", host=keyed_api(), settings=settings)
    with served(app) as base:
        things = f"{base}/api/v1/things"
        assert requests.get(things, timeout=30).status_code == 401
        assert requests.get(things, headers={"X-API-Key": "k3y"}, timeout=30).json() == ["one"]
        assert requests.get(f"{base}/ai-models-old/", timeout=30).status_code == 401
        page = Page(OverHttp(base))
        until(page, lambda: complete(page))
        page.open("cam-1", "ppe")
        assert page.save(fps="6").startswith("Saved.")


def test_a_dispatcher_leads_past_the_middleware_of_a_wsgi_host(settings: Settings) -> None:
    inner = host()

    def keyed(environ: Any, start_response: Any) -> Any:
        if environ.get("HTTP_X_API_KEY") != "k3y":
            return Response("no key", status=401)(environ, start_response)
        return inner(environ, start_response)

    app = documented("In front of a WSGI host.", host=keyed, settings=settings)
    client = Client(app, TestResponse)
    assert client.get("/").status_code == 401
    assert client.get("/", headers={"X-API-Key": "k3y"}).get_json() == {"host": "index"}
    page = Page(client)
    until(page, lambda: complete(page))
    page.open("cam-1", "ppe")
    assert page.save(fps="6").startswith("Saved.")


@pytest.mark.parametrize(
    ("changes", "status"),
    [({"enabled": False}, 404), ({"api_url": None}, 503), ({"prefix": "wrong"}, 503)],
)
def test_a_page_that_cannot_be_made_answers_so_and_raises_nothing(
    changes: dict[str, Any], status: int, settings: Settings
) -> None:
    made = settings.model_copy(update={**changes, "prefix": "/ai-models/"})
    client = Client(wsgi_app(changes.get("prefix"), made), TestResponse)
    assert client.get("/").status_code == status
    assert client.get("/anything").mimetype == "text/plain"


# Real processes.


def environment(**variables: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return {**kept, **variables}


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_one_command_prints_the_address_and_serves(
    settings: Settings, vas: FaultyVas, host: str
) -> None:
    process = subprocess.Popen(
        [sys.executable, "app.py"],
        cwd=ROOT,
        env=environment(
            HOST=host,
            PORT=str(free_port()),
            VAS_API_URL=vas.url,
            VAS_API_KEY=API_KEY,
            WEB_CONCURRENCY="2",
        ),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    try:
        address = process.stdout.readline().strip()
        shown = re.escape(f"[{host}]" if ":" in host else host)
        assert re.fullmatch(rf"http://{shown}:\d+{settings.prefix}", address)
        base = address.removesuffix(settings.prefix)
        page = Page(OverHttp(base))
        until(page, lambda: complete(page))
        assert requests.get(base, timeout=30).url == address
    finally:
        process.send_signal(signal.SIGTERM)
        rest = process.communicate(timeout=DEADLINE_S)[0]
    assert process.returncode == 0
    assert "Traceback" not in rest
    assert "ERROR" not in rest


HALVES = (
    b"GET /ai-models/ HTTP/1.1\r\nHost: 127.0.0.1\r\nX-",
    b"POST /ai-models/poll HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    b"Content-Type: application/json\r\nContent-Length: 900\r\n\r\n{",
)


def test_half_requests_keep_nobody_waiting_and_are_let_go(vas: FaultyVas) -> None:
    process = subprocess.Popen(
        [sys.executable, "app.py"],
        cwd=ROOT,
        env=environment(PORT=str(free_port()), VAS_API_URL=vas.url, VAS_API_KEY=API_KEY),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    try:
        address = urlsplit(process.stdout.readline().strip())
        with ExitStack() as stack:
            halves = []
            for half in HALVES * 10:
                place = (str(address.hostname), int(address.port or 0))
                one = stack.enter_context(socket.create_connection(place, DEADLINE_S))
                one.sendall(half)
                halves.append(one)
            assert requests.get(f"{address.geturl()}healthz", timeout=DEADLINE_S).text == "ok\n"
            for one in halves:
                while one.recv(65536):  # an answer that it was cut, or nothing; then the end
                    pass
    finally:
        process.send_signal(signal.SIGTERM)
        rest = process.communicate(timeout=DEADLINE_S)[0]
    assert "Traceback" not in rest


def free_port() -> int:

    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.mark.parametrize(
    "command",
    [
        [sys.executable, "app.py"],
        [
            sys.executable,
            "-m",
            "gunicorn",
            "--no-control-socket",
            "-b",
            "127.0.0.1:0",
            "app:server",
        ],
    ],
    ids=["python app.py", "gunicorn app:server"],
)
@pytest.mark.parametrize(
    ("variable", "value", "line"),
    [
        ("VAS_API_URL", "ftp://s3cret", "settings: VAS_API_URL: must look like http://host:port"),
        ("VAS_API_KEY", "s3cret\N{SNOWMAN}", "VAS_API_KEY: has characters that a header"),
        ("VAS_EMBEDDED_DB_URL", "nonsense://s3cret", "VAS_EMBEDDED_DB_URL"),
    ],
)
def test_a_wrong_setting_is_one_clear_line_and_no_start(
    command: list[str], variable: str, value: str, line: str
) -> None:
    port = {"PORT": str(free_port())}
    ended = subprocess.run(
        command,
        cwd=ROOT,
        env=environment(**{**port, variable: value}),
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )
    said = ended.stdout + ended.stderr
    assert ended.returncode != 0
    assert said.count(line) == 1
    assert "Traceback" not in said
    assert "s3cret" not in said
    own = [one for one in said.splitlines() if one and not one.startswith(("[", "http://"))]
    assert len(own) == 1, said


@pytest.mark.parametrize("path", ["dash/nope.js", "nope/x.js", "dash/../../app.py"])
def test_a_component_file_that_is_none_is_not_found(settings: Settings, path: str) -> None:
    client = create_server(settings).test_client()
    answer = client.get(f"/ai-models/_dash-component-suites/{path}")
    assert answer.status_code == 404


def test_what_is_beside_the_page_has_its_headers_and_one_clear_line(settings: Settings) -> None:
    client = create_server(settings).test_client()
    for path in ("/", "/nope", "/_dash-layout"):
        answer = client.get(path)
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "frame-ancestors" in answer.headers["Content-Security-Policy"]
        assert answer.headers["Cache-Control"] == "no-store"
    assert answer.status_code == 404
    assert answer.text.startswith("Nothing is here: the page is at /ai-models/. ")
    assert answer.text.count("\n") == 1


@pytest.mark.parametrize(
    ("address", "taken", "path", "status"),
    [
        ("127.0.0.1", "/ai-models", "/healthz", 200),
        ("127.0.0.1", "/ai-models/", "/healthz", 200),
        ("127.0.0.1", "/ai-models", "/ai-models/healthz", 200),
        ("127.0.0.1", "/ai", "/models/healthz", 404),
        ("127.0.0.1", "/other", "/healthz", 404),
        ("127.0.0.2", "/ai-models", "/healthz", 404),
    ],
)
def test_a_path_that_a_proxy_took_away_is_given_back_to_proxies_that_are_believed(
    settings: Settings, address: str, taken: str, path: str, status: int
) -> None:
    known = settings.model_copy(update={"proxy_addresses": "127.0.0.1"})
    client = create_server(known).test_client()
    answer = client.get(
        path,
        headers={"X-Forwarded-Prefix": taken},
        environ_overrides={"REMOTE_ADDR": address},
    )
    assert answer.status_code == status
    if taken == "/other":
        assert answer.text == (
            "The proxy takes away another path than /ai-models/: "
            "set VAS_DASH_PREFIX to the path that browsers see.\n"
        )
