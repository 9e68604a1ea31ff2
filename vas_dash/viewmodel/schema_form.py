"""A model's `config_schema` to a form for parameters, and what was submitted back to parameters.

The promises of the form:

- Untouched, it gives back exactly the parameters it was opened with, whatever the schema says of
  them: None stays None, `{}` stays `{}`, 1.0 stays 1.0. Parameters come from other programs too.
- Nothing is dropped: a property the schema does not know stands in "Other values" of its level, a
  value that does not fit its field stands there as raw JSON, with the message.
- What was changed must be valid, and required fields must be filled in. A fault that was there when
  the form was opened, in a value that is still the same, is shown but does not hinder.
- A blank field is not set; an optional group whose fields are all blank goes too.
- What a form cannot show is raw JSON: the property, or everything when it is the schema's top.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from vas_dash.domain.entities import Parameters
from vas_dash.errors import VasDashError
from vas_dash.viewmodel.form_fields import (
    ROOT_ID,
    Field,
    Form,
    Group,
    Kind,
    Option,
    Path,
    field_id,
    fields_of,
    others_id,
)
from vas_dash.viewmodel.form_values import (
    EMPTY_LIST,
    EMPTY_TEXT,
    MISSING,
    TextError,
    canonical,
    cut,
    is_encodable,
    is_untouched,
    json_text,
    parse,
    plain,
    received,
    show,
    unique_options,
)
from vas_dash.viewmodel.validation import (
    MAX_NAME_LENGTH,
    Findings,
    Problem,
    SchemaChecker,
    UncheckableError,
    count,
    read_schema,
)

Submitted: TypeAlias = Mapping[str, object]
"""What came back from the browser, by field id: texts, lists of texts, or None for blank."""

MAX_FIELDS = 200
MAX_GROUP_DEPTH = 5
MAX_OPTIONS = 200
MAX_DESCRIPTION_LENGTH = 500
MAX_LABEL_LENGTH = 80
_MAX_LIMIT_LENGTH = 100
_LONG_TEXT = 80
_TOO_MANY_FIELDS = f"The schema of this model has more than {MAX_FIELDS} fields."

_NOT_JSON_OBJECT = 'must be a JSON object, such as {"threshold": 0.5}'
_BEYOND_A_FORM = frozenset(
    {
        "$ref",
        "$dynamicRef",
        "$recursiveRef",
        "oneOf",
        "anyOf",
        "allOf",
        "not",
        "if",
        "then",
        "else",
        "patternProperties",
        "dependentSchemas",
        "dependencies",
        "unevaluatedProperties",
        "unevaluatedItems",
        "prefixItems",
        "contains",
        "extends",
        "disallow",
    }
)
_SCALARS = {
    "string": Kind.TEXT,
    "number": Kind.NUMBER,
    "integer": Kind.INTEGER,
    "boolean": Kind.BOOLEAN,
}


@dataclass(frozen=True, slots=True)
class FormResult:
    """What a submitted form says.

    `errors` are messages by field id; while there are any, `parameters` is None and means nothing.
    Without errors `parameters` is what to store, and None is a value: no parameters at all.
    `note` is a sentence that says what could not be checked and why; None when all was.
    """

    parameters: Parameters | None
    errors: Mapping[str, str]
    note: str | None = None

    @property
    def ok(self) -> bool:
        """True when `parameters` can be stored."""
        return not self.errors


def build_form(schema: Mapping[str, Any] | None, parameters: Parameters | None) -> Form:
    """The form for `parameters`, as the model's `schema` describes them.

    Faults of the stored values stand at their fields; values that are merely missing do not.
    """
    return _open(schema, parameters).form


def with_submitted(form: Form, submitted: Submitted, errors: Mapping[str, str]) -> Form:
    """`form` as it was submitted: every text as typed, and each message at its field.

    What was not touched keeps the fault it was opened with.
    """

    def filled(field: Field) -> Field:
        text = received(field, submitted[field.id]) if field.id in submitted else None
        if text is None or is_untouched(field, text):
            return replace(field, error=errors.get(field.id, field.error))
        return replace(field, value=text, error=errors.get(field.id))

    def walked(node: Group | Field) -> Group | Field:
        if isinstance(node, Field):
            return filled(node)
        after = replace(node, children=tuple(walked(child) for child in node.children))
        untouched = [f.value for f in fields_of(after)] == [f.value for f in fields_of(node)]
        return replace(after, error=errors.get(node.id, node.error if untouched else None))

    return replace(form, root=walked(form.root))


def read_form(
    schema: Mapping[str, Any] | None, opened: Parameters | None, submitted: Submitted
) -> FormResult:
    """Parameters from a submitted form that was opened with `opened`.

    Ids that the form does not have are ignored; a field that was not submitted is untouched.
    """
    form = _open(schema, opened)
    edits: dict[str, Any] = {}
    errors: dict[str, str] = {}
    for field in form.form.fields():
        if field.id not in submitted:
            continue
        text = received(field, submitted[field.id])
        if text is None:
            errors[field.id] = "was not sent as text"
        elif not is_untouched(field, text):
            try:
                value = _parsed(form.form.root, field, text)
            except TextError as error:
                errors[field.id] = str(error)
            else:
                if not _shows(field, value):
                    edits[field.id] = value
    if not edits and not errors:
        return FormResult(opened, {})

    root = form.form.root
    value = _merged(root, MISSING if opened is None else opened, edits, frozenset(errors))
    candidate = None if value is MISSING else value
    findings = form.check(candidate)
    for problem in findings.problems:
        place, message = _place(root, problem)
        if not form.had(problem, place, opened, candidate):
            errors.setdefault(place.id, message)
    if errors:
        return FormResult(None, errors, _note(findings))
    same = canonical(candidate) == canonical(opened)
    return FormResult(opened if same else candidate, {}, _note(findings))


def _note(findings: Findings) -> str | None:
    if findings.unchecked is None:
        return None
    return f"These values are not checked, or not all of them: {findings.unchecked}."


@dataclass(frozen=True, slots=True)
class _Opened:
    """A form with what it takes to read it: its checker, and the problems it was opened with."""

    form: Form
    checker: SchemaChecker | str | None
    problems: frozenset[Problem] = frozenset()

    def check(self, parameters: Parameters | None) -> Findings:
        if self.checker is None:
            return Findings()
        if isinstance(self.checker, str):
            return Findings(unchecked=self.checker)
        # No parameters at all are always allowed in a form of raw JSON: there is no field to fill.
        if parameters is None and isinstance(self.form.root, Field):
            return Findings()
        try:
            return self.checker.check(parameters or {})
        except UncheckableError as error:
            return Findings(unchecked=str(error))

    def had(
        self,
        problem: Problem,
        place: Group | Field,
        opened: Parameters | None,
        candidate: Parameters | None,
    ) -> bool:
        """Whether the form was opened with `problem`, in a value that is still the same."""
        if problem not in self.problems:
            return False
        if problem.unknown:  # a fault of the names, and those are in its message
            return True
        if _is_blank(problem, place, opened):
            return False
        return canonical(_at(opened, problem.path)) == canonical(_at(candidate, problem.path))


def _open(schema: Mapping[str, Any] | None, parameters: Parameters | None) -> _Opened:
    if not schema:
        return _Opened(Form(_raw_root(parameters)), None)
    try:
        checker = read_schema(schema)
    except UncheckableError as error:
        reason = f"the schema of this model cannot be read: {error}"
        note = reason[0].upper() + reason[1:] + "."
        return _Opened(Form(_raw_root(parameters), note), reason)
    root: Group | Field
    notes: list[str | None] = []
    try:
        root = _root(schema, parameters)
    except _BeyondAFormError as error:
        root = _raw_root(parameters)
        notes.append(str(error))

    unchecked = _Opened(Form(root), checker)
    findings = unchecked.check(parameters) if parameters is not None else Findings()
    notes.append(_note(findings))
    faults: dict[str, str] = {}
    for problem in findings.problems:
        place, message = _place(root, problem)
        if not _is_blank(problem, place, parameters):
            faults.setdefault(place.id, message)
    form = Form(root, " ".join(filter(None, notes)) or None)
    return _Opened(with_submitted(form, {}, faults), checker, frozenset(findings.problems))


def _is_blank(problem: Problem, place: Group | Field, parameters: object) -> bool:
    """Whether the problem is just that a field is not filled in."""
    return problem.missing is not None and _at(parameters, place.path) is MISSING


def _at(parameters: object, path: Iterable[str | int]) -> object:
    """The value at `path`, or `MISSING`."""
    value = parameters
    for step in path:
        try:
            value = value[step]  # type: ignore[index]
        except (LookupError, TypeError):
            return MISSING
    return value


# The schema to fields.


class _BeyondAFormError(VasDashError):
    """The schema's top cannot be shown as a form. The message says why."""


