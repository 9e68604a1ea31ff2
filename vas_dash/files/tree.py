"""What a file says, with the place of every value in it."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

from vas_dash.errors import VasDashError

__all__ = [
    "MAX_DEPTH",
    "FileCell",
    "FileIntent",
    "FilePreset",
    "FileProblem",
    "Format",
    "FormatError",
    "Node",
    "Place",
    "Places",
    "parameter_at",
]

MAX_DEPTH = 100
"""Values may be nested so deep."""


class Format(StrEnum):
    """The kinds of file. The value is what a file's name ends with."""

    CSV = "csv"
    JSON = "json"
    YAML = "yaml"

    @classmethod
    def of(cls, name: str) -> Format | None:
        """The format that a file's name tells, if it does."""
        ending = name.rpartition(".")[2].lower()
        return cls.YAML if ending == "yml" else next((one for one in cls if one == ending), None)


class Place(NamedTuple):
    """Where something stands in a file, both counted from 1. The column counts characters."""

    line: int
    column: int


_LINE_END = re.compile(r"\r\n|\r|\n")


class Places:
    """From offsets in a text to places; a line ends with LF, CR LF or CR."""

    def __init__(self, text: str) -> None:
        self._starts = array("Q", [0])
        self._starts.extend(found.end() for found in _LINE_END.finditer(text))

    def __call__(self, at: int) -> Place:
        """The place of the character at an offset."""
        line = bisect_right(self._starts, at)
        return Place(line, at - self._starts[line - 1] + 1)


@dataclass(slots=True)
class Node:
    """A value and the offset at which it begins.

    `value` is null, a scalar, a list of nodes, or a mapping of names to nodes; `names` are the
    offsets of a mapping's names.
    """

    at: int
    value: Any
    names: dict[str, int] = field(default_factory=dict)

    def find(self, path: Sequence[str]) -> Node:
        """The node at `path`, or the last one on the way to it that is there.

        A name may hold dots, at which the path was split.
        """
        if not path:
            return self
        if isinstance(self.value, list) and path[0].isdecimal() and int(path[0]) < len(self.value):
            return self.value[int(path[0])].find(path[1:])  # type: ignore[no-any-return]
        if isinstance(self.value, dict):
            for length in range(len(path), 0, -1):
                name = ".".join(path[:length])
                if name in self.value:
                    return self.value[name].find(path[length:])  # type: ignore[no-any-return]
        return self


@dataclass(frozen=True, slots=True, order=True)
class FileProblem:
    """One thing that is wrong in a file, in words for people."""

    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}: {self.message}"


class FormatError(VasDashError):
    """The text cannot be read on from offset `at`. The message says why."""

    def __init__(self, at: int, message: str) -> None:
        super().__init__(message)
        self.at = at


def parameter_at(
    properties: Mapping[str, Node], path: Sequence[str], message: str = ""
) -> int | None:
    """The offset of the parameter at `path`, or of the nearest one around it; None: there is none.

    Where the message about a mapping ends with names that it holds, that of the first of them.
    """
    node = properties.get("parameters")
    if node is None:
        return None
    node = node.find(path)
    named = message.rpartition(": ")[2].split(", ")
    return next((node.names[name] for name in named if name in node.names), node.at)


@dataclass(frozen=True, slots=True)
class FilePreset:
    """A preset as a file has it; `properties` are those of its values that the file names."""

    at: int
    model: Node
    name: Node
    properties: Mapping[str, Node]


@dataclass(frozen=True, slots=True)
class FileCell:
    """One assigned cell as a file has it; None is what the file does not say.

    `properties` holds those of `enabled`, `desired_fps`, `priority` and `parameters` that it names.
    Where parameters are a text of their own in the file, their nodes count offsets within it, and
    `inner` tells what these are in the file.
    """

    at: int
    camera: Node | None
    camera_id: Node | None
    location: Node | None
    model: Node
    properties: Mapping[str, Node]
    inner: Callable[[int], int] | None = None

    def parameter(self, path: Sequence[str], message: str = "") -> int:
        """As `parameter_at`; that of the cell where it has no parameters."""
        at = parameter_at(self.properties, path, message)
        if at is None:
            return self.at
        return at if self.inner is None else self.inner(at)


@dataclass(frozen=True)
class FileIntent:
    """A file that was read: its cells, its presets, and what could not be understood, in the
    file's order.
    """

    cells: Sequence[FileCell]
    problems: Sequence[FileProblem]
    place: Places
    presets: Sequence[FilePreset] = ()
