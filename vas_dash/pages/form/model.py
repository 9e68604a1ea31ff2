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
from typing import Any

from vas_dash.domain.entities import Parameters
from vas_dash.domain.text import canonical, cut
from vas_dash.pages.form.builder import BeyondAFormError, raw_root, root_group
from vas_dash.pages.form.fields import Field, Form, Group, Kind, Path, fields_of
from vas_dash.pages.form.values import MISSING, Submitted, TextError, is_untouched, parse, received
from vas_dash.schema.flatten import flattened
from vas_dash.schema.problems import Problem
from vas_dash.schema.validation import Findings, SchemaChecker, UncheckableError, read_schema

_NOT_JSON_OBJECT = 'must be a JSON object, such as {"threshold": 0.5}'


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
        return _Opened(Form(raw_root(parameters)), None)
    try:
        checker = read_schema(schema)
    except UncheckableError as error:
        reason = f"the schema of this model cannot be read: {error}"
        note = reason[0].upper() + reason[1:] + "."
        return _Opened(Form(raw_root(parameters), note), reason)
    root: Group | Field
    notes: list[str | None] = []
    try:
        root = root_group(flattened(schema), parameters)
    except BeyondAFormError as error:
        root = raw_root(parameters)
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
