"""Addresses of cameras, which often hold a user's name and password, are cut from texts."""

from __future__ import annotations

import re

__all__ = ["without_addresses"]

HIDDEN = "rtsp://..."

_COLON = r"(?::|%(?:25)*3a|\\u003a|&#0*58;|&#x0*3a;)"
_SLASH = r"(?:\\*/|%(?:25)*2f|\\+u002f|&#0*47;|&#x0*2f;)"
_STREAM = re.compile(rf"rtsp[a-z]?{_COLON}{_SLASH}{{2}}[^\s\"'`<>]*", re.IGNORECASE)
_USER = re.compile(r"://[^\s/@]*@")


def without_addresses(text: str) -> str:
    """The text with each `rtsp://...` cut, to the next blank or quote, however it is escaped.

    Of other addresses the user and the password are cut.
    """
    if "rtsp" in text.lower():
        text = _STREAM.sub(HIDDEN, text)
    return _USER.sub("://", text)
