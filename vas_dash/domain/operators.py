"""Who uses the page, and what each may do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Operator", "Role", "person_name"]

NAME_CHARS = 200
"""Longest name of a person."""


class Role(StrEnum):
    """What an operator may do; each may do what the ones before may.

    A viewer reads. An operator changes intent, on cameras of their locations where these are
    given. An admin may do everything: prune on import, undo what others changed, everywhere.
    """

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Operator:
    """A user of the page. `locations` None: cameras everywhere.

    Role and locations may be given as text and as any collection of texts.

    Raises:
        ValueError: the name is empty, too long or not printable, or there is no such role.
        TypeError: the locations are one text instead of several.
    """

    name: str
    role: Role = Role.OPERATOR
    locations: frozenset[str] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", person_name(self.name))
        object.__setattr__(self, "role", Role(self.role))
        object.__setattr__(self, "locations", _locations(self.locations))


def person_name(text: str) -> str:
    """The name of a person as it stands in the journal.

    Raises:
        ValueError: it is empty, too long or not printable. The message does not repeat it.
    """
    name = " ".join(text.split())
    if not name or not name.isprintable() or len(name) > NAME_CHARS:
        raise ValueError(f"a name has 1 to {NAME_CHARS} printable characters")
    return name


def _locations(given: Iterable[str] | None) -> frozenset[str] | None:
    if isinstance(given, str):
        raise TypeError("locations are a collection of texts, not one text")
    return None if given is None else frozenset(given)
