"""A model's `config_schema` to a form for parameters, and what was submitted back to parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from vas_dash.domain.entities import Parameters
from vas_dash.viewmodel.form_fields import Form

Submitted: TypeAlias = Mapping[str, object]
"""What came back from the browser, by field id: texts, lists of texts, or None for blank."""


@dataclass(frozen=True, slots=True)
class FormResult:
    """What a submitted form says.

    `errors` are messages by field id; while there are any, `parameters` is None and means nothing.
    Without errors `parameters` is what to store, and None is a value: no parameters at all.
    `note` says why the parameters could not be checked; None when they were.
    """

    parameters: Parameters | None
    errors: Mapping[str, str]
    note: str | None = None

    @property
    def ok(self) -> bool:
        """True when `parameters` can be stored."""
        return not self.errors


def build_form(schema: Mapping[str, Any] | None, parameters: Parameters | None) -> Form:
    """The form for `parameters`, as the model's `schema` describes them."""
    raise NotImplementedError


def with_submitted(form: Form, submitted: Submitted, errors: Mapping[str, str]) -> Form:
    """`form` as it was submitted: every text as typed, and each message at its field."""
    raise NotImplementedError


def read_form(
    schema: Mapping[str, Any] | None, opened: Parameters | None, submitted: Submitted
) -> FormResult:
    """Parameters from a submitted form that was opened with `opened`."""
    raise NotImplementedError
