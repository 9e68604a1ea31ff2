"""A model's `config_schema` to a form for parameters, and what was submitted back to parameters.

The promises of the form:

- Untouched, it gives back exactly the parameters it was opened with, whatever the schema says of
  them: None stays None, `{}` stays `{}`, 1.0 stays 1.0. Parameters come from other programs too.
- Nothing is dropped: a property the schema does not know stands in "Other values" of its level, a
  value that does not fit its field stands there as raw JSON, with the message.
- What was changed must be valid, and required fields must be filled in. A fault that was there when
  the form was opened, in a value that is still the same, is shown but does not hinder.
- A blank field is not set; an optional group whose fields are all blank goes too.
- A row of a list stays the row it is wherever it is moved to; a new one begins blank.
- Another form of a value keeps what was typed into fields of the same name.
- What a form cannot show is raw JSON: the property, or everything when it is the schema's top.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from vas_dash.domain.entities import Parameters
from vas_dash.domain.text import canonical, cut
from vas_dash.pages.form.builder import BeyondAFormError, Builder
from vas_dash.pages.form.fields import ROOT_ID, Field, Form, Group, Shape, fields_of
from vas_dash.pages.form.merging import (
    by_keys,
    first_field,
    group_at,
    merged,
    own_names,
    place,
    value_at,
)
from vas_dash.pages.form.scalars import raw_root
from vas_dash.pages.form.values import (
    MISSING,
    Submitted,
    TextError,
    is_untouched,
    parse,
    received,
)
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


def build_form(
    schema: Mapping[str, Any] | None,
    parameters: Parameters | None,
    submitted: Submitted | None = None,
) -> Form:
    """The form for `parameters`, as the model's `schema` describes them.

    Faults of the stored values stand at their fields; values that are merely missing do not.
    `submitted` gives the rows and the forms of values that are shown, and the texts in them.
    """
    form = _open(schema, parameters, submitted).form
    return form if submitted is None else with_submitted(form, submitted, {})


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
        control = node.control and filled(node.control)
        children = tuple(walked(child) for child in node.children)
        after = replace(node, children=children, control=control)
        untouched = [f.value for f in fields_of(after)] == [f.value for f in fields_of(node)]
        return replace(after, error=errors.get(node.id, node.error if untouched else None))

    return replace(form, root=walked(form.root))


def read_form(
    schema: Mapping[str, Any] | None, opened: Parameters | None, submitted: Submitted
) -> FormResult:
    """Parameters from a submitted form that was opened with `opened`.

    Ids that the form does not have are ignored; a field that was not submitted is untouched.
    """
    form = _open(schema, opened, submitted)
    root = form.form.root
    edits, errors = _edits(form, opened, submitted)
    if not edits and not errors:
        return FormResult(opened, {})

    value = merged(root, MISSING if opened is None else opened, edits, frozenset(errors))
    candidate = None if value is MISSING else value
    findings = form.check(candidate)
    for problem in findings.problems:
        known = by_keys(root, problem)
        at, message = place(root, known)
        if not form.had(known, problem.path, at, opened, candidate):
            errors.setdefault(at.id, message)
    if errors:
        return FormResult(None, errors, _note(findings))
    same = canonical(candidate) == canonical(opened)
    return FormResult(opened if same else candidate, {}, _note(findings))


def read_part(
    node: Group | Field, reshaped: tuple[str, ...], submitted: Submitted
) -> tuple[Any, dict[str, str]]:
    """The value of one top property that was opened with nothing in it, and errors by field id.

    Without errors the value holds, and `MISSING` is one: nothing was typed. Its schema has not been
    asked. `reshaped` as in `Builder`.
    """
    root = Group(ROOT_ID, (), "", (node,))
    own = {one.id for one in fields_of(node)}
    form = _Opened(Form(root), None, reshaped=tuple(one for one in reshaped if one in own))
    edits, errors = _edits(form, None, submitted)
    value = merged(root, MISSING, edits, frozenset(errors))
    return value_at(value, node.path), errors


def _edits(
    form: _Opened, opened: Parameters | None, submitted: Submitted
) -> tuple[dict[str, Any], dict[str, str]]:
    """What was changed, by field id, and what is wrong with what was typed."""
    root = form.form.root
    edits: dict[str, Any] = dict.fromkeys(form.reshaped)
    errors: dict[str, str] = {}
    groups = list(_groups(root))
    controls = {one.control.id for one in groups if one.control}
    for one in form.form.fields():
        if one.id not in submitted or one.id in controls:
            continue
        text = received(one, submitted[one.id])
        if text is None:
            errors[one.id] = "was not sent as text"
        elif not is_untouched(one, text):
            try:
                value = _parsed(root, one, text)
            except TextError as error:
                errors[one.id] = str(error)
            else:
                if not _shows(one, value):
                    edits[one.id] = value
    for row in (row for one in groups if one.shape is Shape.LIST for row in one.children):
        known = value_at(opened, row.path)
        if not errors.keys() & {one.id for one in fields_of(row)} and (
            merged(row, known, edits, frozenset()) is MISSING
        ):
            errors[first_field(row).id] = "needs a value, or remove the row"
    return edits, errors


def _groups(node: Group | Field) -> Iterator[Group]:
    if isinstance(node, Group):
        yield node
        for child in node.children:
            yield from _groups(child)


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
    reshaped: tuple[str, ...] = ()

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
        now: tuple[str | int, ...],
        at: Group | Field,
        opened: Parameters | None,
        candidate: Parameters | None,
    ) -> bool:
        """Whether the form was opened with `problem`, in a value that is still the same.

        `now` is where the value stands since rows were moved.
        """
        if problem not in self.problems:
            return False
        if problem.unknown:  # a fault of the names, and those are in its message
            return True
        if _is_blank(problem, at, opened):
            return False
        return canonical(value_at(opened, problem.path)) == canonical(value_at(candidate, now))


def _open(
    schema: Mapping[str, Any] | None,
    parameters: Parameters | None,
    submitted: Submitted | None = None,
) -> _Opened:
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
    builder = Builder(submitted)
    try:
        root = builder.root_group(flattened(schema), parameters)
    except BeyondAFormError as error:
        root = raw_root(parameters)
        notes.append(str(error))

    unchecked = _Opened(Form(root), checker)
    findings = unchecked.check(parameters) if parameters is not None else Findings()
    notes.append(_note(findings))
    faults: dict[str, str] = {}
    for problem in findings.problems:
        at, message = place(root, problem)
        is_gone = isinstance(at, Group) and at.shape is Shape.LIST and problem.path != at.path
        if not is_gone and not _is_blank(problem, at, parameters):
            faults.setdefault(at.id, message)
    form = with_submitted(
        Form(root, " ".join(filter(None, notes)) or None, builder.left), {}, faults
    )
    return _Opened(form, checker, frozenset(findings.problems), tuple(builder.reshaped))


def _is_blank(problem: Problem, at: Group | Field, parameters: object) -> bool:
    """Whether the problem is just that a field is not filled in."""
    return problem.missing is not None and value_at(parameters, at.path) is MISSING


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
        group = group_at(root, field.path)
        own = [name for name in value if name in own_names(group)]
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
