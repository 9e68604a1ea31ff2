"""Who uses the page, and what each may do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Operator", "Role"]


class Role(StrEnum):
    """What an operator may do; each may do what the ones before may."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Operator:
    """Somebody who uses the page. `locations` None: cameras everywhere."""

    name: str
    role: Role = Role.OPERATOR
    locations: frozenset[str] | None = None
