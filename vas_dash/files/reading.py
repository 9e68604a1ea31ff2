"""A file, of any of the formats, to its cells."""

from __future__ import annotations

from vas_dash.files.csv_reading import read_csv
from vas_dash.files.decoding import BadEncodingError, decode
from vas_dash.files.document import read_document
from vas_dash.files.json_reading import read_json
from vas_dash.files.tree import FileCell, FileIntent, FileProblem, Format, FormatError, Places
from vas_dash.files.yaml_reading import read_yaml

__all__ = ["read_file"]


def read_file(data: bytes, format: Format) -> FileIntent:  # noqa: A002 - the word of the field
    """What the file says. Nothing is raised: whatever is wrong is among its problems."""
    text = ""
    cells: list[FileCell] = []
    found: list[tuple[int, str]] = []

    def report(at: int, message: str) -> None:
        found.append((at, message))

    try:
        text = decode(data)
        match format:
            case Format.CSV:
                cells.extend(read_csv(text, report))
            case Format.JSON:
                cells.extend(read_document(read_json(text), report))
            case Format.YAML:
                cells.extend(read_document(read_yaml(text), report))
    except BadEncodingError as error:
        text = error.before
        report(error.at, str(error))
    except FormatError as error:
        report(error.at, str(error))
    place = Places(text)
    problems = tuple(FileProblem(*place(at), message) for at, message in sorted(found))
    return FileIntent(cells, problems, place)
