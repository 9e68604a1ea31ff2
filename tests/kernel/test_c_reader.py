"""The C header, compiled here: the same layout, the same refusals, whole frames, woken."""

from __future__ import annotations

import os
import re
import shutil
import struct
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import PIPE, Popen
from typing import IO

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from kernel import ExportSettings, FrameReader, FrameWriter, ReaderError, RingVersionError, layout
from kernel.layout import Entry, Header
from tests.kernel.peers import CAMERA, peer, stamped, wait_for, write_for_ever
from tests.kernel.test_hostile import LIES, WAYS, WORDS, control_file, replace, slot_0, word

ROOT = Path(__file__).parents[2]
HEADER = ROOT / "kernel/include/vas_ring.h"
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror"]


def compiler(name: str) -> str:
    found = shutil.which(os.environ.get(name.upper(), name)) or shutil.which(name)
    if found is None:
        pytest.skip(f"there is no C compiler ({name}) on this machine")
    return found


def build(folder: Path, *options: str) -> str:
    program = folder / "c_reader"
    source = Path(__file__).with_name("c_reader.c")
    command = [compiler("cc"), "-std=c11", "-O2", *WARNINGS, *options, f"-I{HEADER.parent}"]
    subprocess.run([*command, str(source), "-o", str(program)], check=True)
    return str(program)


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> str:
    return build(tmp_path_factory.mktemp("c"))


