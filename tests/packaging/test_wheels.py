"""What pip installs, used from another folder, with nothing of this checkout to be found."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# A page that stands on a VAS nobody reaches: everything of its own is answered all the same.
PAGE = """
import vas_dash, kernel
app = vas_dash.create_app(vas_dash.Settings(api_url="http://127.0.0.1:9"))
client = app.server.test_client()
assert client.get("/ai-models/").status_code == 200
for name, part in (("bundle.js", b"vas_review"), ("bundle.css", b".vd-review"), ("grid.js", b"")):
    assert part in client.get(f"/ai-models/assets/{name}").get_data()
print(vas_dash.__file__, kernel.__file__)
"""


def wheel(source: Path, folder: Path) -> Path:
    """The wheel of a copy of `source`: building leaves files behind."""
    copy = folder / "source"
    tracked = subprocess.run(
        ["git", "ls-files", "-z", "."], cwd=source, capture_output=True, check=True
    ).stdout.decode()
    for name in filter(None, tracked.split("\0")):
        target = copy / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((source / name).read_bytes())
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", str(folder)]
    subprocess.run([*command, str(copy)], check=True, cwd=folder)
    (made,) = folder.glob("*.whl")
    return made


def installed(made: Path, folder: Path) -> Path:
    site = folder / "site"
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target"]
    subprocess.run([*command, str(site), str(made)], check=True, cwd=folder)
    return site


def run(code: str, site: Path, folder: Path) -> str:
    """Python in another folder, with the installed packages before all others."""
    done = subprocess.run(
        [sys.executable, "-P", "-W", "error", "-c", code],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    return folder


def test_the_page_and_the_kernel_install_from_one_wheel(tmp_path: Path, elsewhere: Path) -> None:
    made = wheel(ROOT, tmp_path)
    names = zipfile.ZipFile(made).namelist()
    assert not [name for name in names if name.startswith(("tests/", "bench/", "app.py"))]
    for path in (*ROOT.glob("vas_dash/**/*.py"), *ROOT.glob("kernel/**/*.py")):
        assert str(path.relative_to(ROOT)) in names
    for path in ROOT.glob("assets/*"):
        assert f"vas_dash/assets/{path.name}" in names
    assert "kernel/include/vas_ring.h" in names
    site = installed(made, tmp_path)
    places = run(PAGE, site, elsewhere).split()
    assert all(place.startswith(str(site)) for place in places), places


def test_the_kernel_installs_alone(tmp_path: Path, elsewhere: Path) -> None:
    made = wheel(ROOT / "kernel", tmp_path)
    archive = zipfile.ZipFile(made)
    names = archive.namelist()
    assert {name.split("/")[0].split("-")[0] for name in names} == {"kernel", "vas_kernel"}
    assert {"kernel/py.typed", "kernel/include/vas_ring.h"} <= set(names)
    assert {f"kernel/examples/{one.name}" for one in ROOT.glob("kernel/examples/*.py")} <= {*names}
    (metadata,) = (name for name in names if name.endswith("METADATA"))
    needs = [
        line
        for line in archive.read(metadata).decode().splitlines()
        if line.startswith("Requires-Dist")
    ]
    assert needs == ["Requires-Dist: numpy<3,>=1.26"]
    site = installed(made, tmp_path)
    assert run("import kernel; print(kernel.__file__)", site, elsewhere).startswith(str(site))
    assert "usage" in run(
        "import runpy, sys; sys.argv = ['kernel', '--help']\n"
        "try: runpy.run_module('kernel', run_name='__main__')\n"
        "except SystemExit as ended: assert not ended.code",
        site,
        elsewhere,
    )


MISSING = """
import sys
from importlib.abc import MetaPathFinder
MODULES = {"argon2", "celery", "prometheus_client", "psycopg"}
class Missing(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.split(".")[0] in MODULES:
            raise ModuleNotFoundError(name=name)
sys.meta_path.insert(0, Missing())
import importlib.util
found = importlib.util.find_spec
importlib.util.find_spec = lambda name, *more: None if name in MODULES else found(name, *more)
from vas_dash import Settings, create_app
from vas_dash.errors import SettingsError
for setting in (
    {"auth": "password"},
    {"queue_url": "redis://127.0.0.1:9/0"},
    {"metrics": True},
    {"db_url": "postgresql://127.0.0.1:9/x"},
):
    try:
        create_app(Settings(api_url="http://127.0.0.1:9", **setting))
    except SettingsError as error:
        print(error)
create_app(Settings(api_url="http://127.0.0.1:9"))
print("none is needed without its setting")
"""


def test_a_setting_whose_package_is_not_installed_says_which(elsewhere: Path) -> None:
    lines = run(MISSING, ROOT, elsewhere).splitlines()
    named = ("argon2", "celery", "prometheus_client", "psycopg", "none is needed")
    assert len(lines) == len(named), lines
    for line, package in zip(lines, named, strict=True):
        assert package in line
