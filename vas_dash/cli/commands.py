"""The command line, on the same engine as the page: files, undo, reopen, retry, history and users.

What is exit code 0, 1 and 2 is told in `docs/files.md` and by `--help`.
"""

from __future__ import annotations

import argparse
import getpass
import json
import logging
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from vas_dash.backend.client import VasClient
from vas_dash.changes.labels import kinds_text
from vas_dash.cli.text import (
    Names,
    cell_json,
    cell_text,
    change_json,
    change_text,
    kinds,
    one_line,
    record_json,
    record_text,
    tally_text,
)
from vas_dash.cli.users import add_user_commands
from vas_dash.config import Settings
from vas_dash.domain.changes import Blocked, CellChange, ChangeSet
from vas_dash.domain.entities import CellKey
from vas_dash.domain.finding import folded
from vas_dash.domain.fleet import FleetSnapshot
from vas_dash.domain.operators import Operator, Role
from vas_dash.domain.records import CellResult, ChangeSetRecord, HistoryFilter
from vas_dash.domain.text import count
from vas_dash.errors import ReasonNeededError, VasDashError
from vas_dash.files.decoding import MAX_BYTES
from vas_dash.files.drafting import FileDraft, draft_file
from vas_dash.files.exporting import export_file
from vas_dash.files.tree import FileProblem, Format
from vas_dash.fleet.query import GridQuery, parse_query
from vas_dash.fleet.reader import FleetReader
from vas_dash.wiring import create_client, create_journal, opened_operations

if TYPE_CHECKING:  # what they stand on takes longer to load than an export takes
    from vas_dash.changes.operations import Operations, Progress
    from vas_dash.changes.permissions import Permissions
    from vas_dash.journal import Journal

__all__ = ["main"]

NOTHING_TO_DO = 0
FAILED = 1
DIFFERENCES = 2

_DONE = {CellResult.APPLIED, CellResult.UNCHANGED}

_EPILOG = """\
exit codes: 0 nothing to do (left), 2 there are differences (plan, and apply, undo, reopen and
retry without --yes), 1 an error: nothing was done, or not everything. The VAS and the journal are
those of the environment (VAS_API_URL, VAS_API_KEY, VAS_DASH_DB_URL).
"""


class CommandError(VasDashError):
    """The command cannot be carried out. The message says why."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit code. Whatever goes wrong is one line, never a traceback."""
    logging.getLogger().addHandler(logging.NullHandler())
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    options = _parser().parse_args(arguments)
    try:
        code = int(options.run(options))
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        # Nobody reads any more; the interpreter must not try to flush once again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except KeyboardInterrupt:
        return _fail(options, "stopped")
    except VasDashError as error:
        return _fail(options, str(error))
    except OSError as error:
        where = f"{error.filename}: " if isinstance(error.filename, str) else ""
        return _fail(options, f"{where}{error.strerror or type(error).__name__}")
    except Exception as error:
        # A fault of ours. Its text may hold anything, so its type has to do.
        return _fail(options, f"an unexpected fault ({type(error).__name__})")


