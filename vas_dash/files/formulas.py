"""Texts that a spreadsheet would run, made harmless and brought back.

A spreadsheet takes a cell that begins with one of `DANGEROUS` for a formula (OWASP, "CSV
Injection"). Such a text gets an apostrophe in front. So does one that begins with an apostrophe,
which makes it reversible: whatever the text, `restore(neutralise(text)) == text`.
"""

from __future__ import annotations

__all__ = ["DANGEROUS", "neutralise", "restore"]

DANGEROUS = frozenset("=+-@\t\r\n\N{FULLWIDTH EQUALS SIGN}\N{FULLWIDTH PLUS SIGN}") | {
    "\N{FULLWIDTH HYPHEN-MINUS}",
    "\N{FULLWIDTH COMMERCIAL AT}",
}
_MARK = "'"
_MARKED = DANGEROUS | {_MARK}


def neutralise(text: str) -> str:
    """`text` as a spreadsheet may be given it."""
    return _MARK + text if text[:1] in _MARKED else text


def restore(text: str) -> str:
    """The text that `neutralise` was given. Any other text stays as it is."""
    return text[1:] if text[:1] == _MARK and text[1:2] in _MARKED else text
