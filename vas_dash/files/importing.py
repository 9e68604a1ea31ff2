"""Rows of a file to desired changes: names to cameras and models, and what cannot be."""

from __future__ import annotations

import json
import math
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from vas_dash.domain.changes import DesiredChange
from vas_dash.domain.entities import FPS_RANGE, PRIORITY_RANGE, AiModel, Camera, CellKey
from vas_dash.domain.finding import folded
from vas_dash.domain.fleet import FleetSnapshot
from vas_dash.files.exporting import FleetUnknownError, in_scope, not_known
from vas_dash.files.tree import FileCell, FileIntent, FileProblem, Node
from vas_dash.fleet.query import GridQuery

__all__ = ["Import", "Models", "WrongError", "import_file", "read_property", "shown"]


@dataclass(frozen=True)
class Import:
    """What a file asks for. `removals` are cells that it does not name; only pruning fills them.

    `cells` says where in the file each desired change stands.
    """

    desired_changes: Mapping[CellKey, DesiredChange]
    removals: Mapping[CellKey, DesiredChange]
    problems: Sequence[FileProblem]
    cells: Mapping[CellKey, FileCell]


def import_file(
    file: FileIntent, snapshot: FleetSnapshot, prune: GridQuery | None = None
) -> Import:
    """DesiredChanges for the cells of a file.

    What a row does not name stays as it is; null or an empty field is: not set. A cell that the
    file names and that is unassigned becomes assigned, on unless the file says off. With `prune`
    (`GridQuery()`: the whole fleet) cells that it finds and the file does not name are removed,
    unless something in the file is wrong: what it was to name is not known then.

    Raises:
        FleetUnknownError: cameras or assignments are not all known.
    """
    reason = not_known(snapshot)
    if reason is not None:
        raise FleetUnknownError(reason)
    reader = _Reader(file, snapshot)
    for cell in file.cells:
        reader.take(cell)
    problems = sorted({*file.problems, *reader.problems})
    removals: dict[CellKey, DesiredChange] = {}
    if prune is not None and not problems:
        removals = _removals(snapshot, prune, reader.desired_changes)
    return Import(reader.desired_changes, removals, problems, reader.cells)


def _removals(
    snapshot: FleetSnapshot, prune: GridQuery, named: Mapping[CellKey, DesiredChange]
) -> dict[CellKey, DesiredChange]:
    cameras, models = in_scope(snapshot, prune)
    return {
        key: DesiredChange.exactly(None)
        for camera in cameras
        for model_id, cell in snapshot.cells.get(camera.id, {}).items()
        if cell.assignment is not None
        and (models is None or model_id in models)
        and (key := CellKey(camera.id, model_id)) not in named
    }


class WrongError(Exception):
    """A part of a file cannot be used: what is wrong with it, at an offset."""

    def __init__(self, at: int, message: str) -> None:
        super().__init__(message)
        self.at = at


class _Reader:
    """Takes cell after cell of one file."""

    def __init__(self, file: FileIntent, snapshot: FleetSnapshot) -> None:
        self.desired_changes: dict[CellKey, DesiredChange] = {}
        self.cells: dict[CellKey, FileCell] = {}
        self.problems: list[FileProblem] = []
        self._file = file
        self._snapshot = snapshot
        self._cameras = _Cameras(snapshot)
        self._models = Models(snapshot)

    def take(self, cell: FileCell) -> None:
        """A desired change for the cell, or problems."""
        before = len(self.problems)
        camera = model = None
        try:
            camera = self._cameras.find(cell)
        except WrongError as error:
            self._report(error)
        try:
            model = self._models.find(cell.model)
        except WrongError as error:
            self._report(error)
        wanted: dict[str, Any] = {}
        for name, node in cell.properties.items():
            try:
                wanted[name] = read_property(name, node)
            except WrongError as error:
                if (
                    camera is not None
                    and model is not None
                    and self._holds(CellKey(camera.id, model.model_id), name, node.value)
                ):
                    wanted[name] = node.value
                    continue
                if name == "parameters" and cell.inner is not None:
                    error.at = cell.inner(error.at)
                self._report(error)
        if camera is None or model is None:
            return
        key = CellKey(camera.id, model.model_id)
        if key in self.cells:
            line = self._file.place(self.cells[key].at).line
            self._report(WrongError(cell.at, f"this cell is already in line {line}"))
            return
        self.cells[key] = cell
        if len(self.problems) > before:
            return
        desired = DesiredChange(**wanted)
        if self._snapshot.cell(*key).assignment is None:
            new = DesiredChange(enabled=True, desired_fps=None, priority=None, parameters=None)
            desired = replace(new, **wanted)
        self.desired_changes[key] = desired

    def _holds(self, key: CellKey, name: str, value: object) -> bool:
        """Whether the cell has this fps or priority already, though it is out of bounds."""
        held = self._snapshot.cell(*key).assignment
        return (
            held is not None
            and name in ("desired_fps", "priority")
            and type(value) is int
            and value == getattr(held, name)
        )

    def _report(self, error: WrongError) -> None:
        self.problems.append(FileProblem(*self._file.place(error.at), str(error)))


