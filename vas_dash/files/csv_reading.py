"""CSV to cells, each with its place.

The standard library's reader tells lines at best, so the fields are taken apart here, after
RFC 4180: a field in double quotes may hold separators, line breaks and doubled quotes. Spreadsheets
also write semicolons or tabs between the fields, which the header tells, or a line `sep=;` before
it. They leave empty fields at the end of a row out, and add some.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from vas_dash.files.formulas import restore
from vas_dash.files.json_reading import read_json
from vas_dash.files.tree import FileCell, FormatError, Node

__all__ = ["COLUMNS", "read_csv"]

COLUMNS = (
    "camera_id",
    "camera",
    "location",
    "model",
    "enabled",
    "desired_fps",
    "priority",
    "parameters",
)
"""Every column that a file can have, in the order in which they are written."""

PROPERTIES = COLUMNS[4:]

MAX_FIELDS = 1000
"""A row has no more fields that are not empty."""

_BOOLEAN = {"true": True, "false": False, "on": True, "off": False}
_WHOLE = re.compile(r"-?[0-9]{1,18}")

Report = Callable[[int, str], None]


@dataclass(slots=True)
class _Field:
    at: int
    text: str
    quoted: bool

    def inner(self, offset: int) -> int:
        """Where in the file the character of `text` at `offset` stands."""
        if not self.quoted:
            return self.at + offset
        return self.at + 1 + offset + self.text.count('"', 0, offset)


def read_csv(text: str, report: Report) -> Iterator[FileCell]:
    """The cells; what is wrong with a row is reported with its offset, and the row left out.

    Raises:
        FormatError: the text cannot be taken apart, or its header is not understood.
    """
    separator, start = _separator(text)
    rows = _rows(text, separator, start)
    names = _header(next(rows, []))
    for row in rows:
        if not any(field.text.strip() for field in row):
            continue
        # Where a row is shorter than the header its missing fields are empty.
        end = row[-1].at + len(row[-1].text)
        fields = row + [_Field(end, "", False)] * (len(names) - len(row))
        extra = next((one for one in _unnamed(fields, names) if one.text.strip()), None)
        if extra is not None:
            report(extra.at, "this field stands in no column of the header")
            continue
        named = {name: one for name, one in zip(names, fields, strict=False) if name}
        cell = _cell(named, report)
        if cell is not None:
            yield cell


def _unnamed(fields: Sequence[_Field], names: Sequence[str]) -> Iterator[_Field]:
    """The fields of a row that the header has no name for."""
    for number, field in enumerate(fields):
        if number >= len(names) or not names[number]:
            yield field


def _separator(text: str) -> tuple[str, int]:
    """What stands between the fields, and where the header begins."""
    declared = re.match(r'\s*"?sep=([,;\t])"?[^\S\r\n]*(?:\r\n|\n|\r|\Z)', text, re.IGNORECASE)
    if declared:
        return declared[1], declared.end()
    header = re.match(r"\s*([^\r\n]*)", text)
    line = header[1] if header else ""
    return max(",;\t", key=line.count), 0


def _rows(text: str, separator: str, at: int) -> Iterator[list[_Field]]:
    """The rows with their fields, from `at` on; empty rows are left out.

    Of a row that is longer than `MAX_FIELDS` the empty fields that follow are left out.
    """
    pattern = re.compile(
        rf'(?:"([^"]*(?:""[^"]*)*)"|((?!")[^{separator}\r\n]*))({separator}|\r\n|\n|\r|\Z)'
    )
    empty_row = re.compile(rf"[ {separator}]*(?:\r\n|\n|\r)|[ {separator}]+\Z")
    empty_fields = re.compile(f"{separator}+")
    row: list[_Field] = []
    while at < len(text) or row:
        skipped = None
        if not row:
            skipped = empty_row.match(text, at)
        elif len(row) > MAX_FIELDS:
            skipped = empty_fields.match(text, at)
        if skipped is not None:
            at = skipped.end()
            continue
        if len(row) > MAX_FIELDS + 1:
            raise FormatError(at, f"more than {MAX_FIELDS} fields in this row")
        match = pattern.match(text, at)
        if match is None:
            raise FormatError(at, _bad_quotes(text, at))
        quoted = match[1] is not None
        value = match[1].replace('""', '"') if quoted else match[2]
        row.append(_Field(at, value, quoted))
        at = match.end()
        if match[3] != separator:
            yield row
            row = []


def _bad_quotes(text: str, at: int) -> str:
    closed = re.compile(r'"[^"]*(?:""[^"]*)*"').match(text, at)
    if closed is None:
        return "a double quote opens here and is never closed"
    return "text after a closing double quote; a quote within a field is written twice"


def _header(fields: Sequence[_Field]) -> list[str]:
    names = [field.text.strip().lower() for field in fields]
    for field, name in zip(fields, names, strict=True):
        if not name:
            continue
        if name not in COLUMNS:
            known = ", ".join(COLUMNS)
            raise FormatError(field.at, f"unknown column {field.text[:100]}; known: {known}")
        if names.count(name) > 1:
            raise FormatError(field.at, f"the column {name} is there twice")
    if "model" not in names:
        raise FormatError(0, "the column model is missing")
    if not {"camera", "camera_id"} & set(names):
        raise FormatError(0, "the column camera is missing")
    return names


def _cell(row: Mapping[str, _Field], report: Report) -> FileCell | None:
    texts = {
        name: Node(field.at, restore(field.text))
        for name in ("camera", "camera_id", "location", "model")
        if (field := row.get(name)) is not None and field.text
    }
    if "model" not in texts:
        report(row["model"].at, "model is empty")
        return None
    first = next(iter(row.values()))
    if not {"camera", "camera_id"} & set(texts):
        report((row.get("camera") or row["camera_id"]).at, "camera is empty")
        return None
    properties: dict[str, Node] = {}
    for name in PROPERTIES:
        if name in row:
            try:
                properties[name] = _property(name, row[name])
            except FormatError as error:
                report(error.at, f"{name}: {error}")
                return None
    return FileCell(
        first.at,
        texts.get("camera"),
        texts.get("camera_id"),
        texts.get("location"),
        texts["model"],
        properties,
        row["parameters"].inner if "parameters" in row else None,
    )


# Many cells have the same parameters.
_read_json = lru_cache(maxsize=1_000)(read_json)


def _property(name: str, field: _Field) -> Node:
    text = field.text.strip()
    value: Any = text
    if not text:
        value = None
    elif name == "enabled":
        value = _BOOLEAN.get(text.lower(), text)
    elif name == "parameters":
        try:  # its nodes count offsets within the field
            return _read_json(field.text)
        except FormatError as error:
            raise FormatError(field.inner(error.at), str(error)) from None
    elif _WHOLE.fullmatch(text):
        value = int(text)
    return Node(0 if name == "parameters" else field.at, value)
