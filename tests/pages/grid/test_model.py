"""The grid as data: which columns and rows there are, in which order, and what is counted."""

from __future__ import annotations

import random
from dataclasses import replace

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fleet.fleets import LATER, NOON, assigned, camera, found, names, snapshot, view
from vas_dash.domain.entities import AiModel, Assignment, Camera, CellKey
from vas_dash.domain.fleet import Cell, CellState, FleetSnapshot, Part
from vas_dash.fleet.natural import natural_key
from vas_dash.fleet.query import GridQuery, StateFilter
from vas_dash.fleet.table import Counts
from vas_dash.pages.grid import status
from vas_dash.pages.grid.model import FleetGrid, camera_text, camera_tooltip, change_token

PPE, FIRE, PLATES = (
    AiModel("ppe", "Protective gear"),
    AiModel("fire", "Fire"),
    AiModel("plates", "Plates"),
)
MODELS = (PPE, FIRE, PLATES)
CAMERAS = (
    camera("Gate 10", "North Hall"),
    camera("Gate 2", "North Hall"),
    camera("gate 1", "South Yard"),
    camera("Dock", None, id="dock-7"),
)
DOCK = replace(assigned("Dock", "ppe"), camera_id="dock-7")
ASSIGNMENTS = (
    assigned("Gate 10", "ppe", desired_fps=25),
    assigned("Gate 10", "fire", enabled=False),
    assigned("Gate 2", "ppe", enabled=False),
    assigned("gate 1", "ppe", desired_fps=5),
)


def grid_of(fleet: FleetSnapshot | None = None) -> FleetGrid:
    return FleetGrid(fleet or snapshot(CAMERAS, MODELS, ASSIGNMENTS))


# Order.


def test_cameras_stand_in_natural_order_without_regard_to_case() -> None:
    assert names(view(grid_of())) == ["Dock", "gate 1", "Gate 2", "Gate 10"]


def test_models_stand_in_natural_order_of_their_names() -> None:
    models = [AiModel("a", "Zone 10"), AiModel("z", "zone 9"), AiModel("b", None)]
    columns = view(FleetGrid(snapshot([], models, []))).columns
    assert [column.id for column in columns[3:]] == ["m:b", "m:z", "m:a"]


@given(st.lists(st.text(max_size=12), max_size=12), st.randoms(use_true_random=False))
def test_natural_order_is_one_order_whatever_the_names_are(
    texts: list[str], chance: random.Random
) -> None:
    shuffled = list(texts)
    chance.shuffle(shuffled)
    assert list(map(natural_key, sorted(texts, key=natural_key))) == list(
        map(natural_key, sorted(shuffled, key=natural_key))
    )


@given(st.integers(min_value=0), st.integers(min_value=0), st.sampled_from(["", "Gate ", "x-"]))
def test_runs_of_digits_compare_as_numbers(a: int, b: int, before: str) -> None:
    assert (natural_key(f"{before}{a}") < natural_key(f"{before}{b}")) == (a < b)


def test_a_name_of_ten_thousand_digits_has_its_place_too() -> None:
    assert natural_key("9" * 10_000) > natural_key("8" * 10_000)


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("camera", ["Dock", "gate 1", "Gate 2", "Gate 10"]),
        ("-camera", ["Gate 10", "Gate 2", "gate 1", "Dock"]),
        # Cameras without a location come last; within a location the order of names stays.
        ("location", ["Gate 2", "Gate 10", "gate 1", "Dock"]),
        ("-location", ["Dock", "gate 1", "Gate 2", "Gate 10"]),
        # On before off before unassigned; fewer fps before more.
        ("m:ppe", ["gate 1", "Gate 10", "Gate 2", "Dock"]),
        ("-m:ppe", ["Dock", "Gate 2", "Gate 10", "gate 1"]),
        ("m:fire", ["Gate 10", "Dock", "gate 1", "Gate 2"]),
        # What is no column sorts by name.
        ("m:nothing", ["Dock", "gate 1", "Gate 2", "Gate 10"]),
        ("-nothing", ["Gate 10", "Gate 2", "gate 1", "Dock"]),
        ("summary", ["Dock", "gate 1", "Gate 2", "Gate 10"]),
    ],
)
def test_every_column_sorts_both_ways(sort: str, expected: list[str]) -> None:
    assert names(view(grid_of(), f"?sort={sort}")) == expected


