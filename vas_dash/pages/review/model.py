"""What is drafted, for the eyes: before and after, counts, and what it does to the asked-for load.

Nothing here knows how it is drawn. A `Review` is made once for a draft and a snapshot of the fleet,
and asked many times: 100,000 cells are counted and ordered then, and put into words only where they
are shown.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

from cachetools import LRUCache, cachedmethod

from vas_dash.changes.labels import Kind, differences, kind_of, kinds_text
from vas_dash.domain.changes import Blocked, CellChange
from vas_dash.domain.entities import CellKey
from vas_dash.domain.finding import Search, folded
from vas_dash.domain.fleet import Cell
from vas_dash.domain.records import Draft
from vas_dash.domain.text import count, cut
from vas_dash.fleet.table import NO_LOCATION
from vas_dash.pages.grid.model import FleetGrid, camera_text
from vas_dash.pages.review.load import Load, loads
from vas_dash.pages.review.marks import Mark, mark_of, mark_text
from vas_dash.pages.review.page import BlockedRow, CellRow, Group, ReviewPage

__all__ = [
    "PAGE",
    "Grouping",
    "Review",
    "ReviewQuery",
    "counts_text",
]

PAGE = 100
"""Cells of a group, groups and blocked cells that are shown at first, and with each "more"."""

SHOWN_LIMIT = 5_000
"""Cells that are drawn at once at most, over all groups."""

_FEW = 50
"""So many cells are shown without unfolding them."""

_SELECTIONS_KEPT = 8

Grouping = Literal["model", "camera"]


@dataclass(frozen=True, slots=True)
class ReviewQuery:
    """Which of the drafted cells to show. `kind` "elsewhere": those that were changed elsewhere."""

    text: str = ""
    kind: Kind | Literal["elsewhere"] | None = None
    model_id: str | None = None
    by: Grouping = "model"

    @property
    def is_any(self) -> bool:
        """Whether it leaves nothing out."""
        return not self.text and self.kind is None and self.model_id is None


class _Item(NamedTuple):
    change: CellChange
    kind: Kind
    mark: Mark


def counts_text(kinds: Mapping[Kind, int]) -> str:
    """`688 changes: 12 turned on, 676 turned off`."""
    total = sum(kinds.values())
    return f"{count(total, 'change')}: {kinds_text(kinds)}" if total else "no changes"


class Review:
    """A draft held against the newest snapshot of the fleet."""

    def __init__(self, draft: Draft, grid: FleetGrid) -> None:
        self.draft = draft
        self.grid = grid
        cameras = {camera.id: at for at, camera in enumerate(grid.cameras)}
        models = {model.model_id: at for at, model in enumerate(grid.models)}
        self._rank = (cameras, models)
        cells, default = grid.snapshot.cells, grid.snapshot.default_cell
        none: Mapping[str, Cell] = {}
        self._items = [
            _Item(
                change,
                kind_of(change),
                mark_of(change, cells.get(key.camera_id, none).get(key.model_id, default)),
            )
            for key, change in sorted(draft.changes.items(), key=lambda pair: self._order(pair[0]))
        ]
        self._blocked = [
            draft.blocked[key] for key in sorted(draft.blocked, key=lambda key: self._order(key))
        ]
        self._selections: LRUCache[ReviewQuery, tuple[_Item, ...]] = LRUCache(_SELECTIONS_KEPT)
        self._lock = threading.Lock()

    def _order(self, key: CellKey) -> tuple[int, int, CellKey]:
        """Cameras as on the grid, then models; what is no longer there comes last."""
        cameras, models = self._rank
        return (
            cameras.get(key.camera_id, len(cameras)),
            models.get(key.model_id, len(models)),
            key,
        )

    @cached_property
    def kinds(self) -> Mapping[Kind, int]:
        """How many changes of each kind there are."""
        return Counter(item.kind for item in self._items)

    @cached_property
    def elsewhere(self) -> int:
        """How many cells were changed elsewhere, and would be conflicts."""
        return sum(item.mark is Mark.CHANGED for item in self._items)

    @cached_property
    def models(self) -> tuple[tuple[str, str], ...]:
        """The models that are drafted or blocked: ids and names, in the order of the grid."""
        _, rank = self._rank
        found = {key.model_id for key in (*self.draft.changes, *self.draft.blocked)}
        ordered = sorted(found, key=lambda model_id: (rank.get(model_id, len(rank)), model_id))
        return tuple((model_id, self._model_title(model_id)) for model_id in ordered)

    @cachedmethod(
        lambda self: self._selections,
        lambda _, query: (query.text, query.kind, query.model_id),
        lock=lambda self: self._lock,
    )
    def select(self, query: ReviewQuery) -> tuple[_Item, ...]:
        """The drafted cells that a query finds, in their order."""
        return tuple(self._select(query))

    def _select(self, query: ReviewQuery) -> Iterator[_Item]:
        matches = self._matcher(query)
        for item in self._items:
            if query.kind == "elsewhere":
                if item.mark is not Mark.CHANGED:
                    continue
            elif query.kind is not None and item.kind is not query.kind:
                continue
            if matches(item.change.key):
                yield item

    def _matcher(self, query: ReviewQuery) -> Callable[[CellKey], bool]:
        search = Search.of(query.text)
        cameras: dict[str, str] = {}
        models: dict[str, str] = {}

        def matches(key: CellKey) -> bool:
            if query.model_id is not None and key.model_id != query.model_id:
                return False
            if not search.words:
                return True
            if key.camera_id not in cameras:
                cameras[key.camera_id] = "\n".join(map(folded, self._camera_texts(key.camera_id)))
            if key.model_id not in models:
                models[key.model_id] = folded(self._model_title(key.model_id))
            texts = f"{cameras[key.camera_id]}\n{models[key.model_id]}"
            return search.finds(texts, key.camera_id, key.model_id)

        return matches

    def keys(self, query: ReviewQuery, group: str | None = None) -> list[CellKey]:
        """The drafted cells that a query finds, or one group of them."""
        keys = (item.change.key for item in self.select(query))
        return [key for key in keys if group is None or _group_of(key, query.by) == group]

    def blocked_keys(self, query: ReviewQuery) -> list[CellKey]:
        """The blocked cells that a query's text and model find."""
        return [one.key for one in self._blocked_found(query)]

    def _blocked_found(self, query: ReviewQuery) -> Sequence[Blocked]:
        matches = self._matcher(query)
        return [one for one in self._blocked if matches(one.key)]

    @cached_property
    def loads(self) -> tuple[Load, ...]:
        """For each model that is drafted, what it is asked for before and after."""
        touched = {key.model_id for key in self.draft.changes}
        titles = {model_id: title for model_id, title in self.models if model_id in touched}
        changes = (item.change for item in self._items if item.mark is Mark.NONE)
        return loads(self.grid.snapshot, changes, titles)

    @property
    def loads_note(self) -> str:
        """What the sums leave out; empty when they are of the whole fleet."""
        part = self.grid.snapshot.assignments
        if not part.is_complete:
            reason = cut(part.reason or "no reason given")
            return f"The sums are of the known part: some assignments are unknown: {reason}."
        if any(item.mark is Mark.UNKNOWN for item in self._items):
            return "The sums are of the known part: some of these cells are unknown."
        return ""

    def page(
        self,
        query: ReviewQuery,
        opened: Mapping[str, int] | None = None,
        groups: int = PAGE,
        blocked: int = PAGE,
    ) -> ReviewPage:
        """What is shown: `opened` groups with so many of their cells each, the first `groups`.

        `opened` None: all groups are open where the cells are few.
        """
        found = self.select(query)
        by_group: dict[str, list[_Item]] = {}
        for item in found:
            by_group.setdefault(_group_of(item.change.key, query.by), []).append(item)
        keys = list(by_group)
        if query.by == "model":
            order = {model_id: at for at, (model_id, _) in enumerate(self.models)}
            keys.sort(key=lambda key: order[key])
        if opened is None:
            opened = dict.fromkeys(keys, PAGE) if len(found) <= _FEW else {}
        blocked_found = self._blocked_found(query)
        source = self.draft.source
        return ReviewPage(
            summary=f"{_sentence(counts_text(self.kinds))}.",
            source="" if source == "edit" else f"{_sentence(cut(source, 200))}.",
            loads=self.loads,
            loads_note=self.loads_note,
            elsewhere=self.elsewhere,
            total=len(self._items),
            found=len(found),
            found_text=kinds_text(Counter(item.kind for item in found)),
            groups=tuple(self._groups(keys[:groups], by_group, query.by, opened)),
            groups_total=len(keys),
            blocked=tuple(self._blocked_row(one) for one in blocked_found[:blocked]),
            blocked_total=len(self._blocked),
            blocked_found=len(blocked_found),
        )

    def _groups(
        self,
        keys: Iterable[str],
        by_group: Mapping[str, Sequence[_Item]],
        by: Grouping,
        opened: Mapping[str, int],
    ) -> Iterator[Group]:
        left = SHOWN_LIMIT
        for key in keys:
            items = by_group[key]
            is_open = key in opened
            shown = items[: min(opened[key], left)] if is_open else []
            left -= len(shown)
            title, place = (
                (self._model_title(key), "") if by == "model" else self._camera_texts(key)
            )
            yield Group(
                key,
                title,
                place,
                len(items),
                _group_text(Counter(item.kind for item in items)),
                is_open,
                tuple(self._row(item, by) for item in shown),
            )

    def _row(self, item: _Item, by: Grouping) -> CellRow:
        change, kind, mark = item
        key = change.key
        if by == "model":
            title, place = self._camera_texts(key.camera_id)
        else:
            title, place = self._model_title(key.model_id), ""
        return CellRow(
            key,
            title,
            place,
            kind,
            differences(change),
            mark_text(mark, self.grid.snapshot.cell(*key)),
        )

    def _blocked_row(self, one: Blocked) -> BlockedRow:
        camera, place = self._camera_texts(one.key.camera_id)
        problems = tuple(
            cut(f"{problem.field}: {problem.message}" if problem.field else problem.message)
            for problem in one.problems
        )
        title = f"{self._model_title(one.key.model_id)} on {camera}"
        return BlockedRow(one.key, title, place, problems)

    def _camera_texts(self, camera_id: str) -> tuple[str, str]:
        camera = self.grid.camera(camera_id)
        if camera is None:
            return cut(camera_id, 80), "not among the cameras that are known"
        return camera_text(camera), cut(camera.location or NO_LOCATION, 80)

    def _model_title(self, model_id: str) -> str:
        column = self.grid.columns.get(model_id)
        return cut(model_id, 80) if column is None else column.name


def _group_text(kinds: Mapping[Kind, int]) -> str:
    """`17: 16 turned off, 1 changed`; of one kind only `17 turned off`."""
    text = kinds_text(kinds)
    return text if len(kinds) == 1 else f"{sum(kinds.values()):,}: {text}"


def _group_of(key: CellKey, by: Grouping) -> str:
    return key.model_id if by == "model" else key.camera_id


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
