"""The command line, on the same engine as the page."""

from vas_dash.cli.app import main

__all__ = ["main"]
