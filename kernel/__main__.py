"""`python -m kernel`: looking after rings from the command line.

What is shown goes to standard output, messages to standard error.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from kernel.catalogue import RingInfo, base_folder_problem, list_rings, remove_dead
from kernel.errors import KernelError, SettingsError
from kernel.settings import DEFAULT_BASE_DIR, base_dir_from_env

_HEADINGS = ("CAMERA", "SIZE", "FPS", "AGE", "EPOCH", "WRITER", "FRAMES", "MEMORY", "STATE")
_STATES = {True: "live", False: "no writer", None: "unknown"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code."""
    options = _parser().parse_args(arguments)
    try:
        options.dir = options.dir or base_dir_from_env()
        return int(options.run(options))
    except SettingsError as error:
        return _fail(str(error), 2)
    except (KernelError, OSError) as error:
        return _fail(str(error))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m kernel", description="Look after the rings of decoded frames."
    )
    parser.add_argument(
        "--dir",
        type=_folder,
        help=f"base folder (default: AI_FRAME_EXPORT_DIR, else {DEFAULT_BASE_DIR})",
    )
    seconds: dict[str, Any] = {"type": _seconds, "metavar": "SECONDS"}
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    ls = commands.add_parser("ls", help="cameras, sizes, rates, ages, epochs, writers, memory")
    ls.add_argument("--json", action="store_true", help="a list of objects instead of a table")
    count = "how long to count frames for the rate; 0 leaves it out (default: %(default)g)"
    ls.add_argument("--sample", default=1.0, help=count, **seconds)
    ls.set_defaults(run=_ls)

    cat = commands.add_parser("cat", help="a picture of the newest frame; needs Pillow")
    cat.add_argument("camera", metavar="CAMERA")
    cat.add_argument("--out", required=True, type=Path, help="file to write, .png or .jpg")
    cat.add_argument("--matrix", choices=("bt601", "bt709"), default="bt709")
    cat.add_argument("--range", choices=("limited", "full"), default="limited")
    wait = "how long to wait for a frame (default: %(default)g)"
    cat.add_argument("--timeout", default=2.0, help=wait, **seconds)
    cat.set_defaults(run=_cat)

    clean = commands.add_parser("clean", help="remove what no live writer owns")
    clean.set_defaults(run=_clean)
    return parser


def _ls(options: argparse.Namespace) -> int:
    before = list_rings(options.dir)
    started_s = time.monotonic()
    if options.sample and before:
        time.sleep(options.sample)
        rings = list_rings(options.dir)
    else:
        rings = before
    rates = _rates(before, rings, time.monotonic() - started_s) if options.sample else {}
    if options.json:
        rows = [{**_plain(ring), "fps": rates.get(ring.camera_id)} for ring in rings]
        print(json.dumps(rows, indent=2))
    elif rings:
        _print_table([_row(ring, rates.get(ring.camera_id)) for ring in rings])
    else:
        print(f"no cameras in {options.dir}", file=sys.stderr)
    wrong = base_folder_problem(options.dir)
    if wrong is not None:
        print(f"{options.dir} {wrong}: its frames may be anybody's", file=sys.stderr)
    for ring in rings:
        if ring.problem:
            print(f"{ring.camera_id}: {ring.problem}", file=sys.stderr)
    return 1 if any(ring.problem for ring in rings) else 0


def _cat(options: argparse.Namespace) -> int:
    try:
        from PIL import Image
    except ImportError:
        return _fail("cat needs Pillow: pip install pillow")
    if options.out.suffix.lower() not in Image.registered_extensions():
        return _fail(f"--out: {options.out.name!r} does not end like a picture, .png say", 2)

    from kernel.colour import to_rgb
    from kernel.reader import FrameReader

    with FrameReader(options.camera, base_dir=options.dir) as reader:
        frame = reader.latest() or reader.next(timeout_s=options.timeout)
    if frame is None:
        return _fail(
            f"no frame of camera {options.camera!r} in {options.dir} within {options.timeout:g} s"
        )
    rgb = to_rgb(frame.y, frame.uv, matrix=options.matrix, range_=options.range)
    Image.fromarray(rgb).save(options.out)
    print(
        f"{options.out}: {frame.spec.width_px}x{frame.spec.height_px}, "
        f"frame {frame.frame_id}, {frame.age:.3f} s old"
    )
    return 0


def _clean(options: argparse.Namespace) -> int:
    for camera_id in remove_dead(options.dir):
        print(f"removed {camera_id}")
    left = [ring.camera_id for ring in list_rings(options.dir) if not ring.owned]
    if left:
        return _fail(f"not ours to remove: {', '.join(left)}")
    return 0


def _rates(
    before: list[RingInfo], after: list[RingInfo], elapsed_s: float
) -> dict[str, float | None]:
    """Frames a second by camera; None where the writer changed or nothing is known."""
    first = {(ring.camera_id, ring.epoch): ring.sequence for ring in before}
    rates: dict[str, float | None] = {}
    for ring in after:
        start = first.get((ring.camera_id, ring.epoch))
        rates[ring.camera_id] = None
        if start is not None and ring.sequence is not None:
            rates[ring.camera_id] = round((ring.sequence - start) / elapsed_s, 1)
    return rates


def _plain(ring: RingInfo) -> dict[str, Any]:
    fields = asdict(ring)
    spec = fields.pop("spec")
    fields["width_px"] = spec and spec["width_px"]
    fields["height_px"] = spec and spec["height_px"]
    return fields


def _row(ring: RingInfo, fps: float | None) -> tuple[str, ...]:
    spec = ring.spec
    return (
        ring.camera_id,
        "-" if spec is None else f"{spec.width_px}x{spec.height_px}",
        "-" if fps is None else f"{fps:.1f}",
        "-" if ring.age is None else f"{ring.age:.3f} s",
        _text(ring.epoch),
        _text(ring.writer_pid),
        _text(ring.capacity),
        f"{ring.memory_bytes / 1e6:.1f} MB",
        "unreadable" if ring.problem else _STATES[ring.owned],
    )


def _print_table(rows: list[tuple[str, ...]]) -> None:
    table = [_HEADINGS, *rows]
    widths = [max(len(row[column]) for row in table) for column in range(len(_HEADINGS))]
    for row in table:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        print("  ".join(cells).rstrip())


def _text(value: object) -> str:
    return "-" if value is None else str(value)


def _folder(text: str) -> str:
    if not os.path.isabs(text):
        raise argparse.ArgumentTypeError(f"must be an absolute path, not {text!r}")
    return text


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 <= seconds <= 3600:
        raise argparse.ArgumentTypeError(f"must be a number of seconds from 0 to 3600: {text!r}")
    return seconds


def _fail(message: str, code: int = 1) -> int:
    print(f"python -m kernel: {message}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
