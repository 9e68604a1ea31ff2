"""Keeping presets: who may, what is refused, and what two operators at once are told."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.changes.support import assigned, snapshot
from tests.fakes.people import KIM, LEE
from vas_dash.changes.permissions import Permissions
from vas_dash.changes.presets import MOST_PRESETS, Presets
from vas_dash.domain.entities import AiModel, CellIntent, CellKey
from vas_dash.domain.operators import Operator, Role
from vas_dash.domain.presets import Preset, PresetEdit, PresetValues, current_presets
from vas_dash.errors import JournalError, NotAllowedError, PresetError
from vas_dash.journal import Journal

SCHEMA = {"type": "object", "properties": {"threshold": {"type": "number", "maximum": 1}}}
CLOSED = AiModel("old", "Old", enabled=False)
FLEET = snapshot(
    ("c1",),
    (AiModel("ppe", "PPE", config_schema=SCHEMA), "fire", CLOSED),
    [assigned(CellKey("c1", "lost"), CellIntent(True))],
)
VALUES = PresetValues(10, None, {"threshold": 0.5, "deep": [{"x": 1.0}]})
STANDARD = PresetEdit("ppe", " Standard  ", VALUES)


def keep(journal: Journal, *edits: PresetEdit, by: Permissions = KIM) -> tuple[Preset, ...]:
    return Presets(journal).keep(edits, by, FLEET)


def test_a_preset_is_kept_with_who_made_it_and_when(both: Journal) -> None:
    (made,) = keep(both, STANDARD)
    assert (made.id, made.version, made.name, made.who) == (1, 1, "Standard", "kim")
    assert abs(made.changed_at - datetime.now(UTC)) < timedelta(minutes=5)
    assert Presets(both).versions() == (made,)
    (found,) = Presets(both).versions()
    assert found.values.same(VALUES)
    assert repr(found.values.parameters) == repr(VALUES.parameters)


def test_every_version_stays(both: Journal) -> None:
    (first,) = keep(both, STANDARD)
    (second,) = keep(both, replace(PresetEdit.of(first), name="Day"), by=LEE)
    (third,) = keep(both, replace(PresetEdit.of(second), values=PresetValues(2)))
    (gone,) = keep(both, replace(PresetEdit.of(third), removed=True))
    assert Presets(both).versions() == (first, second, third, gone)
    assert [one.version for one in (first, second, third, gone)] == [1, 2, 3, 4]
    assert current_presets(Presets(both).versions()) == ()
    (again,) = keep(both, STANDARD)
    assert (again.id, again.version) == (2, 1)


def test_a_name_is_there_once_in_a_model(both: Journal) -> None:
    keep(both, STANDARD)
    with pytest.raises(PresetError, match='there is a preset "Standard" of this model already'):
        keep(both, replace(STANDARD, name="STANDARD"))
    night, other = keep(both, replace(STANDARD, name="Night"), replace(STANDARD, model_id="fire"))
    assert (night.id, other.id) == (2, 3)
    with pytest.raises(PresetError, match="already, by kim"):
        keep(both, replace(PresetEdit.of(night), name="standard"))
    (renamed,) = keep(both, replace(PresetEdit.of(night), name="NIGHT"))
    assert renamed.name == "NIGHT"


def test_of_two_who_change_the_same_version_the_second_is_told_who_was_first(both: Journal) -> None:
    (seen,) = keep(both, STANDARD)
    keep(both, replace(PresetEdit.of(seen), values=PresetValues(1)), by=LEE)
    with pytest.raises(PresetError, match='"Standard" was changed by lee meanwhile'):
        keep(both, replace(PresetEdit.of(seen), values=PresetValues(2)))
    newest = Presets(both).versions()[-1]
    keep(both, replace(PresetEdit.of(newest), removed=True), by=LEE)
    with pytest.raises(PresetError, match='"Standard" was removed by lee meanwhile'):
        keep(both, replace(PresetEdit.of(newest), name="Day"))
    assert len(Presets(both).versions()) == 3


def test_of_many_at_once_one_makes_a_name(both: Journal) -> None:
    both.open()
    barrier = threading.Barrier(8)
    said: list[str] = []

    def make() -> None:
        barrier.wait(60)
        try:
            keep(both, STANDARD)
        except PresetError as error:
            said.append(error.reason)

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(Presets(both).versions()) == 1
    assert len(said) == 7


def test_of_several_edits_all_are_kept_or_none(journal: Journal) -> None:
    with pytest.raises(PresetError):
        keep(journal, STANDARD, replace(STANDARD, name="standard"))
    assert Presets(journal).versions() == ()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (PresetValues(31), "desired_fps: must be a whole number from 1 to 30"),
        (PresetValues(None, 101), "priority: must be a whole number from 0 to 100"),
        (PresetValues(parameters={"threshold": 2}), "parameters.threshold: must be at most 1"),
    ],
)
def test_values_that_no_cell_could_have_are_refused(
    values: PresetValues, message: str, journal: Journal
) -> None:
    with pytest.raises(PresetError, match=f"no cell could have these values: {message}"):
        keep(journal, replace(STANDARD, values=values))
    assert Presets(journal).versions() == ()


def test_a_preset_is_renamed_and_removed_whatever_its_model_asks_for_today(
    journal: Journal,
) -> None:
    bad = PresetValues(parameters={"threshold": 2})
    unchecked = snapshot(("c1",), ("ppe",))
    (made,) = Presets(journal).keep([replace(STANDARD, values=bad)], KIM, unchecked)
    (day,) = keep(journal, replace(PresetEdit.of(made), name="Day"))
    keep(journal, replace(PresetEdit.of(day), removed=True))


@pytest.mark.parametrize("model_id", ["old", "lost"])
def test_a_model_that_is_not_for_new_assignments_can_have_presets(
    model_id: str, journal: Journal
) -> None:
    keep(journal, replace(STANDARD, model_id=model_id))


def test_a_name_that_cannot_be_read_and_too_many_are_refused(journal: Journal) -> None:
    with pytest.raises(PresetError, match="printable characters"):
        keep(journal, replace(STANDARD, name=""))
    keep(journal, *(replace(STANDARD, name=str(number)) for number in range(MOST_PRESETS)))
    with pytest.raises(PresetError, match="at most 100 presets"):
        keep(journal, STANDARD)
    keep(journal, replace(STANDARD, model_id="fire"))


def test_a_demo_begins_with_presets_where_none_was_ever_kept(both: Journal) -> None:
    Presets(both).begin_with({"ppe": VALUES, "fire": PresetValues(1)}, "demo")
    made = Presets(both).versions()
    assert [(one.id, one.model_id, one.name, one.who) for one in made] == [
        (1, "ppe", "Standard", "demo"),
        (2, "fire", "Standard", "demo"),
    ]
    keep(both, *(replace(PresetEdit.of(one), removed=True) for one in made))
    Presets(both).begin_with({"ppe": VALUES}, "demo")
    assert current_presets(Presets(both).versions()) == ()


def test_a_viewer_sees_presets_and_changes_none(journal: Journal) -> None:
    (made,) = keep(journal, STANDARD)
    viewer = Permissions(Operator("vic", Role.VIEWER))
    with pytest.raises(NotAllowedError):
        keep(journal, replace(PresetEdit.of(made), removed=True), by=viewer)
    assert Presets(journal).versions() == (made,)


def test_without_a_journal_nothing_is_kept() -> None:
    journal = Journal("postgresql://vas:x@127.0.0.1:9/none")
    with pytest.raises(JournalError):
        keep(journal, STANDARD)
    with pytest.raises(JournalError):
        Presets(journal).versions()
