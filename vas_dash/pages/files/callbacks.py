"""Intent as files: export and import."""

from __future__ import annotations

import base64
import binascii
import re
import secrets
from dataclasses import replace
from typing import Any

from dash import Dash, Input, Output, State, no_update
from dash.exceptions import PreventUpdate

from vas_dash.domain.changes import ChangeSet
from vas_dash.domain.fleet import FleetSnapshot
from vas_dash.domain.records import Draft
from vas_dash.domain.text import count, cut, moment
from vas_dash.errors import JournalError, VasDashError
from vas_dash.files.drafting import FileDraft, draft_file
from vas_dash.files.exporting import FleetUnknownError, exported
from vas_dash.files.tree import Format
from vas_dash.fleet.query import GridQuery, parse_query
from vas_dash.pages import ids
from vas_dash.pages.arguments import (
    FILE_ASKED,
    FILE_NAME,
    FILE_SHOWN,
    SEARCH,
    UPLOADED,
    DraftRef,
    FileShown,
    checked,
)
from vas_dash.pages.browser import in_browser
from vas_dash.pages.context import Context
from vas_dash.pages.draft.handle import checked_handle
from vas_dash.pages.draft.model import handle_of
from vas_dash.pages.files import view
from vas_dash.pages.files.model import checked_file, filter_text, preset_digest
from vas_dash.pages.parts import timed
from vas_dash.pages.review.callbacks import load

_NAME_CHARS = 100
_DOCUMENT = re.compile(rb"\A(?:\s*#[^\n]*\n|\s)*(?:---\s|(?:format|version|cameras)\s*:)")


class _UnusableError(Exception):
    """The file cannot be looked at. The message says why."""


def register(app: Dash, context: Context) -> None:
    """Register the callbacks of the view."""
    _register_scopes(app)
    _register_in_browser(app)
    _register_export(app, context)
    _register_check(app, context)
    _register_take(app, context)


def _register_scopes(app: Dash) -> None:
    @app.callback(
        Output(ids.FILES_SCOPE, "options"),
        Output(ids.FILES_SCOPE, "value"),
        Output(ids.FILES_PRUNE, "options"),
        Output(ids.FILES_PRUNE, "value"),
        Input(ids.FILES_SEARCH, "data"),
        State(ids.FILES_SCOPE, "value"),
        State(ids.FILES_PRUNE, "value"),
    )
    def scopes(search: object, scope: object, prune: object) -> tuple[Any, ...]:
        """Offer the filter of the grid, where it has one."""
        text = filter_text(parse_query(checked(SEARCH, search)))
        return (
            view.scope_options(text),
            view.WHOLE if scope == view.FILTERED and not text else no_update,
            view.prune_options(text),
            view.NOTHING if prune == view.FILTERED and not text else no_update,
        )


def _register_export(app: Dash, context: Context) -> None:
    @app.callback(
        Output(ids.FILES_MESSAGE, "children", allow_duplicate=True),
        Output(ids.FILES_GO, "data"),
        Input(ids.FILES_ASKED, "data"),
        prevent_initial_call=True,
    )
    def ask(what: object) -> tuple[Any, ...]:
        """Whether there is something to download; else why not, without leaving the page."""
        asked = checked(FILE_ASKED, what)
        snapshot = context.grid().snapshot
        try:
            exported(snapshot, parse_query(asked.search))
        except FleetUnknownError as error:
            return view.message(f"Not exported: {error}."), no_update
        text = f"Exported, the fleet as of {moment(snapshot.taken_at)}"
        try:
            context.presets.versions()
        except JournalError as error:
            text += f"; without presets, since {error.reason}"
        return timed(f"{text}."), asked.n