def _raw_root(parameters: Parameters | None) -> Field:
    return Field(
        ROOT_ID,
        (),
        Kind.JSON,
        "Parameters",
        value="" if parameters is None else json_text(parameters),
        help="One JSON object. Blank: no parameters.",
    )


def _root(schema: Mapping[str, Any], parameters: Parameters | None) -> Group:
    """The outermost group.

    Raises:
        _BeyondAFormError: there is none.
    """
    if not _is_object(schema) or not (parameters is None or isinstance(parameters, Mapping)):
        raise _BeyondAFormError("The schema of this model goes beyond what a form can show.")
    group = _group((), "", schema, MISSING if parameters is None else parameters, required=True)
    if len(list(fields_of(group))) > MAX_FIELDS:
        raise _BeyondAFormError(_TOO_MANY_FIELDS)
    return group


def _is_object(schema: Mapping[str, Any]) -> bool:
    """Whether the schema asks for an object, and says no more of it than a group can show."""
    properties = schema.get("properties")
    return (
        _type(schema) in ("object", None)
        and isinstance(properties, Mapping)
        and bool(properties)
        and not _BEYOND_A_FORM & schema.keys()
        and all(_is_plain_name(name) for name in properties)
    )


def _is_plain_name(name: object) -> bool:
    return isinstance(name, str) and len(name) <= MAX_NAME_LENGTH and is_encodable(name)