def test_unknown_cells_sort_after_the_known_ones() -> None:
    doubted = snapshot(CAMERAS, MODELS, ASSIGNMENTS).with_unknown(
        {CellKey("id-Gate 10", "ppe"): "not confirmed"}
    )
    assert names(view(FleetGrid(doubted), "?sort=m:ppe"))[-1] == "Gate 10"


# Finding.


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("GATE", ["gate 1", "Gate 2", "Gate 10"]),
        ("gate 1", ["gate 1", "Gate 10"]),
        ("hall  north", ["Gate 2", "Gate 10"]),
        ("yard", ["gate 1"]),
        ("dock-7", ["Dock"]),
        ("no location", ["Dock"]),
        ("10 south", []),
        ("gate.*", []),
    ],
)
def test_free_text_looks_at_name_and_location_and_at_a_whole_id(
    text: str, expected: list[str]
) -> None:
    assert found(grid_of(), text=text) == expected


GATES = [
    Camera(f"1a2b3c4d-0000-4000-8000-00000000000{n}", f"North gate {n}", location="Hall")
    for n in (1, 2, 3)
]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("North gate 1", ["North gate 1"]),
        ("hall north", ["North gate 1", "North gate 2", "North gate 3"]),
        ('"gate 2"', ["North gate 2"]),
        ('"gate\N{NO-BREAK SPACE} 2', ["North gate 2"]),
        ('"hall north"', []),
        ('"1 hall"', []),
        ("1a2b3c4", []),
        ("1A2B3C4D", ["North gate 1", "North gate 2", "North gate 3"]),
        ("1a2b3c4d-0000-4000-8000-000000000002", ["North gate 2"]),
        ("2b3c4d-0000-4000-8000", []),
        ('""', ["North gate 1", "North gate 2", "North gate 3"]),
    ],
)
def test_a_search_finds_words_and_phrases_of_names_and_never_a_piece_of_an_id(
    text: str, expected: list[str]
) -> None:
    assert found(FleetGrid(snapshot(GATES, MODELS, [])), text=text) == expected


def test_names_that_look_the_same_are_found_however_they_are_written() -> None:
    apart = "Bu\N{COMBINING DIAERESIS}ro\N{NO-BREAK SPACE}1"
    grid = FleetGrid(snapshot([camera(apart)], [], []))
    for text in ("b\N{LATIN SMALL LETTER U WITH DIAERESIS}ro 1", f'"{apart}"', apart.upper()):
        assert found(grid, text=text) == [apart]


def test_free_text_knows_no_case_in_any_language() -> None:
    grid = FleetGrid(snapshot([camera("STRASSE"), camera("straße"), camera("ÉCOLE")], [], []))
    assert found(grid, text="straße") == ["STRASSE", "straße"]
    assert found(grid, text="école") == ["ÉCOLE"]


def test_locations_are_offered_in_natural_order_and_found_by() -> None:
    grid = grid_of()
    assert grid.locations == ("(no location)", "North Hall", "South Yard")
    assert found(grid, locations=("South Yard", "(no location)")) == ["Dock", "gate 1"]
    assert found(grid, locations=("nowhere",)) == []


def test_chosen_models_are_the_columns() -> None:
    page = view(grid_of(), "?model=plates&model=fire&model=no-such")
    assert [column.id for column in page.columns] == [
        "camera",
        "summary",
        "location",
        "m:fire",
        "m:plates",
    ]
    assert page.total == Counts(off=1, unassigned=7)


def test_all_models_are_shown_when_no_chosen_one_is_known() -> None:
    assert len(view(grid_of(), "?model=no-such").columns) == 3 + len(MODELS)


