"""The form for parameters as components."""

from __future__ import annotations

from dash import html

from vas_dash.viewmodel.form_fields import Form

FIELD = "parameter-field"
"""The `type` of every control's id: `{"type": FIELD, "path": field.id}`. Its value is `value`."""


def parameter_form(form: Form) -> html.Div:
    """The whole form. Read it with `State({"type": FIELD, "path": ALL}, "value")` and its ids."""
    raise NotImplementedError
