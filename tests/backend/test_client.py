from __future__ import annotations

import itertools
import random
import time
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.fakes.clients import client_of
from tests.fakes.faulty_vas import (
    RTSP_PASSWORD,
    SQL_TEXT,
    Fault,
    FaultyVas,
    assignment,
    camera,
    model,
    site,
)
from vas_dash.backend import sweeps
from vas_dash.backend.rows import Rows
from vas_dash.domain.entities import Assignment, CellIntent, CellKey
from vas_dash.domain.fleet import Completeness, Part
from vas_dash.errors import BackendError, BadAnswerError, NotFoundError, TimedOutError

INCOMPLETE = Completeness.INCOMPLETE


def nothing() -> None:
    """A write may be sent."""


def ids(part: Part[Any]) -> set[str]:
    return {item.id for item in part.items}


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeps, "CAMERAS_PAGE_ROWS", 16)
    monkeypatch.setattr(sweeps, "ASSIGNMENT_PASSES", (10, 7, 8))


def test_a_healthy_fleet_is_read_whole() -> None:
    with FaultyVas(**site(30, 4, 100)) as vas:
        client = client_of(vas)
        client.health()
        for part, count in (
            (client.cameras(), 30),
            (client.models(), 4),
            (client.assignments(), 100),
        ):
            assert part.is_complete
            assert len(part.items) == count


def test_an_empty_fleet_is_complete() -> None:
    with FaultyVas() as vas:
        client = client_of(vas)
        parts: list[Part[Any]] = [client.cameras(), client.models(), client.assignments()]
        assert parts == [Part.complete(())] * 3


@pytest.mark.usefixtures("small_pages")
def test_lists_longer_than_a_page_are_read_to_the_end() -> None:
    with FaultyVas(**site(48, 4, 100)) as vas:
        client = client_of(vas)
        assert ids(client.cameras()) == set(vas.cameras)
        assert ids(client.assignments()) == set(vas.assignments)
        assert vas.count("GET", "assignments") == 11  # the last page was full: was it the last?


@pytest.mark.usefixtures("small_pages")
def test_pages_with_fewer_rows_than_asked_for_are_followed_up() -> None:
    with FaultyVas(**site(40, 4, 100)) as vas:
        vas.fault("all", Fault.HALF_PAGES)
        client = client_of(vas)
        assert ids(client.cameras()) == set(vas.cameras)
        found = client.assignments()
        assert found.is_complete
        assert ids(found) == set(vas.assignments)


def test_the_same_answer_again_is_not_parsed_again_and_a_new_one_is() -> None:
    with FaultyVas(**site(3, 2, 4)) as vas:
        client = client_of(vas)
        first, second = client.assignments(), client.assignments()
        assert all(a is b for a, b in zip(first.items, second.items, strict=True))
        row = next(iter(vas.assignments.values()))
        vas.edit(row["camera_id"], row["model_id"], priority=77)
        assert [item.priority for item in client.assignments().items].count(77) == 1


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Fault.LOST_ROWS, "only 99 of 100 assignments could be read"),
        (Fault.TOTAL_TOO_SMALL, "the VAS speaks of 99 assignments and gives more"),
        (
            Fault.SAME_PAGE,
            "only 100 of 1,100 assignments could be read: "
            "the VAS gives the same page of assignments again and again",
        ),
    ],
)
def test_assignments_that_do_not_add_up_are_incomplete(fault: Fault, reason: str) -> None:
    with FaultyVas(**site(30, 4, 100)) as vas:
        vas.fault("assignments", fault)
        part = client_of(vas).assignments()
    assert (part.completeness, part.reason) == (INCOMPLETE, reason)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Fault.LOST_ROWS, "only 3 of 4 models could be read"),
        (Fault.TOTAL_TOO_SMALL, "the VAS speaks of 3 models and gives more"),
    ],
)
def test_models_that_do_not_add_up_are_incomplete(fault: Fault, reason: str) -> None:
    with FaultyVas(**site(1, 4, 0)) as vas:
        vas.fault("models", fault)
        part = client_of(vas).models()
    assert (part.completeness, part.reason) == (INCOMPLETE, reason)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (
            Fault.SAME_PAGE,
            "only 30 cameras could be read: the VAS gives the same page of cameras again and again",
        ),
    ],
)
def test_cameras_that_do_not_add_up_are_incomplete(fault: Fault, reason: str) -> None:
    with FaultyVas(**site(30, 4, 100)) as vas:
        vas.fault("cameras", fault)
        part = client_of(vas).cameras()
    assert (part.completeness, part.reason) == (INCOMPLETE, reason)
    assert RTSP_PASSWORD not in repr(part)


