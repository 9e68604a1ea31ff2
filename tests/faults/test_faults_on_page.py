"""Whatever the VAS does, the page says what it does not know, and why; it never guesses."""

from __future__ import annotations

import logging
from collections.abc import Mapping

import pytest
from pydantic import SecretStr

from tests.fakes.faulty_vas import RTSP_PASSWORD, Fault, FaultyVas
from tests.fakes.page import Page
from tests.fakes.pages import API_KEY, OpenPage, calm, complete, rows, until
from vas_dash import Settings
from vas_dash.backend.breaker import TRIPS_AFTER

TIMED_OUT = "the VAS did not answer within 0.3 s"
FAILED = "the VAS failed (500)"
NO_HTTP = "the VAS answered with something that is not HTTP"
CUT = "the VAS cut the connection"

# What the page says when every endpoint has the fault and nothing was ever read. None: the fault
# can be got over, so that all is read, or told by another line.
REASONS: Mapping[Fault, str | None] = {
    Fault.HANG: TIMED_OUT,
    Fault.TRICKLE_HEADERS: TIMED_OUT,
    Fault.TRICKLE_BODY: TIMED_OUT,
    Fault.FAIL_TEXT: FAILED,
    Fault.FAIL_JSON: FAILED,
    Fault.CUT: "the VAS cut the connection in the middle of its answer",
    Fault.CLOSE: CUT,
    Fault.GARBAGE: "the VAS answered with something that is not a list of cameras",
    Fault.NOT_HTTP: NO_HTTP,
    Fault.BAD_HEADERS: NO_HTTP,
    Fault.WRONG_SHAPE: "the VAS answered with something that is not a list of assignments",
    Fault.WRONG_TYPES: "3 cells are unknown: the VAS gave a row with a fault (enabled should be",
    Fault.ONE_WRONG_ROW: "1 cell is unknown: the VAS gave a row with a fault (enabled should be",
    Fault.HALF_PAGES: None,
    Fault.LOST_ROWS: "Some assignments are unknown: only 2 of 3 assignments could be read",
    Fault.TOTAL_TOO_SMALL: "the VAS speaks of 2 assignments and gives more",
    Fault.UNAUTHORISED: "the VAS asks for an API key",
    Fault.FORBIDDEN: "the VAS rejected the API key",
    Fault.NOT_FOUND: "the VAS does not know what was asked for (404)",
    Fault.SAME_PAGE: "the VAS gives the same page of cameras again and again",
    Fault.REDIRECT: "the VAS answered with an unexpected status (307)",
    Fault.DROP: None,
}

SLOW = {Fault.HANG, Fault.TRICKLE_HEADERS, Fault.TRICKLE_BODY}


