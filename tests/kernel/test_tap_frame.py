"""Frames that a host holds as arrays."""

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from kernel.arrays import FrameTap, close_frame_taps, tap_frame
from kernel.catalogue import list_rings
from kernel.layout import FrameSpec
from kernel.reader import FrameReader
from kernel.settings import ExportSettings
from kernel.writer import FrameWriter
from tests.kernel.streams import pattern

SMALL, LARGE = FrameSpec(64, 36), FrameSpec(128, 72)


@pytest.fixture
def settings(tmp_path: Path) -> ExportSettings:
    return ExportSettings(enabled=True, base_dir=str(tmp_path / "vas"), capacity=4)


@pytest.fixture
def on(settings: ExportSettings, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Export switched on by the environment; the base folder."""
    monkeypatch.setenv("AI_FRAME_EXPORT_ENABLED", "true")
    monkeypatch.setenv("AI_FRAME_EXPORT_DIR", settings.base_dir)
    monkeypatch.setenv("AI_FRAME_BUFFER_CAPACITY", "4")
    close_frame_taps()
    yield settings.base_dir
    close_frame_taps()


def test_the_first_frame_of_a_camera_makes_its_ring_and_readers_get_the_frame(on: str) -> None:
    frame = pattern(1, SMALL).reshape(SMALL.shape)
    assert tap_frame("cam", frame, 1234)
    with FrameReader("cam", base_dir=on) as reader:
        got = reader.latest()
        assert got is not None
        assert got.spec == SMALL
        assert got.timestamp_ns == 1234
        assert np.array_equal(got.data, frame)


def test_cameras_of_several_threads_do_not_mix(on: str) -> None:
    def host(number: int) -> None:
        for _ in range(50):
            tap_frame(f"cam-{number}", pattern(number, SMALL).reshape(SMALL.shape))

    threads = [threading.Thread(target=host, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number in range(4):
        with FrameReader(f"cam-{number}", base_dir=on) as reader:
            got = reader.latest()
            assert got is not None
            assert got.frame_id == 50
            assert got.data.tobytes() == pattern(number, SMALL).tobytes()


def test_another_size_is_another_epoch_and_readers_follow(settings: ExportSettings) -> None:
    tap = FrameTap("cam", settings=settings)
    with FrameReader("cam", base_dir=settings.base_dir) as reader:
        epochs = []
        for spec in (SMALL, LARGE, SMALL):
            frame = pattern(spec.width_px, spec).reshape(spec.shape)
            assert tap(frame)
            got = reader.latest()
            assert got is not None
            assert got.spec == spec
            assert np.array_equal(got.data, frame)
            epochs.append(got.epoch)
    assert epochs == sorted(set(epochs))
    tap.close()
    assert list_rings(settings.base_dir) == []


def test_i420_arrives_as_nv12(settings: ExportSettings) -> None:
    nv12 = pattern(3, SMALL).reshape(SMALL.shape)
    y, pairs = nv12[: SMALL.height_px], nv12[SMALL.height_px :].reshape(-1, 2)
    i420 = np.concatenate([y.ravel(), pairs[:, 0], pairs[:, 1]])
    tap = FrameTap("cam", settings=settings)
    assert tap(i420.reshape(SMALL.shape), array_format="i420")
    with FrameReader("cam", base_dir=settings.base_dir) as reader:
        got = reader.latest()
        assert got is not None
        assert np.array_equal(got.data, nv12)
    tap.close()


@pytest.mark.parametrize(
    ("frame", "says"),
    [
        (np.zeros((36, 64, 3), np.uint8), r"shape \(36, 64, 3\)"),
        (np.zeros((54, 64), np.uint16), "format 'H'"),
        (np.zeros((54, 128), np.uint8)[:, ::2], "contiguous"),
        (np.zeros((55, 64), np.uint8), r"shape \(55, 64\)"),
        (np.zeros((54, 63), np.uint8), "must be even"),
        (np.zeros((0, 0), np.uint8), "must be even"),
        (bytes(3456), r"shape \(3456,\)"),
        ("not a frame", "bytes-like object is required"),
        (None, "bytes-like object is required"),
    ],
)
def test_what_is_not_a_frame_is_counted_and_said_once_and_never_raised(
    frame: object, says: str, settings: ExportSettings, caplog: pytest.LogCaptureFixture
) -> None:
    tap = FrameTap("cam", settings=settings)
    for _ in range(3):
        assert tap(frame) is False  # type: ignore[arg-type]
    assert tap.rejected == 3
    assert len(caplog.records) == 1
    with pytest.raises(ValueError, match=says):
        raise ValueError(caplog.text)
    assert tap(pattern(1, SMALL).reshape(SMALL.shape))
    tap.close()


def test_an_unknown_format_is_refused(
    settings: ExportSettings, caplog: pytest.LogCaptureFixture
) -> None:
    tap = FrameTap("cam", settings=settings)
    frame = pattern(1, SMALL).reshape(SMALL.shape)
    assert tap(frame, array_format="yv12") is False  # type: ignore[arg-type]
    assert "nv12 or i420" in caplog.text
    assert tap(frame)
    tap.close()


def test_a_camera_that_another_writer_has_is_left_to_it_and_said_once(
    settings: ExportSettings, caplog: pytest.LogCaptureFixture
) -> None:
    frame = pattern(1, SMALL).reshape(SMALL.shape)
    tap = FrameTap("cam", settings=settings)
    with FrameWriter("cam", SMALL, settings=settings) as other:
        assert [tap(frame) for _ in range(3)] == [False, False, False]
        assert other.active
    assert tap.rejected == 3
    assert tap.error is not None
    assert "live writer" in tap.error
    assert len(caplog.records) == 1
    tap.close()
    assert tap(frame)
    tap.close()


@pytest.mark.parametrize("camera_id", ["", "../cam", "a/b", "."])
def test_a_camera_id_that_could_leave_the_folder_is_refused(
    camera_id: str, settings: ExportSettings, caplog: pytest.LogCaptureFixture
) -> None:
    tap = FrameTap(camera_id, settings=settings)
    assert tap(pattern(1, SMALL).reshape(SMALL.shape)) is False
    assert len(caplog.records) == 1
    assert not Path(settings.base_dir).exists()


def test_a_camera_id_that_is_no_text_is_refused_once_and_never_raised(
    on: str, caplog: pytest.LogCaptureFixture
) -> None:
    frame = pattern(1, SMALL).reshape(SMALL.shape)
    for camera_id in (["cam"], {"cam": 1}, b"cam", 7):
        caplog.clear()
        assert [tap_frame(camera_id, frame) for _ in range(2)] == [False, False]  # type: ignore[arg-type]
        assert len(caplog.records) == 1
    assert list_rings(on) == []


def test_switching_on_is_seen_after_the_taps_were_closed(
    on: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = pattern(1, SMALL).reshape(SMALL.shape)
    monkeypatch.setenv("AI_FRAME_EXPORT_ENABLED", "false")
    assert tap_frame("cam", frame) is False
    monkeypatch.setenv("AI_FRAME_EXPORT_ENABLED", "true")
    assert tap_frame("cam", frame) is False  # as it was at the camera's first frame
    close_frame_taps()
    assert tap_frame("cam", frame)
    assert [ring.camera_id for ring in list_rings(on)] == ["cam"]
    close_frame_taps("cam")
    assert list_rings(on) == []


def test_a_camera_that_another_writer_lets_go_of_is_taken_then(
    settings: ExportSettings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    frame = pattern(1, SMALL).reshape(SMALL.shape)
    tap = FrameTap("cam", settings=settings)
    monkeypatch.setattr("kernel.arrays.RETRY_S", 0.0)
    with FrameWriter("cam", SMALL, settings=settings):
        assert [tap(frame) for _ in range(3)] == [False, False, False]
    assert tap(frame)
    assert tap.error is None
    assert ["another live writer" in line for line in caplog.messages] == [True]
    tap.close()


def test_a_camera_that_another_writer_has_is_not_asked_for_with_every_frame(
    settings: ExportSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = pattern(1, SMALL).reshape(SMALL.shape)
    monkeypatch.setattr("kernel.arrays.RETRY_S", 3600.0)
    tap = FrameTap("cam", settings=settings)
    with FrameWriter("cam", SMALL, settings=settings):
        assert not tap(frame)
    assert not tap(frame)
    assert tap.rejected == 2


@pytest.mark.parametrize(
    ("name", "value"), [("AI_FRAME_EXPORT_ENABLED", "perhaps"), ("AI_FRAME_WIDTH", "wide")]
)
def test_a_setting_that_cannot_be_used_is_said_once_and_never_raised(
    name: str,
    value: str,
    on: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv(name, value)
    frame = pattern(1, SMALL).reshape(SMALL.shape)
    assert [tap_frame("cam", frame) for _ in range(3)] == [False, False, False]
    assert len(caplog.records) == 1
    assert name in caplog.text
    assert list_rings(on) == []
