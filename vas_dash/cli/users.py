"""The command line for users of the page: `python -m vas_dash user add|list|remove`."""

from __future__ import annotations

import json
import sys

import click

from vas_dash.auth.users import MAX_PASSWORD_CHARS, Users
from vas_dash.cli.connection import CommandError
from vas_dash.cli.options import as_json
from vas_dash.cli.output import NOTHING_TO_DO, print_json
from vas_dash.cli.text import one_line
from vas_dash.config import Settings
from vas_dash.domain.operators import Role, person_name

__all__ = ["user"]


@click.group(help="Who may log in where VAS_DASH_AUTH is password.", no_args_is_help=False)
def user() -> None:
    """Hold the commands below it."""


def _users() -> Users:
    return Users(Settings.from_env().users_file)


@user.command(
    help="Add a user, or change one. The password is asked for, or is the first line of the input."
)
@click.argument("name", metavar="NAME")
@click.option("--role", type=click.Choice([*map(str, Role)]), default=str(Role.OPERATOR))
@click.option(
    "--location",
    multiple=True,
    metavar="LOCATION",
    help="An operator changes only cameras there; may be given several times.",
)
@as_json
def add(name: str, role: str, location: tuple[str, ...], as_json: bool) -> int:
    """Add or change a user."""
    try:
        name = person_name(name)
        known = _users().put(name, Role(role), frozenset(location) or None, _password())
    except ValueError as error:
        raise CommandError(str(error)) from None
    return _done(name, "changed" if known else "added", as_json=as_json)


@user.command(help="Remove a user; their sessions end.")
@click.argument("name", metavar="NAME")
@as_json
def remove(name: str, as_json: bool) -> int:
    """Remove a user."""
    if not _users().remove(name):
        raise CommandError("there is no user of this name")
    return _done(name, "removed", as_json=as_json)


def _done(name: str, what: str, *, as_json: bool) -> int:
    print(json.dumps({"user": name, "done": what}) if as_json else one_line(f"{what} {name}"))
    return NOTHING_TO_DO


@user.command("list", help="Names, roles and locations.")
@as_json
def list_users(as_json: bool) -> int:
    """List all users."""
    users = sorted(_users().all().items())
    if as_json:
        shown = [
            {
                "name": name,
                "role": one.role,
                "locations": None if one.locations is None else sorted(one.locations),
            }
            for name, one in users
        ]
        print_json({"users": shown})
    elif not users:
        print("There are no users.")
    else:
        for name, one in users:
            where = "" if one.locations is None else f", {', '.join(sorted(one.locations))}"
            print(one_line(f"{name}, {one.role}{where}"))
    return NOTHING_TO_DO


def _password() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline(MAX_PASSWORD_CHARS + 2).rstrip("\r\n")
    password: str = click.prompt("Password", hide_input=True, err=True)
    if click.prompt("The same again", hide_input=True, err=True) != password:
        raise CommandError("these were not the same; nothing was changed")
    return password
