"""A model's `config_schema` to the fields and groups of a form."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from vas_dash.domain.entities import Parameters
from vas_dash.domain.text import is_encodable, json_text
from vas_dash.errors import VasDashError
from vas_dash.pages.form.branches import Branch, branches, carried, differing
from vas_dash.pages.form.fields import (
    ROOT_ID,
    Field,
    Group,
    Kind,
    Option,
    Path,
    Shape,
    field_id,
    fields_of,
)
from vas_dash.pages.form.hints import description_text, label_text, range_text
from vas_dash.pages.form.rows import MAX_ROWS, none_options, row_keys, rows_text
from vas_dash.pages.form.scalars import BEYOND_A_FIELD, raw_field, scalar_field, type_of, types_of
from vas_dash.pages.form.values import EMPTY_LIST, MISSING, NULL, Submitted
from vas_dash.schema.validation import MAX_NAME_LENGTH

MAX_FIELDS = 200
"""Fields of a schema, without those of rows."""
MAX_ROW_FIELDS = 400
"""Fields of all rows of a form together."""
MAX_DEPTH = 5
_TOO_MANY_FIELDS = f"The schema of this model has more than {MAX_FIELDS} fields."


class BeyondAFormError(VasDashError):
    """The schema's top cannot be shown as a form. The message says why."""


