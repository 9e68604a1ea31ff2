"""The review's callbacks, over real requests to the page and from there to a VAS."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from tests.fakes.faulty_vas import FaultyVas
from tests.fakes.page import Page, text, walk
from tests.fakes.pages import API_KEY, DEADLINE_S, OpenPage, calm, complete, until
from tests.fakes.people import LEE, OPERATOR
from vas_dash import Settings
from vas_dash.backend.client import VasClient
from vas_dash.backend.transport import Transport
from vas_dash.changes.drafting import Drafting
from vas_dash.domain.changes import ChangeSet, DesiredChange
from vas_dash.domain.entities import CellKey
from vas_dash.domain.fleet import FleetSnapshot
from vas_dash.domain.records import CellResult, ChangeSetRecord, State
from vas_dash.errors import JobError
from vas_dash.fleet.reader import FleetReader
from vas_dash.jobs.service import Jobs
from vas_dash.journal import Journal
from vas_dash.pages import ids

DRAFT_ID = "a-draft"
WISHES = {
    ("cam-1", "ppe"): DesiredChange(enabled=False),
    ("cam-2", "ppe"): DesiredChange(enabled=True, desired_fps=7),
    ("cam-10", "fire"): DesiredChange(enabled=True),
}
_turn = itertools.count(1)


@pytest.fixture
def db_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'journal.db'}"


@pytest.fixture
def patient(patient: Settings, db_url: str) -> Settings:
    return patient.model_copy(update={"db_url": db_url})


@pytest.fixture
def journal(db_url: str) -> Iterator[Journal]:
    """The page's journal, as another process sees it."""
    journal = Journal(db_url)
    yield journal
    journal.close()


def read_fleet(vas: FaultyVas) -> FleetSnapshot:
    key = SecretStr(API_KEY)
    client = VasClient(Transport(vas.url, api_key=key, connect_timeout_s=60, read_timeout_s=60))
    fleet = FleetReader(client).read_fleet()
    client.close()
    return fleet


class Review:
    """The review on a page."""

    def __init__(self, page: Page, journal: Journal, vas: FaultyVas) -> None:
        self.page = page
        self.drafting = Drafting(journal)
        self.journal = journal
        self.vas = vas

    def draft(self, desired_changes: dict[tuple[str, str], DesiredChange]) -> None:
        """Draft it, and tell the page."""
        fleet = read_fleet(self.vas)
        keyed = {CellKey(*key): desired for key, desired in desired_changes.items()}
        draft, _ = self.drafting.add(DRAFT_ID, OPERATOR, fleet, keyed)
        self.page.props["draft.data"] = {
            "id": DRAFT_ID,
            "revision": draft.revision,
            "count": len(draft.changes),
            "blocked": len(draft.blocked),
        }

    def look(self, **ask: Any) -> str:
        """Look at the review; all of its text."""
        self.page.set("review-ask.data", {**ask, "n": next(_turn)})
        return text([self.page["review-head.children"], self.page["review-list.children"]])

    def drop(self, action: str, ask: dict[str, Any] | None = None, **what: Any) -> str:
        """Throw away; what the page says of it."""
        revision = what.pop("revision", self.page["review-shown.data"]["revision"])
        act = {"action": action, **what, "revision": revision, "ask": ask or {}, "n": next(_turn)}
        self.page.set("review-act.data", act)
        return text(self.page["review-message.children"])

    def apply(self, reason: str | None = None) -> str:
        """Press the button; what the page says, or the address to which it goes."""
        self.page.props["review-reason.value"] = reason
        self.page.props["url.pathname"] = "/ai-models/review"
        self.page.set("review-apply.n_clicks", 1)
        if self.page["url.pathname"] != "/ai-models/review":
            return str(self.page["url.pathname"])
        return text(self.page["review-message.children"])

    def applied(self, number: int) -> ChangeSetRecord:
        """Wait until it is."""
        end = time.monotonic() + DEADLINE_S
        while True:
            record = self.journal.change_set(number)
            if record is not None and record.state in (State.FINISHED, State.STOPPED):
                return record
            assert time.monotonic() < end, record
            time.sleep(0.01)

    def draft_now(self) -> ChangeSet:
        return self.drafting.load(DRAFT_ID, OPERATOR).change_set


