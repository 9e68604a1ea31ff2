"""The review as data: kinds, words, counts, sums, filters, groups."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.fleets import NOW, fleet, off, on
from vas_dash.changes.labels import Kind, differences, kind_of
from vas_dash.domain.changes import Blocked, CellChange, DesiredChange, Problem, plan
from vas_dash.domain.entities import AiModel, Camera, CellIntent, CellKey
from vas_dash.domain.fleet import FleetSnapshot, Part
from vas_dash.domain.records import Draft
from vas_dash.pages.grid.model import FleetGrid
from vas_dash.pages.review.load import Load
from vas_dash.pages.review.model import PAGE, Review, ReviewQuery, counts_text

CAMERAS = tuple(Camera(f"c{n}", f"Gate {n}", location=f"Hall {n % 2}") for n in (1, 2, 10))
MODELS = (AiModel("people", "People"), AiModel("smoke", "Smoke", enabled=False))
CELLS = {
    CellKey("c1", "people"): on(5, 1, threshold=0.5),
    CellKey("c2", "people"): off(7),
    CellKey("c10", "people"): on(),
    CellKey("c1", "smoke"): on(3),
}
FLEET = fleet(CAMERAS, MODELS, CELLS)


def draft(
    desired_changes: dict[tuple[str, str], DesiredChange], snapshot: FleetSnapshot = FLEET
) -> Draft:
    planned = plan(snapshot, {CellKey(*key): desired for key, desired in desired_changes.items()})
    return Draft(
        "d",
        1,
        "edit",
        {change.key: change for change in planned.changes},
        {one.key: one for one in planned.blocked},
    )


def review(
    desired_changes: dict[tuple[str, str], DesiredChange], now: FleetSnapshot = FLEET
) -> Review:
    return Review(draft(desired_changes), FleetGrid(now))


def only(made: Review) -> CellChange:
    (change,) = made.draft.changes.values()
    return change


# One change.


@pytest.mark.parametrize(
    ("key", "desired", "kind", "said"),
    [
        (("c1", "people"), DesiredChange(enabled=False), "turned off", ["on > off"]),
        (
            ("c1", "people"),
            DesiredChange(enabled=False, desired_fps=None),
            "turned off",
            ["on > off", "fps 5 > default"],
        ),
        (("c2", "people"), DesiredChange(enabled=True, desired_fps=7), "turned on", ["off > on"]),
        (
            ("c1", "people"),
            DesiredChange(priority=9, set_parameters={"threshold": 0.75, "zone": [1, "a"]}),
            "changed",
            [
                "priority 1 > 9",
                "parameter threshold 0.5 > 0.75",
                'parameter zone not set > [1, "a"]',
            ],
        ),
        (("c10", "people"), DesiredChange(parameters={}), "changed", ["parameters default > {}"]),
        (
            ("c2", "smoke"),
            DesiredChange(enabled=True, desired_fps=2, priority=3, parameters={"a": 1}),
            "added",
            ['unassigned > on, 2 fps, priority 3, parameters {"a": 1}'],
        ),
        (("c1", "smoke"), DesiredChange(remove=True), "removed", ["on, 3 fps > unassigned"]),
    ],
)
def test_a_change_is_of_one_kind_and_says_what_differs(
    key: tuple[str, str], desired: DesiredChange, kind: str, said: list[str]
) -> None:
    change = only(review({key: desired}))
    assert kind_of(change).words == kind
    found = [f"{one.name} {one.before} > {one.after}".strip() for one in differences(change)]
    assert found == said


def test_many_and_long_parameters_are_cut() -> None:
    many = {f"p{n:02}": "x" * 500 for n in range(30)}
    found = differences(only(review({("c1", "people"): DesiredChange(set_parameters=many)})))
    assert len(found) == 21
    assert found[-1].name == found[-1].text == "10 more parameters"
    assert found[0].after.endswith("(cut, 502 characters)")


# Marks.


def moved(key: tuple[str, str], intent: CellIntent | None) -> FleetSnapshot:
    """The fleet after somebody else changed a cell."""
    cell = CellKey(*key)
    row = FLEET.cell(*cell).assignment
    if row is None or intent is None:
        return FLEET.with_cell(cell, None)
    later = NOW + timedelta(minutes=1)
    changed = replace(
        row,
        enabled=intent.enabled,
        desired_fps=intent.desired_fps,
        priority=intent.priority,
        parameters=intent.parameters,
        updated_at=later,
    )
    return FLEET.with_cell(cell, changed)


WISHES = {("c1", "people"): DesiredChange(desired_fps=9)}


@pytest.mark.parametrize(
    ("now", "mark", "conflicts"),
    [
        (FLEET, "", 0),
        (
            moved(("c1", "people"), off(5)),
            "changed elsewhere since it was drafted: now off, 5 fps",
            1,
        ),
        (
            moved(("c1", "people"), None),
            "changed elsewhere since it was drafted: now unassigned",
            1,
        ),
        (
            moved(("c1", "people"), on(9, 1, threshold=0.5)),
            "changed elsewhere since it was drafted, and already as desired",
            0,
        ),
        (
            FLEET.with_unknown({CellKey("c1", "people"): "not confirmed"}),
            "unknown just now: not confirmed",
            0,
        ),
    ],
)
def test_a_cell_that_is_no_longer_what_it_was_says_so(
    now: FleetSnapshot, mark: str, conflicts: int
) -> None:
    made = review(WISHES, now)
    page = made.page(ReviewQuery())
    assert [row.mark for group in page.groups for row in group.rows] == [mark]
    assert page.elsewhere == conflicts
    found = made.select(ReviewQuery(kind="elsewhere"))
    assert len(found) == conflicts


# The asked-for load.


def test_the_load_is_summed_over_the_fleet_and_cells_without_fps_apart() -> None:
    made = review(
        {
            ("c1", "people"): DesiredChange(enabled=False),
            ("c2", "people"): DesiredChange(enabled=True),
            ("c10", "people"): DesiredChange(desired_fps=4),
            ("c1", "smoke"): DesiredChange(priority=3),
        }
    )
    assert made.loads == (Load("people", "People", 5, 11, 1, 0), made.loads[1])
    assert [load.text for load in made.loads] == [
        "5 \N{RIGHTWARDS ARROW} 11 fps asked for; 1 cell without fps \N{RIGHTWARDS ARROW} 0",
        "3 fps asked for, as before",
    ]
    assert made.loads_note == ""


def test_a_conflict_does_not_change_the_load() -> None:
    now = moved(("c1", "people"), on(20))
    (load,) = review({("c1", "people"): DesiredChange(enabled=False)}, now).loads
    assert (load.fps_before, load.fps_after) == (20, 20)


def test_sums_of_a_part_say_so() -> None:
    part = Part.incomplete(FLEET.assignments.items, "the VAS cut the connection")
    now = replace(FLEET, assignments=part)
    assert review(WISHES, now).loads_note == (
        "The sums are of the known part: some assignments are unknown: the VAS cut the connection."
    )
    doubted = FLEET.with_unknown({CellKey("c1", "people"): "not confirmed"})
    made = review(WISHES, doubted)
    assert made.loads_note == "The sums are of the known part: some of these cells are unknown."
    assert (made.loads[0].fps_before, made.loads[0].fps_after) == (0, 0)


INTENTS = st.none() | st.builds(
    CellIntent, st.booleans(), st.none() | st.integers(1, 30), st.none() | st.integers(0, 2)
)
KEYS = [CellKey(camera.id, model.model_id) for camera in CAMERAS for model in MODELS]
SITES = st.fixed_dictionaries(dict.fromkeys(KEYS, INTENTS))


def _naive(cells: dict[CellKey, CellIntent | None], model_id: str) -> tuple[int, int]:
    running = [
        intent
        for key, intent in cells.items()
        if key.model_id == model_id and intent is not None and intent.enabled
    ]
    return (
        sum(intent.desired_fps or 0 for intent in running),
        sum(intent.desired_fps is None for intent in running),
    )


@given(SITES, SITES)
def test_counts_and_sums_are_what_counting_by_hand_gives(
    before: dict[CellKey, CellIntent | None], after: dict[CellKey, CellIntent | None]
) -> None:
    snapshot = fleet(CAMERAS, MODELS, {k: v for k, v in before.items() if v is not None})
    planned = plan(snapshot, {key: DesiredChange.exactly(intent) for key, intent in after.items()})
    changes = {change.key: change for change in planned.changes}
    made = Review(Draft("d", 1, "edit", changes), FleetGrid(snapshot))
    differing = [key for key in KEYS if before[key] != after[key]]
    assert sum(made.kinds.values()) == len(differing) == made.page(ReviewQuery()).total
    assert made.kinds == Counter(_kind_by_hand(before[key], after[key]) for key in differing)
    for load in made.loads:
        assert (load.fps_before, load.without_before) == _naive(before, load.model_id)
        assert (load.fps_after, load.without_after) == _naive(after, load.model_id)
    assert {load.model_id for load in made.loads} == {key.model_id for key in differing}


def _kind_by_hand(before: CellIntent | None, after: CellIntent | None) -> Kind:
    if before is None:
        return Kind.ADDED
    if after is None:
        return Kind.REMOVED
    if (before.enabled, after.enabled) == (False, True):
        return Kind.TURNED_ON
    return Kind.TURNED_OFF if before.enabled and not after.enabled else Kind.CHANGED


# Filters and groups.

SEVERAL = {
    ("c1", "people"): DesiredChange(enabled=False),
    ("c2", "people"): DesiredChange(enabled=True),
    ("c10", "people"): DesiredChange(desired_fps=4),
    ("c1", "smoke"): DesiredChange(remove=True),
    ("c10", "smoke"): DesiredChange(desired_fps=4),
}


@pytest.mark.parametrize(
    ("query", "keys"),
    [
        (ReviewQuery(), ["c1/people", "c1/smoke", "c2/people", "c10/people"]),
        (ReviewQuery(text="gate 10"), ["c10/people"]),
        (ReviewQuery(text="SMOKE"), ["c1/smoke"]),
        (ReviewQuery(text="hall 0 people"), ["c2/people", "c10/people"]),
        (ReviewQuery(kind=Kind.REMOVED), ["c1/smoke"]),
        (ReviewQuery(model_id="people", kind=Kind.TURNED_ON), ["c2/people"]),
        (ReviewQuery(text="nowhere"), []),
    ],
)
def test_the_review_is_found_through(query: ReviewQuery, keys: list[str]) -> None:
    assert ["/".join(key) for key in review(SEVERAL).keys(query)] == keys


def test_groups_are_by_model_or_by_camera_with_their_counts() -> None:
    made = review(SEVERAL)
    by_model = made.page(ReviewQuery(by="model"), {"people": 2})
    assert [(one.title, one.count, one.kinds, len(one.rows)) for one in by_model.groups] == [
        ("People", 3, "3: 1 turned on, 1 turned off, 1 changed", 2),
        ("Smoke (not for new assignments)", 1, "1 removed", 0),
    ]
    by_camera = made.page(ReviewQuery(by="camera"), {"c1": 100})
    assert [(one.title, one.place, one.count) for one in by_camera.groups] == [
        ("Gate 1", "Hall 1", 2),
        ("Gate 2", "Hall 0", 1),
        ("Gate 10", "Hall 0", 1),
    ]
    assert [row.title for row in by_camera.groups[0].rows] == [
        "People",
        "Smoke (not for new assignments)",
    ]
    assert made.keys(ReviewQuery(by="camera"), "c1") == [
        CellKey("c1", "people"),
        CellKey("c1", "smoke"),
    ]


def test_few_cells_are_shown_at_once_and_many_are_folded() -> None:
    made = review(SEVERAL)
    assert all(group.is_open for group in made.page(ReviewQuery()).groups)
    cameras = [Camera(f"x{n}", f"X {n}") for n in range(250)]
    big = fleet(cameras, MODELS, {CellKey(one.id, "people"): on(1) for one in cameras})
    desired_changes = {(one.id, "people"): DesiredChange(enabled=False) for one in cameras}
    many = Review(draft(desired_changes, big), FleetGrid(big))
    folded = many.page(ReviewQuery())
    assert [(group.is_open, group.count) for group in folded.groups] == [(False, 250)]
    opened = many.page(ReviewQuery(), {"people": PAGE})
    assert [row.title for row in opened.groups[0].rows][:3] == ["X 0", "X 1", "X 2"]
    assert len(opened.groups[0].rows) == PAGE
    by_camera = many.page(ReviewQuery(by="camera"))
    assert (len(by_camera.groups), by_camera.groups_total) == (PAGE, 250)
    assert folded.summary == "250 changes: 250 turned off."


def test_what_cannot_be_applied_stands_apart_with_its_reason() -> None:
    made = review(SEVERAL)
    page = made.page(ReviewQuery(text="gate 10"))
    assert (page.total, page.blocked_total, page.blocked_found) == (4, 1, 1)
    assert page.blocked[0].title == "Smoke (not for new assignments) on Gate 10"
    assert page.blocked[0].problems == ("the model is not assigned to this camera",)
    assert made.page(ReviewQuery(model_id="people")).blocked_found == 0
    problem = Problem("desired_fps", "must be a whole number from 1 to 30, not 99")
    key = CellKey("gone", "people")
    blocked = Review(Draft("d", 1, "edit", {}, {key: Blocked(key, (problem,))}), FleetGrid(FLEET))
    (row,) = blocked.page(ReviewQuery()).blocked
    assert row.problems == ("desired_fps: must be a whole number from 1 to 30, not 99",)
    assert row.place == "not among the cameras that are known"


def test_counts_are_in_words() -> None:
    assert counts_text({Kind.TURNED_OFF: 1_240, Kind.ADDED: 1}) == (
        "1,241 changes: 1,240 turned off, 1 added"
    )
    assert counts_text({Kind.CHANGED: 1}) == "1 change: 1 changed"
    assert counts_text({}) == "no changes"


def test_where_a_draft_comes_from_is_said() -> None:
    undo = Review(replace(draft(WISHES), source="undo of 118"), FleetGrid(FLEET))
    assert undo.page(ReviewQuery()).source == "Undo of 118."
    assert review(WISHES).page(ReviewQuery()).source == ""
