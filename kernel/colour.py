"""NV12 to RGB and BGR.

NV12 is 4:2:0: a plane of luma, one byte for each pixel, and below it a plane of half the height
in which Cb and Cr alternate, one pair for each two by two pixels.

The formula is that of ITU-R BT.601-7 (section 2.5) and ITU-R BT.709-6 (section 3), solved for R,
G and B; full range is that of ITU-T T.871 (JFIF):

    R = Y + 2 (1 - Kr) Cr
    B = Y + 2 (1 - Kb) Cb
    G = Y - 2 (1 - Kb) Kb / Kg Cb - 2 (1 - Kr) Kr / Kg Cr         Kg = 1 - Kr - Kb

with Kr, Kb = 0.299, 0.114 (BT.601) or 0.2126, 0.0722 (BT.709). Limited range has
Y = (y - 16) / 219 and C = (c - 128) / 224, full range Y = y / 255 and C = (c - 128) / 255.
A pair of Cb and Cr is used as it is for its four pixels (nearest neighbour), and what falls
outside 0 to 255 is clipped. Where OpenCV can be imported it converts, some ten times as quick; the
two differ by one step at most.
"""

import functools
import importlib
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

U8Array = npt.NDArray[np.uint8]
Matrix = Literal["bt601", "bt709"]
Range = Literal["limited", "full"]

_KR_KB: dict[str, tuple[float, float]] = {"bt601": (0.299, 0.114), "bt709": (0.2126, 0.0722)}
# Sums of luma and chroma in 1/32 of a step stay below 2**15: int16 is enough, which is quick.
_FRACTION_BITS = 5
# Rows of chroma converted at once: few enough to stay in the processor's cache on the way, and for
# OpenCV for the allocator to keep what is needed in between.
_BAND_ROWS = 16
_OPENCV_ROWS = 128


def to_rgb(
    y: U8Array,
    uv: U8Array,
    *,
    matrix: Matrix = "bt709",
    range_: Range = "limited",
    out: U8Array | None = None,
) -> U8Array:
    """An NV12 picture as RGB: uint8 of shape (height, width, 3).

    `y` has shape (height, width), `uv` (height / 2, width / 2, 2), as those of a frame.
    `out` takes the result instead of a fresh array. Raises ValueError when shapes do not fit or
    a name is not known.
    """
    return _convert(y, uv, matrix, range_, out, order=[0, 1, 2])


def to_bgr(
    y: U8Array,
    uv: U8Array,
    *,
    matrix: Matrix = "bt709",
    range_: Range = "limited",
    out: U8Array | None = None,
) -> U8Array:
    """The same as `to_rgb`, with the channels in the order of OpenCV: blue, green, red."""
    return _convert(y, uv, matrix, range_, out, order=[2, 1, 0])


@functools.cache
def _opencv() -> Any:
    """The module cv2; None: it is not installed."""
    try:
        return importlib.import_module("cv2")
    except ImportError:
        return None


@functools.cache
def _affine(matrix: str, range_: str) -> npt.NDArray[np.float64]:
    """Red, green and blue by y, Cb, Cr and 1: a row for each."""
    if matrix not in _KR_KB:
        raise ValueError(f"the matrix must be one of {', '.join(_KR_KB)}, got {matrix!r}")
    if range_ not in ("limited", "full"):
        raise ValueError(f"the range must be limited or full, got {range_!r}")
    kr, kb = _KR_KB[matrix]
    kg = 1 - kr - kb
    light, colour, black = (255 / 219, 255 / 224, 16) if range_ == "limited" else (1.0, 1.0, 0)
    red, blue = 2 * (1 - kr) * colour, 2 * (1 - kb) * colour
    factors = np.array(
        [[light, 0, red], [light, -blue * kb / kg, -red * kr / kg], [light, blue, 0]]
    )
    return np.column_stack([factors, factors @ [-black, -128, -128]])


