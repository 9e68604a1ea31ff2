"""The regular look of an open page, over real requests: is what it shows still the newest?"""

from __future__ import annotations

import pytest

from tests.fakes.faulty_vas import FaultyVas
from tests.fakes.page import Page
from tests.fakes.pages import until
from vas_dash.pages.grid.rendering import CLOCKS_APART_MS

POLL = "/ai-models/poll"


def test_a_page_that_shows_the_newest_is_told_nothing(still: Page) -> None:
    assert still.poll() == 204
    still.refresh("?q=gate+10&sort=-camera")
    assert still.poll() == 204


def test_a_page_that_shows_another_view_is_told_to_ask_again(still: Page) -> None:
    still.props["url.search"] = "?q=gate+10"
    assert still.poll() == 200
    still.refresh()
    assert still.poll() == 204


def test_a_page_that_shows_nothing_yet_is_told_to_ask(still: Page) -> None:
    assert Page(still.client).poll() == 200


def test_a_page_hears_that_the_fleet_has_changed(page: Page, vas: FaultyVas) -> None:
    vas.edit("cam-1", "ppe", desired_fps=29)
    until(page, lambda: "29 fps" in str(page["grid.data"]))
    other = Page(page.client)
    other.refresh()
    vas.edit("cam-1", "ppe", desired_fps=28)
    until(page, lambda: "28 fps" in str(page["grid.data"]))
    assert other.poll() == 200


def test_a_page_hears_that_its_draft_has_changed(still: Page) -> None:
    other = Page(still.client)
    still.draft(("cam-1", "ppe", False))
    still.refresh()
    assert still.poll() == 204
    other.props["draft.data"] = still["draft.data"]
    other.draft(("cam-2", "ppe", True))
    assert still.poll() == 200


def test_a_page_that_knows_a_cell_better_is_told_of_that(still: Page) -> None:
    newer = {"camera": "cam-1", "model": "ppe", "until": "9999-01-01T00:00:00Z", "unknown": "why"}
    still.props["recent.data"] = [newer]
    assert still.poll() == 200
    still.refresh()
    assert still.poll() == 204


def test_a_worker_with_an_older_picture_does_not_take_the_fleet_back(still: Page) -> None:
    still["rendered.data"].update(digest="other", rows="", taken_by="another worker")
    still["rendered.data"]["taken_ms"] += 5_000
    assert still.poll() == 204
    still.refresh()
    assert still.sent == {}
    still.refresh("?q=gate+10")
    assert len(still["grid.data"]) == 1
    assert still.poll() == 204


def test_a_clock_that_runs_far_ahead_stops_nothing(still: Page) -> None:
    still["rendered.data"].update(digest="other", rows="", taken_by="another host")
    still["rendered.data"]["taken_ms"] += CLOCKS_APART_MS
    assert still.poll() == 200
    still.refresh()
    assert still.sent != {}


def test_a_clock_that_steps_back_stops_nothing(still: Page) -> None:
    still["rendered.data"].update(digest="taken by the same, before the step", rows="")
    still["rendered.data"]["taken_ms"] += 5_000
    assert still.poll() == 200
    still.refresh()
    assert still.sent != {}


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"null", b"7", b'{"digest": 7}', b'{"recent": [{}]}', b'{"draft": {"id": "../x"}}'],
)
def test_what_no_page_asks_is_refused_in_one_line(
    still: Page, body: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    answer = still.client.post(POLL, data=body, content_type="application/json")
    assert (answer.status_code, answer.text) == (400, "This is not what the page asks.\n")
    assert [record.getMessage() for record in caplog.records] == ["a poll was not understood"]


def test_a_look_is_taken_as_strictly_as_a_callback(still: Page) -> None:
    deep = b"[" * 200 + b"]" * 200
    answer = still.client.post(POLL, data=deep, content_type="application/json")
    assert (answer.status_code, answer.text) == (400, "This is nested too deeply.\n")
    foreign = still.client.post(POLL, json={}, headers={"Origin": "https://other.example"})
    assert foreign.status_code == 403
    assert still.client.post(POLL, data=b"{}", content_type="text/plain").status_code == 400
    assert still.client.get(POLL).mimetype == "text/html"  # a path like any other