@pytest.mark.parametrize(
    ("search", "expected"),
    [
        ("?state=on", ["gate 1", "Gate 10"]),
        ("?state=off", ["Gate 2", "Gate 10"]),
        ("?state=off&of=ppe", ["Gate 2"]),
        ("?state=on&of=fire", []),
        ("?state=unassigned&of=ppe", ["Dock"]),
        ("?state=unknown", []),
        ("?state=nothing-on", ["Dock", "Gate 2"]),
        ("?state=nothing-on&of=fire", ["Dock", "gate 1", "Gate 2", "Gate 10"]),
        ("?state=on&of=no-such", ["gate 1", "Gate 10"]),
        ("?state=on&model=fire", []),
        ("?state=off&of=ppe&model=fire", ["Gate 2"]),
        ("?state=nonsense", ["Dock", "gate 1", "Gate 2", "Gate 10"]),
    ],
)
def test_state_finds_cameras_by_their_cells(search: str, expected: list[str]) -> None:
    assert names(view(grid_of(), search)) == expected


def test_a_camera_with_an_unknown_cell_is_not_said_to_have_nothing_on() -> None:
    doubted = snapshot(CAMERAS, MODELS, ASSIGNMENTS).with_unknown(
        {CellKey("dock-7", "fire"): "not confirmed"}
    )
    grid = FleetGrid(doubted)
    assert found(grid, state=StateFilter.NOTHING_ON) == ["Gate 2"]
    assert found(grid, state=StateFilter.UNKNOWN) == ["Dock"]
    assert found(grid, state=StateFilter.NOTHING_ON, state_of="ppe") == ["Dock", "Gate 2"]


def test_nothing_on_finds_nobody_while_the_assignments_are_unknown() -> None:
    grid = FleetGrid(snapshot(CAMERAS, MODELS, "the VAS hangs"))
    assert found(grid, state=StateFilter.NOTHING_ON) == []
    assert found(grid, state=StateFilter.UNASSIGNED) == []
    assert len(found(grid, state=StateFilter.UNKNOWN)) == len(CAMERAS)


# Pages and counts.


def many(count: int) -> FleetGrid:
    cameras = [camera(f"Camera {number}") for number in range(count)]
    return FleetGrid(
        snapshot(
            cameras, [PPE, FIRE], [assigned(f"Camera {n}", "ppe", n % 2 == 0) for n in range(count)]
        )
    )


@pytest.mark.parametrize(
    ("count", "search", "page", "pages", "first", "rows"),
    [
        (0, "", 1, 1, None, 0),
        (1, "", 1, 1, "Camera 0", 1),
        (50, "", 1, 1, "Camera 0", 50),
        (51, "", 1, 2, "Camera 0", 50),
        (51, "?page=2", 2, 2, "Camera 50", 1),
        (100, "?page=2", 2, 2, "Camera 50", 50),
        (101, "?page=999999", 3, 3, "Camera 100", 1),
        (101, "?page=0", 1, 3, "Camera 0", 50),
        (101, "?page=2&size=100", 2, 2, "Camera 100", 1),
        (101, "?page=2&size=25", 2, 5, "Camera 25", 25),
        (101, "?page=2&q=Camera+100", 1, 1, "Camera 100", 1),
    ],
)
def test_pages_have_edges(
    count: int, search: str, page: int, pages: int, first: str | None, rows: int
) -> None:
    shown = view(many(count), search)
    assert (shown.page, shown.pages, len(shown.rows)) == (page, pages, rows)
    assert (names(shown)[0] if shown.rows else None) == first


def test_counts_go_over_everything_that_was_found_and_not_over_the_page() -> None:
    page = view(many(101), "?size=25&page=3")
    assert page.total == Counts(on=51, off=50, unassigned=101)
    assert status.counts_line(page, many(101).snapshot) == (
        "101 of 101 cameras: 51 on, 50 off, 101 unassigned, 0 unknown"
    )
    page = view(many(101), "?q=Camera+1&size=25")
    assert (page.found, page.cameras) == (20, 101)
    assert sum(vars(page.total).values()) == 2 * 20


