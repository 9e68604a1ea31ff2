"""The page's edge towards HTTP: who may send what, what answers carry, what can be watched."""

from __future__ import annotations

import json
import logging
import re
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import Client

from tests.fakes.faulty_vas import FaultyVas, camera
from tests.fakes.page import Page
from tests.fakes.pages import DEADLINE_S, complete, until
from vas_dash import Settings, create_server, mount
from vas_dash.domain.changes import CellChange, ChangeSet
from vas_dash.domain.entities import CellIntent, CellKey
from vas_dash.domain.records import CellResult, Outcome, State
from vas_dash.journal import Journal
from vas_dash.journal.migrate import HEAD
from vas_dash.web import bodies
from vas_dash.web.bodies import MAX_BODY_BYTES, MAX_DEPTH, is_too_deep
from vas_dash.web.health import Readiness
from vas_dash.web.logs import KeyValues

ROOT = Path(__file__).resolve().parents[2]
CALLBACKS = "/ai-models/_dash-update-component"
ANOTHER = "http://evil.example"


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    with FaultyVas(cameras=[camera(1)]) as vas:
        yield Settings(api_url=vas.url, db_url=f"sqlite:///{tmp_path / 'journal.db'}")


@pytest.fixture
def client(settings: Settings) -> Client:
    return create_server(settings).test_client()


# Where a request comes from.


def tooltip(client: Client, headers: dict[str, str], path: str = CALLBACKS) -> tuple[int, str]:
    """Send a callback that every fleet answers; the status, and what was answered."""
    answer = client.post(
        path,
        json={
            "output": "tooltip-text.data",
            "outputs": {"id": "tooltip-text", "property": "data"},
            "inputs": [
                {
                    "id": "tooltip-request",
                    "property": "data",
                    "value": {"kind": "cell", "camera": "x", "model": "y"},
                }
            ],
            "state": [{"id": "recent", "property": "data", "value": []}],
            "changedPropIds": ["tooltip-request.data"],
        },
        headers=headers,
    )
    return answer.status_code, answer.text


