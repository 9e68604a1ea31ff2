"""The lists of the VAS: read as a whole, and row by row where one of the rows is bad."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter, ValidationError

from vas_dash.domain.entities import CellKey
from vas_dash.errors import BadAnswerError, ServerFaultError

__all__ = ["RowList", "Rows", "first_problem"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Rows(Generic[T]):
    """The rows of one answer that could be understood.

    `received` counts the others too. `faults` are those that are known to be of a cell, with what
    is wrong; of further ones `problem` says what is wrong with the first. `total` is what the VAS
    says it has in all, None where it does not say.
    """

    items: list[T]
    received: int
    total: int | None = None
    problem: str | None = None
    faults: Mapping[CellKey, str] = field(default_factory=dict)


@dataclass(frozen=True)
class RowList(Generic[T]):
    """How one list is read.

    `whole` reads the answer, which is the list itself, or has it under `name` beside its `total`;
    `row` reads one row. `mended` gives what can be said of a row that is bad, for a reason: an item
    with less in it, the cell that is unknown for it, or None.
    """

    noun: str
    whole: TypeAdapter[Any]
    row: TypeAdapter[Any]
    to_domain: Callable[[Any], T]
    mended: Callable[[Mapping[str, Any], str], T | CellKey | None]
    name: str | None = None

    def read(self, body: bytes) -> Rows[T]:
        """The rows of an answer.

        Raises:
            BadAnswerError: it is no such list.
            ServerFaultError: a row keeps the others from being read.
        """
        try:
            answer = self.whole.validate_json(body, strict=True)
        except ValidationError:
            return self._one_by_one(body)
        rows = answer if self.name is None else answer[self.name]
        total = None if self.name is None else answer["total"]
        return Rows([self.to_domain(row) for row in rows], len(rows), total)

    def _one_by_one(self, body: bytes) -> Rows[T]:
        rows, total = self._taken_apart(body)
        items: list[T] = []
        faults: dict[CellKey, str] = {}
        problem = None
        for number, row in enumerate(rows, 1):
            why = self._put(row, items)
            if why is None:
                continue
            reason = f"the VAS gave a row with a fault ({why})"
            mended = self.mended(row, reason) if isinstance(row, dict) else None
            if isinstance(mended, CellKey):
                faults[mended] = reason
            elif mended is not None:
                items.append(mended)
            else:
                problem = problem or f"in row {number}, {why}"
        return Rows(items, len(rows), total, problem, faults)

    def _taken_apart(self, body: bytes) -> tuple[list[Any], int | None]:
        """The rows as plain JSON. The standard library takes what pydantic's parser refuses."""
        try:
            answer = json.loads(body)
        except RecursionError:
            raise ServerFaultError(f"a row of the {self.noun} is nested too deeply", 200) from None
        except ValueError:
            answer = None
        total = None
        if self.name is not None:
            whole = answer if isinstance(answer, dict) else {}
            answer, total = whole.get(self.name), whole.get("total")
        has_total = self.name is None or type(total) is int
        if not isinstance(answer, list) or not has_total:
            raise BadAnswerError(
                f"the VAS answered with something that is not a list of {self.noun}"
            )
        return answer, total

    def _put(self, row: Any, items: list[T]) -> str | None:
        """Add the row to the items; else what is wrong with it."""
        try:
            text = json.dumps(row, ensure_ascii=False).encode()
            items.append(self.to_domain(self.row.validate_json(text, strict=True)))
        except UnicodeEncodeError:
            return "it holds half a character"
        except RecursionError:
            return "it is nested too deeply"
        except ValidationError as error:
            return first_problem(error)
        return None


def first_problem(error: ValidationError) -> str:
    """The first problem of `error`, in words that hold no input."""
    detail = error.errors(include_input=False, include_url=False, include_context=False)[0]
    if detail["type"] == "json_invalid":
        return "it is nested too deeply"
    field_name = ".".join(str(step) for step in detail["loc"][:1])
    wrong = detail["msg"].replace("Input should", "should", 1)
    return f"{field_name} {wrong}" if field_name else wrong