def _register_check(app: Dash, context: Context) -> None:
    @app.callback(
        Output(ids.FILES_CHECKED, "children"),
        Output(ids.FILES_TAKE, "children"),
        Output(ids.FILES_TAKE, "hidden"),
        Output(ids.FILES_SHOWN, "data"),
        Output(ids.FILES_MESSAGE, "children"),
        Input(ids.FILES_UPLOAD, "contents"),
        Input(ids.FILES_PRUNE, "value"),
        State(ids.FILES_UPLOAD, "filename"),
        State(ids.FILES_SEARCH, "data"),
        State(ids.DRAFT, "data"),
        prevent_initial_call=True,
    )
    def check(
        contents: object, prune: object, filename: object, search: object, draft_data: object
    ) -> tuple[Any, ...]:
        """Say what a file would change, and everything that is wrong with it."""
        if contents is None:
            return [], "", True, {}, no_update
        name = _name(filename)
        try:
            draft = load(context, checked_handle(draft_data))
            found = _read(context, contents, name, _prune(prune, search))
        except (_UnusableError, VasDashError) as error:
            return [], "", True, {}, view.message(f"{name}: not read, {error}.")
        return *_checked(name, found, draft), ""


def _register_take(app: Dash, context: Context) -> None:
    @app.callback(
        Output(ids.FILES_CHECKED, "children", allow_duplicate=True),
        Output(ids.FILES_TAKE, "children", allow_duplicate=True),
        Output(ids.FILES_TAKE, "hidden", allow_duplicate=True),
        Output(ids.FILES_SHOWN, "data", allow_duplicate=True),
        Output(ids.FILES_MESSAGE, "children", allow_duplicate=True),
        Output(ids.FILES_UPLOAD, "contents"),
        Output(ids.DRAFT, "data", allow_duplicate=True),
        Output(ids.URL, "pathname", allow_duplicate=True),
        Input(ids.FILES_TAKE, "n_clicks"),
        State(ids.FILES_UPLOAD, "contents"),
        State(ids.FILES_PRUNE, "value"),
        State(ids.FILES_UPLOAD, "filename"),
        State(ids.FILES_SEARCH, "data"),
        State(ids.FILES_SHOWN, "data"),
        State(ids.DRAFT, "data"),
        running=[(Output(ids.FILES_TAKE, "disabled"), True, False)],
        prevent_initial_call=True,
    )
    def take(
        clicks: object,
        contents: object,
        prune: object,
        filename: object,
        search: object,
        shown: object,
        draft_data: object,
    ) -> tuple[Any, ...]:
        """Make what is right in the file the draft, and go to review it."""
        if not clicks or contents is None:
            raise PreventUpdate
        offered, ref = checked(FILE_SHOWN, shown or {}), checked_handle(draft_data)
        name = _name(filename)
        try:
            return _taken(context, name, contents, _prune(prune, search), offered, ref)
        except (_UnusableError, VasDashError) as error:
            text = view.message(f"{name}: not drafted, {error}.")
            return (no_update,) * 4 + (text, no_update, no_update, no_update)


def _taken(
    context: Context,
    name: str,
    contents: object,
    prune: GridQuery | None,
    offered: FileShown,
    ref: DraftRef | None,
) -> tuple[Any, ...]:
    """What the view says once a file was made the draft, or why it was not; `offered` was seen."""
    draft = load(context, ref)
    found = _read(context, contents, name, prune)
    replaced = draft.changes or draft.blocked
    if replaced and (draft.id, draft.revision) != (offered.id, offered.revision):
        text = view.message("The draft changed meanwhile: nothing was replaced.")
        return *_checked(name, found, draft), text, no_update, handle_of(draft), no_update
    if found.presets and preset_digest(found.presets) != offered.presets:
        text = view.message("The presets changed meanwhile: nothing was kept. Look again.")
        return *_checked(name, found, draft), text, no_update, no_update, no_update
    if not (found.changes.changes or found.presets):
        return *_checked(name, found, draft), "", no_update, no_update, no_update
    kept = ""
    if found.presets:
        fleet = context.grid().snapshot
        made = context.presets.keep(found.presets, context.permissions, fleet)
        kept = f"{count(len(made), 'preset')} kept"
    said = f"{kept}." if kept else ""
    if not found.changes.changes:
        return [], "", True, {}, said, None, no_update, no_update
    # An id under which nothing is kept may be another operator's.
    draft_id = draft.id if draft.revision else secrets.token_urlsafe(16)
    good = ChangeSet(found.changes.changes)
    try:
        put = context.drafting.put(draft_id, context.permissions, good, f"import of {name}")
    except VasDashError as error:
        raise _UnusableError(f"{error}{kept and f'; {kept}'}") from None
    return [], "", True, {}, said, None, handle_of(put), f"{context.settings.prefix}review"