OWN = [
    {},
    {"Origin": "http://localhost"},
    {"Origin": "http://localhost:80"},
    {"Origin": "HTTP://LOCALHOST"},
    {"Origin": "https://localhost"},
    {"Origin": "https://localhost:443", "Host": "localhost:443"},
    {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"},
    {"Origin": "https://outside.example", "Sec-Fetch-Site": "same-origin"},
    {"Sec-Fetch-Site": "none"},
    {"Origin": "http://[::1]:8050", "Host": "[::1]:8050"},
]
FOREIGN = [
    {"Origin": ANOTHER},
    {"Origin": "null"},
    {"Origin": ""},
    {"Origin": "http://localhost:8050"},
    {"Origin": "http://localhost.evil.example"},
    {"Origin": "http://evil.example/localhost"},
    {"Origin": "http://localhost@evil.example"},
    {"Origin": "http://[::1"},
    {"Origin": "http://localhost:x"},
    {"Origin": "file://"},
    {"Origin": "chrome-extension://localhost"},
    {"Origin": ANOTHER, "Sec-Fetch-Site": "cross-site"},
    {"Origin": "http://localhost", "Sec-Fetch-Site": "cross-site"},
    {"Origin": "http://localhost", "Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "anything else"},
]


@pytest.mark.parametrize("headers", OWN)
def test_what_the_page_itself_sends_is_answered(client: Client, headers: dict[str, str]) -> None:
    assert tooltip(client, headers)[0] == 200


@pytest.mark.parametrize("headers", FOREIGN)
def test_what_another_site_sends_is_refused_and_runs_nothing(
    client: Client,
    headers: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    ran: list[object] = []
    monkeypatch.setattr("dash.Dash._prepare_callback", lambda *_: ran.append(1))
    assert tooltip(client, headers) == (403, "This request came from another site.\n")
    assert ran == []
    (record,) = caplog.records
    assert record.getMessage() == "a request was refused: origin"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_every_method_that_may_change_something_is_checked_on_every_path(
    client: Client, method: str
) -> None:
    for path in ("", "healthz", "_dash-layout", "review", "nowhere/at/all"):
        answer = client.open(f"/ai-models/{path}", method=method, headers={"Origin": ANOTHER})
        assert answer.status_code == 403, path


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_a_link_from_another_site_leads_to_the_page(client: Client, method: str) -> None:
    headers = {"Sec-Fetch-Site": "cross-site", "Origin": ANOTHER}
    assert client.open("/ai-models/", method=method, headers=headers).status_code == 200


def test_further_origins_can_be_allowed(settings: Settings) -> None:
    wider = settings.model_copy(
        update={"allowed_origins": "https://VAS.example http://10.0.0.1:8080"}
    )
    client = create_server(wider).test_client()
    for origin in ("https://vas.example", "http://10.0.0.1:8080"):
        assert tooltip(client, {"Origin": origin})[0] == 200
        assert tooltip(client, {"Origin": origin, "Sec-Fetch-Site": "cross-site"})[0] == 200
    for origin in ("http://vas.example", "https://vas.example:8443", ANOTHER):
        assert tooltip(client, {"Origin": origin})[0] == 403


def test_under_a_host_only_the_pages_own_requests_are_checked(settings: Settings) -> None:
    host = Flask("host")
    host.add_url_rule("/hook", view_func=lambda: "the host's", endpoint="hook", methods=["POST"])
    mount(host, "/below/here/", settings)
    client = host.test_client()
    foreign = {"Origin": ANOTHER, "Sec-Fetch-Site": "cross-site"}
    answer = client.post("/hook", headers=foreign, data=b"x" * (MAX_BODY_BYTES + 1))
    assert (answer.status_code, answer.text) == (200, "the host's")
    assert not set(answer.headers.keys()) & {"Content-Security-Policy", "X-Request-ID"}
    assert tooltip(client, foreign, "/below/here/_dash-update-component")[0] == 403
    assert tooltip(client, OWN[1], "/below/here/_dash-update-component")[0] == 200


# What is sent.


def test_a_body_that_is_too_large_is_refused_in_plain_words(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    body = b'"' + b"x" * MAX_BODY_BYTES + b'"'
    for environ in ({}, {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True}):
        answer = client.post(
            CALLBACKS, data=body, content_type="application/json", environ_overrides=environ
        )
        assert (answer.status_code, answer.text) == (413, "This is larger than 32 MB.\n")
    assert {record.getMessage() for record in caplog.records} == {"a request was refused: size"}


@pytest.mark.parametrize("body", ["[" * 200_000, '{"a":' * 5_000 + "1" + "}" * 5_000, "[{}" * 2000])
def test_a_body_that_is_nested_without_end_is_refused(client: Client, body: str) -> None:
    answer = client.post(CALLBACKS, data=body, content_type="application/json")
    assert (answer.status_code, answer.text) == (400, "This is nested too deeply.\n")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(alphabet='[]{}"\\a\N{SNOWMAN}'),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(alphabet='[]{}"\\'), inner),
    max_leaves=20,
)


def depth(value: object) -> int:
    inner = value.values() if isinstance(value, dict) else value
    if isinstance(value, dict | list):
        return 1 + max(map(depth, inner), default=0)  # type: ignore[call-overload]
    return 0


@given(value=JSON, around=st.integers(MAX_DEPTH - 4, MAX_DEPTH + 2))
def test_how_deep_json_is_nested_is_seen_without_parsing_it(value: object, around: int) -> None:
    for turn in range(around):
        value = [value, "]]"] if turn % 2 else {"[[": value}
    assert is_too_deep(json.dumps(value).encode()) == (depth(value) > MAX_DEPTH)


def test_brackets_beside_each_other_are_bounded_too() -> None:
    assert not is_too_deep(b"[" + b",".join([b"{}"] * 100_000) + b"]")
    assert is_too_deep(b"[" + b",".join([b"{}"] * 300_000) + b"]")


def test_json_is_taken_strictly() -> None:
    provider = bodies.StrictJson(Flask("any"))
    assert provider.loads('{"a": [1, 2.5, "\\ud83d\\ude00"]}') == {"a": [1, 2.5, "\U0001f600"]}
    assert provider.loads('"half \\ud800"') == "half ?"
    for text in ('{"a": NaN}', "[Infinity]", "[" * 2000, b'"\xff"', '"\\ud800" NaN', "", "{"):
        with pytest.raises(ValueError):  # noqa: PT011 - whatever parses it, it is one
            provider.loads(text)


# What answers carry.


def policy(client: Client, path: str = "/ai-models/") -> dict[str, str]:
    """The Content Security Policy of an answer, by directive."""
    text = client.get(path, buffered=True).headers["Content-Security-Policy"]
    return {part.split()[0]: part.partition(" ")[2] for part in text.split("; ")}


def test_no_inline_script_runs_but_dashs_own(client: Client) -> None:
    told = policy(client)
    assert re.fullmatch(r"'self'( 'sha256-[A-Za-z0-9+/=]{44}')+", told["script-src"])
    for directive in ("object-src", "base-uri"):
        assert told[directive] == "'none'"
    for directive in ("default-src", "connect-src", "form-action", "frame-ancestors"):
        assert told[directive] == "'self'"
    assert told["img-src"] == "'self' data:"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("none", "'none'"),
        ("self", "'self'"),
        ("self https://a.example", "'self' https://a.example"),
    ],
)
def test_who_may_frame_the_page_is_a_setting(settings: Settings, text: str, words: str) -> None:
    server = create_server(settings.model_copy(update={"frame_ancestors": text}))
    assert policy(server.test_client())["frame-ancestors"] == words


