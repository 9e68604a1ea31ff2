"""What stands in a form back to parameters, and the place in it of what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from vas_dash.domain.text import cut
from vas_dash.pages.form.fields import Field, Group, Kind, Path, Shape, fields_of
from vas_dash.pages.form.rows import without_rows
from vas_dash.pages.form.values import MISSING
from vas_dash.schema.problems import Problem

_PLACE_LENGTH = 100


def value_at(parameters: object, path: Iterable[str | int]) -> object:
    """The value at `path`, or `MISSING`."""
    value = parameters
    for step in path:
        try:
            value = value[step]  # type: ignore[index]
        except (LookupError, TypeError):
            return MISSING
    return value


def named(group: Group) -> Iterator[Group | Field]:
    """The children that are properties."""
    return (c for c in group.children if not (isinstance(c, Field) and c.others))


def group_at(root: Group | Field, path: Path) -> Group:
    """The object at `path`."""
    node = root
    for step in path:
        node = _chosen(node)
        assert isinstance(node, Group)
        node = next(child for child in named(node) if child.path[-1] == step)
    node = _chosen(node)
    assert isinstance(node, Group)
    return node


def own_names(group: Group) -> set[str | int]:
    """The names of properties that have a place of their own in an object."""
    return {child.path[-1] for child in named(group)} | group.marks.keys()


def _chosen(node: Group | Field) -> Group | Field:
    """What stands for the value: of a choice its form, or its control where none is chosen."""
    if isinstance(node, Group) and node.shape is Shape.CHOICE:
        assert node.control is not None
        return node.children[0] if node.children else node.control
    return node


def first_field(node: Group | Field) -> Field:
    """The field that asks for a value which is nothing yet."""
    while isinstance(node, Group):
        below = node.children[0] if node.children and node.shape is Shape.CHOICE else node.control
        assert below is not None
        node = below
    return node


def merged(node: Group | Field, opened: Any, edits: Mapping[str, Any], bad: frozenset[str]) -> Any:
    """`opened` with the edits at and below `node` made; `MISSING` when nothing is left.

    Fields in `bad` have no value yet; their groups stay, so that the rest can be checked. Of the
    controls of lists and choices `edits` holds those that say something else than before.
    """
    if isinstance(node, Field):
        return MISSING if node.id in bad else edits.get(node.id, opened)
    touched = any(one.id in edits or one.id in bad for one in fields_of(node))
    if not touched and (opened is not MISSING or not node.required):
        return opened
    match node.shape:
        case Shape.LIST:
            return _merged_list(node, opened, edits, bad)
        case Shape.CHOICE:
            return _merged_choice(node, opened, edits, bad)
        case _:
            return _merged_object(node, opened, edits, bad)


def _merged_object(node: Group, opened: Any, edits: Mapping[str, Any], bad: frozenset[str]) -> Any:
    result = dict(opened) if isinstance(opened, Mapping) else {}
    for child in node.children:
        if isinstance(child, Field) and child.others:
            if child.id in edits:
                own = own_names(node)
                result = {name: value for name, value in result.items() if name in own}
                result |= edits[child.id] if edits[child.id] is not MISSING else {}
            continue
        name = child.path[-1]
        value = merged(child, result.get(name, MISSING), edits, bad)
        if value is MISSING:
            result.pop(name, None)
        else:
            result[name] = value
    result |= node.marks
    if not result and not node.required and not any(one.id in bad for one in fields_of(node)):
        return MISSING
    return result


def _merged_list(node: Group, opened: Any, edits: Mapping[str, Any], bad: frozenset[str]) -> Any:
    assert node.control is not None
    if not node.children:
        return without_rows(str(node.control.value))
    values = [merged(row, value_at(opened, row.path[-1:]), edits, bad) for row in node.children]
    # A row without a value keeps its place, so that the others are found again.
    return [None if value is MISSING else value for value in values]


def _merged_choice(node: Group, opened: Any, edits: Mapping[str, Any], bad: frozenset[str]) -> Any:
    assert node.control is not None
    if node.constant:
        return node.constant[0]
    if not node.children:
        return MISSING
    (form,) = node.children
    if node.control.id not in edits:
        return merged(form, opened, edits, bad)
    (kept,) = node.kept
    if isinstance(form, Field) or form.shape is not Shape.OBJECT:
        return merged(form, kept, edits, bad)
    return _merged_object(form, kept, edits, bad)


# Problems to fields.


def by_keys(root: Group | Field, problem: Problem) -> Problem:
    """The problem with rows named by their keys, not by where they stand in the list."""
    node, path = root, list(problem.path)
    for number, step in enumerate(problem.path):
        node = _chosen(node)
        if isinstance(node, Field):
            break
        if node.shape is Shape.LIST and isinstance(step, int) and step < len(node.children):
            node = node.children[step]
            path[number] = node.path[-1]
        else:
            below = {child.path[-1]: child for child in named(node)}
            if step not in below:
                break
            node = below[step]
    return replace(problem, path=tuple(path))


def place(root: Group | Field, problem: Problem) -> tuple[Group | Field, str]:
    """The field or group where a problem (by keys) belongs, and its message there."""
    node = _chosen(root)
    steps: list[str | int] = list(problem.path)
    if problem.missing is not None:
        steps.append(problem.missing)
    while isinstance(node, Group) and steps:
        children = {child.path[-1]: child for child in named(node)}
        if steps[0] not in children:
            others = _others_of(node)
            if others is None:
                return node, _inside(steps, problem.message)
            node = others
            break
        node = _chosen(children[steps.pop(0)])
    if isinstance(node, Group):
        others = _others_of(node) if problem.unknown else None
        return others or node, problem.message
    if node.kind is Kind.CHOICES:
        return node, problem.message
    return node, _inside(steps, problem.message)


def _others_of(group: Group) -> Field | None:
    found = (c for c in group.children if isinstance(c, Field) and c.others)
    return next(found, None)


def _inside(steps: list[str | int], message: str) -> str:
    """The message with its place in raw JSON, where people count from one."""
    parts = (str(step + 1) if isinstance(step, int) else step for step in steps)
    return f"{cut(' > '.join(parts), _PLACE_LENGTH)}: {message}" if steps else message
