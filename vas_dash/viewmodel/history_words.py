"""Changes and their results in words: what a change does, and what became of it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from vas_dash.domain.changes import CellChange, same_json
from vas_dash.domain.entities import Assignment, CellIntent
from vas_dash.domain.records import CellResult, Tally
from vas_dash.viewmodel import words

__all__ = ["count", "deed", "differences", "intent_line", "result_word", "tally_words"]

_VALUE_LIMIT = 60
_NAMES_LIMIT = 8
UNASSIGNED = "unassigned"


def count(number: int, noun: str) -> str:
    """`1 cell`, `1,240 cells`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def intent_line(intent: CellIntent | Assignment | None) -> str:
    """An intent on one line, without the properties that are not set."""
    if intent is None:
        return UNASSIGNED
    parts = ["on" if intent.enabled else "off"]
    if intent.desired_fps is not None:
        parts.append(f"{intent.desired_fps} fps")
    if intent.priority is not None:
        parts.append(f"priority {intent.priority}")
    if intent.parameters is not None:
        parts.append(f"parameters {_value(intent.parameters)}")
    return ", ".join(parts)


def differences(change: CellChange) -> tuple[str, ...]:
    """What a change changes, before -> after; empty for a cell that was not to be changed."""
    before = None if change.before is None else change.before.intent
    after = change.wish
    if before is None and after is None:
        return ()
    if before is None or after is None:
        return (f"{intent_line(before)} -> {intent_line(after)}",)
    found: list[str] = []
    if before.enabled != after.enabled:
        found.append(f"{_switch(before)} -> {_switch(after)}")
    found.extend(_values(before, after))
    return tuple(found)


def deed(change: CellChange) -> str:
    """What was done, in the past tense: `turned off, fps 5 -> 10`."""
    before = None if change.before is None else change.before.intent
    after = change.wish
    if before is None and after is None:
        return "not changed"
    if before is None:
        return f"assigned, {intent_line(after)}"
    if after is None:
        return "removed"
    done = [] if before.enabled == after.enabled else [f"turned {_switch(after)}"]
    return ", ".join([*done, *_values(before, after)]) or "not changed"


def _switch(intent: CellIntent) -> str:
    return "on" if intent.enabled else "off"


def _values(before: CellIntent, after: CellIntent) -> Iterator[str]:
    """The properties that differ, beside on and off."""
    if before.desired_fps != after.desired_fps:
        yield f"fps {_value(before.desired_fps)} -> {_value(after.desired_fps)}"
    if before.priority != after.priority:
        yield f"priority {_value(before.priority)} -> {_value(after.priority)}"
    if not same_json(before.parameters, after.parameters):
        yield from _parameters(before.parameters, after.parameters)


def _parameters(old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> Iterator[str]:
    if not old or not new:
        yield f"parameters {_value(old)} -> {_value(new)}"
        return
    missing = object()
    names = [
        name
        for name in sorted({*old, *new})
        if not same_json(old.get(name, missing), new.get(name, missing))
    ]
    for name in names[:_NAMES_LIMIT]:
        values = [_value(one[name]) if name in one else "not set" for one in (old, new)]
        yield f"parameter {words.cut(name, _VALUE_LIMIT)} {values[0]} -> {values[1]}"
    if len(names) > _NAMES_LIMIT:
        yield f"and {count(len(names) - _NAMES_LIMIT, 'parameter')} more"


def _value(value: object) -> str:
    if value is None:
        return "default"
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return words.cut(json.dumps(value, ensure_ascii=False, default=dict), _VALUE_LIMIT)


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
