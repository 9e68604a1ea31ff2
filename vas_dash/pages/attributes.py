"""HTML attributes whose names are no Python names."""

from __future__ import annotations

from typing import Any


def aria(**values: str) -> dict[str, Any]:
    """`aria(label="x")` gives `aria-label="x"`, to be passed on with `**`."""
    return {f"aria-{name}": value for name, value in values.items()}


def data(**values: str) -> dict[str, Any]:
    """`data(page="next")` gives `data-page="next"`, to be passed on with `**`."""
    return {f"data-{name}": value for name, value in values.items()}
