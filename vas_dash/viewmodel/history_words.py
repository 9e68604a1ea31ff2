"""What became of changes, in words."""

from __future__ import annotations

from vas_dash.domain.records import CellResult, Tally
from vas_dash.viewmodel.change_words import count

__all__ = ["result_word", "tally_words"]

_WORDS = {
    CellResult.APPLIED: "applied",
    CellResult.UNCHANGED: "already so",
    CellResult.REFUSED: "refused",
    CellResult.UNKNOWN: "unknown",
    CellResult.NOT_SENT: "not sent",
}


def result_word(result: CellResult, *, live: bool = False) -> str:
    """What became of a cell. `live`: its change set is not over."""
    if result is CellResult.SENT:
        return "sent" if live else "perhaps sent"
    if result is CellResult.NOT_SENT and live:
        return "waiting"
    return _WORDS.get(result, str(result))


def tally_words(tally: Tally, cells: int, *, live: bool = False) -> str:
    """`340 of 700 applied, 12 conflicts`; what no cell came to is left out."""
    applied = tally.get(CellResult.APPLIED, 0)
    parts = [f"{applied:,} applied" if applied == cells else f"{applied:,} of {cells:,} applied"]
    for result in CellResult:
        number = tally.get(result, 0)
        if result is CellResult.APPLIED or not number:
            continue
        if result is CellResult.CONFLICT:
            parts.append(count(number, "conflict"))
        else:
            parts.append(f"{number:,} {result_word(result, live=live)}")
    return ", ".join(parts)
