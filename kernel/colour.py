"""NV12 pictures as arrays, and their conversion to RGB and BGR.

NV12 is 4:2:0: a plane of luma, one byte for each pixel, and below it a plane of half the height
in which Cb and Cr alternate, one pair for each two by two pixels. One row of either plane is
`stride_bytes` long, of which the first `width_px` are picture.

The formula is that of ITU-R BT.601-7 (section 2.5) and ITU-R BT.709-6 (section 3), solved for R,
G and B; full range is that of ITU-T T.871 (JFIF):

    R = Y + 2 (1 - Kr) Cr
    B = Y + 2 (1 - Kb) Cb
    G = Y - 2 (1 - Kb) Kb / Kg Cb - 2 (1 - Kr) Kr / Kg Cr         Kg = 1 - Kr - Kb

with Kr, Kb = 0.299, 0.114 (BT.601) or 0.2126, 0.0722 (BT.709). Limited range has
Y = (y - 16) / 219 and C = (c - 128) / 224, full range Y = y / 255 and C = (c - 128) / 255.
A pair of Cb and Cr is used as it is for its four pixels (nearest neighbour), and what falls
outside 0 to 255 is clipped.
"""

import functools
from typing import Literal

import numpy as np
import numpy.typing as npt

U8Array = npt.NDArray[np.uint8]
Matrix = Literal["bt601", "bt709"]
Range = Literal["limited", "full"]

_KR_KB: dict[str, tuple[float, float]] = {"bt601": (0.299, 0.114), "bt709": (0.2126, 0.0722)}
# Sums of luma and chroma in 1/32 of a step stay below 2**15: int16 is enough, which is quick.
_FRACTION_BITS = 5
# Rows of chroma converted at once: few enough to stay in the processor's cache on the way.
_BAND_ROWS = 16


