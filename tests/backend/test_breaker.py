"""While the VAS does not answer, whoever asks is told so at once."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from tests.fakes.clients import PATIENT_S
from tests.fakes.faulty_vas import Fault, FaultyVas, site
from vas_dash.backend.breaker import OPEN_S, TRIPS_AFTER, Breaker
from vas_dash.backend.client import VasClient
from vas_dash.backend.transport import Transport
from vas_dash.domain.entities import CellKey
from vas_dash.errors import BackendError, UnreachableError

KEY = CellKey("c1", "m1")


class Clock:
    seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


class Page:
    """A client that is held back, and one that looks regularly."""

    def __init__(self, vas: FaultyVas) -> None:
        self.vas = vas
        self.clock = Clock()
        self.breaker = Breaker(self.clock)
        self.turns: list[bool] = []
        self.breaker.on_state_change = self.turns.append
        self.client = VasClient(self._transport(self.breaker.call))
        self.sweeps = VasClient(self._transport(self.breaker.watch))

    def _transport(self, guard: object) -> Transport:
        return Transport(self.vas.url, read_timeout_s=PATIENT_S, guard=guard)  # type: ignore[arg-type]

    def reason(self) -> str:
        """Why a read fails."""
        with pytest.raises(BackendError) as caught:
            self.client.assignment(KEY)
        return caught.value.reason

    def trip(self) -> None:
        self.vas.fault("all", Fault.CLOSE)
        for _ in range(TRIPS_AFTER):
            assert self.reason() == "the VAS cut the connection"


@pytest.fixture
def page() -> Iterator[Page]:
    with FaultyVas(**site(3, 1, 1)) as vas:
        made = Page(vas)
        yield made
        made.client.close()
        made.sweeps.close()


def test_after_some_calls_without_an_answer_nothing_is_asked_and_the_reason_says_so(
    page: Page, caplog: pytest.LogCaptureFixture
) -> None:
    page.trip()
    asked = page.vas.total_count
    page.vas.heal()
    page.clock.seconds += 2
    assert page.reason() == (
        "the VAS cut the connection, 5 times in a row; it is asked again in 3 s"
    )
    assert page.vas.total_count == asked
    assert page.turns == [True]
    said = [one.getMessage() for one in caplog.records if one.levelno == logging.WARNING]
    assert said == ["the VAS is asked less often: the VAS cut the connection, 5 times in a row"]


def test_a_write_that_is_held_back_is_never_sent(page: Page) -> None:
    page.trip()
    page.vas.heal()
    asked = page.vas.total_count

    def sent() -> None:
        pytest.fail("a write was let through")

    with pytest.raises(UnreachableError):
        page.client.delete("a1", before_send=sent)
    assert page.vas.total_count == asked


def test_then_one_call_tries_and_an_answer_lets_all_through(page: Page) -> None:
    page.trip()
    page.clock.seconds += OPEN_S
    asked = page.vas.total_count
    assert page.reason() == "the VAS cut the connection"
    assert page.vas.total_count > asked
    assert "it is asked again" in page.reason()
    page.clock.seconds += OPEN_S
    page.vas.heal()
    page.client.assignment(KEY)
    page.client.assignment(KEY)
    assert page.turns == [True, False]


def test_while_one_call_tries_the_others_are_held_back(page: Page) -> None:
    page.trip()
    page.vas.heal()
    page.clock.seconds += OPEN_S
    others: list[str] = []
    page.vas.on_request = lambda *_: others.append(page.reason()) if not others else None
    page.client.assignment(KEY)
    assert len(others) == 1
    assert "it is asked again" in others[0]


def test_a_sweep_is_never_held_back_and_ends_the_waiting(page: Page) -> None:
    page.trip()
    page.vas.heal()
    page.sweeps.cameras()
    page.client.assignment(KEY)
    assert page.turns == [True, False]


@pytest.mark.parametrize("fault", [Fault.FAIL_JSON, Fault.FORBIDDEN, Fault.GARBAGE])
def test_an_answer_is_an_answer_whatever_it_says(page: Page, fault: Fault) -> None:
    page.vas.fault("assignments", fault)
    for _ in range(2 * TRIPS_AFTER):
        assert "in a row" not in page.reason()
    assert page.turns == []


def test_what_was_too_late_before_it_began_says_nothing_about_the_vas(page: Page) -> None:
    for _ in range(2 * TRIPS_AFTER):
        with pytest.raises(BackendError, match="did not answer in time"):
            page.client.assignment(KEY, until=0.0)
    page.client.assignment(KEY)
    assert page.turns == []
