"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import click

from vas_dash.files.tree import Format

__all__ = ["Sending", "as_json", "file_format", "page_filter", "sending"]

F = TypeVar("F", bound=Callable[..., Any])

as_json = click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")


@dataclass(frozen=True)
class Sending:
    """Whether a command that changes something does it, who does it, and why."""

    yes: bool
    reason: str | None
    by: str | None


def sending(command: F) -> F:
    """The options of a command that changes something: `yes`, `reason` and `by`, for `Sending`."""
    for option in (
        click.option("--by", metavar="PERSON", help="Who; default: the user of the system."),
        click.option("--reason", metavar="TEXT", help="Why; stands in the journal."),
        click.option("--yes", is_flag=True, help="Do it; else nothing is sent."),
    ):
        command = option(command)
    return command


def file_format(text: str) -> Callable[[F], F]:
    """`--format`; `text` says what holds without it."""
    return click.option("--format", "wanted", type=click.Choice([*map(str, Format)]), help=text)


def page_filter(text: str) -> Callable[[F], F]:
    """`--filter`: the query of an address of the page."""
    return click.option("--filter", "query", metavar="QUERY", help=text)
