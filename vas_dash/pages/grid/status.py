"""The quiet lines of the page: how new the snapshot is, and what of it is unknown and why."""

from __future__ import annotations

from vas_dash.domain.fleet import Completeness, FleetSnapshot, Part
from vas_dash.domain.text import cut, moment
from vas_dash.fleet.table import Counts
from vas_dash.pages.grid.model import GridPage


def status_line(snapshot: FleetSnapshot) -> str:
    """When the fleet was read."""
    return f"as of {moment(snapshot.taken_at)}"


def error_lines(snapshot: FleetSnapshot) -> tuple[str, ...]:
    """What is unknown, why, and when it was last seen; empty when everything is known."""
    parts: tuple[tuple[str, Part[object]], ...] = (
        ("cameras", snapshot.cameras),
        ("models", snapshot.models),
        ("assignments", snapshot.assignments),
    )
    unavailable = [part for _, part in parts if part.completeness is Completeness.UNAVAILABLE]
    if len(unavailable) == len(parts) and len({part.reason for part in unavailable}) == 1:
        return (_line("Cameras, models and assignments", unavailable[0]),)
    lines = []
    for name, part in parts:
        if part.completeness is Completeness.UNAVAILABLE:
            subject = "Names of models" if name == "models" else name.capitalize()
            lines.append(_line(subject, part))
        elif part.completeness is Completeness.INCOMPLETE:
            lines.append(_line(f"Some {name}", part))
    faults = snapshot.assignments.faults
    if faults:
        cells = "1 cell is" if len(faults) == 1 else f"{len(faults):,} cells are"
        lines.append(f"{cells} unknown: {cut(next(iter(faults.values())))}.")
    return tuple(lines)


def _line(subject: str, part: Part[object]) -> str:
    line = f"{subject} are unknown: {cut(part.reason or 'no reason given')}."
    if part.last_seen_at is not None:
        line += f" Last seen {moment(part.last_seen_at)}."
    return line


def absence(snapshot: FleetSnapshot) -> str:
    """Why a camera or a model is not there: it is gone, or that is not known."""
    for name, part in (("cameras", snapshot.cameras), ("models", snapshot.models)):
        if not part.is_complete:
            return f"the {name} are unknown: {cut(part.reason or 'no reason given')}"
    return "no longer in the VAS"


def counts_line(page: GridPage, snapshot: FleetSnapshot) -> str:
    """The counts over the whole filtered fleet, in words."""
    if not page.cameras and not snapshot.cameras.is_complete:
        return "cameras unknown"
    total = page.total
    cameras = "camera" if page.cameras == 1 else "cameras"
    found = f"{page.found:,} of {page.cameras:,} {cameras}: "
    if total == Counts() and page.found and not snapshot.assignments.is_complete:
        # Without a model there is no cell to be counted as unknown.
        return found + "assignments unknown"
    return found + (
        f"{total.on:,} on, {total.off:,} off, "
        f"{total.unassigned:,} unassigned, {total.unknown:,} unknown"
    )