def test_counts_of_each_column_are_those_of_its_cells() -> None:
    fleet = snapshot(CAMERAS, MODELS, ASSIGNMENTS).with_unknown({CellKey("dock-7", "fire"): "?"})
    counts = FleetGrid(fleet).select(GridQuery()).counts
    assert counts == {
        "ppe": Counts(on=2, off=1, unassigned=1),
        "fire": Counts(off=1, unassigned=2, unknown=1),
        "plates": Counts(unassigned=4),
    }


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 5), st.integers(0, 3), st.booleans()),
        unique_by=lambda entry: entry[:2],
    ),
    st.sampled_from(["complete", "incomplete", "unavailable", "stale"]),
    st.sampled_from(list(StateFilter)),
)
def test_every_cell_is_counted_once_and_as_it_is_drawn(
    entries: list[tuple[int, int, bool]], how: str, state: StateFilter
) -> None:
    cameras = [camera(f"C{n}") for n in range(5)]
    models = [AiModel(f"m{n}", f"M{n}") for n in range(3)]
    rows = tuple(assigned(f"C{c}", f"m{m}", on) for c, m, on in entries)
    part = {
        "complete": Part.complete(rows),
        "incomplete": Part.incomplete(rows, "some"),
        "unavailable": Part[Assignment].unavailable("none"),
        "stale": Part[Assignment].unavailable("none").remembering(Part.complete(rows), NOON),
    }[how]
    grid = FleetGrid(
        FleetSnapshot(Part.complete(tuple(cameras)), Part.complete(tuple(models)), part, NOON)
    )
    page = grid.page(GridQuery(state=state))
    drawn = [
        text[2:].split()[0]
        for row in page.rows
        for column, text in row.data.items()
        if column.startswith("m:")
    ]
    assert {name: drawn.count(name) for name in vars(page.total)} == vars(page.total)
    if how != "complete":
        assert page.total.unassigned == 0
    if state not in (StateFilter.ANY, StateFilter.NOTHING_ON):
        assert all(
            any(f" {state.value}" in text[:12] for text in row.data.values()) for row in page.rows
        )


# Columns.


def heads(fleet: FleetSnapshot) -> dict[str, str]:
    return {column.id: column.name for column in view(FleetGrid(fleet)).columns[3:]}


def test_a_model_that_only_assignments_speak_of_is_marked() -> None:
    stranger = assigned("Dock", "ghost")
    complete = FleetGrid(snapshot(CAMERAS, [PPE], [stranger]))
    assert complete.columns["ghost"].name == "ghost (not in the registry)"
    assert not complete.columns["ghost"].open_for_new
    # Without the registry nobody can say that it is missing there.
    assert heads(snapshot(CAMERAS, "404", [stranger])) == {"m:ghost": "ghost (name unknown)"}


def test_names_last_seen_stay_while_the_registry_is_away() -> None:
    before = snapshot(CAMERAS, [PPE], [])
    after = snapshot(CAMERAS, "away", []).remembering(before)
    assert heads(after) == {"m:ppe": "Protective gear"}
    assert status.error_lines(after) == (
        f"Names of models are unknown: away. Last seen {NOON:%Y-%m-%d %H:%M:%S} UTC.",
    )


def test_a_disabled_model_is_marked_and_closed_for_new_assignments() -> None:
    grid = FleetGrid(snapshot(CAMERAS, [replace(PPE, enabled=False), FIRE], []))
    assert grid.columns["ppe"].name == "Protective gear (not for new assignments)"
    assert not grid.columns["ppe"].open_for_new
    assert grid.columns["fire"].open_for_new


def test_twins_of_one_name_are_told_apart_by_their_ids() -> None:
    models = [AiModel("a1", "Twin"), AiModel("a2", "Twin"), AiModel("Other", None)]
    assert heads(snapshot([], models, [])) == {
        "m:Other": "Other",
        "m:a1": "Twin [a1]",
        "m:a2": "Twin [a2]",
    }


def test_the_heading_tells_everything_when_asked() -> None:
    model = replace(PPE, description="Helmets and vests.", enabled=False)
    assert FleetGrid(snapshot([], [model], [])).columns["ppe"].tooltip == (
        "Protective gear\nid ppe\nHelmets and vests.\nnot for new assignments"
    )


def test_long_names_are_cut_and_say_so() -> None:
    grid = FleetGrid(
        snapshot([camera("C" * 300, "L" * 300)], [AiModel("m" * 128, "M" * 300, "D" * 900)], [])
    )
    page = view(grid)
    assert page.columns[3].name == "M" * 80 + "... (cut, 300 characters)"
    assert page.rows[0].data["camera"] == "C" * 80 + "... (cut, 300 characters)"
    assert page.rows[0].data["location"] == "L" * 80 + "... (cut, 300 characters)"
    assert len(page.columns[3].tooltip) < 700


