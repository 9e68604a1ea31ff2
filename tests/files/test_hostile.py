"""Files that nobody should have to read: encodings, sizes, bombs, endless nesting."""

from __future__ import annotations

import codecs
import gzip
import io
import zipfile

import pytest

from tests.fakes.fleets import fleet, on
from vas_dash.domain.entities import AiModel, Camera, CellKey
from vas_dash.files import decoding
from vas_dash.files.drafting import draft_file
from vas_dash.files.exporting import export_file
from vas_dash.files.reading import read_file
from vas_dash.files.tree import MAX_DEPTH, Format, FormatError

FLEET = fleet(
    [Camera("c1", "Zufahrt Straße 漢 \N{GRINNING FACE}")],
    [AiModel("helmet", None)],
    {CellKey("c1", "helmet"): on(5, note="größer")},
)
HEAD = "format: vas-intent\nversion: 1\ncameras:\n"


def problems(data: bytes | str, format: Format) -> list[str]:  # noqa: A002
    data = data.encode() if isinstance(data, str) else data
    return [str(one) for one in read_file(data, format).problems]


@pytest.mark.parametrize("format", Format)
@pytest.mark.parametrize(
    ("mark", "encoding"),
    [
        (b"", "utf-8"),
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ],
)
def test_utf_8_and_utf_16_with_a_mark_are_read(format: Format, mark: bytes, encoding: str) -> None:  # noqa: A002
    text = export_file(FLEET, format).decode("utf-8-sig")
    found = draft_file(mark + text.encode(encoding), format, FLEET)
    assert (found.problems, found.changes.changes, found.cells) == ([], (), 1)


@pytest.mark.parametrize("format", Format)
@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("one\ntwo ß".encode("latin-1"), "line 2, column 5: the file is neither UTF-8 nor UTF-16"),
        ("Straße".encode("utf-32"), "line 1, column 1: the file is neither UTF-8 nor UTF-16"),
        (codecs.BOM_UTF16_LE + b"a\x00b", "line 1, column 2: the file is neither"),
        (b"", "line 1, column 1: the file is empty"),
        (b"\xef\xbb\xbf \r\n", "line 1, column 1: the file is empty"),
        (gzip.compress(b"x", mtime=0), "line 1, column 1: the file is compressed"),
        (b"\xd0\xcf\x11\xe0" + bytes(600), "line 1, column 1: the file is a spreadsheet; save it"),
    ],
)
def test_other_files_are_refused_with_the_place_of_the_fault(
    format: Format,  # noqa: A002
    data: bytes,
    expected: str,
) -> None:
    (found,) = problems(data, format)
    assert found.startswith(expected)


def test_a_zipped_spreadsheet_is_refused() -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as file:
        file.writestr("xl/workbook.xml", "x")
    (found,) = problems(data.getvalue(), Format.CSV)
    assert "a spreadsheet or an archive; save it as CSV" in found


@pytest.mark.parametrize("format", Format)
def test_a_file_beyond_the_limit_is_refused_unread(
    format: Format,  # noqa: A002
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data = export_file(FLEET, format)
    monkeypatch.setattr(decoding, "MAX_BYTES", len(data))
    assert problems(data, format) == []
    monkeypatch.setattr(decoding, "MAX_BYTES", len(data) - 1)
    assert problems(data, format) == ["line 1, column 1: the file is larger than 0 MB"]


LAUGHS = "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (LAUGHS, "line 1, column 4: anchors are not read"),
        ("a: *x\n", "line 1, column 4: aliases are not read"),
        ("!!python/object/apply:os.system [ls]\n", "line 1, column 1: tags are not read"),
        ("a: !!str 5\n", "line 1, column 4: tags are not read"),
        ("a: !custom {}\n", "line 1, column 4: tags are not read"),
        ("%TAG ! tag:x,2026:\n---\na: !b c\n", "line 3, column 4: tags are not read"),
        ("<<: {a: 1}\n", "line 1, column 1: not every reader of YAML takes << for the same"),
        ("a: 1\n---\nb: 1\n", "line 2, column 1: a second document is not read"),
        ("? [a]\n: b\n", "line 1, column 3: a name must be a text"),
        ("a:\n\t- b\n", "line 2, column 1: this is not YAML"),
        ("ä: 漢\x07\n", "line 1, column 5: a character that YAML does not allow"),
        ("# nothing\n", "line 1, column 1: the file says nothing"),
        ("a: " + "9" * 5000, "line 1, column 4: a number with too many digits"),
        ("a: " + "[" * 5000, "line 1, column 103: values are nested too deeply"),
    ],
)
def test_what_yaml_could_do_harm_with_is_refused(text: str, expected: str) -> None:
    (found,) = problems(text, Format.YAML)
    assert found.startswith(expected)


