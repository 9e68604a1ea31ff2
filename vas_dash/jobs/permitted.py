"""Jobs, as far as somebody may start and stop them."""

from __future__ import annotations

from dataclasses import dataclass

from vas_dash.changes.apply import Progress
from vas_dash.changes.permissions import Rights, refuse_others
from vas_dash.domain.records import State
from vas_dash.errors import UnknownChangeSetError
from vas_dash.jobs.service import Jobs
from vas_dash.journal import Journal

__all__ = ["JobsBy"]


@dataclass(frozen=True, slots=True)
class JobsBy:
    """The same jobs, for one operator: what is somebody else's is for an admin.

    Raises:
        JournalError, UnknownChangeSetError: whose change set it is cannot be known.
        NotAllowedError: it may not be started or stopped; nothing was done.
    """

    rights: Rights
    all_jobs: Jobs
    journal: Journal

    def start(self, change_set_id: int) -> None:
        """Begin to apply what the operator may change by now; the rest of it is refused."""
        self._touch(change_set_id)
        with self.journal.locked(change_set_id) as mine:
            record = self.journal.change_set(change_set_id)
            if mine and record is not None and record.state is State.READY:
                refuse_others(self.rights, self.journal, change_set_id)
        self.all_jobs.start(change_set_id)

    def cancel(self, change_set_id: int) -> bool:
        """Ask for no more writes; whether it is over."""
        self._touch(change_set_id)
        return self.all_jobs.cancel(change_set_id)

    def progress(self, change_set_id: int) -> Progress | None:
        """How far it is; anybody may look."""
        return self.all_jobs.progress(change_set_id)

    def fault(self, change_set_id: int) -> str | None:
        """Why the last start of it came to nothing; anybody may look."""
        return self.all_jobs.fault(change_set_id)

    def _touch(self, change_set_id: int) -> None:
        record = self.journal.change_set(change_set_id)
        if record is None:
            raise UnknownChangeSetError(f"there is no change set {change_set_id}")
        self.rights.touch(record.who)