def top_properties(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schemas of a schema's own properties, by name; none where it is no object's."""
    return dict(schema["properties"]) if _is_object(schema) else {}


class Builder:
    """Builds one form. `submitted` says which rows and which forms of a value are shown.

    The work is bounded whatever the schema: by `MAX_FIELDS`, by `MAX_DEPTH`, and for lists by
    `MAX_ROWS` and `MAX_ROW_FIELDS`. A list that does not fit within them is raw JSON.
    """

    def __init__(self, submitted: Submitted | None = None) -> None:
        self._submitted = submitted or {}
        self._sizes: dict[int, int] = {}
        self._branches: dict[int, tuple[Branch, ...]] = {}
        self._apart: dict[Path, str] = {}
        self.left = MAX_ROW_FIELDS
        self.reshaped: list[str] = []
        """The controls that say something else than the form was opened with."""

    def _id(self, path: Path, what: str = "") -> str:
        """The id of the value at `path`, or of what belongs to it.

        Where the forms of a value ask for different things by one name, each has its own field.
        """
        steps = (path[:length] for length in range(1, len(path) + 1))
        own = "".join(f"/~{len(one)}in{self._apart[one]}" for one in steps if one in self._apart)
        return field_id(path) + own + (f"/~{what}" if what else "")

    def root_group(self, schema: Mapping[str, Any], parameters: Parameters | None) -> Group:
        """The outermost group.

        Raises:
            BeyondAFormError: there is none.
        """
        group: Group | str | None = None
        if parameters is None or isinstance(parameters, Mapping):
            value = MISSING if parameters is None else parameters
            if _is_object(schema):
                group = self._object((), "", schema, value, required=True)
            else:
                group = self._choice(Field(ROOT_ID, (), Kind.JSON, "Parameters"), schema, value)
        if not isinstance(group, Group):
            raise BeyondAFormError("The schema of this model goes beyond what a form can show.")
        if not _fits(group):
            raise BeyondAFormError(_TOO_MANY_FIELDS)
        return group

    def top(self, name: str, schema: Any) -> Group | Field:
        """One property of the outermost group for itself, with nothing in it.

        Raises:
            BeyondAFormError: it has too many fields.
        """
        node = self._node((name,), schema, MISSING, required=False)
        if not _fits(node):
            raise BeyondAFormError(_TOO_MANY_FIELDS)
        return node

    def _object(
        self, path: Path, label: str, schema: Mapping[str, Any], value: Any, required: bool
    ) -> Group:
        properties = dict(schema["properties"])
        needed = schema.get("required")
        names = {name for name in needed if _is_plain(name)} if isinstance(needed, list) else set()
        for name in sorted(names - properties.keys()):
            properties[name] = {}
        if len(properties) > MAX_FIELDS:
            raise BeyondAFormError(_TOO_MANY_FIELDS)
        values = value if isinstance(value, Mapping) else {}
        children = [
            self._node((*path, name), below, values.get(name, MISSING), name in names)
            for name, below in properties.items()
        ]
        others = {name: values[name] for name in values if name not in properties}
        if others or schema.get("additionalProperties") not in (None, False):
            children.append(_others_field(self._id(path, "other"), path, others))
        return Group(
            self._id(path),
            path,
            label,
            tuple(children),
            description=description_text(schema),
            required=required,
        )

    def _node(
        self,
        path: Path,
        schema: object,
        value: Any,
        required: bool,
        label: str | None = None,
        identity: str | None = None,
    ) -> Group | Field:
        title = schema.get("title") if isinstance(schema, Mapping) else None
        label = label_text(title, str(path[-1])) if label is None else label
        field = Field(identity or self._id(path), path, Kind.JSON, label, required=required)
        if not isinstance(schema, Mapping):
            return raw_field(field, value)
        if len(path) <= MAX_DEPTH:
            if _is_object(schema) and (value is MISSING or isinstance(value, Mapping)):
                return self._object(path, label, schema, value, required)
            group = self._choice(field, schema, value) or self._rows(field, schema, value)
            if isinstance(group, Group):
                return group
            field = replace(field, help=group)
        return scalar_field(field, schema, value)

    def _rows(self, field: Field, schema: Mapping[str, Any], value: Any) -> Group | str | None:
        """A list as rows; a text says why it is none."""
        items, nullable = schema.get("items"), "null" in types_of(schema)
        if type_of(schema) != "array" or not isinstance(items, Mapping):
            return None
        if BEYOND_A_FIELD & schema.keys() or "enum" in schema or "const" in schema:
            return None
        if scalar_field(field, schema, MISSING).kind is Kind.CHOICES:
            return None
        fits = value is MISSING or isinstance(value, list) or (value is None and nullable)
        control_id = self._id(field.path, "rows")
        # What was typed as JSON stays JSON, also when there is room for rows meanwhile.
        if not fits or (field.id in self._submitted and control_id not in self._submitted):
            return None
        size = self._size(field.path, items)
        opened = rows_text(value)
        text = self._submitted.get(control_id, opened)
        keys = row_keys(text) if isinstance(text, str) else None
        if not isinstance(text, str) or keys is None:
            text, keys = opened, row_keys(opened) or ()
        if not size:
            return None
        values = value if isinstance(value, list) else []
        too_long = len(keys) > MAX_ROWS or size > MAX_ROW_FIELDS
        rows = None if too_long else self._drawn(field, items, keys, values, size)
        if rows is None:
            return f"too long to be shown as rows, of which there are at most {MAX_ROWS}"
        if text != opened:
            self.reshaped.append(control_id)
        options = none_options(opened, required=field.required, nullable=nullable)
        return Group(
            field.id,
            field.path,
            field.label,
            rows,
            description=description_text(schema),
            help=range_text(schema.get("minItems"), schema.get("maxItems"), "row"),
            required=field.required,
            shape=Shape.LIST,
            control=Field(
                control_id, field.path, Kind.ROWS, field.label, text, options=tuple(options)
            ),
            no_rows=opened if opened in ("", NULL) else EMPTY_LIST,
            next_key=max(len(values), *(key + 1 for key in keys), 0),
            row_size=size,
        )

    def _drawn(
        self,
        field: Field,
        items: Mapping[str, Any],
        keys: Sequence[int],
        values: list[Any],
        size: int,
    ) -> tuple[Group | Field, ...] | None:
        """The rows of a list; None where there is no room for them.

        A row of several forms has more fields than a new one, so what is made is counted.
        """
        room, reshaped = self.left, len(self.reshaped)
        rows: list[Group | Field] = []
        made = 0
        for position, key in enumerate(keys, start=1):
            # The rows below need their room too, however much this one could take.
            self.left = room - made - (len(keys) - len(rows)) * size
            if self.left >= 0:
                rows.append(self._row(field, items, key, position, values))
                made += len(list(fields_of(rows[-1])))
                self.left = room - made - (len(keys) - len(rows)) * size
            if self.left < 0:
                self.left = room
                del self.reshaped[reshaped:]
                return None
        return tuple(rows)

    def _row(
        self, field: Field, items: Mapping[str, Any], key: int, position: int, values: list[Any]
    ) -> Group | Field:
        value = values[key] if 0 <= key < len(values) else MISSING
        label = f"{label_text(items.get('title'), field.label)} {position}"
        return self._node((*field.path, key), items, value, required=True, label=label)

    def _size(self, path: Path, items: Mapping[str, Any]) -> int:
        """How many fields a new row has; 0 where it would be nothing but raw JSON."""
        known = self._sizes.get(id(items))
        if known is None:
            blank = self._node((*path, -1), items, MISSING, required=True)
            is_raw = isinstance(blank, Field) and blank.kind is Kind.JSON
            known = self._sizes[id(items)] = 0 if is_raw else len(list(fields_of(blank)))
        return known

    def _branches_of(self, schema: Mapping[str, Any]) -> tuple[Branch, ...]:
        if id(schema) not in self._branches:
            self._branches[id(schema)] = branches(schema)
        return self._branches[id(schema)]

    def _choice(self, field: Field, schema: Mapping[str, Any], value: Any) -> Group | None:
        """A value with several forms: which one, and the fields of that one."""
        found = self._branches_of(schema)
        opened = [""]
        if value is not MISSING:
            opened = [str(number) for number, one in enumerate(found) if one.fits(value)]
        if not found or len(opened) != 1:
            return None
        (before,) = opened
        control_id = self._id(field.path, "form")
        chosen = str(self._submitted.get(control_id, before))
        if chosen not in ("", *map(str, range(len(found)))):
            chosen = before
        branch = found[int(chosen)] if chosen else None
        children: tuple[Field | Group, ...] = ()
        kept = value
        if branch and not branch.constant:
            apart = differing(found)
            kept = value if chosen == before else carried(branch.schema, value, apart)
            children = (self._form(field, branch, chosen, kept, apart),)
        if chosen != before:
            self.reshaped.append(control_id)
        blank = [Option("", "choose" if field.required else "not set")]
        options = [Option(str(number), one.label) for number, one in enumerate(found)]
        return Group(
            control_id,
            field.path,
            field.label,
            children,
            required=field.required,
            shape=Shape.CHOICE,
            control=Field(
                control_id,
                field.path,
                Kind.CHOICE,
                field.label,
                chosen,
                description=description_text(schema),
                required=field.required,
                options=tuple(options if field.required and before else blank + options),
            ),
            constant=branch.constant if branch else (),
            kept=(kept,),
        )

    def _form(
        self, field: Field, branch: Branch, chosen: str, value: Any, apart: Collection[str]
    ) -> Group | Field:
        # A list and a text in one place are two fields; objects share those that ask for the same.
        identity = self._id(field.path, f"is{chosen}")
        of_their_own = {(*field.path, name): chosen for name in apart}
        if branch.schema["type"] == "array":
            of_their_own[field.path] = chosen
        self._apart |= of_their_own
        if isinstance(value, Mapping):
            value = {name: one for name, one in value.items() if name not in branch.marks}
        node = self._node(field.path, branch.schema, value, True, branch.label, identity)
        for path in of_their_own:
            del self._apart[path]
        if isinstance(node, Field) or node.shape is not Shape.OBJECT:
            return node
        return replace(node, label="", description=None, marks=branch.marks)


def _is_object(schema: Mapping[str, Any]) -> bool:
    """Whether the schema asks for an object, and says no more of it than a group can show."""
    properties = schema.get("properties")
    return (
        type_of(schema) in ("object", None)
        and isinstance(properties, Mapping)
        and bool(properties)
        and not BEYOND_A_FIELD & schema.keys()
        and all(_is_plain(name) for name in properties)
    )


def _fits(node: Group | Field) -> bool:
    """Whether there are not too many fields, without those of rows."""
    own = [one for one in fields_of(node) if not any(isinstance(s, int) for s in one.path)]
    return len(own) <= MAX_FIELDS


def _is_plain(name: object) -> bool:
    return isinstance(name, str) and len(name) <= MAX_NAME_LENGTH and is_encodable(name)


def _others_field(identity: str, path: Path, others: Mapping[str, Any]) -> Field:
    return Field(
        identity,
        path,
        Kind.JSON,
        "Other values",
        value=json_text(others) if others else "",
        help="One JSON object: values that have no field of their own.",
        others=True,
    )
