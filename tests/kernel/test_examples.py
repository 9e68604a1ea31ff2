"""The recipes of `kernel/examples`, each run as its first lines say."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from kernel import ExportSettings, FrameReader, FrameSpec, FrameWriter
from kernel.frame import Pixels
from tests.kernel.streams import DEADLINE_S, FFMPEG

REPOSITORY = Path(__file__).resolve().parents[2]
SPEC = FrameSpec(64, 32)
RED, BLUE = (63, 102, 240), (32, 240, 118)


def plain(y: int, u: int, v: int) -> Pixels:
    """A picture of one colour."""
    frame = np.empty(SPEC.shape, np.uint8)
    frame[: SPEC.height_px] = y
    frame[SPEC.height_px :].reshape(-1, 2)[...] = u, v
    return frame


@contextmanager
def live(settings: ExportSettings, camera_id: str, *pictures: Pixels) -> Iterator[None]:
    """A camera that shows these pictures in turn, 20 a second."""
    over = threading.Event()

    def show() -> None:
        with FrameWriter(camera_id, SPEC, settings=settings) as writer:
            while True:
                for picture in pictures:
                    writer.write(picture)
                    if over.wait(0.05):
                        return

    thread = threading.Thread(target=show)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@contextmanager
def example(
    settings: ExportSettings, name: str, *arguments: str
) -> Iterator[subprocess.Popen[str]]:
    env = {
        **os.environ,
        "AI_FRAME_EXPORT_ENABLED": "true",
        "AI_FRAME_EXPORT_DIR": settings.base_dir,
    }
    with subprocess.Popen(
        [sys.executable, "-m", f"kernel.examples.{name}", *arguments],
        cwd=REPOSITORY,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def said(process: subprocess.Popen[str], what: str) -> str:
    """The first line with that in it; fails with what the program complained of."""
    assert process.stdout is not None
    for line in process.stdout:
        if what in line:
            return line
    assert process.stderr is not None
    raise AssertionError(process.stderr.read())


def ends_well(process: subprocess.Popen[str]) -> None:
    _, complaints = process.communicate(timeout=DEADLINE_S)
    assert (process.returncode, complaints) == (0, "")


def test_opencv_sees_that_something_moves(settings: ExportSettings) -> None:
    pytest.importorskip("cv2", reason="OpenCV is not installed")
    still = plain(*RED)
    moved = still.copy()
    moved[:16] += 100
    with example(settings, "opencv", "cam") as process:
        with live(settings, "cam", *[still] * 10, *[moved] * 10):
            assert said(process, "50% moved")
        ends_well(process)


def field(number: int, value: int | str | bytes) -> bytes:
    """A field of a message in the wire format of Protocol Buffers."""
    if isinstance(value, int):
        return bytes([number << 3, value])
    data = value.encode() if isinstance(value, str) else value
    assert len(data) < 128
    return bytes([number << 3 | 2, len(data)]) + data


def model_of_averages() -> bytes:
    """An ONNX model: the average of each colour, so that the strongest colour is the class."""
    node = field(1, "in") + field(2, "out") + field(4, "GlobalAveragePool")
    kind = field(2, field(1, field(1, 1)))  # float32, of any shape
    graph = field(1, node) + field(2, "averages")
    graph += field(11, field(1, "in") + kind) + field(12, field(1, "out") + kind)
    return field(1, 8) + field(7, graph) + field(8, field(1, "") + field(2, 13))


@pytest.mark.parametrize(("colour", "kind"), [(RED, 0), (BLUE, 2)])
def test_onnx_runtime_classifies_frames(
    colour: tuple[int, int, int], kind: int, settings: ExportSettings, tmp_path: Path
) -> None:
    pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed")
    model = tmp_path / "averages.onnx"
    model.write_bytes(model_of_averages())
    with example(settings, "onnx_runtime", str(model), "cam") as process:
        with live(settings, "cam", plain(*colour)):
            assert said(process, "frame").endswith(f"class {kind}\n")
        ends_well(process)


def test_pytorch_has_frames_without_a_copy(settings: ExportSettings) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    with example(settings, "pytorch", "cam") as process:
        with live(settings, "cam", plain(*RED)):
            assert said(process, "frame").endswith(": 63\n")
        ends_well(process)
    with FrameWriter("cam", SPEC, settings=settings) as writer:
        writer.write(plain(*BLUE))
        with FrameReader("cam", base_dir=settings.base_dir) as reader, reader.view() as view:
            assert view is not None
            address = view.data.ctypes.data
            assert torch.from_dlpack(view.y).data_ptr() == address
            with pytest.warns(UserWarning, match="not writable"):
                assert torch.from_numpy(view.data).data_ptr() == address


def test_pyav_is_a_source(settings: ExportSettings, tmp_path: Path) -> None:
    pytest.importorskip("av", reason="PyAV is not installed")
    film = tmp_path / "film.mkv"
    os.mkfifo(film)
    source = ["-re", "-f", "lavfi", "-i", "color=red:size=64x32:rate=25", "-c:v", "ffv1"]
    with (
        FrameReader("cam", base_dir=settings.base_dir) as reader,
        example(settings, "pyav", str(film), "cam") as process,
        subprocess.Popen([FFMPEG, "-v", "error", "-y", *source, str(film)]) as filming,
    ):
        try:
            frame = next(reader.frames(timeout_s=DEADLINE_S))
        finally:
            filming.terminate()
        assert frame.spec == SPEC
        assert np.abs(frame.y.astype(int) - RED[0]).max() < 20
        ends_well(process)


def test_one_process_looks_at_many_cameras(settings: ExportSettings) -> None:
    with (
        live(settings, "red", plain(*RED)),
        live(settings, "blue", plain(*BLUE)),
        example(settings, "many_cameras", "red", "blue") as process,
    ):
        assert said(process, "red").endswith(": 63\n")
        assert said(process, "blue").endswith(": 32\n")
