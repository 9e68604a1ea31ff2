"""The commands on files: export, plan and apply."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from vas_dash.cli.connection import CommandError, connected, permissions, read_fleet
from vas_dash.cli.options import Sending, as_json, file_format, page_filter, sending
from vas_dash.cli.output import FAILED, NOTHING_TO_DO, print_json, print_problems, show_draft
from vas_dash.cli.sending import send
from vas_dash.cli.text import Names, one_line
from vas_dash.domain.changes import ChangeSet
from vas_dash.domain.fleet import FleetSnapshot
from vas_dash.domain.text import count
from vas_dash.files.decoding import MAX_BYTES
from vas_dash.files.drafting import FileDraft, draft_file
from vas_dash.files.exporting import export_file
from vas_dash.files.tree import Format
from vas_dash.fleet.query import parse_query
from vas_dash.wiring import opened_operations

__all__ = ["apply", "export", "plan"]

F = TypeVar("F", bound=Callable[..., Any])


@click.command(help="Write the intent as a file, or what a filter finds.")
@click.option("-o", "--output", metavar="FILE", help="Default: the standard output.")
@file_format("Default: by the file's name, else yaml.")
@page_filter("Only what the page shows at this address: 'q=gate&loc=Hall&model=helmet-v2'.")
@click.option("--separator", type=click.Choice([",", ";"]), default=",", help="Of fields in csv.")
@click.option("--ids", is_flag=True, help="With the ids of cameras.")
@as_json
def export(
    output: str | None,
    wanted: str | None,
    query: str | None,
    separator: str,
    ids: bool,
    as_json: bool,
) -> int:
    """Write a file, or to the standard output."""
    file_format = Format(wanted) if wanted else Format.of(output or "")
    if file_format is None:
        file_format = Format.JSON if as_json else Format.YAML
    if as_json and output is None and file_format is not Format.JSON:
        raise CommandError(f"--json and --format {file_format} do not go together without --output")
    with connected() as (_, client):
        snapshot, found = read_fleet(client), None if query is None else parse_query(query)
        data = export_file(snapshot, file_format, found, ids=ids, separator=separator)
    if output is None:
        sys.stdout.buffer.write(data)
        return NOTHING_TO_DO
    try:
        _replace_file(Path(output), data)
    except OSError as error:
        raise CommandError(f"{output} cannot be written: {error.strerror}") from None
    if as_json:
        print_json({"file": output, "format": file_format, "bytes": len(data)})
    else:
        print(f"wrote {one_line(output)}, {count(len(data), 'byte')}", file=sys.stderr)
    return NOTHING_TO_DO


def _replace_file(path: Path, data: bytes) -> None:
    """Whole or not at all: a file that is there is replaced in one step."""
    if path.exists() and not path.is_file():  # a pipe, a terminal
        path.write_bytes(data)
        return
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask()
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.chmod(name, mode)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _reading(command: F) -> F:
    """The options of a command that reads a file."""
    for option in (
        as_json,
        click.option(
            "--strict", is_flag=True, help="Nothing of a file in which something is wrong."
        ),
        page_filter("Prune only what the page shows at this address."),
        click.option("--prune", is_flag=True, help="Remove assignments the file does not name."),
        file_format("Default: by the file's name."),
        click.argument("file", metavar="FILE"),
    ):
        command = option(command)
    return command


@click.command(
    help="What differs between FILE and the fleet. FILE is csv, json or yaml; - reads the input."
)
@_reading
def plan(
    file: str, wanted: str | None, prune: bool, query: str | None, strict: bool, as_json: bool
) -> int:
    """Show what would be changed."""
    draft_of = _reader(file, wanted, prune, query)
    with connected() as (_, client):
        snapshot = read_fleet(client)
        draft = draft_of(snapshot)
    return show_draft(draft, file, Names(snapshot), strict=strict, as_json=as_json)


@click.command(
    help="Make the fleet as FILE says; without --yes only show it. FILE is csv, json or yaml; - "
    "reads the input."
)
@_reading
@sending
def apply(
    file: str,
    wanted: str | None,
    prune: bool,
    query: str | None,
    strict: bool,
    as_json: bool,
    **options: Any,
) -> int:
    """Show what would be changed, or change it."""
    how = Sending(**options)
    draft_of = _reader(file, wanted, prune, query)
    with connected() as (settings, client):
        snapshot = read_fleet(client)
        draft, names = draft_of(snapshot), Names(snapshot)
        if not draft.changes.changes or (strict and draft.problems) or not how.yes:
            return show_draft(
                draft, file, names, strict=strict, as_json=as_json, dry_run=not how.yes
            )
        with opened_operations(settings, client) as operations:
            code = send(
                operations,
                permissions(how.by, settings, operations),
                # What is blocked is among the problems, with its place in the file.
                ChangeSet(draft.changes.changes),
                names,
                how,
                source=f"import of {Path(file).name}" if file != "-" else "import",
                as_json=as_json,
                problems=draft.problems,
            )
    if not as_json:
        print_problems(file, draft.problems, "the rest was sent")
    return FAILED if draft.problems else code


def _reader(
    file: str, wanted: str | None, prune: bool, query: str | None
) -> Callable[[FleetSnapshot], FileDraft]:
    """Read the file now; what makes a draft of it against a fleet.

    Raises:
        CommandError: its format is not known, or there is a filter without pruning.
        OSError: it cannot be read.
    """
    if query is not None and not prune:
        raise CommandError("--filter says what to prune, and needs --prune")
    file_format = Format(wanted) if wanted else Format.of(file)
    if file_format is None:
        raise CommandError("what format the file has does not show in its name: give --format")
    if file == "-":
        data = sys.stdin.buffer.read(MAX_BYTES + 1)
    else:
        with open(file, "rb") as opened:
            data = opened.read(MAX_BYTES + 1)
    pruned = parse_query(query or "") if prune else None
    return lambda snapshot: draft_file(data, file_format, snapshot, pruned)
