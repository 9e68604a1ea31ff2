"""Jobs on a queue, for workers on any host: Dash's manager with Celery, on Redis."""

from __future__ import annotations

import logging
import ssl
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYetError
from functools import partial
from typing import Any, TypeVar

from celery import Celery
from celery.exceptions import CeleryError
from dash.background_callback.managers.celery_manager import CeleryManager
from kombu.exceptions import KombuError
from redis import Redis
from redis.exceptions import RedisError

from vas_dash.errors import JobError
from vas_dash.jobs.applying import TASK, Apply

__all__ = ["QueueManager", "QueueRunner", "celery_app", "check_queue", "queue_manager"]

_log = logging.getLogger(__name__)

Found = TypeVar("Found")

WAIT_S = 0.5
"""Longest wait of the page for the queue."""

KEPT_S = 24 * 3600
"""How long it is remembered that a job could not be done."""

_FAULTS = (OSError, CeleryError, KombuError, RedisError)


class _App(Celery):  # type: ignore[misc]
    """Its tasks are its own; Celery would register them with every later app of the process."""

    def task(self, *args: Any, **options: Any) -> Any:
        """As Celery's."""
        return super().task(*args, **{"shared": False, **options})


class QueueManager(CeleryManager):
    """Puts jobs on the queue, and never ends one."""

    def terminate_job(self, job: object) -> None:
        """Nothing: an apply is stopped by asking it."""


def queue_manager(app: Celery, apply: Apply) -> QueueManager:
    """The manager of this app, whose only task is `apply`."""
    manager = QueueManager(app, cache_by=[], expire=KEPT_S)  # type: ignore[no-untyped-call]
    manager.register(TASK, apply, None)  # type: ignore[no-untyped-call]
    # What Celery loads at its first use would be counted as a wait for Redis.
    app.finalize()
    _ = (app.amqp.Producer, app.connection_for_write().transport_cls, app.backend)
    return manager


def celery_app(queue_url: str, wait_s: float | None = None) -> Celery:
    """Celery on this Redis: JSON only, nothing is ever tried again or taken twice.

    `wait_s`: longest wait for one answer of Redis, once; None: a worker's patience.
    """
    app = _App("vas_dash", broker=queue_url, backend=queue_url, set_as_current=False)
    app.conf.update(
        task_default_queue="vas_dash",
        accept_content=["json"],
        task_serializer="json",
        result_serializer="json",
        # A worker that dies must not have its job done again by another one.
        task_acks_late=False,
        task_ignore_result=True,
        task_publish_retry=False,
        result_expires=KEPT_S,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        # Nobody commands a worker through Redis.
        worker_enable_remote_control=False,
        worker_send_task_events=False,
        worker_prefetch_multiplier=1,
        worker_disable_prefetch=True,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
    )
    if queue_url.startswith("rediss:"):
        trust = {"ssl_cert_reqs": ssl.CERT_REQUIRED}
        app.conf.update(broker_use_ssl=trust, redis_backend_use_ssl=trust)
    if wait_s is None:
        app.conf.result_backend_transport_options = {"retry_policy": {"max_retries": 3}}
    else:
        sockets = {"socket_timeout": wait_s, "socket_connect_timeout": wait_s}
        app.conf.update(
            broker_connection_timeout=wait_s,
            broker_transport_options={**sockets, "max_retries": 0},
            result_backend_transport_options={"retry_policy": {"max_retries": 0}},
            redis_socket_timeout=wait_s,
            redis_socket_connect_timeout=wait_s,
            redis_retry_on_timeout=False,
        )
    return app


class QueueRunner:
    """Has workers do jobs. Redis is asked in threads: no caller waits longer than `WAIT_S`."""

    def __init__(self, queue_url: str) -> None:
        self._manager = queue_manager(celery_app(queue_url, WAIT_S), _not_here)
        self._threads = ThreadPoolExecutor(4, thread_name_prefix="queue")

    def run(self, change_set_id: int, job: int) -> None:
        """Put it on the queue."""
        manager = self._manager
        task = manager.func_registry[TASK]
        try:
            self._asked(partial(manager.call_job_fn, str(job), task, [change_set_id, job], {}))
        except (NotYetError, *_FAULTS) as error:
            # Its text may hold the address.
            _log.warning("the queue cannot be reached: %s", type(error).__name__)
            raise JobError("the queue (VAS_DASH_QUEUE_URL) cannot be reached") from None

    def fault(self, change_set_id: int, job: int) -> str | None:  # noqa: ARG002
        """What the worker said."""
        try:
            said = self._asked(partial(self._manager.get_result, str(job), None))
        except (NotYetError, *_FAULTS):
            return "the queue (VAS_DASH_QUEUE_URL) cannot be reached"
        return said if isinstance(said, str) and said else None

    def _asked(self, call: Callable[[], Found]) -> Found:
        future: Future[Found] = self._threads.submit(call)
        try:
            return future.result(WAIT_S)
        except NotYetError:
            future.cancel()
            raise


def check_queue(queue_url: str) -> None:
    """Whether Redis answers within `WAIT_S`.

    Raises:
        RedisError: it does not.
    """
    with Redis.from_url(
        queue_url, socket_timeout=WAIT_S, socket_connect_timeout=WAIT_S
    ) as connection:
        connection.ping()


def _not_here(change_set_id: int, job: int) -> Any:
    raise NotImplementedError("workers apply, the page does not")