def _fail(options: argparse.Namespace, message: str) -> int:
    with suppress(OSError):
        if getattr(options, "json", False):
            _print_json({"error": message})
        else:
            print(f"vas_dash: {one_line(message)}", file=sys.stderr)
        sys.stdout.flush()
    return FAILED


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """The library's exit code is 2, which here means differences."""
        self.print_usage(sys.stderr)
        self.exit(FAILED, f"vas_dash: {one_line(message)}\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m vas_dash",
        description="Intent as a file: which AI models each camera is meant to run.",
        epilog=_EPILOG,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Any, text: str) -> argparse.ArgumentParser:
        one = commands.add_parser(name, help=text, description=text, epilog=_EPILOG)
        one.set_defaults(run=run)
        one.add_argument("--json", action="store_true", help="answer in JSON")
        return one

    export = command("export", _export, "Write the intent as a file, or what a filter finds.")
    export.add_argument("-o", "--output", metavar="FILE", help="default: the standard output")
    _format(export, "default: by the file's name, else yaml")
    _filter(export, "only what the page shows at this address: 'q=gate&loc=Hall&model=helmet-v2'")
    export.add_argument(
        "--separator", choices=[",", ";"], default=",", help="between the fields of csv"
    )
    export.add_argument("--ids", action="store_true", help="with the ids of cameras")

    for name, run, text in (
        ("plan", _plan, "What differs between a file and the fleet."),
        ("apply", _apply, "Make the fleet as a file says; without --yes only say what would be."),
    ):
        one = command(name, run, text)
        one.add_argument("file", metavar="FILE", help="csv, json or yaml; - is the standard input")
        _format(one, "default: by the file's name")
        one.add_argument(
            "--prune", action="store_true", help="remove assignments that the file does not name"
        )
        _filter(one, "prune only what the page shows at this address")
        one.add_argument(
            "--strict", action="store_true", help="nothing of a file in which something is wrong"
        )
        if name == "apply":
            _sending(one)

    for name, run, text in (
        ("undo", _undo, "Take an applied change set back; without --yes only show it."),
        (
            "reopen",
            _reopen,
            "Read again what is not known of a change set that was stopped or interrupted, and go "
            "on with what was not sent; without --yes only show it.",
        ),
        (
            "retry",
            _retry,
            "Try again what was not done of a change set, planned afresh; without --yes only "
            "show it.",
        ),
    ):
        one = command(name, run, text)
        one.add_argument("id", type=int, metavar="ID", help="the number of the change set")
        _sending(one)

    history = command("history", _history, "Change sets, newest first, or one with its cells.")
    history.add_argument("id", type=int, nargs="?", metavar="ID", help="show this one's cells")
    history.add_argument("--by", metavar="PERSON", help="only this person's")
    history.add_argument(
        "--camera", metavar="NAME", help="only those with this camera, by its name or its id"
    )
    history.add_argument("--model", metavar="ID", help="only those with this model")
    history.add_argument("--limit", type=_limit, default=20, metavar="N", help="default: 20")
    add_user_commands(command)
    return parser


def _format(parser: argparse.ArgumentParser, text: str) -> None:
    parser.add_argument("--format", choices=[str(one) for one in Format], help=text)


def _filter(parser: argparse.ArgumentParser, text: str) -> None:
    parser.add_argument("--filter", metavar="QUERY", help=text)