@pytest.fixture(autouse=True)
def _no_rest(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    # The VAS rests after each sweep; these tests need not.
    monkeypatch.setattr("vas_dash.fleet.reader.REST_FACTOR", 0)
    caplog.set_level(logging.DEBUG)


def settings(vas: FaultyVas, fault: Fault | None) -> Settings:
    limit_s = 0.3 if fault in SLOW else 30
    return Settings(
        api_url=vas.url,
        api_key=SecretStr(API_KEY),
        connect_timeout_s=limit_s,
        read_timeout_s=limit_s,
    )


def cells(page: Page) -> dict[str, dict[str, str]]:
    """What each row says of each model, and its summary, by camera."""
    return {
        row["id"]: {
            column: said
            for column, said in row.items()
            if column == "summary" or column.startswith("m:")
        }
        for row in rows(page)
    }


def swept(page: Page, vas: FaultyVas) -> None:
    """Wait until a sweep that began after this call stands on the page."""
    before = vas.count("GET", "cameras")
    until(page, lambda: vas.count("GET", "cameras") >= before + 2)
    page.refresh()


def test_every_fault_of_an_answer_to_a_read_is_in_the_table() -> None:
    others = {Fault.ENDLESS, Fault.HUGE, Fault.DONE_UNSAID}
    assert set(Fault) - others == set(REASONS)


@pytest.mark.parametrize("fault", REASONS)
def test_a_fault_is_an_unknown_with_its_reason_and_never_a_guess(
    vas: FaultyVas, open_page: OpenPage, caplog: pytest.LogCaptureFixture, fault: Fault
) -> None:
    page = open_page(settings(vas, None))
    until(page, lambda: complete(page))
    truth = cells(page)

    # Nothing was ever read.
    vas.fault("all", fault)
    page = open_page(settings(vas, fault))
    swept(page, vas)
    honest(page, truth)
    reason = REASONS[fault]
    if reason is not None:
        assert reason in page.line("fleet-error")

    # It was read before, and then one part fails.
    for endpoint in ("cameras", "models", "assignments"):
        vas.heal()
        until(page, lambda: complete(page))
        assert cells(page) == truth
        vas.fault(endpoint, fault)
        swept(page, vas)
        honest(page, truth)
        assert set(cells(page)) == set(truth), "cameras that were seen before stay"
        page.tooltip("cam-1", "ppe")
        page.open("cam-1", "ppe")
        page.open("cam-1", "", "camera")
        page.open("", "ppe", "model")
    vas.heal()
    until(page, lambda: complete(page))
    assert cells(page) == truth
    secretive(page, caplog)
    calm(caplog)


def honest(page: Page, truth: Mapping[str, Mapping[str, str]]) -> None:
    """Each cell is as it is in the VAS, or unknown; and what is unknown is said."""
    shown = cells(page)
    for camera_id, row in shown.items():
        for column, said in row.items():
            if column != "summary":
                assert said in ("? unknown", truth[camera_id].get(column)), (camera_id, column)
            elif "unknown" not in said and len(row) == len(truth[camera_id]):
                assert said == truth[camera_id][column]
            else:
                assert "nothing assigned" not in said
    if page.line("fleet-error") == "":
        assert shown == truth
    else:
        assert " unknown: " in page.line("fleet-error")
    if not shown:
        assert page.line("grid-empty").startswith("The cameras are unknown: ")
        assert page.line("counts") == "cameras unknown"


def secretive(page: Page, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing of what is secret was ever sent to the browser or written to the log."""
    for said in (*page.received, caplog.text):
        for secret in (RTSP_PASSWORD, "rtsp://", API_KEY, "sql-l3ak", "psycopg", "Traceback"):
            assert secret not in said


def test_a_vas_that_refuses_connections_is_said_and_comes_back(
    page: Page,
    vas: FaultyVas,
    patient: Settings,
    open_page: OpenPage,
    caplog: pytest.LogCaptureFixture,
) -> None:
    truth = cells(page)
    vas.stop()
    until(page, lambda: not complete(page))
    honest(page, truth)
    assert page.line("fleet-error").startswith(
        "Cameras, models and assignments are unknown: the VAS refused the connection. Last seen "
    )
    assert {said for row in cells(page).values() for said in row.values()} == {
        "? unknown",
        "3 unknown",
    }
    tip = page.tooltip("cam-1", "ppe")
    assert "unknown: the VAS refused the connection" in tip
    assert ": on, 5 fps, default priority" in tip
    assert "last seen unassigned" in page.tooltip("cam-10", "fire")

    fresh = open_page(patient)
    until(fresh, lambda: "refused" in fresh.line("fleet-error"))
    honest(fresh, truth)
    assert fresh.line("grid-empty") == "The cameras are unknown: the VAS refused the connection."

    vas.start()
    for one in (page, fresh):
        until(one, lambda one=one: complete(one))  # type: ignore[misc]
        assert cells(one) == truth
        secretive(one, caplog)
    calm(caplog)


def test_a_vas_without_a_registry_shows_what_is_assigned(
    vas: FaultyVas, open_page: OpenPage, patient: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    vas.fault("models", Fault.NOT_FOUND)
    page = open_page(patient)
    swept(page, vas)
    assert page.line("fleet-error") == (
        "Names of models are unknown: the VAS has no registry of models."
    )
    assert [column["name"] for column in page["grid.columns"][3:]] == [
        "old (name unknown)",
        "ppe (name unknown)",
    ]
    # What is assigned can be changed, and with no registry everything can be assigned.
    assert page["rendered.data"]["closed"] == []
    page.open("cam-10", "ppe")
    assert page.save(intent="on").startswith("Saved.")
    calm(caplog)


def test_one_bad_camera_does_not_take_the_others_away(
    vas: FaultyVas, open_page: OpenPage, patient: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    vas.bad_cameras.add("cam-2")
    page = open_page(patient)
    swept(page, vas)
    assert page.line("fleet-error") == "Some cameras are unknown: the VAS fails on 1 camera."
    assert {row["camera"] for row in rows(page)} == {
        "Gate 1",
        "Gate 10",
        "cam-2 (name unknown)",
    }
    calm(caplog)


def test_a_fault_of_ours_while_reading_is_said_and_not_shown(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ValueError(RTSP_PASSWORD)

    monkeypatch.setattr("vas_dash.backend.client.VasClient.cameras", broken)
    until(page, lambda: not complete(page))
    assert "the page could not read the fleet" in page.line("fleet-error")
    assert RTSP_PASSWORD not in "".join(page.received)


def test_a_vas_that_does_not_answer_is_asked_less_often_until_it_is_back(
    vas: FaultyVas, open_page: OpenPage, patient: Settings
) -> None:
    page = open_page(patient.model_copy(update={"metrics": True}))

    def figure(name: str) -> float:
        lines = page.client.get(f"{page.prefix}metrics").text.splitlines()
        (line,) = (one for one in lines if one.startswith(f"{name} "))
        return float(line.split()[1])

    until(page, lambda: complete(page))
    trips = figure("vas_dash_breaker_trips_total")
    page.open("cam-10", "ppe")
    vas.stop()
    said = [page.save(intent="on", fps="7") for _ in range(TRIPS_AFTER + 1)]
    assert said[0] == "Not saved, nothing was sent: the VAS refused the connection."
    assert "times in a row; it is asked again in" in said[-1]
    assert said[-1].startswith(said[0].removesuffix("."))
    assert figure("vas_dash_breaker_trips_total") == trips + 1
    assert figure("vas_dash_breaker_open") == 1

    # The last picture before the VAS went away is complete too; only the breaker tells the end.
    vas.start()
    until(page, lambda: figure("vas_dash_breaker_open") == 0)
    until(page, lambda: complete(page))
    assert page.save(intent="on", fps="7").startswith("Saved.")
