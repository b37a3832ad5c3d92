"""Fashion-MNIST's training images as the peers take them, from the official files below $MODISTE_DATA."""

import gzip
import os
import pathlib
import sys

import numpy as np

NAMES = {"images": "train-images-idx3-ubyte.gz", "labels": "train-labels-idx1-ubyte.gz"}


def training(count):
    """The first `count` images, f32 [count, 28, 28] in [-1, 1], and their labels, i64 [count]."""
    images = read("images", header=16)[: count * 28 * 28].reshape(-1, 28, 28)
    if len(images) < count:
        sys.exit(f"Fashion-MNIST has {len(images)} training images, not {count}")
    scaled = (images.astype(np.float32) / 255 - 0.5) * 2
    return scaled, read("labels", header=8)[:count].astype(np.int64)


def read(kind, header):
    """The bytes of a file after its header."""
    root = os.environ.get("MODISTE_DATA") or sys.exit("$MODISTE_DATA is not set: it names the directory of the data")
    for directory in (pathlib.Path(root), pathlib.Path(root, "fashion-mnist")):
        path = directory / NAMES[kind]
        if path.exists():
            return np.frombuffer(gzip.decompress(path.read_bytes()), np.uint8, offset=header)
    sys.exit(f"$MODISTE_DATA has no {NAMES[kind]}: `modiste data fetch fashion-mnist` downloads it")