def _group(path: Path, label: str, schema: Mapping[str, Any], value: Any, required: bool) -> Group:
    properties = dict(schema["properties"])
    needed = schema.get("required")
    names = {name for name in needed if _is_plain_name(name)} if isinstance(needed, list) else set()
    for name in sorted(names - properties.keys()):
        properties[name] = {}
    if len(properties) > MAX_FIELDS:
        raise _BeyondAFormError(_TOO_MANY_FIELDS)
    values = value if isinstance(value, Mapping) else {}
    children = [
        _node((*path, name), below, values.get(name, MISSING), name in names)
        for name, below in properties.items()
    ]
    others = {name: values[name] for name in values if name not in properties}
    if others or schema.get("additionalProperties") not in (None, False):
        children.append(_others_field(path, others))
    return Group(
        field_id(path),
        path,
        label,
        tuple(children),
        description=_description(schema),
        required=required,
    )


def _others_field(path: Path, others: Mapping[str, Any]) -> Field:
    return Field(
        others_id(path),
        path,
        Kind.JSON,
        "Other values",
        value=json_text(others) if others else "",
        help="One JSON object: values that have no field of their own.",
        others=True,
    )


def _node(path: Path, schema: object, value: Any, required: bool) -> Group | Field:
    name = path[-1]
    if not isinstance(schema, Mapping):
        return _raw(Field(field_id(path), path, Kind.JSON, _label(None, name)), value, required)
    label = _label(schema.get("title"), name)
    if (
        _is_object(schema)
        and len(path) <= MAX_GROUP_DEPTH
        and (value is MISSING or isinstance(value, Mapping))
    ):
        return _group(path, label, schema, value, required)
    field = replace(
        _typed(Field(field_id(path), path, Kind.JSON, label), schema, required),
        required=required,
        description=_description(schema),
    )
    if field.kind is Kind.JSON:
        return _raw(field, value, required, schema)
    if value is not MISSING:
        shown = show(field, value)
        if shown is None:
            return _raw(field, value, required, schema)
        field = replace(field, value=shown, help=_sentence(field.help, _written_out(shown)))
    if field.kind is Kind.TEXT:
        text = str(field.value)
        field = replace(field, multiline="\n" in text or len(text) > _LONG_TEXT)
    if field.kind in (Kind.CHOICE, Kind.BOOLEAN):
        return _with_blank_option(field, schema)
    default = _default(schema)
    if field.kind is Kind.CHOICES:
        return replace(field, help=_sentence(field.help, default))
    return replace(field, placeholder=default)


