"""What a form for an assignment's parameters is made of: plain, frozen data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeAlias

Path: TypeAlias = tuple[str | int, ...]
"""The names and the keys of rows that lead to a value, outermost first."""

ROOT_ID = "#"
"""The id of the parameters themselves."""


class Kind(StrEnum):
    """What a field asks for. Only `CHOICES` carries several texts, every other kind carries one.

    `SEARCH` is a choice of many, by its words. `ROWS` holds which rows a list has.
    """

    TEXT = "text"
    NUMBER = "number"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    CHOICE = "choice"
    CHOICES = "choices"
    SEARCH = "search"
    JSON = "json"
    ROWS = "rows"


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
    default. `nullable`: null is allowed. `multiline`: a text that does not fit one line. `others`:
    holds, as one JSON object, the values of its group that have no field of their own; its `path`
    is the group's. `suggestions`: the id of a `datalist` with values to choose from.
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
    nullable: bool = False
    multiline: bool = False
    others: bool = False
    suggestions: str | None = None
    error: str | None = None


class Shape(StrEnum):
    """What a group stands for: an object, a list of rows, or a value with several forms."""

    OBJECT = "object"
    LIST = "list"
    CHOICE = "choice"


@dataclass(frozen=True, slots=True)
class Group:
    """Fields and groups under one heading. The outermost has an empty label.

    `control` says which children there are: the rows of a list, the form of a choice. A row is
    known by its key, the last step of its path: its place in the list that the form was opened
    with, or the next free number. `row_size`: how many fields one more row has. `marks` are
    properties that the form of a choice sets by itself; `constant` is all of its value. `kept`, in
    a list of one: what stays of the value a choice was opened with. `no_rows`: what a list without
    rows is, unless another is chosen.
    """

    id: str
    path: Path
    label: str
    children: tuple[Field | Group, ...]
    description: str | None = None
    help: str | None = None
    required: bool = False
    error: str | None = None
    shape: Shape = Shape.OBJECT
    control: Field | None = None
    next_key: int = 0
    row_size: int = 0
    marks: Mapping[str, Any] = field(default_factory=dict)
    constant: tuple[Any, ...] = ()
    kept: tuple[Any, ...] = ()
    no_rows: str = ""


@dataclass(frozen=True, slots=True)
class Form:
    """The parameters of one assignment: a group of fields, or one field of raw JSON.

    `note` says, for people, why there is raw JSON or why nothing is checked; usually None.
    `left`: fields that there is room for in new rows.
    """

    root: Group | Field
    note: str | None = None
    left: int = 0

    def fields(self) -> Iterator[Field]:
        """Every field, in the order shown."""
        return fields_of(self.root)


def fields_of(node: Group | Field) -> Iterator[Field]:
    """The fields at and below `node`, in the order shown."""
    if isinstance(node, Field):
        yield node
        return
    if node.control is not None:
        yield node.control
    for child in node.children:
        yield from fields_of(child)


def field_id(path: Path) -> str:
    """The id of the value at `path`: its JSON pointer behind `#`.

    What else belongs to the value has `/~` and a word behind it: no property can have such an id,
    as in a JSON pointer `~` is only ever followed by 0 or 1.
    """
    steps = (str(step).replace("~", "~0").replace("/", "~1") for step in path)
    return ROOT_ID + "".join("/" + step for step in steps)


def name_in(identity: str) -> str:
    """The name of the top value whose id this is."""
    return identity.removeprefix(f"{ROOT_ID}/").replace("~1", "/").replace("~0", "~")
