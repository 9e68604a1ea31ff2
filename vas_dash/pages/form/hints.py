"""What a schema says of a value, in words for its field: label, description, limits, default."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from vas_dash.domain.text import canonical, count, cut, plain
from vas_dash.pages.form.fields import Kind
from vas_dash.schema.formats import FORMAT_WORDS
from vas_dash.schema.patterns import is_checkable

MAX_DESCRIPTION_LENGTH = 500
MAX_LABEL_LENGTH = 80
_MAX_LIMIT_LENGTH = 100


def default_text(schema: Mapping[str, Any]) -> str | None:
    """The default of a value, for its field; None where there is none."""
    if "default" not in schema:
        return None
    value = schema["default"]
    if isinstance(value, list) and value and not any(isinstance(i, dict | list) for i in value):
        words = ", ".join(plain(item) for item in value[:20])
    else:
        words = plain(canonical(value) if value == "" else value)
    return f"default {cut(words, _MAX_LIMIT_LENGTH)}"


def scalar_limits(kind: Kind, schema: Mapping[str, Any]) -> Iterator[str | None]:
    """What a text or a number must be, in parts."""
    if kind is Kind.TEXT:
        yield range_text(schema.get("minLength"), schema.get("maxLength"), "character")
        pattern, format_name = schema.get("pattern"), schema.get("format")
        if isinstance(pattern, str):
            unchecked = "" if is_checkable(pattern) else ", which is not checked"
            yield f"pattern {cut(pattern, _MAX_LIMIT_LENGTH)}{unchecked}"
        if isinstance(format_name, str):
            unknown = f"format {cut(format_name, _MAX_LIMIT_LENGTH)}, which is not checked"
            yield FORMAT_WORDS.get(format_name, unknown)
    elif kind is not Kind.BOOLEAN:
        if kind is Kind.INTEGER:
            yield "whole number"
        yield range_text(schema.get("minimum"), schema.get("maximum"))
        above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
        yield f"more than {_number(above)}" if _number(above) else None
        yield f"less than {_number(below)}" if _number(below) else None
        step = _number(schema.get("multipleOf"))
        yield f"a multiple of {step}" if step else None


def _number(value: object) -> str | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return cut(str(value), 40)


def range_text(low: object, high: object, noun: str | None = None) -> str | None:
    """Between which limits a value, or the number of `noun`s, is."""
    lowest, highest = _number(low), _number(high)
    if noun is not None and lowest == "0":
        lowest = None
    if lowest is None and highest is None:
        return None
    if highest is None:
        return f"at least {count(low, noun) if noun else lowest}"
    if lowest is None:
        return f"at most {count(high, noun) if noun else highest}"
    if lowest == highest:
        return f"exactly {count(high, noun) if noun else highest}"
    return f"{lowest} to {count(high, noun) if noun else highest}"


def joined(*parts: str | None) -> str | None:
    """The parts that are there, in one line; None where there are none."""
    return "; ".join(part for part in parts if part) or None


def label_text(title: object, name: str) -> str:
    """The label of a field: its title, else its name."""
    if isinstance(title, str) and title.strip():
        return cut(title.strip(), MAX_LABEL_LENGTH)
    return cut(name, MAX_LABEL_LENGTH) if name.strip() else f'"{name}"'


def description_text(schema: Mapping[str, Any]) -> str | None:
    """What the schema says of a value, cut."""
    text = schema.get("description")
    if not isinstance(text, str) or not text.strip():
        return None
    return cut(text.strip(), MAX_DESCRIPTION_LENGTH)