# Rows.


def test_a_row_says_what_each_cell_holds() -> None:
    row = view(grid_of(), "?q=Gate+10").rows[0].data
    assert row == {
        "id": "id-Gate 10",
        "camera": "Gate 10",
        "location": "North Hall",
        "summary": "1 on, 1 off",
        "m:ppe": "\N{BLACK CIRCLE} on 25 fps",
        "m:fire": "\N{WHITE CIRCLE} off",
        "m:plates": "\N{EN DASH} unassigned",
    }


def test_a_row_is_sent_short_and_with_what_is_drafted() -> None:
    (found,) = view(grid_of(), "?q=Gate+10&model=ppe&model=plates").rows
    head = {"id": "id-Gate 10", "camera": "Gate 10", "location": "North Hall", "summary": "1 on"}
    assert orjson.loads(found.compact) == head | {"m1": "\N{BLACK CIRCLE} on 25 fps"}
    drafted = found.drafted({"plates": "\N{BLACK CIRCLE} on"})
    assert orjson.loads(drafted.compact)["d0"] == "\N{BLACK CIRCLE} on"
    assert drafted.digest != found.digest


def test_the_summary_names_what_there_is() -> None:
    rows = {row.data["camera"]: row.data["summary"] for row in view(grid_of()).rows}
    assert rows == {
        "Dock": "nothing assigned",
        "gate 1": "1 on",
        "Gate 2": "1 off",
        "Gate 10": "1 on, 1 off",
    }


@pytest.mark.parametrize("models", [(), MODELS, "404"], ids=["none", "some", "unknown"])
def test_unknown_assignments_never_look_like_nothing_assigned(
    models: tuple[AiModel, ...] | str,
) -> None:
    grid = FleetGrid(snapshot(CAMERAS, models, "the VAS hangs"))
    page = view(grid)
    for row in page.rows:
        assert "unknown" in row.data["summary"]
        assert "assigned" not in str(row.data)
    assert "unknown" in status.counts_line(page, grid.snapshot)
    assert page.total.unassigned == 0


def test_a_camera_says_what_is_special_about_it() -> None:
    assert camera_text(camera("Dock")) == "Dock"
    assert camera_text(camera(None, id="id-1")) == "id-1 (name unknown)"
    assert camera_tooltip(camera("Dock", "Yard", description="By the gate.")) == (
        "Dock\nYard\nid id-Dock\nBy the gate."
    )


def test_cameras_known_from_assignments_only_are_shown_while_the_list_is_away() -> None:
    page = view(FleetGrid(snapshot("away", MODELS, ASSIGNMENTS)))
    assert names(page) == [
        "id-gate 1 (name unknown)",
        "id-Gate 2 (name unknown)",
        "id-Gate 10 (name unknown)",
    ]


def test_a_complete_list_of_cameras_alone_decides_which_there_are() -> None:
    assert names(view(FleetGrid(snapshot([CAMERAS[3]], MODELS, ASSIGNMENTS)))) == ["Dock"]


def test_a_digest_changes_with_its_row_and_with_no_other() -> None:
    def digests(fleet: FleetSnapshot) -> list[str]:
        return [row.digest for row in view(FleetGrid(fleet)).rows]

    before = digests(snapshot(CAMERAS, MODELS, ASSIGNMENTS))
    same = digests(snapshot(CAMERAS, MODELS, ASSIGNMENTS, LATER))
    slower = replace(ASSIGNMENTS[0], desired_fps=24)
    after = digests(snapshot(CAMERAS, MODELS, (slower, *ASSIGNMENTS[1:])))
    assert before == same
    assert [a == b for a, b in zip(before, after, strict=True)] == [True, True, True, False]


# Change tokens.


