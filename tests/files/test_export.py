"""Export: what a file looks like, and that the same intent is always the same bytes."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from tests.fakes.fleets import NOW, fleet, off, on
from vas_dash.domain.entities import AiModel, Camera, CellIntent, CellKey
from vas_dash.domain.fleet import Cell, CellState, FleetSnapshot, Part
from vas_dash.files.exporting import FleetUnknownError, export_file
from vas_dash.files.tree import Format
from vas_dash.fleet.query import parse_query

CAMERAS = (
    Camera("c10", "Gate 10", location="Yard"),
    Camera("c2", "Gate 2", location="Yard"),
    Camera("c1", "Dock", description="rtsp", location=None),
    Camera("c0", "Idle", location="Yard"),
)
MODELS = (AiModel("helmet-v10", "Helmet"), AiModel("helmet-v2", "Helmet"), AiModel("smoke", None))
INTENTS = {
    CellKey("c10", "smoke"): on(5, 50, threshold=0.5, classes=["person", "no"]),
    CellKey("c2", "helmet-v10"): off(),
    CellKey("c2", "helmet-v2"): on(1),
    CellKey("c1", "helmet-v2"): CellIntent(True, None, 0, {}),
}
FLEET = fleet(CAMERAS, MODELS, INTENTS)

CSV = """\
camera,location,model,enabled,desired_fps,priority,parameters
Dock,,helmet-v2,true,,0,{}
Gate 2,Yard,helmet-v2,true,1,,
Gate 2,Yard,helmet-v10,false,,,
Gate 10,Yard,smoke,true,5,50,"{""classes"": [""person"", ""no""], ""threshold"": 0.5}"
"""

JSON = """\
{
  "format": "vas-intent",
  "version": 1,
  "cameras": [
    {
      "camera": "Dock",
      "models": {
        "helmet-v2": {"enabled": true, "desired_fps": null, "priority": 0, "parameters": {}}
      }
    },
    {
      "camera": "Gate 2",
      "location": "Yard",
      "models": {
        "helmet-v2": {"enabled": true, "desired_fps": 1, "priority": null, "parameters": null},
        "helmet-v10": {"enabled": false, "desired_fps": null, "priority": null, "parameters": null}
      }
    },
    {
      "camera": "Gate 10",
      "location": "Yard",
      "models": {
        "smoke": {"enabled": true, "desired_fps": 5, "priority": 50, \
"parameters": {"classes": ["person", "no"], "threshold": 0.5}}
      }
    }
  ]
}
"""

YAML = """\
format: vas-intent
version: 1
cameras:
- camera: Dock
  models:
    helmet-v2:
      enabled: true
      desired_fps: null
      priority: 0
      parameters: {}
- camera: Gate 2
  location: Yard
  models:
    helmet-v2:
      enabled: true
      desired_fps: 1
      priority: null
      parameters: null
    helmet-v10:
      enabled: false
      desired_fps: null
      priority: null
      parameters: null
- camera: Gate 10
  location: Yard
  models:
    smoke:
      enabled: true
      desired_fps: 5
      priority: 50
      parameters:
        classes: [person, "no"]
        threshold: 0.5
