"""The WSGI entry: `gunicorn app:server`, or `python app.py`, which starts gunicorn itself."""

from __future__ import annotations

import os
import sys
import tempfile
from contextlib import ExitStack
from typing import Any

from flask import Flask

from vas_dash import Settings, create_server
from vas_dash.errors import VasDashError
from vas_dash.web import logs

WORKER_BOOT_ERROR = 3
"""The exit code of a worker after which gunicorn stops: `gunicorn.arbiter` has the same."""


def _create(settings: Settings | None = None) -> Flask:
    """The server, in a worker; what is wrong with the settings is one line, not a traceback."""
    try:
        return create_server(settings or Settings.from_env())
    except VasDashError as error:
        print(error, file=sys.stderr)
        # Another code would have gunicorn start the worker again and again.
        sys.exit(WORKER_BOOT_ERROR)


def _serve(settings: Settings) -> None:
    """Run gunicorn on the settings' address until it is stopped."""
    from gunicorn.app.base import BaseApplication

    settings.check_standing_alone()
    host = f"[{settings.host}]" if ":" in settings.host else settings.host

    class Application(BaseApplication):  # type: ignore[misc]
        def load_config(self) -> None:
            options: dict[str, Any] = {
                "bind": f"{host}:{settings.port}",
                "worker_class": "vas_dash.web.worker.Worker",
                "workers": settings.workers,
                "threads": 32,
                "control_socket_disable": True,
                "loglevel": "warning",
                "when_ready": self.say_where,
            }
            if settings.metrics:
                options["child_exit"] = self.forget
            for name, value in options.items():
                self.cfg.set(name, value)

        def load(self) -> Flask:
            return _create(settings)

        @staticmethod
        def say_where(_arbiter: object) -> None:
            where = settings.prefix if settings.enabled else "/ (turned off)"
            print(f"http://{host}:{settings.port}{where}", flush=True)

        @staticmethod
        def forget(_arbiter: object, worker: Any) -> None:
            from prometheus_client.multiprocess import mark_process_dead

            mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]

    with ExitStack() as stack:
        if settings.metrics:
            # All workers count in one folder: whichever answers tells of all.
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="vas-dash-"))
            os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", folder)
        Application().run()


if __name__ == "__main__":
    logs.to_stderr()
    try:
        _serve(Settings.from_env())
    except VasDashError as error:
        sys.exit(str(error))
else:
    logs.to_stderr()
    server = _create()
