"""What rings there are, and removing those that nobody owns."""

from __future__ import annotations

import os
from pathlib import Path

from kernel import ExportSettings, FrameReader, FrameWriter
from kernel.catalogue import list_rings, remove_dead
from tests.kernel.peers import CAMERA, peer, stamped, write_for_ever


def test_no_base_folder_means_no_rings(base_dir: str) -> None:
    assert list_rings(f"{base_dir}/none") == []
    assert remove_dead(f"{base_dir}/none") == []


def test_a_live_ring_is_described(settings: ExportSettings, base_dir: str) -> None:
    with FrameWriter(CAMERA, settings=settings) as writer, FrameWriter("b", settings=settings):
        writer.write(stamped(writer.spec, 1), 77)
        first, second = list_rings(base_dir)
        assert (first.camera_id, second.camera_id) == ("b", CAMERA)
        assert first.sequence is None
        assert first.age is None
        assert (second.owned, second.writer_pid, second.problem) == (True, os.getpid(), None)
        assert (second.spec, second.capacity, second.epoch) == (writer.spec, 4, writer.epoch)
        assert (second.sequence, second.frame_id, second.timestamp_ns) == (1, 1, 77)
        assert second.age is not None
        assert second.memory_bytes >= 4 * 3072
        assert remove_dead(base_dir) == []
        assert writer.write(stamped(writer.spec, 2), 2)


def test_only_what_no_live_writer_owns_is_removed(settings: ExportSettings, base_dir: str) -> None:
    with FrameWriter("live", settings=settings) as live:
        with peer(write_for_ever, settings) as (_, writing):
            assert writing.poll(60)
        reader = FrameReader(CAMERA, base_dir=base_dir)
        assert reader.latest() is not None
        assert [(ring.camera_id, ring.owned) for ring in list_rings(base_dir)] == [
            (CAMERA, False),
            ("live", True),
        ]
        assert remove_dead(base_dir) == [CAMERA]
        assert reader.latest() is None
        assert sorted(os.listdir(base_dir)) == [".rings", "live"]
        assert live.write(stamped(live.spec, 1), 1)


def test_folders_that_hold_no_ring_are_listed_with_the_reason(base_dir: str) -> None:
    Path(base_dir, ".rings", "odd").mkdir(parents=True)
    Path(base_dir, ".rings", "file").touch()
    described = {ring.camera_id: ring.problem for ring in list_rings(base_dir)}
    assert described["odd"] == "there is no ring in it"
    assert described["file"]
