"""Readers that sleep, and what wakes them."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kernel import (
    ExportSettings,
    FrameReader,
    FrameWriter,
    ReaderError,
    RingFormatError,
    wait_any,
    waiting,
)
from kernel.ring import Ring
from tests.kernel.peers import CAMERA, is_good, peer, stamped, wait_for, write_for_ever

pytestmark = pytest.mark.skipif(
    waiting._FUTEX is None, reason="the number of futex(2) on this machine is not known"
)


@pytest.fixture
def writer(settings: ExportSettings) -> FrameWriter:
    return FrameWriter(CAMERA, settings=settings)


@pytest.fixture
def reader(base_dir: str) -> FrameReader:
    return FrameReader(CAMERA, base_dir=base_dir)


@pytest.fixture
def only_woken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Readers look by themselves so seldom that what they notice, they were woken for."""
    for module in ("reader", "waiting"):
        monkeypatch.setattr(f"kernel.{module}.RECHECK_S", 600.0)
    monkeypatch.setattr("kernel.reader._LONGEST_PAUSE_S", 600.0)


def put(writer: FrameWriter, *stamps: int) -> None:
    for stamp in stamps:
        assert writer.write(stamped(writer.spec, stamp), stamp)


def ring_of(reader: FrameReader) -> Ring:
    ring = reader._attach()
    assert ring is not None
    return ring


class Sleeper:
    """A thread that does something which sleeps."""

    def __init__(self, work: Callable[[], object]) -> None:
        self.results: list[object] = []
        self._thread = threading.Thread(target=lambda: self.results.append(work()), daemon=True)
        self._thread.start()

    def sleeps_on(self, address: int) -> bool:
        call = self._read("syscall").split()
        return call[0] == str(waiting._FUTEX) and int(call[1], 16) == address

    def sleeps_on_many(self, count: int) -> bool:
        call = self._read("syscall").split()
        return call[0] == str(waiting._FUTEX_WAITV) and int(call[2], 16) == count

    def times_asleep(self) -> str:
        """How often the thread has gone to sleep so far."""
        (line,) = (one for one in self._read("status").splitlines() if one.startswith("volunt"))
        return line

    def _read(self, name: str) -> str:
        return Path(f"/proc/self/task/{self._thread.native_id}/{name}").read_text()

    def result(self) -> object:
        wait_for(lambda: self.results)
        return self.results[0]


@contextmanager
def asleep_on_head(reader: FrameReader, work: Callable[[], object]) -> Iterator[Sleeper]:
    address = ring_of(reader).head_address
    sleeper = Sleeper(work)
    wait_for(lambda: sleeper.sleeps_on(address))
    yield sleeper


@pytest.mark.usefixtures("only_woken")
def test_a_frame_wakes_a_reader(writer: FrameWriter, reader: FrameReader) -> None:
    with asleep_on_head(reader, lambda: reader.next(timeout_s=600)) as sleeper:
        put(writer, 7)
    frame = sleeper.result()
    assert getattr(frame, "timestamp_ns", None) == 7


@pytest.mark.usefixtures("only_woken")
@pytest.mark.parametrize("max_fps", [None, 0.001])
def test_the_end_wakes_a_reader_also_one_that_has_time(
    writer: FrameWriter, reader: FrameReader, max_fps: float | None
) -> None:
    put(writer, 1)
    ring = ring_of(reader)
    address = ring.head_address if max_fps is None else ring.state_address
    sleeper = Sleeper(
        lambda: [f.timestamp_ns for f in reader.frames(max_fps=max_fps, until_end=True)]
    )
    wait_for(lambda: sleeper.sleeps_on(address))
    writer.close()
    assert sleeper.result() == [1]


@pytest.mark.usefixtures("only_woken")
def test_a_reader_that_has_time_is_not_woken_by_frames(
    writer: FrameWriter, reader: FrameReader
) -> None:
    put(writer, 1)
    ring = ring_of(reader)
    sleeper = Sleeper(lambda: list(reader.frames(max_fps=0.001, until_end=True)))
    wait_for(lambda: sleeper.sleeps_on(ring.state_address))
    before = sleeper.times_asleep()
    put(writer, *range(2, 200))
    assert sleeper.times_asleep() == before
    writer.close()
    sleeper.result()


@pytest.mark.usefixtures("only_woken")
def test_a_new_epoch_wakes_readers_of_a_killed_writers_ring(
    settings: ExportSettings, reader: FrameReader
) -> None:
    with peer(write_for_ever, settings, 600.0) as (process, writing):
        assert writing.poll(60)
        first = reader.latest()
        assert first is not None
        with asleep_on_head(reader, lambda: reader.next(first, timeout_s=600)) as sleeper:
            process.kill()
            process.join()
            second = FrameWriter(CAMERA, settings=settings)
            put(second, 9)
    frame = sleeper.result()
    assert getattr(frame, "timestamp_ns", None) == 9


