"""The page about the format tells what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from kernel.layout import ENTRY_BYTES, HEADER_BYTES, Entry, Header
from kernel.settings import ExportSettings

PAGE = Path(__file__).parents[2].joinpath("kernel/README.md").read_text()


def test_offsets_are_those_of_the_code() -> None:
    header = re.findall(r"^ +(\d+)  (\w+)", PAGE, re.MULTILINE)
    assert header == [(str(field.offset), field.name.lower()) for field in Header]
    entry = re.findall(r"^ +\+ ?(\d+)  (\w+)", PAGE, re.MULTILINE)
    assert entry == [(str(field.offset), field.name.lower()) for field in Entry]
    assert f"entry of slot n, at {HEADER_BYTES} + {ENTRY_BYTES} * n" in PAGE
    assert f"header_bytes    {HEADER_BYTES}" in PAGE
    assert f"entry_bytes     {ENTRY_BYTES}\n" in PAGE


def test_every_variable_is_on_the_page_with_its_default() -> None:
    told = dict(re.findall(r"^\| `(AI_FRAME_\w+)` \| `?([^`|]+?)`? \|", PAGE, re.MULTILINE))
    default = ExportSettings()
    assert told == {
        "AI_FRAME_EXPORT_ENABLED": str(default.enabled).lower(),
        "AI_FRAME_WIDTH": str(default.width_px),
        "AI_FRAME_HEIGHT": str(default.height_px),
        "AI_FRAME_BUFFER_CAPACITY": str(default.capacity),
        "AI_FRAME_EXPORT_DIR": default.base_dir,
        "AI_FRAME_EXPORT_GROUP": "not set",
        "AI_FRAME_EXPORT_MODE": "0644" if default.public else "0640",
        "AI_FRAME_EXPORT_OWNER": "not set",
        "AI_FRAME_EXPORT_RETRY_S": str(default.retry_s),
        "AI_FRAME_EXPORT_V1_NAMES": str(default.version1_names).lower(),
    }
