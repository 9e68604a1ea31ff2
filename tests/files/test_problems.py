"""Import: everything that is wrong in a file, with its line and its column."""

from __future__ import annotations

import textwrap
import tracemalloc

import pytest

from tests.fakes.fleets import fleet, off, on
from vas_dash.domain.changes import DesiredChange
from vas_dash.domain.entities import AiModel, Camera, CellIntent, CellKey
from vas_dash.domain.fleet import FleetSnapshot, Part
from vas_dash.files.drafting import FileDraft, draft_file
from vas_dash.files.exporting import FleetUnknownError
from vas_dash.files.importing import import_file
from vas_dash.files.reading import read_file
from vas_dash.files.tree import Format
from vas_dash.fleet.query import GridQuery, parse_query

SCHEMA = {
    "type": "object",
    "properties": {
        "threshold": {"type": "number", "maximum": 1},
        "zones": {
            "type": "array",
            "items": {"type": "object", "properties": {"n": {"type": "integer"}}},
        },
    },
    "required": ["threshold"],
    "additionalProperties": False,
}
CAMERAS = (
    Camera("c1", "Gate 1", location="Yard"),
    Camera("c2", "Gate 2", location="Yard"),
    Camera("c3", "Twin", location="Yard"),
    Camera("c4", "Twin", location="Hall"),
    Camera("c5", "Same", location="Hall"),
    Camera("c6", "Same", location="Hall"),
)
MODELS = (
    AiModel("helmet", "Helmet detection"),
    AiModel("smoke", "Smoke", config_schema=SCHEMA),
    AiModel("old", "Old", enabled=False),
)
CELLS = {
    CellKey("c1", "helmet"): on(5, 50, a=1),
    CellKey("c1", "old"): on(),
    CellKey("c2", "smoke"): off(2, None, made_up=True),
    CellKey("c2", "gone"): on(),
}
FLEET = fleet(CAMERAS, MODELS, CELLS)
SMOKE_ON = off(2, None, threshold=0.5)

Problems = list[tuple[int, int, str]]


def draft(text: str, format: Format, prune: str | None = None) -> FileDraft:  # noqa: A002
    query = None if prune is None else parse_query(prune)
    return draft_file(textwrap.dedent(text).encode(), format, FLEET, query)


def wrong(text: str, format: Format) -> Problems:  # noqa: A002
    found = draft(text, format)
    assert not found.changes.changes
    return [(one.line, one.column, one.message) for one in found.problems]


UNKNOWN_MODEL = 'unknown model "helmet Detection"; the id of the model of that name is helmet'
TWIN = '2 cameras have the name "Twin"; name the location or the camera_id'
SAME = '2 cameras have the name "Same" in "Hall"; name the camera_id'

CANNOT = "parameters: a character that cannot be stored"

