"""A file, of any of the formats, to its cells and presets."""

from __future__ import annotations

from collections.abc import Iterable

from vas_dash.files.csv_reading import read_csv
from vas_dash.files.decoding import BadEncodingError, decode
from vas_dash.files.document import read_document
from vas_dash.files.json_reading import read_json
from vas_dash.files.tree import (
    FileCell,
    FileIntent,
    FilePreset,
    FileProblem,
    Format,
    FormatError,
    Places,
)
from vas_dash.files.yaml_reading import read_yaml

__all__ = ["read_file"]

MAX_PROBLEMS = 1_000
"""A file with more of them is something else; each is kept and told."""

MAX_CELLS = 250_000
"""Twice as many as a fleet of 5,000 cameras and 25 models has."""


def read_file(data: bytes, format: Format) -> FileIntent:  # noqa: A002 - the word of the field
    """What the file says. Nothing is raised: whatever is wrong is among its problems."""
    text = ""
    cells: list[FileCell] = []
    presets: list[FilePreset] = []
    found: list[tuple[int, str]] = []

    def report(at: int, message: str) -> None:
        if len(found) >= MAX_PROBLEMS:
            raise FormatError(at, f"more than {MAX_PROBLEMS:,} problems: not read any further")
        found.append((at, message))

    def keep(read: Iterable[FileCell | FilePreset]) -> None:
        for cell in read:
            if isinstance(cell, FilePreset):
                presets.append(cell)
                continue
            if len(cells) >= MAX_CELLS:
                raise FormatError(cell.at, f"more than {MAX_CELLS:,} cells: not read any further")
            cells.append(cell)

    try:
        text = decode(data)
        match format:
            case Format.CSV:
                keep(read_csv(text, report))
            case Format.JSON:
                keep(read_document(read_json(text), report))
            case Format.YAML:
                keep(read_document(read_yaml(text), report))
    except BadEncodingError as error:
        text = error.before
        report(error.at, str(error))
    except FormatError as error:
        found.append((error.at, str(error)))
    place = Places(text)
    problems = tuple(FileProblem(*place(at), message) for at, message in sorted(found))
    return FileIntent(cells, problems, place, presets)
