"""Who is asking, in each way it can be told, on a real server."""

from __future__ import annotations

import io
import json
import logging
import os
import re
import socket
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
from argon2 import PasswordHasher
from flask import Flask, Request, session
from pydantic import SecretStr
from werkzeug.serving import WSGIRequestHandler, make_server

from tests.fakes.faulty_vas import FaultyVas
from tests.fakes.pages import API_KEY
from vas_dash import Operator, Role, Settings, create_server, mount, wsgi_app
from vas_dash.auth.attempts import WINDOW_S, Attempts
from vas_dash.auth.login import Login
from vas_dash.auth.users import Users
from vas_dash.cli import main
from vas_dash.embedded import EmbeddedVas
from vas_dash.errors import NotAllowedError, SettingsError

ROOT = Path(__file__).resolve().parents[2]
PAGE = "/ai-models/"
PASSWORD = "correct horse battery"
OTHER_PASSWORD = "staple of another stable"

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def _quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashes of the same kind that cost little: a suite makes many."""
    quick = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1)
    monkeypatch.setattr("vas_dash.auth.users._hasher", quick)


class _Quiet(WSGIRequestHandler):
    def log_request(self, *_: object) -> None:
        pass


@contextmanager
def served(app: Any) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def start() -> Iterator[Any]:
    with ExitStack() as stack:
        yield lambda app: stack.enter_context(served(app))


@pytest.fixture
def settings(vas: FaultyVas, tmp_path: Path) -> Settings:
    return Settings(
        api_url=vas.url,
        api_key=SecretStr(API_KEY),
        db_url=f"sqlite:///{tmp_path / 'journal.db'}",
        users_file=str(tmp_path / "auth" / "users.json"),
    )


def layout(address: str, **options: Any) -> requests.Response:
    return requests.get(f"{address}{PAGE}_dash-layout", allow_redirects=False, **options)


def role_of(answer: requests.Response) -> str:
    """The role that the page was drawn for."""
    assert answer.status_code == 200, answer.text
    return str(answer.json()["props"]["data-role"])


def who_of(answer: requests.Response) -> str:
    """Who the page says is asking."""
    found = re.search(r'"([^"]+, (?:viewer|operator|admin))"', answer.text)
    assert found is not None
    return found[1]


# A host says it.


def test_a_host_that_says_nothing_stands_for_its_users(settings: Settings, start: Any) -> None:
    host = Flask("host")
    mount(host, settings=settings)
    assert who_of(layout(start(host))) == "operator, admin"


def test_a_host_says_who_asks_from_its_own_session(settings: Settings, start: Any) -> None:
    host = Flask("host")
    host.secret_key = "the host's"

    @host.get("/enter/<name>")
    def enter(name: str) -> str:
        session["user"] = name
        return "in"

    def identify(_request: Request) -> Operator | None:
        name = session.get("user")
        return Operator(name, Role.VIEWER) if name else None

    mount(host, settings=settings, identify=identify)
    address = start(host)
    browser = requests.Session()
    answer = browser.get(f"{address}{PAGE}")
    assert (answer.status_code, answer.headers["Content-Type"]) == (
        401,
        "text/plain; charset=utf-8",
    )
    browser.get(f"{address}/enter/kim")
    assert who_of(browser.get(f"{address}{PAGE}_dash-layout")) == "kim, viewer"


def test_nobody_gets_nothing_of_the_page_but_that_it_lives(settings: Settings, start: Any) -> None:
    address = start(_below(wsgi_app(settings=settings, identify=lambda _: None)))
    for path in ("", "history", "_dash-layout", "_dash-dependencies", "assets/bundle.js"):
        answer = requests.get(f"{address}{PAGE}{path}")
        assert answer.status_code == 401, path
        assert len(answer.text.splitlines()) == 1
        assert answer.headers["Cache-Control"] == "no-store", path
        assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
        assert re.fullmatch("[0-9a-f]{16}", answer.headers["X-Request-ID"])
    assert requests.post(f"{address}{PAGE}_dash-update-component", json={}).status_code == 401
    assert requests.get(f"{address}{PAGE}healthz").text == "ok\n"


def test_known_and_not_allowed_is_403_with_the_reason(settings: Settings, start: Any) -> None:
    def identify(_request: Request) -> Operator | None:
        raise NotAllowedError("the night shift only")

    answer = layout(start(_below(wsgi_app(settings=settings, identify=identify))))
    assert (answer.status_code, answer.text) == (403, "The night shift only.\n")


@pytest.mark.parametrize("wrong", ["raises", "a text", "no such role", "no name"])
def test_an_identify_that_fails_is_503_and_one_line_and_the_host_goes_on(
    settings: Settings, start: Any, caplog: pytest.LogCaptureFixture, wrong: str
) -> None:
    def identify(_request: Request) -> Any:
        match wrong:
            case "raises":
                raise RuntimeError("s3cret")
            case "a text":
                return "kim"
            case "no such role":
                return Operator("kim", "boss")  # type: ignore[arg-type]
            case _:
                return Operator("  ")

    host = Flask("host")
    host.add_url_rule("/", view_func=lambda: "own", endpoint="own")
    mount(host, settings=settings, identify=identify)
    address = start(host)
    assert layout(address).status_code == 503
    assert requests.get(address).text == "own"
    (record,) = [one for one in caplog.records if one.levelno >= logging.ERROR]
    assert record.exc_info is None
    assert "s3cret" not in record.getMessage()


def test_an_operator_takes_plain_values_and_refuses_one_text_for_locations() -> None:
    kim = Operator("  kim   lee ", "viewer", ["Hall", "Gate"])  # type: ignore[arg-type]
    assert kim == Operator("kim lee", Role.VIEWER, frozenset({"Hall", "Gate"}))
    with pytest.raises(TypeError):
        Operator("kim", Role.OPERATOR, "Hall")  # type: ignore[arg-type]


def _below(app: Any) -> Any:
    """A WSGI application mounted as another framework would."""
    from werkzeug.middleware.dispatcher import DispatcherMiddleware

    return DispatcherMiddleware(Flask("outer"), {PAGE.rstrip("/"): app})


# Nobody says it: this machine only.


def test_with_auth_off_another_machine_is_refused(settings: Settings) -> None:
    client = create_server(settings).test_client()
    for address, status in (("127.0.0.1", 200), ("::1", 200), ("::ffff:127.0.0.1", 200)):
        answer = client.get(PAGE, environ_overrides={"REMOTE_ADDR": address})
        assert answer.status_code == status
    answer = client.get(PAGE, environ_overrides={"REMOTE_ADDR": "10.1.2.3"})
    assert answer.status_code == 403
    assert "VAS_DASH_AUTH" in answer.text


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:8050", 200),
        ("LOCALHOST.", 200),
        ("127.0.0.2", 200),
        ("[::1]:8050", 200),
        ("vas.example", 200),
        ("VAS.example:443", 200),
        ("rebound.example:8050", 403),
        ("127.0.0.1.rebound.example", 403),
        ("localhost.rebound.example", 403),
        ("[", 403),
        ("", 403),
    ],
)
def test_with_auth_off_the_page_and_the_embedded_vas_answer_to_their_names_only(
    settings: Settings, tmp_path: Path, host: str, status: int
) -> None:
    alone = {"api_url": None, "embedded_db_url": f"sqlite:///{tmp_path / 'vas.db'}"}
    named = settings.model_copy(update={**alone, "allowed_origins": "https://vas.example"})
    client = create_server(named).test_client()
    for path in (PAGE, "/api/v1/ai-models"):
        answer = client.get(path, headers={"Host": host})
        assert answer.status_code == status
        assert status == 200 or answer.text.count("\n") == 1


def test_the_embedded_vas_refuses_whom_the_page_refuses(settings: Settings, tmp_path: Path) -> None:
    alone = {"api_url": None, "embedded_db_url": f"sqlite:///{tmp_path / 'vas.db'}"}
    client = create_server(settings.model_copy(update=alone)).test_client()
    cameras = "/api/v1/devices"
    assert client.get(cameras).status_code == 200
    for method in ("get", "post", "delete"):
        far = getattr(client, method)(cameras, environ_overrides={"REMOTE_ADDR": "10.1.2.3"})
        assert far.status_code == 403
    foreign = client.post(cameras, json={}, headers={"Origin": "https://other.example"})
    assert foreign.status_code == 403


def test_the_own_port_of_the_embedded_vas_asks_for_a_key(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    served: list[str] = []
    serve = EmbeddedVas.serve

    def listened(self: EmbeddedVas, port: int = 0, key: SecretStr | None = None) -> str:
        served.append(serve(self, port, key))
        return served[0]

    monkeypatch.setattr(EmbeddedVas, "serve", listened)
    alone = {"api_url": None, "embedded_db_url": f"sqlite:///{tmp_path / 'vas.db'}"}
    create_server(settings.model_copy(update=alone))
    assert requests.get(f"{served[0]}/api/v1/devices", timeout=30).status_code == 401


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.1.2.3", "vas.example"])
def test_with_auth_off_only_loopback_can_be_listened_on(settings: Settings, host: str) -> None:
    with pytest.raises(SettingsError, match="HOST"):
        create_server(settings.model_copy(update={"host": host}))
    told_apart = {"host": host, "auth": "proxy", "proxy_addresses": "10.0.0.1"}
    create_server(settings.model_copy(update=told_apart))


def test_binding_to_a_network_with_auth_off_ends_the_start_with_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = str(listener.getsockname()[1])
    done = subprocess.run(
        [sys.executable, str(ROOT / "app.py")],
        env={"PATH": os.environ["PATH"], "HOST": "0.0.0.0", "PORT": port},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("settings: HOST: only this machine may be served")


def test_the_embedded_vas_is_beside_a_page_with_logins_only_with_a_key(tmp_path: Path) -> None:
    settings = Settings(
        auth="password",
        users_file=str(tmp_path / "users.json"),
        embedded_db_url=f"sqlite:///{tmp_path / 'vas.db'}",
        embedded_site="empty",
    )
    client = create_server(settings).test_client()
    assert client.get("/api/v1/devices").status_code == 404
    keyed = settings.model_copy(update={"embedded_api_key": SecretStr("k3y")})
    assert create_server(keyed).test_client().get("/api/v1/devices").status_code == 401


# A proxy says it.


@pytest.fixture
def proxied(settings: Settings) -> Settings:
    return settings.model_copy(
        update={
            "auth": "proxy",
            "proxy_addresses": "127.0.0.1",
            "proxy_role_header": "X-Role",
            "proxy_locations_header": "X-Locations",
        }
    )


def test_a_trusted_proxy_names_the_operator(proxied: Settings, start: Any) -> None:
    address = start(create_server(proxied))
    headers = {"X-Forwarded-User": "kim", "X-Role": "operator", "X-Locations": "Hall 1; Gate"}
    answer = layout(address, headers=headers)
    assert who_of(answer) == "kim, operator"
    assert "changes cameras in Gate, Hall 1" in answer.text
    assert role_of(layout(address, headers={**headers, "X-Role": "ADMIN"})) == "admin"
    name = "Zo\N{LATIN SMALL LETTER E WITH DIAERESIS}"
    utf_8 = {**headers, "X-Forwarded-User": name.encode()}
    assert json.loads(f'"{who_of(layout(address, headers=utf_8))}"') == f"{name}, operator"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"X-Role": "admin"}, 401),
        ({"X-Forwarded-User": ""}, 401),
        ({"X-Forwarded-User": "mallory,kim", "X-Role": "admin"}, 403),
        ({"X-Forwarded-User": "k" * 201, "X-Role": "admin"}, 403),
        ({"X-Forwarded-User": "kim"}, 403),
        ({"X-Forwarded-User": "kim", "X-Role": "boss"}, 403),
        ({"X-Forwarded-User": "kim", "X-Role": "viewer,admin"}, 403),
        ({"X_Forwarded_User": "kim", "X-Role": "admin"}, 401),
        ({"X-Forwarded-User": "kim", "X-Role": "operator", "X-Locations": "Hall 1,*"}, 403),
    ],
)
def test_headers_that_do_not_say_who_asks_are_refused(
    proxied: Settings, start: Any, headers: Mapping[str, str], status: int
) -> None:
    assert layout(start(create_server(proxied)), headers=headers).status_code == status


def test_without_a_header_for_roles_a_forged_one_counts_for_nothing(
    proxied: Settings, start: Any
) -> None:
    plain = proxied.model_copy(update={"proxy_role_header": None, "proxy_locations_header": None})
    headers = {"X-Forwarded-User": "kim", "X-Role": "admin", "X-Forwarded-Role": "admin"}
    assert role_of(layout(start(create_server(plain)), headers=headers)) == "operator"


def test_a_header_of_locations_that_is_missing_means_none_of_them(
    proxied: Settings, start: Any
) -> None:
    address = start(create_server(proxied))
    headers = {"X-Forwarded-User": "kim", "X-Role": "operator"}
    assert "changes cameras in no location" in layout(address, headers=headers).text
    assert "changes cameras" not in layout(address, headers={**headers, "X-Locations": "*"}).text


@pytest.mark.parametrize("address", ["10.1.2.3", "::1", "", "127.0.0.2"])
def test_the_same_headers_from_anywhere_else_are_refused(proxied: Settings, address: str) -> None:
    client = create_server(proxied).test_client()
    headers = {"X-Forwarded-User": "kim", "X-Role": "admin", "X-Forwarded-For": "127.0.0.1"}
    answer = client.get(PAGE, headers=headers, environ_overrides={"REMOTE_ADDR": address})
    assert answer.status_code == 403


def test_a_proxy_in_a_network_is_believed_whichever_way_its_address_is_written(
    proxied: Settings,
) -> None:
    network = proxied.model_copy(update={"proxy_addresses": "10.1.0.0/16, fd00::/8"})
    client = create_server(network).test_client()
    headers = {"X-Forwarded-User": "kim", "X-Role": "admin"}
    for address in ("10.1.2.3", "::ffff:10.1.2.3", "fd00::1"):
        answer = client.get(PAGE, headers=headers, environ_overrides={"REMOTE_ADDR": address})
        assert answer.status_code == 200, address


def test_a_proxy_has_to_be_named(settings: Settings) -> None:
    with pytest.raises(SettingsError, match="VAS_DASH_PROXY_ADDRESSES"):
        create_server(settings.model_copy(update={"auth": "proxy"}))


# A password says it.


@pytest.fixture
def users(settings: Settings) -> Users:
    users = Users(settings.users_file)
    users.put("kim", Role.OPERATOR, frozenset({"Hall 1"}), PASSWORD)
    return users


@pytest.fixture
def locked(settings: Settings, users: Users) -> Settings:
    assert users.all()
    return settings.model_copy(update={"auth": "password"})


class Browser:
    """A person with a browser that has no script."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.session = requests.Session()

    def login(
        self, name: str = "kim", password: str = PASSWORD, wanted: str = PAGE, **headers: str
    ) -> requests.Response:
        page = self.session.get(f"{self.address}{PAGE}login", params={"next": wanted})
        fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page.text))
        assert fields.keys() == {"token", "next"}
        return self.session.post(
            f"{self.address}{PAGE}login",
            data={**fields, "name": name, "password": password},
            allow_redirects=False,
            headers=headers,
        )

    def layout(self) -> requests.Response:
        return self.session.get(f"{self.address}{PAGE}_dash-layout", allow_redirects=False)


