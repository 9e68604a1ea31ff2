"""What each role may do, in the services and over every callback of the page."""

from __future__ import annotations

import json
import logging
import sqlite3
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from pydantic import SecretStr

from tests.fakes.clients import API_KEY, client_of
from tests.fakes.faulty_vas import FaultyVas
from tests.fakes.page import Page, outputs
from tests.fakes.pages import complete, small_site, until
from vas_dash import Operator, Role, Settings, mount
from vas_dash.changes.cell_writer import CellWriter
from vas_dash.changes.drafting import Drafting
from vas_dash.changes.operations import Operations
from vas_dash.changes.permissions import NOT_KNOWN, NOT_YOURS, Permissions
from vas_dash.domain.changes import ChangeSet, DesiredChange, plan
from vas_dash.domain.entities import CellKey
from vas_dash.domain.fleet import FleetSnapshot
from vas_dash.domain.records import CellResult, Outcome, State
from vas_dash.errors import NotAllowedError
from vas_dash.fleet.reader import FleetReader
from vas_dash.jobs.service import Jobs
from vas_dash.journal import Journal

pytestmark = pytest.mark.usefixtures("unhurried")

DRAFT = {"id": "d" * 24, "revision": 0, "count": 0, "blocked": 0}
CELL = {"camera": "cam-10", "model": "fire", "enabled": True}
GROUP = {"cameras": ["cam-10"], "models": ["fire"]}
FILE = b"camera,model,enabled\nGate 10,fire,true\n"

VIEWER = Operator("vera", Role.VIEWER)
KIM = Operator("kim", Role.OPERATOR)
LEE = Operator("lee", Role.OPERATOR)
HALL = Operator("hal", Role.OPERATOR, frozenset({"Hall"}))
ADMIN = Operator("ada", Role.ADMIN, frozenset({"nowhere"}))

IN_HALL, AT_GATE, NOWHERE = (CellKey(f"cam-{number}", "fire") for number in (1, 2, 10))


@pytest.fixture
def vas() -> Iterator[FaultyVas]:
    site = small_site()
    for row, location in zip(site["cameras"], ("Hall", "Gate", None), strict=True):
        row["location"] = location
    with FaultyVas(**site, api_key=API_KEY) as server:
        yield server


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal(f"sqlite:///{tmp_path / 'journal.db'}")
    yield journal
    journal.close()


