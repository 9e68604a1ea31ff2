"""The overview over real requests: sent when it differs, and never back in time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.faulty_vas import FaultyVas, camera, model
from tests.fakes.page import Page
from tests.fakes.pages import complete, until
from vas_dash import Settings, create_server
from vas_dash.pages.grid.rendering import CLOCKS_APART_MS, MANY_CAMERAS
from vas_dash.pages.overview.model import FIRST_ROWS


def ask(page: Page, search: str = "", *, polled: bool = False) -> dict[str, Any]:
    """Ask for the overview; the components that the answer changed."""
    page.set("overview-ask.data", {"search": search, "polled": polled, "n": 1})
    return page.sent


def poll(page: Page) -> int:
    """What the clock of a page that shows its overview is told."""
    shown = {name: page["overview-shown.data"][name] for name in ("digest", "taken_ms", "taken_by")}
    body = {"view": "overview", "search": "", "draft": page["draft.data"], **shown}
    return page.client.post("/ai-models/poll", json=body).status_code


def test_it_is_sent_once_and_again_when_the_query_changes_it(still: Page) -> None:
    assert set(ask(still)) == {"overview", "overview-shown"}
    assert [row["location"] for row in still["overview.data"]] == [
        "All locations",
        "Hall 1",
        "Hall 2",
    ]
    assert ask(still) == {}
    assert poll(still) == 204
    ask(still, "?q=gate+10")
    assert [row["location"] for row in still["overview.data"]] == ["All locations", "Hall 2"]
    assert poll(still) == 200


def test_a_draft_changes_it(still: Page) -> None:
    ask(still)
    still.draft(("cam-1", "ppe", False))
    assert poll(still) == 200
    ask(still, polled=True)
    drafted = [row for row in still["overview.data"] if any(name[0] == "d" for name in row)]
    assert [row["location"] for row in drafted] == ["All locations", "Hall 1"]


def test_a_worker_with_an_older_snapshot_does_not_take_it_back(still: Page) -> None:
    ask(still)
    still["overview-shown.data"].update(digest="other", taken_by="another worker")
    still["overview-shown.data"]["taken_ms"] += 5_000
    assert poll(still) == 204
    assert ask(still, polled=True) == {}
    # What the operator asks for is answered by every worker, and so is a page whose clock is off.
    assert ask(still) != {}
    still["overview-shown.data"].update(digest="other", taken_by="another host")
    still["overview-shown.data"]["taken_ms"] += CLOCKS_APART_MS
    assert poll(still) == 200
    assert ask(still, polled=True) != {}


def test_it_says_how_many_cells_are_selected_where(still: Page) -> None:
    still.props["selection.data"] = [
        {"models": ["ppe"], "cameras": ["cam-1", "cam-10", "gone"]},
        {"models": ["ppe", "fire"], "cameras": ["cam-2"]},
    ]
    still.set("overview-count.data", 1)
    counts = still["overview-selected.data"]
    assert counts["all"] == {"ppe": 3, "fire": 1}
    assert sum(numbers.get("ppe", 0) for row, numbers in counts.items() if row != "all") == 3
    still.props["url.search"] = "?q=gate+10"
    still.set("overview-count.data", 2)
    assert still["overview-selected.data"]["all"] == {"ppe": 1}


@pytest.fixture
def large(tmp_path: Path) -> Iterator[Page]:
    """A page on a large fleet, each camera of which is in a location of its own."""
    cameras = [camera(n, id=f"cam-{n}", location=f"Hall {n}") for n in range(MANY_CAMERAS)]
    db_url = f"sqlite:///{tmp_path / 'journal.db'}"
    with FaultyVas(cameras, [model("ppe")], []) as vas:
        page = Page(
            create_server(Settings(api_url=vas.url, refresh_s=3600, db_url=db_url)).test_client()
        )
        until(page, lambda: complete(page))
        yield page


def test_a_screen_full_of_it_is_sent_before_the_rest(large: Page) -> None:
    ask(large)
    first = large["overview.data"]
    assert len(first) == FIRST_ROWS
    assert poll(large) == 200
    assert set(ask(large)) == {"overview", "overview-shown"}
    assert "columns" not in large.sent["overview"]
    assert len(large["overview.data"]) == MANY_CAMERAS + 1
    assert large["overview.data"][:FIRST_ROWS] == first
    assert poll(large) == 204


@pytest.mark.parametrize(
    ("path", "search"), [("/ai-models/overview", "?q=hall"), ("/ai-models/", None)]
)
def test_a_page_that_begins_with_it_is_given_the_rows_of_the_grid_later(
    large: Page, path: str, search: str | None
) -> None:
    page = Page(large.client)
    page.props |= {"url.pathname": path, "url.search": search}
    page.fire("url.search")
    assert set(page.sent) == {"rendered"}
    assert page.line("counts").startswith("200 of 200 cameras")
    assert page.poll() == 200
    page.refresh()
    assert page.poll() == 204
    assert len(page["grid.data"]) == 50


@pytest.mark.parametrize(
    ("path", "search"), [("/ai-models/grid", None), ("/ai-models/", "?q=hall")]
)
def test_a_page_that_begins_with_the_grid_has_its_rows_at_once(
    large: Page, path: str, search: str | None
) -> None:
    page = Page(large.client)
    page.props |= {"url.pathname": path, "url.search": search}
    page.fire("url.search")
    assert len(page["grid.data"]) == 50
