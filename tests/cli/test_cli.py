"""The command line, against a VAS that can break."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress

import pytest

from tests.cli.conftest import ROOT, Shell
from tests.fakes.clients import API_KEY, client_of
from tests.fakes.faulty_vas import (
    Fault,
    FaultyVas,
    assignment,
    camera,
    model,
)
from vas_dash.changes.apply import Progress
from vas_dash.cli.sending import progress_bar
from vas_dash.domain.changes import DesiredChange, plan
from vas_dash.domain.entities import CellKey
from vas_dash.domain.records import CellResult
from vas_dash.fleet.reader import FleetReader
from vas_dash.journal import Journal

SCHEMA = {"type": "object", "properties": {"threshold": {"type": "number"}}}


@pytest.fixture
def vas() -> Iterator[FaultyVas]:
    cameras = [camera(number, id=f"c{number}", name=f"Gate {number}") for number in range(1, 13)]
    models = [model("helmet", config_schema=SCHEMA), model("smoke")]
    cells = [
        assignment(f"c{number}", model_id, id=f"{model_id}-{number}", desired_fps=number)
        for number in range(1, 13)
        for model_id in ("helmet", "smoke")
        if (number, model_id) != (3, "smoke")
    ]
    with FaultyVas(cameras, models, cells, api_key=API_KEY) as vas:
        yield vas


def test_from_an_export_through_a_plan_and_back_to_the_same_bytes(shell: Shell) -> None:
    vas = shell.vas
    code, before, _ = shell.run("export")
    assert code == 0
    assert before.startswith("format: vas-intent\nversion: 1\ncameras:\n- camera: Gate 1\n")

    same = shell.file("same.yaml", before)
    assert shell.run("plan", same) == (0, "Nothing to do.\n", "")

    text = "camera,model,enabled,desired_fps\nGate 2,helmet,false,\nGate 3,smoke,true,7\n"
    file = shell.file("change.csv", text)
    dry = (
        "2 cells differ: 1 turned off, 1 added.\n"
        "  Gate 2 (Hall 2), helmet: on -> off; fps 2 -> default\n"
        "  Gate 3 (Hall 3), smoke: unassigned -> on, 7 fps\n"
    )
    assert shell.call("plan", file) == (2, dry, "")
    assert shell.run("apply", file) == (2, f"{dry}Nothing was sent; --yes does it.\n", "")
    assert vas.count("PATCH", "writes") + vas.count("POST", "writes") == 0

    done = shell.run("apply", file, "--yes", "--reason", "lens broken", "--by", "kim")
    assert done == (0, "Change set 1, finished: 2 applied.\n", "")
    stored = vas.cell("c2", "helmet")
    assert stored is not None
    assert (stored["enabled"], stored["desired_fps"]) == (False, None)

    code, history, _ = shell.run("history")
    assert code == 0
    assert 'kim, import of change.csv, "lens broken": 2 cells, finished (2 applied)' in history

    undone = shell.json(0, "undo", "1", "--yes")
    assert (undone["change_set"], undone["results"]["applied"]) == (2, 2)
    assert shell.run("export")[1] == before


def test_presets_go_out_and_come_back_with_the_intent(shell: Shell) -> None:
    _, before, _ = shell.call("export")
    preset = "presets:\n- model: helmet\n  name: Standard\n  desired_fps: 5\n"
    file = shell.file("p.yaml", before.replace("cameras:", f"{preset}cameras:"))
    said = "preset helmet: Standard, made: 5 fps."
    assert shell.call("plan", file) == (2, f"To be kept: {said}\n", "")
    dry = f"To be kept: {said}\nNothing was sent; --yes does it.\n"
    assert shell.call("apply", file) == (2, dry, "")
    assert shell.call("apply", file, "--yes", "--by", "kim") == (0, f"Kept: {said}\n", "")
    assert shell.call("plan", file) == (0, "Nothing to do.\n", "")
    after = shell.call("export")[1]
    values = f"{preset}  priority: null\n  parameters: null\n"
    assert after == before.replace("cameras:", f"{values}cameras:")
    changed = shell.file(
        "q.yaml", after.replace("desired_fps: 5\n  priority", "desired_fps: 6\n  priority")
    )
    found = shell.json(2, "plan", changed)
    assert found["presets"] == [
        {
            "model": "helmet",
            "name": "Standard",
            "desired_fps": 6,
            "priority": None,
            "parameters": None,
        }
    ]


def test_without_a_journal_an_export_says_that_it_has_no_presets(shell: Shell) -> None:
    shell.environment["VAS_DASH_DB_URL"] = "sqlite:////proc/none/journal.db"
    code, out, err = shell.run("export")
    assert (code, out.startswith("format: vas-intent")) == (0, True)
    assert err.startswith("vas_dash: without presets: the journal cannot be read")
    assert shell.run("export", "--format", "csv")[2] == ""


def test_everything_for_scripts_is_json(shell: Shell) -> None:
    document = shell.json(0, "export", "--filter", "loc=Hall+2&model=helmet")
    assert [one["camera"] for one in document["cameras"]] == ["Gate 2", "Gate 10"]
    assert shell.json(0, "export", "--output", "x.csv", "--ids")["format"] == "csv"
    written = (shell.folder / "x.csv").read_bytes()
    assert written.startswith(b"\xef\xbb\xbfcamera_id,camera,location,model")

    document["cameras"][0]["models"]["helmet"]["priority"] = 9
    document["cameras"][0]["models"]["helmet"]["parameters"] = {"threshold": 0.5}
    file = shell.file("change.json", json.dumps(document))
    plan = shell.json(2, "plan", file)
    assert plan["kinds"]["changed"] == plan["differences"] == 1
    (change,) = plan["changes"]
    assert (change["camera"], change["before"]["priority"]) == ("Gate 2", None)
    assert change["after"] == {
        "enabled": True,
        "desired_fps": 2,
        "priority": 9,
        "parameters": {"threshold": 0.5},
    }
    done = shell.json(0, "apply", file, "--yes")
    assert (done["state"], done["results"]["applied"], done["not_done"]) == ("finished", 1, [])
    (record,) = shell.json(0, "history")["change_sets"]
    assert record["cells"] == 1
    (cell,) = shell.json(0, "history", "1")["changes"]
    assert (cell["result"], cell["read"]["priority"]) == ("applied", 9)
    assert shell.json(1, "undo", "7") == {"error": "there is no change set 7"}


def test_what_is_wrong_in_a_file_is_told_with_its_place_and_the_rest_is_sent(shell: Shell) -> None:
    text = (
        "camera,model,desired_fps,parameters\nGate 1,helmet,3,\nGate 99,helmet,31,\n"
        'Gate 2,helmet,,"{""threshold"": ""high""}"\n'
    )
    file = shell.file("wrong.csv", text)
    expected = [
        'wrong.csv:3:1: unknown camera "Gate 99"',
        "wrong.csv:3:16: desired_fps must be a whole number from 1 to 30, not 31",
        "wrong.csv:4:33: parameters.threshold: must be a number",
    ]
    wrong = "vas_dash: 3 problems in the file; "
    for arguments in (("plan", file), ("apply", file)):
        code, out, err = shell.call(*arguments)
        assert (code, err.splitlines()) == (1, [*expected, f"{wrong}apply --yes sends the rest"])
        assert "Gate 1 (Hall 1), helmet: fps 1 -> 3" in out
    problems = shell.json(1, "plan", file)["problems"]
    assert [(one["line"], one["column"]) for one in problems] == [(3, 1), (3, 16), (4, 33)]
    for strictly in (("plan", file, "--strict"), ("apply", file, "--yes", "--strict")):
        code, out, err = shell.call(*strictly)
        assert err.splitlines() == [*expected, f"{wrong}nothing is sent until it is right"]
        assert code == 1
    assert shell.vas.count("PATCH", "writes") == 0
    code, out, err = shell.call("apply", file, "--yes")
    assert (code, err.splitlines()) == (1, [*expected, f"{wrong}the rest was sent"])
    assert out == "Change set 1, finished: 1 applied.\n"
    assert shell.vas.count("PATCH", "writes") == 1
    sent = shell.json(1, "apply", file, "--yes")
    assert len(sent["problems"]) == 3


def test_of_a_row_in_which_something_is_wrong_nothing_is_sent(shell: Shell) -> None:
    file = shell.file(
        "x.csv", "camera,model,enabled,desired_fps\nGate 1,helmet,false,31\nGate 2,helmet,false,3\n"
    )
    code, out, err = shell.call("apply", file, "--yes")
    assert (code, out) == (1, "Change set 1, finished: 1 applied.\n")
    assert "desired_fps must be a whole number from 1 to 30, not 31" in err
    stored = shell.vas.cell("c1", "helmet")
    assert stored is not None
    assert (stored["enabled"], stored["desired_fps"]) == (True, 1)


def test_pruning_shows_removals_apart_and_keeps_to_its_filter(shell: Shell) -> None:
    file = shell.file("one.csv", "camera,model,enabled\nGate 2,helmet,false\n")
    arguments = ("apply", file, "--prune", "--filter", "loc=Hall+2&model=helmet")
    code, out, _ = shell.call(*arguments)
    assert code == 2
    assert out == (
        "1 cell differs: 1 turned off.\n"
        "  Gate 2 (Hall 2), helmet: on -> off\n"
        "Removed because the file does not name them: 1 cell.\n"
        "  Gate 10 (Hall 2), helmet: on, 10 fps -> unassigned\n"
        "Nothing was sent; --yes does it.\n"
    )
    assert shell.call(*arguments, "--yes")[:2] == (0, "Change set 1, finished: 2 applied.\n")
    assert shell.vas.cell("c10", "helmet") is None
    assert shell.vas.cell("c10", "smoke") is not None
    assert shell.vas.cell("c1", "helmet") is not None


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("plan", "none.yaml"), "vas_dash: none.yaml: No such file or directory\n"),
        (("plan", "."), "vas_dash: what format the file has does not show in its name: "),
        (("plan", "x.csv", "--filter", "q=a"), "vas_dash: --filter says what to prune, and needs"),
        (("undo", "x"), "vas_dash: Invalid value for 'ID': 'x' is not a valid integer."),
        (("fly",), "vas_dash: No such command 'fly'"),
        (("export", "-o", "none/x.csv"), "vas_dash: none/x.csv cannot be written: No such"),
    ],
)
def test_a_command_that_cannot_be_understood_is_an_error_and_no_difference(
    shell: Shell, arguments: tuple[str, ...], said: str
) -> None:
    shell.file("x.csv", "camera,model\n")
    code, out, err = shell.call(*arguments)
    assert (code, out) == (1, "")
    assert said in err


def test_a_wrong_argument_is_told_in_json_too(shell: Shell) -> None:
    error = "Invalid value for 'ID': 'x' is not a valid integer."
    assert shell.json(1, "undo", "x") == {"error": error}
    assert shell.json(1, "fly") == {"error": "No such command 'fly'."}


def test_the_help_loads_nothing_that_only_commands_need() -> None:
    script = (
        "import sys; from vas_dash.cli import main; assert main(['--help']) == 0; "
        "print(*{'argon2', 'jsonschema', 'requests', 'sqlalchemy', 'yaml'} & {*sys.modules})"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert ran.stdout.splitlines()[-1] == ""


def test_only_the_commands_for_users_need_argon2(shell: Shell) -> None:
    without = "import sys; sys.modules['argon2'] = None; from vas_dash.cli import main; "
    for arguments, code, err in (
        (["export", "-o", "x.csv", "--json"], 0, ""),
        (["user", "list"], 1, "vas_dash: argon2 is not installed\n"),
    ):
        ran = subprocess.run(
            [sys.executable, "-c", f"{without} sys.exit(main({arguments}))"],
            cwd=shell.folder,
            env=shell.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (ran.returncode, ran.stderr) == (code, err)


def test_without_the_vas_there_is_one_clear_line(shell: Shell) -> None:
    file = shell.file("x.csv", "camera,model\n")
    shell.vas.fault("assignments", Fault.FAIL_JSON)
    code, out, err = shell.call("export")
    assert (code, out) == (1, "")
    assert err.startswith("vas_dash: the fleet cannot be read: ")
    assert err.count("\n") == 1
    shell.vas.stop()
    expected = "the fleet cannot be read: the VAS refused the connection"
    assert shell.run("apply", file, "--yes") == (1, "", f"vas_dash: {expected}\n")
    assert shell.json(1, "plan", file) == {"error": expected}


def test_a_journal_that_cannot_be_written_stops_everything_before_the_first_write(
    shell: Shell,
) -> None:
    file = shell.file("x.csv", "camera,model,enabled\nGate 1,helmet,false\n")
    code, out, err = shell.call("apply", file, "--yes", VAS_DASH_DB_URL="sqlite:////proc/none/x.db")
    assert (code, out) == (1, "")
    assert err.count("\n") == 1
    assert shell.vas.count("PATCH", "writes") == 0


def test_a_reason_that_is_required_is_asked_for(shell: Shell) -> None:
    file = shell.file("x.csv", "camera,model,enabled\nGate 1,helmet,false\n")
    code, _, err = shell.call("apply", file, "--yes", VAS_DASH_REASON="required")
    assert (code, err) == (1, "vas_dash: a change set needs a reason; give --reason\n")
    assert shell.vas.count("PATCH", "writes") == 0


def test_what_could_not_be_done_is_told_by_cell_and_is_an_error(shell: Shell) -> None:
    file = shell.file("x.csv", "camera,model,enabled\nGate 1,helmet,false\nGate 2,helmet,false\n")
    shell.vas.fault("writes", Fault.FORBIDDEN)
    code, out, _ = shell.call("apply", file, "--yes")
    assert code == 1
    assert out.startswith("Change set 1, ")
    assert "Gate 2 (Hall 2), helmet: on -> off: " in out
    stored = shell.vas.cell("c1", "helmet")
    assert stored is not None
    assert stored["enabled"] is True


def test_an_interrupt_stops_further_writes_and_tells_what_was_not_sent(shell: Shell) -> None:
    rows = "".join(f"Gate {number},helmet,false\n" for number in range(1, 13))
    file = shell.file("x.csv", f"camera,model,enabled\n{rows}")
    processes: list[subprocess.Popen[str]] = []

    def interrupt(_method: str, endpoint: str) -> None:
        if endpoint == "writes":
            processes[0].send_signal(signal.SIGINT)

    shell.vas.on_request = interrupt
    process = shell.start("apply", file, "--yes", "--json", VAS_DASH_APPLY_CONCURRENCY="1")
    processes.append(process)
    out, err = process.communicate(timeout=100)
    assert (process.returncode, err) == (1, "")
    record = json.loads(out)
    assert record["state"] == "stopped"
    left = [cell for cell in record["not_done"] if cell["result"] == "not sent"]
    assert 0 < len(left) == record["results"]["not sent"] < 12
    writes = shell.vas.count("PATCH", "writes")
    assert writes == 12 - len(left) == record["results"]["applied"]


def shown_on(terminal: int) -> str:
    """All that was written to a terminal whose other end is closed."""
    shown = b""
    with suppress(OSError):  # the end of a terminal without a process
        while part := os.read(terminal, 65_536):
            shown += part
    os.close(terminal)
    return shown.decode()


def test_a_terminal_shows_how_far_it_is(shell: Shell) -> None:
    rows = "".join(f"Gate {number},helmet,false\n" for number in range(1, 13))
    file = shell.file("x.csv", f"camera,model,enabled\n{rows}")
    own, theirs = os.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "vas_dash", "apply", file, "--yes"],
        cwd=shell.folder,
        env=shell.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=theirs,
    )
    os.close(theirs)
    out, _ = process.communicate(timeout=100)
    shown = shown_on(own)
    assert (process.returncode, out) == (0, b"Change set 1, finished: 12 applied.\n")
    assert "12/12" in shown
    assert "12 applied" in shown


def test_progress_shows_results_that_come_when_everything_is_sent() -> None:
    own, theirs = os.openpty()
    with os.fdopen(theirs, "w") as terminal, progress_bar(12, terminal) as show:
        for result in (CellResult.SENT, CellResult.APPLIED):
            show(Progress("applying", 12, 12, {result: 12}, 1.0, 12.0, None))
    shown = shown_on(own)
    assert 0 < shown.index("12/12  12 sent") < shown.index("12/12  12 applied")


def test_an_export_that_nobody_reads_to_its_end_ends_quietly(shell: Shell) -> None:
    process = shell.start("export")
    assert process.stdout is not None
    process.stdout.close()
    process.wait(timeout=100)
    assert process.stderr is not None
    assert (process.returncode, process.stderr.read()) == (1, "")
    process.stderr.close()


def test_without_an_address_it_is_the_embedded_vas(shell: Shell) -> None:
    code, out, _ = shell.run("export", "--format", "csv", VAS_API_URL="", VAS_API_KEY="")
    assert code == 0
    assert len(out.splitlines()) == 151


def test_what_was_not_done_is_tried_again(shell: Shell) -> None:
    file = shell.file("x.csv", "camera,model,enabled\nGate 2,helmet,false\nGate 4,smoke,false\n")
    shell.vas.fault("writes", Fault.FORBIDDEN)
    assert shell.call("apply", file, "--yes")[0] == 1
    shell.vas.heal()
    sent = shell.vas.count("PATCH", "writes")
    code, out, err = shell.call("retry", "1")
    assert (code, err) == (2, "")
    assert out == (
        "2 cells differ: 2 turned off.\n"
        "  Gate 2 (Hall 2), helmet: on -> off\n"
        "  Gate 4 (Hall 4), smoke: on -> off\n"
        "Nothing was sent; --yes does it.\n"
    )
    assert shell.vas.count("PATCH", "writes") == sent
    done = shell.call("retry", "1", "--yes", "--by", "kim")
    assert done == (0, "Change set 2, finished: 2 applied.\n", "")
    assert "kim, retry of 1" in shell.call("history")[1]
    # Nothing is left of the second.
    assert shell.call("retry", "2") == (0, "Nothing to do.\n", "")
    assert shell.call("retry", "7") == (1, "", "vas_dash: there is no change set 7\n")


def test_what_a_process_left_half_done_is_read_again_and_finished(shell: Shell) -> None:
    desired_changes = {
        CellKey("c2", "helmet"): DesiredChange(enabled=False),
        CellKey("c4", "smoke"): DesiredChange(priority=3),
    }
    fleet = FleetReader(client_of(shell.vas)).read_fleet()
    journal = Journal(f"sqlite:///{shell.folder / '.data' / 'journal.db'}")
    number = journal.record(plan(fleet, desired_changes), "kim")
    # As a process that died leaves it.
    journal.begin(number)
    journal.close()
    shell.vas.edit("c4", "smoke", enabled=False)

    code, out, err = shell.call("reopen", "1")
    assert code == 1  # one of them was changed elsewhere
    assert "kim, edit: 2 cells, stopped (2 not sent); interrupted" in out
    assert "  Gate 2 (Hall 2), helmet: on -> off\nNothing was sent; --yes does it." in out
    assert err == "Gate 4 (Hall 4), smoke: changed elsewhere since it was drafted\n"
    shown = shell.json(1, "reopen", "1")
    assert shown["reopened"]["state"] == "stopped"
    assert [one["model"] for one in shown["blocked"]] == ["smoke"]
    assert shell.vas.count("PATCH", "writes") == 0

    code, out, _ = shell.call("reopen", "1", "--yes")
    assert code == 1
    assert "Change set 2, finished: 1 applied, 1 refused." in out
    stored = shell.vas.cell("c2", "helmet")
    assert stored is not None
    assert stored["enabled"] is False
    assert "rest of 1" in shell.call("history")[1]
    assert shell.call("reopen", "2")[0] == 0


def test_history_finds_a_camera_by_its_name_too(shell: Shell) -> None:
    for gate in (2, 3):
        file = shell.file("x.csv", f"camera,model,enabled\nGate {gate},helmet,false\n")
        assert shell.call("apply", file, "--yes")[0] == 0

    def found(camera: str) -> list[int]:
        listed = shell.json(0, "history", "--camera", camera)
        return [one["change_set"] for one in listed["change_sets"]]

    assert (found("Gate 2"), found("c2"), found("Gate 3"), found("Gate 12")) == ([1], [1], [2], [])
    shell.vas.cameras["c3"]["name"] = "Gate 2"
    assert shell.call("history", "--camera", "Gate 2") == (
        1,
        "",
        "vas_dash: 2 cameras are named Gate 2; give an id: c2 (Hall 2), c3 (Hall 3)\n",
    )
    shell.vas.stop()
    # Without the VAS only ids can be found.
    assert (found("c3"), found("Gate 3")) == ([2], [])


def test_read_only_holds_for_the_command_line_too(shell: Shell) -> None:
    file = shell.file("change.csv", "camera,model,enabled\nGate 2,helmet,false\n")
    code, _, err = shell.call("apply", file, "--yes", VAS_DASH_READ_ONLY="true")
    assert (code, err) == (1, "vas_dash: a viewer may look, and change nothing\n")
    assert shell.vas.count("PATCH", "writes") == 0
    assert shell.call("plan", file, VAS_DASH_READ_ONLY="true")[0] == 2
