"""`python -m kernel`: what it shows, what it removes, what it says when it cannot."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kernel import colour
from kernel.__main__ import main
from kernel.layout import FrameSpec
from kernel.settings import ExportSettings
from kernel.writer import FrameWriter
from tests.kernel.streams import pattern

SMALL = FrameSpec(64, 36)
REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    base_dir = str(tmp_path / "vas")
    monkeypatch.setenv("AI_FRAME_EXPORT_DIR", base_dir)
    return base_dir


@pytest.fixture
def writer(base: str) -> Iterator[FrameWriter]:
    settings = ExportSettings(enabled=True, base_dir=base, capacity=4)
    with FrameWriter("front", SMALL, settings=settings) as live:
        live.write(pattern(1, SMALL).tobytes())
        yield live


@pytest.fixture
def dead(base: str) -> str:
    """The id of a camera whose writer was killed."""
    code = f"""
import os
from kernel import ExportSettings, FrameSpec, FrameWriter
settings = ExportSettings(enabled=True, base_dir={base!r}, capacity=4)
writer = FrameWriter("back", FrameSpec(64, 36), settings=settings)
writer.write(bytes(3456))
os.kill(os.getpid(), 9)
"""
    subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, check=False)
    return "back"


def test_ls_shows_each_camera_with_its_writer_and_its_rate(
    writer: FrameWriter, dead: str, capsys: pytest.CaptureFixture[str]
) -> None:
    stop = threading.Event()

    def go_on() -> None:
        while not stop.wait(0.01):
            writer.write(pattern(1, SMALL).tobytes())

    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        assert main(["ls"]) == 0
    finally:
        stop.set()
        thread.join()
    heading, back, front = capsys.readouterr().out.splitlines()
    assert " ".join(heading.split()) == "CAMERA SIZE FPS AGE EPOCH WRITER FRAMES MEMORY STATE"
    assert back.split()[:3] == [dead, "64x36", "0.0"]
    assert back.endswith("no writer")
    assert front.split()[:2] == ["front", "64x36"]
    assert float(front.split()[2]) > 1
    assert str(os.getpid()) in front.split()
    assert front.endswith("live")


def test_ls_as_json_has_every_field(
    writer: FrameWriter, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["ls", "--json", "--sample", "0"]) == 0
    (camera,) = json.loads(capsys.readouterr().out)
    assert camera["camera_id"] == "front"
    assert camera["owned"] is True
    assert (camera["width_px"], camera["height_px"], camera["capacity"]) == (64, 36, 4)
    assert camera["epoch"] == writer.epoch
    assert camera["writer_pid"] == os.getpid()
    assert camera["frame_id"] == 1
    assert camera["age"] > 0
    assert camera["memory_bytes"] >= 4 * SMALL.size_bytes
    assert camera["fps"] is None


def test_ls_of_nothing_says_so_and_is_no_fault(
    base: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["ls"]) == 0
    assert capsys.readouterr() == ("", f"no cameras in {base}\n")
    assert main(["ls", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == []


@pytest.mark.usefixtures("writer")
def test_ls_goes_on_past_a_camera_that_is_not_a_ring(
    base: str, capsys: pytest.CaptureFixture[str]
) -> None:
    odd = Path(base) / ".rings" / "odd"
    odd.mkdir()
    (odd / "frame.ring").write_bytes(b"not a ring" * 100)
    assert main(["ls", "--sample", "0"]) == 1
    out, err = capsys.readouterr()
    assert "unreadable" in out
    assert "front" in out
    assert err.startswith("odd: ")


@pytest.mark.parametrize(("matrix", "range_"), [("bt709", "limited"), ("bt601", "full")])
def test_cat_writes_a_picture_of_the_newest_frame(
    matrix: colour.Matrix,
    range_: colour.Range,
    writer: FrameWriter,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    frame = pattern(7, SMALL)
    writer.write(frame.tobytes())
    out = tmp_path / "frame.png"
    options = ["--matrix", matrix, "--range", range_]
    assert main(["cat", "front", "--out", str(out), *options]) == 0
    y, uv = np.split(frame.reshape(SMALL.shape), [SMALL.height_px])
    uv = uv.reshape(SMALL.height_px // 2, -1, 2)
    with Image.open(out) as picture:
        expected = colour.to_rgb(y, uv, matrix=matrix, range_=range_)
        assert np.array_equal(np.asarray(picture), expected)
    assert "64x36, frame 2" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["cat", "nowhere", "--out", "a.png", "--timeout", "0"], 1, "no frame of camera 'nowhere'"),
        (["cat", "../etc", "--out", "a.png"], 1, "'../etc'"),
        (["cat", "front", "--out", "frame.txt"], 2, "'frame.txt' does not end like a picture"),
        (["cat", "front", "--out", "/no/such/folder/a.png"], 1, "/no/such/folder/a.png"),
    ],
)
def test_cat_says_what_was_wrong(
    arguments: list[str],
    code: int,
    says: str,
    writer: FrameWriter,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert writer.active
    assert main(arguments) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert says in err
    assert len(err.splitlines()) == 1


def test_cat_without_pillow_says_what_to_install(
    writer: FrameWriter, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert writer.active
    monkeypatch.setitem(sys.modules, "PIL", None)
    assert main(["cat", "front", "--out", "a.png"]) == 1
    assert "pip install pillow" in capsys.readouterr().err


def test_clean_removes_what_is_dead_and_only_that(
    writer: FrameWriter, dead: str, base: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (Path(base) / dead / "frame.data").exists()
    assert main(["clean"]) == 0
    assert capsys.readouterr().out == "removed back\n"
    assert not (Path(base) / dead).exists()
    assert not (Path(base) / ".rings" / dead).exists()
    assert writer.write(pattern(2, SMALL).tobytes())
    assert (Path(base) / "front" / "frame.data").stat().st_size == SMALL.size_bytes
    assert main(["clean"]) == 0
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "required"),
        (["drop"], "invalid choice"),
        (["cat", "front"], "--out"),
        (["--dir", "relative", "ls"], "must be an absolute path, not 'relative'"),
        (["ls", "--sample", "-1"], "must be a number of seconds"),
        (["ls", "--sample", "nan"], "must be a number of seconds"),
    ],
)
def test_a_wrong_command_line_is_exit_code_2_and_says_what_was_wrong(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert says in capsys.readouterr().err


def test_a_base_folder_that_is_not_absolute_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AI_FRAME_EXPORT_DIR", "vas")
    assert main(["ls"]) == 2
    assert "AI_FRAME_EXPORT_DIR" in capsys.readouterr().err


def test_it_runs_as_a_module(base: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "kernel", "ls"], cwd=REPOSITORY, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == f"no cameras in {base}\n"