class Started:
    """A runner that only remembers what it was asked to apply."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    def run(self, change_set_id: int, job: int) -> None:  # noqa: ARG002
        self.asked.append(change_set_id)

    def fault(self, change_set_id: int, job: int) -> None:
        raise AssertionError(f"nobody asks for the fault of {change_set_id}, {job}")


class Desk:
    """The services, as each operator has them."""

    def __init__(self, vas: FaultyVas, journal: Journal) -> None:
        self.vas = vas
        self.journal = journal
        self._client = client_of(vas)
        self.operations = Operations(self._client, journal)
        self.drafting = Drafting(journal)
        self.writer = CellWriter(self.operations, 60.0)
        self.started = Started()
        self.jobs = Jobs(journal, self.started)

    @property
    def fleet(self) -> FleetSnapshot:
        return FleetReader(self._client).read_fleet()

    def by(self, operator: Operator) -> Permissions:
        return Permissions(operator, lambda: self.fleet)

    def changes(self, *keys: CellKey) -> ChangeSet:
        return plan(self.fleet, dict.fromkeys(keys, DesiredChange(enabled=True)))

    def applied(self, operator: Operator, *keys: CellKey) -> int:
        """The number of a change set of this operator, applied."""
        number = self.operations.submit(self.changes(*keys), by=self.by(operator))
        assert self.operations.apply(number).state is State.FINISHED
        return number

    @property
    def writes(self) -> int:
        return sum(self.vas.count(method, "writes") for method in ("POST", "PATCH", "DELETE"))


@pytest.fixture
def desk(vas: FaultyVas, journal: Journal) -> Desk:
    return Desk(vas, journal)


# The services.


def test_a_viewer_changes_nothing_anywhere(desk: Desk) -> None:
    number = desk.operations.submit(desk.changes(IN_HALL), by=desk.by(KIM))
    changes, fleet, viewer = desk.changes(AT_GATE), desk.fleet, desk.by(VIEWER)
    operations, drafting = desk.operations, desk.drafting
    tries: list[Callable[[], object]] = [
        lambda: operations.submit(changes, by=viewer),
        lambda: operations.submit(ChangeSet(), by=viewer),
        lambda: operations.resume(number, viewer),
        lambda: operations.retry(number, viewer),
        lambda: operations.undo(number, viewer),
        lambda: drafting.add("d" * 20, viewer, fleet, {AT_GATE: DesiredChange(enabled=True)}),
        lambda: drafting.put("d" * 20, viewer, changes, "edit"),
        lambda: drafting.drop("d" * 20, viewer, [AT_GATE]),
        lambda: drafting.clear("d" * 20, viewer),
        lambda: desk.writer.save(AT_GATE, None, changes.changes[0].desired, by=viewer),
        lambda: desk.jobs.start(number, viewer),
        lambda: desk.jobs.cancel(number, viewer),
        viewer.require_prune,
    ]
    for one in tries:
        with pytest.raises(NotAllowedError):
            one()
    assert drafting.load("d" * 20, viewer).revision == 0
    record = desk.journal.change_set(number)
    assert record is not None
    assert record.state is State.READY
    assert desk.started.asked == []
    assert desk.writes == 0


def test_the_journal_has_the_operator_s_name(desk: Desk) -> None:
    number = desk.operations.submit(desk.changes(IN_HALL), by=desk.by(KIM))
    record = desk.journal.change_set(number)
    assert record is not None
    assert record.who == "kim"


def test_a_draft_is_its_owner_s(desk: Desk) -> None:
    desk.drafting.put("d" * 20, desk.by(KIM), desk.changes(IN_HALL), "edit")
    assert not desk.drafting.load("d" * 20, desk.by(LEE)).changes
    assert desk.drafting.load("d" * 20, desk.by(KIM)).changes.keys() == {IN_HALL}


def test_cells_of_other_locations_are_blocked_in_drafts(desk: Desk) -> None:
    desired_changes = dict.fromkeys((IN_HALL, AT_GATE, NOWHERE), DesiredChange(enabled=True))
    draft, planned = desk.drafting.add("d" * 20, desk.by(HALL), desk.fleet, desired_changes)
    assert draft.changes.keys() == {IN_HALL}
    assert {key: one.problems[0].message for key, one in draft.blocked.items()} == {
        AT_GATE: NOT_YOURS,
        NOWHERE: NOT_YOURS,
    }
    assert [one.key for one in planned.changes] == [IN_HALL]
    put = desk.drafting.put("e" * 20, desk.by(HALL), desk.changes(IN_HALL, AT_GATE), "import")
    assert put.changes.keys() == {IN_HALL}
    assert put.blocked.keys() == {AT_GATE}


def test_cells_of_other_locations_are_never_submitted(desk: Desk) -> None:
    number = desk.operations.submit(desk.changes(IN_HALL, AT_GATE), by=desk.by(HALL))
    cells = desk.journal.cells(number)
    said = {cell.change.key: (cell.result, cell.message) for cell in cells}
    assert said[IN_HALL] == (CellResult.NOT_SENT, None)
    result, message = said[AT_GATE]
    assert result is CellResult.REFUSED
    assert NOT_YOURS in str(message)
    with pytest.raises(NotAllowedError, match=NOT_YOURS):
        desk.operations.submit(desk.changes(AT_GATE), by=desk.by(HALL))
    desk.operations.apply(number)
    assert desk.vas.cell("cam-1", "fire") is not None
    assert desk.vas.cell("cam-2", "fire") is None


def test_single_cells_of_other_locations_are_not_sent(desk: Desk) -> None:
    desired = desk.changes(AT_GATE).changes[0].desired
    outcome = desk.writer.save(AT_GATE, None, desired, by=desk.by(HALL))
    assert outcome == Outcome(CellResult.NOT_SENT, f"the camera is {NOT_YOURS}")
    saved = desk.writer.save(IN_HALL, None, desired, by=desk.by(HALL))
    assert saved.result is CellResult.APPLIED
    assert desk.writes == 1


def test_no_camera_is_in_a_location_while_the_cameras_are_unknown(desk: Desk) -> None:
    changes = desk.changes(IN_HALL)
    fleet = FleetSnapshot.nothing_read("no answer", desk.fleet.taken_at)
    assert not desk.by(HALL).allowed(changes, fleet).changes
    assert desk.by(KIM).allowed(changes, fleet) == changes
    assert desk.by(ADMIN).allowed(changes, fleet) == changes


def test_what_is_not_one_s_own_any_more_is_refused_when_work_starts(desk: Desk) -> None:
    number = desk.operations.submit(desk.changes(IN_HALL, AT_GATE), by=desk.by(KIM))
    less = replace(KIM, locations=frozenset({"Hall"}))
    desk.jobs.start(number, desk.by(less))
    assert desk.started.asked == [number]
    said = {one.change.key: (one.result, one.message) for one in desk.journal.cells(number)}
    assert said[AT_GATE] == (CellResult.REFUSED, NOT_YOURS)
    assert said[IN_HALL][0] is CellResult.NOT_SENT


def test_a_camera_that_was_moved_away_is_refused_when_work_starts(desk: Desk) -> None:
    number = desk.operations.submit(desk.changes(IN_HALL), by=desk.by(HALL))
    desk.vas.cameras["cam-1"]["location"] = "Gate"
    desk.jobs.start(number, desk.by(HALL))
    desk.operations.apply(number)
    (cell,) = desk.journal.cells(number)
    assert (cell.result, cell.message) == (CellResult.REFUSED, NOT_YOURS)
    assert desk.writes == 0


def test_where_a_camera_stood_once_gives_no_right_today(desk: Desk) -> None:
    changes = desk.changes(IN_HALL)
    lost = FleetSnapshot.nothing_read("no answer", desk.fleet.taken_at).remembering(desk.fleet)
    assert lost.known_cameras
    (blocked,) = desk.by(HALL).allowed(changes, lost).blocked
    assert blocked.problems[0].message == NOT_KNOWN


def test_what_somebody_else_submitted_is_for_an_admin(desk: Desk) -> None:
    number = desk.applied(KIM, IN_HALL)
    operations, jobs = desk.operations, desk.jobs
    actions: list[Callable[[int, Permissions], object]] = [
        operations.undo,
        operations.retry,
        operations.resume,
        jobs.start,
        jobs.cancel,
    ]
    for act in actions:
        with pytest.raises(NotAllowedError):
            act(number, desk.by(LEE))
        act(number, desk.by(KIM))
        act(number, desk.by(ADMIN))
    assert operations.undo(number, desk.by(ADMIN)).changes


def test_only_an_admin_prunes(desk: Desk) -> None:
    with pytest.raises(NotAllowedError):
        desk.by(KIM).require_prune()
    desk.by(ADMIN).require_prune()


def test_what_was_submitted_is_applied_by_a_worker_without_asking_again(desk: Desk) -> None:
    number = desk.operations.submit(desk.changes(IN_HALL), by=desk.by(KIM))
    record = Operations(desk._client, desk.journal).apply(number)
    assert record.tally == {CellResult.APPLIED: 1}


# The page.


@pytest.fixture
def db_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'page.db'}"


OpenAs = Callable[..., Page]


@pytest.fixture
def open_as(vas: FaultyVas, db_url: str) -> OpenAs:
    """A page under a host that knows who asks."""

    def opened(operator: Operator, **settings: Any) -> Page:
        host = Flask("host")
        found = Settings(
            api_url=vas.url, api_key=SecretStr(API_KEY), db_url=db_url, refresh_s=1, **settings
        )
        mount(host, settings=found, identify=lambda _: operator)
        page = Page(host.test_client())
        until(page, lambda: complete(page))
        return page

    return opened


def writes(vas: FaultyVas) -> int:
    return sum(vas.count(method, "writes") for method in ("POST", "PATCH", "DELETE"))


def press_everything(page: Page) -> dict[str, int]:
    """Fire every callback that the server has, each with a cell, a number, a draft and a click.

    Gives the status of each by its output.
    """
    page.open("cam-1", "ppe")
    opened = page["opened.data"]
    saved = page.props | {
        "apply.data": {"camera": "cam-10", "model": "fire", "enabled": True, "n": 1},
        "toggles.data": {"draft": DRAFT, "n": 1, "cells": [CELL]},
        "act.data": {"draft": DRAFT, "n": 1, "do": "on", "cells": [GROUP]},
        "review-act.data": {"action": "all", "revision": 0, "ask": {}, "n": 1},
        "history-do.data": {"action": "apply", "number": 1, "n": 1},
        "files-upload.contents": f"data:text/csv;base64,{b64encode(FILE).decode()}",
        "files-upload.filename": "intent.csv",
        "panel-save.n_clicks": 1,
        "opened.data": opened,
        "draft.data": DRAFT,
        "url.pathname": "/ai-models/history/1",
    }
    answers: dict[str, int] = {}
    for callback in page.callbacks:
        if callback["clientside_function"]:
            continue
        for trigger in callback["inputs"]:
            inputs, states = (
                [_argument(entry, saved) for entry in callback[kind]]
                for kind in ("inputs", "state")
            )
            answer = page.client.post(
                f"{page.prefix}_dash-update-component",
                json={
                    "output": callback["output"],
                    "outputs": outputs(callback["output"]),
                    "inputs": inputs,
                    "state": states,
                    "changedPropIds": [f"{trigger['id']}.{trigger['property']}"],
                },
            )
            answers[f"{callback['output']} {trigger['id']}"] = answer.status_code
    return answers


def _argument(entry: dict[str, Any], saved: dict[str, Any]) -> Any:
    """Something that a browser could send for this input."""
    name, prop = entry["id"], entry["property"]
    if name.startswith("{"):
        return _fields(json.loads(name), prop)
    value = saved.get(f"{name}.{prop}")
    if value is None and prop in ("n_clicks", "submit_n_clicks"):
        value = 1
    return {"id": name, "property": prop, "value": value}


def _fields(pattern: dict[str, Any], prop: str) -> list[dict[str, Any]]:
    """The panel's own fields; one button of anything else."""
    names = ["intent", "fps", "priority"] if "name" in pattern else []
    typed = {"intent": "on", "fps": "7", "priority": ""}
    found = []
    for name in names:
        identity = {**pattern, "name": name}
        found.append(
            {"id": identity, "property": prop, "value": identity if prop == "id" else typed[name]}
        )
    return found


