"""The document that JSON and YAML files share: from its nodes to presets and cells.

::

    format: vas-intent
    version: 1
    presets:                        # may be left out
    - model: helmet-v2
      name: Standard
      desired_fps: 5
      priority: null
      parameters: {threshold: 0.5}
    cameras:
    - camera: North gate 1          # or camera_id
      location: North yard
      models:
        helmet-v2:
          enabled: true
          desired_fps: 5
          priority: null
          parameters: {threshold: 0.5}
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from vas_dash.files.csv_reading import PROPERTIES
from vas_dash.files.tree import FileCell, FilePreset, FormatError, Node

__all__ = ["FORMAT", "VERSION", "read_document"]

FORMAT = "vas-intent"
VERSION = 1

_NAMES = ("format", "version", "presets", "cameras")
_PRESET_NAMES = ("model", "name", *PROPERTIES[1:])
_CAMERA_NAMES = ("camera_id", "camera", "location", "models")

Report = Callable[[int, str], None]


def read_document(top: Node, report: Report) -> Iterator[FileCell | FilePreset]:
    """What it holds; what is wrong is reported with its offset, and that part left out.

    Raises:
        FormatError: it is no such document.
    """
    if not isinstance(top.value, dict):
        raise FormatError(top.at, "the file must be a mapping with format, version and cameras")
    for name, at in top.names.items():
        if name not in _NAMES:
            report(at, f"unknown name {name[:100]}; known: {', '.join(_NAMES)}")
    for name, wanted in (("format", FORMAT), ("version", VERSION)):
        node = top.value.get(name)
        if node is None:
            raise FormatError(top.at, f"{name} is missing; it must be {wanted}")
        if node.value != wanted or isinstance(node.value, bool):
            raise FormatError(node.at, f"{name} must be {wanted}")
    cameras = top.value.get("cameras")
    if cameras is None:
        raise FormatError(top.at, "cameras is missing")
    if not isinstance(cameras.value, list):
        raise FormatError(cameras.at, "cameras must be a list")
    presets = top.value.get("presets")
    if presets is not None:
        if isinstance(presets.value, list):
            yield from filter(None, (_preset(one, report) for one in presets.value))
        else:
            report(presets.at, "presets must be a list")
    for camera in cameras.value:
        yield from _camera(camera, report)


def _preset(preset: Node, report: Report) -> FilePreset | None:
    if not isinstance(preset.value, dict):
        report(preset.at, "must be a mapping with model, name and values")
        return None
    for name, at in preset.names.items():
        if name not in _PRESET_NAMES:
            report(at, f"unknown name {name[:100]}; known: {', '.join(_PRESET_NAMES)}")
    for name in ("model", "name"):
        node = preset.value.get(name)
        if node is None or not isinstance(node.value, str):
            at = preset.at if node is None else node.at
            report(at, f"{name} is missing" if node is None else f"{name} must be a text")
            return None
    named = {name: preset.value[name] for name in _PRESET_NAMES[2:] if name in preset.value}
    return FilePreset(preset.at, preset.value["model"], preset.value["name"], named)


def _camera(camera: Node, report: Report) -> Iterator[FileCell]:
    if not isinstance(camera.value, dict):
        report(camera.at, "must be a mapping with camera and models")
        return
    for name, at in camera.names.items():
        if name not in _CAMERA_NAMES:
            report(at, f"unknown name {name[:100]}; known: {', '.join(_CAMERA_NAMES)}")
    texts: dict[str, Node] = {}
    for name in ("camera_id", "camera", "location"):
        node = camera.value.get(name)
        if node is None or node.value in (None, ""):
            continue
        if not isinstance(node.value, str):
            report(node.at, f"{name} must be a text; put it in quotes")
            return
        texts[name] = node
    if not {"camera_id", "camera"} & set(texts):
        report(camera.at, "camera is missing")
        return
    models = camera.value.get("models")
    if models is None or not isinstance(models.value, dict):
        report(camera.at if models is None else models.at, "models must be a mapping")
        return
    for model_id, properties in models.value.items():
        at = models.names[model_id]
        if not isinstance(properties.value, dict):
            report(properties.at, "must be a mapping with enabled and other properties")
            continue
        for name, name_at in properties.names.items():
            if name not in PROPERTIES:
                report(name_at, f"unknown name {name[:100]}; known: {', '.join(PROPERTIES)}")
        yield FileCell(
            at,
            texts.get("camera"),
            texts.get("camera_id"),
            texts.get("location"),
            Node(at, model_id),
            {name: properties.value[name] for name in PROPERTIES if name in properties.value},
        )
