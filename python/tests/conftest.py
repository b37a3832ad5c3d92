"""What the tests share."""

import os
import pathlib
import shutil

import numpy as np
import pytest

# A network so small that it is trained in no time.
SMALL = {
    "name": "small",
    "layers": [
        {"type": "conv", "filters": 4, "kernel": 3, "stride": 2, "activation": "relu"},
        {"type": "flatten"},
        {"type": "dense", "activation": "softmax"},
    ],
    "data": {"validation": 0.0},
    "training": {"epochs": 6, "batch": 16},
}


@pytest.fixture
def recipe():
    return SMALL


@pytest.fixture(scope="session")
def shapes():
    """Images of bytes `(240, 8, 8)`, of bright upper halves, left halves and middles, and their labels."""
    random = np.random.default_rng(7)
    labels = np.arange(240) % 3
    images = random.integers(0, 90, (240, 8, 8))
    images[labels == 0, :4] += 120
    images[labels == 1, :, :4] += 120
    images[labels == 2, 2:6, 2:6] += 120
    return images.astype(np.uint8), np.array(["top", "left", "middle"])[labels]


@pytest.fixture(scope="session")
def program():
    """The program `modiste`, by `$MODISTE_PROGRAM` or the search path."""
    found = os.environ.get("MODISTE_PROGRAM") or shutil.which("modiste")
    if not found:
        pytest.skip("there is no program: name it by $MODISTE_PROGRAM")
    return pathlib.Path(found)
