"""Drafts for browser tests: made as the page makes them, and told to a tab."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from playwright.sync_api import expect

from tests.browser.page import GridPage
from tests.browser.site import camera_id
from tests.fakes.clients import client_of
from tests.fakes.faulty_vas import FaultyVas
from vas_dash.domain.changes import Wish
from vas_dash.domain.entities import CellKey
from vas_dash.journal import Journal
from vas_dash.services.apply import Operations
from vas_dash.services.drafting import Drafting

WHO = "operator"
DRAFT_ID = "draft-of-a-test"


def gates(model_id: str, numbers: Iterable[int]) -> list[CellKey]:
    """Cells of one model by the numbers of their gates."""
    return [CellKey(camera_id(number), model_id) for number in numbers]


@contextmanager
def drafting_of(db_url: str) -> Iterator[Drafting]:
    """The drafts of a journal."""
    journal = Journal(db_url)
    yield Drafting(journal)
    journal.close()


def add_to_draft(db_url: str, vas: FaultyVas, wishes: dict[CellKey, Wish]) -> dict[str, object]:
    """Draft it; what the browser keeps of the draft."""
    journal = Journal(db_url)
    fleet = Operations(client_of(vas), journal).read_fleet()
    draft, _ = Drafting(journal).add(DRAFT_ID, WHO, fleet, wishes)
    journal.close()
    return {
        "id": draft.id,
        "revision": draft.revision,
        "count": len(draft.changes),
        "blocked": len(draft.blocked),
    }


def tell(grid: GridPage, data: dict[str, object]) -> None:
    """Let a tab know of its draft."""
    grid.tab.evaluate("(data) => vas.set('draft', {data: data})", data)
    expect(link(grid)).not_to_have_text("Review")


def link(grid: GridPage):  # type: ignore[no-untyped-def]
    """The way to the review."""
    return grid.tab.locator("#nav-review")
