"""The commands on files: export, plan and apply."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from itertools import chain
from pathlib import Path

from click import Argument, Choice, Command, Option, open_file

from vas_dash.changes.labels import preset_edit_line
from vas_dash.cli.connection import connected, read_fleet
from vas_dash.cli.options import AS_JSON, SENDING, file_format, page_filter
from vas_dash.cli.output import (
    DIFFERENCES,
    NOTHING,
    NOTHING_TO_DO,
    Answer,
    CommandError,
    Names,
    one_line,
    preview,
)
from vas_dash.config import Settings
from vas_dash.domain.changes import ChangeSet
from vas_dash.domain.presets import Preset, PresetEdit, current_presets
from vas_dash.domain.text import count
from vas_dash.errors import JournalError
from vas_dash.files.decoding import MAX_BYTES
from vas_dash.files.drafting import draft_file, expecting
from vas_dash.files.exporting import export_file
from vas_dash.files.tree import FileProblem, Format
from vas_dash.fleet.query import parse_query
from vas_dash.wiring import preset_versions

__all__ = ["apply", "export", "plan"]


def _export(
    output: str | None,
    wanted: str | None,
    query: str | None,
    separator: str,
    ids: bool,
    as_json: bool,
) -> Answer:
    written = Format(wanted) if wanted else Format.of(output or "")
    if written is None:
        written = Format.JSON if as_json else Format.YAML
    if as_json and output is None and written is not Format.JSON:
        raise CommandError(f"--json and --format {written} do not go together without --output")
    with connected() as (settings, client):
        snapshot, found = read_fleet(client), None if query is None else parse_query(query)
        presets, notes = _kept(settings) if written is not Format.CSV else ((), [])
        data = export_file(snapshot, written, found, ids=ids, separator=separator, presets=presets)
    if output is None:
        return Answer(NOTHING_TO_DO, data, notes=notes)
    try:
        _replace_file(Path(output), data)
    except OSError as error:
        raise CommandError(f"{output} cannot be written: {error.strerror}") from None
    return Answer(
        NOTHING_TO_DO,
        {"file": output, "format": written, "bytes": len(data)},
        notes=[*notes, f"wrote {one_line(output)}, {count(len(data), 'byte')}"],
    )


def _kept(settings: Settings) -> tuple[Sequence[Preset], list[str]]:
    """The presets; where the journal cannot be read, a note says that they are left out."""
    try:
        return current_presets(preset_versions(settings)), []
    except JournalError as error:
        return (), [f"vas_dash: without presets: {error.reason}"]


export = Command(
    "export",
    params=[
        Option(["-o", "--output"], metavar="FILE", help="Default: the standard output."),
        file_format("Default: by the file's name, else yaml."),
        page_filter("Only what the page shows at this address: 'q=gate&loc=Hall&model=helmet-v2'."),
        Option(
            ["--separator"], type=Choice([",", ";"]), default=",", help="Between the fields of csv."
        ),
        Option(["--ids"], is_flag=True, help="With the ids of cameras."),
        Option(["--json", "as_json"], is_flag=True, help="Answer in JSON."),
    ],
    callback=_export,
)


def _replace_file(path: Path, data: bytes) -> None:
    """Whole or not at all: a file that is there is replaced in one step."""
    if path.exists() and not path.is_file():  # a pipe, a terminal
        path.write_bytes(data)
        return
    part = path.with_name(f".{path.name}.{os.getpid()}")
    with open(part, "xb") as file:
        try:
            if path.exists():
                shutil.copymode(path, part)
            file.write(data)
            file.flush()
            part.replace(path)
        except BaseException:
            part.unlink()
            raise


def _compare(
    file: str,
    wanted: str | None,
    prune: bool,
    query: str | None,
    expect: str | None,
    strict: bool,
    yes: bool | None = None,
    reason: str | None = None,
    by: str | None = None,
) -> Answer:
    """Show, or send, what makes the fleet as the file says."""
    if query is not None and not prune:
        raise CommandError("--filter says what to prune, and needs --prune")
    data, kind = _read_file(file, wanted)
    with connected() as (settings, client):
        snapshot = read_fleet(client)
        names = Names(snapshot)
        scope = parse_query(query or "") if prune else None
        draft = draft_file(data, kind, snapshot, scope, lambda: preset_versions(settings))
        wrong = {file: draft.problems}
        if expect is not None:
            draft, wrong[expect] = expecting(draft, *_read_file(expect, None), snapshot)
        problems = [*chain(*wrong.values())]
        # What is blocked is among the problems, with its place in the file.
        changes = ChangeSet(draft.changes.changes)
        right = bool(changes.changes or draft.presets) and not (strict and problems)
        if yes and right:
            from vas_dash.cli.sending import keep_presets, operations_of, send  # loads the journal

            source = "import" if file == "-" else f"import of {Path(file).name}"
            with operations_of(by, settings, client) as (operations, operator):
                keep_presets(operations, operator, draft.presets, snapshot)
                answer = preview(changes, names, None, problems=problems)
                if changes.changes:
                    answer = send(operations, operator, changes, names, reason, source, problems)
            then = "the rest was sent"
        else:
            answer = preview(
                changes,
                names,
                yes,
                pruned=draft.pruned,
                conflicts=draft.conflicts,
                problems=problems,
            )
            then = "apply --yes sends the rest" if right else "nothing is sent until it is right"
    answer = _with_presets(answer, draft.presets, yes, kept=bool(yes and right))
    return replace(answer, notes=_problem_lines(wrong, then))


def _with_presets(
    answer: Answer, edits: Sequence[PresetEdit], yes: bool | None, *, kept: bool
) -> Answer:
    """What the file does to presets, before what it does to cells."""
    if not edits:
        return answer
    assert isinstance(answer.document, dict)
    what = "Kept" if kept else "To be kept"
    lines = [f"{what}: preset {one_line(preset_edit_line(one))}." for one in edits]
    cells = list(answer.lines)
    if cells == [NOTHING]:
        cells = ["Nothing was sent; --yes does it."] if yes is False else []
    presets = [{"model": one.model_id, "name": one.name, **asdict(one.values)} for one in edits]
    return replace(
        answer,
        code=answer.code or (NOTHING_TO_DO if kept else DIFFERENCES),
        document={**answer.document, "presets": presets},
        lines=(*lines, *cells),
    )


_FILE = (
    Argument(["file"], metavar="FILE"),
    file_format("Default: by the file's name."),
    Option(["--prune"], is_flag=True, help="Remove assignments that the file does not name."),
    page_filter("Prune only what the page shows at this address."),
    Option(
        ["--expect"],
        metavar="FILE",
        help="Leave cells alone that do not hold what this file says.",
    ),
    Option(["--strict"], is_flag=True, help="Nothing of a file in which something is wrong."),
)

plan = Command("plan", params=[*_FILE, AS_JSON], callback=_compare)
apply = Command("apply", params=[*_FILE, *SENDING, AS_JSON], callback=_compare)


def _problem_lines(wrong: Mapping[str, Sequence[FileProblem]], then: str) -> Iterator[str]:
    """Where and what is wrong in each file, and what happens `then`."""
    for file, problems in wrong.items():
        for problem in problems:
            yield one_line(f"{file}:{problem.line}:{problem.column}: {problem.message}")
        if problems:
            yield f"vas_dash: {count(len(problems), 'problem')} in the file; {then}"


def _read_file(file: str, wanted: str | None) -> tuple[bytes, Format]:
    kind = Format(wanted) if wanted else Format.of(file)
    if kind is None:
        raise CommandError("what format the file has does not show in its name: give --format")
    with open_file(file, "rb") as opened:
        return opened.read(MAX_BYTES + 1), kind
