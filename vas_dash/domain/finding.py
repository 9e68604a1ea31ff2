"""Which texts are alike, and what a search in names finds."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Self

__all__ = ["Search", "folded"]

ID_PREFIX_CHARS = 8
"""So many first characters of an id, or all of them, find it: fewer are found by chance."""

_INVISIBLE = dict.fromkeys(map(ord, "\N{SOFT HYPHEN}\u200b\u2060\ufeff"))

_WORDS = re.compile(r'"([^"]*)"?|([^\s"]+)')


def folded(text: str) -> str:
    """The text for comparisons: NFKC, without case, one plain blank for blanks of every kind."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text.translate(_INVISIBLE))
        # Without case it may be composed otherwise.
        return " ".join(unicodedata.normalize("NFKC", text.casefold()).split())
    return " ".join(text.casefold().split())


@dataclass(frozen=True, slots=True)
class Search:
    """Words that must all be found; a quoted text is one word."""

    words: tuple[str, ...]

    @classmethod
    def of(cls, text: str) -> Self:
        """What a person typed."""
        found = (folded(quoted or word) for quoted, word in _WORDS.findall(text))
        return cls(tuple(word for word in found if word))

    def finds(self, texts: str, *ids: str) -> bool:
        """Whether each word is in `texts` (folded, one a line), or is one of the ids.

        An id is found by all of it, or by its beginning.
        """
        return all(word in texts or any(_is_id(word, one) for one in ids) for word in self.words)


def _is_id(word: str, an_id: str) -> bool:
    an_id = an_id.casefold()
    return word == an_id or (len(word) >= ID_PREFIX_CHARS and an_id.startswith(word))
