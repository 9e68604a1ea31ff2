"""The handle of a draft: what a browser keeps of it, to name it and to show how large it is."""

from __future__ import annotations

import secrets

from dash.exceptions import PreventUpdate

from vas_dash.pages.arguments import DRAFT_REF, DraftRef, checked

__all__ = ["checked_handle", "id_of"]


def checked_handle(value: object) -> DraftRef | None:
    """Which draft a browser speaks of; None: it has none yet."""
    if not isinstance(value, dict) or not value.get("id"):
        return None
    return checked(DRAFT_REF, value)


def id_of(value: object) -> str:
    """The id of the browser's draft; a new one where it has none that can be used."""
    try:
        handle = checked_handle(value)
    except PreventUpdate:
        handle = None
    return secrets.token_urlsafe(16) if handle is None else handle.id
