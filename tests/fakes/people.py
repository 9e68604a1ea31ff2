"""Operators who may do everything."""

from vas_dash.changes.permissions import Permissions

KIM = Permissions.unrestricted("kim")
LEE = Permissions.unrestricted("lee")
OPERATOR = Permissions.unrestricted("operator")
"""Named as everybody is where nobody logs in."""
