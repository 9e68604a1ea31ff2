"""A change and what became of it, in words, for the page and the command line."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any, NamedTuple, TypeAlias

from vas_dash.domain.changes import CellChange, same_json
from vas_dash.domain.entities import Assignment, CellIntent
from vas_dash.domain.fleet import CellState
from vas_dash.domain.presets import Preset, PresetChange, PresetEdit, PresetValues
from vas_dash.domain.records import CellResult, Outcome, Tally
from vas_dash.domain.text import count, cut

__all__ = [
    "Difference",
    "Kind",
    "change_summary",
    "differences",
    "intent_line",
    "kind_of",
    "kinds_text",
    "outcome_text",
    "preset_change_line",
    "preset_edit_line",
    "result_word",
    "tally_words",
    "values_changed",
    "values_line",
]

_NAME_LIMIT = 80
_VALUE_LIMIT = 120
_PARAMETERS_LIMIT = 20
_MISSING = object()

_Values: TypeAlias = CellIntent | Assignment | PresetValues


class Kind(StrEnum):
    """What a change mainly is; each change is of one kind."""

    TURNED_ON = "turned_on"
    TURNED_OFF = "turned_off"
    CHANGED = "changed"
    ADDED = "added"
    REMOVED = "removed"

    @property
    def words(self) -> str:
        """As people say it."""
        return self.value.replace("_", " ")


def kind_of(change: CellChange) -> Kind:
    """Its main kind: a cell that is turned off and gets another fps is turned off."""
    if change.before is None:
        return Kind.ADDED
    if change.desired is None:
        return Kind.REMOVED
    if change.before.enabled != change.desired.enabled:
        return Kind.TURNED_ON if change.desired.enabled else Kind.TURNED_OFF
    return Kind.CHANGED


def kinds_text(kinds: Mapping[Kind, int]) -> str:
    """`3 turned on, 1 removed`; kinds of which there are none are left out."""
    return ", ".join(f"{kinds[kind]:,} {kind.words}" for kind in Kind if kinds.get(kind))


class Difference(NamedTuple):
    """One property, before and after; the name is empty for the state."""

    name: str
    before: str
    after: str

    @property
    def text(self) -> str:
        """On one line: `fps 5 -> 10`; of those that are only counted, how many they are."""
        if self.before == self.after:
            return self.name
        return f"{self.name} {self.before} -> {self.after}".lstrip()


def differences(change: CellChange) -> tuple[Difference, ...]:
    """What differs; nothing for a cell that was not to be changed."""
    before = None if change.before is None else change.before.intent
    after = change.desired
    if before is not None and after is not None:
        return (*_switched(before, after), *_properties(before, after))
    if before is after:
        return ()
    return (Difference("", intent_line(before), intent_line(after)),)


def change_summary(change: CellChange) -> str:
    """What was done, in the past tense: `turned off, fps 5 -> 10`."""
    before = None if change.before is None else change.before.intent
    after = change.desired
    if before is None:
        return "not changed" if after is None else f"assigned, {intent_line(after)}"
    if after is None:
        return "removed"
    done = [f"turned {one.after}" for one in _switched(before, after)]
    done += [one.text for one in _properties(before, after)]
    return ", ".join(done) or "not changed"


def intent_line(intent: CellIntent | Assignment | None) -> str:
    """An intent on one line, without the properties that are not set."""
    if intent is None:
        return CellState.UNASSIGNED.value
    return ", ".join((_switch(intent), *_values(intent)))


def values_line(values: PresetValues) -> str:
    """What a preset sets, on one line."""
    return ", ".join(_values(values)) or "defaults"


def values_changed(before: PresetValues, after: PresetValues) -> str:
    """How the values of a preset differ: `fps 5 -> 10, priority default -> 50`."""
    return ", ".join(one.text for one in _properties(before, after))


def preset_edit_line(edit: PresetEdit) -> str:
    """What is to become of a preset: `ppe: Standard, fps 5 -> 10`."""
    return f"{edit.model_id}: {_preset_line(edit.seen, edit)}"


def preset_change_line(change: PresetChange) -> str:
    """What became of a preset: `Standard, called Day before`."""
    return _preset_line(change.before, change.after)


def _preset_line(before: Preset | None, after: Preset | PresetEdit) -> str:
    if before is None:
        return f"{after.name}, made: {values_line(after.values)}"
    if after.removed:
        return f"{after.name}, removed: {values_line(after.values)}"
    parts = [after.name]
    if before.name != after.name:
        parts.append(f"called {before.name} before")
    changed = values_changed(before.values, after.values)
    return ", ".join([*parts, *([changed] if changed else [])])


def _values(of: _Values) -> Iterator[str]:
    if of.desired_fps is not None:
        yield f"{of.desired_fps} fps"
    if of.priority is not None:
        yield f"priority {of.priority}"
    if of.parameters is not None:
        yield f"parameters {_value(of.parameters)}"


def _switch(intent: CellIntent | Assignment) -> str:
    return "on" if intent.enabled else "off"


def _switched(before: CellIntent, after: CellIntent) -> Iterator[Difference]:
    if before.enabled != after.enabled:
        yield Difference("", _switch(before), _switch(after))


def _properties(before: _Values, after: _Values) -> Iterator[Difference]:
    """The properties that differ, beside on and off."""
    if before.desired_fps != after.desired_fps:
        yield Difference("fps", _or_default(before.desired_fps), _or_default(after.desired_fps))
    if before.priority != after.priority:
        yield Difference("priority", _or_default(before.priority), _or_default(after.priority))
    if not same_json(before.parameters, after.parameters, exactly=True):
        yield from _parameters(before.parameters, after.parameters)


def _parameters(
    before: Mapping[str, Any] | None, after: Mapping[str, Any] | None
) -> Iterator[Difference]:
    old, new = before or {}, after or {}
    names = [
        name
        for name in sorted({*old, *new})
        if not same_json(old.get(name, _MISSING), new.get(name, _MISSING), exactly=True)
    ]
    if not names:  # none at all, and an empty object
        yield Difference("parameters", _or_default(before), _or_default(after))
    for name in names[:_PARAMETERS_LIMIT]:
        values = (_value(one[name]) if name in one else "not set" for one in (old, new))
        yield Difference(f"parameter {cut(name, _NAME_LIMIT)}", *values)
    if len(names) > _PARAMETERS_LIMIT:
        left = count(len(names) - _PARAMETERS_LIMIT, "more parameter")
        yield Difference(left, "...", "...")


def _or_default(value: object) -> str:
    return "default" if value is None else _value(value)


def _value(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, default=dict)
    return cut(text, _VALUE_LIMIT)


_WORDS = {
    CellResult.APPLIED: "applied",
    CellResult.UNCHANGED: "already so",
    CellResult.OVERWRITTEN: "overwritten elsewhere",
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


def outcome_text(outcome: Outcome, done: str = "saved") -> str:
    """What became of a cell that an operator waits for, without the end of the sentence."""
    reason, now = outcome.reason, intent_line(outcome.after)
    match outcome.result:
        case CellResult.APPLIED:
            return f"{done}. The VAS was read again and has it"
        case CellResult.UNCHANGED:
            return "the VAS has it already"
        case CellResult.CONFLICT:
            return f"not {done}, changed elsewhere to {now}"
        case CellResult.OVERWRITTEN:
            return f"{done}, and then changed elsewhere to {now}"
        case CellResult.REFUSED:
            return f"not {done}, the VAS refused it: {reason}"
        case CellResult.NOT_SENT:
            return f"not {done}, nothing was sent: {reason}"
        case _:
            return (
                f"sent, but not confirmed: {reason}. "
                "The cell is unknown until it has been read again"
            )


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
