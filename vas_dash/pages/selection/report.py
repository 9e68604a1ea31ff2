"""What became of changes to the selected cells, once they went to the draft."""

from __future__ import annotations

from dataclasses import dataclass

from vas_dash.domain.text import count


@dataclass(frozen=True)
class Report:
    """What became of desired changes: one line, and the cells that cannot be, with why."""

    text: str
    blocked: tuple[str, ...] = ()
    more: int = 0


BLOCKED_SHOWN = 20


def report(cells: int, changed: int, blocked: list[tuple[str, str]]) -> Report:
    """What is said once changes of so many cells went to the draft."""
    same = cells - changed - len(blocked)
    parts = [f"{count(changed, 'cell')} drafted" if changed else "No cell drafted"]
    if same:
        parts.append(f"{same:,} {'is' if same == 1 else 'are'} so already")
    if blocked:
        parts.append(f"{len(blocked):,} cannot be done")
    shown = tuple(f"{name}: {why}" for name, why in blocked[:BLOCKED_SHOWN])
    return Report("; ".join(parts) + ".", shown, len(blocked) - len(shown))
