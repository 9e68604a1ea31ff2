"""NV12 to RGB and BGR, held against FFmpeg's own conversion."""

import subprocess

import imageio_ffmpeg
import numpy as np
import numpy.typing as npt
import pytest

from kernel import colour

WIDTH, HEIGHT = 320, 180
# FFmpeg at its most exact, and with the chroma of the nearest pixel as ours: what differs is
# rounding. Its faster defaults (no accurate_rnd, no full_chroma_int) are up to 3 steps off.
EXACT = "accurate_rnd+full_chroma_int+neighbor"
MOST_STEPS = 1
MOST_STEPS_ON_AVERAGE = 0.05


def planes(frame: colour.U8Array, width: int = WIDTH) -> tuple[colour.U8Array, colour.U8Array]:
    """Y, and pairs of U and V, of an NV12 picture in rows that may be longer."""
    return frame[:HEIGHT, :width], frame[HEIGHT:].reshape(HEIGHT // 2, -1, 2)[:, : width // 2]


def legal(range_: colour.Range) -> tuple[int, int, int, int]:
    """Lowest and highest luma, lowest and highest chroma of a range."""
    return (16, 235, 16, 240) if range_ == "limited" else (0, 255, 0, 255)


def smooth(range_: colour.Range) -> npt.NDArray[np.uint8]:
    """Ramps through every luma and every pair of Cb and Cr."""
    low, high, chroma_low, chroma_high = legal(range_)
    frame = np.empty((HEIGHT * 3 // 2, WIDTH), np.uint8)
    down, right = np.mgrid[0:HEIGHT, 0:WIDTH]
    frame[:HEIGHT] = low + (high - low) * (down + right) / (WIDTH + HEIGHT - 2)
    y, uv = planes(frame)
    down, right = np.mgrid[0 : HEIGHT // 2, 0 : WIDTH // 2]
    uv[..., 0] = chroma_low + (chroma_high - chroma_low) * right / (WIDTH // 2 - 1)
    uv[..., 1] = chroma_low + (chroma_high - chroma_low) * down / (HEIGHT // 2 - 1)
    assert len(np.unique(y)) == high - low + 1
    return frame


def noise(range_: colour.Range) -> npt.NDArray[np.uint8]:
    """Every pixel another colour; in limited range within what the standards allow."""
    low, high, chroma_low, chroma_high = legal(range_)
    random = np.random.default_rng(20)
    luma = random.integers(low, high + 1, (HEIGHT, WIDTH))
    chroma = random.integers(chroma_low, chroma_high + 1, (HEIGHT // 2, WIDTH))
    return np.concatenate([luma, chroma]).astype(np.uint8)


def by_ffmpeg(
    frame: npt.NDArray[np.uint8], matrix: str, range_: str, pixels: str
) -> npt.NDArray[np.uint8]:
    scale = f"scale=in_color_matrix={matrix}:in_range={range_}:out_range=full:flags={EXACT}"
    raw = ["-f", "rawvideo", "-pix_fmt", "nv12", "-s", f"{WIDTH}x{HEIGHT}", "-i", "pipe:0"]
    out = ["-vf", scale, "-pix_fmt", pixels, "-f", "rawvideo", "pipe:1"]
    done = subprocess.run(
        [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", *raw, *out],
        input=frame.tobytes(),
        stdout=subprocess.PIPE,
        check=True,
    )
    return np.frombuffer(done.stdout, np.uint8).reshape(HEIGHT, WIDTH, 3)


@pytest.fixture(params=["numpy", "OpenCV"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Who converts."""
    if request.param == "numpy":
        monkeypatch.setattr(colour, "_opencv", lambda: None)
    else:
        pytest.importorskip("cv2", reason="OpenCV is not installed")
        monkeypatch.delattr(colour, "_convert_by_numpy")
    return str(request.param)


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("picture", [smooth, noise])
@pytest.mark.parametrize("range_", ["limited", "full"])
@pytest.mark.parametrize("matrix", ["bt601", "bt709"])
def test_rgb_and_bgr_equal_ffmpegs_within_one_step(
    matrix: colour.Matrix, range_: colour.Range, picture: object
) -> None:
    frame = smooth(range_) if picture is smooth else noise(range_)
    y, uv = planes(frame)
    for convert, pixels in ((colour.to_rgb, "rgb24"), (colour.to_bgr, "bgr24")):
        ours = convert(y, uv, matrix=matrix, range_=range_).astype(int)
        difference = np.abs(ours - by_ffmpeg(frame, matrix, range_, pixels)).reshape(-1, 3)
        assert difference.max(axis=0).max() <= MOST_STEPS
        assert difference.mean(axis=0).max() <= MOST_STEPS_ON_AVERAGE


@pytest.mark.usefixtures("way")
def test_padding_does_not_change_the_colours() -> None:
    frame = noise("full")
    wide = np.zeros((HEIGHT * 3 // 2, WIDTH + 64), np.uint8)
    wide[:, :WIDTH] = frame
    padded = colour.to_rgb(*planes(wide, WIDTH))
    assert np.array_equal(padded, colour.to_rgb(*planes(frame)))


@pytest.mark.usefixtures("way")
def test_an_array_of_the_callers_takes_the_result() -> None:
    frame = noise("limited")
    y, uv = planes(frame)
    wide = np.zeros((HEIGHT, WIDTH + 8, 3), np.uint8)
    for out in (np.zeros((HEIGHT, WIDTH, 3), np.uint8), wide[:, :WIDTH]):
        assert colour.to_bgr(y, uv, out=out) is out
        assert np.array_equal(out[..., ::-1], colour.to_rgb(y, uv))
    assert not wide[:, WIDTH:].any()


def test_arrays_in_any_order_are_read_and_written() -> None:
    y, uv = planes(noise("limited"))
    plain = colour.to_rgb(y, uv).astype(int)
    out = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
    turned = np.asfortranarray(y)
    for picture, target in (
        ((y, uv), out[..., 1:]),
        ((turned, uv), None),
        ((y, uv), out[::-1, :, :3]),
    ):
        result = colour.to_rgb(*picture, out=target)
        assert np.abs(result - plain).max() <= 1


def test_unknown_names_and_foreign_shapes_are_refused() -> None:
    y, uv = planes(noise("full"))
    with pytest.raises(ValueError, match="bt601, bt709"):
        colour.to_rgb(y, uv, matrix="bt2020")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="limited or full"):
        colour.to_rgb(y, uv, range_="tv")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="not one NV12 picture"):
        colour.to_rgb(y, uv[1:])
    with pytest.raises(ValueError, match="the result is uint8"):
        colour.to_rgb(y, uv, out=np.zeros((2, 2, 3), np.uint8))
