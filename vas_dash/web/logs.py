"""One event is one line of `key=value`, whatever the values are.

A host application that wants its lines like this gives a handler of its own `KeyValues()`.
What knows more of an event says it as `extra={"change_set": 118}`.
"""

from __future__ import annotations

import json
import logging
import re
import secrets
import traceback
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path

__all__ = ["KeyValues", "begin_request", "end_request", "to_stderr"]

MAX_CHARS = 1000
"""A value is cut to this length, with a note."""

_EXTRA = ("event", "change_set")
_PLAIN = re.compile(r"[A-Za-z0-9_./:+-]+")
_NUMBER = re.compile(r"\bchange set (\d+)\b")

_request_id: ContextVar[str | None] = ContextVar("vas_dash_request_id", default=None)


def begin_request() -> str:
    """Give the request of this thread an id of its own."""
    made = secrets.token_hex(8)
    _request_id.set(made)
    return made


def end_request() -> None:
    """What this thread does from now on belongs to no request."""
    _request_id.set(None)


class KeyValues(logging.Formatter):
    """`time=... level=warning logger=vas_dash.web request=0a1b... message="..."`.

    An exception is its type and place: its text may hold anything.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        when = datetime.fromtimestamp(record.created, UTC)
        pairs: dict[str, object] = {
            "time": when.isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": None,
            "request": _request_id.get(),
            "change_set": None,
            "message": record.getMessage(),
        }
        if found := _NUMBER.search(str(pairs["message"])):
            pairs["change_set"] = found[1]
        pairs |= {name: getattr(record, name) for name in _EXTRA if hasattr(record, name)}
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            pairs["error"] = type(error).__name__
            where = traceback.extract_tb(error.__traceback__)
            pairs["at"] = f"{Path(where[-1].filename).name}:{where[-1].lineno}" if where else None
        return " ".join(f"{key}={_value(value)}" for key, value in pairs.items() if value)


def _value(value: object) -> str:
    """A word as it is; else in quotes and in ASCII, so that no character ends the line."""
    text = str(value)
    if len(text) > MAX_CHARS:
        text = f"{text[:MAX_CHARS]}... (cut, {len(text)} characters)"
    return text if _PLAIN.fullmatch(text) else json.dumps(text)


def to_stderr() -> None:
    """Have this process write its log to standard error, the product's own from `info` on."""
    handler = logging.StreamHandler()
    handler.setFormatter(KeyValues())
    logging.basicConfig(handlers=[handler])
    logging.getLogger("vas_dash").setLevel(logging.INFO)
