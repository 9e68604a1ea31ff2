"""Work on a draft: plan desired changes into it, drop cells, and hand it over to be applied."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from dataclasses import replace

from cachetools import LRUCache

from vas_dash.changes.checks import checked
from vas_dash.changes.permissions import Permissions
from vas_dash.domain.changes import ChangeSet, DesiredChanges, plan
from vas_dash.domain.entities import CellKey
from vas_dash.domain.fleet import FleetSnapshot
from vas_dash.domain.records import Draft
from vas_dash.errors import NotAllowedError
from vas_dash.journal import Journal

__all__ = ["MOST_CHANGES", "Drafting"]

MOST_CHANGES = 100_000
MOST_BLOCKED = 20_000
"""A draft holds no more cells: they are kept in the journal for months."""

_DRAFTS_KEPT = 16

_Edit = Callable[[Draft], Draft]


class _StaleError(Exception):
    """The draft is at another revision."""


class Drafting:
    """Drafts by an id that only their owner's browser knows, and by their owner, who is `by`.

    Every method raises JournalError when the journal cannot be used; nothing is kept then. A
    viewer's work on drafts raises NotAllowedError; cells of other locations are blocked.
    """

    def __init__(self, journal: Journal) -> None:
        self._tables = journal.drafts
        self._lock = threading.Lock()
        self._kept: LRUCache[tuple[str, str], Draft] = LRUCache(_DRAFTS_KEPT)

    def load(self, draft_id: str, by: Permissions) -> Draft:
        """The draft as it is now; an empty one where there is none."""
        who = by.name
        revision = self._tables.revision(draft_id, who)
        with self._lock:
            draft = self._kept.get((draft_id, who))
        if draft is None or draft.revision != revision:
            draft = self._keep(self._tables.load(draft_id, who), who)
        return draft

    def add(
        self, draft_id: str, by: Permissions, fleet: FleetSnapshot, desired_changes: DesiredChanges
    ) -> tuple[Draft, ChangeSet]:
        """Plan desired changes on top of what is drafted; the draft, and what they came to.

        Cells that come to nothing leave the draft. A cell that was drafted before and whose further
        desired change cannot be keeps what was drafted.
        """
        planned = ChangeSet()

        def edit(draft: Draft) -> Draft:
            nonlocal planned
            planned = by.allowed(checked(plan(fleet, desired_changes, draft.changes), fleet), fleet)
            changes = {key: one for key, one in draft.changes.items() if key not in desired_changes}
            blocked = {key: one for key, one in draft.blocked.items() if key not in desired_changes}
            for change in planned.changes:
                changes[change.key] = change
            for one in planned.blocked:
                if one.key in draft.changes:
                    changes[one.key] = draft.changes[one.key]
                else:
                    blocked[one.key] = one
            return replace(draft, changes=changes, blocked=blocked)

        return self._change(draft_id, by, edit), planned

    def put(self, draft_id: str, by: Permissions, changes: ChangeSet, source: str) -> Draft:
        """Make a whole change set (an import, an undo) the draft, instead of what it was."""
        changes = by.allowed(changes)

        def edit(draft: Draft) -> Draft:
            return replace(
                draft,
                source=source,
                changes={change.key: change for change in changes.changes},
                blocked={one.key: one for one in changes.blocked},
            )

        return self._change(draft_id, by, edit)

    def drop(self, draft_id: str, by: Permissions, keys: Collection[CellKey]) -> Draft:
        """Throw cells away, drafted or blocked."""
        gone = set(keys)

        def edit(draft: Draft) -> Draft:
            return replace(
                draft,
                changes={key: one for key, one in draft.changes.items() if key not in gone},
                blocked={key: one for key, one in draft.blocked.items() if key not in gone},
            )

        return self._change(draft_id, by, edit)

    def claim(self, draft_id: str, by: Permissions, revision: int) -> Draft | None:
        """The draft as it is at `revision`, under the next one; None: it is at another.

        Of two who claim the same revision one gets it: a draft is not handed over twice.
        """

        def edit(draft: Draft) -> Draft:
            if draft.revision != revision:
                raise _StaleError
            return draft

        try:
            return self._change(draft_id, by, edit)
        except _StaleError:
            return None

    def clear(self, draft_id: str, by: Permissions) -> Draft:
        """Throw the whole draft away."""
        return self.put(draft_id, by, ChangeSet(), "edit")

    def _change(self, draft_id: str, by: Permissions, edit: _Edit) -> Draft:
        by.require_change()
        who = by.name
        with self._lock:
            known = self._kept.get((draft_id, who))

        def bounded(draft: Draft) -> Draft:
            return _bounded(edit(draft))

        return self._keep(self._tables.change(draft_id, who, bounded, known), who)

    def _keep(self, draft: Draft, who: str) -> Draft:
        with self._lock:
            self._kept[draft.id, who] = draft
        return draft


def _bounded(draft: Draft) -> Draft:
    """The draft, where it is not too large.

    Raises:
        NotAllowedError: it is; the draft that is kept stays as it was.
    """
    for cells, most, noun in (
        (len(draft.changes), MOST_CHANGES, "changes"),
        (len(draft.blocked), MOST_BLOCKED, "cells that cannot be changed"),
    ):
        if cells > most:
            raise NotAllowedError(f"a draft holds at most {most:,} {noun}; this would be {cells:,}")
    return draft
