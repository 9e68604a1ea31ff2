"""Cells to the text of a file. The same cells always give the same bytes."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from vas_dash.domain.entities import CellIntent
from vas_dash.domain.presets import Preset, PresetValues
from vas_dash.files.csv_reading import COLUMNS
from vas_dash.files.document import FORMAT, VERSION
from vas_dash.files.formulas import neutralise
from vas_dash.files.tree import Format
from vas_dash.files.yaml_reading import is_plain_text

__all__ = ["CameraIntent", "write_file"]


@dataclass(frozen=True, slots=True)
class CameraIntent:
    """A camera and its cells, in the order in which they are written.

    None is what the file does not say; `camera` and `camera_id` are never both None.
    """

    camera: str | None
    camera_id: str | None
    location: str | None
    models: Sequence[tuple[str, CellIntent]]


def write_file(
    cameras: Sequence[CameraIntent],
    format: Format,  # noqa: A002 - the word of the field
    separator: str = ",",
    presets: Sequence[Preset] = (),
) -> bytes:
    """The file as bytes, in UTF-8. CSV gets a byte order mark, which spreadsheets ask for.

    Raises:
        ValueError: parameters hold NaN or infinity, which no JSON can say.
    """
    match format:
        case Format.CSV:
            return _csv(cameras, separator).encode("utf-8-sig")
        case Format.JSON:
            return "".join(_json(cameras, presets)).encode()
        case Format.YAML:
            return "".join(_yaml(cameras, presets)).encode()


_dumps = json.JSONEncoder(ensure_ascii=False, allow_nan=False, sort_keys=True).encode


def _csv(cameras: Sequence[CameraIntent], separator: str) -> str:
    with_ids = any(camera.camera_id is not None for camera in cameras)
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator)
    writer.writerow(COLUMNS if with_ids else COLUMNS[1:])
    for camera in cameras:
        texts = (camera.camera_id, camera.camera, camera.location)
        who = [neutralise(one or "") for one in (texts if with_ids else texts[1:])]
        writer.writerows(
            (
                *who,
                neutralise(model_id),
                _scalar(intent.enabled),
                intent.desired_fps,
                intent.priority,
                None if intent.parameters is None else _dumps(intent.parameters),
            )
            for model_id, intent in camera.models
        )
    return text.getvalue()


def _who(camera: CameraIntent) -> dict[str, str]:
    texts = {
        "camera": camera.camera,
        "camera_id": camera.camera_id,
        "location": camera.location,
    }
    return {name: text for name, text in texts.items() if text is not None}


def _json(cameras: Sequence[CameraIntent], presets: Sequence[Preset]) -> Iterator[str]:
    """A line for each cell: a change of one cell is a change of one line."""
    yield f'{{\n  "format": {_dumps(FORMAT)},\n  "version": {VERSION},\n'
    if presets:
        lines = ",\n".join(
            f'    {{"model": {_dumps(one.model_id)}, "name": {_dumps(one.name)}, '
            f"{_json_values(one.values)}}}"
            for one in presets
        )
        yield f'  "presets": [\n{lines}\n  ],\n'
    yield '  "cameras": ['
    for number, camera in enumerate(cameras):
        yield ",\n    {" if number else "\n    {"
        for name, text in _who(camera).items():
            yield f"\n      {_dumps(name)}: {_dumps(text)},"
        yield '\n      "models": {'
        yield ",".join(
            f"\n        {_json_name(model_id)}: {_json_cell(intent)}"
            for model_id, intent in camera.models
        )
        yield "\n      }\n    }"
    yield "\n  ]\n}\n" if cameras else "]\n}\n"


_json_name = lru_cache(maxsize=1_000)(_dumps)


def _json_cell(intent: CellIntent) -> str:
    return f'{{"enabled": {_scalar(intent.enabled)}, {_json_values(intent)}}}'


def _json_values(of: CellIntent | PresetValues) -> str:
    return (
        f'"desired_fps": {_scalar(of.desired_fps)}, "priority": {_scalar(of.priority)}, '
        f'"parameters": {_parameters(of)}'
    )


def _scalar(value: bool | int | None) -> str:
    if value is None:
        return "null"
    if value is True or value is False:
        return "true" if value else "false"
    return str(value)


def _parameters(of: CellIntent | PresetValues) -> str:
    return "null" if of.parameters is None else _dumps(of.parameters)


def _yaml(cameras: Sequence[CameraIntent], presets: Sequence[Preset]) -> Iterator[str]:
    """Mappings in blocks, lists in brackets; written here because the library takes ten times as
    long. What is written is plain only where every version of YAML takes it for the same.
    """
    yield f"format: {FORMAT}\nversion: {VERSION}\n"
    if presets:
        yield "presets:\n"
    for preset in presets:
        yield f"- model: {_yaml_text(preset.model_id)}\n  name: {_yaml_text(preset.name)}\n"
        yield _yaml_values(preset.values, 2)
    yield "cameras:"
    yield "\n" if cameras else " []\n"
    for camera in cameras:
        lead = "- "
        for name, text in _who(camera).items():
            yield f"{lead}{name}: {_yaml_text(text)}\n"
            lead = "  "
        yield "  models:\n"
        for model_id, intent in camera.models:
            yield (
                f"    {_yaml_name(model_id, 4)}\n"
                f"      enabled: {_scalar(intent.enabled)}\n"
                f"{_yaml_values(intent, 6)}"
            )


def _yaml_values(of: CellIntent | PresetValues, indent: int) -> str:
    space = " " * indent
    return (
        f"{space}desired_fps: {_scalar(of.desired_fps)}\n"
        f"{space}priority: {_scalar(of.priority)}\n"
        f"{space}parameters:{_yaml_block(of.parameters, indent + 2)}\n"
    )


_SAFE = re.compile(r"[^\W\d_][\w.\-]*(?: [\w.\-]+)*")
# Beyond JSON's own escapes: what YAML does not print, or takes for a line break.
_UNPRINTED = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_LONGEST_NAME = 120


@lru_cache(maxsize=10_000)
def _yaml_text(text: str) -> str:
    if _SAFE.fullmatch(text) and is_plain_text(text):
        return text
    return _UNPRINTED.sub(lambda match: f"\\u{ord(match[0]):04x}", _dumps(text))


def _yaml_name(name: str, indent: int) -> str:
    """A name with its colon. The library reads long ones only where they are marked as names."""
    text = _yaml_text(name)
    return f"{text}:" if len(text) <= _LONGEST_NAME else f"? {text}\n{' ' * indent}:"


def _yaml_block(value: Any, indent: int) -> str:
    if not isinstance(value, dict) or not value:
        return f" {_yaml_flow(value)}"
    space = " " * indent
    return "".join(
        f"\n{space}{_yaml_name(name, indent)}{_yaml_block(inner, indent + 2)}"
        for name, inner in sorted(value.items())
    )


def _yaml_flow(value: Any) -> str:
    if isinstance(value, str):
        return _yaml_text(value)
    if value is None or isinstance(value, int):
        return _scalar(value)
    if isinstance(value, float):
        return _yaml_number(value)
    if isinstance(value, dict):
        pairs = (f"{_yaml_flow_name(name)}{_yaml_flow(value[name])}" for name in sorted(value))
        return f"{{{', '.join(pairs)}}}"
    return f"[{', '.join(map(_yaml_flow, value))}]"


def _yaml_number(value: float) -> str:
    """YAML 1.1 knows a number with an exponent only by its point."""
    if not math.isfinite(value):
        raise ValueError("not a finite number")
    digits, exponent, power = repr(value).partition("e")
    return f"{digits}{'' if '.' in digits else '.0'}e{power}" if exponent else digits


def _yaml_flow_name(name: str) -> str:
    text = _yaml_text(name)
    return f"{text}: " if len(text) <= _LONGEST_NAME else f"? {text} : "
