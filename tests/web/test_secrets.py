"""Planted secrets: whatever the page, its journal and its files say, none of them stands there."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from tests.fakes.faulty_vas import RTSP_PASSWORD, SQL_TEXT, Fault, FaultyVas
from tests.fakes.page import outputs
from tests.fakes.pages import DEADLINE_S, small_site

ROOT = Path(__file__).resolve().parents[2]

API_KEY = "pl4nted-api-key"
DATABASE_PASSWORD = "pl4nted-db-pass"
QUEUE_PASSWORD = "pl4nted-queue-pass"
SECRETS = (API_KEY, DATABASE_PASSWORD, QUEUE_PASSWORD, RTSP_PASSWORD, "rtsp://", "sql-l3ak")


@pytest.fixture
def vas() -> Iterator[FaultyVas]:
    with FaultyVas(**small_site(), api_key=API_KEY) as server:
        yield server


@contextmanager
def process(vas: FaultyVas, folder: Path, **more: str) -> Iterator[tuple[str, list[str]]]:
    """`app:server` behind gunicorn, with secrets in its environment; its address and its output."""
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "VAS_API_URL": vas.url,
        "VAS_API_KEY": API_KEY,
        "VAS_DASH_QUEUE_URL": f"redis://:{QUEUE_PASSWORD}@127.0.0.1:9/0",
        "VAS_DASH_REFRESH_S": "1",
        "VAS_DASH_METRICS": "true",
        **more,
    }
    said: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        served = subprocess.Popen(
            [
                *(sys.executable, "-m", "gunicorn", "app:server", "--no-control-socket"),
                *("--worker-class", "gthread", "--access-logfile", "-"),
                *("--bind", f"fd://{listener.fileno()}"),
            ],
            cwd=folder,
            env=environment,
            pass_fds=[listener.fileno()],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/ai-models/", said
        finally:
            served.terminate()
            said += served.communicate(timeout=60)[0].splitlines()


def everything(base: str, http: requests.Session) -> str:
    """What the page answers to every path, and to every callback with its usual arguments."""
    found = []
    paths = ["", "_dash-layout", "_dash-dependencies", "healthz", "readyz", "metrics", "review"]
    paths += ["history", "history/1", "files", "export.csv", "export.json", "../api/v1/devices"]
    for path in paths:
        answer = http.get(base + path)
        found.append(f"{answer.headers}{answer.text}")
    usual = {
        "url": "",
        "recent": [],
        "rendered": {},
        "tooltip-request": {"kind": "cell", "camera": "cam-1", "model": "ppe"},
        "open-request": {"kind": "cell", "camera": "cam-1", "model": "ppe"},
        "live": {"kind": "camera", "camera": "cam-1"},
        "opened": {"kind": "cell", "camera": "cam-2", "model": "fire"},
        "apply": [{"camera": "cam-10", "model": "ppe", "enabled": True, "token": ""}],
    }
    for callback in http.get(base + "_dash-dependencies").json():
        if callback["clientside_function"]:
            continue

        def entry(one: dict[str, str]) -> object:
            if one["id"].startswith("{"):
                return []
            return {**one, "value": usual.get(one["id"], 1)}

        names = [f"{one['id']}.{one['property']}" for one in callback["inputs"]]
        body = {
            "output": callback["output"],
            "outputs": outputs(callback["output"]),
            "inputs": [entry(one) for one in callback["inputs"]],
            "state": [entry(one) for one in callback["state"]],
            "changedPropIds": names[:1],
        }
        answer = http.post(base + "_dash-update-component", json=body)
        assert answer.status_code in (200, 204), (callback["output"], answer.text)
        found.append(f"{answer.headers}{answer.text}")
    return "\n".join(found)


def holds_none(text: str) -> None:
    for secret in SECRETS:
        assert secret not in text, re.findall(f".{{0,80}}{re.escape(secret)}.{{0,80}}", text)[:3]


def files_below(folder: Path) -> str:
    """The content of every file, whatever its format."""
    every = [path for path in folder.rglob("*") if path.is_file()]
    assert every
    return "\n".join(path.read_bytes().decode("latin-1") for path in every)


def test_no_planted_secret_comes_out_anywhere(vas: FaultyVas, tmp_path: Path) -> None:
    with process(vas, tmp_path) as (base, said), requests.Session() as http:
        end = time.monotonic() + DEADLINE_S
        while "Gate 1" not in (found := everything(base, http)):
            assert time.monotonic() < end, found
        holds_none(found)
        for fault in (Fault.FAIL_JSON, Fault.UNAUTHORISED, Fault.WRONG_TYPES, Fault.HANG):
            vas.fault("all", fault)
            holds_none(everything(base, http))
        vas.heal()
        # A change set, through the command line: the journal and its report.
        command_line = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
        command_line |= {"VAS_API_URL": vas.url, "VAS_API_KEY": API_KEY}
        for arguments in (
            ("export", "-o", "intent.csv"),
            ("apply", "intent.csv", "--yes", "--prune", "--by", "kim"),
            ("history", "1"),
        ):
            ran = subprocess.run(
                [sys.executable, "-m", "vas_dash", *arguments],
                cwd=tmp_path,
                env=command_line,
                capture_output=True,
                text=True,
                check=False,
            )
            assert ran.returncode == 0, ran.stderr
            holds_none(ran.stdout + ran.stderr)
            if arguments[0] == "export":
                intent = tmp_path / "intent.csv"
                intent.write_text(intent.read_text().replace(",true,", ",false,"))
    assert any("request was refused" in line or "not read in full" in line for line in said)
    assert all("Traceback" not in line for line in said)
    holds_none("\n".join(said))
    holds_none(files_below(tmp_path))
    assert (tmp_path / ".data" / "journal.db").exists()


def test_a_database_that_cannot_be_reached_does_not_tell_its_password(
    vas: FaultyVas, tmp_path: Path
) -> None:
    url = f"postgresql://vas:{DATABASE_PASSWORD}@127.0.0.1:9/journal"
    with process(vas, tmp_path, VAS_DASH_DB_URL=url) as (base, said), requests.Session() as http:
        end = time.monotonic() + DEADLINE_S
        while "journal" not in http.get(base + "readyz").text:
            assert time.monotonic() < end
        holds_none(everything(base, http))
    holds_none("\n".join(said))
    assert any("journal cannot be used" in line for line in said)


def test_secrets_that_are_looked_for_are_really_planted(vas: FaultyVas) -> None:
    assert RTSP_PASSWORD in str(vas.cameras)
    assert "sql-l3ak" in SQL_TEXT
    for secret in SECRETS:
        with pytest.raises(AssertionError):
            holds_none(f"x {secret} y")