CSV = [
    ("camera,model\nGate 3,helmet", (2, 1, 'unknown camera "Gate 3"')),
    ("model,camera\nhelmet,Twin", (2, 8, TWIN)),
    ("camera,location,model\nSame,Hall,helmet", (2, 1, SAME)),
    (
        "camera,location,model\nGate 1,Hall,helmet",
        (2, 8, 'no camera "Gate 1" in "Hall"; there is one in Yard'),
    ),
    ("camera_id,model\nc9,helmet", (2, 1, 'unknown camera_id "c9"')),
    (
        "camera_id,camera,model\nc1,Gate 2,helmet",
        (2, 4, '"Gate 2" is not what the camera of this camera_id has'),
    ),
    ("camera,model\nGate 1,helmet Detection", (2, 8, UNKNOWN_MODEL)),
    ("camera,model\nGate 1,nobody", (2, 8, 'unknown model "nobody"')),
    ("camera,model\nGate 1,", (2, 8, "model is empty")),
    ("camera,model\n,helmet", (2, 1, "camera is empty")),
    (
        "camera,model,desired_fps\n\n\nGate 1,helmet,31",
        (4, 15, "desired_fps must be a whole number from 1 to 30, not 31"),
    ),
    (
        "camera,model,desired_fps\nGate 1,helmet,2.5",
        (2, 15, 'desired_fps must be a whole number from 1 to 30, not "2.5"'),
    ),
    (
        "camera,model,priority\r\nGate 1,helmet,-1\r\n",
        (2, 15, "priority must be a whole number from 0 to 100, not -1"),
    ),
    (
        "camera,model,enabled\nGate 1,helmet,oui",
        (2, 15, 'enabled must be true or false, not "oui"'),
    ),
    ("camera,model,enabled\nGate 1,helmet,", (2, 15, "enabled must be true or false, not null")),
    (
        'camera,model,parameters\nGate 1,helmet,"[1]"',
        (2, 16, "parameters must be a JSON object, not a list"),
    ),
    (
        'camera,model,parameters\nGate 1,helmet,"{""a"": ""b"", ""c"": nope}"',
        (2, 38, "parameters: this is not JSON: a value is missing here"),
    ),
    (
        'camera,model,parameters\nGate 1,helmet,"{""a"": 1,\n ""a"": 2}"',
        (3, 2, 'parameters: "a" is named twice'),
    ),
    (
        'camera,model,parameters\nGate 2,smoke,"{""threshold"": 0.5, ""zones"": [{""n"": ""x""}]}"',
        (2, 56, "parameters.zones.0.n: must be a whole number"),
    ),
    (
        'camera,model,parameters\nGate 2,smoke,"{""threshold"": 0.5, ""speed"": 1}"',
        (2, 36, "parameters: not known to this model: speed"),
    ),
    ("camera,model,parameters\nGate 2,smoke,{}", (2, 14, "parameters.threshold: needs a value")),
    ("camera,model\nGate 2,old", (2, 8, "model: the model is not open to new assignments")),
    ("camera,model\nGate 1,gone", (2, 8, "model: the VAS has no such model")),
    ("camera,model\nGate 1,helmet\nGate 1,helmet", (3, 1, "this cell is already in line 2")),
    ("camera,model\nGate 1,helmet,5", (2, 15, "this field stands in no column of the header")),
    ('camera,model\n"Gate 1,helmet\n', (2, 1, "a double quote opens here and is never closed")),
    (
        'camera,model\nGate 1,"hel"met',
        (2, 8, "text after a closing double quote; a quote within a field is written twice"),
    ),
    (
        "camera,modell\n",
        (
            1,
            8,
            "unknown column modell; known: camera_id, camera, location, model, enabled, "
            "desired_fps, priority, parameters",
        ),
    ),
    ("camera,model,camera\n", (1, 1, "the column camera is there twice")),
    ("camera,enabled\n", (1, 1, "the column model is missing")),
    ("location,model\n", (1, 1, "the column camera is missing")),
]


@pytest.mark.parametrize(("text", "expected"), CSV)
def test_a_wrong_row_of_a_spreadsheet_is_told_with_its_place(
    text: str, expected: tuple[int, int, str]
) -> None:
    assert wrong(text, Format.CSV) == [expected]


HEAD = "format: vas-intent\nversion: 1\ncameras:\n"


def yaml(cell: str, camera: str = "Gate 1", model: str = "helmet") -> str:
    return f"{HEAD}- camera: {camera}\n  models:\n    {model}:\n      {cell}\n"


FPS = "desired_fps must be a whole number from 1 to 30, not"
AMBIGUOUS = (
    "not every reader of YAML takes {} for the same: write a text in quotes, true or false, "
    "a number like 10, 0.5 or 1.0e-3"
)
ZONES = "zones:\n        - 'n': 1\n        - 'n': '1'"
PROPERTIES = "known: enabled, desired_fps, priority, parameters"

