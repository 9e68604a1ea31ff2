"""What the form for the selected cells wants of all of them."""

from __future__ import annotations

from typing import Any

from vas_dash.domain.changes import KEEP, DesiredChange, Keep, same_json
from vas_dash.pages.form.fields import ROOT_ID, Field, Group, Kind, name_in
from vas_dash.pages.form.intent import FPS, PRIORITY, parse_number
from vas_dash.pages.form.model import read_part
from vas_dash.pages.form.values import MISSING, TextError, parse, received, text_of
from vas_dash.pages.selection.known import Known
from vas_dash.pages.selection.model import CLEAR, FREE, FREE_NAME, LEAVE, SET, Typed

_NO_NUMBERS = ("nan", "inf", "infinity")
_TEXTS = (Kind.TEXT, Kind.NUMBER, Kind.INTEGER)
"""What can be typed into the one field that stands for any parameter; others are JSON there."""


def read_form(typed: Typed, known: Known | None = None) -> tuple[DesiredChange, dict[str, str]]:
    """What the form wants, and messages by field. Without messages the desired change holds.

    `known` is what the panel asks for, as it was submitted.
    """
    reading = _Reading(typed, known or Known())
    desired = DesiredChange(
        desired_fps=reading.number(FPS),
        priority=reading.number(PRIORITY),
        **reading.parameters(),
    )
    if not reading.errors and desired == DesiredChange():
        reading.errors[""] = "Nothing is to be changed: every property is left as it is."
    return desired, reading.errors


class _Reading:
    """One form as it is read, and what is wrong with it, by field."""

    def __init__(self, typed: Typed, known: Known) -> None:
        self._typed = typed
        self._known = known
        self.errors: dict[str, str] = {}

    def number(self, name: str) -> int | Keep | None:
        """What is to become of fps or priority; None: it goes."""
        how = self._how(name, name, is_given=self._is_given(name))
        if how != SET:
            return None if how == CLEAR else KEEP
        try:
            return parse_number(name, text_of(self._typed.value, name))
        except TextError as error:
            self.errors[name] = str(error)
            return KEEP

    def parameters(self) -> dict[str, Any]:
        """What is to become of parameters, as `DesiredChange` takes it."""
        to_set: dict[str, Any] = {}
        to_remove: set[str] = set()
        for name in self._typed.how:
            if name == FREE:
                self._free(to_set, to_remove)
            elif name.startswith(f"{ROOT_ID}/"):
                parameter = name_in(name)
                node = self._known.nodes.get(parameter)
                if isinstance(node, Group):
                    self._group(name, parameter, node, to_set, to_remove)
                elif self._how(name, name, is_given=self._is_given(name)) == SET:
                    self._set(name, parameter, self._value(name, node), to_set)
                elif self._typed.how[name] == CLEAR:
                    to_remove.add(parameter)
        both = to_remove & to_set.keys()
        if both:
            self.errors[FREE] = "this parameter is set and removed"
        return {"set_parameters": to_set, "remove_parameters": frozenset(to_remove)}

    def _group(
        self,
        name: str,
        parameter: str,
        group: Group,
        to_set: dict[str, Any],
        to_remove: set[str],
    ) -> None:
        value, errors = read_part(group, self._known.reshaped, self._typed.value)
        how = self._how(name, group.id, is_given=value is not MISSING or bool(errors))
        if how == CLEAR:
            to_remove.add(parameter)
        elif how == SET and errors:
            self.errors |= errors
        elif how == SET:
            self._set(group.id, parameter, value, to_set)

    def _free(self, to_set: dict[str, Any], to_remove: set[str]) -> None:
        """A parameter that has no row of its own, or that is typed here all the same."""
        parameter = text_of(self._typed.value, FREE_NAME).strip()
        how = self._how(FREE, FREE, is_given=self._is_given(FREE))
        if how == LEAVE and parameter and FREE not in self.errors:
            self.errors[FREE] = "choose what to do with it, or empty the name"
        elif how in (SET, CLEAR) and not parameter:
            self.errors[FREE] = "give the name of the parameter"
        elif how == CLEAR:
            to_remove.add(parameter)
        elif how == SET:
            node = self._known.nodes.get(parameter)
            if node is not None and not (isinstance(node, Field) and node.kind in _TEXTS):
                node = Field(FREE, (), Kind.JSON, FREE)
            self._set(FREE, parameter, self._value(FREE, node), to_set)

    def _how(self, name: str, place: str, *, is_given: bool) -> object:
        """What is to be done with a property; its message stands at `place`."""
        how = self._typed.how.get(name, LEAVE)
        if how not in (LEAVE, SET, CLEAR):
            self.errors[place] = "choose one"
        elif how != SET and is_given:
            self.errors[place] = 'a value is given: choose "set", or empty it'
        return how

    def _is_given(self, name: str) -> bool:
        value = self._typed.value.get(name)
        return bool(value.strip() if isinstance(value, str) else value)

    def _value(self, name: str, field: Field | None) -> Any:
        """The value of a field as the panel takes it; None and a message where it is none."""
        try:
            if field is None:
                return _guessed(text_of(self._typed.value, name).strip())
            text = received(field, self._typed.value.get(name))
            if text is None:
                raise TextError("was not sent as text")
            return [] if text == () else parse(field, text)
        except TextError as error:
            self.errors[name] = str(error)
            return None

    def _set(self, place: str, parameter: str, value: Any, to_set: dict[str, Any]) -> None:
        if place in self.errors:
            return
        if value is MISSING:
            self.errors[place] = 'give a value, or choose "remove"'
        elif parameter in to_set and not same_json(to_set[parameter], value):
            self.errors[place] = "this parameter is set above already"
        else:
            to_set[parameter] = value


def _guessed(text: str) -> Any:
    """The value of a parameter that no schema describes: JSON, a number or a text.

    Raises:
        TextError: it begins as JSON or as a number, and is none.
    """
    kind = Kind.TEXT
    if text[:1] in ("{", "[", '"') or text in ("true", "false", "null"):
        kind = Kind.JSON
    elif text[:1].isdigit() or text[:1] in ("-", "+", ".") or text.lower() in _NO_NUMBERS:
        kind = Kind.NUMBER
    return parse(Field(FREE, (), kind, FREE), text)
