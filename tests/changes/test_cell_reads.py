from __future__ import annotations

import pytest

from tests.changes.support import keys_of
from tests.fakes.clients import client_of
from tests.fakes.faulty_vas import Fault, FaultyVas, site
from vas_dash.changes.cell_reads import CellReads
from vas_dash.domain.entities import CellKey
from vas_dash.errors import ServerFaultError


def requests_for(reads: CellReads, vas: FaultyVas, keys: list[CellKey]) -> int:
    """How many requests it takes to read these cells; what was read is held against the VAS."""
    before = vas.count("GET", "assignments")
    reading = reads.some(keys)
    assert not reading.unknown
    assert set(reading.known) == set(keys)
    for key, found in reading.known.items():
        row = vas.cell(*key)
        assert (found and found.id) == (row and row["id"])
    return vas.count("GET", "assignments") - before


def test_cells_are_read_by_camera_by_model_or_by_page_whichever_is_fewer_requests() -> None:
    # 2,500 assignments are 3 pages; a model has 500, one page.
    with FaultyVas(**site(600, 5, 2500)) as vas:
        reads = CellReads(client_of(vas))
        keys = keys_of(vas)
        assert set(reads.all(keys).known) == set(keys)
        cameras = sorted({key.camera_id for key in keys})
        of_two_cameras = [key for key in keys if key.camera_id in cameras[:2]]
        assert requests_for(reads, vas, of_two_cameras) == 2
        of_one_model = [key for key in keys if key.model_id == "model-0"][:400]
        assert requests_for(reads, vas, of_one_model) == 1
        assert requests_for(reads, vas, keys[:900]) == 3


def test_a_cell_that_is_unassigned_is_known_to_be() -> None:
    with FaultyVas(**site(3, 2, 4)) as vas:
        reads = CellReads(client_of(vas))
        free = CellKey(list(vas.cameras)[2], "model-1")
        assert reads.all([free]).known == {free: None}
        assert reads.some([free]).known == {free: None}


@pytest.mark.parametrize("cameras", [1, 3])
def test_what_cannot_be_read_is_unknown_for_a_reason(cameras: int) -> None:
    with FaultyVas(**site(3, 2, 6)) as vas:
        reads = CellReads(client_of(vas))
        keys = keys_of(vas)[: 2 * cameras]
        reads.all(keys)
        vas.fault("assignments", Fault.FAIL_JSON)
        reading = reads.some(keys)
        assert reading.known == {}
        assert reading.unknown == dict.fromkeys(keys, "the VAS failed (500)")
        with pytest.raises(ServerFaultError):
            reads.all(keys)
        vas.stop()
        asked = vas.total_count
        assert reads.some(keys).unknown == dict.fromkeys(keys, "the VAS refused the connection")
        assert vas.total_count == asked


def test_only_the_rows_that_came_are_known_of_a_list_that_is_not_whole() -> None:
    with FaultyVas(**site(3, 2, 6)) as vas:
        vas.fault("assignments", Fault.ONE_WRONG_ROW)
        reading = CellReads(client_of(vas)).all(keys_of(vas))
        assert len(reading.known) == 5
        assert len(reading.unknown) == 1