@pytest.fixture
def visitor(locked: Settings, start: Any) -> Browser:
    return Browser(start(create_server(locked)))


def test_one_logs_in_and_comes_to_the_page_asked_for(visitor: Browser) -> None:
    asked = f"{visitor.address}{PAGE}history/118?q=gate"
    answer = visitor.session.get(asked, headers={"Accept": "text/html"}, allow_redirects=False)
    assert answer.status_code == 302
    led_to = answer.headers["Location"]
    assert led_to.startswith(f"{PAGE}login?next=")
    assert visitor.layout().status_code == 401
    page = visitor.session.get(f"{visitor.address}{led_to}")
    (wanted,) = re.findall(r'name="next" value="([^"]*)"', page.text)
    answer = visitor.login(wanted=wanted)
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{PAGE}history/118?q=gate")
    assert who_of(visitor.layout()) == "kim, operator"


def test_the_session_s_cookie_is_for_this_page_and_no_script(visitor: Browser) -> None:
    cookies = visitor.login().headers["Set-Cookie"]
    (cookie,) = re.findall(r"vas_dash_session=[^,]*(?:, \d[^,]*)?", cookies)
    for part in ("HttpOnly", "SameSite=Lax", f"Path={PAGE}", "Max-Age=43200"):
        assert part in cookie
    assert "Secure" not in cookie


