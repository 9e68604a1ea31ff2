"""What comes in from a browser for the history, checked."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, TypeAdapter

from vas_dash.pages.arguments import Argument
from vas_dash.pages.history.model import Action
from vas_dash.pages.history.query import NUMBER_LIMIT

Minutes = Annotated[int, Field(ge=-1440, le=1440)]


class HistoryAsk(Argument):
    """What the History view is to show: the list, or one change set; and the address's query.

    At the beginning of its first day, and at the end of its last, UTC is so many minutes later than
    the viewer's time.
    """

    number: Annotated[str, Field(max_length=2000)] | None = None
    search: Annotated[str, Field(max_length=20_000)] = ""
    utc_later_min: tuple[Minutes, Minutes] = (0, 0)


class HistoryShown(Argument):
    """What the History view shows: which change set (empty: the list), and digests of its parts."""

    of: Annotated[str, Field(max_length=2000)] = ""
    parts: Annotated[
        dict[str, Annotated[str, Field(max_length=64)]], Field(default_factory=dict, max_length=20)
    ]


class HistoryDo(Argument):
    """One action on one change set.

    `replace`: the draft that there is may be replaced. `ticket`: it was begun before, and its
    outcome is asked for, for the `tries`-th time.
    """

    action: Action
    number: Annotated[int, Field(ge=1, le=NUMBER_LIMIT)]
    replace: bool = False
    ticket: Annotated[str, Field(max_length=64)] | None = None
    tries: Annotated[int, Field(ge=0, le=1000)] = 0


class Running(Argument):
    """The change set that this browser follows in every view."""

    number: Annotated[int, Field(ge=1, le=NUMBER_LIMIT)]


HISTORY_ASK = TypeAdapter(HistoryAsk)
HISTORY_SHOWN = TypeAdapter(HistoryShown)
HISTORY_DO = TypeAdapter(HistoryDo)
RUNNING = TypeAdapter(Running)
