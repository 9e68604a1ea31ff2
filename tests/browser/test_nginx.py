"""Behind a real nginx, with the configurations that the documentation shows."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from flask import Flask, Response
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import WAIT_MS
from tests.browser.page import BrowserLog, GridPage
from tests.browser.serving import served
from tests.browser.site import camera_id
from tests.fakes.faulty_vas import FaultyVas
from tests.jobs.queueing import free_port, wait_for
from vas_dash import Settings, create_server

DOCS = Path(__file__).resolve().parents[2] / "docs"
KEPT, TAKEN = "The path is kept.", "The path is taken away."
LOGIN = "A login in front of the page."
GONE = "The page's server does not answer."
LOGGED_OUT = "You are logged out."

Nginx = Callable[..., str]
"""From a configuration of the documentation: where it listens."""


def documented(name: str) -> str:
    """The configuration that begins with this comment."""
    for page in ("mounting.md", "auth.md"):
        for block in re.findall(r"```nginx\n(.*?)```", (DOCS / page).read_text(), re.DOTALL):
            if block.startswith(f"# {name}\n"):
                return str(block)
    raise AssertionError(f"no configuration {name!r} in the documentation")


@dataclass
class Door:
    """What asks people to log in: lets one person in, or nobody."""

    is_open: bool = True

    @property
    def app(self) -> Flask:
        app = Flask("door")

        def check() -> Response:
            who = {"X-User": "kim", "X-Role": "operator", "X-Locations": "Hall 1"}
            return Response(status=200, headers=who) if self.is_open else Response(status=401)

        app.add_url_rule("/check", view_func=check)
        app.add_url_rule("/login", "login", lambda: "<html><title>Log in</title></html>")
        return app


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    names = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", str(tmp_path / "vas.key"), "-out", str(tmp_path / "vas.crt")]
    subprocess.run([*made, *names, *files], check=True, capture_output=True)
    return tmp_path / "vas.crt"


@pytest.fixture
def nginx(certificate: Path) -> Iterator[Nginx]:
    folder = certificate.parent
    program = shutil.which("nginx")
    assert program is not None, "no nginx here: run tests/ensure-nginx"
    with ExitStack() as stack:

        def start(name: str, page: str, login: str = "", *, without: str = "") -> str:
            port = free_port()
            block = documented(name).replace("listen 8443", f"listen 127.0.0.1:{port}")
            block = block.replace("http://127.0.0.1:8050", page)
            if login:
                block = block.replace("http://127.0.0.1:9000", login)
            lines = [line for line in block.splitlines() if not (without and without in line)]
            (folder / "nginx.conf").write_text(_whole("\n".join(lines), folder))
            process = subprocess.Popen(
                [program, "-p", str(folder), "-c", str(folder / "nginx.conf")],
                stderr=subprocess.DEVNULL,
            )
            stack.callback(process.wait, 30)
            stack.callback(process.terminate)
            wait_for(lambda: _listens(port), "nginx listens")
            return f"https://127.0.0.1:{port}"

        yield start


def _whole(server: str, folder: Path) -> str:
    user = "user root;" if os.geteuid() == 0 else ""
    paths = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "\n".join(f"{name}_temp_path {folder}/{name};" for name in paths)
    return (
        f"{user} daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log;\n"
        f"events {{}}\nhttp {{ access_log off;\n{temporary}\n{server}\n}}\n"
    )


def _listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


@pytest.fixture
def tab(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(
        ignore_https_errors=True,
        viewport={"width": 1280, "height": 720},
        reduced_motion="reduce",
    )
    context.set_default_timeout(WAIT_MS)
    yield context.new_page()
    context.close()


def opened(tab: Page, address: str) -> GridPage:
    return GridPage(tab, address, BrowserLog(address)).open()


@pytest.fixture
def behind(settings: Settings) -> Settings:
    return settings.model_copy(update={"proxy_addresses": "127.0.0.1"})


@pytest.fixture
def told_apart(behind: Settings) -> Settings:
    return behind.model_copy(
        update={
            "auth": "proxy",
            "proxy_role_header": "X-Role",
            "proxy_locations_header": "X-Locations",
        }
    )


@pytest.mark.parametrize("name", [KEPT, TAKEN])
def test_the_page_works_under_a_path_with_tls(
    behind: Settings, nginx: Nginx, tab: Page, vas: FaultyVas, certificate: Path, name: str
) -> None:
    with served(create_server(behind)) as page:
        address = nginx(name, page)
        for path in ("", "_dash-layout", "assets/bundle.js", "healthz", "review"):
            answer = requests.get(
                f"{address}/ai-models/{path}", verify=str(certificate), timeout=30
            )
            assert (answer.status_code, answer.headers["X-VAS-Page"]) == (200, "1")
        grid = opened(tab, address)
        grid.open_cell("Gate 3", "ppe")
        grid.field("Desired fps").fill("13")
        grid.save()
        grid.expect_saved()
        row = vas.cell(camera_id(3), "ppe")
        assert row is not None
        assert row["desired_fps"] == 13
        tab.close()


def test_what_a_client_says_of_itself_is_not_passed_on(
    told_apart: Settings, nginx: Nginx, certificate: Path
) -> None:
    with served(create_server(told_apart)) as page, served(Door().app) as login:
        address = nginx(LOGIN, page, login)
        forged = {"X-Forwarded-User": "ada", "X-Role": "admin", "X-Locations": "*"}
        layout = f"{address}/ai-models/_dash-layout"
        answer = requests.get(layout, headers=forged, verify=str(certificate), timeout=30)
        assert "kim, operator" in answer.text
        assert "changes cameras in Hall 1" in answer.text


@pytest.mark.parametrize("status", [302, 401])
def test_a_session_that_ends_is_said_and_the_page_goes_on_after_the_next_login(
    told_apart: Settings, nginx: Nginx, tab: Page, vas: FaultyVas, status: int, certificate: Path
) -> None:
    door = Door()
    with served(create_server(told_apart)) as page, served(door.app) as login:
        address = nginx(LOGIN, page, login, without="error_page" if status == 401 else "")
        grid = opened(tab, address)
        grid.open_cell("Gate 2", "ppe")
        door.is_open = False
        shut = requests.get(
            f"{address}/ai-models/", verify=str(certificate), allow_redirects=False, timeout=30
        )
        assert shut.status_code == status
        expect(tab.get_by_text(LOGGED_OUT)).to_be_visible()
        expect(tab.get_by_text(GONE)).to_be_hidden()
        grid.field("Desired fps").fill("13")
        grid.save()
        expect(grid.panel_message).to_contain_text("No answer. See the history")
        expect(grid.save_button).to_be_enabled()
        vas.edit(camera_id(3), "ppe", desired_fps=27)
        door.is_open = True
        expect(tab.get_by_text(LOGGED_OUT)).to_be_hidden()
        grid.expect_cell("Gate 3", "ppe", "\N{BLACK CIRCLE} on 27 fps")
        expect(grid.field("Desired fps")).to_have_value("13")
        assert vas.count("PATCH", "writes") == 0
        tab.close()


def test_a_page_that_restarts_behind_nginx_says_so_and_goes_on(
    behind: Settings, nginx: Nginx, tab: Page, vas: FaultyVas, certificate: Path
) -> None:
    with served(create_server(behind)) as page:
        address = nginx(KEPT, page)
        grid = opened(tab, address)
    healthz = f"{address}/ai-models/healthz"
    assert requests.get(healthz, verify=str(certificate), timeout=30).status_code == 502
    expect(tab.get_by_text(GONE)).to_be_visible()
    vas.edit(camera_id(3), "ppe", desired_fps=27)
    with served(create_server(behind), urlsplit(page).port or 0):
        expect(tab.get_by_text(GONE)).to_be_hidden()
        grid.expect_cell("Gate 3", "ppe", "\N{BLACK CIRCLE} on 27 fps")
        tab.close()