class Models:
    """Finds a model by its id in the registry."""

    def __init__(self, snapshot: FleetSnapshot) -> None:
        self._part = snapshot.models
        self._models = {model.model_id: model for model in snapshot.known_models}
        self._alike: dict[str, list[AiModel]] = defaultdict(list)
        for model in self._models.values():
            self._alike[folded(model.model_id)].append(model)

    def find(self, node: Node) -> AiModel:
        """The model of this very id, or of the only one that is alike.

        Raises:
            WrongError: there is none, or there are several.
        """
        alike = self._alike.get(folded(node.value), [])
        model = self._models.get(node.value) or (alike[0] if len(alike) == 1 else None)
        if model is not None:
            return model
        if alike:
            ids = " and ".join(_quoted(one.model_id) for one in alike)
            raise WrongError(node.at, f"{shown(node)} may be any of the models {ids}")
        if not self._part.is_complete:
            reason = f"{self._part.reason}"
            raise WrongError(node.at, f"the model {shown(node)} is not known: {reason}")
        named = [
            one.model_id for one in self._models.values() if folded(one.title) == folded(node.value)
        ]
        hint = f"; the id of the model of that name is {', '.join(named)}" if named else ""
        raise WrongError(node.at, f"unknown model {shown(node)}{hint}")


class _Cameras:
    """Finds a camera by all that a file says of it."""

    def __init__(self, snapshot: FleetSnapshot) -> None:
        self._by_id = {camera.id: camera for camera in snapshot.cameras.items}
        self._alike: dict[str, list[Camera]] = defaultdict(list)
        for camera in snapshot.cameras.items:
            if camera.name:
                self._alike[folded(camera.name)].append(camera)

    def find(self, cell: FileCell) -> Camera:
        """The one camera: the very name before one that is alike.

        Raises:
            WrongError: there is none, or there are several.
        """
        if cell.camera_id is not None:
            return self._with_id(cell, cell.camera_id)
        assert cell.camera is not None
        found = self._alike.get(folded(cell.camera.value), [])
        if not found:
            raise WrongError(cell.camera.at, f"unknown camera {shown(cell.camera)}")
        if cell.location is not None:
            found = self._there(found, cell.camera, cell.location)
            found = [one for one in found if (one.location or "") == cell.location.value] or found
        found = [one for one in found if one.name == cell.camera.value] or found
        if len(found) > 1:
            raise WrongError(cell.camera.at, _several(found, cell))
        return found[0]

    def _there(self, named: list[Camera], camera: Node, location: Node) -> list[Camera]:
        wanted = folded(location.value)
        found = [one for one in named if folded(one.location or "") == wanted]
        if not found:
            places = sorted({one.location or "(no location)" for one in named})
            raise WrongError(
                location.at,
                f"no camera {shown(camera)} in {shown(location)}; "
                f"there is one in {', '.join(places[:5])}",
            )
        return found

    def _with_id(self, cell: FileCell, node: Node) -> Camera:
        camera = self._by_id.get(node.value.strip().lower()) or self._by_id.get(node.value)
        if camera is None:
            raise WrongError(node.at, f"unknown camera_id {shown(node)}")
        for said, is_so in ((cell.camera, camera.name), (cell.location, camera.location)):
            if said is not None and folded(said.value) != folded(is_so or ""):
                raise WrongError(
                    said.at, f"{shown(said)} is not what the camera of this camera_id has"
                )
        return camera


def _several(found: Sequence[Camera], cell: FileCell) -> str:
    """Which cameras a name may mean, side by side where they are written differently."""
    assert cell.camera is not None
    where = "" if cell.location is None else f" in {shown(cell.location)}"
    names = {one.name for one in found}
    written = ""
    if len(names) > 1:
        each = (f"{_quoted(one.name or '')} is {one.id}" for one in found[:5])
        written = f": {', '.join(each)}"
    which = "location or the " if cell.location is None else ""
    return (
        f"{len(found)} cameras have the name {shown(cell.camera)}{where}{written}; "
        f"name the {which}camera_id"
    )


def _quoted(text: str) -> str:
    """Between quotes, with what cannot be seen as escapes."""
    plain = json.dumps(text, ensure_ascii=False)
    return plain if plain == json.dumps(text) else f"{plain} ({json.dumps(text)})"


def shown(node: Node) -> str:
    """A value in a message."""
    if isinstance(node.value, dict | list):
        return "a mapping" if isinstance(node.value, dict) else "a list"
    text = json.dumps(node.value, ensure_ascii=False)
    return text if len(text) <= 100 else f"{text[:97]}..."


def read_property(name: str, node: Node) -> Any:
    """The value of a property, as an intent holds it.

    Raises:
        WrongError: it cannot be stored.
    """
    value = node.value
    match name:
        case "enabled":
            if not isinstance(value, bool):
                raise WrongError(node.at, f"enabled must be true or false, not {shown(node)}")
        case "desired_fps" | "priority":
            low, high = FPS_RANGE if name == "desired_fps" else PRIORITY_RANGE
            whole = isinstance(value, int) and not isinstance(value, bool)
            if value is not None and not (whole and low <= value <= high):
                wanted = f"a whole number from {low} to {high}"
                raise WrongError(node.at, f"{name} must be {wanted}, not {shown(node)}")
        case _:
            if value is not None and not isinstance(value, dict):
                raise WrongError(node.at, f"{name} must be a JSON object, not {shown(node)}")
            return _storable(node)
    return value


_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


def _storable(node: Node) -> Any:
    """The value without its places.

    Raises:
        WrongError: the VAS takes no NUL, no half characters and no infinity.
    """
    value = node.value
    if isinstance(value, dict):
        for name in value:
            if _UNSTORABLE.search(name):
                raise WrongError(node.names[name], "parameters: " + _NO_CHARACTER)
        return {name: _storable(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_storable(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        raise WrongError(node.at, "parameters: a number that is too large to be stored")
    if isinstance(value, str) and _UNSTORABLE.search(value):
        raise WrongError(node.at, "parameters: " + _NO_CHARACTER)
    return value


_NO_CHARACTER = "a character that cannot be stored"
