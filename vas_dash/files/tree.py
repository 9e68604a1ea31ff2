"""What a file says, with the place of every value in it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import accumulate
from typing import Any, NamedTuple

from vas_dash.errors import VasDashError

__all__ = [
    "MAX_DEPTH",
    "FileCell",
    "FileIntent",
    "FileProblem",
    "Format",
    "FormatError",
    "Node",
    "Place",
    "Places",
    "plain",
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


class Places:
    """From offsets in a text to places; a line ends with LF, CR LF or CR."""

    def __init__(self, text: str) -> None:
        lines = text.replace("\r\n", "\n\n").replace("\r", "\n").split("\n")
        # CR LF became two breaks, so that offsets stay what they are; the second is no line.
        starts = [0, *accumulate(len(line) + 1 for line in lines[:-1])]
        self._starts = [at for at in starts if not (at and text[at - 1 : at + 1] == "\r\n")]

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

    def find(self, path: Iterable[str | int]) -> Node:
        """The node at `path`, or the last one on the way to it that is there."""
        node = self
        for step in path:
            value = node.value
            if isinstance(step, str) and isinstance(value, dict) and step in value:
                node = value[step]
            elif isinstance(step, int) and isinstance(value, list) and 0 <= step < len(value):
                node = value[step]
            else:
                break
        return node


def plain(node: Node) -> Any:
    """The value of a node without its places."""
    value = node.value
    if isinstance(value, dict):
        return {name: plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    return value


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

    def parameter(self, path: Iterable[str | int]) -> int:
        """The offset of the parameter at `path`, or of the nearest one around it."""
        node = self.properties.get("parameters")
        if node is None:
            return self.at
        at = node.find(path).at
        return at if self.inner is None else self.inner(at)


@dataclass(frozen=True)
class FileIntent:
    """A file that was read: its cells, and what could not be understood, in the file's order."""

    cells: Sequence[FileCell]
    problems: Sequence[FileProblem]
    place: Places
