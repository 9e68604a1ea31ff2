"""Motion by OpenCV: how much of the picture changed since the one before, twice a second.

python -m kernel.examples.opencv CAMERA
"""

import sys

import cv2

from kernel import FrameReader


def main(camera_id: str) -> None:
    """Print it until the camera ends."""
    before = None
    with FrameReader(camera_id) as reader:
        for frame in reader.frames(max_fps=2, until_end=True):
            small = cv2.resize(frame.y, (320, 180), interpolation=cv2.INTER_AREA)
            if before is not None:
                moved = (cv2.absdiff(small, before) > 25).mean()
                print(f"frame {frame.frame_id}: {moved:.0%} moved", flush=True)
            before = small


if __name__ == "__main__":
    main(sys.argv[1])