def test_the_cookie_is_secure_where_a_trusted_proxy_says_https(
    locked: Settings, start: Any
) -> None:
    https = {"X-Forwarded-Proto": "https"}
    named = locked.model_copy(update={"proxy_addresses": "127.0.0.1"})
    assert "Secure" in Browser(start(create_server(named))).login(**https).headers["Set-Cookie"]
    unnamed = Browser(start(create_server(locked))).login(**https)
    assert "Secure" not in unnamed.headers["Set-Cookie"]


@pytest.mark.parametrize(
    ("name", "password"),
    [("kim", OTHER_PASSWORD), ("nobody", PASSWORD), ("kim", ""), ("", ""), ("KIM", PASSWORD)],
)
def test_a_wrong_name_or_password_says_the_same(visitor: Browser, name: str, password: str) -> None:
    answer = visitor.login(name, password)
    assert answer.status_code == 401
    assert "This name and password do not go together." in answer.text
    assert "vas_dash_session" not in answer.headers.get("Set-Cookie", "")
    assert visitor.layout().status_code == 401


def test_an_unknown_name_costs_a_hash_too(users: Users, monkeypatch: pytest.MonkeyPatch) -> None:
    checked: list[str] = []
    verify = PasswordHasher.verify

    def counted(self: PasswordHasher, hash: str, password: str) -> bool:  # noqa: A002
        checked.append(hash)
        return verify(self, hash, password)

    monkeypatch.setattr(PasswordHasher, "verify", counted)
    assert users.verified("nobody", PASSWORD) is None
    assert users.verified("kim", OTHER_PASSWORD) is None
    assert users.verified("kim", PASSWORD) is not None
    kinds = [hash.rpartition("$")[0].rpartition("$")[0] for hash in checked]  # noqa: A001
    assert len(kinds) == 3, "each of them was checked against a hash"
    assert len(set(kinds)) == 1


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example/",
        "//evil.example/ai-models/",
        "/\\evil.example",
        "/ai-models/\\..\\x",
        "javascript:alert(1)",
        "/elsewhere",
        "/ai-models/../elsewhere",
        "/ai-models/logout",
        "/ai-models/login",
        "/ai-models/\r\nX: 1",
        "/ai-models/" + "x" * 3000,
    ],
)
def test_the_login_leads_nowhere_else(visitor: Browser, wanted: str) -> None:
    assert visitor.login(wanted=wanted).headers["Location"] == PAGE


