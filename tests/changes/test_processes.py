"""Processes that die half way, and operators at work at once."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import threading
import time
from multiprocessing.context import ForkServerContext
from pathlib import Path

import pytest

from tests.changes.support import drafted, keys_of, operations_on, stored, writes, zoned
from tests.fakes.clients import transport_to
from tests.fakes.faulty_vas import FaultyVas, site
from tests.fakes.people import KIM
from tests.jobs.queueing import wait_for
from vas_dash.backend.client import VasClient
from vas_dash.backend.transport import Transport
from vas_dash.changes.operations import Operations
from vas_dash.changes.permissions import Permissions
from vas_dash.domain.changes import ChangeSet, DesiredChange, plan
from vas_dash.domain.entities import CellKey
from vas_dash.domain.records import CellResult, State
from vas_dash.errors import BusyError
from vas_dash.journal import Journal

ZONE = DesiredChange(set_parameters={"zone": 3})
FLIGHT_S = 0.2


@pytest.fixture(scope="module")
def processes() -> ForkServerContext:
    """Processes that start with everything imported, and without the threads of the tests."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__, "vas_dash.changes.operations", "vas_dash.journal"])
    return context


def apply_in_a_process(vas_url: str, journal_url: str, what: int | ChangeSet) -> None:
    journal = Journal(journal_url)
    client = VasClient(Transport(vas_url, read_timeout_s=30.0))
    operations = Operations(client, journal, concurrency=4)
    if isinstance(what, ChangeSet):
        operations.apply_at_once(what, by=KIM)
    else:
        operations.apply(what)
    journal.close()
    client.close()


@pytest.mark.parametrize("seed", range(4))
def test_a_process_that_is_killed_leaves_a_journal_that_tells_what_it_did(
    seed: int, journal_url: str, processes: ForkServerContext
) -> None:
    rng = random.Random(f"{seed} {journal_url.partition(':')[0]}")
    journal = Journal(journal_url)
    with FaultyVas(**site(12, 5, 60)) as vas:
        operations = operations_on(vas, journal)
        draft = drafted(operations, keys_of(vas), ZONE)
        number = operations.submit(draft, by=KIM) if seed % 2 else 1
        method, nth = rng.choice([("PATCH", rng.randint(1, 60)), ("GET", rng.randint(1, 2))])
        process = processes.Process(
            target=apply_in_a_process, args=(vas.url, journal_url, number if seed % 2 else draft)
        )
        lock = threading.Lock()
        seen = 0

        def maybe_kill(its_method: str, _endpoint: str) -> None:
            nonlocal seen
            with lock:
                seen += its_method == method
                if its_method == method and seen == nth:
                    assert process.pid is not None
                    os.kill(process.pid, signal.SIGKILL)

        vas.on_request = maybe_kill
        process.start()
        process.join(60)
        assert process.exitcode == -signal.SIGKILL
        vas.on_request = None
        wait_for(lambda: zoned(vas) == writes(vas), "what had arrived is done")
        # A database on a server learns of the death of a client a little later.
        wait_for(lambda: not journal.is_applied_now(number), "nobody applies it")

        # Whoever opens it first: nothing is sent, and what the journal then says is true.
        assert operations.apply(number).state is State.APPLYING
        quick = Operations(VasClient(transport_to(vas, FLIGHT_S)), journal)
        deadline = time.monotonic() + 60
        while True:
            reopened = quick.resume(number, KIM)
            applied = reopened.record.tally.get(CellResult.APPLIED, 0)
            if len(reopened.rest.changes) + applied == 60:  # nothing is on its way any more
                break
            assert time.monotonic() < deadline
            time.sleep(FLIGHT_S / 4)
        truth = {key: "zone" in row[3] for key, row in stored(vas).items()}
        told = {cell.change.key: cell.result for cell in journal.cells(number)}
        assert {key for key, done in truth.items() if done} == {
            key for key, result in told.items() if result is CellResult.APPLIED
        }
        assert {result for key, result in told.items() if not truth[key]} <= {
            CellResult.NOT_SENT,
            CellResult.SENT,
        }
        assert [change.key for change in reopened.rest.changes] == sorted(
            key for key, done in truth.items() if not done
        )
        rest = operations.submit(reopened.rest, by=KIM)
        assert operations.apply(rest).state is State.FINISHED
        assert all("zone" in row[3] for row in stored(vas).values())
        assert writes(vas) == 60
    journal.close()


def test_two_processes_that_apply_one_change_set_send_it_once(journal: Journal) -> None:
    with FaultyVas(**site(10, 4, 40)) as vas:
        url = journal._store._url.render_as_string()
        operations = operations_on(vas, journal)
        number = operations.submit(drafted(operations, keys_of(vas), ZONE), by=KIM)
        start = threading.Barrier(3)
        outcomes: list[object] = []

        def apply() -> None:
            mine = Journal(url)
            start.wait()
            try:
                outcomes.append(operations_on(vas, mine).apply(number).state)
            except BusyError:
                outcomes.append(BusyError)
            mine.close()

        threads = [threading.Thread(target=apply) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert State.FINISHED in outcomes
        assert set(outcomes) <= {State.FINISHED, BusyError}
        assert writes(vas) == 40


def test_two_operators_at_once_lose_nothing_and_hear_of_every_overlap(tmp_path: Path) -> None:
    rng = random.Random(4)
    journals = [Journal(f"sqlite:///{tmp_path / 'journal.db'}") for _ in range(2)]
    with FaultyVas(**site(5, 1, 5)) as vas:
        both = [operations_on(vas, journal, concurrency=4) for journal in journals]
        keys = keys_of(vas)
        for turn in range(60):
            wanted = [1 + turn % 50 * 2 % 98, 2 + turn % 50 * 2 % 98]
            fleet = both[0].read_fleet()
            drafts = [
                plan(fleet, dict.fromkeys(rng.sample(keys, 3), DesiredChange(priority=priority)))
                for priority in wanted
            ]
            numbers = _at_once(both, drafts)
            results: list[dict[CellKey, CellResult]] = [
                {cell.change.key: cell.result for cell in journals[0].cells(number)}
                for number in numbers
            ]
            stored_now = {key: row[2] for key, row in stored(vas).items()}
            for key in set(results[0]) | set(results[1]):
                told = [one[key] for one in results if key in one]
                winner = next(at for at in (0, 1) if results[at].get(key) is CellResult.APPLIED)
                assert stored_now[key] == wanted[winner]
                assert sorted(told) == [CellResult.APPLIED, CellResult.CONFLICT][: len(told)]
    for journal in journals:
        journal.close()


def _at_once(both: list[Operations], drafts: list[ChangeSet]) -> list[int]:
    numbers = [
        operations.submit(draft, by=Permissions.unrestricted(f"operator {at}"))
        for at, (operations, draft) in enumerate(zip(both, drafts, strict=True))
    ]
    threads = [
        threading.Thread(target=operations.apply, args=(number,))
        for operations, number in zip(both, numbers, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return numbers
