"""YAML to nodes: the part of YAML that every reader understands in the same way.

The library (PyYAML, on libyaml) takes the text apart; what a plain scalar means is decided here.
YAML 1.1 and 1.2 differ in this: `no`, `0o17`, `010`, `1e3`, `12:30` and others are one thing to
some tools and another to the rest, so they are refused with the advice to quote them. Tags,
anchors, aliases, merge keys and further documents are refused too.
"""

from __future__ import annotations

import json
import re
from typing import Any

import yaml

from vas_dash.files.tree import MAX_DEPTH, FormatError, Node

__all__ = ["is_plain_text", "read_yaml"]

_NULL = {"", "~", "null", "Null", "NULL"}
_BOOLEAN = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_WHOLE = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_NUMBER = re.compile(r"[-+]?[0-9]+\.[0-9]*(?:[eE][-+][0-9]+)?")
# The core schema of YAML 1.2, section 10.3.2, in what 1.1 does not know, and the single letters
# that YAML 1.1 means and most readers do not follow.
_CORE_1_2 = re.compile(
    r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|0o[0-7]+|0x[0-9a-fA-F]+"
    r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)|[yYnN]"
)
_TEXT_TAG = "tag:yaml.org,2002:str"
_resolve_1_1: Any = yaml.resolver.Resolver().resolve


def is_plain_text(text: str) -> bool:
    """Whether a plain scalar is a text to YAML 1.1 and 1.2 alike."""
    if _CORE_1_2.fullmatch(text):
        return False
    tag = _resolve_1_1(yaml.ScalarNode, text, (True, False))
    return bool(tag == _TEXT_TAG)


def read_yaml(text: str) -> Node:
    """The one document of a YAML text.

    Raises:
        FormatError: it is no YAML, or holds what is refused here.
    """
    reader = _Reader()
    try:
        for event in yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
            reader.take(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise FormatError(mark.index if mark else 0, f"this is not YAML: {error.problem}") from None
    except yaml.reader.ReaderError as error:
        at = next((at for at, char in enumerate(text) if ord(char) == error.character), 0)
        raise FormatError(at, "a character that YAML does not allow; escape it") from None
    except yaml.YAMLError:
        raise FormatError(0, "this is not YAML") from None
    if reader.top is None:
        raise FormatError(0, "the file says nothing")
    return reader.top


class _Reader:
    """Puts the events of the library together."""

    def __init__(self) -> None:
        self.top: Node | None = None
        self._open: list[tuple[Node, Node | None]] = []
        """The lists and mappings that are not closed yet, each with a name that waits."""

    def take(self, event: Any) -> None:
        """The next event of the library."""
        at: int = event.start_mark.index
        match event:
            case yaml.AliasEvent():
                raise FormatError(at, "aliases are not read")
            case yaml.ScalarEvent() | yaml.SequenceStartEvent() | yaml.MappingStartEvent():
                if event.anchor is not None:
                    raise FormatError(at, "anchors are not read")
                if event.tag is not None:
                    raise FormatError(at, "tags are not read")
                self._begin(at, event)
            case yaml.SequenceEndEvent() | yaml.MappingEndEvent():
                self._open.pop()
            case yaml.DocumentStartEvent() if self.top is not None:
                raise FormatError(at, "a second document is not read")

    def _begin(self, at: int, event: Any) -> None:
        if isinstance(event, yaml.ScalarEvent):
            quoted = not event.implicit[0]
            self._add(Node(at, event.value if quoted else _scalar(at, event.value)), quoted)
            return
        node = Node(at, [], {}) if isinstance(event, yaml.SequenceStartEvent) else Node(at, {}, {})
        self._add(node, False)
        self._open.append((node, None))
        if len(self._open) > MAX_DEPTH:
            raise FormatError(at, "values are nested too deeply")

    def _add(self, node: Node, quoted: bool) -> None:
        if not self._open:
            self.top = node
            return
        parent, name = self._open[-1]
        if isinstance(parent.value, list):
            parent.value.append(node)
        elif name is None:
            self._open[-1] = (parent, self._name(parent, node, quoted))
        else:
            parent.value[name.value] = node
            self._open[-1] = (parent, None)

    def _name(self, parent: Node, node: Node, quoted: bool) -> Node:
        if not isinstance(node.value, str):
            advice = "" if isinstance(node.value, list | dict) or quoted else "; put it in quotes"
            raise FormatError(node.at, f"a name must be a text{advice}")
        if node.value in parent.names:
            raise FormatError(node.at, f"{json.dumps(node.value)[:100]} is named twice")
        parent.names[node.value] = node.at
        return node


def _scalar(at: int, text: str) -> Any:
    if text in _NULL:
        return None
    if text in _BOOLEAN:
        return _BOOLEAN[text]
    try:
        if _WHOLE.fullmatch(text):
            return int(text)
        if _NUMBER.fullmatch(text):
            return float(text)
    except ValueError:  # Python's own limit of digits
        raise FormatError(at, "a number with too many digits") from None
    if is_plain_text(text):
        return text
    raise FormatError(
        at,
        f"not every reader of YAML takes {text[:40]} for the same: write a text in quotes, "
        "true or false, a number like 10, 0.5 or 1.0e-3",
    )
