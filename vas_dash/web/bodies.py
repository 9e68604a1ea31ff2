"""The JSON of a request, taken strictly, before anything else looks at it."""

from __future__ import annotations

import json
import re
from typing import Any

import orjson
from flask.json.provider import DefaultJSONProvider

__all__ = ["MAX_BODY_BYTES", "MAX_DEPTH", "StrictJson", "is_too_deep"]

MAX_BODY_BYTES = 32_000_000
"""Of a request: a file of 23 MB, as a browser sends it (Base64 in JSON)."""

MAX_DEPTH = 64
"""Lists and objects within each other; the page itself sends fewer than ten."""

_MAX_BRACKETS = 400_000
_TEXTS = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_ONE_KIND = bytes.maketrans(b"{}", b"[]")


class StrictJson(DefaultJSONProvider):
    """JSON as RFC 8259 has it: no NaN, no byte that is not UTF-8."""

    def loads(self, s: str | bytes, **_: Any) -> Any:
        """The value. Half of a surrogate pair, which cannot be encoded, becomes "?".

        Raises:
            ValueError: it is no JSON.
        """
        try:
            return orjson.loads(s)
        except orjson.JSONDecodeError:
            whole = json.dumps(_lenient(s), ensure_ascii=False, allow_nan=False)
            return orjson.loads(whole.encode("utf-8", "replace"))


def _lenient(text: str | bytes) -> Any:
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def is_too_deep(body: bytes) -> bool:
    """Whether JSON is nested deeper than `MAX_DEPTH`, or made of brackets more than of values.

    Found without parsing it: each turn takes the innermost brackets away.
    """
    if body.count(b"[") + body.count(b"{") <= MAX_DEPTH:
        return False
    brackets = _TEXTS.sub(b"", body).translate(_ONE_KIND, delete=_NOT_BRACKETS)
    if len(brackets) > _MAX_BRACKETS:
        return True
    for _ in range(MAX_DEPTH):
        if not brackets:
            return False
        brackets = brackets.replace(b"[]", b"")
    return bool(brackets)
