"""JSON values as texts for people, always encodable."""

from __future__ import annotations

import json

_LINE_LENGTH = 60


def cut(text: str, length: int) -> str:
    """`text`, ended with an ellipsis when it is longer than `length`; always encodable."""
    shown = text if len(text) <= length else text[: length - 3].rstrip() + "..."
    return shown.encode("utf-8", "replace").decode("utf-8")


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
