"""The overview as data."""

from __future__ import annotations

from dataclasses import replace

from tests.fakes.fleets import NOW, fleet, off, on
from vas_dash.domain.changes import CellChange
from vas_dash.domain.entities import AiModel, Camera, CellKey
from vas_dash.domain.fleet import FleetSnapshot, Part
from vas_dash.domain.records import Draft
from vas_dash.fleet.query import GridQuery
from vas_dash.pages.grid.model import FleetGrid
from vas_dash.pages.overview.model import Overview, overview

CAMERAS = [
    Camera("g1", "Gate 1", None, "Gate"),
    Camera("g2", "Gate 2", None, "Gate"),
    Camera("h1", "Hall 1", None, "Hall 10"),
    Camera("h2", "Hall 2", None, "Hall 2"),
    Camera("x", "Lost"),
]
MODELS = [AiModel("ppe", "PPE"), AiModel("fire", "Fire")]
INTENTS = {
    CellKey("g1", "ppe"): on(5),
    CellKey("g2", "ppe"): off(),
    CellKey("h1", "ppe"): on(),
    CellKey("h1", "fire"): on(),
}


def snapshot() -> FleetSnapshot:
    return fleet(CAMERAS, MODELS, INTENTS)


def texts(made: Overview, number: int) -> dict[str, str]:
    """What the rows say in the column of a model."""
    return {row.name: row.cells[number].text for row in made.rows}


def test_each_location_has_its_counts_and_the_whole_fleet_stands_first() -> None:
    made = overview(FleetGrid(snapshot()), GridQuery(), None)
    assert [column.name for column in made.columns] == ["Location", "Cameras", "Fire", "PPE"]
    assert texts(made, 1) == {
        "All locations": "2 of 5 on, 1 off",
        "(no location)": "0 of 1 on",
        "Gate": "1 of 2 on, 1 off",
        "Hall 2": "0 of 1 on",
        "Hall 10": "1 of 1 on",
    }
    assert [row.name for row in made.rows][2:] == ["Gate", "Hall 2", "Hall 10"]
    assert [row.cameras for row in made.rows] == [5, 1, 2, 1, 1]


def test_a_filter_and_chosen_models_hold_here_too() -> None:
    made = overview(FleetGrid(snapshot()), GridQuery(text="hall", models=("fire",)), None)
    assert texts(made, 0) == {
        "All locations": "1 of 2 on",
        "Hall 2": "0 of 1 on",
        "Hall 10": "1 of 1 on",
    }


def test_locations_are_sorted_by_how_many_are_on() -> None:
    query = GridQuery(sort="m:fire", descending=True)
    made = overview(FleetGrid(snapshot()), query, None)
    assert [row.name for row in made.rows][:2] == ["All locations", "Hall 10"]
    names = [
        row.name for row in overview(FleetGrid(snapshot()), GridQuery(descending=True), None).rows
    ]
    assert names == ["All locations", "Hall 10", "Hall 2", "Gate", "(no location)"]


def test_of_locations_with_as_many_on_those_with_most_off_are_furthest_from_on() -> None:
    made = overview(FleetGrid(snapshot()), GridQuery(sort="m:ppe", descending=True), None)
    assert [row.name for row in made.rows][:3] == ["All locations", "Hall 10", "Gate"]


def test_what_is_unknown_is_neither_off_nor_unassigned() -> None:
    lost = replace(snapshot(), assignments=Part.unavailable("the VAS does not answer"))
    made = overview(FleetGrid(lost), GridQuery(), None)
    assert set(texts(made, 0).values()) == {
        "5 unknown",
        "2 unknown",
        "1 unknown",
    }


def test_a_draft_shows_how_many_will_be_on() -> None:
    changes = {
        CellKey("g2", "ppe"): on(),  # was off
        CellKey("g1", "ppe"): off(),  # was on
        CellKey("h2", "ppe"): on(),  # was unassigned
        CellKey("h1", "fire"): None,  # was on
    }
    draft = Draft(
        "d",
        1,
        "edit",
        {key: CellChange(key, None, desired) for key, desired in changes.items()},
        {},
    )
    made = overview(FleetGrid(snapshot()), GridQuery(), draft)
    after = {row.name: (row.cells[0].on_after, row.cells[1].on_after) for row in made.rows}
    assert after == {
        "All locations": (0, 3),
        "(no location)": (0, 0),
        "Gate": (0, 1),
        "Hall 2": (0, 1),
        "Hall 10": (0, 1),
    }
    drafted = [row.data() for row in made.rows]
    assert [("d0" in row, "d1" in row) for row in drafted] == [
        (True, True),
        (False, False),
        (False, False),
        (False, True),
        (True, False),
    ]
    assert made.digest != overview(FleetGrid(snapshot()), GridQuery(), None).digest


def test_the_time_of_a_snapshot_does_not_change_the_digest() -> None:
    later = replace(snapshot(), taken_at=NOW.replace(hour=13))
    one, other = (overview(FleetGrid(of), GridQuery(), None) for of in (snapshot(), later))
    assert one.digest == other.digest
