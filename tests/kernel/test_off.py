"""Export that is off, seen from outside."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

_PROGRAM = """
import os, sys

def held():
    with open("/proc/self/maps") as maps:
        shared = [line for line in maps if "/dev/shm" in line or "rw-s" in line]
    return shared, os.listdir("/proc/self/fd"), os.listdir("/proc/self/task")

before = held()
import kernel
assert not kernel.export_enabled()
assert not kernel.ExportSettings.from_env().enabled
try:
    kernel.FrameWriter("front-door")
except kernel.ExportDisabledError:
    pass
else:
    sys.exit("a writer was made")
assert held() == before, (held(), before)
loaded = {"numpy", "vas_dash", "dash", "flask", "requests", "pydantic"} & set(sys.modules)
assert not loaded, loaded
"""


@pytest.mark.parametrize("switch", [None, "", "false"])
def test_off_means_no_memory_no_descriptor_no_thread_no_numpy(
    base_dir: str, switch: str | None
) -> None:
    env = {k: v for k, v in os.environ.items() if not k.startswith("AI_FRAME")}
    env |= {"AI_FRAME_EXPORT_DIR": base_dir}
    env |= {} if switch is None else {"AI_FRAME_EXPORT_ENABLED": switch}
    subprocess.run([sys.executable, "-c", _PROGRAM], env=env, check=True)
    assert os.listdir(base_dir) == []
