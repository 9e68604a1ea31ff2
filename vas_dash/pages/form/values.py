"""Values to the texts that stand in fields, and back.

The wire carries texts only: a number typed into a number input is lost by the browser when it does
not like it, and JavaScript rounds large integers. One rule holds everything together:

    a value has a text in a field only if that text gives back exactly this value;
    every other value is shown as raw JSON, which always does.

A blank text means: not set. What that leaves unsaid is written out: `""` is the empty text, and
`null` null where the schema allows it. Blanks around a text are not kept; a stored text that has
some is shown as raw JSON.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from enum import Enum
from typing import Any, Final, TypeAlias

from vas_dash.domain.text import canonical, cut, is_encodable, json_text
from vas_dash.errors import VasDashError
from vas_dash.pages.form.fields import Field, Kind

MAX_TEXT_LENGTH = 100_000
Submitted: TypeAlias = Mapping[str, object]
"""What came back from the browser, by field id: texts, lists of texts, or None for blank."""

EMPTY_TEXT = '""'
EMPTY_LIST = "[]"
NULL = "null"


class Missing(Enum):
    """The type of `MISSING`: no value at all, which is not null."""

    MISSING = "missing"


MISSING: Final = Missing.MISSING


class TextError(VasDashError):
    """A text is not what its field asks for. The message says, for people, what it must be."""


def show(field: Field, value: object) -> str | tuple[str, ...] | None:
    """`value` as the field shows it, or None when only raw JSON can show it."""
    if field.kind is Kind.CHOICES:
        return _show_choices(field, value)
    text = _show(field, value)
    # The one rule, applied rather than hoped for.
    if text is None or not is_encodable(text):
        return None
    try:
        back = parse(field, text)
    except TextError:
        return None
    if back is MISSING or canonical(back) != canonical(value):
        return None
    return text


def _show(field: Field, value: object) -> str | None:
    match field.kind:
        case Kind.BOOLEAN | Kind.CHOICE:
            return canonical(value)
        case Kind.SEARCH:
            text = canonical(value)
            return next((one.label for one in field.options if one.value == text), None)
        case Kind.JSON:
            return json_text(value)
        case _:
            return _show_scalar(field.kind, value, field.nullable)


def _show_scalar(kind: Kind, value: object, nullable: bool) -> str | None:
    if value is None:
        return NULL if nullable else None
    if kind is Kind.TEXT:
        if not isinstance(value, str) or "\r" in value:  # browsers turn \r\n into \n
            return None
        return value or EMPTY_TEXT
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return repr(value)


def _show_choices(field: Field, value: object) -> tuple[str, ...] | None:
    if not isinstance(value, list):
        return None
    known = {option.value for option in field.options}
    chosen = tuple(canonical(item) for item in value)
    return chosen if known.issuperset(chosen) and len(set(chosen)) == len(chosen) else None


def text_of(submitted: Submitted, name: str) -> str:
    """What was submitted for one field, where that is a text."""
    value = submitted.get(name)
    return value[:MAX_TEXT_LENGTH] if isinstance(value, str) else ""


def received(field: Field, value: object) -> str | tuple[str, ...] | None:
    """What a browser sent for the field, as a field holds it; None when it is no such thing."""
    if value is None:
        return () if field.kind is Kind.CHOICES else ""
    if field.kind is Kind.CHOICES:
        if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
            return tuple(value)
        return None
    if field.kind is Kind.BOOLEAN and isinstance(value, bool):
        return canonical(value)
    return value if isinstance(value, str) else None


def is_untouched(field: Field, text: str | tuple[str, ...]) -> bool:
    """Whether `text` is what the field shows. The order of ticks means nothing."""
    if field.kind is Kind.CHOICES:
        return set(text) == set(field.value)
    return text == field.value


def parse(field: Field, text: str | tuple[str, ...]) -> Any:
    """The value that `text` stands for; `MISSING` when it is blank.

    Raises:
        TextError: it is not what the field asks for.
    """
    if not isinstance(text, str):
        return _parse_choices(field, text)
    if len(text) > MAX_TEXT_LENGTH:
        raise TextError(f"is longer than {MAX_TEXT_LENGTH} characters")
    text = text.strip()
    if not text:
        return MISSING
    match field.kind:
        case Kind.BOOLEAN | Kind.CHOICE:
            value = _choice(field, text)
        case Kind.SEARCH:
            value = _searched(field, text)
        case Kind.JSON:
            value = parse_json(text)
        case _:
            value = _parse_scalar(field.kind, text, field.nullable)
    _refuse_unstorable(value)
    return value


def _parse_choices(field: Field, chosen: tuple[str, ...]) -> Any:
    if not chosen:
        # Nothing ticked any more is a choice where a list is needed; else it is "not set".
        return [] if field.required and field.value else MISSING
    return [_choice(field, text) for text in dict.fromkeys(chosen)]


def _choice(field: Field, text: str) -> Any:
    if any(option.value == text for option in field.options):
        return json.loads(text)
    labels = ", ".join(option.label for option in field.options if option.value)
    raise TextError(cut(f"must be one of: {labels}", 200))


def _searched(field: Field, text: str) -> Any:
    """The choice of these words; upper and lower case are alike where only one is meant."""
    by_label = {option.label: option.value for option in field.options}
    alike = [label for label in by_label if label.casefold() == text.casefold()]
    if text not in by_label and len(alike) == 1:
        (text,) = alike
    return _choice(field, by_label.get(text, ""))


def _parse_scalar(kind: Kind, text: str, nullable: bool) -> Any:
    if nullable and text == NULL:
        return None
    if kind is Kind.TEXT:
        return "" if text == EMPTY_TEXT else text
    return _parse_number(kind, text)


_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_WHOLE = re.compile(r"[+-]?[0-9]+")
_NO_NUMBERS = {"nan", "inf", "infinity"}


def _parse_number(kind: Kind, text: str) -> int | float:
    wanted = "a whole number" if kind is Kind.INTEGER else "a number"
    if text.lower().lstrip("+-") in _NO_NUMBERS:
        raise TextError(f"must be {wanted}; NaN and infinity cannot be stored")
    decimal = kind is not Kind.INTEGER and text.count(",") == 1
    if decimal and _NUMBER.fullmatch(text.replace(",", ".")):
        pointed = text.replace(",", ".")
        raise TextError(f"must be {wanted}, written with a point: {cut(pointed, 40)}")
    if not _NUMBER.fullmatch(text):
        raise TextError(f"must be {wanted}, such as {'5' if kind is Kind.INTEGER else '0.5'}")
    if _WHOLE.fullmatch(text):
        if len(text) > 1000:
            raise TextError("has too many digits")
        return int(text)
    value = _float(text)
    if not math.isfinite(value):
        raise TextError("is too large to be stored")
    if kind is Kind.INTEGER and not value.is_integer():
        raise TextError("must be a whole number")
    return value


def _float(text: str) -> float:
    """The number that is written so.

    Raises:
        TextError: it has more digits than a number of JSON keeps in any common program.
    """
    value = float(text)
    try:
        is_kept = not math.isfinite(value) or Decimal(repr(value)) == Decimal(text)
    except InvalidOperation:  # of an exponent without end
        is_kept = False
    if not is_kept:
        raise TextError(f"has more digits than can be stored; {value!r} can")
    return value


def parse_whole_number(text: str, limits: tuple[int, int]) -> int:
    """A whole number within `limits`, both included; `5.0` and `+5` are 5.

    Raises:
        TextError: it is none, or beyond them.
    """
    lowest, highest = limits
    try:
        number = _parse_number(Kind.INTEGER, text)
    except TextError:
        number = math.nan
    if not lowest <= number <= highest:
        raise TextError(f"must be a whole number from {lowest} to {highest}")
    return int(number)


def parse_json(text: str) -> Any:
    """Any JSON value.

    Raises:
        TextError: it is no JSON, says something twice, or holds what cannot be stored.
    """
    try:
        return json.loads(
            text,
            object_pairs_hook=_without_repeats,
            parse_constant=_refuse_constant,
            parse_float=_float,
        )
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise TextError(f"is not JSON: {error.msg} ({place})") from None
    except RecursionError:
        raise TextError("is nested too deeply") from None
    except ValueError:  # Python's own limit
        raise TextError("holds a number with too many digits") from None


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise TextError(f"names {cut(twice, 100)} twice")
    return values


def _refuse_constant(name: str) -> None:
    raise TextError(f"holds {name}, which cannot be stored")


def _refuse_unstorable(value: object) -> None:
    """The backend's database takes no NUL, no half characters and no infinity."""
    level: list[object] = [value]
    while level:
        below: list[object] = []
        for item in level:
            if isinstance(item, str):
                if "\0" in item or not is_encodable(item):
                    raise TextError("holds a character that cannot be stored")
            elif isinstance(item, float):
                if not math.isfinite(item):
                    raise TextError("holds a number that is too large to be stored")
            elif isinstance(item, dict):
                below.extend((*item, *item.values()))
            elif isinstance(item, list):
                below.extend(item)
        level = below


def unique_options(values: Iterable[object]) -> list[object]:
    """`values` without those that are there already."""
    return list({canonical(value): value for value in values}.values())