def _sending(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--yes", action="store_true", help="do it; else nothing is sent")
    parser.add_argument("--reason", metavar="TEXT", help="why; stands in the journal")
    parser.add_argument("--by", metavar="PERSON", help="who; default: the user of the system")


def _limit(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 10_000:
        raise argparse.ArgumentTypeError("must be from 1 to 10000")
    return number


def _export(options: argparse.Namespace) -> int:
    output: str | None = options.output
    wanted = Format(options.format) if options.format else Format.of(output or "")
    if wanted is None:
        wanted = Format.JSON if options.json else Format.YAML
    if options.json and output is None and wanted is not Format.JSON:
        raise CommandError(f"--json and --format {wanted} do not go together without --output")
    with _connected() as (_, client):
        snapshot, query = _read_fleet(client), _query(options)
        data = export_file(snapshot, wanted, query, ids=options.ids, separator=options.separator)
    if output is None:
        sys.stdout.buffer.write(data)
        return NOTHING_TO_DO
    try:
        _replace_file(Path(output), data)
    except OSError as error:
        raise CommandError(f"{output} cannot be written: {error.strerror}") from None
    if options.json:
        _print_json({"file": output, "format": wanted, "bytes": len(data)})
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


def _plan(options: argparse.Namespace) -> int:
    data, wanted = _file(options)
    with _connected() as (_, client):
        snapshot = _read_fleet(client)
        draft = draft_file(data, wanted, snapshot, _prune(options))
    return _show_draft(options, draft, Names(snapshot))


def _apply(options: argparse.Namespace) -> int:
    data, wanted = _file(options)
    with _connected() as (settings, client):
        snapshot = _read_fleet(client)
        names = Names(snapshot)
        draft = draft_file(data, wanted, snapshot, _prune(options))
        nothing = not draft.changes.changes or (options.strict and draft.problems)
        if nothing or not options.yes:
            return _show_draft(options, draft, names)
        with opened_operations(settings, client) as operations:
            by = _permissions(options, settings, operations)
            origin = f"import of {Path(options.file).name}" if options.file != "-" else "import"
            # What is blocked is among the problems, with its place in the file.
            good = ChangeSet(draft.changes.changes)
            code = _send(options, operations, by, good, origin, names, draft.problems)
            if not options.json:
                _print_problems(options, draft.problems, "the rest was sent")
            return FAILED if draft.problems else code


def _undo(options: argparse.Namespace) -> int:
    return _from_change_set(
        options, "undo", lambda operations, by: (operations.undo(options.id, by), None)
    )


def _retry(options: argparse.Namespace) -> int:
    return _from_change_set(
        options, "retry", lambda operations, by: (operations.retry(options.id, by), None)
    )


def _reopen(options: argparse.Namespace) -> int:
    def rest(operations: Operations, by: Permissions) -> tuple[ChangeSet, ChangeSetRecord]:
        reopened = operations.resume(options.id, by)
        return reopened.rest, reopened.record

    return _from_change_set(options, "rest", rest)


def _from_change_set(
    options: argparse.Namespace,
    what: str,
    drafted: Callable[[Operations, Permissions], tuple[ChangeSet, ChangeSetRecord | None]],
) -> int:
    """Show, or send, what a change set gives rise to; and how it stands itself, if it was read."""
    with (
        _connected() as (settings, client),
        opened_operations(settings, client) as operations,
    ):
        by = _permissions(options, settings, operations)
        changes, record = drafted(operations, by)
        names = Names(_read_fleet(client))
        if not changes.changes or not options.yes:
            return _show_changes(options, changes, names, record)
        return _send(options, operations, by, changes, f"{what} of {options.id}", names)


def _history(options: argparse.Namespace) -> int:
    settings = Settings.from_env()
    with _journal(settings) as journal:
        if options.id is not None:
            record = journal.change_set(options.id)
            if record is None:
                raise CommandError(f"there is no change set {options.id}")
            names = Names(_fleet_if_readable())
            cells = sorted(journal.cells(options.id), key=lambda cell: names.order(cell.change))
            if options.json:
                shown = [cell_json(cell, names) for cell in cells]
                _print_json({**record_json(record), "changes": shown})
            else:
                _print_lines([record_text(record), *(f"  {cell_text(c, names)}" for c in cells)])
            return NOTHING_TO_DO
        camera_id = None if options.camera is None else _camera_id(options.camera)
        wanted = HistoryFilter(options.by, camera_id, options.model)
        found = journal.history(wanted, limit=options.limit)
        if options.json:
            _print_json(
                {
                    "change_sets": [record_json(record) for record in found.items],
                    "more": found.next_before is not None,
                }
            )
        else:
            _print_lines(map(record_text, found.items))
            if found.next_before is not None:
                print("There are older ones; --limit shows more.")
    return NOTHING_TO_DO


def _fleet_if_readable() -> FleetSnapshot | None:
    """History is there without the VAS too, with ids in place of names."""
    try:
        with _connected() as (_, client):
            return FleetReader(client).read_fleet()
    except VasDashError:
        return None


def _camera_id(wanted: str) -> str:
    """The id of the camera of that id or name. One that is not in the VAS has to go by its id."""
    snapshot = _fleet_if_readable()
    cameras = () if snapshot is None else snapshot.known_cameras
    if any(camera.id == wanted for camera in cameras):
        return wanted
    alike = [one for one in cameras if one.name and folded(one.name) == folded(wanted)]
    found = [one for one in alike if one.name == wanted] or alike
    if len(found) > 1:
        ids = ", ".join(f"{camera.id} ({camera.location or 'no location'})" for camera in found)
        raise CommandError(f"{len(found)} cameras are named {wanted}; give an id: {ids}")
    return found[0].id if found else wanted


def _query(options: argparse.Namespace) -> GridQuery | None:
    return None if options.filter is None else parse_query(options.filter)


def _prune(options: argparse.Namespace) -> GridQuery | None:
    if not options.prune:
        if options.filter is not None:
            raise CommandError("--filter says what to prune, and needs --prune")
        return None
    return _query(options) or GridQuery()


def _file(options: argparse.Namespace) -> tuple[bytes, Format]:
    wanted = Format(options.format) if options.format else Format.of(options.file)
    if wanted is None:
        raise CommandError("what format the file has does not show in its name: give --format")
    if options.file == "-":
        return sys.stdin.buffer.read(MAX_BYTES + 1), wanted
    with open(options.file, "rb") as file:
        return file.read(MAX_BYTES + 1), wanted


@contextmanager
def _connected() -> Iterator[tuple[Settings, VasClient]]:
    """The VAS of the settings; without an address the embedded one, in this process."""
    settings = Settings.from_env()
    embedded = None
    if settings.api_url is None:
        from vas_dash.embedded import EmbeddedVas

        embedded = EmbeddedVas(settings)
        settings = settings.model_copy(
            update={"api_url": embedded.serve(), "api_key": settings.embedded_api_key}
        )
    client = create_client(settings)
    try:
        yield settings, client
    finally:
        client.close()
        if embedded is not None:
            embedded.close()


def _read_fleet(client: VasClient) -> FleetSnapshot:
    snapshot = FleetReader(client).read_fleet()
    parts = (snapshot.cameras, snapshot.assignments)
    reasons = dict.fromkeys(str(part.reason) for part in parts if not part.is_complete)
    if reasons:
        raise CommandError(f"the fleet cannot be read: {'; '.join(reasons)}")
    return snapshot


@contextmanager
def _journal(settings: Settings) -> Iterator[Journal]:
    journal = create_journal(settings)
    try:
        yield journal
    finally:
        journal.close()


def _permissions(
    options: argparse.Namespace, settings: Settings, operations: Operations
) -> Permissions:
    """Everybody who can read the environment is an admin, unless everyone is a viewer."""
    from vas_dash.changes.permissions import Permissions

    role = Role.VIEWER if settings.read_only else Role.ADMIN
    try:
        return Permissions(Operator(_person(options), role), operations.read_fleet)
    except ValueError as error:
        raise CommandError(f"--by: {error}") from None


def _send(
    options: argparse.Namespace,
    operations: Operations,
    by: Permissions,
    changes: ChangeSet,
    origin: str,
    names: Names,
    problems: Sequence[FileProblem] = (),
) -> int:
    from vas_dash.jobs.service import apply_watched

    try:
        change_set_id = operations.submit(changes, by=by, why=options.reason, origin=origin)
    except ReasonNeededError as error:
        raise CommandError(f"{error}; give --reason") from None
    stop = threading.Event()
    bar = _ProgressBar()
    with _stopping(stop):
        record = apply_watched(
            operations, change_set_id, on_progress=bar.show, cancelled=stop.is_set
        )
    bar.close()
    left = operations.journal.cells(change_set_id, results=set(CellResult) - _DONE)
    if options.json:
        _print_json(
            {
                **record_json(record),
                "not_done": [cell_json(cell, names) for cell in left],
                "blocked": [_blocked_json(one, names) for one in changes.blocked],
                "problems": [_problem_json(problem) for problem in problems],
            }
        )
    else:
        print(f"Change set {record.id}, {record.state}: {tally_text(record.tally)}.")
        if record.note:
            print(one_line(f"It was stopped: {record.note}."))
        _print_lines(f"  {cell_text(cell, names)}" for cell in left)
        _print_blocked(changes.blocked, names)
    return FAILED if left or changes.blocked else NOTHING_TO_DO


def _person(options: argparse.Namespace) -> str:
    if options.by:
        return str(options.by)
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"user {os.getuid()}"


@contextmanager
def _stopping(stop: threading.Event) -> Iterator[None]:
    """SIGINT and SIGTERM stop further writes; those on their way are still read and recorded."""
    signals = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(one, lambda *_: stop.set()) for one in signals]
    try:
        yield
    finally:
        for one, handler in zip(signals, before, strict=True):
            signal.signal(one, handler)


class _ProgressBar:
    """One line that is written over, on a terminal only."""

    def __init__(self) -> None:
        self._shown_at = 0.0
        self._on = sys.stderr.isatty()

    def show(self, progress: Progress) -> None:
        """Called whenever something happened; writes no more than ten times a second."""
        now = time.monotonic()
        if not self._on or (now - self._shown_at < 0.1 and progress.done < progress.total):
            return
        self._shown_at = now
        left = "" if progress.left_s is None else f", {progress.left_s:.0f} s left"
        tally = tally_text(progress.tally)
        line = (
            f"{progress.stage}: {progress.done:,} of {progress.total:,} "
            f"({tally}), {progress.rate:.0f}/s{left}"
        )
        print(f"\r\x1b[K{line}", end="", file=sys.stderr, flush=True)

    def close(self) -> None:
        """Leave the line."""
        if self._on and self._shown_at:
            print(file=sys.stderr)


def _show_draft(options: argparse.Namespace, draft: FileDraft, names: Names) -> int:
    changes = sorted(draft.changes.changes, key=names.order)
    own = [change for change in changes if change.key not in draft.pruned]
    pruned = [change for change in changes if change.key in draft.pruned]
    code = FAILED if draft.problems else DIFFERENCES if changes else NOTHING_TO_DO
    if options.json:
        _print_json(
            {
                "differences": len(changes),
                "kinds": kinds(changes),
                "changes": [change_json(change, names) for change in own],
                "pruned": [change_json(change, names) for change in pruned],
                "problems": [_problem_json(problem) for problem in draft.problems],
                "sent": False,
            }
        )
        return code
    partly = bool(changes) and not options.strict
    said = "apply --yes sends the rest" if partly else "nothing is sent until it is right"
    _print_problems(options, draft.problems, said)
    if own or not (pruned or draft.problems):
        _print_changes(own, names)
    if pruned:
        print(f"Removed because the file does not name them: {count(len(pruned), 'cell')}.")
        _print_lines(f"  {change_text(change, names)}" for change in pruned)
    _print_not_sent(options, bool(changes))
    return code


def _print_problems(
    options: argparse.Namespace, problems: Sequence[FileProblem], said: str
) -> None:
    for problem in problems:
        where = f"{options.file}:{problem.line}:{problem.column}"
        print(one_line(f"{where}: {problem.message}"), file=sys.stderr)
    if problems:
        wrong = count(len(problems), "problem")
        print(f"vas_dash: {wrong} in the file; {said}", file=sys.stderr)


def _show_changes(
    options: argparse.Namespace,
    changes: ChangeSet,
    names: Names,
    record: ChangeSetRecord | None = None,
) -> int:
    found = sorted(changes.changes, key=names.order)
    if options.json:
        _print_json(
            {
                **({} if record is None else {"reopened": record_json(record)}),
                "differences": len(found),
                "kinds": kinds(found),
                "changes": [change_json(change, names) for change in found],
                "blocked": [_blocked_json(one, names) for one in changes.blocked],
                "sent": False,
            }
        )
    else:
        if record is not None:
            print(record_text(record))
        _print_changes(found, names)
        _print_blocked(changes.blocked, names)
        _print_not_sent(options, bool(found))
    unknown = record is not None and bool(record.tally.get(CellResult.UNKNOWN))
    return FAILED if changes.blocked or unknown else DIFFERENCES if found else NOTHING_TO_DO


def _print_changes(changes: Sequence[CellChange], names: Names) -> None:
    if changes:
        verb = "differs" if len(changes) == 1 else "differ"
        print(f"{count(len(changes), 'cell')} {verb}: {kinds_text(kinds(changes))}.")
        _print_lines(f"  {change_text(change, names)}" for change in changes)
    else:
        print("Nothing to do.")


def _print_not_sent(options: argparse.Namespace, differ: bool) -> None:
    if differ and "yes" in options and not options.yes:
        print("Nothing was sent; --yes does it.")


def _print_blocked(blocked: Iterable[Blocked], names: Names) -> None:
    for one in blocked:
        said = "; ".join(f"{p.field}: {p.message}" if p.field else p.message for p in one.problems)
        print(f"{names.text(one.key)}: {one_line(said)}", file=sys.stderr)


def _problem_json(problem: FileProblem) -> dict[str, Any]:
    return {"line": problem.line, "column": problem.column, "message": problem.message}


def _blocked_json(one: Blocked, names: Names) -> dict[str, Any]:
    said = [{"field": problem.field, "message": problem.message} for problem in one.problems]
    return {**names.json(CellKey(*one.key)), "problems": said}


def _print_lines(lines: Iterable[str]) -> None:
    for line in lines:
        print(line)


def _print_json(value: object) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=2))
