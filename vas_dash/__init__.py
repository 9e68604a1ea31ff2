"""The control plane: which AI models each camera is meant to run."""

from vas_dash.config import Settings
from vas_dash.domain.operators import Operator, Role
from vas_dash.server import create_app, create_server, mount, wsgi_app

__all__ = ["Operator", "Role", "Settings", "create_app", "create_server", "mount", "wsgi_app"]
