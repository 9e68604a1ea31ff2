"""What the view of files says, as plain data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from vas_dash.changes.labels import Kind, kind_of, kinds_text, preset_edit_line
from vas_dash.domain.changes import CellChange
from vas_dash.domain.presets import PresetEdit
from vas_dash.domain.text import cut
from vas_dash.fleet.query import GridQuery, StateFilter
from vas_dash.pages.digest import digest

__all__ = [
    "PROBLEMS_SHOWN",
    "SEMICOLONS",
    "CheckedFile",
    "checked_file",
    "filter_text",
    "preset_digest",
]

PROBLEMS_SHOWN = 200


SEMICOLONS = "csv;"
"""The format of a download that is CSV with `;`, which spreadsheets of many languages want."""


@dataclass(frozen=True)
class CheckedFile:
    """What a file would change. `problems` are lines with their place, `more_problems` the rest;
    `presets` are lines too.
    """

    name: str
    summary: str
    removals: str
    problems: tuple[str, ...]
    more_problems: int
    total_problems: int
    changes: int
    presets: tuple[str, ...] = ()


def checked_file(
    name: str,
    cells: int,
    changes: Iterable[CellChange],
    pruned: int,
    problems: Sequence[object],
    presets: Sequence[PresetEdit] = (),
) -> CheckedFile:
    """What to say of a file: `problems` are texts with line and column, in the file's order."""
    changes = tuple(changes)
    kinds = Counter(map(kind_of, changes))
    kinds[Kind.REMOVED] -= pruned
    own = len(changes) - pruned
    summary = f"{own:,} {_noun(own, 'change')}: {kinds_text(kinds)}" if own else "nothing to change"
    removals = ""
    if pruned:
        removals = (
            f"{pruned:,} {_noun(pruned, 'assignment')} that the file does not have "
            "would be removed."
        )
    shown = tuple(cut(str(problem)) for problem in problems[:PROBLEMS_SHOWN])
    return CheckedFile(
        name,
        f"{cells:,} {_noun(cells, 'cell')} read; {summary}.",
        removals,
        shown,
        len(problems) - len(shown),
        len(problems),
        len(changes),
        tuple(cut(preset_edit_line(one)) for one in presets),
    )


def preset_digest(edits: Sequence[PresetEdit]) -> str:
    """Changes with anything that a file would do to presets."""
    return digest(edits) if edits else ""


def filter_text(query: GridQuery) -> str:
    """What the grid is filtered by, in a few words; empty when it is not."""
    parts = []
    if query.text:
        parts.append(f'"{cut(query.text, 40)}"')
    for noun, values in (("location", query.locations), ("model", query.models)):
        if values:
            parts.append(f"{len(values):,} {_noun(len(values), noun)}")
    if query.state is not StateFilter.ANY:
        parts.append(query.state.value.replace("-", " "))
    return ", ".join(parts)


def _noun(number: int, noun: str) -> str:
    return noun if number == 1 else f"{noun}s"