def _raw(
    field: Field, value: Any, required: bool, schema: Mapping[str, Any] | None = None
) -> Field:
    """`field` as raw JSON."""
    return Field(
        field.id,
        field.path,
        Kind.JSON,
        field.label,
        value="" if value is MISSING else json_text(value),
        description=field.description,
        help=_sentence("JSON", field.help),
        placeholder=None if schema is None else _default(schema),
        required=required,
    )


def _typed(field: Field, schema: Mapping[str, Any], required: bool) -> Field:
    """`field` with the kind, the options and the limits that `schema` asks for."""
    if _BEYOND_A_FORM & schema.keys():
        return field
    options = _options(schema)
    if options is not None:
        return replace(field, kind=Kind.CHOICE, options=options) if options else field
    nullable = "null" in _types(schema)
    kind = _SCALARS.get(_type(schema) or "")
    if kind is Kind.BOOLEAN:
        return replace(field, kind=Kind.BOOLEAN, options=_yes_or_no(nullable))
    if kind is not None:
        help_text = _sentence(*_scalar_limits(kind, schema), "null for none" if nullable else None)
        return replace(field, kind=kind, nullable=nullable, help=help_text)
    items = schema.get("items")
    if _type(schema) != "array" or not isinstance(items, Mapping) or _BEYOND_A_FORM & items.keys():
        return field
    length = _range(schema.get("minItems"), schema.get("maxItems"), "value")
    item_options = _options(items)
    if item_options is not None:
        if not item_options:
            return field
        cleared = "no tick: an empty list" if required else "no tick: not set"
        return replace(
            field,
            kind=Kind.CHOICES,
            value=(),
            options=item_options,
            help=_sentence(length, cleared),
        )
    item_kind = _SCALARS.get(_type(items) or "")
    if item_kind is None or "null" in _types(items):
        return field
    limits = _sentence(*_scalar_limits(item_kind, items))
    each = f"each {limits}" if limits else None
    return replace(
        field, kind=Kind.LINES, item_kind=item_kind, help=_sentence("one per line", length, each)
    )


def _written_out(text: object) -> str | None:
    """What a text means that stands for nothing, where a blank would mean: not set."""
    if text == EMPTY_TEXT:
        return f"{EMPTY_TEXT} is an empty text"
    return f"{EMPTY_LIST} is an empty list" if text == EMPTY_LIST else None


def _types(schema: Mapping[str, Any]) -> tuple[str, ...]:
    """The types that `type` names."""
    types = schema.get("type")
    names = types if isinstance(types, list) else [types]
    return tuple(name for name in names if isinstance(name, str))


def _type(schema: Mapping[str, Any]) -> str | None:
    """The one type that is not null; None when `type` says nothing, `""` when it says more."""
    names = [name for name in _types(schema) if name != "null"]
    if not names:
        return None if "type" not in schema else ""
    return names[0] if len(names) == 1 else ""