OpenReview = Callable[..., Review]


@pytest.fixture
def open_review(
    patient: Settings, open_page: OpenPage, journal: Journal, vas: FaultyVas
) -> OpenReview:
    def made(**settings: Any) -> Review:
        page = open_page(patient.model_copy(update=settings))
        until(page, lambda: complete(page))
        return Review(page, journal, vas)

    return made


@pytest.fixture
def review(open_review: OpenReview) -> Review:
    made = open_review()
    made.draft(WISHES)
    made.look()
    return made


def test_it_shows_before_and_after_counts_and_the_load(review: Review) -> None:
    shown = review.look()
    assert "3 changes: 1 turned on, 1 turned off, 1 added." in shown
    arrow = "\N{RIGHTWARDS ARROW}"
    assert f"Protective gear : 5 {arrow} 7 fps asked for" in shown
    assert f"Fire : 0 fps asked for, as before; 0 cells without fps {arrow} 1" in shown
    assert f"off {arrow}" in " ".join(shown.split())
    assert review.page["review-apply.children"] == "Apply 3 changes"
    assert (review.page["review-body.hidden"], review.page["review-empty.hidden"]) == (False, True)


def test_without_a_draft_it_says_how_to_begin(open_review: OpenReview) -> None:
    empty = open_review()
    assert empty.look() == ""
    assert (empty.page["review-body.hidden"], empty.page["review-empty.hidden"]) == (True, False)


def test_nothing_is_sent_when_nothing_changed(review: Review) -> None:
    review.look()
    still = review.page
    still.props["review-ask.data"] = {"n": 0}
    still.fire("review-ask.data")
    assert still.last is not None
    assert still.last.status_code == 204


def test_a_cell_that_moved_since_is_marked(review: Review) -> None:
    review.vas.edit("cam-1", "ppe", desired_fps=20)

    def marked() -> bool:
        return "changed elsewhere since it was drafted: now on, 20 fps" in review.look()

    until(review.page, marked)
    assert "1 cell was changed elsewhere since; it will be a conflict" in review.look()
    assert "None of" not in review.look(kind="elsewhere")
    assert review.drop("found", {"kind": "elsewhere"}) == "1 cell dropped."
    assert CellKey("cam-1", "ppe") not in {one.key for one in review.draft_now().changes}


def test_cells_groups_and_finds_are_dropped(review: Review) -> None:
    assert review.drop("cell", camera="cam-10", model="fire") == "1 cell dropped."
    assert review.page["draft.data"]["count"] == 2
    review.look()
    review.draft(
        {
            ("cam-1", "fire"): DesiredChange(enabled=True),
            ("cam-2", "fire"): DesiredChange(enabled=True),
        }
    )
    review.look(by="camera")
    assert review.drop("group", {"by": "camera"}, group="cam-2") == "2 cells dropped."
    review.look()
    assert review.drop("found", {"text": "gate 1 fire"}) == "1 cell dropped."
    review.look()
    assert [one.key for one in review.draft_now().changes] == [CellKey("cam-1", "ppe")]
    assert review.drop("all") == "The draft was discarded."
    assert review.draft_now() == ChangeSet()
    review.look()
    assert review.page["review-empty.hidden"] is False


def test_what_was_not_looked_at_is_not_dropped_unseen(review: Review) -> None:
    seen = review.page["review-shown.data"]["revision"]
    review.draft({("cam-1", "fire"): DesiredChange(enabled=True)})
    message = review.drop("found", revision=seen)
    assert message == "The draft changed meanwhile: review it again."
    assert len(review.draft_now().changes) == 4