def _checked(name: str, found: FileDraft, draft: Draft) -> tuple[Any, ...]:
    """What the view says of a file, its button, and the draft that the button would replace."""
    changes = found.changes.changes
    pruned, problems = len(found.pruned), found.problems
    file = checked_file(name, found.cells, changes, pruned, problems, found.presets)
    drafted = len(draft.changes) or len(draft.blocked)
    parts = view.checked(file)
    if changes and drafted:
        parts.append(view.replaces(drafted))
    shown = {
        "id": draft.id,
        "revision": draft.revision,
        "presets": preset_digest(found.presets),
    }
    text = view.take_text(len(changes), drafted, len(found.presets))
    return parts, text, not (changes or found.presets), shown


def _read(context: Context, contents: object, name: str, prune: GridQuery | None) -> FileDraft:
    if prune is not None:
        context.permissions.require_prune()
    data = _bytes(contents)
    snapshot = context.grid().snapshot
    _refuse_unknown(snapshot)
    found = draft_file(data, _format(name, data), snapshot, prune, context.presets.versions)
    # What is blocked is among the problems, with its place in the file.
    return replace(found, changes=replace(found.changes, blocked=()))


def _refuse_unknown(snapshot: FleetSnapshot) -> None:
    """Cameras and assignments are asked for by `draft_file` itself."""
    if not snapshot.models.is_complete:
        reason = cut(snapshot.models.reason or "no reason given")
        raise _UnusableError(f"the models are not all known: {reason}")


def _bytes(contents: object) -> bytes:
    """What the browser sends of a file: `data:text/csv;base64,...`."""
    text = checked(UPLOADED, contents)
    _, comma, encoded = text.partition(",")
    if len(encoded) > view.MAX_BYTES * 4 // 3 + 4:
        raise _UnusableError(f"it is larger than {view.MAX_BYTES // 1_000_000} MB")
    if not comma and not encoded:
        raise _UnusableError("the file is empty")
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise _UnusableError("it did not arrive whole") from None


def _format(name: str, data: bytes) -> Format:
    """By its name, else by how it begins."""
    named = Format.of(name)
    if named is not None:
        return named
    if data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{":
        return Format.JSON
    return Format.YAML if _DOCUMENT.match(data[:10_000]) else Format.CSV


def _name(filename: object) -> str:
    name = " ".join(checked(FILE_NAME, filename or "").split())
    return cut("".join(char for char in name if char.isprintable()), _NAME_CHARS) or "file"


def _prune(choice: object, search: object) -> GridQuery | None:
    if choice == view.WHOLE:
        return GridQuery()
    if choice != view.FILTERED:
        return None
    query = parse_query(checked(SEARCH, search))
    if not filter_text(query):
        raise _UnusableError("the grid is not filtered any more: choose again what to remove")
    return query


def _register_in_browser(app: Dash) -> None:
    in_browser(app, "vas_files.searched", Input(ids.URL, "search"), Input(ids.URL, "pathname"))
    in_browser(app, "vas_files.go", Input(ids.FILES_GO, "data"), at_start=False)
    in_browser(
        app,
        "vas_files.link",
        Output(ids.FILES_DOWNLOAD, "href"),
        Input(ids.FILES_SCOPE, "value"),
        Input(ids.FILES_FORMAT, "value"),
        Input(ids.FILES_IDS, "value"),
        Input(ids.FILES_SEARCH, "data"),
        State(ids.FILES_DOWNLOAD, "href"),
    )
