"""The exception tree.

::

    VasDashError
    ├── SettingsError                a variable of the environment has no usable value
    ├── TextError, BeyondAFormError, UncheckableError
    │                                between the modules of a form for parameters (`pages/form/`)
    ├── JournalError                 the journal cannot be written or read; nothing is sent
    ├── UnknownChangeSetError        there is no change set of this number
    ├── BusyError                    the change set is being applied just now
    ├── ReasonNeededError            change sets need a reason here, and there is none
    ├── PresetError                  a preset cannot be kept so; `reason` says why
    ├── JobError                     a change set could not be handed over to be applied
    ├── NotAllowedError              the operator may not do this
    └── BackendError                 the VAS did not do what was asked; `reason` says why
        ├── UnreachableError         no connection: no such host, no route, no TLS
        │   └── NotListeningError   the address refuses connections
        ├── TimedOutError            no connection or no whole answer in time
        ├── ConnectionCutError       the connection ended before the answer did
        ├── NotAuthorisedError       401, 403
        ├── NotFoundError            404
        ├── ConflictError            409
        ├── RejectedError            400, 422 and any other 4xx, with the fields at fault
        ├── ServerFaultError         5xx
        └── BadAnswerError           an answer that is not what the interface promises

Every `BackendError` carries a sentence for people in `reason`. It holds neither SQL nor driver
text, neither an address nor a key, and nothing of the body of a 5xx.
"""

from __future__ import annotations

from dataclasses import dataclass


class VasDashError(Exception):
    """Base of everything this package raises on purpose."""


class SettingsError(VasDashError):
    """A setting has no usable value. The message names the setting, never its value."""


class JournalError(VasDashError):
    """The journal cannot be written or read. `reason` is one plain sentence for people."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class UnknownChangeSetError(VasDashError):
    """There is no change set of this number."""


class BusyError(VasDashError):
    """The change set is being applied just now, here or in another process."""


class ReasonNeededError(VasDashError):
    """Change sets need a reason here, and there is none."""


class JobError(VasDashError):
    """A change set could not be handed over to be applied: nothing was sent."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class PresetError(VasDashError):
    """A preset was not kept, and nothing changed. `reason` is one plain sentence for people."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class NotAllowedError(VasDashError):
    """The operator may not do this; nothing was done. `reason` is one plain sentence."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class BackendError(VasDashError):
    """The VAS did not do what was asked. `reason` is one plain sentence for people."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class UnreachableError(BackendError):
    """No connection could be made: nothing was sent."""


class NotListeningError(UnreachableError):
    """The address refuses connections: nothing was sent."""


class TimedOutError(BackendError):
    """No connection, or no whole answer, within the time that the settings allow."""


class ConnectionCutError(BackendError):
    """The connection ended before the answer did."""


class NotAuthorisedError(BackendError):
    """401 or 403: the API key is missing, wrong, expired or revoked."""


class NotFoundError(BackendError):
    """404."""


class ConflictError(BackendError):
    """409: the pair exists with another value of `enabled`."""


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """One field that the VAS did not accept.

    `field` is the path below the body with dots between the steps (`desired_fps`,
    `parameters.threshold`), empty when the VAS named none.
    """

    field: str
    message: str


class RejectedError(BackendError):
    """400, 422 or another 4xx: the VAS understood the request and did not accept it.

    `reason` holds the words of the VAS, cut to a sane length.
    """

    def __init__(self, reason: str, problems: tuple[FieldProblem, ...] = ()) -> None:
        super().__init__(reason)
        self.problems = problems


class ServerFaultError(BackendError):
    """5xx. `status` is all that is taken from the answer."""

    def __init__(self, reason: str, status: int) -> None:
        super().__init__(reason)
        self.status = status


class BadAnswerError(BackendError):
    """An answer that is not what the interface promises: garbage, wrong types, too long."""
