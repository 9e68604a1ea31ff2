from __future__ import annotations

import multiprocessing
import os
import sqlite3
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import update

from tests.changes.support import assigned
from vas_dash.domain.changes import Blocked, CellChange, ChangeSet, Problem
from vas_dash.domain.entities import CellIntent, CellKey
from vas_dash.domain.records import CellResult, HistoryFilter, Outcome, State
from vas_dash.errors import JournalError, SettingsError
from vas_dash.journal import Journal
from vas_dash.journal import migrate as migration
from vas_dash.journal.tables import CHANGE_SETS, METADATA

ROOT = Path(__file__).parents[2]
A, B, C = CellKey("c1", "m1"), CellKey("c1", "m2"), CellKey("c2", "m1")
ODD = {"text": "\0 \ud800 \N{SNOWMAN}", "big": 10**40, "deep": [{"x": None}], "float": 0.1}
BEFORE = assigned(A, CellIntent(True, 5, 10, ODD), 1)
CHANGES = ChangeSet(
    (CellChange(A, BEFORE, CellIntent(False, None, 0, {})), CellChange(B, None, CellIntent(True))),
    (Blocked(C, (Problem("model", "not open"), Problem("", "nor known"))),),
)
NOW = datetime.now(UTC)


def change(key: CellKey) -> ChangeSet:
    return ChangeSet((CellChange(key, None, CellIntent(True)),))


def applied(journal: Journal, number: int) -> None:
    journal.begin(number)
    journal.mark_sent(number, [0], NOW)
    journal.settle(number, {0: Outcome(CellResult.APPLIED)})
    journal.end(number, State.FINISHED)


def test_a_change_set_comes_back_as_it_was_recorded(both: Journal) -> None:
    number = both.record(CHANGES, "kim", "lens broken", "import")
    record = both.change_set(number)
    assert record is not None
    assert (record.who, record.why, record.source) == ("kim", "lens broken", "import")
    assert (record.state, record.cells, record.started_at) == (State.READY, 3, None)
    assert abs(record.created_at - datetime.now(UTC)) < timedelta(minutes=5)
    assert record.tally == {CellResult.NOT_SENT: 2, CellResult.REFUSED: 1}
    first, second, blocked = both.cells(number)
    assert (first.change, second.change) == CHANGES.changes
    assert first.result is second.result is CellResult.NOT_SENT
    assert blocked.change.key == C
    assert (blocked.result, blocked.message) == (CellResult.REFUSED, "model: not open; nor known")
    assert both.change_set(number + 1) is None


def test_cells_go_from_not_sent_to_sent_to_what_a_read_proved(both: Journal) -> None:
    number = both.record(CHANGES, "kim")
    assert both.begin(number) == {}
    both.mark_sent(number, [0, 1], NOW)
    cells = both.cells(number, results=[CellResult.SENT])
    assert [(cell.position, cell.sent_at, cell.outcome_at) for cell in cells] == [
        *((0, NOW, None), (1, NOW, None)),
    ]
    after = assigned(A, CellIntent(False, None, 0, {}), 7)
    both.settle(
        number,
        {
            0: Outcome(CellResult.APPLIED, None, True, after),
            1: Outcome(CellResult.UNKNOWN, "no answer"),
        },
    )
    applying = both.change_set(number)
    assert applying is not None
    expected = {CellResult.APPLIED: 1, CellResult.UNKNOWN: 1, CellResult.REFUSED: 1}
    assert (applying.state, applying.tally) == (State.APPLYING, expected)
    ended = both.end(number, State.STOPPED, "cancelled")
    assert ended == both.change_set(number)
    assert (ended.state, ended.note, ended.tally) == (State.STOPPED, "cancelled", expected)
    first, second, _ = both.cells(number)
    assert (first.read, first.after, first.sent_at) == (True, after, NOW)
    assert (second.read, second.after, second.message) == (False, None, "sent; no answer")
    assert both.cells(number, after_position=0, limit=1) == (second,)


