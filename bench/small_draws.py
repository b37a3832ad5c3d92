"""Random draws of small sets of images: what is learned from, and what is tested on."""

import base64
import gzip
import hashlib
import io
import pathlib
import re
import struct
import tempfile
from dataclasses import dataclass

import numpy as np
from PIL import Image

from contenders import ProcessFailed, run


@dataclass(frozen=True)
class Draw:
    """Images, u8 [n, height, width] in grey or [n, height, width, 3] in colour, and their labels, u8 [n]."""

    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray

    @property
    def digest(self):
        """Of everything in it."""
        whole = hashlib.sha256()
        for name, array in vars(self).items():
            whole.update(f"{name} {array.shape}".encode() + np.ascontiguousarray(array).tobytes())
        return whole.hexdigest()

    @property
    def facts(self):
        """What the report says of it."""
        return {
            "train": len(self.y_train),
            "test": len(self.y_test),
            "classes": len(np.unique(self.y_test)),
            "least": int(np.bincount(self.y_train).min()),
            "most": int(np.bincount(self.y_train).max()),
            "shape": list(self.x_train.shape[1:]),
        }

    def changed(self, change):
        """The same with images that `change` makes of these."""
        return Draw(change(self.x_train), self.y_train, change(self.x_test), self.y_test)

    def write(self, directory):
        """Writes it for the peers and for modiste, and returns the paths: an archive of arrays, and the same or, in
        grey, a directory of IDX files."""
        archive = directory / "draw.npz"
        np.savez(archive, **vars(self))
        if self.x_train.ndim == 4:
            return archive, archive
        files = directory / "idx"
        files.mkdir()
        for part, images, labels in [("train", self.x_train, self.y_train), ("t10k", self.x_test, self.y_test)]:
            write_idx(files / f"{part}-images-idx3-ubyte", images)
            write_idx(files / f"{part}-labels-idx1-ubyte", labels)
        return archive, files


@dataclass(frozen=True)
class Pool:
    """Images to draw from, and those for tests, of which nothing is learned and nothing chosen."""

    x: np.ndarray
    y: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray

    def only(self, classes):
        """The images of some classes, which are numbered anew."""
        kept = [np.isin(labels, classes) for labels in (self.y, self.y_test)]
        y, y_test = (
            np.searchsorted(classes, labels[where]).astype(np.uint8)
            for labels, where in zip((self.y, self.y_test), kept, strict=True)
        )
        return Pool(self.x[kept[0]], y, self.x_test[kept[1]], y_test)

    def draw(self, counts, dice, validation):
        """So many images of each class. For validation the tests are others of the pool, as many, or as many as the
        class that is left with the fewest allows: they are balanced."""
        order = dice.permutation(len(self.y))
        places = [order[self.y[order] == label] for label in range(len(counts))]
        taken = np.concatenate([of_class[:count] for of_class, count in zip(places, counts, strict=True)])
        taken = dice.permutation(taken)
        if not validation:
            return Draw(self.x[taken], self.y[taken], self.x_test, self.y_test)
        left = [of_class[count:] for of_class, count in zip(places, counts, strict=True)]
        each = min(len(self.y_test) // len(counts), *(len(of_class) for of_class in left))
        tests = np.concatenate([of_class[:each] for of_class in left])
        return Draw(self.x[taken], self.y[taken], self.x[tests], self.y[tests])


def made(counts, tests, picture, dice):
    """A draw of images that are made: `picture` makes one of a class, of which there are `tests` to test on."""
    parts = []
    for numbers in (counts, [tests] * len(counts)):
        labels = dice.permutation(np.repeat(np.arange(len(numbers)), numbers)).astype(np.uint8)
        parts += [np.stack([picture(label, dice) for label in labels]), labels]
    return Draw(*parts)


def fashion(root):
    """Fashion-MNIST, from the official files in or below this directory."""
    names = [f"{part}-{kind}-ubyte.gz" for part in ("train", "t10k") for kind in ("images-idx3", "labels-idx1")]
    for directory in (root, root / "fashion-mnist"):
        if all((directory / name).exists() for name in names):
            return Pool(*(read_idx(directory / name) for name in names))
    raise ProcessFailed(f"{root} has no {names[0]}: `modiste data fetch fashion-mnist --data-dir DIR` gets it")


# Training images of drawn-garments, which come before those for tests.
GARMENTS = 10_000
GARMENTS_SIDE = 28


def garments(program):
    """The set that modiste draws itself. Its map of all images has them, with all their levels, on sheets."""
    with tempfile.TemporaryDirectory() as scratch:
        out = pathlib.Path(scratch, "map")
        words = ["--data", "drawn-garments", "--samples", "all", "--iterations", "1", "--out", str(out), "--quiet"]
        run([program, "embed", *words])
        page = (out / "map.html").read_text(encoding="utf-8")
    labels = np.frombuffer(base64.b64decode(re.search(r'id="labels">([^<]*)<', page)[1]), np.uint8)
    sheets = [Image.open(io.BytesIO(base64.b64decode(text))) for text in re.findall(r'id="sheet-\d+">([^<]*)<', page)]
    tiles = np.concatenate([cut(np.asarray(sheet), GARMENTS_SIDE) for sheet in sheets])[: len(labels)]
    if sheets[0].mode != "L" or len(tiles) < len(labels) or len(labels) <= GARMENTS:
        raise ProcessFailed("the map of drawn-garments has not all images as they are: leave drawn-garments out")
    return Pool(tiles[:GARMENTS], labels[:GARMENTS], tiles[GARMENTS:], labels[GARMENTS:])


def cut(sheet, side):
    """The images of a sheet, row by row."""
    rows, columns = sheet.shape[0] // side, sheet.shape[1] // side
    return sheet.reshape(rows, side, columns, side).swapaxes(1, 2).reshape(-1, side, side)


def digits():
    """The digits that come with scikit-learn, 30% of them for tests: the same ones in every draw, so that they can be
    kept from all that is chosen."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    x, y = load_digits(return_X_y=True)
    images = np.rint(x.reshape(-1, 8, 8) * 255 / 16).astype(np.uint8)
    x, x_test, y, y_test = train_test_split(images, y.astype(np.uint8), test_size=0.3, stratify=y, random_state=0)
    return Pool(x, y, x_test, y_test)


def read_idx(path):
    """An array of a gzipped IDX file of bytes."""
    content = gzip.decompress(path.read_bytes())
    sides = struct.unpack_from(f">{content[3]}I", content, 4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * len(sides)).reshape(sides)


def write_idx(path, array):
    head = struct.pack(f">4B{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
    path.write_bytes(head + array.tobytes())
