"""Frames as tensors of PyTorch, in the ring's own memory.

python -m kernel.examples.pytorch CAMERA
"""

import sys

import torch

from kernel import FrameReader, wait_any


def main(camera_id: str) -> None:
    """Print how bright the camera is until it ends."""
    with FrameReader(camera_id) as reader:
        while wait_any([reader], timeout_s=10):
            with reader.view() as view:
                if view is None:
                    return
                # No copy. torch.from_numpy makes none either, but warns of read-only memory.
                luma = torch.from_dlpack(view.y)
                bright = luma.float().mean()
            if view.whole:  # else the writer had filled the slot again meanwhile
                print(f"frame {view.frame_id}: {bright:.0f}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
