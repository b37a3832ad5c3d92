"""Fashion-MNIST as the peers take it, from the official files below $MODISTE_DATA."""

import gzip
import os
import pathlib
import sys

import numpy as np

NAMES = {"images": "{}-images-idx3-ubyte.gz", "labels": "{}-labels-idx1-ubyte.gz"}
HEADER = {"images": 16, "labels": 8}
TRAINING_IMAGES = 60_000


def training(count):
    """The first `count` training images, f32 [count, 28, 28] in [-1, 1], and their labels, i64 [count]."""
    images = read("train", "images")[: count * 28 * 28].reshape(-1, 28, 28)
    if len(images) < count:
        sys.exit(f"Fashion-MNIST has {len(images)} training images, not {count}")
    scaled = (images.astype(np.float32) / 255 - 0.5) * 2
    return scaled, read("train", "labels")[:count].astype(np.int64)


def everything():
    """The 60,000 training images, then the 10,000 test images, u8 [70000, 784], and their labels, u8 [70000]."""
    images, labels = (np.concatenate([read(part, kind) for part in ("train", "t10k")]) for kind in NAMES)
    return images.reshape(-1, 28 * 28), labels


def read(part, kind):
    """The bytes of a file after its header."""
    name = NAMES[kind].format(part)
    root = os.environ.get("MODISTE_DATA") or sys.exit("$MODISTE_DATA is not set: it names the directory of the data")
    for directory in (pathlib.Path(root), pathlib.Path(root, "fashion-mnist")):
        path = directory / name
        if path.exists():
            return np.frombuffer(gzip.decompress(path.read_bytes()), np.uint8, offset=HEADER[kind])
    sys.exit(f"$MODISTE_DATA has no {name}: `modiste data fetch fashion-mnist` downloads it")
