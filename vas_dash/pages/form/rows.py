"""Which rows a list has, as the text that travels: their keys in order, or what none means."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from vas_dash.pages.form.fields import Option
from vas_dash.pages.form.values import EMPTY_LIST, MISSING, NULL

MAX_ROWS = 50
"""Rows of one list that are drawn; a longer one is raw JSON."""

_MAX_KEY_DIGITS = 6


def rows_text(value: Any) -> str:
    """The rows of a list as the form is opened with it."""
    if value is MISSING:
        return ""
    if value is None:
        return NULL
    return ",".join(map(str, range(len(value)))) or EMPTY_LIST


def row_keys(text: str) -> tuple[int, ...] | None:
    """The keys of the rows; None when the text is no such thing."""
    if text in ("", EMPTY_LIST, NULL):
        return ()
    steps = text.split(",")[: MAX_ROWS + 1]
    if not all(one.isascii() and one.isdecimal() and len(one) <= _MAX_KEY_DIGITS for one in steps):
        return None
    keys = tuple(map(int, steps))
    return keys if len(set(keys)) == len(keys) else None


def without_rows(text: str) -> Any:
    """The value of a list that has no rows."""
    return {"": MISSING, NULL: None}.get(text, [])


def none_options(opened: str, *, required: bool, nullable: bool) -> Sequence[Option]:
    """What no rows can mean."""
    unset = [] if required and opened else [Option("", "not set")]
    null = [Option(NULL, NULL)] if nullable else []
    return (*unset, Option(EMPTY_LIST, "an empty list"), *null)
