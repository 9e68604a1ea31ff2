"""Drafts for browser tests: made as the page makes them, and told to a tab."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from playwright.sync_api import Locator, expect

from tests.browser.page import GridPage
from tests.browser.site import camera_id
from tests.fakes.clients import client_of
from tests.fakes.faulty_vas import FaultyVas
from vas_dash.changes.drafting import Drafting
from vas_dash.changes.permissions import Permissions
from vas_dash.domain.changes import DesiredChange
from vas_dash.domain.entities import CellKey
from vas_dash.fleet.reader import FleetReader
from vas_dash.journal import Journal

WHO = "operator"
DRAFT_ID = "draft-of-a-test"


def cells(model_id: str, *numbers: int) -> list[CellKey]:
    """Cells of one model, by the numbers of their gates."""
    return [CellKey(camera_id(number), model_id) for number in numbers]


def desired_changes(
    *parts: tuple[Iterable[CellKey], DesiredChange],
) -> dict[CellKey, DesiredChange]:
    """One wish for each of several cells."""
    return {key: desired for keys, desired in parts for key in keys}


def draft(
    grid: GridPage, db_url: str, vas: FaultyVas, wanted: Mapping[CellKey, DesiredChange]
) -> None:
    """Draft it, and let the tab know, as a gesture in the grid does."""
    client = client_of(vas)
    journal = Journal(db_url)
    fleet = FleetReader(client).read_fleet()
    made, _ = Drafting(journal).add(DRAFT_ID, Permissions.unrestricted(WHO), fleet, wanted)
    journal.close()
    client.close()
    data = {
        "id": made.id,
        "revision": made.revision,
        "count": len(made.changes),
        "blocked": len(made.blocked),
    }
    grid.tab.evaluate("(data) => vas.set('draft', {data: data})", data)
    expect(way(grid)).to_have_text(f"Review ({len(made.changes)})")


def way(grid: GridPage) -> Locator:
    """The link to the review."""
    return grid.tab.get_by_role("navigation", name="Views").locator("#nav-review")
