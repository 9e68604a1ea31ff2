"""What a form for an assignment's parameters is made of: plain, frozen data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

Path: TypeAlias = tuple[str, ...]
"""The names that lead to a value, outermost first; empty for the parameters themselves."""

ROOT_ID = "#"
"""The id of the parameters themselves."""


class Kind(StrEnum):
    """What a field asks for. Only `CHOICES` carries several texts, every other kind carries one."""

    TEXT = "text"
    NUMBER = "number"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    CHOICE = "choice"
    CHOICES = "choices"
    LINES = "lines"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class Option:
    """One thing to choose: its JSON text, which travels, and its words, which are read."""

    value: str
    label: str


@dataclass(frozen=True, slots=True)
class Field:
    """One value as text. A blank text means: not set.

    `id` is stable and unique in its form: the JSON pointer of the value (RFC 6901) behind `#`.
    `value` is what the control shows: a text, or for `Kind.CHOICES` the chosen options' values.
    `description` comes from the schema, `help` is made from its limits, `placeholder` names the
    default. `item_kind` is the kind of each line of `Kind.LINES`. `nullable`: null is allowed.
    `multiline`: a text that does not fit one line. `others`: holds, as one JSON object, the values
    of its group that have no field of their own; its `path` is the group's. `suggestions`: the id
    of a `datalist` with values to choose from.
    """

    id: str
    path: Path
    kind: Kind
    label: str
    value: str | tuple[str, ...] = ""
    description: str | None = None
    help: str | None = None
    placeholder: str | None = None
    required: bool = False
    options: tuple[Option, ...] = ()
    item_kind: Kind | None = None
    nullable: bool = False
    multiline: bool = False
    suggestions: str | None = None
    others: bool = False
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """An object: fields and groups under one heading. The outermost has an empty label."""

    id: str
    path: Path
    label: str
    children: tuple[Field | Group, ...]
    description: str | None = None
    required: bool = False
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Form:
    """The parameters of one assignment: a group of fields, or one field of raw JSON.

    `note` says, for people, why there is raw JSON or why nothing is checked; usually None.
    """

    root: Group | Field
    note: str | None = None

    def fields(self) -> Iterator[Field]:
        """Every field, in the order shown."""
        return fields_of(self.root)


def fields_of(node: Group | Field) -> Iterator[Field]:
    """The fields at and below `node`, in the order shown."""
    if isinstance(node, Field):
        yield node
    else:
        for child in node.children:
            yield from fields_of(child)


def field_id(path: Path) -> str:
    """The id of the value at `path`: its JSON pointer behind `#`."""
    return ROOT_ID + "".join("/" + name.replace("~", "~0").replace("/", "~1") for name in path)


def name_in(identity: str) -> str:
    """The name of the top value whose id this is."""
    return identity.removeprefix(f"{ROOT_ID}/").replace("~1", "/").replace("~0", "~")


def others_id(path: Path) -> str:
    """The id of the "other values" of the group at `path`.

    No property can have it: in a JSON pointer `~` is only ever followed by 0 or 1.
    """
    return field_id(path) + "/~other"