def test_blocked_cells_stand_apart_and_block_only_themselves(review: Review) -> None:
    review.draft(
        {
            ("cam-1", "old"): DesiredChange(enabled=True),
            ("cam-10", "ppe"): DesiredChange(enabled=True, set_parameters={"threshold": 7}),
        }
    )
    shown = review.look()
    assert "2 cells cannot be applied" in shown
    assert "Protective gear on Gate 10" in shown
    assert "parameters.threshold: " in shown
    note = review.page["review-note.children"]
    assert note == "2 cannot be applied; they stand in the history as refused."
    assert review.drop("cell", camera="cam-1", model="old") == "1 cell dropped."
    review.look()
    assert review.apply("tidy") == "/ai-models/history/1"
    record = review.applied(1)
    assert record.tally == {CellResult.APPLIED: 3, CellResult.REFUSED: 1}
    assert review.draft_now() == ChangeSet()


def test_what_cannot_be_applied_at_all_cannot_be_submitted(open_review: OpenReview) -> None:
    review = open_review()
    review.draft({("cam-1", "old"): DesiredChange(enabled=True)})
    review.look()
    assert review.page["review-apply.hidden"] is True
    assert review.page["review-note.children"] == "Nothing here can be applied."
    assert review.apply() == "Nothing here can be applied."
    assert review.journal.change_set(1) is None
    review.look()
    assert review.drop("blocked") == "1 cell dropped."


def test_applying_submits_clears_starts_and_goes_to_the_history(
    review: Review, vas: FaultyVas
) -> None:
    assert review.apply("  lens broken ") == "/ai-models/history/1"
    record = review.applied(1)
    assert (record.who, record.why, record.source) == ("operator", "lens broken", "edit")
    assert record.tally == {CellResult.APPLIED: 3}
    stored = vas.cell("cam-2", "ppe")
    assert stored is not None
    assert (stored["enabled"], stored["desired_fps"]) == (True, 7)
    assert review.draft_now() == ChangeSet()
    assert review.page["draft.data"]["count"] == 0
    assert review.page["review-reason.value"] == ""


def test_a_stale_draft_is_not_submitted(review: Review) -> None:
    review.draft({("cam-1", "fire"): DesiredChange(enabled=True)})
    assert review.apply() == "The draft changed meanwhile: review it again."
    assert review.journal.change_set(1) is None
    review.look()
    assert review.apply() == "/ai-models/history/1"


def test_of_two_clicks_at_once_one_is_submitted(review: Review) -> None:
    page = review.page
    callback = page.callback("review-apply.n_clicks")
    pages = [Page(page.client, page.prefix) for _ in range(4)]
    for one in pages:
        one.props = dict(page.props)

    def click(one: Page) -> None:
        one.set("review-apply.n_clicks", 1)

    assert callback is not None
    with ThreadPoolExecutor(len(pages)) as pool:
        list(pool.map(click, pages))
    goes = [one for one in pages if one["url.pathname"] == "/ai-models/history/1"]
    assert len(goes) == 1
    assert review.journal.change_set(1) is not None
    assert review.journal.change_set(2) is None
    review.applied(1)


@pytest.mark.parametrize("reason", [None, "", "  ", "\x00"])
def test_a_reason_that_is_required_is_asked_for_at_its_field(
    open_review: OpenReview, reason: str | None
) -> None:
    review = open_review(reason="required")
    review.draft(WISHES)
    review.look()
    review.apply(reason)
    assert review.page["review-reason.invalid"] is True
    assert review.page["review-reason-error.children"] == "A reason is needed."
    assert review.journal.change_set(1) is None
    review.look()
    assert review.apply("lens broken") == "/ai-models/history/1"
    review.applied(1)


def test_a_reason_that_is_not_asked_for_has_no_field(open_review: OpenReview) -> None:
    review = open_review(reason="off")
    layout = review.page.client.get("/ai-models/_dash-layout").get_json()
    (parts,) = (one for one in walk(layout) if one["props"].get("id") == ids.VIEW_PARTS)
    view = parts["props"]["data"][ids.VIEW_REVIEW]
    (field,) = (one for one in walk(view) if one["props"].get("className") == "vd-review-reason")
    assert field["props"]["hidden"] is True
    review.draft(WISHES)
    review.look()
    review.apply("typed somehow")
    assert review.applied(1).why is None


