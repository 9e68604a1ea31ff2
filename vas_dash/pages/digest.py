"""Digests by which it is told whether something has changed on the page."""

from __future__ import annotations

import hashlib
import json

import orjson

__all__ = ["digest", "json_bytes"]


def digest(value: object) -> str:
    """A short text that changes with anything in `value`: JSON, dataclasses, dates, bytes."""
    body = value if isinstance(value, bytes) else json_bytes(value)
    return hashlib.blake2b(body, digest_size=8).hexdigest()


def json_bytes(value: object) -> bytes:
    """`value` as JSON, its keys in order."""
    try:
        return orjson.dumps(
            value, default=_plain, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS
        )
    except orjson.JSONEncodeError:
        # Parameters may hold what JSON allows and orjson does not (integers above 64 bits).
        return json.dumps(value, sort_keys=True, default=str).encode()


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else str(value)
