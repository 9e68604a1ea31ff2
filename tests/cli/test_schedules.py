"""docs/schedules.md: its units, files and commands are used as they stand there."""

from __future__ import annotations

import configparser
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import ROOT, Shell
from tests.fakes.clients import API_KEY
from tests.fakes.faulty_vas import Fault, FaultyVas, assignment, camera, model
from vas_dash.domain.changes import CellChange, ChangeSet
from vas_dash.domain.entities import CellIntent, CellKey
from vas_dash.journal import Journal

PAGE = (ROOT / "docs" / "schedules.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
FILES = dict(re.findall(r"`/etc/[\w/]*?([\w.-]+)`:\n\n```\w+\n(.*?)^```", PAGE, re.M | re.S))
OUTCOMES = re.findall(r"^\| ([^|]+) \| ([^|]+) \| (\d) \|$", PAGE, re.MULTILINE)
PYTHON = "/opt/vas/.venv/bin/python"
HELMET = {"Gate 1": ("c1", "helmet"), "Gate 2": ("c2", "helmet")}


@pytest.fixture
def vas() -> Iterator[FaultyVas]:
    cameras = [camera(number, id=f"c{number}", name=f"Gate {number}") for number in (1, 2, 3)]
    cells = [
        assignment(f"c{number}", model_id, enabled=model_id == "helmet", desired_fps=10)
        for number in (1, 2, 3)
        for model_id in ("helmet", "intrusion")
    ]
    models = [model("helmet"), model("intrusion")]
    with FaultyVas(cameras, models, cells, api_key=API_KEY) as vas:
        yield vas


@pytest.fixture
def host(shell: Shell) -> Shell:
    """A folder that holds what `/etc/vas` holds on the page."""
    for name in ("day.yaml", "night.yaml"):
        shell.file(name, FILES[name])
    names = ("PYTHONPATH", "VAS_API_URL", "VAS_API_KEY")
    shell.file("environment", "".join(f"{name}={shell.environment[name]}\n" for name in names))
    return shell


def here(text: str, folder: Path) -> str:
    """A text of the page for this host."""
    return text.replace(PYTHON, sys.executable).replace("/etc/vas", str(folder))


def unit(text: str) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(text)
    return parser


NIGHT = unit(FILES["vas-night.service"])["Service"]["ExecStart"]
DAY = next(
    unit(text)["Service"]["ExecStart"]
    for kind, text in BLOCKS
    if kind == "ini" and "--reason day" in text
)
CRON = re.findall(r"^[\d*]+ [\d*]+ \* \* \* +(.*)$", PAGE, re.MULTILINE)


def call(host: Shell, line: str) -> tuple[int, str, str]:
    """A command of the page, in this process."""
    words = shlex.split(here(line, host.folder))
    assert words[:3] == [sys.executable, "-m", "vas_dash"]
    return host.call(*words[3:])


def stored(vas: FaultyVas) -> dict[tuple[str, str], tuple[bool, int | None]]:
    rows = vas.assignments.values()
    return {
        (row["camera_id"], row["model_id"]): (row["enabled"], row["desired_fps"]) for row in rows
    }


def test_night_comes_and_goes_and_what_an_operator_changed_is_left_alone(host: Shell) -> None:
    day = stored(host.vas)
    export, plan, dry_run, history, one, retry, undo = [
        line for kind, text in BLOCKS if kind == "console" for line in text.splitlines()
    ]
    assert call(host, export)[0] == 0
    assert (host.folder / "all.yaml").exists()
    assert call(host, plan) == (0, "Nothing to do.\n", "")
    code, out, _ = call(host, dry_run)
    assert (code, stored(host.vas)) == (2, day)
    assert "Gate 1 (Hall 1), helmet: fps 10 -> 2" in out

    assert call(host, NIGHT) == (0, "Change set 1, finished: 4 applied.\n", "")
    night = stored(host.vas)
    assert night["c1", "helmet"] == (True, 2)
    assert night["c2", "helmet"] == (False, 10)
    assert night["c2", "intrusion"] == (True, 10)
    assert night["c3", "helmet"] == day["c3", "helmet"]
    assert call(host, NIGHT) == (0, "Nothing to do.\n", "")

    host.vas.edit("c1", "helmet", desired_fps=5)
    code, out, _ = call(host, f"{DAY.replace(' --yes', '')}")
    assert code == 2
    assert "Not as expected, and left alone: 1 cell.\n  Gate 1 (Hall 1), helmet\n" in out
    code, out, _ = call(host, DAY)
    assert (code, out.splitlines()[0]) == (3, "Change set 2, finished: 3 applied, 1 conflict.")
    assert "Gate 1 (Hall 1), helmet: fps 2 -> 10: conflict" in out
    assert stored(host.vas) == {**day, ("c1", "helmet"): (True, 5)}

    assert "schedule, import of day.yaml" in call(host, history)[1]
    assert "conflict (changed elsewhere since it was drafted)" in call(host, one)[1]
    assert call(host, retry) == (0, "Change set 3, finished: 1 applied.\n", "")
    assert stored(host.vas) == day
    assert call(host, undo) == (0, "Change set 4, finished: 3 applied.\n", "")
    assert stored(host.vas) == {**night, ("c1", "helmet"): (True, 10)}


def test_a_cell_that_was_removed_meanwhile_is_a_conflict_too(host: Shell) -> None:
    del host.vas.assignments[host.vas.cell("c1", "intrusion")["id"]]  # type: ignore[index]
    code, out, _ = call(host, NIGHT)
    assert (code, out.splitlines()[0]) == (3, "Change set 1, finished: 3 applied, 1 conflict.")
    assert host.vas.cell("c1", "intrusion") is None


def test_cron_runs_the_same_commands(host: Shell) -> None:
    assert [line.partition("; /opt")[2] for line in CRON] == [
        line.removeprefix("/opt") for line in (NIGHT, DAY)
    ]
    for line, out in zip(CRON, ("1, finished: 4 applied", "2, finished: 4 applied"), strict=True):
        ran = subprocess.run(
            ["/bin/sh", "-c", here(line, host.folder)],
            cwd=host.folder,
            env={"PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (ran.returncode, ran.stdout, ran.stderr) == (0, f"Change set {out}.\n", "")


def test_systemd_understands_the_units(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd is not installed")
    units = [name for name in FILES if name.startswith("vas-")]
    assert units == ["vas-night.service", "vas-night.timer"]
    for name in units:
        (tmp_path / name).write_text(here(FILES[name], tmp_path).replace("User=vas\n", ""))
    ran = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *units],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    told = [line for line in ran.stderr.splitlines() if "vas-" in line]
    assert (ran.returncode, told) == (0, [])


def _changed_by_an_operator(host: Shell) -> None:
    def meanwhile(_method: str, endpoint: str) -> None:
        if endpoint == "writes":
            host.vas.on_request = None
            host.vas.edit("c2", "intrusion", priority=9)

    host.environment["VAS_DASH_APPLY_CONCURRENCY"] = "1"
    host.vas.on_request = meanwhile
    host.vas.edit("c1", "helmet", priority=3, desired_fps=7)


def _changed_by_another_change_set(host: Shell) -> None:
    url = f"sqlite:///{host.folder / 'journal.db'}"
    host.environment["VAS_DASH_DB_URL"] = url
    journal = Journal(url)
    host.until_the_end.callback(journal.close)
    change = CellChange(CellKey("c1", "helmet"), None, CellIntent(enabled=True))
    host.until_the_end.enter_context(journal.begun(ChangeSet((change,)), "kim"))


def _silent_under_way(host: Shell) -> None:
    def silent(_method: str, endpoint: str) -> None:
        if endpoint == "writes":
            host.vas.fault("all", Fault.CLOSE)

    host.environment["VAS_DASH_APPLY_CONCURRENCY"] = "1"
    host.vas.on_request = silent


def _wrong_camera(host: Shell) -> None:
    del host.vas.cameras["c2"]


SITUATIONS: dict[str, Callable[[Shell], object]] = {
    "nothing: it went well, or was so already": lambda _: None,
    "an operator changed a cell since the last switch, or while this one was under way": (
        _changed_by_an_operator
    ),
    "another change set is about to change a cell": _changed_by_another_change_set,
    "the VAS does not answer": lambda host: host.vas.stop(),
    "the VAS stops answering under way": _silent_under_way,
    "the VAS refuses a cell": lambda host: host.vas.fault("writes", Fault.FORBIDDEN),
    "a camera or model of a file is not in the VAS, a value is wrong": _wrong_camera,
    "one of the files cannot be read": lambda host: host.file("day.yaml", "cameras: ["),
    "the journal cannot be written": lambda host: host.environment.update(
        VAS_DASH_DB_URL="sqlite:////proc/none/x.db"
    ),
    "without `--yes`: there are differences": lambda _: None,
}


@pytest.mark.parametrize(("what", "done", "code"), OUTCOMES)
def test_each_situation_has_the_exit_code_that_the_page_says(
    what: str, done: str, code: str, host: Shell
) -> None:
    before = stored(host.vas)
    SITUATIONS[what](host)
    line = NIGHT.replace(" --yes", "") if "--yes" in what else NIGHT
    found, out, err = call(host, line)
    assert str(found) == code, out + err
    if done.startswith("nothing"):
        assert (stored(host.vas), host.vas.count("PATCH", "writes")) == (before, 0)
    else:
        assert host.vas.count("PATCH", "writes") > 0


def test_every_situation_stands_on_the_page() -> None:
    assert [what for what, _, _ in OUTCOMES] == [*SITUATIONS]


def test_after_a_failure_it_is_run_again_and_only_what_is_missing_is_sent(host: Shell) -> None:
    _silent_under_way(host)
    assert call(host, NIGHT)[0] == 1
    host.vas.on_request = None
    host.vas.heal()
    assert call(host, NIGHT)[0] == 0
    assert stored(host.vas)["c2", "intrusion"] == (True, 10)


def test_what_the_other_file_is_wrong_about_is_left_alone_and_told(host: Shell) -> None:
    wrong = FILES["day.yaml"].replace("desired_fps: 10}", "desired_fps: 99}", 1)
    host.file("day.yaml", wrong)
    code, out, err = call(host, NIGHT)
    assert (code, out) == (1, "Change set 1, finished: 3 applied.\n")
    assert "day.yaml:6:42: desired_fps must be a whole number from 1 to 30, not 99" in err
    assert stored(host.vas)["c1", "helmet"] == (True, 10)


def test_where_it_cannot_be_told_what_the_other_file_means_only_what_it_names_is_changed(
    host: Shell,
) -> None:
    host.file("day.yaml", FILES["day.yaml"].replace("Gate 1", "Gaet 1"))
    host.vas.edit("c1", "helmet", desired_fps=7)
    code, out, err = call(host, NIGHT)
    assert (code, out) == (1, "Change set 1, finished: 2 applied.\n")
    assert 'day.yaml:4:11: unknown camera "Gaet 1"' in err
    assert stored(host.vas)["c1", "helmet"] == (True, 7)
    assert stored(host.vas)["c2", "helmet"] == (False, 10)
