"""A classifier of ONNX Runtime, whose input is NCHW, float32, RGB from 0 to 1, on a camera.

python -m kernel.examples.onnx_runtime MODEL CAMERA
"""

import sys

import numpy as np
import onnxruntime

from kernel import FrameReader, to_rgb


def main(model: str, camera_id: str) -> None:
    """Print the class of five frames a second until the camera ends."""
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    with FrameReader(camera_id) as reader:
        for frame in reader.frames(max_fps=5, until_end=True):
            rgb = to_rgb(frame.y, frame.uv)
            batch = rgb.transpose(2, 0, 1)[None].astype(np.float32) / 255
            (scores, *_) = session.run(None, {name: batch})
            print(f"frame {frame.frame_id}: class {np.argmax(scores)}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