@pytest.mark.usefixtures("small_pages")
@pytest.mark.parametrize("bad", [{0}, {57}, {3, 4, 99}])
def test_assignments_that_the_vas_fails_on_are_passed_by_and_found_out(bad: set[int]) -> None:
    with FaultyVas(**site(30, 4, 100)) as vas:
        keys = [CellKey(row["camera_id"], row["model_id"]) for row in vas.assignments.values()]
        gone = {keys[number] for number in bad}
        vas.bad_cells = {(key.camera_id, key.model_id) for key in gone}
        part = client_of(vas).assignments(suspects=lambda _: reversed(keys))
        assert part.is_complete
        assert {row.key for row in part.items} == set(keys) - gone
        assert set(part.faults) == gone
        assert set(part.faults.values()) == {"the VAS failed (500)"}

        part = client_of(vas).assignments()
        assert {row.key for row in part.items} == set(keys) - gone
        noun = "1 assignment" if len(bad) == 1 else "3 assignments"
        assert (part.completeness, part.reason) == (INCOMPLETE, f"the VAS fails on {noun}")


@pytest.mark.usefixtures("small_pages")
def test_lists_without_an_end_are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeps, "MAX_CAMERAS", 50)
    monkeypatch.setattr(sweeps, "MAX_ASSIGNMENTS", 50)
    with FaultyVas() as vas:
        vas.fault("all", Fault.ENDLESS)
        client = client_of(vas)
        cameras, assignments = client.cameras(), client.assignments()
    assert cameras.completeness is assignments.completeness is INCOMPLETE
    assert str(cameras.reason).endswith("the list of cameras does not end")
    assert str(assignments.reason).endswith("the list of assignments does not end")


def test_a_list_of_200_000_assignments_has_an_end() -> None:
    total = 200_000
    when = datetime(2026, 1, 1, tzinfo=UTC)

    def page(offset: int, limit: int) -> Rows[Assignment]:
        numbers = range(offset, min(offset + limit, total))
        rows = [
            Assignment(f"a{n}", f"c{n // 4}", f"m{n % 4}", True, None, None, None, when, None)
            for n in numbers
        ]
        return Rows(rows, len(rows), total)

    part = sweeps.AssignmentSweep(page).read()
    assert part.is_complete
    assert len(part.items) == total


@pytest.mark.usefixtures("small_pages")
@pytest.mark.parametrize("bad", [{0}, {15}, {17}, {39}, {3, 4}, {5, 20, 38}])
def test_cameras_that_the_vas_fails_on_are_passed_by(bad: set[int]) -> None:
    with FaultyVas(**site(40, 1, 0)) as vas:
        everybody = list(vas.cameras)
        vas.bad_cameras = {everybody[index] for index in bad}
        part = client_of(vas).cameras()
        assert ids(part) == set(everybody) - vas.bad_cameras
    noun = "camera" if len(bad) == 1 else "cameras"
    assert part.reason == f"the VAS fails on {len(bad)} {noun}"
    assert SQL_TEXT not in repr(part)


def test_one_bad_camera_among_many_costs_few_requests() -> None:
    with FaultyVas(**site(500, 1, 0)) as vas:
        vas.bad_cameras = {list(vas.cameras)[321]}
        part = client_of(vas).cameras()
        assert len(part.items) == 499
        assert vas.count("GET", "cameras") < 40


@pytest.mark.usefixtures("small_pages")
def test_the_search_for_bad_cameras_is_bounded_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeps, "BISECT_REQUESTS", 12)
    with FaultyVas(**site(64, 1, 0)) as vas:
        vas.bad_cameras = set(itertools.islice(vas.cameras, 18, 64, 4))
        part = client_of(vas).cameras()
        assert vas.count("GET", "cameras") <= 14
    assert part.completeness is INCOMPLETE
    assert str(part.reason).startswith("the VAS fails on at least ")


@pytest.mark.parametrize("fault", [Fault.FAIL_TEXT, Fault.FAIL_JSON])
def test_a_vas_that_fails_on_everything_is_not_searched_long(fault: Fault) -> None:
    with FaultyVas(**site(40, 1, 0)) as vas:
        vas.fault("cameras", fault)
        with pytest.raises(BackendError, match="the VAS failed"):
            client_of(vas).cameras()
        assert vas.count("GET", "cameras") == sweeps.BISECT_HOPELESS


@pytest.mark.usefixtures("small_pages")
def test_what_was_read_before_a_fault_is_kept() -> None:
    with FaultyVas(**site(40, 4, 100)) as vas:

        def fail_later(method: str, endpoint: str) -> None:
            if vas.count(method, endpoint) == 3:
                vas.fault(endpoint, Fault.CUT)

        vas.on_request = fail_later
        client = client_of(vas)
        cameras, assignments = client.cameras(), client.assignments()
    cut = "the VAS cut the connection in the middle of its answer"
    assert cameras.reason == f"only 32 cameras could be read: {cut}"
    assert assignments.reason == f"only 20 of 100 assignments could be read: {cut}"
    assert len(assignments.items) == 20


