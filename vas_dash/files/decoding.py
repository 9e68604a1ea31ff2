"""From the bytes of a file to its text."""

from __future__ import annotations

import codecs

from vas_dash.files.tree import FormatError

__all__ = ["MAX_BYTES", "decode"]

MAX_BYTES = 50_000_000
"""Larger files are refused unread. 100,000 cells with parameters are 10 to 30 million."""

_NOT_UTF8 = (
    "the file is neither UTF-8 nor UTF-16 with a mark; "
    'save it again, in a spreadsheet as "CSV UTF-8", in an editor with the encoding UTF-8'
)

_OTHER_MARKS = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
_SIGNATURES = {
    b"PK\x03\x04": "a spreadsheet or an archive; save it as CSV",
    b"\xd0\xcf\x11\xe0": "a spreadsheet; save it as CSV",
    b"\x1f\x8b": "compressed",
}


def decode(data: bytes) -> str:
    """The text of UTF-8 with or without a byte order mark, or of UTF-16 with one.

    Raises:
        FormatError: it is empty, too large, or in another encoding.
    """
    if len(data) > MAX_BYTES:
        raise FormatError(0, f"the file is larger than {MAX_BYTES // 1_000_000} MB")
    for signature, what in _SIGNATURES.items():
        if data.startswith(signature):
            raise FormatError(0, f"the file is {what}")
    encoding = "utf-8-sig"
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) and not data.startswith(
        _OTHER_MARKS
    ):
        encoding = "utf-16"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        # The text before the fault gives its place.
        before = data[: error.start].decode(encoding, "ignore")
        raise BadEncodingError(before, _NOT_UTF8) from None
    if "\0" in text[:2]:  # UTF-16 without a mark; further on it may stand in a name
        raise FormatError(0, _NOT_UTF8)
    if not text.strip():
        raise FormatError(0, "the file is empty")
    return text


class BadEncodingError(FormatError):
    """The bytes are no text from here on; `before` is the text up to there."""

    def __init__(self, before: str, message: str) -> None:
        super().__init__(len(before), message)
        self.before = before
