"""Options that several commands share."""

from __future__ import annotations

from click import Choice, Option

from vas_dash.files.tree import Format

__all__ = ["AS_JSON", "SENDING", "file_format", "page_filter"]

AS_JSON = Option(["--json"], is_flag=True, expose_value=False, help="Answer in JSON.")
"""`main` looks for it itself: it holds for errors too, those of the arguments included."""

SENDING = (
    Option(["--yes"], is_flag=True, help="Do it; else nothing is sent."),
    Option(["--reason"], metavar="TEXT", help="Why; stands in the journal."),
    Option(["--by"], metavar="PERSON", help="Who; default: the user of the system."),
)
"""Of a command that changes something."""


def file_format(text: str) -> Option:
    """`--format`; `text` says what holds without it."""
    return Option(["--format", "wanted"], type=Choice([*map(str, Format)]), help=text)


def page_filter(text: str) -> Option:
    """`--filter`: the query of an address of the page."""
    return Option(["--filter", "query"], metavar="QUERY", help=text)
