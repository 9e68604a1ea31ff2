"""CSV to cells, each with its place.

The standard library's reader tells lines at best, so the fields are taken apart here, after
RFC 4180: a field in double quotes may hold separators, line breaks and doubled quotes. Spreadsheets
also write semicolons or tabs between the fields; the header tells which.
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
    rows = _rows(text, _separator(text))
    header = next(rows, [])
    names = _header(header)
    for row in rows:
        if not any(field.text.strip() for field in row):
            continue
        if len(row) != len(header):
            report(row[0].at, f"{_fields(len(row))} in this row; the header has {len(header)}")
            continue
        cell = _cell(dict(zip(names, row, strict=True)), report)
        if cell is not None:
            yield cell


def _fields(count: int) -> str:
    return f"{count} field" if count == 1 else f"{count} fields"


def _separator(text: str) -> str:
    header = re.match(r"\s*([^\r\n]*)", text)
    line = header[1] if header else ""
    return max(",;\t", key=line.count)


def _rows(text: str, separator: str) -> Iterator[list[_Field]]:
    """The rows with their fields. A line break at the end of the text begins no row."""
    pattern = re.compile(
        rf'(?:"([^"]*(?:""[^"]*)*)"|((?!")[^{separator}\r\n]*))({separator}|\r\n|\n|\r|\Z)'
    )
    at = 0
    row: list[_Field] = []
    while at < len(text) or row:
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
        if name not in COLUMNS:
            shown = field.text[:100] or "(empty)"
            raise FormatError(field.at, f"unknown column {shown}; known: {', '.join(COLUMNS)}")
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