def test_history_is_filtered_and_paged(both: Journal) -> None:
    numbers = [
        both.record(change(key), who)
        for who, key in [("kim", A), ("lee", B), ("kim", C), ("lee", A), ("kim", B)]
    ]

    def found(**wanted: object) -> list[int]:
        listed = both.history(HistoryFilter(**wanted))  # type: ignore[arg-type]
        return [numbers.index(item.id) for item in listed.items]

    assert found() == [4, 3, 2, 1, 0]
    assert found(who="kim") == [4, 2, 0]
    assert found(camera_id="c1") == [4, 3, 1, 0]
    assert found(model_id="m1") == [3, 2, 0]
    assert found(camera_id="c1", model_id="m1", who="lee") == [3]
    assert found(who="nobody") == []
    third = both.change_set(numbers[2])
    assert third is not None
    assert found(since=third.created_at) == [4, 3, 2]
    assert found(until=third.created_at, model_id="m1") == [0]

    pages, before = [], None
    while True:
        page = both.history(HistoryFilter(who="kim"), before=before, limit=2)
        pages.append([numbers.index(item.id) for item in page.items])
        before = page.next_before
        if before is None:
            break
    assert pages == [[4, 2], [0]]


def test_a_cell_has_its_own_history(both: Journal) -> None:
    for who in ("kim", "lee"):
        applied(both, both.record(change(A), who, f"{who} says so"))
    both.record(change(C), "kim")
    entries = both.cell_history(A)
    assert [(entry.change_set.who, entry.cell.result) for entry in entries] == [
        *(("lee", CellResult.APPLIED), ("kim", CellResult.APPLIED)),
    ]
    assert [entry.change_set.why for entry in both.cell_history(A, limit=1)] == ["lee says so"]