def test_every_answer_carries_the_headers_and_data_is_kept_nowhere(client: Client) -> None:
    lasting = ("assets/bundle.js", "assets/bundle.css")
    data = ("", "review", "_dash-layout", "_dash-dependencies", "healthz", "readyz", "metrics")
    answers = {path: client.get(f"/ai-models/{path}", buffered=True) for path in lasting + data}
    answers["refused"] = client.post(CALLBACKS, headers={"Origin": ANOTHER})
    answers["no callback"] = client.post(CALLBACKS, json={})
    answers["not allowed"] = client.delete("/ai-models/healthz")
    answers["no such file"] = client.get("/ai-models/assets/none.js")
    for path, answer in answers.items():
        assert answer.headers["X-Content-Type-Options"] == "nosniff", path
        assert answer.headers["Referrer-Policy"] == "same-origin", path
        assert "camera=()" in answer.headers["Permissions-Policy"], path
        assert "Content-Security-Policy" in answer.headers, path
        assert re.fullmatch("[0-9a-f]{16}", answer.headers["X-Request-ID"]), path
        kept = answer.headers.get("Cache-Control", "") != "no-store"
        assert kept == (path in lasting), path


def test_only_what_has_a_fingerprint_of_its_content_in_its_address_is_kept_for_good(
    client: Client,
) -> None:
    index = client.get("/ai-models/").text
    addresses = re.findall(r'<(?:script|link rel="stylesheet")[^>]* (?:src|href)="([^"]+)"', index)
    own = [address for address in addresses if "/assets/" in address]
    assert [address.partition("?")[0] for address in own] == [
        "/ai-models/assets/bundle.css",
        "/ai-models/assets/bundle.js",
    ]
    for address in addresses:
        answer = client.get(address, buffered=True)
        kept = answer.headers["Cache-Control"]
        # Dash's addresses have a version and the time of a file, which say less than its content.
        assert "max-age=31536000" in kept, address
        assert ("immutable" in kept) == (address in own), address


def test_what_another_version_of_the_page_asks_for_is_answered_and_not_kept(client: Client) -> None:
    answer = client.get("/ai-models/assets/bundle.js?v=another")
    assert answer.headers["Cache-Control"] == "no-cache"
    assert b"vas_views" in answer.data
    again = client.get(
        "/ai-models/assets/bundle.js", headers={"If-None-Match": answer.headers["ETag"]}
    )
    assert again.status_code == 304


