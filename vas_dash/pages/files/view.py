"""Intent as files: export and import."""

from __future__ import annotations

from typing import Any

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from vas_dash.config import Settings
from vas_dash.domain.text import count, sentence
from vas_dash.pages import ids
from vas_dash.pages.files.model import SEMICOLONS, CheckedFile
from vas_dash.pages.parts import aria, stores

MAX_BYTES = 20_000_000
"""Larger files are not taken by the page; the command line takes more."""

WHOLE = "whole"
FILTERED = "filtered"
NOTHING = "nothing"


def plumbing() -> list[Component]:
    """How the grid is filtered, noted before this view is opened."""
    return stores(ids.FILES_SEARCH, storage_type="session", data="")


def page(settings: Settings) -> Component:
    """The view, hidden until the address names it."""
    return html.Main(
        [
            *stores(ids.FILES_SHOWN, ids.FILES_ASKED, ids.FILES_GO),
            html.Div(id=ids.FILES_MESSAGE, className="vd-message", **aria(live="polite")),
            _export(settings),
            _import(),
        ],
        id=ids.VIEW_FILES,
        className="vd-main vd-files",
        hidden=True,
    )


def _export(settings: Settings) -> Component:
    formats = {
        "csv": "CSV, for spreadsheets",
        SEMICOLONS: "CSV with ;",
        "yaml": "YAML, for git",
        "json": "JSON",
    }
    return html.Section(
        [
            html.H2("Export"),
            html.Fieldset(
                [
                    html.Legend("What", className="vd-legend"),
                    dbc.RadioItems(
                        id=ids.FILES_SCOPE, options=scope_options(""), value=WHOLE, inline=True
                    ),
                ]
            ),
            html.Div(
                [
                    html.Label("Format", htmlFor=ids.FILES_FORMAT),
                    dbc.Select(
                        id=ids.FILES_FORMAT,
                        options=[{"label": text, "value": one} for one, text in formats.items()],
                        value="csv",
                        size="sm",
                    ),
                ],
                className="vd-field",
            ),
            dbc.Checkbox(
                id=ids.FILES_IDS,
                label="Cameras by id too, not only where names and locations are not enough",
                value=False,
            ),
            html.A(
                "Download",
                id=ids.FILES_DOWNLOAD,
                href=f"{settings.prefix}export?format=csv",
                className="btn btn-primary",
            ),
        ],
        className="vd-files-part",
    )


def _import() -> Component:
    megabytes = MAX_BYTES // 1_000_000
    return html.Section(
        [
            html.H2("Import"),
            html.P(
                "The difference between the file and the fleet becomes a draft. Nothing is sent "
                "before you apply it under Review.",
                className="vd-hint",
            ),
            html.Fieldset(
                [
                    html.Legend("Assignments that the file does not have", className="vd-legend"),
                    dbc.RadioItems(
                        id=ids.FILES_PRUNE, options=prune_options(""), value=NOTHING, inline=True
                    ),
                ],
                className="vd-admin",
            ),
            dcc.Upload(
                html.Button("Choose a file", className="btn btn-outline-primary"),
                id=ids.FILES_UPLOAD,
                max_size=MAX_BYTES,
                className="vd-files-upload",
                className_active="vd-files-upload vd-files-over",
            ),
            html.P(
                f"Or drop one here: CSV, JSON or YAML, {megabytes} MB at most.",
                className="vd-hint",
            ),
            html.Div(id=ids.FILES_CHECKED, **aria(live="polite")),
            html.Button("Draft it", id=ids.FILES_TAKE, className="btn btn-primary", hidden=True),
        ],
        className="vd-files-part vd-writes",
    )


def scope_options(filter_text: str) -> list[dict[str, Any]]:
    """What can be exported; the filter of the grid where it has one."""
    return [{"label": "The whole intent", "value": WHOLE}, _filtered("Only", filter_text)]


def prune_options(filter_text: str) -> list[dict[str, Any]]:
    """What becomes of assignments that a file does not have."""
    return [
        {"label": "Leave them", "value": NOTHING},
        {"label": "Remove them, in the whole fleet", "value": WHOLE},
        _filtered("Remove them, only", filter_text),
    ]


def _filtered(words: str, filter_text: str) -> dict[str, Any]:
    text = f": {filter_text}" if filter_text else " (it is not filtered)"
    return {
        "label": f"{words} as the grid is filtered{text}",
        "value": FILTERED,
        "disabled": not filter_text,
    }


def checked(file: CheckedFile) -> list[Component]:
    """What a file would change, and everything that is wrong with it."""
    parts: list[Component] = [html.P([html.Strong(file.name), f": {file.summary}"])]
    if file.removals:
        parts.append(html.P(file.removals, className="vd-note"))
    if file.presets:
        parts.append(html.P("Presets that would be kept as well:"))
        parts.append(html.Ul([html.Li(line) for line in file.presets]))
    if file.problems:
        one = file.total_problems == 1
        noun = "problem" if one else "problems"
        rest = "What is right can still be drafted." if file.changes else ""
        text = f"{file.total_problems:,} {noun} in the file. {rest}"
        parts.append(html.P(text.strip(), className="vd-error"))
        parts.append(
            html.Ul([html.Li(line) for line in file.problems], className="vd-files-problems")
        )
    if file.more_problems:
        parts.append(html.P(f"And {file.more_problems:,} more."))
    return parts


def take_text(changes: int, drafted: int, presets: int = 0) -> str:
    """What the button says; `drafted` cells are a draft already."""
    keep = f"keep {count(presets, 'preset')}" if presets else ""
    if not changes:
        return sentence(keep).rstrip(".")
    text = f"Draft {count(changes, 'change')}"
    if drafted:
        text = f"Replace the draft of {count(drafted, 'change')}"
    return f"{text}, and {keep}" if keep else text


def replaces(drafted: int) -> Component:
    """Said where there is a draft already."""
    noun = "change" if drafted == 1 else "changes"
    return html.P(f"There is a draft of {drafted:,} {noun} already; this would replace it.")


def message(text: str) -> Component:
    """A line about what went wrong."""
    return html.P(text, className="vd-error")
