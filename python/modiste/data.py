"""Sets of images by name or path."""

import json
import os
import warnings
from typing import NamedTuple

import numpy as np

from modiste import _modiste


class Data(NamedTuple):
    """A set of images: arrays of bytes `(n, height, width)`, or `(n, height, width, 3)` in colour, and labels `(n,)`.

    It can be taken apart: `X_train, y_train, X_test, y_test = modiste.load_data("fashion-mnist")[:4]`.
    """

    X_train: np.ndarray
    y_train: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray
    X_validation: "np.ndarray | None"
    y_validation: "np.ndarray | None"
    class_names: "list[str]"
    name: str

    def __repr__(self):
        shape = "x".join(map(str, self.X_train.shape[1:]))
        held_out = "" if self.X_validation is None else f"{len(self.X_validation):,} validation, "
        return (
            f"<{self.name}: {len(self.X_train):,} training, {held_out}{len(self.X_test):,} test images of {shape}, "
            f"{len(self.class_names)} classes>"
        )


def load_data(source="fashion-mnist", *, data_dir=None):
    """Reads a set of images.

    Parameters
    ----------
    source : str or path, default="fashion-mnist"
        A set that is known by name, which is downloaded where it is not there yet, "drawn-garments", or the path of images: a
        folder for each class, .npz, .csv, .parquet, CIFAR's or IDX files, or an archive of any of these.
    data_dir : str or path, default=None
        Where known sets are kept. By default what ``$MODISTE_DATA`` says, else the user's cache.

    Returns
    -------
    Data
        Images and labels of each part. Where a set has no test images, some of its images are taken for them.
    """
    return _data(_modiste.load_data(os.fspath(source), _path(data_dir), None, warnings.warn))


def data_of(model, data_dir=None):
    """The images that a model was trained on, read as they were read for that."""
    return _data(_modiste.load_data("", _path(data_dir), model, warnings.warn))


def data_check(source, *, data_dir=None):
    """Looks at a set of images before anything is trained on it: what is in it, and what is wrong with it.

    Parameters
    ----------
    source : str or path
        As for `load_data`.
    data_dir : str or path, default=None
        As for `load_data`.

    Returns
    -------
    dict
        "images" and "classes" count, "duplicates" are images that are there more than once, "left_out" files that were not read,
        and "notes" what somebody should know who trains on it, the gravest first: each has a "kind" and a "text".
    """
    return json.loads(_modiste.check_data(os.fspath(source), _path(data_dir), warnings.warn))


def _path(data_dir):
    return None if data_dir is None else os.fspath(data_dir)


def _data(found):
    parts = {part: _grey(*found[part]) if part in found else (None, None) for part in ("train", "validation", "test")}
    names = {f"{name}_{part}": array for part, arrays in parts.items() for name, array in zip("Xy", arrays)}
    return Data(**names, class_names=found["class_names"], name=found["name"])


def _grey(images, labels):
    """Without the channels, where there is one."""
    return (images[..., 0] if images.shape[3] == 1 else images), labels
