"""From the bytes of a file to a change set, as far as the file is right."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace

from vas_dash.changes.checks import checked
from vas_dash.domain.changes import Blocked, CellChange, ChangeSet, Problem, plan
from vas_dash.domain.entities import Assignment, CellKey
from vas_dash.domain.fleet import FleetSnapshot
from vas_dash.domain.presets import Preset, PresetEdit
from vas_dash.files.importing import Import, import_file
from vas_dash.files.presets import preset_edits
from vas_dash.files.reading import read_file
from vas_dash.files.tree import FileCell, FileIntent, FileProblem, Format
from vas_dash.fleet.query import GridQuery

__all__ = ["FileDraft", "draft_file", "expecting"]


@dataclass(frozen=True)
class FileDraft:
    """The difference between a file and the fleet.

    `changes` holds what is right, `problems` everything that is wrong, in the file's order.
    `presets` is what is to become of presets. `pruned` are the cells that are removed only because
    the file does not name them, `conflicts` those that do not hold what was expected.
    """

    changes: ChangeSet
    problems: Sequence[FileProblem]
    pruned: frozenset[CellKey]
    cells: int
    conflicts: frozenset[CellKey] = frozenset()
    presets: tuple[PresetEdit, ...] = ()


def draft_file(
    data: bytes,
    format: Format,  # noqa: A002 - the word of the field
    snapshot: FleetSnapshot,
    prune: GridQuery | None = None,
    presets: Callable[[], Sequence[Preset]] = tuple,
) -> FileDraft:
    """What has to change for the fleet to be as the file says. See `import_file`.

    `presets` gives the versions that are kept; it is asked only where the file has presets.

    Raises:
        FleetUnknownError: cameras or assignments are not all known.
    """
    file = read_file(data, format)
    edits, wrong = preset_edits(file, snapshot, presets() if file.presets else ())
    file = replace(file, problems=[*file.problems, *wrong])
    found = import_file(file, snapshot, prune)
    changes = checked(plan(snapshot, {**found.desired_changes, **found.removals}), snapshot)
    problems = sorted([*found.problems, *_placed(changes.blocked, file, found)])
    pruned = frozenset(found.removals)
    if problems and pruned:  # a file with a wrong cell is not to be trusted with removals
        kept = tuple(change for change in changes.changes if change.key not in pruned)
        changes, pruned = replace(changes, changes=kept), frozenset()
    return FileDraft(changes, problems, pruned, len(file.cells), presets=edits)


def expecting(
    draft: FileDraft,
    data: bytes,
    format: Format,  # noqa: A002 - the word of the field
    snapshot: FleetSnapshot,
) -> tuple[FileDraft, Sequence[FileProblem]]:
    """The draft, begun from what another file says that cells hold; and what is wrong in that file.

    A cell that holds something else is a conflict when the draft is applied. One that the other
    file is wrong about is left out; where it cannot be told which cell that is, so is each that the
    other file does not name; where that file cannot be read to its end, everything is. Presets are
    left alone.

    Raises:
        FleetUnknownError: cameras or assignments are not all known.
    """
    file = read_file(data, format)
    found = import_file(file, snapshot)
    others = {change.key: change for change in plan(snapshot, found.desired_changes).changes}
    wrong = found.cells.keys() - found.desired_changes.keys()
    if len(found.cells) < len(file.cells):  # a row whose camera or model is not found
        wrong = {change.key for change in draft.changes.changes} - found.desired_changes.keys()
    changes = tuple(
        replace(change, before=_as_expected(others[change.key], snapshot))
        if change.key in others
        else change
        for change in draft.changes.changes
        if change.key not in wrong and not file.problems
    )
    conflicts = frozenset(change.key for change in changes if change.key in others)
    begun = replace(draft, changes=ChangeSet(changes), conflicts=conflicts, presets=())
    return begun, found.problems


def _as_expected(change: CellChange, snapshot: FleetSnapshot) -> Assignment:
    """A cell as the file says, so that it differs from what it holds."""
    key, before = change.key, change.before
    if before is None:
        before = Assignment("", *key, False, None, None, None, snapshot.taken_at, None)
    assert change.desired is not None  # a file names no cell that is to be unassigned
    return replace(before, **asdict(change.desired))


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
