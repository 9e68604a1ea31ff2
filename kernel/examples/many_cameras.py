"""Many cameras and one model, in one process that sleeps until any of them has a frame.

python -m kernel.examples.many_cameras CAMERA...
"""

import sys

import numpy as np
import numpy.typing as npt

from kernel import FrameReader, wait_any


def model(batch: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    """A real one's place: how bright each picture is."""
    brightness: npt.NDArray[np.float64] = batch.mean(axis=(1, 2))
    return brightness


def small(y: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """16x16 pixels: cameras differ in size, a batch has one."""
    return y[:: y.shape[0] // 16, :: y.shape[1] // 16][:16, :16]


def main(*camera_ids: str) -> None:
    """Print what the model says until there was no frame for ten seconds."""
    readers = [FrameReader(camera_id) for camera_id in camera_ids]
    while ready := wait_any(readers, timeout_s=10):
        taken = [(reader.camera_id, frame) for reader in ready if (frame := reader.latest())]
        if taken:
            results = model(np.stack([small(frame.y) for _, frame in taken]))
            for (camera_id, frame), result in zip(taken, results, strict=True):
                print(f"{camera_id}, frame {frame.frame_id}: {result:.0f}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
