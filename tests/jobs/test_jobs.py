"""Change sets that are applied outside of the page: in processes, and by workers behind a queue."""

from __future__ import annotations

import fcntl
import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import psutil
import pytest
import requests
from pydantic import SecretStr

from tests.changes.support import drafted, keys_of, operations_on, stored, writes, zoned
from tests.fakes.clients import API_KEY, transport_to
from tests.fakes.faulty_vas import FaultyVas, site
from tests.fakes.people import KIM
from tests.jobs.queueing import (
    QUEUE_PASSWORD,
    HeldWrites,
    Redis,
    Worker,
    environment,
    free_port,
    processes_of,
    wait_for,
)
from vas_dash import Settings, create_server
from vas_dash.backend.client import VasClient
from vas_dash.changes.operations import Operations, Resumed
from vas_dash.domain.changes import DesiredChange
from vas_dash.domain.records import CellResult, ChangeSetRecord, State
from vas_dash.errors import JobError
from vas_dash.jobs import create_jobs, queue_checks
from vas_dash.jobs import queue as queue_module
from vas_dash.jobs import worker as worker_module
from vas_dash.jobs.processes import AT_ONCE
from vas_dash.jobs.service import apply_watched
from vas_dash.journal import Journal
from vas_dash.web.health import Readiness

CELLS = 60
ZONE = DesiredChange(set_parameters={"zone": 3})
FLIGHT_S = 0.2
SLOW_S = 0.2


class Site:
    """A VAS, a journal, and the page's services on them."""

    def __init__(self, vas: FaultyVas, settings: Settings, worker: Worker | None) -> None:
        self.vas = vas
        self.settings = settings
        self.worker = worker
        assert settings.db_url is not None
        self.journal = Journal(settings.db_url)
        self.operations = operations_on(vas, self.journal)
        self.jobs = create_jobs(settings, self.journal)

    def submit(self) -> int:
        changes = drafted(self.operations, keys_of(self.vas), ZONE)
        assert len(changes.changes) == CELLS
        return self.operations.submit(changes, by=KIM)

    def held(self, number: int) -> HeldWrites:
        """Start it, and hold it in the middle."""
        held = HeldWrites(self.vas, let_through=10)
        self.jobs.start(number, KIM)
        assert held.reached.wait(60)
        return held

    def applier(self, number: int) -> psutil.Process:
        """The process that applies it."""
        if self.worker is not None:
            assert self.worker.process is not None
            return psutil.Process(self.worker.process.pid)
        (process,) = processes_of(number)
        return process

    def ended(self, number: int) -> ChangeSetRecord:
        def look() -> ChangeSetRecord | None:
            record = self.journal.change_set(number)
            assert record is not None
            over = record.state in (State.FINISHED, State.STOPPED)
            return record if over and not self.journal.is_applied_now(number) else None

        return wait_for(look, f"change set {number} has ended")

    def close(self) -> None:
        self.journal.close()