YAML = [
    (yaml("desired_fps: 31"), (7, 20, f"{FPS} 31")),
    (yaml("desired_fps: true"), (7, 20, f"{FPS} true")),
    (yaml("desired_fps: '5'"), (7, 20, f'{FPS} "5"')),
    (yaml("desired_fps: 5.0"), (7, 20, f"{FPS} 5.0")),
    (yaml("enabled: no"), (7, 16, AMBIGUOUS.format("no"))),
    (yaml("desired_fps: 1e1"), (7, 20, AMBIGUOUS.format("1e1"))),
    (yaml("desired_fps: 010"), (7, 20, AMBIGUOUS.format("010"))),
    (yaml("desired_fps: 0x1F"), (7, 20, AMBIGUOUS.format("0x1F"))),
    (yaml("desired_fps: 1_0"), (7, 20, AMBIGUOUS.format("1_0"))),
    (yaml("parameters: {at: 12:30:00}"), (7, 24, AMBIGUOUS.format("12:30:00"))),
    (yaml("parameters: {day: 2026-11-22}"), (7, 25, AMBIGUOUS.format("2026-11-22"))),
    (yaml("parameters: {a: .inf}"), (7, 23, AMBIGUOUS.format(".inf"))),
    (yaml("parameters: {a: y}"), (7, 23, AMBIGUOUS.format("y"))),
    (yaml("enabled: 'true'"), (7, 16, 'enabled must be true or false, not "true"')),
    (yaml("enabled: null"), (7, 16, "enabled must be true or false, not null")),
    (yaml("parameters: 5"), (7, 19, "parameters must be a JSON object, not 5")),
    (yaml('parameters: {a: ["x", "\\0"]}'), (7, 29, CANNOT)),
    (yaml("desired_fp: 5"), (7, 7, f"unknown name desired_fp; {PROPERTIES}")),
    (yaml("enabled: true\n      enabled: true"), (8, 7, '"enabled" is named twice')),
    (yaml("{1: 2}"), (7, 8, "a name must be a text; put it in quotes")),
    (yaml("5"), (7, 7, "must be a mapping with enabled and other properties")),
    (yaml("enabled: true", model="helmet Detection"), (6, 5, UNKNOWN_MODEL)),
    (yaml("enabled: true", model="gone"), (6, 5, "model: the VAS has no such model")),
    (yaml("enabled: true", camera="Twin"), (4, 11, TWIN)),
    (yaml("enabled: true", camera="5"), (4, 11, "camera must be a text; put it in quotes")),
    (yaml("enabled: true", camera="Same\n  location: Hall"), (4, 11, SAME)),
    (
        yaml(f"parameters:\n        {ZONES}\n        threshold: 3.0", "Gate 2", "smoke"),
        (10, 16, "parameters.zones.1.n: must be a whole number"),
    ),
    (yaml("parameters: {speed: 1, threshold: 0.5}", "Gate 2", "smoke"),
     (7, 20, "parameters: not known to this model: speed")),
    (f"{HEAD}- camera: Gate 1\n", (4, 3, "models must be a mapping")),
    (f"{HEAD}- models: {{}}\n", (4, 3, "camera is missing")),
    (f"{HEAD}- Gate 1\n", (4, 3, "must be a mapping with camera and models")),
    (f"{HEAD}- camera: Gate 1\n  name: x\n  models: {{}}",
     (5, 3, "unknown name name; known: camera_id, camera, location, models")),
    ("format: vas-intent\nversion: 2\ncameras: []", (2, 10, "version must be 1")),
    ("format: other\nversion: 1\ncameras: []", (1, 9, "format must be vas-intent")),
    ("version: 1\ncameras: []", (1, 1, "format is missing; it must be vas-intent")),
    ("format: vas-intent\nversion: 1", (1, 1, "cameras is missing")),
    ("format: vas-intent\nversion: 1\ncameras: {}", (3, 10, "cameras must be a list")),
    ("- 1", (1, 1, "the file must be a mapping with format, version and cameras")),
    (f"{HEAD}- a: [1\n", (5, 1, "this is not YAML: did not find expected ',' or ']'")),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), YAML)
def test_what_is_wrong_in_yaml_is_told_with_its_place(
    text: str, expected: tuple[int, int, str]
) -> None:
    found = wrong(text, Format.YAML)
    assert found[0] == expected
    assert len(found) == 1 or "zones" in text


def json(cell: str) -> str:
    return (
        '{"format": "vas-intent", "version": 1, "cameras": [\n'
        ' {"camera": "Gate 1", "models": {\n'
        f'  "helmet": {{{cell}}}}}}}\n]}}'
    )


NOT_JSON = "this is not JSON:"
TOO_LARGE = "parameters: a number that is too large to be stored"
PRIORITY = "priority must be a whole number from 0 to 100, not"

JSON = [
    (json('"desired_fps": 31'), (3, 29, f"{FPS} 31")),
    (json('"priority": 1e999'), (3, 26, f"{PRIORITY} Infinity")),
    (json('"parameters": {"a": 1e999}'), (3, 34, TOO_LARGE)),
    (json('"parameters": {"a": NaN}'), (3, 34, "NaN is no JSON and cannot be stored")),
    (json('"parameters": {"a": "\\ud800"}'), (3, 34, CANNOT)),
    (json('"enabled": true,'), (3, 30, f"{NOT_JSON} a name in double quotes is missing here")),
    (json('"enabled" true'), (3, 24, "this is not JSON: ':' is missing here")),
    (json('"enabled": true "a": 1'), (3, 30, "this is not JSON: ',' is missing here")),
    (json('"enabled": tru'), (3, 25, "this is not JSON: a value is missing here")),
    (json('"enabled": "x'), (3, 30, "this is not JSON: Invalid control character")),
    (json('"enabled": true, "enabled": true'), (3, 31, '"enabled" is named twice')),
    (json("") + "}", (4, 3, "the file goes on after its end; is a comma or a bracket missing?")),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), JSON)
