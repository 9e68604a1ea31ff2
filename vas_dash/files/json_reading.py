"""JSON to nodes."""

from __future__ import annotations

import json
import re
from typing import Any

from vas_dash.files.tree import MAX_DEPTH, FormatError, Node

__all__ = ["read_json"]

_BLANKS = " \t\n\r"
_BLANK = re.compile(rf"[{_BLANKS}]*")


def read_json(text: str, start: int = 0) -> Node:
    """The one value of a JSON text (RFC 8259), read from `start` on.

    Raises:
        FormatError: it is no JSON, names something twice, or is nested too deeply.
    """
    reader = _Reader(text)
    node, at = reader.value(reader.blank(start), 0)
    at = reader.blank(at)
    if at != len(text):
        raise FormatError(at, "the file goes on after its end; is a comma or a bracket missing?")
    return node


class _Reader:
    """A recursive descent; the leaves are read by the standard library's decoder."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._leaf = json.JSONDecoder(parse_constant=_no_number).raw_decode

    def blank(self, at: int) -> int:
        """The offset of what is not blank, at `at` or after."""
        if self._text[at : at + 1] not in _BLANKS:  # the end counts as blank
            return at
        match = _BLANK.match(self._text, at)
        return match.end() if match else at

    def value(self, at: int, depth: int) -> tuple[Node, int]:
        """The value at `at`, and the offset after it."""
        if depth > MAX_DEPTH:
            raise FormatError(at, "values are nested too deeply")
        first = self._text[at : at + 1]
        if first == "{":
            return self._mapping(at, depth)
        if first == "[":
            return self._list(at, depth)
        return self._scalar(at)

    def _scalar(self, at: int) -> tuple[Node, int]:
        try:
            value, end = self._leaf(self._text, at)
        except json.JSONDecodeError as error:
            what = "a value is missing here"
            if error.pos > at or self._text[at : at + 1] == '"':
                what = error.msg.removesuffix(" at").removesuffix(" starting")
            raise FormatError(error.pos, f"this is not JSON: {what}") from None
        except _ConstantError as error:
            raise FormatError(at, f"{error} is no JSON and cannot be stored") from None
        except ValueError:  # Python's own limit of digits
            raise FormatError(at, "a number with too many digits") from None
        return Node(at, value), end

    def _mapping(self, at: int, depth: int) -> tuple[Node, int]:
        values: dict[str, Node] = {}
        names: dict[str, int] = {}
        node = Node(at, values, names)
        at = self.blank(at + 1)
        if self._text[at : at + 1] == "}":
            return node, at + 1
        while True:
            if self._text[at : at + 1] != '"':
                raise FormatError(at, "this is not JSON: a name in double quotes is missing here")
            name, end = self._scalar(at)
            if name.value in values:
                raise FormatError(at, f"{json.dumps(name.value)[:100]} is named twice")
            end = self.blank(end)
            self._expect(end, ":")
            values[name.value], end = self.value(self.blank(end + 1), depth + 1)
            names[name.value] = at
            at = self.blank(end)
            if self._text[at : at + 1] == "}":
                return node, at + 1
            self._expect(at, ",")
            at = self.blank(at + 1)

    def _list(self, at: int, depth: int) -> tuple[Node, int]:
        values: list[Node] = []
        node = Node(at, values)
        at = self.blank(at + 1)
        if self._text[at : at + 1] == "]":
            return node, at + 1
        while True:
            value, at = self.value(at, depth + 1)
            values.append(value)
            at = self.blank(at)
            if self._text[at : at + 1] == "]":
                return node, at + 1
            self._expect(at, ",")
            at = self.blank(at + 1)

    def _expect(self, at: int, sign: str) -> None:
        if self._text[at : at + 1] != sign:
            raise FormatError(at, f"this is not JSON: {sign!r} is missing here")


class _ConstantError(Exception):
    """NaN, Infinity or -Infinity."""


def _no_number(name: str) -> Any:
    raise _ConstantError(name)
