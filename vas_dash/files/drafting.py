"""From the bytes of a file to a change set, as far as the file is right."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from vas_dash.changes.checks import checked
from vas_dash.domain.changes import Blocked, ChangeSet, Problem, plan
from vas_dash.domain.entities import CellKey
from vas_dash.domain.fleet import FleetSnapshot
from vas_dash.files.importing import Import, import_file
from vas_dash.files.reading import read_file
from vas_dash.files.tree import FileCell, FileIntent, FileProblem, Format
from vas_dash.fleet.query import GridQuery

__all__ = ["FileDraft", "draft_file"]


@dataclass(frozen=True)
class FileDraft:
    """The difference between a file and the fleet.

    `changes` holds what is right, `problems` everything that is wrong, in the file's order.
    `pruned` are the cells that are removed only because the file does not name them.
    """

    changes: ChangeSet
    problems: Sequence[FileProblem]
    pruned: frozenset[CellKey]
    cells: int


def draft_file(
    data: bytes,
    format: Format,  # noqa: A002 - the word of the field
    snapshot: FleetSnapshot,
    prune: GridQuery | None = None,
) -> FileDraft:
    """What has to change for the fleet to be as the file says. See `import_file`.

    Raises:
        FleetUnknownError: cameras or assignments are not all known.
    """
    file = read_file(data, format)
    found = import_file(file, snapshot, prune)
    changes = checked(plan(snapshot, {**found.desired_changes, **found.removals}), snapshot)
    problems = sorted([*found.problems, *_placed(changes.blocked, file, found)])
    pruned = frozenset(found.removals)
    if problems and pruned:  # a file with a wrong cell is not to be trusted with removals
        kept = tuple(change for change in changes.changes if change.key not in pruned)
        changes, pruned = replace(changes, changes=kept), frozenset()
    return FileDraft(changes, problems, pruned, len(file.cells))


def _placed(blocked: Iterable[Blocked], file: FileIntent, found: Import) -> list[FileProblem]:
    problems = []
    for one in blocked:
        cell = found.cells.get(one.key)
        for problem in one.problems:
            place = file.place(0 if cell is None else _offset(cell, problem))
            subject = f"{problem.field}: " if problem.field else ""
            problems.append(FileProblem(*place, f"{subject}{problem.message}"))
    return problems


def _offset(cell: FileCell, problem: Problem) -> int:
    """Where in the file the property stands that a problem is about."""
    name, _, path = problem.field.partition(".")
    if name == "camera":
        node = cell.camera_id or cell.camera
        return cell.at if node is None else node.at
    if name == "model":
        return cell.model.at
    if name != "parameters":
        node = cell.properties.get(name)
        return cell.at if node is None else node.at
    return cell.parameter(path.split(".") if path else (), problem.message)
