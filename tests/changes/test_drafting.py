from __future__ import annotations

import threading

import pytest
from sqlalchemy import func, select

from tests.changes.support import assigned, snapshot
from tests.fakes.people import KIM, LEE
from vas_dash.changes import drafting as drafting_module
from vas_dash.changes.drafting import Drafting
from vas_dash.changes.permissions import Permissions
from vas_dash.domain.changes import (
    Blocked,
    CellChange,
    ChangeSet,
    DesiredChange,
    DesiredChanges,
    Problem,
)
from vas_dash.domain.entities import CellIntent, CellKey
from vas_dash.domain.records import Draft
from vas_dash.errors import JournalError, NotAllowedError
from vas_dash.journal import Journal
from vas_dash.journal import drafts as tables_module
from vas_dash.journal.tables import DRAFT_CELLS

KEYS = [CellKey(camera, model) for camera in ("c1", "c2", "c3") for model in ("m1", "m2")]
BEFORE = assigned(KEYS[0], CellIntent(True, 5, 10, {"threshold": 0.5}))
FLEET = snapshot(("c1", "c2", "c3"), ("m1", "m2"), [BEFORE])
ON = DesiredChange(enabled=True)
OFF = DesiredChange(enabled=False)


def reopened(journal: Journal, draft_id: str = "d", who: str = "kim") -> Draft:
    """The draft as another process finds it."""
    return Drafting(journal).load(draft_id, Permissions.unrestricted(who))


def test_a_draft_that_was_never_made_is_empty(both: Journal) -> None:
    draft = Drafting(both).load("d", KIM)
    assert (draft.revision, draft.change_set) == (0, ChangeSet())


def test_what_is_drafted_is_kept_as_it_was(both: Journal) -> None:
    draft, planned = Drafting(both).add("d", KIM, FLEET, {KEYS[0]: OFF, KEYS[1]: ON})
    assert planned.changes == (
        CellChange(KEYS[0], BEFORE, CellIntent(False, 5, 10, {"threshold": 0.5})),
        CellChange(KEYS[1], None, CellIntent(True)),
    )
    assert draft.change_set == planned
    assert reopened(both) == draft
    assert (draft.revision, draft.source) == (1, "edit")


def test_wishes_add_up_and_what_comes_to_nothing_leaves_the_draft(both: Journal) -> None:
    drafting = Drafting(both)
    drafting.add("d", KIM, FLEET, {KEYS[0]: OFF, KEYS[1]: ON})
    drafting.add("d", KIM, FLEET, dict.fromkeys(KEYS[:2], DesiredChange(desired_fps=7)))
    draft, planned = drafting.add("d", KIM, FLEET, {KEYS[1]: DesiredChange(remove=True)})
    assert planned == ChangeSet()
    desired = CellIntent(False, 7, 10, {"threshold": 0.5})
    assert draft.change_set == ChangeSet((CellChange(KEYS[0], BEFORE, desired),))
    assert reopened(both) == draft
    assert draft.revision == 3


def test_what_cannot_be_is_kept_apart_and_what_was_drafted_stays(both: Journal) -> None:
    drafting = Drafting(both)
    drafting.add("d", KIM, FLEET, {KEYS[1]: ON})
    too_fast = DesiredChange(desired_fps=31)
    draft, planned = drafting.add("d", KIM, FLEET, dict.fromkeys((*KEYS[:2], KEYS[2]), too_fast))
    assert [one.key for one in planned.blocked] == KEYS[:3]
    assert draft.changes == {KEYS[1]: CellChange(KEYS[1], None, CellIntent(True))}
    limit = Problem("desired_fps", "must be a whole number from 1 to 30")
    nothing = Problem("", "the model is not assigned to this camera")
    assert draft.blocked == {
        KEYS[0]: Blocked(KEYS[0], (limit,)),
        KEYS[2]: Blocked(KEYS[2], (nothing,)),
    }
    assert reopened(both) == draft
    draft, _ = drafting.add("d", KIM, FLEET, {KEYS[2]: ON})
    assert set(draft.blocked) == {KEYS[0]}
    assert set(draft.changes) == {KEYS[1], KEYS[2]}
    assert reopened(both) == draft


def test_a_whole_change_set_replaces_the_draft(both: Journal) -> None:
    drafting = Drafting(both)
    drafting.add("d", KIM, FLEET, dict.fromkeys(KEYS[1:], ON))
    undo = ChangeSet(
        (CellChange(KEYS[0], BEFORE, None),), (Blocked(KEYS[1], (Problem("", "no"),)),)
    )
    draft = drafting.put("d", KIM, undo, "undo of 118")
    assert (draft.change_set, draft.source, draft.revision) == (undo, "undo of 118", 2)
    assert reopened(both) == draft


def test_cells_are_thrown_away_one_by_one_or_all_at_once(both: Journal) -> None:
    drafting = Drafting(both)
    drafting.put(
        "d",
        KIM,
        ChangeSet(
            (CellChange(KEYS[0], BEFORE, None), CellChange(KEYS[1], None, CellIntent(True))),
            (Blocked(KEYS[2], (Problem("", "no"),)),),
        ),
        "import",
    )
    draft = drafting.drop("d", KIM, [KEYS[1], KEYS[2], KEYS[5]])
    assert draft.change_set == ChangeSet((CellChange(KEYS[0], BEFORE, None),))
    assert reopened(both) == draft
    empty = drafting.clear("d", KIM)
    assert (empty.change_set, empty.source, empty.revision) == (ChangeSet(), "edit", 3)
    assert reopened(both) == empty