def test_a_login_that_another_site_made_up_is_refused(visitor: Browser) -> None:
    fields = {"name": "kim", "password": PASSWORD, "next": PAGE}
    for token in ({}, {"token": ""}, {"token": "x" * 43}):
        answer = requests.post(
            f"{visitor.address}{PAGE}login", data={**fields, **token}, allow_redirects=False
        )
        assert answer.status_code == 400
        assert "vas_dash_session" not in answer.headers.get("Set-Cookie", "")


def test_a_forged_or_altered_cookie_is_nobody(visitor: Browser, locked: Settings) -> None:
    visitor.login()
    good = visitor.session.cookies["vas_dash_session"]
    user = Users(locked.users_file).get("kim")
    assert user is not None
    other_key = locked.model_copy(update={"session_key": SecretStr("x" * 40)})
    forged = Login(other_key)._sessions.begin("kim", user.stamp)
    body, _, signature = good.partition(".")
    altered = ("A" if body[0] != "A" else "B") + body[1:] + "." + signature
    for cookie in ("", "x", ".", good[:-1], altered, forged, good + good):
        answer = layout(visitor.address, headers={"Cookie": f"vas_dash_session={cookie}"})
        assert answer.status_code == 401, cookie
    assert layout(visitor.address, headers={"Cookie": f"vas_dash_session={good}"}).ok


