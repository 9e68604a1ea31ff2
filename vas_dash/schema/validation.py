"""Parameters against a model's `config_schema`, with a bound on the work.

Anyone who may register a model writes its schema: it can be broken, can refer to itself or to
another host, and can ask for work without end. The rules, in short:

- The `jsonschema` package does the checking: Draft 2020-12, or the draft that `$schema` names.
- Nothing is ever fetched. What refers outside the schema is left unchecked, and that is said.
- A schema or parameters beyond `MAX_NODES` or `MAX_DEPTH` are not checked at all. Every keyword
  costs steps, and a check that needs more than `MAX_STEPS` is given up.
- A regular expression cannot be stopped once it runs. On a text, or on the name of a property, it
  runs only while its shape and the length of the text bound its work (`pattern_steps`) and all of
  a check's together stay below `MAX_PATTERN_STEPS`; otherwise it is left unchecked, and that is
  said.

Leaving something unchecked is safe: the backend stores parameters without looking at the schema.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any, TypeAlias

from jsonschema import (
    Draft3Validator,
    Draft4Validator,
    Draft202012Validator,
    SchemaError,
    ValidationError,
)
from jsonschema.validators import extend, validator_for
from referencing import Registry
from referencing.exceptions import Unresolvable

from vas_dash.domain.text import canonical, cut
from vas_dash.errors import VasDashError
from vas_dash.schema.flatten import modern
from vas_dash.schema.formats import FORMAT_CHECKER
from vas_dash.schema.patterns import MAX_PATTERN_STEPS, pattern_steps
from vas_dash.schema.problems import MESSAGE_LENGTH, Problem, problems

MAX_NODES = 5_000
MAX_DEPTH = 60
MAX_STEPS = 10_000
MAX_NAME_LENGTH = 200

_Keyword: TypeAlias = Callable[[Any, Any, Any, Any], Any]


class UncheckableError(VasDashError):
    """The schema, or these parameters against it, cannot be checked. The message says why."""


@dataclass(frozen=True, slots=True)
class Findings:
    """What a check found, and in `unchecked` what it left out and why."""

    problems: tuple[Problem, ...] = ()
    unchecked: str | None = None


class SchemaChecker:
    """A schema that was read and can be checked against. Shared between threads."""

    def __init__(self, schema: dict[str, Any]) -> None:
        base = validator_for(schema, default=Draft202012Validator)
        if base not in (Draft3Validator, Draft4Validator):
            schema = modern(schema)
        checked: Any = base
        checked.check_schema(schema, format_checker=None)
        # A nested $schema would switch to a validator without our bounds.
        self._validator = _bounded(base)(
            _without_dialects(schema), registry=Registry(), format_checker=FORMAT_CHECKER
        )
        self._uncounted = _holds(schema, _UNCOUNTED)

    def check(self, parameters: Mapping[str, Any]) -> Findings:
        """What is wrong with `parameters`.

        Raises:
            UncheckableError: it cannot be told.
        """
        if _is_too_large(parameters):
            raise UncheckableError("the parameters are too large")
        work = _Work(uncounted=self._uncounted)
        token = _WORK.set(work)
        try:
            found = [
                problem
                for error in self._validator.iter_errors(dict(parameters))
                for problem in problems(error)
            ]
        except RecursionError:
            raise UncheckableError("the schema refers to itself without end") from None
        except UncheckableError:
            raise
        # A registered schema can make the library raise anything; the form goes on.
        except Exception as error:
            raise UncheckableError(_said(error)) from None
        finally:
            _WORK.reset(token)
        return Findings(tuple(dict.fromkeys(found)), work.unchecked)


def read_schema(schema: Mapping[str, Any]) -> SchemaChecker:
    """The schema, ready for checks. Read once for each different schema.

    Raises:
        UncheckableError: it is broken, too large, or no JSON.
    """
    if _is_too_large(schema):
        raise UncheckableError("it is too large")
    try:
        text = json.dumps(schema, default=dict)
    except (TypeError, ValueError):
        raise UncheckableError("it is no JSON") from None
    read = _read(text)
    if isinstance(read, str):
        raise UncheckableError(read)
    return read


@lru_cache(maxsize=128)
def _read(text: str) -> SchemaChecker | str:
    schema = json.loads(text)
    try:
        return SchemaChecker(schema)
    except SchemaError as error:
        place = "/".join(map(str, error.absolute_path))
        return cut(f"at {place or 'its top'}: {error.message}", MESSAGE_LENGTH)
    except UncheckableError as error:
        return str(error)
    except RecursionError:
        return "it refers to itself without end"
    # As in `check`: no schema breaks the page.
    except Exception as error:
        return _said(error)


def _said(error: Exception) -> str:
    return f"it is no valid JSON Schema ({type(error).__name__})"


def _is_too_large(value: object) -> bool:
    """Whether `value` is beyond what is worth walking; never recurses itself."""
    nodes = 0
    level: list[object] = [value]
    for _ in range(MAX_DEPTH):
        nodes += len(level)
        if nodes > MAX_NODES:
            return True
        below: list[object] = []
        for item in level:
            if isinstance(item, Mapping):
                if any(len(name) > MAX_NAME_LENGTH for name in item if isinstance(name, str)):
                    return True
                below.extend(item.values())
            elif isinstance(item, list | tuple):
                below.extend(item)
        if not below:
            return False
        level = below
    return True


def _without_dialects(schema: Any) -> Any:
    if isinstance(schema, dict):
        patterns = schema.get("patternProperties")
        for pattern in patterns if isinstance(patterns, dict) else ():
            if pattern_steps(pattern, MAX_NAME_LENGTH) > MAX_PATTERN_STEPS:
                raise UncheckableError(f"the pattern {cut(pattern, 80)} could take too long")
        return {
            name: _without_dialects(value)
            for name, value in schema.items()
            if not (name == "$schema" and isinstance(value, str))
        }
    if isinstance(schema, list):
        return [_without_dialects(item) for item in schema]
    return schema


@dataclass
class _Work:
    """What one check has spent, and the first thing that it left unchecked."""

    steps: int = 0
    pattern_steps: float = 0
    unchecked: str | None = None
    uncounted: bool = False
    """`unevaluatedProperties` of this schema cannot be checked within bounds."""

    def leave(self, reason: str) -> None:
        self.unchecked = self.unchecked or reason


_WORK: ContextVar[_Work] = ContextVar("work")

_UNCOUNTED = frozenset({"patternProperties", "dependentSchemas", "dependencies"})
"""Beside these the library does work for `unevaluatedProperties` that nothing here counts."""


@lru_cache(maxsize=16)
def _bounded(base: Any) -> Any:
    """The validator class `base` with every keyword counted and the costly ones replaced."""
    keywords: dict[str, _Keyword] = dict(base.VALIDATORS)
    keywords |= {"pattern": _pattern, "uniqueItems": _unique_items, "multipleOf": _multiple_of}
    keywords |= {
        "patternProperties": _pattern_properties,
        "additionalProperties": _additional_properties,
        "unevaluatedProperties": _unevaluated_properties(keywords.get("unevaluatedProperties")),
    }
    counted = {name: _counted(check) for name, check in keywords.items()}
    return extend(base, counted)  # type: ignore[no-untyped-call]


def _counted(check: _Keyword) -> _Keyword:
    def counted(validator: Any, value: Any, instance: Any, schema: Any) -> Iterator[Any]:
        work = _WORK.get()
        work.steps += 1 + sum(len(it) for it in (value, instance) if isinstance(it, list | dict))
        if work.steps > MAX_STEPS:
            raise UncheckableError("checking it takes too long")
        try:
            yield from check(validator, value, instance, schema) or ()
        except Unresolvable:
            work.leave(f"the schema refers to {cut(str(value), 100)}, which is not read")

    return counted


def _pattern(validator: Any, pattern: Any, instance: Any, _schema: Any) -> Iterator[Any]:
    if not validator.is_type(instance, "string"):
        return
    if _found(pattern, instance) is False:
        yield ValidationError("pattern")


def _found(pattern: str, text: str) -> bool | None:
    """Whether the pattern is in the text; None: left unchecked, and that is said."""
    work = _WORK.get()
    steps = work.pattern_steps + pattern_steps(pattern, len(text))
    if steps > MAX_PATTERN_STEPS:
        work.leave(f"the pattern {cut(pattern, 80)} could take too long")
        return None
    work.pattern_steps = steps
    try:
        return re.search(pattern, text) is not None
    except (re.error, OverflowError, RecursionError):
        work.leave(f"the pattern {cut(pattern, 80)} cannot be read")
        return None


def _pattern_properties(
    validator: Any, patterns: Any, instance: Any, _schema: Any
) -> Iterator[Any]:
    if not validator.is_type(instance, "object"):
        return
    for pattern, below in patterns.items():
        for name, value in instance.items():
            if _found(pattern, name):
                yield from validator.descend(value, below, path=name, schema_path=pattern)


def _additional_properties(validator: Any, below: Any, instance: Any, schema: Any) -> Iterator[Any]:
    """A name that could not be held against a pattern counts as one that fits."""
    if not validator.is_type(instance, "object"):
        return
    known, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
    extra = [
        name
        for name in instance
        if name not in known and not any(_found(one, name) is not False for one in patterns)
    ]
    if validator.is_type(below, "object"):
        for name in extra:
            yield from validator.descend(instance[name], below, path=name)
    elif not below and extra:
        yield ValidationError(", ".join(extra))


def _unevaluated_properties(check: _Keyword | None) -> _Keyword:
    """The library's, left out where it would search patterns, or follow branches, uncounted."""

    def unevaluated(validator: Any, below: Any, instance: Any, schema: Any) -> Iterator[Any]:
        if _WORK.get().uncounted:
            _WORK.get().leave("unevaluatedProperties is not checked beside patterns")
        elif check is not None:
            yield from check(validator, below, instance, schema) or ()

    return unevaluated


