"""The command line for users of the page: `python -m vas_dash user add|list|remove`."""

from __future__ import annotations

import argparse
import getpass
import json
import sys
from collections.abc import Callable

from vas_dash.auth.users import MAX_PASSWORD_CHARS, Users
from vas_dash.cli.text import one_line
from vas_dash.config import Settings
from vas_dash.domain.operators import Role, person_name
from vas_dash.errors import VasDashError

__all__ = ["add_user_commands"]


class UserError(VasDashError):
    """The command cannot be carried out. The message says why, without what was typed."""


def add_user_commands(
    command: Callable[..., argparse.ArgumentParser],
) -> None:
    """Add `user` and what stands below it. `command(name, run, text)` makes a command."""
    user = command("user", _list, "Who may log in where VAS_DASH_AUTH is password.")
    actions = user.add_subparsers(required=True, metavar="ACTION")

    def action(name: str, run: Callable[[argparse.Namespace], int], text: str) -> None:
        one = actions.add_parser(name, help=text, description=text)
        one.set_defaults(run=run)
        if name != "list":
            one.add_argument("name", metavar="NAME")
        if name == "add":
            one.add_argument("--role", choices=[str(role) for role in Role], default="operator")
            one.add_argument(
                "--location",
                action="append",
                metavar="LOCATION",
                help="an operator changes only cameras there; may be given several times",
            )
        one.add_argument("--json", action="store_true", help="answer in JSON")

    action(
        "add",
        _add,
        "Add a user, or change one. The password is asked for, or is the first line of the input.",
    )
    action("list", _list, "Names, roles and locations.")
    action("remove", _remove, "Remove a user; their sessions end.")


def _users() -> Users:
    return Users(Settings.from_env().users_file)


def _add(options: argparse.Namespace) -> int:
    try:
        name = person_name(options.name)
        locations = None if options.location is None else frozenset(options.location)
        known = _users().put(name, Role(options.role), locations, _password())
    except ValueError as error:
        raise UserError(str(error)) from None
    return _done(options, name, "changed" if known else "added")


def _remove(options: argparse.Namespace) -> int:
    if not _users().remove(options.name):
        raise UserError("there is no user of this name")
    return _done(options, options.name, "removed")


def _done(options: argparse.Namespace, name: str, what: str) -> int:
    print(json.dumps({"user": name, "done": what}) if options.json else one_line(f"{what} {name}"))
    return 0


def _list(options: argparse.Namespace) -> int:
    users = sorted(_users().all().items())
    if options.json:
        shown = [
            {
                "name": name,
                "role": user.role,
                "locations": None if user.locations is None else sorted(user.locations),
            }
            for name, user in users
        ]
        print(json.dumps({"users": shown}, ensure_ascii=False, indent=2))
    elif not users:
        print("There are no users.")
    else:
        for name, user in users:
            where = "" if user.locations is None else f", {', '.join(sorted(user.locations))}"
            print(one_line(f"{name}, {user.role}{where}"))
    return 0


def _password() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline(MAX_PASSWORD_CHARS + 2).rstrip("\r\n")
    password = getpass.getpass("Password: ")
    if getpass.getpass("The same again: ") != password:
        raise UserError("these were not the same; nothing was changed")
    return password