@functools.cache
def _tables(matrix: str, range_: str) -> npt.NDArray[np.int16]:
    """What each byte of y, Cb and Cr gives for red, green and blue, in 1/32: (3, 3, 256).

    What is constant is in that of Cb, with half a step: the shift at the end then rounds.
    """
    affine = _affine(matrix, range_) * (1 << _FRACTION_BITS)
    exact = affine[:, :3, None] * np.arange(256)
    exact[:, 1] += affine[:, 3:] + (1 << _FRACTION_BITS) / 2
    return np.rint(exact).astype(np.int16)


def _convert(
    y: U8Array,
    uv: U8Array,
    matrix: Matrix,
    range_: Range,
    out: U8Array | None,
    order: list[int],
) -> U8Array:
    affine = _affine(matrix, range_)[order]
    height, width = y.shape
    if uv.shape != (height // 2, width // 2, 2) or height % 2 or width % 2:
        raise ValueError(f"planes of shapes {y.shape} and {uv.shape} are not one NV12 picture")
    out = np.empty((height, width, 3), dtype=np.uint8) if out is None else out
    if out.shape != (height, width, 3) or out.dtype != np.uint8:
        raise ValueError(
            f"the result is uint8 of shape {(height, width, 3)}, got {out.dtype} of {out.shape}"
        )
    # OpenCV writes through rows with a gap behind them; what is strided otherwise it would copy.
    if _opencv() and all(one.strides[0] > 0 and one[0].flags.c_contiguous for one in (y, uv, out)):
        _convert_by_opencv(y, uv, affine, out)
    else:
        _convert_by_numpy(y, uv, _tables(matrix, range_)[order], out)
    return out


def _convert_by_opencv(
    y: U8Array, uv: U8Array, affine: npt.NDArray[np.float64], out: U8Array
) -> None:
    cv2 = _opencv()
    # It rounds factors to 1/1024. What is constant is chosen so that grey stays exact.
    factors = np.rint(affine[:, :3] * 1024) / 1024
    rounded = np.column_stack([factors, affine @ [128, 128, 128, 1] - factors @ [128, 128, 128]])
    for top in range(0, len(uv), _OPENCV_ROWS):
        planes = cv2.split(uv[top : top + _OPENCV_ROWS])
        cb, cr = (cv2.merge([one, one]).reshape(len(one), y.shape[1]) for one in planes)
        for line in (0, 1):  # the two lines that a row of chroma is for
            lines = slice(2 * top + line, 2 * (top + len(cb)), 2)
            cv2.transform(cv2.merge([y[lines], cb, cr]), rounded, dst=out[lines])


def _convert_by_numpy(y: U8Array, uv: U8Array, tables: npt.NDArray[np.int16], out: U8Array) -> None:
    height, width = y.shape
    wide = np.empty((min(_BAND_ROWS, height // 2), width // 2, 2), dtype=np.int16)
    for top in range(0, height // 2, _BAND_ROWS):
        cb, cr = uv[top : top + _BAND_ROWS, :, 0], uv[top : top + _BAND_ROWS, :, 1]
        lines, rows = slice(2 * top, 2 * (top + len(cb))), len(cb)
        light = _look_up(tables[0, 0], y[lines]).reshape(rows, 2, width)
        for channel, (_, of_cb, of_cr) in enumerate(tables):
            spread = wide[:rows]
            spread[...] = (_look_up(of_cb, cb) + _look_up(of_cr, cr))[..., None]
            total = light + spread.reshape(rows, 1, width)
            total >>= _FRACTION_BITS
            np.clip(total, 0, 255, out=total)
            out[lines, :, channel] = total.astype(np.uint8).reshape(2 * rows, width)


def _look_up(table: npt.NDArray[np.int16], index: U8Array) -> npt.NDArray[np.int16]:
    # A byte is always inside a table of 256: "clip" spares numpy the check, and half the time.
    return np.take(table, index, mode="clip")
