"""`python -m kernel.demo`, as a new user starts it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from kernel import demo
from kernel.demo import main
from tests.kernel.streams import DEADLINE_S, eventually

REPOSITORY = Path(__file__).resolve().parents[2]
DEMO = [sys.executable, "-m", "kernel.demo"]


def environment(base: Path) -> dict[str, str]:
    return {**os.environ, "AI_FRAME_EXPORT_DIR": str(base), "AI_FRAME_EXPORT_ENABLED": "false"}


def processes_below(base: Path) -> list[str]:
    """Command lines of live processes that name the folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = entry.read_bytes().decode(errors="replace")
        except OSError:
            continue
        if str(base) in command and "pytest" not in command.split("\0")[:3]:
            found.append(command)
    return found


def test_it_shows_rates_and_ages_and_leaves_nothing_behind(tmp_path: Path) -> None:
    base = tmp_path / "vas"
    done = subprocess.run(
        [*DEMO, "--seconds", "4", "--size", "320x180", "--fps", "10"],
        cwd=REPOSITORY,
        env=environment(base),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stderr == ""
    assert done.returncode == 0
    first, *lines, last = done.stdout.splitlines()
    assert "320x180 NV12 at 10 frames a second" in first
    assert any("reader 30: " in line and "reader 1: " in line for line in lines)
    # Each second a line, and FFmpeg's 40 frames: every one was taken or is owned up to.
    assert int(last.split()[0]) + int(last.split(",")[1].split()[0]) == 40
    assert not base.exists()
    assert processes_below(base) == []


def test_it_ends_too_when_it_was_over_before_its_readers_had_come(tmp_path: Path) -> None:
    base = tmp_path / "vas"
    done = subprocess.run(
        [*DEMO, "--seconds", "0.1", "--size", "64x36"],
        cwd=REPOSITORY,
        env=environment(base),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert not base.exists()
    assert processes_below(base) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_cleanly_when_it_is_told_to(number: int, tmp_path: Path) -> None:
    base = tmp_path / "vas"
    with subprocess.Popen(
        [*DEMO, "--size", "320x180"],
        cwd=REPOSITORY,
        env=environment(base),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as demo:
        assert demo.stdout is not None
        assert "320x180" in demo.stdout.readline()
        assert "tap" in demo.stdout.readline()
        demo.send_signal(number)
        out, err = demo.communicate(timeout=DEADLINE_S)
    assert err == ""
    assert demo.returncode == 0
    assert "frames exported" in out
    assert not base.exists()
    eventually(lambda: processes_below(base) == [], "its processes are gone")


@pytest.mark.parametrize(
    ("ended", "code", "said"),
    [(OSError("no room"), 1, "no room"), (KeyboardInterrupt(), 0, "")],
)
@pytest.mark.parametrize("others", [False, True])
def test_it_says_why_it_ended_whatever_is_left_in_its_folder(
    ended: BaseException,
    code: int,
    said: str,
    others: bool,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    base = tmp_path / "vas"

    def run(*_: object) -> None:
        (base / "other" if others else base).mkdir(parents=True)
        raise ended

    monkeypatch.setenv("AI_FRAME_EXPORT_DIR", str(base))
    monkeypatch.setattr(demo, "run", run)
    monkeypatch.setattr(demo, "find_ffmpeg", lambda: "ffmpeg")
    assert main([]) == code
    assert said in capsys.readouterr().err
    assert base.exists() == others


def test_without_an_ffmpeg_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    assert main([]) == 1
    err = capsys.readouterr().err
    assert "imageio-ffmpeg" in err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--size", "big"], "--size: invalid"),
        (["--size", "641x360"], "must be even"),
        (["--fps", "0"], "--fps: invalid"),
        (["--fps", "30.5"], "--fps: invalid"),
        (["--seconds", "soon"], "--seconds: invalid"),
    ],
)
def test_a_wrong_command_line_is_exit_code_2_and_says_what_was_wrong(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert says in capsys.readouterr().err
