"""A shell for the command line.

`run` starts a process, as a person or a script does; `call` does the same without one, in a
twentieth of the time.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.clients import API_KEY
from tests.fakes.faulty_vas import RTSP_PASSWORD, SQL_TEXT, FaultyVas
from vas_dash.cli import main

ROOT = Path(__file__).resolve().parents[2]


class Shell:
    """Runs commands in a folder of its own, where the journal lies too."""

    def __init__(
        self,
        vas: FaultyVas,
        folder: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        self.vas = vas
        self.folder = folder
        self._monkeypatch = monkeypatch
        self._capsys = capsys
        self.until_the_end = ExitStack()
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("VAS_")},
            "PYTHONPATH": str(ROOT),
            "VAS_API_URL": vas.url,
            "VAS_API_KEY": API_KEY,
            "VAS_API_CONNECT_TIMEOUT_S": "30",
            "VAS_API_READ_TIMEOUT_S": "30",
        }

    def start(self, *arguments: str, **settings: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "vas_dash", *arguments],
            cwd=self.folder,
            env={**self.environment, **settings},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )

    def run(self, *arguments: str, **settings: str) -> tuple[int, str, str]:
        """Exit code, standard output, standard error; no secret in either, no traceback."""
        process = self.start(*arguments, **settings)
        out, err = process.communicate(timeout=100)
        return process.returncode, *without_secrets(out, err)

    def call(self, *arguments: str, **settings: str) -> tuple[int, str, str]:
        """The same, in this process."""
        with self._monkeypatch.context() as patch:
            patch.chdir(self.folder)
            for name, value in {**self.environment, **settings}.items():
                patch.setenv(name, value)
            code = main(arguments)
        return code, *without_secrets(*self._capsys.readouterr())

    def json(self, code: int, *arguments: str) -> Any:
        found, out, err = self.call(*arguments, "--json")
        assert (found, err) == (code, "")
        return json.loads(out)

    def file(self, name: str, text: str) -> str:
        (self.folder / name).write_text(text, encoding="utf-8")
        return name


def without_secrets(out: str, err: str) -> tuple[str, str]:
    for secret in (RTSP_PASSWORD, SQL_TEXT, API_KEY, "Traceback"):
        assert secret not in out + err
    return out, err


@pytest.fixture
def shell(
    vas: FaultyVas,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Shell]:
    made = Shell(vas, tmp_path, monkeypatch, capsys)
    with made.until_the_end:
        yield made
