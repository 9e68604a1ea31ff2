"""Frames that PyAV decodes, from a file or an address, into a camera's ring.

AI_FRAME_EXPORT_ENABLED=true python -m kernel.examples.pyav SOURCE CAMERA
"""

import sys

import av

from kernel import close_frame_taps, tap_frame


def main(source: str, camera_id: str) -> None:
    """Export until the source ends."""
    with av.open(source) as container:
        for frame in container.decode(video=0):
            tap_frame(camera_id, frame.to_ndarray(format="nv12"))
    close_frame_taps()


if __name__ == "__main__":
    main(*sys.argv[1:])
