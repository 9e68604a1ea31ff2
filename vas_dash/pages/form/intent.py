"""Fps and priority as fields: those of one cell, and those of all selected ones."""

from __future__ import annotations

from collections.abc import Mapping

from vas_dash.domain.entities import FPS_RANGE, PRIORITY_RANGE
from vas_dash.pages.form.fields import Field, Kind
from vas_dash.pages.form.hints import range_text
from vas_dash.pages.form.values import parse_whole_number

FPS, PRIORITY = "fps", "priority"

_LIMITS: Mapping[str, tuple[int, int]] = {FPS: FPS_RANGE, PRIORITY: PRIORITY_RANGE}
_LABELS = {FPS: "Desired fps", PRIORITY: "Priority"}


def number_field(name: str, value: str = "", error: str | None = None) -> Field:
    """The field for fps or for priority."""
    help_text = range_text(*_LIMITS[name])
    return Field(name, (), Kind.INTEGER, _LABELS[name], value, help=help_text, error=error)


def parse_number(name: str, text: str) -> int:
    """Fps or priority as it was typed.

    Raises:
        TextError: it is no whole number, or beyond the limits.
    """
    return parse_whole_number(text.strip(), _LIMITS[name])