"""


def text(snapshot: FleetSnapshot, format: Format, query: str = "", *, ids: bool = False) -> str:  # noqa: A002
    return export_file(snapshot, format, parse_query(query), ids=ids).decode()


@pytest.mark.parametrize(("format", "expected"), [(Format.JSON, JSON), (Format.YAML, YAML)])
def test_a_file_for_git_is_in_natural_order_with_every_property(
    format: Format,  # noqa: A002
    expected: str,
) -> None:
    assert text(FLEET, format) == expected


def test_a_file_for_spreadsheets_has_a_mark_crlf_and_a_row_for_each_assigned_cell() -> None:
    data = export_file(FLEET, Format.CSV)
    assert data.startswith(b"\xef\xbb\xbf")
    assert data.decode("utf-8-sig") == CSV.replace("\n", "\r\n")


@pytest.mark.parametrize("format", Format)
def test_the_same_intent_is_the_same_bytes_whatever_the_order_of_the_vas(format: Format) -> None:  # noqa: A002
    shuffle = random.Random(4).sample
    keys = shuffle(list(INTENTS), len(INTENTS))
    intents = {
        key: replace(
            one, parameters=one.parameters and dict(reversed(list(one.parameters.items())))
        )
        for key in keys
        for one in [INTENTS[key]]
    }
    other = fleet(shuffle(CAMERAS, 4), shuffle(MODELS, 3), intents)
    assert export_file(other, format) == export_file(FLEET, format)


@pytest.mark.parametrize("format", Format)
def test_ids_of_a_site_do_not_show_unless_asked_for(format: Format) -> None:  # noqa: A002
    names = {camera.id: f"{camera.id}-elsewhere" for camera in CAMERAS}
    cameras = [replace(camera, id=names[camera.id]) for camera in CAMERAS]
    intents = {CellKey(names[key.camera_id], key.model_id): INTENTS[key] for key in INTENTS}
    elsewhere = fleet(reversed(cameras), MODELS, intents)
    assert export_file(elsewhere, format) == export_file(FLEET, format)
    with_ids = text(FLEET, format, ids=True)
    assert all(camera_id in with_ids for camera_id in ("c1", "c2", "c10"))


def test_cameras_of_one_name_go_by_location_and_by_id_only_where_that_does_not_help() -> None:
    cameras = (
        Camera("c1", "Gate", location="Yard"),
        Camera("c2", "Gate", location="Hall"),
        Camera("c3", "Door", location="Hall"),
        Camera("c4", "Door", location="Hall"),
        Camera("c5", "Pump", location="Hall"),
        Camera("c6", "Pump", location=None),
        Camera("c7", "", location=None),
    )
    snapshot = fleet(cameras, MODELS, {CellKey(one.id, "smoke"): on() for one in cameras})
    lines = text(snapshot, Format.CSV).splitlines()
    assert [line.split(",")[:3] for line in lines[1:]] == [
        ["c7", "", ""],
        ["c3", "Door", "Hall"],
        ["c4", "Door", "Hall"],
        ["", "Gate", "Hall"],
        ["", "Gate", "Yard"],
        ["c6", "Pump", ""],
        ["", "Pump", "Hall"],
    ]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("q=gate", ["Gate 2,helmet-v2", "Gate 2,helmet-v10", "Gate 10,smoke"]),
        ("loc=Yard&model=smoke", ["Gate 10,smoke"]),
        ("state=off", ["Gate 2,helmet-v2", "Gate 2,helmet-v10"]),
        ("sort=-camera&page=7&size=25", None),
        ("model=helmet-v3", []),
        ("q=nowhere", []),
    ],
)
def test_a_filter_finds_what_the_page_shows_under_it(
    query: str, expected: list[str] | None
) -> None:
    lines = text(FLEET, Format.CSV, query).splitlines()[1:]
    if expected is None:
        assert lines == CSV.splitlines()[1:]
    else:
        assert [",".join(line.split(",")[:3:2]) for line in lines] == expected


@pytest.mark.parametrize(
    "formula", ["=1+1", "+1", "-2", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "'=1", "\uff1d1"]
)
def test_what_a_spreadsheet_would_run_is_neutralised(formula: str) -> None:
    camera = Camera("c1", formula, location=formula)
    snapshot = fleet([camera], [AiModel(formula, None)], {CellKey("c1", formula): on()})
    written = text(snapshot, Format.CSV)
    assert written.count(f"'{formula}") == 3
    assert "," + formula not in written


@pytest.mark.parametrize("format", Format)
def test_a_fleet_that_is_not_known_in_full_is_not_exported(format: Format) -> None:  # noqa: A002
    reason = "only 3 of 4 cameras could be read"
    part = replace(FLEET, cameras=Part.incomplete(CAMERAS[:3], reason))
    with pytest.raises(FleetUnknownError, match=reason):
        export_file(part, format)
    doubted = FLEET.with_exceptions(
        {CellKey("c2", "smoke"): Cell(CellState.UNKNOWN, reason="lost")}
    )
    with pytest.raises(FleetUnknownError, match="a cell of Gate 2 is unknown: lost"):
        export_file(doubted, format)
    unregistered = replace(FLEET, models=Part.unavailable("no registry"))
    assert export_file(unregistered, format) == export_file(FLEET, format)


@pytest.mark.parametrize("format", Format)
def test_parameters_that_no_file_can_hold_are_refused(format: Format) -> None:  # noqa: A002
    snapshot = fleet(CAMERAS, MODELS, {CellKey("c1", "smoke"): on(threshold=float("nan"))})
    with pytest.raises(FleetUnknownError, match="no file can hold"):
        export_file(snapshot, format)


@pytest.mark.parametrize("format", Format)
def test_an_empty_fleet_is_a_file_too(format: Format) -> None:  # noqa: A002
    empty = FleetSnapshot(Part.complete(()), Part.complete(()), Part.complete(()), NOW)
    data = export_file(empty, format)
    assert data
    assert data == export_file(empty, format)
