"""The errors of the frame kernel.

A source that is absent, has ended or is idle is not an error: readers answer None.
After its start a writer raises none of these.
"""

from __future__ import annotations


class KernelError(Exception):
    """Anything that the frame kernel raises on purpose."""


class SettingsError(KernelError, ValueError):
    """A setting has a value that cannot be used."""


class CameraIdError(KernelError, ValueError):
    """A camera id that cannot name a folder."""


class FrameSizeError(KernelError, ValueError):
    """An array does not have the size of a frame."""


class WriterError(KernelError):
    """A writer cannot start."""


class ExportDisabledError(WriterError):
    """Frame export is off."""


class WriterConflictError(WriterError):
    """Another live writer has this camera."""


class NoSpaceError(WriterError):
    """The memory for the ring is not there."""


class StorageError(WriterError):
    """The base folder cannot be used."""


class ReaderError(KernelError):
    """A reader cannot use what it found."""


class RingFormatError(ReaderError):
    """What is there is not a ring, or not a sane one."""


class RingVersionError(RingFormatError):
    """A ring of a version that this reader does not know."""