def test_a_lock_is_held_once_over_threads_and_processes(both: Journal, journal_url: str) -> None:
    number = both.record(change(A), "kim")
    script = (
        "import sys; from vas_dash.journal import Journal\n"
        "with Journal(sys.argv[1]).locked(int(sys.argv[2])) as mine:\n"
        "    print(mine, flush=True); sys.stdin.readline()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script, journal_url, str(number)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert process.stdout is not None
    assert process.stdin is not None
    assert process.stdout.readline() == "True\n"
    with both.locked(number) as mine, both.locked(number + 1) as other:
        assert (mine, other) == (False, True)
    assert both.is_applied_now(number)
    process.kill()
    process.wait()
    process.stdin.close()
    process.stdout.close()
    with both.locked(number) as mine, ThreadPoolExecutor(1) as pool:
        assert mine
        assert pool.submit(both.is_applied_now, number).result()
        with both.locked(number) as again:
            assert not again
    assert not both.is_applied_now(number)


def test_of_two_that_begin_the_second_learns_what_the_first_will_change(both: Journal) -> None:
    two = ChangeSet((*change(A).changes, *change(B).changes))
    first, second = both.record(two, "kim"), both.record(change(A), "lee")
    with both.locked(first), both.locked(second):
        assert both.begin(first) == {}
        assert both.begin(second) == {A: first, B: first}
        both.settle(first, {0: Outcome(CellResult.APPLIED)})
        assert both.begin(second) == {B: first}


def test_who_died_while_applying_is_in_nobodys_way(both: Journal) -> None:
    first, second = both.record(change(A), "kim"), both.record(change(A), "lee")
    both.begin(first)
    assert both.begin(second) == {}


def test_processes_that_open_an_empty_database_at_once_all_succeed(journal_url: str) -> None:
    context = multiprocessing.get_context("fork")
    numbers = context.SimpleQueue()
    barrier = context.Barrier(6)

    def open_and_record() -> None:
        barrier.wait(60)
        numbers.put(Journal(journal_url).record(CHANGES, "kim"))

    processes = [context.Process(target=open_and_record) for _ in range(6)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0] * 6
    assert sorted(numbers.get() for _ in processes) == [1, 2, 3, 4, 5, 6]
    numbers.close()


def test_two_journals_of_one_process_can_be_made_at_once(tmp_path: Path) -> None:
    journals = [Journal(f"sqlite:///{tmp_path / f'{number}.db'}") for number in range(8)]
    with ThreadPoolExecutor(len(journals)) as pool:
        for made in [pool.submit(journal.open) for journal in journals]:
            made.result()
    assert [journal.record(CHANGES, "kim") for journal in journals] == [1] * len(journals)


def test_the_migrations_lead_to_the_tables_of_the_code(both: Journal) -> None:
    both.record(change(A), "kim")
    with both._store.opened().database.read() as connection:
        options = {"version_table": migration.VERSION_TABLE, "compare_type": True}
        context = MigrationContext.configure(connection, opts=options)
        differences = [
            one for one in compare_metadata(context, METADATA) if "embedded" not in repr(one)
        ]
    assert differences == []


def test_the_newest_migration_is_the_one_that_is_looked_for() -> None:
    scripts = ScriptDirectory(str(migration._SCRIPTS))
    assert scripts.get_heads() == [migration.HEAD]


def test_old_change_sets_leave_the_journal(journal_url: str) -> None:
    journal = Journal(journal_url, retention_days=30)
    old, kept = journal.record(CHANGES, "kim"), journal.record(change(A), "kim")
    forty_days_ago = int((NOW - timedelta(days=40)).timestamp() * 1e6)
    with journal._store.opened().database.write() as connection:
        aged = update(CHANGE_SETS).where(CHANGE_SETS.c.id == old)
        connection.execute(aged.values(created_at=forty_days_ago))
    newest = journal.record(change(A), "kim")
    assert [item.id for item in journal.history().items] == [newest, kept]
    assert journal.cells(old) == ()
    assert [entry.change_set.id for entry in journal.cell_history(A)] == [newest, kept]
    journal.close()


def test_a_forked_process_opens_the_journal_anew(both: Journal) -> None:
    both.record(change(A), "kim")
    child = os.fork()
    if child == 0:
        status = 1
        try:
            both.record(change(B), "lee")
            status = 0
        finally:
            os._exit(status)
    assert os.waitpid(child, 0)[1] == 0
    assert [item.who for item in both.history().items] == ["lee", "kim"]


def test_a_locked_file_is_a_plain_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vas_dash.database.BUSY_TIMEOUT_S", 0.05)
    journal = Journal(f"sqlite:///{tmp_path / 'j.db'}")
    journal.record(change(A), "kim")
    other = sqlite3.connect(tmp_path / "j.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(JournalError, match="the journal cannot be written: database is locked"):
        journal.record(change(A), "kim")
    assert len(journal.history().items) == 1
    other.close()
    journal.close()


def test_a_full_disk_is_a_plain_error(journal: Journal) -> None:
    journal.record(change(A), "kim")
    with journal._store.opened().database.read() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
        many = ChangeSet(tuple(CellChange(CellKey(str(n), "m"), None, None) for n in range(9999)))
    with pytest.raises(JournalError, match=r"the journal cannot be written: .* full"):
        journal.record(many, "kim")


def test_a_folder_that_cannot_be_made_is_a_plain_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    journal = Journal(f"sqlite:///{tmp_path / 'file' / 'j.db'}")
    with pytest.raises(JournalError, match="the journal cannot be written: "):
        journal.record(change(A), "kim")


def test_a_server_that_is_not_there_is_a_plain_error_without_its_password() -> None:
    journal = Journal("postgresql://vas:open-sesame@127.0.0.1:9/none")
    with pytest.raises(JournalError, match="the journal cannot be read: ") as caught:
        journal.history()
    assert "open-sesame" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_an_id_that_cannot_be_stored_is_a_plain_error(both: Journal) -> None:
    with pytest.raises(JournalError, match="the journal cannot be written: ") as caught:
        both.record(change(CellKey("\ud800", "m1")), "kim")
    assert "\n" not in caught.value.reason
    assert both.history().items == ()


@pytest.mark.parametrize("url", ["mysql://x/y", "sqlite://", "nonsense"])
def test_a_url_that_cannot_be_names_the_setting(url: str) -> None:
    with pytest.raises(SettingsError, match="VAS_DASH_DB_URL: "):
        Journal(url)


def test_the_default_file_is_private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    journal = Journal()
    journal.record(change(A), "kim")
    assert stat.S_IMODE((tmp_path / ".data").stat().st_mode) == 0o700
    assert (tmp_path / ".data" / "journal.db").exists()
    journal.close()