def test_a_failure_carries_the_headers_too(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("vas_dash.web.bundles.Response", broken)
    answer = client.get("/ai-models/assets/bundle.css")
    assert answer.status_code == 500
    assert "Content-Security-Policy" in answer.headers


# Health.


def until_ready(client: Client, status: int) -> str:
    """Ask until the page answers with `status`; its words."""
    end = time.monotonic() + DEADLINE_S
    while True:
        answer = client.get("/ai-models/readyz")
        if answer.status_code == status:
            return answer.text
        assert time.monotonic() < end, answer.text
        time.sleep(0.05)


def test_readiness_goes_and_comes_with_the_journal_while_the_process_is_alive(
    client: Client, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    assert until_ready(client, 200) == "ok\n"
    other = sqlite3.connect(tmp_path / "journal.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert until_ready(client, 503) == "not ready: journal\n"
    assert client.get("/ai-models/healthz").text == "ok\n"
    other.execute("ROLLBACK")
    other.close()
    assert until_ready(client, 200) == "ok\n"
    said = [record.getMessage() for record in caplog.records if "health" in record.name]
    assert said == ["journal cannot be used: it takes too long", "journal can be used again"]


def test_what_is_not_ready_is_named_without_details(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "s3cret"
    file.touch()
    nowhere = settings.model_copy(update={"db_url": f"sqlite:///{file / 'journal.db'}"})
    client = create_server(nowhere).test_client()
    assert until_ready(client, 503) == "not ready: journal\n"
    assert client.get("/ai-models/healthz").status_code == 200


def test_a_check_changes_nothing_in_the_journal(tmp_path: Path) -> None:
    journal = Journal(f"sqlite:///{tmp_path / 'journal.db'}")
    number = journal.record(ChangeSet(), "kim")
    before = journal.change_set(number)
    journal.check()
    assert journal.change_set(number) == before
    journal.close()
    with sqlite3.connect(tmp_path / "journal.db") as connection:
        assert connection.execute("SELECT * FROM journal_version").fetchall() == [(HEAD,)]
    connection.close()


def test_a_check_that_hangs_is_bounded_and_not_started_again() -> None:
    release, started = threading.Event(), []

    def hang() -> None:
        started.append(1)
        release.wait(DEADLINE_S)

    readiness = Readiness({"queue": hang, "journal": lambda: None}, limit_s=0.05, kept_s=0)
    for _ in range(3):
        assert readiness.missing() == ["queue"]
    assert started == [1]
    release.set()
    end = time.monotonic() + DEADLINE_S
    while readiness.missing():
        assert time.monotonic() < end


def test_probes_that_come_often_share_an_answer() -> None:
    asked: list[int] = []
    readiness = Readiness({"journal": lambda: asked.append(1)}, kept_s=3600)
    assert [readiness.missing() for _ in range(5)] == [[]] * 5
    assert asked == [1]


# Metrics.


def test_metrics_are_off_by_default_and_not_even_loaded(client: Client) -> None:
    answer = client.get("/ai-models/metrics")
    assert (answer.status_code, answer.text) == (404, "Not found.\n")
    script = (
        "import sys; from vas_dash import Settings, create_server; "
        "create_server(Settings(api_url='http://127.0.0.1:9')); "
        "print('prometheus_client' in sys.modules)"
    )
    answered = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert answered.stdout == "False\n"


def figures(client: Client) -> dict[str, float]:
    """Every sample by its name and labels."""
    text = client.get("/ai-models/metrics").text
    lines = [line.rpartition(" ") for line in text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in lines}


def test_metrics_count_what_the_page_itself_does(settings: Settings) -> None:
    client = create_server(settings.model_copy(update={"metrics": True})).test_client()
    before = figures(client)

    def since(name: str) -> float:
        return now.get(name, 0) - before.get(name, 0)

    page = Page(client)
    until(page, lambda: complete(page))
    tooltip(client, {"Origin": ANOTHER})
    client.post(CALLBACKS, json={})
    client.get("/ai-models/assets/bundle.js").close()
    journal = Journal(settings.db_url)
    changes = ChangeSet((CellChange(CellKey("c", "m"), None, CellIntent(True)),))
    number = journal.record(changes, "kim")
    journal.begin(number)
    journal.settle(number, {0: Outcome(CellResult.APPLIED)})
    journal.end(number, State.FINISHED)
    journal.record(changes, "kim")
    end = time.monotonic() + DEADLINE_S
    while True:
        now = figures(client)
        if 'vas_dash_change_sets{state="ready"}' in now and since(
            'vas_dash_sweeps_total{result="complete"}'
        ):
            break
        assert time.monotonic() < end, now
        time.sleep(0.05)
    assert now['vas_dash_change_sets{state="finished"}'] == 1
    assert now['vas_dash_change_sets{state="ready"}'] == 1
    assert now['vas_dash_changes{result="applied"}'] == 1
    assert now["vas_dash_fleet_complete"] == 1
    assert since('vas_dash_refused_requests_total{reason="origin"}') == 1
    assert since('vas_dash_refused_requests_total{reason="no callback"}') == 1
    assert since('vas_dash_requests_total{kind="file",status="200"}') == 1
    assert since('vas_dash_requests_total{kind="callback",status="403"}') == 1
    assert since('vas_dash_requests_total{kind="callback",status="200"}') >= 1
    journal.close()


def test_metrics_say_when_the_fleet_is_not_read(settings: Settings) -> None:
    away = settings.model_copy(update={"api_url": "http://127.0.0.1:9", "metrics": True})
    client = create_server(away).test_client()
    Page(client).refresh()
    end = time.monotonic() + DEADLINE_S
    while figures(client)["vas_dash_fleet_complete"]:
        assert time.monotonic() < end
        time.sleep(0.01)
    assert figures(client)['vas_dash_sweeps_total{result="incomplete"}'] >= 1


def test_metrics_without_a_journal_are_still_there(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    broken = {"metrics": True, "db_url": f"sqlite:///{tmp_path / 'file' / 'journal.db'}"}
    client = create_server(settings.model_copy(update=broken)).test_client()
    assert "vas_dash_fleet_complete" in figures(client)
    assert not any("vas_dash_change_sets{" in name for name in figures(client))


# The log.


def line(caplog: pytest.LogCaptureFixture) -> dict[str, str]:
    """The newest line, taken apart as a reader of `key=value` would."""
    text = KeyValues().format(caplog.records[-1])
    assert "\n" not in text
    assert text.isascii()
    pairs = re.findall(r'(\w+)=("(?:[^"\\]|\\.)*"|\S+)', text)
    assert " ".join(f"{key}={value}" for key, value in pairs) == text
    return {key: json.loads(value) if value[0] == '"' else value for key, value in pairs}


def test_an_event_is_one_line_whatever_its_values_are(caplog: pytest.LogCaptureFixture) -> None:
    log = logging.getLogger("vas_dash.any")
    hostile = 'a\nlevel=error message="b" \x1b[31m \u2028 \u202e = \\ \x00'
    log.warning("said: %s", hostile)
    assert line(caplog)["message"] == f"said: {hostile}"
    assert line(caplog)["level"] == "warning"
    log.warning("%s", "x" * 1_000_000)
    assert line(caplog)["message"] == "x" * 1000 + "... (cut, 1000000 characters)"
    log.warning("change set %d: stopped", 118)
    assert line(caplog)["change_set"] == "118"
    log.warning("stopped", extra={"change_set": 119, "event": "apply.stopped"})
    assert (line(caplog)["change_set"], line(caplog)["event"]) == ("119", "apply.stopped")


def test_an_exception_in_the_log_is_its_type_and_place(caplog: pytest.LogCaptureFixture) -> None:
    try:
        raise ValueError("s3cret\nsecond line")
    except ValueError:
        logging.getLogger("vas_dash.any").exception("it failed")
    told = line(caplog)
    assert (told["message"], told["error"]) == ("it failed", "ValueError")
    assert told["at"].startswith("test_web.py:")
    assert "s3cret" not in str(told)


def test_a_request_and_its_lines_have_one_id_of_the_pages_own(
    client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(KeyValues())
    logger = logging.getLogger("vas_dash")
    logger.addHandler(handler)
    try:
        answers = [
            client.post(CALLBACKS, headers={"Origin": ANOTHER, "X-Request-ID": "theirs\n"[:6]})
            for _ in range(2)
        ]
        logging.getLogger("vas_dash").warning("outside of any request")
    finally:
        logger.removeHandler(handler)
    ids = [answer.headers["X-Request-ID"] for answer in answers]
    first, second, outside = capsys.readouterr().err.splitlines()
    assert f" request={ids[0]} " in first
    assert f" request={ids[1]} " in second
    assert " event=request.refused " in first
    assert ids[0] != ids[1]
    assert " request=" not in outside