def _options(schema: Mapping[str, Any]) -> tuple[Option, ...] | None:
    """What an enum or a const offers; None when it is neither, empty when it is too much."""
    if "const" in schema:
        values = [schema["const"]]
    elif isinstance(schema.get("enum"), list):
        values = unique_options(schema["enum"])
    else:
        return None
    if len(values) > MAX_OPTIONS:
        return ()
    words = [plain(value) for value in values]
    return tuple(
        # The number 1 and the text "1" must not read alike.
        Option(canonical(value), plain(canonical(value)) if words.count(word) > 1 else word)
        for value, word in zip(values, words, strict=True)
    )


def _yes_or_no(nullable: bool) -> tuple[Option, ...]:
    options = (Option("true", "yes"), Option("false", "no"))
    return (*options, Option("null", "null")) if nullable else options


def _with_blank_option(field: Field, schema: Mapping[str, Any]) -> Field:
    """`field` with the option that sets nothing, where that is possible or still the case."""
    if field.required and field.value:
        return field
    default = None
    if "default" in schema:
        text = canonical(schema["default"])
        default = next((option.label for option in field.options if option.value == text), None)
    label = "choose" if field.required else "not set"
    blank = Option("", f"{label} (default {default})" if default else label)
    return replace(field, options=(blank, *field.options))


def _default(schema: Mapping[str, Any]) -> str | None:
    if "default" not in schema:
        return None
    value = schema["default"]
    if isinstance(value, list) and value and not any(isinstance(i, dict | list) for i in value):
        words = ", ".join(plain(item) for item in value[:20])
    else:
        words = plain(canonical(value) if value == "" else value)
    return f"default {cut(words, _MAX_LIMIT_LENGTH)}"


def _scalar_limits(kind: Kind, schema: Mapping[str, Any]) -> Iterator[str | None]:
    if kind is Kind.TEXT:
        yield _range(schema.get("minLength"), schema.get("maxLength"), "character")
        pattern = schema.get("pattern")
        yield f"pattern {cut(pattern, _MAX_LIMIT_LENGTH)}" if isinstance(pattern, str) else None
    elif kind is not Kind.BOOLEAN:
        if kind is Kind.INTEGER:
            yield "whole number"
        yield _range(schema.get("minimum"), schema.get("maximum"))
        above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
        yield f"more than {_number(above)}" if _number(above) else None
        yield f"less than {_number(below)}" if _number(below) else None
        step = _number(schema.get("multipleOf"))
        yield f"a multiple of {step}" if step else None


def _number(value: object) -> str | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return cut(str(value), 40)


def _range(low: object, high: object, noun: str | None = None) -> str | None:
    lowest, highest = _number(low), _number(high)
    if noun is not None and lowest == "0":
        lowest = None
    if lowest is None and highest is None:
        return None
    if highest is None:
        return f"at least {count(low, noun) if noun else lowest}"
    if lowest is None:
        return f"at most {count(high, noun) if noun else highest}"
    if lowest == highest:
        return f"exactly {count(high, noun) if noun else highest}"
    return f"{lowest} to {count(high, noun) if noun else highest}"


def _sentence(*parts: str | None) -> str | None:
    return "; ".join(part for part in parts if part) or None


def _label(title: object, name: str) -> str:
    if isinstance(title, str) and title.strip():
        return cut(title.strip(), MAX_LABEL_LENGTH)
    return cut(name, MAX_LABEL_LENGTH) if name.strip() else f'"{name}"'


def _description(schema: Mapping[str, Any]) -> str | None:
    text = schema.get("description")
    if not isinstance(text, str) or not text.strip():
        return None
    shown = cut(text.strip(), MAX_DESCRIPTION_LENGTH)
    return f"{shown} (shortened)" if len(text.strip()) > MAX_DESCRIPTION_LENGTH else shown


