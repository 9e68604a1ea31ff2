"""The document that JSON and YAML files share: from its nodes to cells.

::

    format: vas-intent
    version: 1
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
from vas_dash.files.tree import FileCell, FormatError, Node

__all__ = ["FORMAT", "VERSION", "read_document"]

FORMAT = "vas-intent"
VERSION = 1

_CAMERA_NAMES = ("camera_id", "camera", "location", "models")

Report = Callable[[int, str], None]


def read_document(top: Node, report: Report) -> Iterator[FileCell]:
    """The cells; what is wrong is reported with its offset, and the cell or camera left out.

    Raises:
        FormatError: it is no such document.
    """
    if not isinstance(top.value, dict):
        raise FormatError(top.at, "the file must be a mapping with format, version and cameras")
    for name, at in top.names.items():
        if name not in ("format", "version", "cameras"):
            report(at, f"unknown name {name[:100]}; known: format, version, cameras")
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
    for camera in cameras.value:
        yield from _camera(camera, report)


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
