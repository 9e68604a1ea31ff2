"""What a cell has to do with a preset: it uses one, follows one, or neither."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.fakes.fleets import NOW, fleet, off, on
from vas_dash.domain.changes import KEEP, DesiredChange
from vas_dash.domain.entities import AiModel, Camera, CellKey
from vas_dash.domain.fleet import Cell, CellState
from vas_dash.domain.presets import (
    Preset,
    PresetValues,
    changes_of,
    current_presets,
    named,
    preset_name,
    presets_of_cell,
    usage,
)

FIRST = Preset(1, 1, "ppe", "Standard", PresetValues(5, 50, {"threshold": 0.5}), "kim", NOW)
SECOND = replace(FIRST, version=2, values=PresetValues(10, 50, {"threshold": 0.5}))
NIGHT = Preset(2, 1, "ppe", "Night", PresetValues(2), "lee", NOW)
OTHER = Preset(3, 1, "fire", "Standard", PresetValues(10, 50, {"threshold": 0.5}), "lee", NOW)
VERSIONS = (FIRST, SECOND, NIGHT, OTHER)


def test_the_newest_version_is_what_a_preset_is_until_it_is_removed() -> None:
    assert current_presets(VERSIONS) == (SECOND, NIGHT, OTHER)
    assert current_presets((*VERSIONS, replace(NIGHT, version=2, removed=True))) == (SECOND, OTHER)


@pytest.mark.parametrize(
    "name", ["Standard", " STANDARD ", "\N{FULLWIDTH LATIN SMALL LETTER S}tandard"]
)
def test_a_name_is_found_as_names_are_compared_everywhere(name: str) -> None:
    assert named(VERSIONS, "ppe", name) == FIRST
    assert named(VERSIONS, "fire", name) == OTHER
    assert named(VERSIONS, "smoke", name) is None


@pytest.mark.parametrize("name", ["", " ", "x" * 81, "a\x07"])
def test_a_name_that_cannot_be_read_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="1 to 80 printable characters"):
        preset_name(name)


def test_a_cell_uses_a_preset_by_its_values_and_follows_one_by_earlier_ones() -> None:
    assert presets_of_cell(VERSIONS, "ppe", PresetValues(10, 50, {"threshold": 0.50})) == (
        [SECOND],
        [],
    )
    assert presets_of_cell(VERSIONS, "ppe", FIRST.values) == ([], [SECOND])
    assert presets_of_cell(VERSIONS, "ppe", PresetValues(5, 50, {})) == ([], [])
    assert presets_of_cell(VERSIONS, "smoke", FIRST.values) == ([], [])


NUMBERS = [0, -0.0, 1, 1.0, True, 4, 4.0, 4.5, "4", None, [4], [4.0], {"a": 4}, {"a": 4.0}, {}]
NUMBERS += [1e300, 10**300, 2**53 + 1, 2.0**53, float("nan"), float("inf")]


@pytest.mark.parametrize("held", NUMBERS)
@pytest.mark.parametrize("kept", NUMBERS)
def test_a_cell_is_found_to_use_what_sets_the_same(kept: object, held: object) -> None:
    preset = replace(FIRST, values=PresetValues(5, 50, {"x": kept}))
    cell = PresetValues(5, 50, {"x": held})
    used = presets_of_cell([preset], "ppe", cell) == ([preset], [])
    assert used == preset.values.same(cell)


def test_a_cell_that_uses_another_preset_follows_none() -> None:
    night = replace(NIGHT, values=FIRST.values)
    assert presets_of_cell((FIRST, SECOND, night), "ppe", FIRST.values) == ([night], [])


def test_a_removed_preset_is_neither_used_nor_followed() -> None:
    gone = (*VERSIONS, replace(SECOND, version=3, removed=True))
    assert presets_of_cell(gone, "ppe", SECOND.values) == ([], [])
    assert presets_of_cell(gone, "ppe", FIRST.values) == ([], [])


def test_usage_counts_what_is_known_on_or_off() -> None:
    cells = {
        CellKey("c1", "ppe"): on(10, 50, threshold=0.5),
        CellKey("c2", "ppe"): off(10, 50, threshold=0.5),
        CellKey("c3", "ppe"): on(5, 50, threshold=0.5),
        CellKey("c4", "ppe"): on(10, 50, threshold=0.5),
        CellKey("c1", "fire"): on(10, 50, threshold=0.5),
    }
    cameras = [Camera(f"c{number}", f"Gate {number}") for number in range(1, 6)]
    seen = fleet(cameras, [AiModel("ppe", "PPE"), AiModel("fire", "Fire")], cells)
    lost = CellKey("c4", "ppe")
    seen = seen.with_exceptions({lost: Cell(CellState.UNKNOWN, seen.cell(*lost).assignment, "")})
    found = usage(VERSIONS, "ppe", seen)
    assert set(found) == {1, 2}
    assert found[1].using == [CellKey("c1", "ppe"), CellKey("c2", "ppe")]
    assert found[1].following == [CellKey("c3", "ppe")]
    assert (found[2].using, found[2].following) == ([], [])


def test_turning_on_is_wanted_only_where_it_is_said() -> None:
    assert NIGHT.values.desired() == DesiredChange(KEEP, 2, None, None)
    assert NIGHT.values.desired(turn_on=True) == DesiredChange(True, 2, None, None)


def test_each_version_is_held_against_the_one_before_it() -> None:
    assert [(one.before, one.after) for one in changes_of(VERSIONS)] == [
        (None, FIRST),
        (FIRST, SECOND),
        (None, NIGHT),
        (None, OTHER),
    ]
