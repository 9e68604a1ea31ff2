"""A host without memory for the ring: one clear error at the start, nothing left behind."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from kernel import ExportSettings, FrameWriter, NoSpaceError
from tests.kernel.peers import CAMERA

# The second ring does not fit, the first is untouched; then it goes, and the second fits.
_PROGRAM = """
import os, sys
from kernel import ExportSettings, FrameReader, FrameWriter, NoSpaceError

base = sys.argv[1]
settings = ExportSettings(enabled=True, width_px=640, height_px=480, capacity=4, base_dir=base)
size = settings.spec.size_bytes
first = FrameWriter("first", settings=settings)
assert first.write(bytes(size), 1)
for _ in range(3):
    try:
        FrameWriter("second", settings=settings)
    except NoSpaceError as error:
        assert "second" in str(error)
    else:
        sys.exit("there was room")
assert os.listdir(base + "/.rings") == ["first"]
for _ in range(20):
    assert first.write(b"\\1" * size, 2)
assert FrameReader("first", base_dir=base).latest().data.min() == 1
first.close()
FrameWriter("second", settings=settings).close()
print("fine")
"""


def test_a_full_tmpfs_is_one_clear_error_and_never_a_bus_error(tmp_path: Path) -> None:
    mount = tmp_path / "small"
    mount.mkdir()
    inside = 'mount -t tmpfs -o size=3m tmpfs "$1" && exec "$2" -c "$3" "$1"'
    own = ["unshare", "--mount"] + ([] if os.geteuid() == 0 else ["--user", "--map-root-user"])
    probe = [*own, "mount", "-t", "tmpfs", "tmpfs", str(mount)]
    if shutil.which("unshare") is None or subprocess.run(probe, check=False).returncode:
        pytest.skip("this user may not mount a tmpfs of its own")
    command = [*own, "sh", "-c", inside, "sh", str(mount), sys.executable, _PROGRAM]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.stderr, done.stdout, done.returncode) == ("", "fine\n", 0)


def test_a_limit_on_the_size_of_files_is_the_same_error(settings: ExportSettings) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024, before[1]))
    try:
        with pytest.raises(NoSpaceError, match=CAMERA):
            FrameWriter(CAMERA, settings=settings)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert os.listdir(settings.base_dir) == []
