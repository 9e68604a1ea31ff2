"""The exception tree.

::

    VasDashError
    └── SettingsError            a variable of the environment has no usable value
"""

from __future__ import annotations


class VasDashError(Exception):
    """Base of everything this package raises on purpose."""


class SettingsError(VasDashError):
    """A setting has no usable value. The message names the setting, never its value."""
