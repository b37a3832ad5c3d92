"""Classifies a directory of PNG files with an exported network: Pillow reads them, ONNX Runtime computes."""

import argparse
import json
import os
import pathlib
import platform

import numpy as np
import onnxruntime
from PIL import Image

import timing


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", help="as `modiste export --format onnx` writes it")
    parser.add_argument("pictures", type=pathlib.Path)
    parser.add_argument("--batch", type=int, default=500)
    options = parser.parse_args()

    session = onnxruntime.InferenceSession(options.model, providers=["CPUExecutionProvider"])
    files = sorted(options.pictures.iterdir())
    classes = []
    for first in range(0, len(files), options.batch):
        batch = [np.asarray(Image.open(file).convert("L"), np.float32) for file in files[first : first + options.batch]]
        (probabilities,) = session.run(["probabilities"], {"images": np.stack(batch)[:, None]})
        classes.extend(probabilities.argmax(axis=1).tolist())
    told = {
        "peer": "ONNX Runtime",
        "version": onnxruntime.__version__,
        "python": platform.python_version(),
        "threads": len(os.sched_getaffinity(0)),
        "classes": classes,
        "peak_memory_bytes": timing.peak_memory_bytes(),
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main()