def test_a_reader_that_nobody_wakes_notices_that_the_ring_has_gone(
    writer: FrameWriter, reader: FrameReader, base_dir: str
) -> None:
    put(writer, 1)
    with asleep_on_head(reader, lambda: list(reader.frames(until_end=True))) as sleeper:
        os.rename(f"{base_dir}/.rings", f"{base_dir}/.moved")
    assert sleeper.result()


@pytest.mark.usefixtures("only_woken")
def test_a_signal_interrupts_a_sleep(writer: FrameWriter, reader: FrameReader) -> None:
    def interrupt(*_: object) -> None:
        raise InterruptedError("by a signal")

    address, main = ring_of(reader).head_address, threading.main_thread()

    def send() -> None:
        call = Path(f"/proc/self/task/{main.native_id}/syscall")
        wait_for(lambda: f"{address:#x}" in call.read_text())
        os.kill(os.getpid(), signal.SIGUSR1)

    before = signal.signal(signal.SIGUSR1, interrupt)
    try:
        sender = Sleeper(send)
        with pytest.raises(InterruptedError):
            reader.next(timeout_s=600)
        sender.result()
    finally:
        signal.signal(signal.SIGUSR1, before)
    put(writer, 1)
    assert reader.latest() is not None


@pytest.mark.parametrize("number", [None, 99_999], ids=["not known", "not offered"])
def test_without_a_futex_readers_poll(
    settings: ExportSettings, reader: FrameReader, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.setattr("kernel.waiting._FUTEX", number)
    with peer(write_for_ever, settings, 0.001) as (_, writing):
        assert writing.poll(60)
        frames = reader.frames()
        stamps = [next(frames).timestamp_ns for _ in range(50)]
    assert stamps == sorted(set(stamps))


def test_a_writer_that_does_not_wake_is_polled_until_it_does(
    writer: FrameWriter, reader: FrameReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    ring = ring_of(reader)
    with monkeypatch.context() as patch:
        patch.setattr("kernel.writer.wake", lambda _: None)
        with asleep_on_head(reader, lambda: reader.next(timeout_s=600)) as sleeper:
            put(writer, 1)
        frame = sleeper.result()
        assert getattr(frame, "timestamp_ns", None) == 1
    assert not ring.wakes
    stamps = iter(range(2, 1_000_000))
    with asleep_on_head(reader, lambda: list(reader.frames(until_end=True))):
        wait_for(lambda: writer.write(stamped(writer.spec, next(stamps))) and ring.wakes)
        writer.close()


def test_without_a_camera_a_reader_looks_less_and_less_often(
    settings: ExportSettings, reader: FrameReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    writers: list[FrameWriter] = []

    def pause(pause_s: float) -> None:
        pauses.append(pause_s)
        if len(pauses) == 10:
            writers.append(FrameWriter(CAMERA, settings=settings))
            put(writers[0], 5)

    with monkeypatch.context() as patch:
        patch.setattr("kernel.reader.time.sleep", pause)
        assert next(reader.frames()).timestamp_ns == 5
    assert pauses == [0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128, 0.25, 0.25, 0.25]


def test_an_error_that_passes_does_not_end_the_iteration(
    writer: FrameWriter, reader: FrameReader, base_dir: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(writer, 1)
    control = Path(base_dir, ".rings", CAMERA, "frame.ring")
    control.rename(control.with_name("away"))
    control.write_bytes(b"not a ring")

    def mend(_: float) -> None:
        control.with_name("away").rename(control)

    monkeypatch.setattr("kernel.reader.time.sleep", mend)
    assert is_good(next(reader.frames(until_end=True)))


@pytest.mark.parametrize(("patience_s", "timeout_s"), [(0.0, None), (600.0, 0.01)])
def test_an_error_that_lasts_is_raised(
    writer: FrameWriter,
    reader: FrameReader,
    base_dir: str,
    monkeypatch: pytest.MonkeyPatch,
    patience_s: float,
    timeout_s: float | None,
) -> None:
    put(writer, 1)
    Path(base_dir, ".rings", CAMERA, "frame.ring").write_bytes(b"not a ring")
    monkeypatch.setattr("kernel.reader._PATIENCE_S", patience_s)
    with pytest.raises(ReaderError, match="too few for a header"):
        next(reader.frames(timeout_s=timeout_s))


class Site:
    """Some cameras, each with its writer and a reader that has returned the first frame."""

    def __init__(self, settings: ExportSettings, cameras: int) -> None:
        names = [f"camera-{number}" for number in range(cameras)]
        self.writers = [FrameWriter(name, settings=settings) for name in names]
        self.readers = [FrameReader(name, base_dir=settings.base_dir) for name in names]
        for writer, reader in zip(self.writers, self.readers, strict=True):
            put(writer, 1)
            assert reader.latest() is not None

    def stamps(self, readers: list[FrameReader]) -> dict[str, int]:
        """What the readers that have something return."""
        frames = {reader.camera_id: reader.latest() for reader in readers}
        return {name: frame.timestamp_ns if frame else 0 for name, frame in frames.items()}


@pytest.mark.parametrize("cameras", [1, 3, 130])
def test_of_many_readers_those_with_a_newer_frame_are_told(
    settings: ExportSettings, cameras: int
) -> None:
    site = Site(settings, cameras)
    assert wait_any(site.readers, timeout_s=0.01) == []
    put(site.writers[0], 2, 3)
    put(site.writers[-1], 4)
    expected = {"camera-0": 3} | {f"camera-{cameras - 1}": 4}
    assert site.stamps(wait_any(site.readers)) == expected
    assert wait_any(site.readers, timeout_s=0) == []
    put(site.writers[0], 5)
    with site.readers[0].view() as view:
        assert view is not None
    assert wait_any(site.readers, timeout_s=0) == []


@pytest.mark.usefixtures("only_woken")
@pytest.mark.parametrize("ends", [False, True], ids=["a frame", "the end"])
def test_a_frame_and_the_end_of_any_camera_wake_who_waits_for_many(
    settings: ExportSettings, ends: bool
) -> None:
    site = Site(settings, 3)
    sleeper = Sleeper(lambda: wait_any(site.readers, timeout_s=600))
    wait_for(lambda: sleeper.sleeps_on_many(3))
    if ends:
        site.writers[1].close()
    else:
        put(site.writers[1], 2)
    assert sleeper.result() == [site.readers[1]]
    assert site.stamps([site.readers[1]]) == {"camera-1": 0 if ends else 2}
    assert wait_any(site.readers, timeout_s=0) == []


@pytest.mark.usefixtures("only_woken")
@pytest.mark.parametrize("attached", [False, True], ids=["by the wait", "by another call"])
def test_a_camera_that_is_back_is_told_although_its_sequence_is_the_same(
    settings: ExportSettings, attached: bool
) -> None:
    site = Site(settings, 2)
    site.writers[0].close()
    assert wait_any(site.readers) == [site.readers[0]]
    put(again := FrameWriter("camera-0", settings=settings), 9)
    if attached:
        assert site.readers[0].epoch == again.epoch
    assert site.stamps(wait_any(site.readers)) == {"camera-0": 9}
    assert again.stats.published == 1


def test_more_readers_than_one_sleep_takes_are_woken_all_the_same(settings: ExportSettings) -> None:
    site = Site(settings, 130)
    for number in (0, 127, 128, 129):
        sleeper = Sleeper(lambda: wait_any(site.readers, timeout_s=600))
        for group in (128, 2):
            wait_for(lambda: sleeper.sleeps_on_many(group))  # noqa: B023
        put(site.writers[number], 2)
        assert sleeper.result() == [site.readers[number]]
        assert site.stamps([site.readers[number]]) == {f"camera-{number}": 2}


@pytest.mark.parametrize("number", [None, 99_999], ids=["not known", "not offered"])
def test_many_are_polled_where_the_kernel_cannot_wait_for_many(
    settings: ExportSettings, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.setattr("kernel.waiting._FUTEX_WAITV", number)
    site = Site(settings, 2)
    sleeper = Sleeper(lambda: wait_any(site.readers, timeout_s=600))
    put(site.writers[1], 2)
    assert sleeper.result() == [site.readers[1]]


@pytest.mark.usefixtures("only_woken")
def test_a_camera_that_comes_is_noticed_while_others_are_waited_for(
    settings: ExportSettings, reader: FrameReader
) -> None:
    site = Site(settings, 2)
    sleeper = Sleeper(lambda: wait_any([*site.readers, reader], timeout_s=600))
    wait_for(lambda: sleeper.sleeps_on_many(2))
    writer = FrameWriter(CAMERA, settings=settings)
    put(writer, 7)
    assert sleeper.result() == [reader]


def test_a_ring_that_cannot_be_read_is_told_once_and_stops_no_other(
    settings: ExportSettings, reader: FrameReader, base_dir: str
) -> None:
    site = Site(settings, 2)
    folder = Path(base_dir, ".rings", CAMERA)
    folder.mkdir()
    (folder / "frame.ring").write_bytes(b"not a ring")
    readers = [*site.readers, reader]
    assert wait_any(readers) == [reader]
    with pytest.raises(RingFormatError):
        reader.latest()
    assert wait_any(readers, timeout_s=0.3) == []
    put(site.writers[0], 2)
    assert wait_any(readers) == [site.readers[0]]