def test_workers_share_the_key(visitor: Browser, locked: Settings, start: Any) -> None:
    visitor.login()
    other = Browser(start(create_server(locked)))
    other.session.cookies = visitor.session.cookies
    assert other.layout().ok
    key = Path(locked.users_file).with_name("session.key")
    assert stat.S_IMODE(key.stat().st_mode) == 0o600


def test_a_session_ends_by_its_age(locked: Settings, start: Any) -> None:
    short = locked.model_copy(update={"session_hours": 1 / 3600})
    visitor = Browser(start(create_server(short)))
    visitor.login()
    cookie = {"Cookie": f"vas_dash_session={visitor.session.cookies['vas_dash_session']}"}
    assert layout(visitor.address, headers=cookie).ok
    end = time.monotonic() + 60
    while layout(visitor.address, headers=cookie).status_code != 401:
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_session_ends_with_its_user_and_with_the_password(visitor: Browser, users: Users) -> None:
    visitor.login()
    assert visitor.layout().ok
    users.put("kim", Role.VIEWER, None, OTHER_PASSWORD)
    assert visitor.layout().status_code == 401
    visitor.login(password=OTHER_PASSWORD)
    assert who_of(visitor.layout()) == "kim, viewer"
    users.remove("kim")
    assert visitor.layout().status_code == 401


