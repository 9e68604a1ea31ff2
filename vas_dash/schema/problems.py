"""What a schema does not allow, in plain words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from jsonschema import ValidationError

from vas_dash.domain.text import count, cut, plain
from vas_dash.schema.formats import FORMAT_WORDS

__all__ = ["MESSAGE_LENGTH", "Problem", "problems"]

MESSAGE_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing the schema does not allow, at `path` (names and list positions).

    `missing` names the property that has no value; `unknown` marks properties that the schema
    forbids because it does not know them.
    """

    path: tuple[str | int, ...]
    message: str
    missing: str | None = None
    unknown: bool = False


def problems(error: ValidationError) -> Iterator[Problem]:
    """The error in plain words. One problem for each missing property."""
    path = tuple(error.absolute_path)
    keyword, limit, value = error.validator, error.validator_value, error.instance
    if keyword == "required" and isinstance(limit, list) and isinstance(value, dict):
        for name in limit:
            if isinstance(name, str) and name not in value:
                yield Problem(path, "needs a value", missing=name)
    elif isinstance(value, dict) and keyword in (
        "additionalProperties",
        "unevaluatedProperties",
    ):
        names = error.message
        if keyword == "unevaluatedProperties":
            known = error.schema.get("properties", {}) if isinstance(error.schema, dict) else {}
            names = ", ".join(name for name in value if name not in known)
        message = cut(f"not known to this model: {names}", MESSAGE_LENGTH)
        yield Problem(path, message, unknown=True)
    elif keyword in ("anyOf", "oneOf") and (only := _only_form(error)):
        for inner in only:
            yield from problems(inner)
    else:
        yield Problem(path, cut(_message(str(keyword), limit, value), MESSAGE_LENGTH))


def _only_form(error: ValidationError) -> list[ValidationError]:
    """What is wrong with the one form that can be meant, where there is one."""
    forms = error.validator_value if isinstance(error.validator_value, list) else []
    inner = list(error.context or ())
    meant = set(range(len(forms))) - {one.schema_path[0] for one in inner if _tells_apart(one)}
    if not meant and len(forms) == 2:
        null = [isinstance(one, dict) and one.get("type") == "null" for one in forms]
        meant = {number for number, is_null in enumerate(null) if not is_null}
    return [one for one in inner if one.schema_path[0] in meant] if len(meant) == 1 else []


def _tells_apart(inner: ValidationError) -> bool:
    """Whether a value has another form, by its type or by a constant in it."""
    if len(inner.path) == 0:
        return inner.validator in ("type", "const", "enum")
    limit = inner.validator_value
    one = inner.validator == "enum" and isinstance(limit, list) and len(limit) == 1
    return len(inner.path) == 1 and (inner.validator == "const" or one)


_TYPES = {
    "string": "a text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a JSON object",
    "null": "null",
}


def _type(limit: Any) -> str:
    types = limit if isinstance(limit, list) else [limit]
    return "must be " + " or ".join(_TYPES.get(str(name), str(name)) for name in types)


def _no_form(_limit: Any) -> str:
    return "fits none of the forms that the schema allows, or more than one of them"


def _not_allowed(_limit: Any) -> str:
    return "is not allowed"


_MESSAGES: Mapping[str, Callable[[Any], str]] = {
    "type": _type,
    "enum": lambda limit: "must be one of: " + ", ".join(map(plain, limit)),
    "const": lambda limit: f"must be {plain(limit)}",
    "minimum": lambda limit: f"must be at least {limit}",
    "maximum": lambda limit: f"must be at most {limit}",
    "exclusiveMinimum": lambda limit: f"must be more than {limit}",
    "exclusiveMaximum": lambda limit: f"must be less than {limit}",
    "multipleOf": lambda limit: f"must be a multiple of {limit}",
    "divisibleBy": lambda limit: f"must be a multiple of {limit}",
    "minLength": lambda limit: f"must have at least {count(limit, 'character')}",
    "maxLength": lambda limit: f"must have at most {count(limit, 'character')}",
    "pattern": lambda limit: f"must match the pattern {limit}",
    "format": lambda limit: f"must be {FORMAT_WORDS.get(limit, limit)}",
    "minItems": lambda limit: f"needs at least {count(limit, 'value')}",
    "maxItems": lambda limit: f"must have at most {count(limit, 'value')}",
    "uniqueItems": lambda _limit: "holds the same value twice",
    "minProperties": lambda limit: f"needs at least {count(limit, 'value')}",
    "maxProperties": lambda limit: f"must have at most {count(limit, 'value')}",
    "anyOf": _no_form,
    "oneOf": _no_form,
    "None": _not_allowed,  # the schema is `false`
    "not": _not_allowed,
    "disallow": _not_allowed,
}


def _message(keyword: str, limit: Any, value: Any) -> str:
    if keyword in ("dependentRequired", "dependencies"):
        return "needs another value beside it: " + ", ".join(
            name
            for present, needed in limit.items()
            if present in value and isinstance(needed, list)
            for name in needed
            if name not in value
        )
    if keyword in _MESSAGES:
        return _MESSAGES[keyword](limit)
    return f"does not fit the schema ({keyword})"
