"""PostgreSQL goes away and comes back, under the VAS and under the journal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.contract.postgres import PostgresServer
from tests.fakes.page import Page
from tests.fakes.pages import complete, until
from vas_dash import Settings, create_server
from vas_dash.domain.changes import CellChange, ChangeSet
from vas_dash.domain.entities import CellIntent, CellKey
from vas_dash.domain.records import CellResult
from vas_dash.errors import JournalError
from vas_dash.journal import Journal

CHANGES = ChangeSet((CellChange(CellKey("cam-1", "ppe"), None, CellIntent(True)),))


@pytest.fixture(autouse=True)
def _no_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    # The VAS rests after each sweep; these tests need not.
    monkeypatch.setattr("vas_dash.fleet.reader.REST_FACTOR", 0)


@pytest.fixture
def journal(postgres: PostgresServer) -> Iterator[Journal]:
    journal = Journal(postgres.url)
    yield journal
    journal.close()


def test_the_page_says_what_is_unknown_while_the_database_of_the_vas_is_away(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    settings = Settings(
        embedded_db_url=postgres.url, db_url=f"sqlite:///{tmp_path / 'journal.db'}"
    ).model_copy(update={"refresh_s": 0.05})
    page = Page(create_server(settings).test_client(), settings.prefix)
    until(page, lambda: complete(page))
    known = page["grid.data"]
    postgres.stop()
    until(page, lambda: "are unknown: the VAS failed" in page.line("fleet-error"))
    assert "Last seen" in page.line("fleet-error")
    assert [row["id"] for row in page["grid.data"]] == [row["id"] for row in known]
    postgres.start()
    until(page, lambda: complete(page))
    assert page["grid.data"] == known


def test_the_journal_goes_on_where_it_was_when_its_database_is_back(
    postgres: PostgresServer, journal: Journal
) -> None:
    before = journal.record(CHANGES, "kim", "lens broken")
    postgres.stop()
    with pytest.raises(JournalError, match="the journal cannot be written"):
        journal.record(CHANGES, "kim")
    with pytest.raises(JournalError, match="the journal cannot be read"):
        journal.history()
    postgres.start()
    after = journal.record(CHANGES, "lee")
    assert [one.id for one in journal.history().items] == [after, before]
    (cell,) = journal.cells(before)
    assert cell.result is CellResult.NOT_SENT


def test_a_lock_that_was_lost_with_the_database_is_nobodys(
    postgres: PostgresServer, journal: Journal
) -> None:
    number = journal.record(CHANGES, "kim")
    holding = ExitStack()
    assert holding.enter_context(journal.locked(number))
    postgres.stop()
    postgres.start()
    with pytest.raises(JournalError, match="the journal cannot be unlocked"):
        holding.close()
    assert not journal.is_applied_now(number)
    with journal.locked(number) as mine:
        assert mine