def test_without_a_journal_nothing_is_sent_and_the_draft_stays(
    review: Review, vas: FaultyVas, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    from vas_dash.errors import JournalError

    def broken(*_: object, **__: object) -> int:
        raise JournalError("the journal cannot be written: the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(Journal, "record", broken)
        message = review.apply("why not")
    assert message == (
        "Nothing was sent: the journal cannot be written: the disk is full. The draft stays."
    )
    assert len(review.draft_now().changes) == 3
    assert sum(vas.count(method, "writes") for method in ("POST", "PATCH", "DELETE")) == 0
    # What was typed stays too, and the next try works.
    assert review.page["review-reason.value"] == "why not"
    review.look()
    assert review.apply("why not") == "/ai-models/history/1"
    review.applied(1)
    calm(caplog)


def test_a_change_set_that_is_not_begun_is_told_with_its_place(
    review: Review, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(_jobs: Jobs, _number: int, _by: object) -> None:
        raise JobError("the queue does not answer")

    monkeypatch.setattr(Jobs, "start", busy)
    message = review.apply("why")
    assert " ".join(message.split()) == (
        "Change set 1 stands in the history, but was not begun: the queue does not answer. Open it"
    )
    links = [one for one in walk(review.page["review-message.children"]) if one["type"] == "Link"]
    assert [one["props"]["href"] for one in links] == ["/ai-models/history/1"]
    record = review.journal.change_set(1)
    assert record is not None
    assert record.state is State.READY
    assert review.draft_now() == ChangeSet()


def test_a_draft_that_cannot_be_read_is_said_once_and_comes_back(
    review: Review, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vas_dash.errors import JournalError
    from vas_dash.journal.drafts import DraftTables

    def broken(*_: object) -> int:
        raise JournalError("the journal cannot be read")

    before = review.look()
    with monkeypatch.context() as patch:
        patch.setattr(DraftTables, "revision", broken)
        assert review.look() == before
        said = text(review.page["review-message.children"])
        assert said == "The draft cannot be read: the journal cannot be read."
        review.look()
        assert review.page.last is not None
        assert review.page.last.status_code == 204
    review.look()
    assert review.page["review-message.children"] == ""


def test_another_tab_s_changes_reach_this_one(review: Review) -> None:
    data = dict(review.page["draft.data"])
    review.draft({("cam-1", "fire"): DesiredChange(enabled=True)})
    review.page.props["draft.data"] = data
    assert "4 changes" in review.look()
    assert review.page["draft.data"]["count"] == 4


def test_somebody_else_s_draft_is_not_shown(open_review: OpenReview) -> None:
    review = open_review()
    fleet = read_fleet(review.vas)
    desired_changes = {CellKey("cam-1", "ppe"): DesiredChange(enabled=False)}
    review.drafting.add(DRAFT_ID, LEE, fleet, desired_changes)
    review.page.props["draft.data"] = {"id": DRAFT_ID, "revision": 1, "count": 1, "blocked": 0}
    assert review.look() == ""


NONSENSE: list[Any] = [None, 7, "x", [], {"n": "x"}, {"by": "age"}, {"opened": {"": 1}}]


@pytest.mark.parametrize("prop", ["review-ask.data", "review-act.data", "review-apply.n_clicks"])
def test_nonsense_changes_nothing_and_breaks_nothing(
    review: Review, prop: str, caplog: Any
) -> None:
    draft = review.page["draft.data"]
    for value in NONSENSE:
        for other in (draft, {"id": "../../etc"}, {"id": 5, "revision": -1}, "x", None):
            review.page.props["draft.data"] = other
            review.page.props["review-shown.data"] = other if prop.endswith("clicks") else {}
            review.page.props["review-reason.value"] = {"x": 1}
            review.page.set(prop, value)
            assert review.page.last is not None
            assert review.page.last.status_code in (200, 204)
    assert len(review.draft_now().changes) == 3
    assert review.journal.change_set(1) is None
    calm(caplog)