@pytest.mark.parametrize(
    ("text", "column"), [("[" * 100_000, MAX_DEPTH + 2), ('{"a":' * 100_000, 5 * MAX_DEPTH + 6)]
)
def test_endless_nesting_in_json_is_refused(text: str, column: int) -> None:
    expected = [f"line 1, column {column}: values are nested too deeply"]
    assert problems(text, Format.JSON) == expected
    row = 'camera,model,parameters\nx,y,"{}"\n'.format(text.replace('"', '""'))
    (found,) = problems(row, Format.CSV)
    assert found.endswith("values are nested too deeply")


@pytest.mark.parametrize("format", [Format.JSON, Format.CSV])
def test_a_number_of_too_many_digits_is_a_problem_and_no_fault(format: Format) -> None:  # noqa: A002
    number = "9" * 5000
    text = (
        number if format is Format.JSON else f'camera,model,parameters\nx,y,"{{""a"": {number}}}"'
    )
    (found,) = problems(text, format)
    assert "too many digits" in found


def test_line_breaks_of_all_systems_count_the_same() -> None:
    rows = ["camera,model", '"a\nb",helmet', "x", "y"]
    for end in ("\n", "\r\n", "\r"):
        found = problems(end.join(rows), Format.CSV)
        assert [one.partition(":")[0] for one in found] == ["line 4, column 2", "line 5, column 2"]


def test_a_problem_shows_only_a_piece_of_a_long_value() -> None:
    text = f"camera,model\n{'x' * 100_000},helmet\n"
    (found,) = draft_file(text.encode(), Format.CSV, FLEET).problems
    assert len(found.message) < 200


def test_tabs_between_fields_as_spreadsheets_save_unicode_text() -> None:
    text = "camera\tmodel\tdesired_fps\n" + FLEET.cameras.items[0].title + "\thelmet\t7\n"
    found = draft_file(codecs.BOM_UTF16_LE + text.encode("utf-16-le"), Format.CSV, FLEET)
    assert [one.desired and one.desired.desired_fps for one in found.changes.changes] == [7]
    assert found.problems == []


def test_yaml_of_a_hand_with_comments_quotes_and_blocks_is_read() -> None:
    text = (
        f"# our gates\n{HEAD}  - camera: >-\n      Zufahrt\n      Straße 漢 \N{GRINNING FACE}\n"
        "    models: {'helmet': {\"enabled\": False, desired_fps: ~, # slow\n"
        "      priority: +5}}\n...\n"
    )
    found = draft_file(text.encode(), Format.YAML, FLEET)
    (change,) = found.changes.changes
    assert found.problems == []
    assert change.desired is not None
    assert (change.desired.enabled, change.desired.desired_fps, change.desired.priority) == (
        False,
        None,
        5,
    )
    assert change.desired.parameters == {"note": "größer"}


def test_a_name_may_hold_what_utf16_without_a_mark_begins_with() -> None:
    assert decoding.decode(b"camera\nGate \0\n") == "camera\nGate \0\n"
    for encoding in ("utf-16-le", "utf-16-be"):
        with pytest.raises(FormatError, match="neither UTF-8 nor UTF-16 with a mark"):
            decoding.decode("camera\n".encode(encoding))