def test_logging_out_ends_it_in_the_browser(visitor: Browser) -> None:
    visitor.login()
    logout = f"{visitor.address}{PAGE}logout"
    assert visitor.session.get(logout).status_code != 303
    assert visitor.layout().ok
    answer = visitor.session.post(logout, allow_redirects=False)
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{PAGE}login")
    assert visitor.layout().status_code == 401


def test_the_login_page_has_no_script_and_repeats_what_was_typed_as_text(
    visitor: Browser,
) -> None:
    answer = visitor.login('"><script>alert(1)</script>', "wrong password")
    assert "<script" not in answer.text
    assert "&lt;script&gt;" in answer.text
    assert "wrong password" not in answer.text
    assert "script-src" not in answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "no-store"


def test_after_five_wrong_passwords_one_is_told_when_to_try_again(
    visitor: Browser, locked: Settings, start: Any
) -> None:
    for _ in range(5):
        assert visitor.login(password=OTHER_PASSWORD).status_code == 401
    answer = visitor.login()
    assert answer.status_code == 429
    assert re.search(r"Too many wrong passwords. Try again in [45] minutes.", answer.text)
    assert 0 < int(answer.headers["Retry-After"]) <= WINDOW_S
    another_worker = Browser(start(create_server(locked)))
    assert another_worker.login().status_code == 429


def test_right_passwords_are_not_counted(visitor: Browser) -> None:
    for _ in range(6):
        assert visitor.login(password=OTHER_PASSWORD).status_code == 401
        assert visitor.login().status_code == 303
        visitor.session.cookies.clear()