def kept(db_url: str) -> tuple[int, int]:
    """How many change sets and drafts there are."""
    journal = Journal(db_url)
    change_sets = len(journal.history().items)  # makes the tables where nobody has yet
    journal.close()
    with closing(sqlite3.connect(db_url.removeprefix("sqlite:///"))) as database:
        drafts = database.execute("SELECT count(*) FROM journal_drafts").fetchone()[0]
    return change_sets, drafts


@pytest.mark.parametrize("read_only", [False, True], ids=["viewer", "READ_ONLY"])
def test_no_callback_writes_for_a_viewer(
    open_as: OpenAs,
    vas: FaultyVas,
    db_url: str,
    read_only: bool,
    caplog: pytest.LogCaptureFixture,
) -> None:
    operator = Operator("vera", Role.ADMIN) if read_only else VIEWER
    page = open_as(operator, read_only=read_only)
    answers = press_everything(page)
    assert answers
    assert {status for status in answers.values() if status >= 400} == set()
    assert writes(vas) == 0
    assert kept(db_url) == (0, 0)
    refused = [one for one in caplog.records if one.getMessage().startswith("refused to vera")]
    assert refused
    assert all(one.levelno == logging.WARNING and one.exc_info is None for one in refused)


def test_the_same_callbacks_write_for_an_operator(
    open_as: OpenAs, vas: FaultyVas, db_url: str
) -> None:
    """Else the test above would show nothing."""
    press_everything(open_as(KIM))
    assert writes(vas) > 0
    change_sets, drafts = kept(db_url)
    assert change_sets > 1
    assert drafts > 0


def test_a_viewer_s_refusal_leaves_the_page_as_it_is(open_as: OpenAs) -> None:
    page = open_as(VIEWER)
    page.open("cam-1", "ppe")
    page.save(fps="9")
    assert page.sent == {}


def test_a_save_in_another_location_says_why(open_as: OpenAs, vas: FaultyVas) -> None:
    page = open_as(HALL)
    page.open("cam-2", "ppe")
    message = page.save(fps="9")
    assert message == f"Not saved, nothing was sent: the camera is {NOT_YOURS}."
    assert writes(vas) == 0
    page.open("cam-1", "ppe")
    assert page.save(fps="9").startswith("Saved.")


def test_the_page_is_drawn_for_the_role(open_as: OpenAs) -> None:
    for operator in (VIEWER, KIM, ADMIN):
        layout = open_as(operator).client.get("/ai-models/_dash-layout").get_json()
        assert layout["props"]["data-role"] == operator.role
