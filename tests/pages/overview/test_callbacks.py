"""The overview over real requests: sent when it differs, and never back in time."""

from __future__ import annotations

from typing import Any

from tests.fakes.page import Page
from vas_dash.pages.grid.rendering import CLOCKS_APART_MS


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