class TestAttempts:
    @pytest.fixture
    def attempts(self, tmp_path: Path) -> Attempts:
        return Attempts(tmp_path / "attempts.db", b"k" * 32)

    def test_one_address_is_limited_over_all_names(self, attempts: Attempts) -> None:
        waits = [attempts.begin(f"name {number}", "10.0.0.1") for number in range(21)]
        assert waits[:20] == [None] * 20
        assert waits[20] is not None
        assert attempts.begin("name 1", "10.0.0.2") is None

    def test_one_name_is_limited_over_all_addresses(self, attempts: Attempts) -> None:
        waits = [attempts.begin("kim", f"10.0.0.{number}") for number in range(51)]
        assert waits[:50] == [None] * 50
        assert waits[50] is not None

    def test_it_is_over_after_the_window_also_when_the_clock_went_back(
        self, attempts: Attempts, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        now = time.time()
        for ahead in (0, -10 * WINDOW_S):
            monkeypatch.setattr(time, "time", lambda at=now + ahead: at)
            for _ in range(5):
                assert attempts.begin("kim", "10.0.0.1") is None
            assert attempts.begin("kim", "10.0.0.1") is not None
        monkeypatch.setattr(time, "time", lambda: now - 9 * WINDOW_S + 1)
        assert attempts.begin("kim", "10.0.0.1") is None

    def test_the_file_is_private_and_has_no_names(self, attempts: Attempts, tmp_path: Path) -> None:
        attempts.begin("a-password-typed-for-a-name", "10.0.0.1")
        file = tmp_path / "attempts.db"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert b"a-password" not in file.read_bytes()

    @pytest.mark.parametrize("fault", ["no folder", "no database", "locked"])
    def test_without_its_file_a_process_counts_for_itself(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture, fault: str
    ) -> None:
        path = tmp_path / ("not there" if fault == "no folder" else ".") / "attempts.db"
        attempts = Attempts(path, b"k")
        with ExitStack() as stack:
            if fault == "no database":
                path.write_bytes(b"something else" * 100)
            if fault == "locked":
                attempts.begin("lee", "10.0.0.2")
                other = stack.enter_context(closing(sqlite3.connect(path, isolation_level=None)))
                other.execute("BEGIN EXCLUSIVE")
                stack.enter_context(pytest.MonkeyPatch.context()).setattr(
                    "vas_dash.auth.attempts.WAIT_S", 0.01
                )
            waits = [attempts.begin("kim", "10.0.0.1") for _ in range(6)]
        assert waits[:5] == [None] * 5
        assert waits[5] is not None
        assert "logins are counted by this process alone" in caplog.text
        # What was counted holds when the file is back.
        path.parent.mkdir(exist_ok=True)
        path.unlink(missing_ok=True)
        assert attempts.begin("kim", "10.0.0.1") is not None
        attempts.right("kim", "10.0.0.1")
        assert attempts.begin("kim", "10.0.0.1") is None

    def test_nobody_slips_through_while_the_file_is_made(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        for number in range(20):
            path = tmp_path / f"{number}.db"
            start = threading.Barrier(8)

            def begin(path: Path = path, start: threading.Barrier = start) -> float | None:
                attempts = Attempts(path, b"k" * 32)
                start.wait()
                return attempts.begin("kim", "10.0.0.1")

            with ThreadPoolExecutor(8) as pool:
                waits = [one.result() for one in [pool.submit(begin) for _ in range(8)]]
            assert waits.count(None) == 5
        assert caplog.text == ""


def test_behind_a_proxy_each_client_has_tries_of_its_own(locked: Settings) -> None:
    named = locked.model_copy(update={"proxy_addresses": "127.0.0.1"})
    client = create_server(named).test_client()

    def login(forwarded: str) -> int:
        page = client.get(f"{PAGE}login")
        (token,) = re.findall(r'name="token" value="([^"]*)"', page.text)
        return client.post(
            f"{PAGE}login",
            data={"name": "nobody", "password": "x" * 8, "token": token},
            headers={"X-Forwarded-For": forwarded},
        ).status_code

    assert [login("10.0.0.1") for _ in range(6)] == [401] * 5 + [429]
    # What a client puts before its own address does not help it.
    assert login("10.9.9.9, 10.0.0.1") == 429
    assert login("10.0.0.2") == 401


def test_a_broken_file_of_users_is_503_and_the_log_says_so(
    visitor: Browser, locked: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    visitor.login()
    Path(locked.users_file).write_text('{"users": {"kim": {"hash": 5}}')
    assert visitor.layout().status_code == 503
    assert any("who is asking" in record.getMessage() for record in caplog.records)


def test_no_password_hash_or_session_is_in_any_log(
    visitor: Browser, users: Users, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    visitor.login(password=OTHER_PASSWORD)
    visitor.login(name=PASSWORD, password=PASSWORD)
    visitor.login()
    assert visitor.layout().ok
    user = users.get("kim")
    assert user is not None
    text = caplog.text
    assert "a login failed: kim, from 127.0.0.1" in text
    assert "a login failed: an unknown name" in text
    assert "kim has logged in" in text
    session_cookie = visitor.session.cookies["vas_dash_session"]
    for secret in (PASSWORD, OTHER_PASSWORD, user.hash, "$argon2", session_cookie, user.stamp):
        assert secret not in text
    assert user.hash not in repr(user)


def test_a_page_under_a_host_that_says_nothing_can_ask_for_passwords_itself(
    locked: Settings, start: Any
) -> None:
    host = Flask("host")
    host.add_url_rule("/", view_func=lambda: "own", endpoint="own")
    mount(host, settings=locked)
    visitor = Browser(start(host))
    assert visitor.layout().status_code == 401
    visitor.login()
    assert who_of(visitor.layout()) == "kim, operator"
    assert requests.get(visitor.address).text == "own"


def test_read_only_makes_everyone_a_viewer(settings: Settings, start: Any) -> None:
    alone = start(create_server(settings.model_copy(update={"read_only": True})))
    assert who_of(layout(alone)) == "operator, viewer"
    host = Flask("host")
    read_only = settings.model_copy(update={"read_only": True})
    mount(host, settings=read_only, identify=lambda _: Operator("kim", Role.ADMIN))
    assert who_of(layout(start(host))) == "kim, viewer"


# The command line.


class TestUserCommand:
    @pytest.fixture
    def run(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
    ) -> Run:
        """Runs the command with something typed into a pipe."""
        monkeypatch.chdir(tmp_path)

        def ran(*arguments: str, typed: str = "") -> tuple[int, str, str]:
            monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
            code = main(["user", *arguments])
            return code, *capfd.readouterr()

        return ran

    def test_users_are_added_listed_and_removed(self, run: Run, tmp_path: Path) -> None:
        added = run("add", "kim", "--location", "Hall 1", "--location", "Gate", typed=PASSWORD)
        assert added == (0, "added kim\n", "")
        file = tmp_path / ".data" / "users.json"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert PASSWORD not in file.read_text()
        assert "$argon2id$" in file.read_text()
        assert Users(file).verified("kim", PASSWORD) is not None
        changed = run("add", "kim", "--role", "admin", typed=OTHER_PASSWORD + "\n")
        assert changed[1] == "changed kim\n"
        assert Users(file).verified("kim", PASSWORD) is None
        listed = run("list", "--json")
        assert json.loads(listed[1]) == {
            "users": [{"name": "kim", "role": "admin", "locations": None}]
        }
        assert "argon2" not in listed[1]
        assert run("remove", "kim") == (0, "removed kim\n", "")
        assert run("list") == (0, "There are no users.\n", "")

    def test_what_cannot_be_is_one_line_without_what_was_typed(
        self, run: Run, tmp_path: Path
    ) -> None:
        for name, typed in (("kim", "short"), ("kim", ""), ("", PASSWORD), ("kim", "p" * 1001)):
            code, out, err = run("add", name, typed=typed)
            assert (code, out) == (1, "")
            assert len(err.splitlines()) == 1
            assert not typed or typed not in err
        assert run("remove", "kim")[0] == 1
        assert not Users(tmp_path / ".data" / "users.json").all()