def _holds(schema: Any, keywords: frozenset[str]) -> bool:
    """Whether any of the keywords is a name anywhere in the schema."""
    if isinstance(schema, dict):
        return not keywords.isdisjoint(schema) or any(
            _holds(one, keywords) for one in schema.values()
        )
    return isinstance(schema, list) and any(_holds(one, keywords) for one in schema)


def _multiple_of(validator: Any, step: Any, instance: Any, _schema: Any) -> Iterator[Any]:
    """By the digits as they are written: 0.35 is a multiple of 0.05."""
    if not validator.is_type(instance, "number"):
        return
    if (Fraction(str(instance)) / Fraction(str(step))).denominator != 1:
        yield ValidationError("multipleOf")


def _unique_items(validator: Any, unique: Any, instance: Any, _schema: Any) -> Iterator[Any]:
    """Like the library's, but never quadratic."""
    if unique is True and validator.is_type(instance, "array"):
        texts = [canonical(_numbers_alike(item)) for item in instance]
        if len(set(texts)) < len(texts):
            yield ValidationError("uniqueItems")


def _numbers_alike(value: Any) -> Any:
    """`value` with 1.0 as 1: JSON Schema sees one number."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [_numbers_alike(item) for item in value]
    if isinstance(value, dict):
        return {name: _numbers_alike(item) for name, item in value.items()}
    return value