def planes(
    frame: npt.ArrayLike | memoryview,
    width_px: int,
    height_px: int,
    stride_bytes: int | None = None,
) -> tuple[U8Array, U8Array]:
    """The planes of an NV12 frame as views, without a copy.

    y has shape (height, width), uv (height / 2, width / 2, 2) with Cb before Cr. `frame` is
    anything with at least stride * height * 3 / 2 contiguous bytes; without `stride_bytes` rows
    have no padding. Raises ValueError for odd sizes, a stride below the width, and a frame that
    is too short.
    """
    stride = width_px if stride_bytes is None else stride_bytes
    if width_px <= 0 or height_px <= 0 or width_px % 2 or height_px % 2:
        raise ValueError(f"NV12 needs an even width and height above 0, got {width_px}x{height_px}")
    if stride < width_px or stride % 2:
        raise ValueError(f"the stride must be even and at least the width {width_px}, got {stride}")
    flat = _flat(frame)
    size = stride * height_px * 3 // 2
    if flat.size < size:
        raise ValueError(
            f"a frame of {width_px}x{height_px} with stride {stride} has {size} bytes, "
            f"got {flat.size}"
        )
    rows = flat[:size].reshape(height_px * 3 // 2, stride)
    y = rows[:height_px, :width_px]
    pairs = rows[height_px:].reshape(height_px // 2, stride // 2, 2)
    return y, pairs[:, : width_px // 2]


def to_rgb(
    y: U8Array,
    uv: U8Array,
    *,
    matrix: Matrix = "bt709",
    range_: Range = "limited",
    into: U8Array | None = None,
) -> U8Array:
    """An NV12 picture, as `planes` returns it, as RGB: uint8 of shape (height, width, 3).

    `into` takes the result instead of a fresh array. Raises ValueError when shapes do not fit or
    a name is not known.
    """
    return _convert(y, uv, matrix, range_, into, order=(0, 1, 2))


def to_bgr(
    y: U8Array,
    uv: U8Array,
    *,
    matrix: Matrix = "bt709",
    range_: Range = "limited",
    into: U8Array | None = None,
) -> U8Array:
    """The same as `to_rgb`, with the channels in the order of OpenCV: blue, green, red."""
    return _convert(y, uv, matrix, range_, into, order=(2, 1, 0))


def interleave_i420(
    frame: npt.ArrayLike | memoryview, width_px: int, height_px: int, into: U8Array
) -> None:
    """Write an I420 picture into `into` as NV12 of the same size.

    I420 is y, then all Cb, then all Cr, rows without padding: what PyAV calls yuv420p and what
    OpenCV's COLOR_BGR2YUV_I420 makes. Raises ValueError when sizes do not fit.
    """
    y, uv = planes(into, width_px, height_px)
    flat = _flat(frame)
    luma = width_px * height_px
    if flat.size != luma * 3 // 2:
        raise ValueError(
            f"an I420 picture of {width_px}x{height_px} has {luma * 3 // 2} bytes, got {flat.size}"
        )
    y[...] = flat[:luma].reshape(height_px, width_px)
    chroma = flat[luma:].reshape(2, height_px // 2, width_px // 2)
    uv[..., 0] = chroma[0]
    uv[..., 1] = chroma[1]


def _flat(frame: npt.ArrayLike | memoryview) -> U8Array:
    """The bytes of a contiguous frame as one flat view."""
    if isinstance(frame, np.ndarray):
        if frame.dtype != np.uint8 or not frame.flags.c_contiguous:
            raise ValueError("a frame must be contiguous and of type uint8")
        return frame.reshape(-1)
    return np.frombuffer(frame, dtype=np.uint8)  # type: ignore[call-overload, no-any-return]


@functools.cache
def _tables(matrix: str, range_: str) -> tuple[npt.NDArray[np.int16], ...]:
    """What a byte gives, in 1/32: luma, Cr to red, Cb to green, Cr to green, Cb to blue."""
    if matrix not in _KR_KB:
        raise ValueError(f"the matrix must be one of {', '.join(_KR_KB)}, got {matrix!r}")
    if range_ not in ("limited", "full"):
        raise ValueError(f"the range must be limited or full, got {range_!r}")
    kr, kb = _KR_KB[matrix]
    kg = 1 - kr - kb
    byte = np.arange(256, dtype=np.float64)
    luma = (byte - 16) * (255 / 219) if range_ == "limited" else byte
    chroma = (byte - 128) * (255 / 224 if range_ == "limited" else 1.0)
    scale = 1 << _FRACTION_BITS
    # Half a step on top of luma turns the shift at the end into rounding.
    exact = (
        luma * scale + scale / 2,
        chroma * scale * 2 * (1 - kr),
        chroma * scale * -2 * (1 - kb) * kb / kg,
        chroma * scale * -2 * (1 - kr) * kr / kg,
        chroma * scale * 2 * (1 - kb),
    )
    return tuple(np.rint(table).astype(np.int16) for table in exact)


def _look_up(table: npt.NDArray[np.int16], index: U8Array) -> npt.NDArray[np.int16]:
    # A byte is always inside a table of 256: "clip" spares numpy the check, and half the time.
    return np.take(table, index, mode="clip")


def _convert(
    y: U8Array,
    uv: U8Array,
    matrix: Matrix,
    range_: Range,
    into: U8Array | None,
    order: tuple[int, int, int],
) -> U8Array:
    luma, red_cr, green_cb, green_cr, blue_cb = _tables(matrix, range_)
    height, width = y.shape
    if uv.shape != (height // 2, width // 2, 2) or height % 2 or width % 2:
        raise ValueError(f"planes of shapes {y.shape} and {uv.shape} are not one NV12 picture")
    out = np.empty((height, width, 3), dtype=np.uint8) if into is None else into
    if out.shape != (height, width, 3) or out.dtype != np.uint8:
        raise ValueError(
            f"the result is uint8 of shape {(height, width, 3)}, got {out.dtype} of {out.shape}"
        )
    wide = np.empty((min(_BAND_ROWS, height // 2), width // 2, 2), dtype=np.int16)
    for top in range(0, height // 2, _BAND_ROWS):
        pairs = uv[top : top + _BAND_ROWS]
        rows = len(pairs)
        cb, cr = pairs[..., 0], pairs[..., 1]
        lines = slice(2 * top, 2 * (top + rows))
        light = _look_up(luma, y[lines]).reshape(rows, 2, width)
        colours = (
            _look_up(red_cr, cr),
            _look_up(green_cb, cb) + _look_up(green_cr, cr),
            _look_up(blue_cb, cb),
        )
        for channel, colour in zip(order, colours, strict=True):
            spread = wide[:rows]
            spread[..., 0] = colour
            spread[..., 1] = colour
            total = light + spread.reshape(rows, 1, width)
            total >>= _FRACTION_BITS
            np.clip(total, 0, 255, out=total)
            out[lines, :, channel] = total.astype(np.uint8).reshape(2 * rows, width)
    return out
