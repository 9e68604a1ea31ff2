"""The page as `app.py` makes it, with a way to start change sets from its own process."""

from __future__ import annotations

import os

from flask import Flask

from app import server
from vas_dash import Settings
from vas_dash.changes.permissions import Permissions
from vas_dash.jobs import create_jobs
from vas_dash.journal import Journal

settings = Settings.from_env()
jobs = create_jobs(settings, Journal(settings.db_url))


def add(server: Flask) -> None:
    @server.get("/pid")
    def pid() -> str:
        return str(os.getpid())

    @server.post("/start/<int:number>")
    def start(number: int) -> str:
        jobs.start(number, Permissions.unrestricted("kim"))
        return "started"


add(server)
