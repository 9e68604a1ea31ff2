"""JSON values as texts for people, always encodable."""

from __future__ import annotations

import json
import re
import unicodedata
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

_LINE_LENGTH = 60

# Controls but tab and line feed, marks and overrides of direction, invisible breaks, and halves of
# surrogate pairs. The joiners (U+200C, U+200D) are needed to write some languages.
_POWERFUL = re.compile(
    "[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]"
)


def cut(text: str, limit: int = 300) -> str:
    """At most `limit` characters of `text`, with a note when some are left out; `harmless` too."""
    if len(text) <= limit:
        return harmless(text)
    return f"{harmless(text[:limit])}... (cut, {len(text)} characters)"


def sentence(text: str) -> str:
    """`text` with a capital at its beginning and a point at its end."""
    return f"{text[:1].upper()}{text[1:]}."


def count(number: Any, noun: str) -> str:
    """`1 cell`, `1,240 cells`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def moment(when: datetime) -> str:
    """A date and a time of day in UTC: `2026-11-22 14:00:00 UTC`. `UTC_TIME` finds it in a text."""
    with suppress(OverflowError):  # the first or the last day of the calendar, in another zone
        when = when.astimezone(UTC)
    return f"{when.replace(tzinfo=None).isoformat(' ', 'seconds')} UTC"


UTC_TIME = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) UTC")


def harmless(text: str) -> str:
    """`text` without power over what stands around it.

    Characters that would turn the direction of what follows, or that cannot be seen or sent, are
    named instead; a text with letters that are written from right to left is isolated (Unicode's
    UAX #9), so that words and numbers beside it keep their order.
    """
    if text.isascii() and text.isprintable():
        return text
    text = _POWERFUL.sub(lambda found: f"[U+{ord(found[0]):04X}]", text)
    if any(unicodedata.bidirectional(char) in ("R", "AL", "AN") for char in text):
        return f"\N{FIRST STRONG ISOLATE}{text}\N{POP DIRECTIONAL ISOLATE}"
    return text


def canonical(value: object) -> str:
    """A text that two values share only when they are the same JSON, 1 and 1.0 kept apart."""
    return json.dumps(value, sort_keys=True, default=dict)


def json_text(value: object) -> str:
    """JSON for people: on one line where it fits, else indented."""
    text = _json(value, None)
    if len(text) <= _LINE_LENGTH:
        return text
    try:
        return _json(value, 2)
    except RecursionError:  # only the indenting encoder runs out of depth
        return text


def _json(value: object, indent: int | None) -> str:
    text = json.dumps(value, indent=indent, ensure_ascii=False, default=dict)
    return text if is_encodable(text) else json.dumps(value, indent=indent, default=dict)


def plain(value: object) -> str:
    """A value in a sentence: a text as it is, everything else as JSON."""
    return cut(value if isinstance(value, str) else _json(value, None), 100)


def is_encodable(text: str) -> bool:
    """Whether `text` can be sent at all: half of a surrogate pair cannot."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
