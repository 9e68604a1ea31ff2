"""A page on a VAS that can be broken, for the tests of what an operator sees of it."""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from tests.fakes.faulty_vas import FaultyVas, assignment, camera, model
from tests.fakes.page import Page
from vas_dash import Settings, create_server
from vas_dash.changes.cell_writer import CellWriter
from vas_dash.journal import Journal

API_KEY = "k3y-0f-the-page"
DEADLINE_S = 60.0
SAVE_S = 6.0

SCHEMA = {
    "type": "object",
    "properties": {
        "threshold": {"type": "number", "minimum": 0, "maximum": 1},
        "classes": {"type": "array", "items": {"type": "string"}},
    },
}


def small_site() -> dict[str, Any]:
    """Three cameras, four models and three assignments."""
    return {
        "cameras": [camera(n, id=f"cam-{n}", name=f"Gate {n}") for n in (1, 2, 10)],
        "models": [
            model("ppe", name="Protective gear", config_schema=SCHEMA),
            model("fire", name="Fire"),
            model("old", name="Old", enabled=False),
        ],
        "assignments": [
            assignment("cam-1", "ppe", desired_fps=5, parameters={"threshold": 0.5}),
            assignment("cam-2", "ppe", enabled=False),
            assignment("cam-2", "old"),
        ],
    }


@pytest.fixture
def vas() -> Iterator[FaultyVas]:
    with FaultyVas(**small_site(), api_key=API_KEY) as server:
        yield server


@pytest.fixture(scope="session")
def empty_journal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A journal with its tables: making them is no part of a save."""
    path = tmp_path_factory.mktemp("journal") / "empty.db"
    journal = Journal(f"sqlite:///{path}")
    journal.open()
    journal.close()
    return path


@pytest.fixture
def patient(vas: FaultyVas, tmp_path: Path, empty_journal: Path) -> Settings:
    """Settings under which a callback that waited for a VAS that hangs would never end."""
    shutil.copy(empty_journal, tmp_path / "journal.db")
    return Settings(
        api_url=vas.url,
        api_key=SecretStr(API_KEY),
        connect_timeout_s=60,
        read_timeout_s=300,
        db_url=f"sqlite:///{tmp_path / 'journal.db'}",
    )


def save_within(monkeypatch: pytest.MonkeyPatch, save_s: float) -> None:
    """Have the page wait that long for the outcome of a save."""
    monkeypatch.setattr(CellWriter.__init__, "__defaults__", (save_s,))
    for feature in ("panel", "draft"):
        monkeypatch.setattr(f"vas_dash.pages.{feature}.callbacks.SAVE_S", save_s)


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> float:
    """A busy machine is no fault: a save may take longer than an operator should wait, and the
    VAS does not rest for ten times as long as a sweep took."""
    save_within(monkeypatch, SAVE_S)
    monkeypatch.setattr("vas_dash.fleet.reader.REST_FACTOR", 0)
    return SAVE_S


OpenPage = Callable[[Settings], Page]


@pytest.fixture
def open_page() -> OpenPage:
    """A page of another process: with a reader and a picture of its own."""

    def made(settings: Settings) -> Page:
        # So short a time between sweeps cannot be set; it spares the tests the wait.
        quick = settings.model_copy(update={"refresh_s": 0.05})
        return Page(create_server(quick).test_client(), settings.prefix)

    return made


@pytest.fixture
def page(patient: Settings, open_page: OpenPage) -> Page:
    """A page that has seen the fleet."""
    made = open_page(patient)
    until(made, lambda: complete(made))
    return made


@pytest.fixture
def still(patient: Settings) -> Page:
    """A page whose picture was taken once and stays."""
    made = Page(create_server(patient.model_copy(update={"refresh_s": 3600})).test_client())
    until(made, lambda: complete(made))
    return made


def complete(page: Page) -> bool:
    """Whether the page shows a fleet of which nothing is unknown."""
    return bool(page["grid.data"]) and page.line("fleet-error") == ""


def until(page: Page, condition: Callable[[], bool]) -> None:
    """Refresh until `condition` holds."""
    end = time.monotonic() + DEADLINE_S
    while True:
        page.refresh()
        if condition():
            return
        assert time.monotonic() < end, f"never so: {page.props}"
        time.sleep(0.01)


def row(page: Page, camera_id: str) -> dict[str, str]:
    """The row of a camera, by the models' ids: `m:ppe` is a cell, `d:ppe` what it is drafted to."""
    (found,) = (one for one in rows(page) if one["id"] == camera_id)
    return found


def rows(page: Page) -> list[dict[str, str]]:
    """Every row, as `row` gives it."""
    return [_named(found, page["rendered.data"]["models"]) for found in page["grid.data"]]


def _named(found: dict[str, str], models: list[str]) -> dict[str, str]:
    named = {name: text for name, text in found.items() if not name[1:].isdigit()}
    for number, model_id in enumerate(models):
        named[f"m:{model_id}"] = found.get(f"m{number}", "\N{EN DASH} unassigned")
        if f"d{number}" in found:
            named[f"d:{model_id}"] = found[f"d{number}"]
    return named


def calm(caplog: pytest.LogCaptureFixture) -> None:
    """No exception and no error stands in the log."""
    for record in caplog.records:
        assert record.exc_info is None, record
        assert record.levelno < logging.ERROR, record.getMessage()