def test_a_token_changes_with_everything_that_can_change() -> None:
    base = assigned("Dock", "ppe")
    tokens = [
        change_token(one)
        for one in (
            base,
            None,
            replace(base, id="again"),
            replace(base, enabled=False),
            replace(base, desired_fps=1),
            replace(base, priority=1),
            replace(base, parameters={}),
            replace(base, parameters={"a": 1}),
            replace(base, parameters={"a": 1.0}),
            replace(base, parameters={"a": True}),
            replace(base, parameters={"a": "1"}),
            replace(base, parameters={"a": 2**80}),
            replace(base, parameters={"a": 2**80 + 1}),
            replace(base, updated_at=LATER),
        )
    ]
    assert len(set(tokens)) == len(tokens)
    assert change_token(None) == ""


def test_a_token_does_not_hang_on_the_order_of_keys() -> None:
    one = assigned("Dock", "ppe", parameters={"a": 1, "b": {"c": 2, "d": 3}})
    other = assigned("Dock", "ppe", parameters={"b": {"d": 3, "c": 2}, "a": 1})
    assert change_token(one) == change_token(other)


def test_nor_where_a_number_is_too_large_for_the_fast_way() -> None:
    one = assigned("Dock", "ppe", parameters={"a": 2**80, "b": {"c": 2, "d": 3}})
    other = assigned("Dock", "ppe", parameters={"b": {"d": 3, "c": 2}, "a": 2**80})
    assert change_token(one) == change_token(other)


# Nothing to show.


@pytest.mark.parametrize(
    ("fleet", "search", "expected"),
    [
        (snapshot([], MODELS, []), "", "The VAS has no cameras."),
        (snapshot([], MODELS, []), "?q=x", "The VAS has no cameras."),
        (
            snapshot("it hangs", MODELS, []),
            "",
            "The cameras are unknown: it hangs.",
        ),
        (snapshot(CAMERAS, MODELS, ()), "?q=xyz", "No camera matches the filter."),
        (
            snapshot(CAMERAS, MODELS, "it hangs"),
            "?state=on",
            "No camera matches the filter. Cells are unknown: it hangs.",
        ),
        (
            snapshot("it hangs", MODELS, ASSIGNMENTS),
            "?q=xyz",
            "No camera matches the filter. There may be more cameras: it hangs.",
        ),
    ],
)
def test_an_empty_grid_says_why(fleet: FleetSnapshot, search: str, expected: str) -> None:
    grid = FleetGrid(fleet)
    page = view(grid, search)
    assert page.empty == expected
    assert not page.rows


def test_a_grid_with_rows_has_no_excuse() -> None:
    assert view(grid_of()).empty is None


# The picture over time.


def test_what_an_incomplete_read_did_not_show_is_not_called_last_seen_unassigned() -> None:
    first = FleetSnapshot(
        Part.complete(CAMERAS),
        Part.complete(MODELS),
        Part.incomplete((ASSIGNMENTS[0],), "half of it"),
        NOON,
    )
    then = snapshot(CAMERAS, MODELS, "it hangs", LATER).remembering(first)
    assert then.cell("id-Gate 10", "ppe").last_seen_at == NOON
    assert then.cell("dock-7", "ppe") == Cell(CellState.UNKNOWN, None, "it hangs", None)
    # After a complete read it may be said.
    then = snapshot(CAMERAS, MODELS, "it hangs", LATER).remembering(
        snapshot(CAMERAS, MODELS, ASSIGNMENTS)
    )
    assert then.cell("dock-7", "ppe") == Cell(CellState.UNKNOWN, None, "it hangs", NOON)


def test_doubt_about_an_unknown_cell_does_not_make_it_newer() -> None:
    stale = snapshot(CAMERAS, MODELS, "it hangs", LATER).remembering(
        snapshot(CAMERAS, MODELS, ASSIGNMENTS)
    )
    key = CellKey("id-Gate 10", "ppe")
    assert stale.with_unknown({key: "not confirmed"}).cell(*key) == Cell(
        CellState.UNKNOWN, ASSIGNMENTS[0], "not confirmed", NOON
    )


def test_asking_again_gives_the_same_rows_without_making_them_again() -> None:
    grid = many(60)
    assert view(grid).rows[7] is view(grid, "?sort=-camera&page=2").rows[2]
    assert grid.select(GridQuery(page=1)) is grid.select(GridQuery(page=2, page_size=25))
