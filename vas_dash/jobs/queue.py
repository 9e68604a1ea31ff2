"""Change sets applied by workers on any host: a queue of Celery, on Redis."""

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
from kombu.exceptions import KombuError
from redis import Redis
from redis.exceptions import RedisError

from vas_dash.errors import JobError
from vas_dash.jobs.applying import Apply

__all__ = ["QueueRunner", "add_task", "celery_app", "check_queue"]

_log = logging.getLogger(__name__)

Found = TypeVar("Found")

TASK = "vas_dash.apply"

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
        task_ignore_result=True,
        # A worker that dies must not have its job done again by another one.
        task_acks_late=False,
        task_publish_retry=False,
        result_expires=KEPT_S,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        # Workers take no commands through Redis.
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


def add_task(app: Celery, apply: Apply) -> None:
    """Have the workers of this app do `apply`; why a job was not done is kept in Redis."""

    def run(change_set_id: int, job: int) -> None:
        why = apply(change_set_id, job)
        if why is not None:
            app.backend.set(_fault_key(job), why)

    app.task(run, name=TASK)


class QueueRunner:
    """Has workers do jobs. Redis is asked in threads: no caller waits longer than `WAIT_S`."""

    def __init__(self, queue_url: str) -> None:
        self._app = celery_app(queue_url, WAIT_S)
        # What Celery loads at its first use would be counted as a wait for Redis.
        self._app.finalize()
        _ = (self._app.amqp.Producer, self._app.connection_for_write().transport_cls)
        _ = self._app.backend
        self._threads = ThreadPoolExecutor(4, thread_name_prefix="queue")

    def run(self, change_set_id: int, job: int) -> None:
        """Put it on the queue."""
        send = partial(
            self._app.send_task, TASK, (change_set_id, job), task_id=str(job), ignore_result=True
        )
        try:
            self._asked(send)
        except (NotYetError, *_FAULTS) as error:
            # Its text may hold the address.
            _log.warning("the queue cannot be reached: %s", type(error).__name__)
            raise JobError("the queue (VAS_DASH_QUEUE_URL) cannot be reached") from None

    def fault(self, change_set_id: int, job: int) -> str | None:  # noqa: ARG002
        """What the worker said."""
        try:
            fault = self._asked(partial(self._app.backend.get, _fault_key(job)))
        except (NotYetError, *_FAULTS):
            return "the queue (VAS_DASH_QUEUE_URL) cannot be reached"
        return fault.decode() if fault else None

    def _asked(self, call: Callable[[], Found]) -> Found:
        future: Future[Found] = self._threads.submit(call)
        try:
            return future.result(WAIT_S)
        except NotYetError:
            future.cancel()
            raise


def _fault_key(job: int) -> str:
    return f"vas_dash-fault-{job}"


def check_queue(queue_url: str) -> None:
    """Whether Redis answers within `WAIT_S`.

    Raises:
        RedisError: it does not.
    """
    with Redis.from_url(
        queue_url, socket_timeout=WAIT_S, socket_connect_timeout=WAIT_S
    ) as connection:
        connection.ping()