@pytest.fixture(scope="module")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    server = Redis(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def queue_site(
    tmp_path_factory: pytest.TempPathFactory, redis_server: Redis
) -> Iterator[tuple[FaultyVas, Settings, Worker]]:
    """A worker that lives through the tests, and its VAS."""
    folder = tmp_path_factory.mktemp("queue")
    with FaultyVas(api_key=API_KEY) as vas:
        settings = _settings(vas, folder, redis_server.url)
        worker = Worker(settings, folder)
        yield vas, settings, worker
        worker.stop()


@pytest.fixture
def queue(
    queue_site: tuple[FaultyVas, Settings, Worker],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Site]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(queue_module, "WAIT_S", 30.0)
    vas, settings, worker = queue_site
    fresh = FaultyVas(**site(CELLS // 5, 5, CELLS))
    vas.cameras, vas.models, vas.assignments = fresh.cameras, fresh.models, fresh.assignments
    vas.on_request = None
    vas._counts.clear()
    worker.start()
    found = Site(vas, settings, worker)
    yield found
    found.close()


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.chdir(tmp_path)
    with FaultyVas(**site(CELLS // 5, 5, CELLS), api_key=API_KEY) as vas:
        found = Site(vas, _settings(vas, tmp_path), None)
        yield found
        found.close()


@pytest.fixture(params=["processes", "queue"])
def either(request: pytest.FixtureRequest) -> Site:
    """Both ways of applying."""
    found: Site = request.getfixturevalue("here" if request.param == "processes" else "queue")
    return found


def _settings(vas: FaultyVas, folder: Path, queue_url: str | None = None) -> Settings:
    return Settings(
        api_url=vas.url,
        api_key=SecretStr(API_KEY),
        connect_timeout_s=30,
        read_timeout_s=30,
        db_url=f"sqlite:///{folder / 'journal.db'}",
        queue_url=queue_url,
        apply_concurrency=4,
    )


PROGRESS_ELSEWHERE = """
import json, sys, time
from vas_dash import Settings, create_server
from vas_dash.jobs import create_jobs
from vas_dash.jobs import queue as queue_module
from vas_dash.jobs import worker as worker_module
from vas_dash.journal import Journal
settings = Settings.from_env()
jobs = create_jobs(settings, Journal(settings.db_url))
while (progress := jobs.progress(int(sys.argv[1]))) is None or progress.done < 10:
    time.sleep(0.05)
print(json.dumps([progress.stage, progress.total, progress.done]))
"""


def test_it_is_applied_in_another_process_and_every_process_sees_how_far_it_is(
    either: Site, tmp_path: Path, redis_server: Redis, capfd: pytest.CaptureFixture[str]
) -> None:
    number = either.submit()
    held = either.held(number)
    applier = either.applier(number)
    assert applier.pid != os.getpid()
    seen = subprocess.run(
        [sys.executable, "-c", PROGRESS_ELSEWHERE, str(number)],
        cwd=tmp_path,
        env=environment(either.settings),
        capture_output=True,
        check=True,
        timeout=60,
    )
    stage, total, done = json.loads(seen.stdout)
    assert (stage, total) == ("applying", CELLS)
    assert 10 <= done < CELLS
    command_line = "".join(applier.cmdline())
    held.open()

    record = either.ended(number)
    assert record.state is State.FINISHED
    assert record.tally == {CellResult.APPLIED: CELLS}
    assert writes(either.vas) == CELLS
    assert either.jobs.progress(number) is None
    assert either.jobs.fault(number) is None

    if either.worker is None:
        wait_for(lambda: not processes_of(number), "the process is gone")
    log = capfd.readouterr().err
    if either.worker is not None:
        written = either.worker.log
        # It says so after the journal does.
        wait_for(lambda: f"change set {number}: " in written.read_text(), "the worker's line")
        log += written.read_text()
    else:
        assert stat.S_IMODE((tmp_path / ".data/jobs").stat().st_mode) == 0o700
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    lines = [line for line in log.splitlines() if f"change set {number}" in line]
    assert lines
    for line in lines:
        assert re.match(rf"time=\S+ level=info logger=vas_dash.* change_set={number} ", line)
    for secret in (API_KEY, QUEUE_PASSWORD):
        assert secret not in command_line
        assert secret not in log
        assert secret.encode() not in kept
        assert not redis_server.holds(secret)


def test_cancelling_anywhere_stops_new_writes(either: Site) -> None:
    number = either.submit()
    held = either.held(number)
    elsewhere = Journal(either.settings.db_url)
    create_jobs(either.settings, elsewhere).cancel(number, KIM)
    elsewhere.close()
    sent = writes(either.vas)
    held.open(SLOW_S)

    record = either.ended(number)
    assert (record.state, record.note) == (State.STOPPED, "cancelled")
    assert writes(either.vas) - sent < (CELLS - sent) / 2
    assert record.tally == {
        CellResult.APPLIED: writes(either.vas),
        CellResult.NOT_SENT: CELLS - writes(either.vas),
    }


@pytest.mark.parametrize("concurrency", [8, 32])
def test_once_it_is_said_to_be_stopped_nothing_more_is_sent(here: Site, concurrency: int) -> None:
    for n in range(12):
        asked, said, sent = _writes_around_a_cancel(here, concurrency, n)
        assert sent == said
        # Each thread may have looked just before the cancel.
        assert said - asked <= concurrency


def _writes_around_a_cancel(here: Site, concurrency: int, n: int) -> tuple[int, int, int]:
    """Writes that have arrived: once the cancel is written down, once it is over, and at last."""
    operations = operations_on(here.vas, here.journal, concurrency=concurrency)
    desired = DesiredChange(set_parameters={"zone": n})
    number = operations.submit(drafted(operations, keys_of(here.vas), desired), by=KIM)
    enough = writes(here.vas) + n
    thread = threading.Thread(target=apply_watched, args=(operations, number))
    thread.start()
    wait_for(lambda: writes(here.vas) > enough, "some cells are sent")
    over = here.jobs.cancel(number, KIM)
    asked = writes(here.vas)
    if not over:
        here.ended(number)
    said = writes(here.vas)
    thread.join()
    return asked, said, writes(here.vas)


def test_a_worker_that_is_asked_to_end_sends_no_more_and_settles_what_was_sent(
    either: Site,
) -> None:
    number = either.submit()
    held = either.held(number)
    applier = either.applier(number)
    applier.terminate()
    sent = writes(either.vas)
    held.open(SLOW_S)

    record = either.ended(number)
    assert (record.state, record.note) == (State.STOPPED, "cancelled")
    assert writes(either.vas) - sent < (CELLS - sent) / 2
    assert record.tally == {
        CellResult.APPLIED: writes(either.vas),
        CellResult.NOT_SENT: CELLS - writes(either.vas),
    }
    _gone(either, number)


def test_after_a_kill_nobody_applies_it_until_it_is_reopened_and_gone_on_with(
    either: Site,
) -> None:
    number = either.submit()
    held = either.held(number)
    applier = either.applier(number)
    applier.kill()
    _gone(either, number)
    wait_for(lambda: not either.journal.is_applied_now(number), "nobody applies it")
    assert either.jobs.progress(number) is None
    record = either.journal.change_set(number)
    assert record is not None
    assert record.state is State.APPLYING
    held.open()
    wait_for(lambda: zoned(either.vas) == writes(either.vas), "what had arrived is done")
    if either.worker is not None:
        either.worker.start()
    either.jobs.start(number, KIM)

    quick = Operations(VasClient(transport_to(either.vas, FLIGHT_S)), either.journal)

    def known() -> Resumed | None:
        found = quick.resume(number, KIM)
        left = CELLS - found.record.tally.get(CellResult.APPLIED, 0)
        return found if len(found.rest.changes) == left else None

    reopened = wait_for(known, "nothing is on its way any more")
    assert reopened.record.state is State.STOPPED
    rest = either.operations.submit(reopened.rest, by=KIM)
    either.jobs.start(rest, KIM)
    assert either.ended(rest).state is State.FINISHED
    assert all("zone" in row[3] for row in stored(either.vas).values())
    assert writes(either.vas) == CELLS


def test_two_starts_of_one_change_set_send_it_once(either: Site) -> None:
    number = either.submit()
    start = threading.Barrier(2)

    def begin() -> None:
        journal = Journal(either.settings.db_url)
        jobs = create_jobs(either.settings, journal)
        start.wait()
        jobs.start(number, KIM)
        journal.close()

    threads = [threading.Thread(target=begin) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert either.ended(number).state is State.FINISHED
    wait_for(lambda: not processes_of(number), "no process is at it any more")
    assert writes(either.vas) == CELLS


def test_one_that_was_cancelled_before_anybody_began_is_not_begun(here: Site) -> None:
    number = here.submit()
    here.jobs.cancel(number, KIM)
    here.jobs.start(number, KIM)
    record = here.journal.change_set(number)
    assert record is not None
    assert (record.state, record.note) == (State.STOPPED, "cancelled")
    assert not processes_of(number)
    assert writes(here.vas) == 0


def test_an_apply_outlives_a_reload_and_the_end_of_the_pages_server_and_leaves_its_port_alone(
    here: Site, tmp_path: Path
) -> None:
    number = here.submit()
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    with ExitStack() as stack:
        log = stack.enter_context((tmp_path / "gunicorn.log").open("wb"))
        arguments = ["-k", "gthread", "--threads", "4", "-b", f"127.0.0.1:{port}"]
        gunicorn = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", *arguments, "tests.jobs.served:server"],
            env=environment(here.settings),
            stdout=log,
            stderr=log,
        )
        stack.callback(gunicorn.wait)
        stack.callback(gunicorn.kill)
        first = wait_for(lambda: _answer(f"{base}/pid"), "the page answers")
        held = HeldWrites(here.vas, let_through=10)
        assert requests.post(f"{base}/start/{number}", timeout=60).text == "started"
        assert held.reached.wait(60)

        gunicorn.send_signal(signal.SIGHUP)
        wait_for(lambda: not psutil.pid_exists(int(first)), "the first worker is gone")
        second = wait_for(lambda: _answer(f"{base}/pid"), "another one answers")
        gunicorn.kill()
        gunicorn.wait()
        with suppress(ProcessLookupError):
            os.kill(int(second), signal.SIGKILL)
        wait_for(lambda: not psutil.pid_exists(int(second)), "the server is gone")
        with socket.socket() as again:
            again.bind(("127.0.0.1", port))
            again.listen()
        held.open()
        assert here.ended(number).state is State.FINISHED
    assert writes(here.vas) == CELLS


def test_where_no_process_may_or_can_be_started_it_says_why_and_nothing_is_sent(
    here: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = here.submit()
    folder = tmp_path / ".data/jobs"
    folder.mkdir(parents=True)
    with ExitStack() as stack:
        for slot in range(AT_ONCE):
            file = stack.enter_context((folder / f"slot-{slot}").open("w"))
            fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(JobError, match="wait until one of them has ended"):
            here.jobs.start(number, KIM)
    broken = tmp_path / "python-broken"
    monkeypatch.setattr(sys, "executable", str(broken))
    with pytest.raises(JobError, match=r"no process could be started .*: No such file"):
        here.jobs.start(number, KIM)
    broken.write_text("#!/bin/sh\ncat >/dev/null\nexit 3\n")
    broken.chmod(0o700)
    here.jobs.start(number, KIM)
    why = wait_for(lambda: here.jobs.fault(number), "it is known")
    assert why == "the process that was to apply it ended with code 3"
    _untouched(here, number)


def test_without_redis_nothing_is_started_and_with_it_again_everything_works(
    queue: Site, redis_server: Redis
) -> None:
    number = queue.submit()
    redis_server.stop()
    try:
        with pytest.raises(JobError, match=r"^the queue \(VAS_DASH_QUEUE_URL\) cannot be reached$"):
            queue.jobs.start(number, KIM)
        _untouched(queue, number)
    finally:
        redis_server.start()
    queue.jobs.start(number, KIM)
    assert queue.ended(number).state is State.FINISHED
    assert writes(queue.vas) == CELLS
    assert queue.worker is not None
    assert QUEUE_PASSWORD not in queue.worker.log.read_text()


def test_the_page_is_ready_only_while_redis_answers(queue: Site, redis_server: Redis) -> None:
    ready = Readiness(queue_checks(queue.settings), kept_s=0)
    assert ready.missing() == []
    redis_server.stop()
    try:
        assert ready.missing() == ["queue"]
    finally:
        redis_server.start()
    assert ready.missing() == []


def test_what_redis_did_not_confirm_in_time_is_not_applied_later(
    queue: Site, redis_server: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = queue.submit()
    monkeypatch.setattr(queue_module, "WAIT_S", 0.5)
    hasty = create_jobs(queue.settings, queue.journal)
    redis_server.signal(signal.SIGSTOP)
    try:
        with pytest.raises(JobError):
            hasty.start(number, KIM)
    finally:
        redis_server.signal(signal.SIGCONT)
    other = queue.submit()
    queue.jobs.start(other, KIM)
    assert queue.ended(other).state is State.FINISHED
    record = queue.journal.change_set(number)
    assert record is not None
    assert record.state is State.READY
    assert writes(queue.vas) == CELLS


def test_an_apply_goes_on_to_its_end_when_redis_goes_away(queue: Site, redis_server: Redis) -> None:
    number = queue.submit()
    held = queue.held(number)
    redis_server.stop()
    try:
        held.open()
        assert queue.ended(number).state is State.FINISHED
    finally:
        redis_server.start()
    assert writes(queue.vas) == CELLS


def test_a_worker_with_another_journal_applies_nothing_and_says_why(
    queue: Site, tmp_path: Path
) -> None:
    elsewhere = Site(
        queue.vas,
        queue.settings.model_copy(update={"db_url": f"sqlite:///{tmp_path / 'other.db'}"}),
        queue.worker,
    )
    number = elsewhere.submit()
    queue.submit()
    elsewhere.jobs.start(number, KIM)
    why = wait_for(lambda: elsewhere.jobs.fault(number), "it is known")
    assert why == "the worker has another journal: it needs the page's VAS_DASH_DB_URL"
    assert writes(queue.vas) == 0
    elsewhere.close()


@pytest.mark.parametrize(
    ("variables", "missing"),
    [
        ({"VAS_API_URL": "http://vas:8000"}, "VAS_DASH_QUEUE_URL"),
        ({"VAS_DASH_QUEUE_URL": "redis://queue"}, "VAS_API_URL"),
    ],
)
def test_a_worker_that_lacks_a_setting_says_which(
    variables: dict[str, str],
    missing: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name in ("VAS_API_URL", "VAS_DASH_QUEUE_URL"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert worker_module.main() == 1
    assert capsys.readouterr().err.startswith(f"{missing} is not set")


def test_with_the_embedded_vas_the_queue_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.chdir(tmp_path)
    create_server(Settings(embedded_site="empty", queue_url=f"redis://:{QUEUE_PASSWORD}@queue"))
    assert "VAS_DASH_QUEUE_URL is not used" in caplog.text
    assert QUEUE_PASSWORD not in caplog.text


def test_a_job_is_taken_once_and_not_at_all_once_it_is_void(both: Journal) -> None:
    with FaultyVas(**site(1, 1, 1)) as vas:
        operations = operations_on(vas, both)
        number = operations.submit(drafted(operations, keys_of(vas), ZONE), by=KIM)
    jobs = [both.jobs.hand_over(number) for _ in range(3)]
    void, first, second = (job for job in jobs if job is not None)
    both.jobs.take_back(void)
    assert both.jobs.last(number) == second
    assert not both.jobs.take(number, void)
    assert not both.jobs.take(number + 1, first)
    assert both.jobs.take(number, first)
    assert not both.jobs.take(number, first)
    both.jobs.take_back(first)
    assert both.jobs.take(number, second)
    both.jobs.cancel(number)
    assert both.jobs.is_cancelled(number)
    assert both.jobs.hand_over(number) is not None
    assert not both.jobs.is_cancelled(number)
    both.end(number, State.STOPPED)
    assert both.jobs.hand_over(number) is None


def _answer(url: str) -> str | None:
    try:
        return requests.get(url, timeout=5).text
    except requests.RequestException:
        return None


def _gone(found: Site, number: int) -> None:
    """Wait until the process that applied it is no more."""
    if found.worker is None:
        wait_for(lambda: not processes_of(number), "the process is gone")
    else:
        assert found.worker.process is not None
        found.worker.process.wait(60)


def _untouched(found: Site, number: int) -> None:
    record = found.journal.change_set(number)
    assert record is not None
    assert record.state is State.READY
    assert writes(found.vas) == 0