@pytest.fixture(scope="module")
def only_woken(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The same; what it notices it was woken for, for it looks by itself too seldom."""
    return build(tmp_path_factory.mktemp("c"), "-DVAS_RECHECK_MS=600000")


@pytest.fixture
def writer(settings: ExportSettings) -> Iterator[FrameWriter]:
    with FrameWriter(CAMERA, settings=settings) as writer:
        assert writer.write(stamped(writer.spec, 6), 6)
        yield writer


def run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=100)
    return done.stdout.strip()


def refusal_in_python(base_dir: str) -> str:
    try:
        with FrameReader(CAMERA, base_dir=base_dir) as reader:
            if reader.epoch is None:
                return "NOTHING"
            return "OK" if reader.latest() else "NOTHING"
    except RingVersionError:
        return "UNKNOWN"
    except ReaderError:
        return "FORMAT"


def test_the_header_has_the_layout_of_the_code() -> None:
    told = {
        name: int(value) for name, value in re.findall(r"VAS_(\w+) = (\d+)", HEADER.read_text())
    }
    for fields in (Header, Entry):
        for field in fields:
            assert told[field.name] == field.value
    for name in ("HEADER_WORDS", "ENTRY_WORDS", "MIN_CAPACITY", "MAX_CAPACITY", "MAX_SIDE_PX"):
        assert told[name] == getattr(layout, name)
    assert told["LIVE"] == layout.State.LIVE
    assert told["MAX_ID_BYTES"] == layout._MAX_ID_BYTES
    assert layout.MAX_RING_BYTES == 64 << 30
    assert "(UINT64_C(64) << 30)" in HEADER.read_text()


@pytest.mark.parametrize(
    ("name", "standard"), [("cc", "c11"), ("cc", "c17"), ("c++", "c++11"), ("c++", "c++17")]
)
def test_the_header_compiles_without_a_warning(name: str, standard: str, tmp_path: Path) -> None:
    source = tmp_path / "only.c"
    source.write_text('#include "vas_ring.h"\nint main(void) { return 0; }\n')
    language = ["-x", "c" if name == "cc" else "c++"]
    command = [compiler(name), f"-std={standard}", *WARNINGS, f"-I{HEADER.parent}", *language]
    subprocess.run([*command, "-fsyntax-only", str(source)], check=True)


def test_the_example_in_the_header_reads(
    tmp_path: Path, writer: FrameWriter, base_dir: str
) -> None:
    example = "\n".join(re.findall(r"^ \*     (.*)", HEADER.read_text(), re.MULTILINE))
    (tmp_path / "example.c").write_text(
        '#include "vas_ring.h"\n'
        "static void look_at(const uint8_t *pixels, const vas_frame *frame) {\n"
        '    printf("%d %d\\n", (int)pixels[0], (int)frame->timestamp_ns);\n'
        "    fflush(stdout);\n}\n"
        f"int main(void) {{\n{example}\n}}\n"
    )
    command = [compiler("cc"), "-std=c11", *WARNINGS, f"-I{HEADER.parent}"]
    program = str(tmp_path / "example")
    subprocess.run([*command, str(tmp_path / "example.c"), "-o", program], check=True)
    environment = {**os.environ, "AI_FRAME_EXPORT_DIR": base_dir}
    with Popen([program], stdout=PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "6 6\n"
        assert writer.write(stamped(writer.spec, 7), 7)
        assert process.stdout.readline() == "7 7\n"
        writer.close()
        assert process.wait(60) == 0


@pytest.mark.parametrize("in_place", [False, True], ids=["written", "filled in place"])
def test_of_a_million_reads_no_frame_is_torn_or_mixed(
    program: str, settings: ExportSettings, in_place: bool
) -> None:
    with peer(write_for_ever, settings, 0.0, 1, in_place) as (_, writing):
        assert writing.poll(60)
        told = run(program, "judge", settings.base_dir, CAMERA, "1000000")
    good, bad, copies, backwards, _ = map(int, told.split())
    assert (good, bad, backwards) == (1_000_000, 0, 0)
    assert 0 < copies < good


def test_a_slow_reader_of_a_small_ring_is_overtaken_and_knows(
    program: str, settings: ExportSettings
) -> None:
    lapped = 0
    with peer(write_for_ever, settings) as (_, writing):
        assert writing.poll(60)
        while not lapped:
            told = run(program, "judge", settings.base_dir, CAMERA, "200000")
            _, bad, _, _, lapped = map(int, told.split())
            assert bad == 0


@contextmanager
def asleep(program: str, base_dir: str, frames: int) -> Iterator[IO[str]]:
    """What a reader prints that has gone to sleep on the head word."""
    command = [program, "wait", base_dir, CAMERA, str(frames)]
    with Popen(command, stdout=PIPE, text=True) as process:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        call = Path(f"/proc/{process.pid}/syscall")
        wait_for(lambda: address in call.read_text())
        yield process.stdout
        process.kill()


@pytest.mark.parametrize("ends", [False, True], ids=["a frame", "the end"])
def test_a_frame_and_the_end_wake_a_reader(
    only_woken: str, writer: FrameWriter, base_dir: str, ends: bool
) -> None:
    with asleep(only_woken, base_dir, 1) as told:
        if ends:
            writer.close()
        else:
            assert writer.write(stamped(writer.spec, 9), 9)
        assert told.read().split() == (["ENDED"] if ends else ["9", "OK"])


def test_a_killed_writers_reader_is_woken_by_the_next_writer(
    only_woken: str, settings: ExportSettings
) -> None:
    with peer(write_for_ever, settings, 600.0) as (killed, writing):
        assert writing.poll(60)
        with asleep(only_woken, settings.base_dir, 1) as told:
            killed.kill()
            killed.join()
            with FrameWriter(CAMERA, settings=settings):
                assert told.read().split() == ["ENDED"]


@pytest.mark.timeout(60)
def test_a_writer_that_does_not_wake_is_polled(
    tmp_path: Path, writer: FrameWriter, base_dir: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kernel.writer.wake", lambda _: None)
    # Only the first of these frames may take so long, else the deadline of the test is over.
    program, frames = build(tmp_path, "-DVAS_RECHECK_MS=2000"), 50
    with asleep(program, base_dir, frames) as told:
        for stamp in range(1, frames + 1):
            assert writer.write(stamped(writer.spec, stamp), stamp)
            assert told.readline() == f"{stamp}\n"


def test_without_a_camera_there_is_nothing(program: str, base_dir: str) -> None:
    assert run(program, "open", base_dir, CAMERA) == "NOTHING"


@pytest.mark.parametrize("camera", ["", ".rings", "a/b", "a\nb", "a" * 201])
def test_ids_that_could_leave_the_folder_are_refused(
    program: str, base_dir: str, camera: str
) -> None:
    assert run(program, "open", base_dir, camera).startswith("ARGUMENT")


@pytest.mark.usefixtures("writer")
@pytest.mark.parametrize(("field", "value"), [lie[:2] for lie in LIES])
def test_lies_in_the_control_file_are_refused(
    program: str, base_dir: str, field: Header, value: int
) -> None:
    with Path(base_dir, ".rings", CAMERA, "frame.ring").open("r+b") as control:
        control.seek(field.offset)
        control.write(struct.pack("@Q", value))
    assert run(program, "open", base_dir, CAMERA).startswith("FORMAT: ")


@pytest.mark.usefixtures("writer")
@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())
@pytest.mark.parametrize("what", ["frame.ring", "slot"])
def test_files_that_are_something_else_are_refused(
    program: str, base_dir: str, way: Callable[[Path], None], what: str
) -> None:
    folder = Path(base_dir, ".rings", CAMERA)
    way(slot_0(folder) if what == "slot" else folder / what)
    assert run(program, "open", base_dir, CAMERA).startswith("FORMAT: ")


def test_whatever_a_control_file_says_c_answers_what_python_answers(program: str) -> None:
    @hypothesis_settings(max_examples=100, deadline=None)
    @given(changes=st.dictionaries(st.integers(0, WORDS - 1), word, max_size=4))
    def agrees(changes: dict[int, int]) -> None:
        with control_file() as (base, path):
            data = bytearray(path.read_bytes())
            for index, value in changes.items():
                struct.pack_into("@Q", data, index * 8, value)
            replace(path, bytes(data))
            told = run(program, "open", base, CAMERA).partition(":")[0]
            assert told == refusal_in_python(base)

    agrees()


@pytest.mark.usefixtures("writer")
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_a_user_who_may_not_read_is_denied(program: str, base_dir: str) -> None:
    os.chmod(base_dir, 0o755)
    fd = os.open(program, os.O_RDONLY)  # the other user may not look into the folder it is in
    try:
        command = [f"/proc/self/fd/{fd}", "open", base_dir, CAMERA]
        done = subprocess.run(
            command,
            pass_fds=[fd],
            user=65534,
            group=65534,
            extra_groups=[],
            capture_output=True,
            check=True,
        )
    finally:
        os.close(fd)
    assert done.stdout.startswith(b"DENIED: ")