@pytest.mark.usefixtures("small_pages")
def test_the_time_for_a_whole_list_is_bounded() -> None:
    with FaultyVas(**site(40, 4, 100)) as vas:
        until = time.monotonic() + 0.2

        def be_slow(*_: str) -> None:
            time.sleep(0.02)

        vas.on_request = be_slow
        client = client_of(vas)
        assert client.assignments(until).completeness is INCOMPLETE
        with pytest.raises(TimedOutError):
            client.cameras(until)


@pytest.mark.usefixtures("small_pages")
@pytest.mark.parametrize("seed", range(5))
def test_rows_that_slip_between_pages_are_found_by_reading_again(seed: int) -> None:
    """While the list is read, others assign and take away; all that stayed must be found."""
    chance = random.Random(seed)
    with FaultyVas(**site(40, 4, 60)) as vas:
        stayed = set(vas.assignments)
        spare = iter([(camera_id, "late") for camera_id in vas.cameras])

        def change(method: str, endpoint: str) -> None:
            if vas.count(method, endpoint) in (2, 4, 5):
                removed = chance.choice(sorted(vas.assignments))
                vas.assignments.pop(removed)
                stayed.discard(removed)
            if vas.count(method, endpoint) == 3:
                vas.put(assignment(*next(spare), created_at="2026-12-01T00:00:00Z"))

        vas.on_request = change
        part = client_of(vas).assignments()
    assert part.is_complete
    assert ids(part) >= stayed


@pytest.mark.usefixtures("small_pages")
def test_a_pair_that_was_made_again_meanwhile_is_there_once() -> None:
    with FaultyVas(**site(40, 1, 25)) as vas:
        key = CellKey(list(vas.cameras)[24], "model-0")  # on the first page: the newest
        spare = iter([(camera_id, "late") for camera_id in vas.cameras])

        def make_again(method: str, endpoint: str) -> None:
            if vas.count(method, endpoint) == 2:
                old = vas.cell(*key)
                assert old is not None
                del vas.assignments[old["id"]]
                vas.put(assignment(*key, priority=1, created_at="2026-12-01T00:00:00Z"))
            # The total changes all the time, so no reading of the list stands for itself.
            vas.put(assignment(*next(spare), created_at="2026-12-02T00:00:00Z"))

        vas.on_request = make_again
        part = client_of(vas).assignments()
    assert len({item.key for item in part.items}) == len(part.items)
    assert [item.priority for item in part.items if item.key == key] == [1]


def test_a_vas_without_a_registry_is_said_so() -> None:
    with FaultyVas() as vas:
        vas.fault("models", Fault.NOT_FOUND)
        with pytest.raises(NotFoundError, match="the VAS has no registry of models"):
            client_of(vas).models()


def test_one_cell_is_read() -> None:
    with FaultyVas(**site(3, 2, 4)) as vas:
        client = client_of(vas)
        row = next(iter(vas.assignments.values()))
        found = client.assignment(CellKey(row["camera_id"], row["model_id"]))
        assert found is not None
        assert found.id == row["id"]
        assert client.assignment(CellKey(row["camera_id"], "other")) is None


@pytest.mark.parametrize(
    "fault", [Fault.ONE_WRONG_ROW, Fault.LOST_ROWS, Fault.ENDLESS, Fault.GARBAGE, Fault.CUT]
)
def test_a_cell_that_cannot_be_read_is_not_unassigned(fault: Fault) -> None:
    with FaultyVas(**site(3, 2, 4)) as vas:
        row = next(iter(vas.assignments.values()))
        vas.fault("assignments", fault)
        with pytest.raises(BackendError):
            client_of(vas).assignment(CellKey(row["camera_id"], row["model_id"]))


def test_a_cell_is_written() -> None:
    gate, ppe = camera(1), model("ppe")
    with FaultyVas([gate], [ppe]) as vas:
        client = client_of(vas)
        key = CellKey(gate["id"], "ppe")
        made = client.create(key, CellIntent(True, 5, parameters={"a": 1}), nothing)
        assert made.intent == CellIntent(True, 5, None, {"a": 1})
        client.update(made.id, {"desired_fps": None, "enabled": False}, nothing)
        changed = client.assignment(key)
        assert changed is not None
        assert changed.intent == CellIntent(False, None, None, {"a": 1})
        client.delete(made.id, nothing)
        assert client.assignment(key) is None


def test_an_id_cannot_lead_to_another_address() -> None:
    with FaultyVas(**site(1, 1, 1)) as vas:
        with pytest.raises(BackendError):
            client_of(vas).delete("../ai-models/x?y=1#z", nothing)
        assert vas.count("DELETE", "writes") == 1


def test_health_is_an_answer_in_json() -> None:
    with FaultyVas() as vas:
        vas.fault("health", Fault.GARBAGE)
        with pytest.raises(BadAnswerError):
            client_of(vas).health()