def test_what_is_wrong_in_json_is_told_with_its_place(
    text: str, expected: tuple[int, int, str]
) -> None:
    assert wrong(text, Format.JSON) == [expected]


def test_everything_that_is_wrong_is_told_in_the_order_of_the_file_and_the_rest_is_drafted() -> (
    None
):
    found = draft(
        """\
        camera,model,enabled,desired_fps,priority
        Gate 3,helmet Detection,true,31,x
        Gate 1,helmet,false,,
        Gate 2,old,true,,
        """,
        Format.CSV,
    )
    places = [(one.line, one.column) for one in found.problems]
    assert places == [(2, 1), (2, 8), (2, 30), (2, 33), (3 + 1, 8)]
    assert [(one.key, one.desired) for one in found.changes.changes] == [
        (CellKey("c1", "helmet"), CellIntent(False, None, None, {"a": 1}))
    ]


def test_a_cell_that_is_as_the_file_says_is_never_a_problem() -> None:
    """Though its model is closed or gone, and its parameters do not fit."""
    found = draft(
        """\
        camera;model;enabled;desired_fps;parameters
        Gate 1;old;TRUE;;
        Gate 2;gone;on;;
        Gate 2;smoke;OFF;2;"{""made_up"": true}"
        """,
        Format.CSV,
    )
    assert (found.problems, found.changes.changes) == ([], ())


def test_what_a_file_does_not_name_stays_and_what_it_leaves_empty_is_cleared() -> None:
    file = read_file(b"camera,model,desired_fps\nGate 1,helmet,\nGate 2,helmet,7", Format.CSV)
    assert import_file(file, FLEET).desired_changes == {
        CellKey("c1", "helmet"): DesiredChange(desired_fps=None),
        CellKey("c2", "helmet"): DesiredChange(True, 7, None, None),
    }


def test_other_cells_are_left_alone_unless_they_are_pruned_and_then_told_apart() -> None:
    text = "camera,model,enabled\nGate 1,helmet,false\n"
    assert [one.key for one in draft(text, Format.CSV).changes.changes] == [("c1", "helmet")]
    found = draft(text, Format.CSV, prune="")
    assert {one.key: one.desired for one in found.changes.changes} == {
        ("c1", "helmet"): off(5, 50, a=1),
        ("c1", "old"): None,
        ("c2", "smoke"): None,
        ("c2", "gone"): None,
    }
    assert found.pruned == {("c1", "old"), ("c2", "smoke"), ("c2", "gone")}
    assert draft(text, Format.CSV, prune="q=gate&model=old").pruned == {("c1", "old")}


@pytest.mark.parametrize("fault", ["Gate 3,helmet,true", "Gate 2,old,true"])
def test_nothing_is_pruned_while_something_in_the_file_is_wrong(fault: str) -> None:
    text = f"camera,model,enabled\nGate 1,helmet,false\n{fault}\n"
    found = draft(text, Format.CSV, prune="")
    assert [one.key for one in found.changes.changes] == [("c1", "helmet")]
    assert not found.pruned
    unknown_row = read_file(b"camera,model\nGate 3,helmet\n", Format.CSV)
    assert import_file(unknown_row, FLEET, GridQuery()).removals == {}
    assert len(found.problems) == 1


def test_nothing_is_imported_into_a_fleet_that_is_not_known_in_full() -> None:
    snapshot = FleetSnapshot.nothing_read("the VAS is down", FLEET.taken_at)
    with pytest.raises(FleetUnknownError, match="the VAS is down"):
        draft_file(b"camera,model\n", Format.CSV, snapshot, GridQuery())


def test_without_a_registry_a_model_is_not_called_unknown() -> None:
    unregistered = FleetSnapshot(
        FLEET.cameras, Part.unavailable("no registry"), FLEET.assignments, FLEET.taken_at
    )
    text = b"camera,model,enabled\nGate 1,helmet,false\nGate 1,smoke,true\nGate 1,nobody,true"
    found = draft_file(text, Format.CSV, unregistered)
    assert [str(one) for one in found.problems] == [
        'line 4, column 8: the model "nobody" is not known: no registry'
    ]
    assert len(found.changes.changes) == 2


