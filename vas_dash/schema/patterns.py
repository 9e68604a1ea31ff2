"""How long a regular expression may take, before it runs: once begun it cannot be stopped."""

from __future__ import annotations

import re

__all__ = ["MAX_PATTERN_STEPS", "is_checkable", "pattern_steps"]

MAX_PATTERN_STEPS = 2_000_000

_UNBOUNDED_SHAPE = re.compile(r"\)[*+{]|\(\?[^:=!]")
"""A repeated group, or a group that is more than a plain one or a look ahead."""

_REPEATS = re.compile(r"[*+]|\{\d*(?:,(\d*))?\}")
_FORKS = re.compile(r"[?|]")
_LONGEST_PATTERN = 500


def is_checkable(pattern: str) -> bool:
    """Whether the pattern is checked at all, if only on a short text."""
    return pattern_steps(pattern, 1) < float("inf")


def pattern_steps(pattern: str, length: int) -> float:
    """An upper bound of the steps to search `pattern` in a text of `length` characters.

    Without repeated groups a backtracking search tries, at each start, each way through each
    repeat (at most `length` + 1 ways) and each fork (2 ways). Escaped signs are counted too, which
    only makes the bound higher. Infinite when the shape gives no bound.
    """
    if len(pattern) > _LONGEST_PATTERN or _UNBOUNDED_SHAPE.search(pattern):
        return float("inf")
    ways = length + 1
    steps = ways * 2 ** len(_FORKS.findall(pattern))
    return float(min(steps * ways ** len(_REPEATS.findall(pattern)), 10**300))
