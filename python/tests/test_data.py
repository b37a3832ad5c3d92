"""Sets of images by name and path."""

import numpy as np
import pytest

import modiste


@pytest.fixture
def npz(shapes, tmp_path):
    images, labels = shapes
    numbers = np.unique(labels, return_inverse=True)[1]
    path = tmp_path / "shapes.npz"
    np.savez(path, x_train=images, y_train=numbers, x_test=images[:30], y_test=numbers[:30])
    return path


def test_a_set_is_arrays(npz, shapes):
    data = modiste.load_data(npz)
    assert (data.X_train == shapes[0]).all() and data.X_train.dtype == np.uint8
    assert data.X_test.shape == (30, 8, 8) and data.y_test.shape == (30,) and len(data.class_names) == 3
    assert "240 training, 30 test images of 8x8, 3 classes" in repr(data)
    X_train, y_train, X_test, y_test = data[:4]
    assert len(X_train) == len(y_train) and len(X_test) == len(y_test)


def test_colours_keep_their_channels(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (20, 6, 5, 3), dtype=np.uint8)
    np.savez(
        tmp_path / "colours.npz", x_train=images, y_train=np.arange(20) % 2, x_test=images, y_test=np.arange(20) % 2
    )
    assert (modiste.load_data(tmp_path / "colours.npz").X_test == images).all()


def test_what_is_wrong_with_a_set_is_said(npz):
    found = modiste.data_check(npz)
    assert found["images"]["train"] == 240 and found["duplicates"]["across"] == 30
    assert found["form"] == "npz" and any("test" in note["text"] for note in found["notes"])


def test_sets_that_are_not_there_are_said(tmp_path):
    with pytest.raises(FileNotFoundError, match="mnust"):
        modiste.load_data("mnust")
    with pytest.raises(OSError):
        modiste.load_data(tmp_path / "nothing.npz")
    with pytest.raises(FileNotFoundError, match="is not a run directory"):
        modiste.Run(tmp_path)
