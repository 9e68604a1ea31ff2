"""Presets in files: written with the intent, read back to what would change."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace

import pytest
import yaml

from tests.fakes.fleets import NOW, fleet, on
from vas_dash.changes.presets import MOST_PRESETS
from vas_dash.domain.entities import AiModel, Camera, CellKey
from vas_dash.domain.presets import Preset, PresetEdit, PresetValues
from vas_dash.files.drafting import FileDraft, draft_file
from vas_dash.files.exporting import export_file
from vas_dash.files.tree import Format
from vas_dash.fleet.query import parse_query

SCHEMA = {"type": "object", "properties": {"threshold": {"type": "number", "maximum": 1}}}
FLEET = fleet(
    [Camera("c1", "Gate 1", location="Yard")],
    [AiModel("ppe", "PPE", config_schema=SCHEMA), AiModel("fire", "Fire")],
    {CellKey("c1", "ppe"): on(5)},
)
STANDARD = Preset(1, 1, "ppe", "Standard", PresetValues(5, 50, {"threshold": 0.5}), "kim", NOW)
NIGHT = Preset(2, 1, "ppe", "no", PresetValues(), "kim", NOW)
FIRE = Preset(3, 1, "fire", "Standard", PresetValues(1), "kim", NOW)
KEPT = (STANDARD, NIGHT, FIRE)

YAML = """\
format: vas-intent
version: 1
presets:
- model: fire
  name: Standard
  desired_fps: 1
  priority: null
  parameters: null
- model: ppe
  name: "no"
  desired_fps: null
  priority: null
  parameters: null
- model: ppe
  name: Standard
  desired_fps: 5
  priority: 50
  parameters:
    threshold: 0.5
cameras:
- camera: Gate 1
"""
PRESETS_JSON = """\
  "presets": [
    {"model": "fire", "name": "Standard", "desired_fps": 1, "priority": null, "parameters": null},
    {"model": "ppe", "name": "no", "desired_fps": null, "priority": null, "parameters": null},
    {"model": "ppe", "name": "Standard", "desired_fps": 5, "priority": 50, \
"parameters": {"threshold": 0.5}}
  ],
  "cameras": [
"""


def written(format: Format, query: str | None = None) -> bytes:  # noqa: A002 - the word of the field
    found = None if query is None else parse_query(query)
    return export_file(FLEET, format, found, presets=KEPT)


def drafted(text: str, kept: tuple[Preset, ...] = KEPT) -> FileDraft:
    return draft_file(text.encode(), Format.YAML, FLEET, presets=lambda: kept)


def document(*presets: Mapping[str, object]) -> str:
    made = {"format": "vas-intent", "version": 1, "presets": list(presets), "cameras": []}
    return json.dumps(made, indent=1)


def test_presets_stand_before_the_cameras() -> None:
    assert written(Format.YAML).decode().startswith(YAML)
    assert PRESETS_JSON in written(Format.JSON).decode()
    assert written(Format.CSV) == export_file(FLEET, Format.CSV)


def test_without_presets_a_file_has_no_such_name() -> None:
    for one in (Format.YAML, Format.JSON):
        assert b"presets" not in export_file(FLEET, one)


def test_a_part_of_the_models_has_the_presets_of_these() -> None:
    found = yaml.safe_load(written(Format.YAML, "model=fire"))
    assert [one["model"] for one in found["presets"]] == ["fire"]


def test_a_preset_of_a_model_that_is_gone_is_left_out() -> None:
    gone = replace(FIRE, id=4, model_id="gone")
    data = export_file(FLEET, Format.YAML, presets=(*KEPT, gone))
    assert data == written(Format.YAML)
    assert drafted(data.decode()).problems == []


@pytest.mark.parametrize("format", [Format.YAML, Format.JSON])
def test_what_was_written_is_read_back_and_changes_nothing(format: Format) -> None:  # noqa: A002
    data = written(format)
    same = draft_file(data, format, FLEET, presets=lambda: KEPT)
    assert (same.presets, same.problems, same.changes.changes) == ((), [], ())
    new = draft_file(data, format, FLEET, presets=tuple)
    assert [(one.model_id, one.name, one.values, one.seen) for one in new.presets] == [
        (one.model_id, one.name, one.values, None) for one in (FIRE, NIGHT, STANDARD)
    ]


def test_a_file_without_presets_asks_for_none_and_changes_none() -> None:
    def never() -> tuple[Preset, ...]:
        raise AssertionError("the journal was read")

    text = "format: vas-intent\nversion: 1\ncameras: []\n"
    assert draft_file(text.encode(), Format.YAML, FLEET, presets=never).presets == ()
    assert drafted(document()).presets == ()


def test_what_a_preset_does_not_name_stays_as_it_is() -> None:
    found = drafted(document({"model": "PPE", "name": "STANDARD", "desired_fps": 10}))
    assert found.problems == []
    values = replace(STANDARD.values, desired_fps=10)
    assert found.presets == (PresetEdit("ppe", "STANDARD", values, STANDARD),)
    (made,) = drafted(document({"model": "fire", "name": "Dim", "priority": 1})).presets
    assert (made.values, made.seen) == (PresetValues(None, 1, None), None)


@pytest.mark.parametrize(
    ("preset", "line", "message"),
    [
        ({"model": "smoke", "name": "x"}, 6, 'unknown model "smoke"'),
        ({"model": "ppe"}, 5, "name is missing"),
        ({"model": "ppe", "name": 3}, 7, "name must be a text"),
        ({"model": "ppe", "name": " "}, 7, "a preset's name has 1 to 80 printable characters"),
        ({"model": "ppe", "name": "x", "desired_fps": 31}, 8, "desired_fps must be a whole number"),
        ({"model": "ppe", "name": "x", "enabled": True}, 8, "unknown name enabled; known: model"),
        (
            {"model": "ppe", "name": "x", "parameters": {"threshold": 2}},
            9,
            "parameters.threshold: must be at most 1",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_place(
    preset: dict[str, object], line: int, message: str
) -> None:
    (problem,) = drafted(document(preset)).problems
    assert problem.line == line
    assert message in problem.message


def test_a_model_has_no_more_presets_than_can_be_kept() -> None:
    many = [{"model": "ppe", "name": f"No {number}"} for number in range(MOST_PRESETS)]
    found = drafted(document(*many), (STANDARD, FIRE))
    assert len(found.presets) == MOST_PRESETS - 1
    assert [one.message for one in found.problems] == ["a model has at most 100 presets"]


def test_what_is_right_is_kept_beside_what_is_wrong() -> None:
    good = {"model": "ppe", "name": "Day"}
    found = drafted(document(good, {"model": "ppe", "name": "DAY"}, {"model": "no", "name": "x"}))
    assert [one.name for one in found.presets] == ["Day"]
    assert [one.message for one in found.problems] == ['"DAY" is named twice', 'unknown model "no"']
    assert drafted("format: vas-intent\nversion: 1\npresets: 3\ncameras: []\n").problems