def test_a_draft_is_nobody_elses(both: Journal) -> None:
    drafting = Drafting(both)
    mine, _ = drafting.add("d", KIM, FLEET, {KEYS[0]: OFF})
    assert drafting.load("d", LEE) == Draft("d")
    for change in (
        lambda: drafting.add("d", LEE, FLEET, {KEYS[1]: ON}),
        lambda: drafting.drop("d", LEE, KEYS),
        lambda: drafting.clear("d", LEE),
    ):
        with pytest.raises(JournalError):
            change()
    assert reopened(both) == mine


def test_what_another_process_drafted_is_seen(both: Journal) -> None:
    here, there = Drafting(both), Drafting(both)
    here.add("d", KIM, FLEET, {KEYS[0]: OFF})
    theirs, _ = there.add("d", KIM, FLEET, {KEYS[1]: ON})
    assert here.load("d", KIM) == theirs
    assert set(theirs.changes) == set(KEYS[:2])


def test_two_tabs_at_once_lose_nothing(both: Journal) -> None:
    rounds = 10
    start = threading.Barrier(len(KEYS))
    faults: list[BaseException] = []

    def tab(key: CellKey) -> None:
        drafting = Drafting(both)
        try:
            for turn in range(rounds):
                start.wait(60)
                desired_changes: DesiredChanges = {
                    key: DesiredChange(enabled=True, desired_fps=turn + 1)
                }
                drafting.add("d", KIM, FLEET, desired_changes)
        except BaseException as fault:
            faults.append(fault)
            start.abort()

    Drafting(both).clear("d", KIM)
    tabs = [threading.Thread(target=tab, args=(key,)) for key in KEYS]
    for one in tabs:
        one.start()
    for one in tabs:
        one.join()
    assert faults == []
    draft = reopened(both)
    assert draft.revision == 1 + rounds * len(KEYS)
    assert {key: one.desired and one.desired.desired_fps for key, one in draft.changes.items()} == (
        dict.fromkeys(KEYS, rounds)
    )


def test_a_draft_of_20_000_cells_is_kept_and_changed_cell_by_cell(both: Journal) -> None:
    cameras = [f"c{number}" for number in range(1_000)]
    models = [f"m{number}" for number in range(20)]
    fleet = snapshot(cameras, models)
    keys = [CellKey(camera, model) for camera in cameras for model in models]
    drafting = Drafting(both)
    draft, _ = drafting.add("d", KIM, fleet, dict.fromkeys(keys, ON))
    assert len(draft.changes) == 20_000
    draft, _ = drafting.add("d", KIM, fleet, {keys[7]: DesiredChange(desired_fps=3)})
    draft = drafting.drop("d", KIM, keys[10:15_000])
    assert set(draft.changes) == {*keys[:10], *keys[15_000:]}
    found = reopened(both)
    assert found == draft
    assert found.changes[keys[7]].desired == CellIntent(True, 3)
    drafting.clear("d", KIM)
    with both._store.read() as connection:
        assert connection.execute(select(func.count()).select_from(DRAFT_CELLS)).scalar() == 0


def test_a_journal_that_cannot_be_written_keeps_no_draft(both: Journal) -> None:
    drafting = Drafting(both)
    mine, _ = drafting.add("d", KIM, FLEET, {KEYS[0]: OFF})
    with pytest.raises(JournalError, match="a character that cannot be stored"):
        drafting.put(
            "d",
            KIM,
            ChangeSet((CellChange(CellKey("\ud800", "m"), None, None),)),
            "x",
        )
    assert drafting.load("d", KIM) == mine


@pytest.mark.parametrize(
    ("most", "desired_changes"),
    [
        ("MOST_CHANGES", dict.fromkeys(KEYS, ON)),
        ("MOST_BLOCKED", dict.fromkeys((CellKey("gone", f"m{n}") for n in range(6)), ON)),
    ],
)
def test_a_draft_that_would_grow_too_large_stays_as_it_was(
    both: Journal, monkeypatch: pytest.MonkeyPatch, most: str, desired_changes: DesiredChanges
) -> None:
    monkeypatch.setattr(drafting_module, most, 4)
    drafting = Drafting(both)
    draft, _ = drafting.add("d", KIM, FLEET, {KEYS[0]: OFF})
    with pytest.raises(NotAllowedError, match=r"at most 4 .*; this would be [56]"):
        drafting.add("d", KIM, FLEET, desired_changes)
    assert reopened(both) == drafting.load("d", KIM) == draft


def test_of_too_many_drafts_of_one_person_the_oldest_go(
    both: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables_module, "DRAFTS_A_PERSON", 3)
    drafting = Drafting(both)
    drafting.add("lees", LEE, FLEET, {KEYS[0]: OFF})
    for n in range(5):
        drafting.add(f"d{n}", KIM, FLEET, {KEYS[0]: OFF})
    assert [n for n in range(5) if reopened(both, f"d{n}").revision] == [2, 3, 4]
    assert reopened(both, "lees", "lee").revision == 1
