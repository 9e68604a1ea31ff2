"""The handle of a draft: what a browser keeps of it, to name it and to show how large it is."""

from __future__ import annotations

import secrets
from typing import Any

from dash.exceptions import PreventUpdate

from vas_dash.domain.records import Draft
from vas_dash.pages.arguments import DRAFT_REF, DraftRef, checked

__all__ = ["checked_handle", "handle_of", "id_of"]


def handle_of(draft: Draft) -> dict[str, Any]:
    """What the browser is to keep of a draft; `checked_handle` reads it back."""
    return {
        "id": draft.id,
        "revision": draft.revision,
        "count": len(draft.changes),
        "blocked": len(draft.blocked),
    }


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
