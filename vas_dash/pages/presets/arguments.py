"""What comes in from a browser about presets, checked."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from vas_dash.pages.arguments import Argument, DraftRef

__all__ = ["PRESET_ACT", "PresetAct"]

_Number = Annotated[int, Field(ge=0, le=2**31 - 1)]


class PresetAct(Argument):
    """What was asked for in the panel, of which preset, and the version of it that was seen.

    `values` is a digest of those that it was asked about.
    """

    do: Literal[
        "open", "close", "name", "fill", "keep", "change", "rename", "renamed", "remove", "removed",
        "bring",
    ]  # fmt: skip
    preset: _Number = 0
    version: _Number = 0
    name: Annotated[str, Field(max_length=2000)] = ""
    values: Annotated[str, Field(max_length=64)] = ""
    draft: DraftRef
    n: int


PRESET_ACT = TypeAdapter(PresetAct)
