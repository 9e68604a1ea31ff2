"""What the commands print: drafts, changes and problems, as text or as JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from vas_dash.changes.labels import kinds_text
from vas_dash.cli.text import Names, change_json, change_text, kinds, one_line, record_json
from vas_dash.cli.text import record_text as _record_text
from vas_dash.domain.changes import Blocked, CellChange, ChangeSet
from vas_dash.domain.entities import CellKey
from vas_dash.domain.records import CellResult, ChangeSetRecord
from vas_dash.domain.text import count
from vas_dash.files.drafting import FileDraft
from vas_dash.files.tree import FileProblem

__all__ = [
    "DIFFERENCES",
    "FAILED",
    "NOTHING_TO_DO",
    "blocked_json",
    "print_blocked",
    "print_json",
    "print_lines",
    "print_problems",
    "problem_json",
    "show_changes",
    "show_draft",
]

NOTHING_TO_DO = 0
FAILED = 1
DIFFERENCES = 2


def show_draft(
    draft: FileDraft,
    file: str,
    names: Names,
    *,
    strict: bool,
    as_json: bool,
    dry_run: bool = False,
) -> int:
    """What a file would change; the exit code."""
    changes = sorted(draft.changes.changes, key=names.order)
    own = [change for change in changes if change.key not in draft.pruned]
    pruned = [change for change in changes if change.key in draft.pruned]
    code = FAILED if draft.problems else DIFFERENCES if changes else NOTHING_TO_DO
    if as_json:
        print_json(
            {
                "differences": len(changes),
                "kinds": kinds(changes),
                "changes": [change_json(change, names) for change in own],
                "pruned": [change_json(change, names) for change in pruned],
                "problems": [problem_json(problem) for problem in draft.problems],
                "sent": False,
            }
        )
        return code
    partly = bool(changes) and not strict
    then = "apply --yes sends the rest" if partly else "nothing is sent until it is right"
    print_problems(file, draft.problems, then)
    if own or not (pruned or draft.problems):
        _print_changes(own, names)
    if pruned:
        print(f"Removed because the file does not name them: {count(len(pruned), 'cell')}.")
        print_lines(f"  {change_text(change, names)}" for change in pruned)
    if changes and dry_run:
        print(_NOT_SENT)
    return code


def show_changes(
    changes: ChangeSet,
    names: Names,
    record: ChangeSetRecord | None,
    *,
    as_json: bool,
    dry_run: bool,
) -> int:
    """What follows from a change set, and its own `record` where it was read; the exit code."""
    found = sorted(changes.changes, key=names.order)
    if as_json:
        print_json(
            {
                **({} if record is None else {"reopened": record_json(record)}),
                "differences": len(found),
                "kinds": kinds(found),
                "changes": [change_json(change, names) for change in found],
                "blocked": [blocked_json(one, names) for one in changes.blocked],
                "sent": False,
            }
        )
    else:
        if record is not None:
            print(_record_text(record))
        _print_changes(found, names)
        print_blocked(changes.blocked, names)
        if found and dry_run:
            print(_NOT_SENT)
    unknown = record is not None and bool(record.tally.get(CellResult.UNKNOWN))
    return FAILED if changes.blocked or unknown else DIFFERENCES if found else NOTHING_TO_DO


_NOT_SENT = "Nothing was sent; --yes does it."


def _print_changes(changes: Sequence[CellChange], names: Names) -> None:
    if changes:
        verb = "differs" if len(changes) == 1 else "differ"
        print(f"{count(len(changes), 'cell')} {verb}: {kinds_text(kinds(changes))}.")
        print_lines(f"  {change_text(change, names)}" for change in changes)
    else:
        print("Nothing to do.")


def print_problems(file: str, problems: Sequence[FileProblem], then: str) -> None:
    """Where and what is wrong in the file, and what happens `then`."""
    for problem in problems:
        where = f"{file}:{problem.line}:{problem.column}"
        print(one_line(f"{where}: {problem.message}"), file=sys.stderr)
    if problems:
        wrong = count(len(problems), "problem")
        print(f"vas_dash: {wrong} in the file; {then}", file=sys.stderr)


def problem_json(problem: FileProblem) -> dict[str, Any]:
    """A problem of a file for scripts."""
    return {"line": problem.line, "column": problem.column, "message": problem.message}


def print_blocked(blocked: Iterable[Blocked], names: Names) -> None:
    """Cells that cannot be changed, and why."""
    for one in blocked:
        why = "; ".join(f"{p.field}: {p.message}" if p.field else p.message for p in one.problems)
        print(f"{names.text(one.key)}: {one_line(why)}", file=sys.stderr)


def blocked_json(one: Blocked, names: Names) -> dict[str, Any]:
    """A cell that cannot be changed, for scripts."""
    problems = [{"field": problem.field, "message": problem.message} for problem in one.problems]
    return {**names.json(CellKey(*one.key)), "problems": problems}


def print_lines(lines: Iterable[str]) -> None:
    """Each on a line."""
    for line in lines:
        print(line)


def print_json(value: object) -> None:
    """Indented."""
    print(json.dumps(value, ensure_ascii=False, indent=2))