@pytest.mark.parametrize(
    "row",
    [
        "gate 1 ,,Helmet",
        "\N{NO-BREAK SPACE}Gate\N{EM SPACE}1,yard ,helmet ",
        "\N{FULLWIDTH LATIN CAPITAL LETTER G}ate 1,Y\N{ZERO WIDTH SPACE}ard,HELMET",
    ],
)
def test_a_name_that_looks_the_same_is_the_same(row: str) -> None:
    camera, location, model = row.split(",")
    place = ",".join((camera, location, model)) if location else f"{camera},Yard,{model}"
    found = draft(f"camera,location,model,desired_fps\n{place},7\n", Format.CSV)
    assert found.problems == []
    assert [one.key for one in found.changes.changes] == [CellKey("c1", "helmet")]


def test_names_that_differ_only_in_how_they_are_written_are_named_side_by_side() -> None:
    composed, apart = "B\N{LATIN SMALL LETTER U WITH DIAERESIS}ro", "Bu\N{COMBINING DIAERESIS}ro"
    snapshot = fleet((Camera("k1", composed), Camera("k2", apart)), MODELS, {})
    for name, key in ((composed, "k1"), (apart, "k2")):
        file = read_file(f"camera,model\n{name},helmet\n".encode(), Format.CSV)
        found = import_file(file, snapshot)
        assert list(found.desired_changes) == [CellKey(key, "helmet")]
    file = read_file(f"camera,model\n{composed.upper()},helmet\n".encode(), Format.CSV)
    (problem,) = import_file(file, snapshot).problems
    assert "2 cameras have the name" in problem.message
    assert f'"{composed}" ("B\\u00fcro") is k1' in problem.message
    assert '("Bu\\u0308ro") is k2' in problem.message


@pytest.mark.parametrize(
    "text",
    [
        "camera,model,enabled,desired_fps\r\nGate 3,helmet,TRUE,7\r\nGate 2,helmet,TRUE\r\n",
        "camera;model;enabled;desired_fps;;\nGate 3;helmet;on;7;;\n;;;;;\nGate 2;helmet;on;;;;;\n",
        "camera;;model;desired_fps\nGate 3;;helmet;7\n\n \nGate 2; ;helmet;",
        "sep=;\r\ncamera;model;desired_fps\r\nGate 3;helmet;7\r\nGate 2;helmet;\r\n",
        "\ufeffSEP=\t\ncamera\tmodel\tdesired_fps\nGate 3\thelmet\t7\nGate 2\thelmet",
    ],
)
def test_what_spreadsheets_leave_out_or_add_is_read(text: str) -> None:
    cameras = (Camera("c2", "Gate 2"), Camera("c3", "Gate 3"))
    found = import_file(read_file(text.encode(), Format.CSV), fleet(cameras, MODELS, {}))
    assert found.problems == []
    assert found.desired_changes[CellKey("c2", "helmet")].desired_fps is None
    assert found.desired_changes[CellKey("c3", "helmet")].desired_fps == 7


def test_a_value_under_a_heading_without_a_name_is_told() -> None:
    text = "camera;model;;desired_fps\nGate 1;helmet;x;7\n"
    message = "this field stands in no column of the header"
    assert wrong(text, Format.CSV) == [(2, 15, message)]


def test_a_file_of_windows_is_told_how_to_save_it_anew() -> None:
    ((line, column, message),) = wrong_bytes("camera;model\nB\u00fcro;helmet\n".encode("cp1252"))
    assert (line, column) == (2, 2)
    assert 'save it again, in a spreadsheet as "CSV UTF-8"' in message


def wrong_bytes(data: bytes) -> Problems:
    return [(one.line, one.column, one.message) for one in read_file(data, Format.CSV).problems]


@pytest.mark.parametrize(
    "rows",
    [
        "," * 1_000_000,
        ";" * 1_000_000,
        ",\n" * 500_000,
        "x,\n" * 250_000,
    ],
    ids=["one row", "semicolons", "empty rows", "wrong rows"],
)
def test_millions_of_empty_fields_take_no_memory_of_their_own(rows: str) -> None:
    data = ("camera,model,desired_fps\n" + rows).encode()
    tracemalloc.start()
    read_file(data, Format.CSV)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10 * len(data)


def test_a_cell_beyond_the_limits_can_stay_so_and_be_turned_off() -> None:
    snapshot = fleet(CAMERAS, MODELS, {CellKey("c1", "helmet"): on(99, 300)})
    text = "camera,model,enabled,desired_fps,priority\nGate 1,helmet,false,99,300\n"
    found = import_file(read_file(text.encode(), Format.CSV), snapshot)
    assert found.problems == []
    wrong = import_file(read_file(text.replace("99", "98").encode(), Format.CSV), snapshot)
    assert [one.message for one in wrong.problems] == [
        "desired_fps must be a whole number from 1 to 30, not 98"
    ]
