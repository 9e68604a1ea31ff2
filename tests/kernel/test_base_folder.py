"""Who owns the base folder: frames are kept only where nobody else can put theirs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kernel import __main__ as cli
from kernel.errors import StorageError
from kernel.layout import FrameSpec
from kernel.settings import ExportSettings
from kernel.writer import FrameWriter

ONLY_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
SPEC = FrameSpec(64, 32)


def start(base_dir: str, owner: str | None = None) -> None:
    settings = ExportSettings(enabled=True, capacity=4, base_dir=base_dir, owner=owner)
    FrameWriter("cam", SPEC, settings=settings).close()


@ONLY_ROOT
def test_a_base_folder_of_another_user_is_refused_unless_the_settings_name_the_user(
    base_dir: str,
) -> None:
    os.chown(base_dir, 4001, 4001)
    with pytest.raises(StorageError, match=r"belongs to another user \(4001\)"):
        start(base_dir)
    assert os.listdir(base_dir) == []
    start(base_dir, owner="4001")
    with pytest.raises(StorageError, match="no user 'nobody-of-this-name'"):
        start(base_dir, owner="nobody-of-this-name")


@ONLY_ROOT
@pytest.mark.parametrize(
    ("owner", "mode", "refused"),
    [(0, 0o1777, False), (0, 0o777, True), (4001, 0o1777, True), (4001, 0o755, False)],
)
def test_a_base_folder_that_every_user_may_write_to_has_to_be_roots_and_sticky(
    base_dir: str, owner: int, mode: int, refused: bool
) -> None:
    os.chown(base_dir, owner, -1)
    os.chmod(base_dir, mode)
    if refused:
        with pytest.raises(StorageError, match="can be written to by every user"):
            start(base_dir, owner="4001")
    else:
        start(base_dir, owner="4001")


@ONLY_ROOT
def test_ls_warns_of_a_base_folder_that_is_not_the_writers(
    base_dir: str, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = ExportSettings(enabled=True, capacity=4, base_dir=base_dir)
    with FrameWriter("cam", SPEC, settings=settings):
        assert cli.main(["--dir", base_dir, "ls", "--sample", "0"]) == 0
        assert capsys.readouterr().err == ""
        os.chown(base_dir, 4001, -1)
        cli.main(["--dir", base_dir, "ls", "--sample", "0"])
        warning = "belongs to another user (4001): its frames may be anybody's"
        assert warning in capsys.readouterr().err
        os.chown(base_dir, 0, -1)


def test_a_base_folder_is_made_for_its_user_alone(base_dir: str) -> None:
    below = Path(base_dir, "vas")
    settings = ExportSettings(enabled=True, capacity=4, base_dir=str(below))
    with FrameWriter("cam", SPEC, settings=settings):
        assert below.stat().st_mode & 0o022 == 0


@pytest.mark.parametrize(("public", "mode"), [(False, 0o640), (True, 0o644)])
def test_the_mode_of_the_settings_is_that_of_every_file(
    base_dir: str, public: bool, mode: int
) -> None:
    settings = ExportSettings(enabled=True, capacity=4, base_dir=base_dir, public=public)
    with FrameWriter("cam", SPEC, settings=settings) as writer:
        writer.write(bytes(SPEC.size_bytes))
        found = {
            path.name: path.stat().st_mode & 0o777
            for path in Path(base_dir).rglob("*")
            if path.name != "lock"
        }
        assert set(found.values()) == {mode, mode | mode >> 2 & 0o111}
