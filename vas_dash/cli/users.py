"""The commands for users of the page: `python -m vas_dash user add|list|remove`."""

from __future__ import annotations

import sys

import click

from vas_dash.auth.users import MAX_PASSWORD_CHARS, Users
from vas_dash.cli.options import AS_JSON
from vas_dash.cli.output import NOTHING_TO_DO, Answer, CommandError, one_line
from vas_dash.config import Settings
from vas_dash.domain.operators import Role, person_name

__all__ = ["user"]

_NAME = click.Argument(["name"], metavar="NAME")


@click.group(no_args_is_help=False)
def user() -> None:
    """Hold the commands below it."""


@user.command(params=[_NAME, AS_JSON])
@click.option("--role", type=click.Choice([*map(str, Role)]), default=str(Role.OPERATOR))
@click.option(
    "--location",
    multiple=True,
    metavar="LOCATION",
    help="An operator changes only cameras there; may be given several times.",
)
def add(name: str, role: str, location: tuple[str, ...]) -> Answer:
    """Add a user, or change one. The password is asked for, or is the first line of the input."""
    try:
        name = person_name(name)
        locations = frozenset(location) or None
        known = _users().put(name, Role(role), locations, _password())
    except ValueError as error:
        raise CommandError(str(error)) from None
    return _done(name, "changed" if known else "added")


@user.command(params=[_NAME, AS_JSON])
def remove(name: str) -> Answer:
    """Remove a user; their sessions end."""
    if not _users().remove(name):
        raise CommandError("there is no user of this name")
    return _done(name, "removed")


def _done(name: str, what: str) -> Answer:
    return Answer(NOTHING_TO_DO, {"user": name, "done": what}, [one_line(f"{what} {name}")])


@user.command("list", params=[AS_JSON])
def list_users() -> Answer:
    """Names, roles and locations."""
    shown, lines = [], []
    for name, one in sorted(_users().all().items()):
        locations = None if one.locations is None else sorted(one.locations)
        shown.append({"name": name, "role": one.role, "locations": locations})
        lines.append(one_line(", ".join([name, one.role, *(locations or ())])))
    return Answer(NOTHING_TO_DO, {"users": shown}, lines or ["There are no users."])


def _users() -> Users:
    return Users(Settings.from_env().users_file)


def _password() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline(MAX_PASSWORD_CHARS + 2).rstrip("\r\n")
    password: str = click.prompt("Password", hide_input=True, err=True)
    if click.prompt("The same again", hide_input=True, err=True) != password:
        raise CommandError("these were not the same; nothing was changed")
    return password
