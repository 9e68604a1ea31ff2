"""Export and import: whatever names and parameters there are, nothing is lost or changed."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.fleets import fleet
from vas_dash.domain.entities import AiModel, Camera, CellIntent, CellKey
from vas_dash.domain.fleet import FleetSnapshot
from vas_dash.files.csv_reading import _rows
from vas_dash.files.drafting import draft_file
from vas_dash.files.exporting import export_file
from vas_dash.files.formulas import DANGEROUS, neutralise, restore
from vas_dash.files.tree import Format
from vas_dash.fleet.query import GridQuery

HOSTILE = (
    *("=cmd|' /C calc'!A0", "+1", "-1", "@x", "\tx", "\rx", "'", "''", "'=1", "'x", "a,b;c\td"),
    *('"', '""', 'a"b', "a\nb", "a\r\nb", "a\rb", " a ", "# x", "a: b", "- a", "? a", "a #b", "{"),
    *("no", "NO", "y", "null", "~", "true", "1e3", "0x1F", "0o17", "010", "1_000", "12:30", ".5"),
    *(
        "2026-11-22",
        "<<",
        "=",
        "!!x",
        "&a",
        "*a",
        "%a",
        "|",
        ">",
        "[",
        "`",
        "---",
        "...",
        "é",
        "漢",
    ),
    *(
        "\N{GRINNING FACE}",
        "\x00",
        "\x07",
        "\x7f",
        "\x85",
        "\u2028",
        "\ufeff",
        "\uffff",
        "\\",
        "\\n",
    ),
    *("a \u2028 b", "long " * 250, "-", "on ", "a" * 130 + ":", "Infinity", ".inf", "+.5e9"),
)

texts = st.one_of(st.sampled_from(HOSTILE), st.text(min_size=1, max_size=8))
storable = texts.filter(lambda text: "\0" not in text)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from([1e-7, 1e16, 1.5e300, 10**30, -0.0])
    | storable
    | st.just(""),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(storable, inner, max_size=3),
    max_leaves=6,
)
intents = st.builds(
    CellIntent,
    st.booleans(),
    st.none() | st.integers(1, 30),
    st.none() | st.integers(0, 100),
    st.none() | st.dictionaries(storable, values, max_size=3),
)


@st.composite
def fleets(draw: Any) -> tuple[FleetSnapshot, FleetSnapshot]:
    """A fleet, and the same without its assignments."""
    names = draw(st.lists(st.tuples(texts, st.none() | texts), max_size=4))
    cameras = [Camera(f"c{at}", name, location=where) for at, (name, where) in enumerate(names)]
    models = draw(st.lists(texts, max_size=3, unique=True))
    keys = [CellKey(camera.id, model) for camera in cameras for model in models]
    cells = {key: one for key in keys if (one := draw(st.none() | intents)) is not None}
    registry = [AiModel(model, None) for model in models]
    return fleet(cameras, registry, cells), fleet(cameras, registry, {})


@pytest.mark.parametrize("format", Format)
@pytest.mark.parametrize("ids", [False, True])
@settings(max_examples=60, deadline=None)
@given(both=fleets())
def test_what_was_exported_is_imported_without_a_difference(
    format: Format,  # noqa: A002
    ids: bool,
    both: tuple[FleetSnapshot, FleetSnapshot],
) -> None:
    snapshot, bare = both
    data = export_file(snapshot, format, ids=ids)
    draft = draft_file(data, format, snapshot, prune=GridQuery())
    assert (draft.problems, draft.changes.changes, draft.changes.blocked) == ([], (), ())

    # On a fleet without assignments the file makes all of them, to the byte.
    made = draft_file(data, format, bare)
    assert made.problems == []
    desired_changes = {
        change.key: change.desired for change in made.changes.changes if change.desired
    }
    again = fleet(bare.cameras.items, bare.models.items, desired_changes)
    assert export_file(again, format, ids=ids) == data


@settings(max_examples=60, deadline=None)
@given(both=fleets())
def test_other_readers_of_yaml_and_json_read_the_same(
    both: tuple[FleetSnapshot, FleetSnapshot],
) -> None:
    snapshot, _ = both
    as_json = json.loads(export_file(snapshot, Format.JSON))
    assert canonical(yaml.safe_load(export_file(snapshot, Format.YAML))) == canonical(as_json)


def canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True)


@settings(max_examples=200, deadline=None)
@given(rows=st.lists(st.lists(st.one_of(texts, st.just("")), min_size=2, max_size=4), max_size=5))
def test_fields_are_taken_apart_as_the_standard_library_does(rows: list[list[str]]) -> None:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    found = [[field.text for field in row] for row in _rows(text.getvalue(), ",", 0)]
    read = csv.reader(io.StringIO(text.getvalue(), newline=""), strict=True)
    assert found == [row for row in read if any(cell.strip(" ") for cell in row)]


@given(text=st.one_of(texts, st.text(alphabet=sorted({*DANGEROUS, "'", "a"}), max_size=5)))
def test_neutralising_is_undone_exactly(text: str) -> None:
    assert neutralise(text)[:1] not in DANGEROUS
    assert restore(neutralise(text)) == text