# Fields to parameters.


def _parsed(root: Group | Field, field: Field, text: str | tuple[str, ...]) -> Any:
    """The value of `text` in `field`; objects are asked for where nothing else can be.

    Raises:
        TextError: it is not what the field asks for.
    """
    value = parse(field, text)
    if value is MISSING:
        return value
    if field is root:
        if value is not None and not isinstance(value, dict):
            raise TextError(_NOT_JSON_OBJECT)
        return MISSING if value is None else value
    if field.others:
        if not isinstance(value, dict):
            raise TextError(_NOT_JSON_OBJECT)
        group = _group_at(root, field.path)
        own = [name for name in value if name in {child.path[-1] for child in _named(group)}]
        if own:
            raise TextError(f"{cut(own[0], 100)} has a field of its own")
    return value


def _shows(field: Field, value: Any) -> bool:
    """Whether the field was opened with `value`: another text, such as JSON set out anew."""
    try:
        shown = parse(field, field.value)
    except TextError:
        return False
    if shown is MISSING or value is MISSING:
        return shown is value
    return canonical(shown) == canonical(value)


def _named(group: Group) -> Iterator[Group | Field]:
    """The children that are properties."""
    return (c for c in group.children if not (isinstance(c, Field) and c.others))


def _group_at(root: Group | Field, path: Path) -> Group:
    node = root
    for name in path:
        assert isinstance(node, Group)
        node = next(child for child in _named(node) if child.path[-1] == name)
    assert isinstance(node, Group)
    return node


def _merged(node: Group | Field, opened: Any, edits: Mapping[str, Any], bad: frozenset[str]) -> Any:
    """`opened` with the edits at and below `node` made; `MISSING` when nothing is left.

    Fields in `bad` have no value yet; their groups stay, so that the rest can be checked.
    """
    if isinstance(node, Field):
        return MISSING if node.id in bad else edits.get(node.id, opened)
    ids = {field.id for field in fields_of(node)}
    touched = any(one in edits or one in bad for one in ids)
    if not touched and (opened is not MISSING or not node.required):
        return opened
    result = dict(opened) if isinstance(opened, Mapping) else {}
    for child in node.children:
        if isinstance(child, Field) and child.others:
            if child.id in edits:
                own = {one.path[-1] for one in _named(node)}
                result = {name: value for name, value in result.items() if name in own}
                result |= edits[child.id] if edits[child.id] is not MISSING else {}
            continue
        name = child.path[-1]
        value = _merged(child, result.get(name, MISSING), edits, bad)
        if value is MISSING:
            result.pop(name, None)
        else:
            result[name] = value
    if not result and not node.required and not any(one in bad for one in ids):
        return MISSING
    return result


# Problems to fields.


def _place(root: Group | Field, problem: Problem) -> tuple[Group | Field, str]:
    """The field or group where a problem belongs, and its message there."""
    node = root
    steps = list(problem.path)
    if problem.missing is not None:
        steps.append(problem.missing)
    while isinstance(node, Group) and steps:
        children = {child.path[-1]: child for child in _named(node)}
        if steps[0] not in children:
            others = _others_of(node)
            if others is None:
                return node, _inside(steps, problem.message)
            node = others
            break
        node = children[str(steps.pop(0))]
    if isinstance(node, Group):
        others = _others_of(node) if problem.unknown else None
        return others or node, problem.message
    if node.kind is Kind.LINES and steps and isinstance(steps[0], int):
        return node, f"value {steps[0] + 1}: {problem.message}"
    if node.kind is Kind.CHOICES:
        return node, problem.message
    return node, _inside(steps, problem.message)


def _others_of(group: Group) -> Field | None:
    found = (c for c in group.children if isinstance(c, Field) and c.others)
    return next(found, None)


def _inside(steps: list[str | int], message: str) -> str:
    return f"{cut('.'.join(map(str, steps)), 100)}: {message}" if steps else message
