"""Classifiers of small images, with scikit-learn's interface."""

import json
import os
import tempfile
from numbers import Integral, Real
from pathlib import Path

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, column_or_1d

from modiste import _sklearn
from modiste._images import Range, images_of, shape_of
from modiste._modiste import Model, built_in_recipes, train
from modiste._progress import Progress
from modiste._seed import seed_of
from modiste._threads import thread_count

# Labels are bytes.
_MOST_CLASSES = 256
_MODEL_FILE = "model.safetensors"


def recipes():
    """The names of the recipes that come with modiste.

    Returns
    -------
    list of str
        "auto", which is chosen for the images, and the others.
    """
    return built_in_recipes()


class ImageClassifier(ClassifierMixin, BaseEstimator):
    """Learns to tell small images apart.

    With the same recipe, images and seed, its weights are those of the program `modiste train`, bit for bit.

    Parameters
    ----------
    recipe : str, path or dict, default="auto"
        What is trained, and how: "auto", which is chosen for the images, one of `modiste.recipes()`, the path of a recipe's file,
        or a dict of what would stand in such a file.
    epochs : int, default=None
        Passes over the training images. By default what the recipe says.
    batch_size : int, default=None
        Images of a step. By default what the recipe says.
    validation : float or "auto", default="auto"
        The share of the images that is held out of training and measured after each epoch. By default what the recipe says; where
        it says "test", nothing is held out. What is given to `fit` as `validation_data` comes before it.
    image_shape : tuple of int, default=None
        Height and width, or height, width and channels, of images that are given as rows. By default they are square.
    random_state : int, RandomState instance or None, default=None
        What all that is random follows from. An integer gives the same weights on any number of threads.
    n_jobs : int, default=None
        Threads. By default as many as there are cores, or as ``$OMP_NUM_THREADS`` says; -1 is all cores.
    verbose : int, default=0
        Whether to say how it goes: a bar on terminals and in notebooks, elsewhere a line for each epoch.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels, in the order of the columns of probabilities.
    history_ : dict of list
        What each epoch came to: "epoch", "train_loss", "train_accuracy", "validation_loss" and so on. Losses are in nats,
        accuracies shares of one. `pandas.DataFrame(history_)` is a table of it.
    image_shape_ : tuple of int
        Height, width and channels of an image.
    pixel_range_ : tuple of float
        The values that were taken for black and white: those of bytes, 0 and 255, unless images were of floats.
    model_ : Model
        The trained network.
    n_features_in_ : int
        Values of an image.

    Examples
    --------
    >>> import numpy as np
    >>> from modiste import ImageClassifier
    >>> labels = np.arange(200) % 2
    >>> images = np.full((200, 8, 8), 40, np.uint8) + labels[:, None, None].astype(np.uint8) * 120
    >>> classifier = ImageClassifier(epochs=1, random_state=0).fit(images, labels)
    >>> classifier.predict_proba(images).shape
    (200, 2)
    """

    def __init__(
        self,
        recipe="auto",
        *,
        epochs=None,
        batch_size=None,
        validation="auto",
        image_shape=None,
        random_state=None,
        n_jobs=None,
        verbose=0,
    ):
        self.recipe = recipe
        self.epochs = epochs
        self.batch_size = batch_size
        self.validation = validation
        self.image_shape = image_shape
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.verbose = verbose

    def fit(self, X, y, *, validation_data=None):
        """Trains a network.

        Ctrl-C stops it within a step, and leaves this estimator as it was.

        Parameters
        ----------
        X : array-like of shape (n, height, width), (n, height, width, channels) or (n, values)
            Images, of bytes or of floats whose range is recognised: [0, 1], [-1, 1] or [0, 255], else from the least to the
            largest. They become bytes.
        y : array-like of shape (n,)
            Labels, numbers or strings, at most 256 different ones.
        validation_data : tuple of (X, y), default=None
            Images that are not learned from, measured after each epoch.

        Returns
        -------
        ImageClassifier
            This estimator.
        """
        X, y = self._arrays(X, y)
        check_classification_targets(y)
        classes, numbers = np.unique(y, return_inverse=True)
        if len(classes) > _MOST_CLASSES:
            raise ValueError(f"there are {len(classes)} classes, and no more than {_MOST_CLASSES} can be learned")
        if len(classes) < 2:
            raise ValueError(f"Classifier can't train when only one class is present, and all are {classes[0]!r}")
        shape, pixel_range = shape_of(X, self.image_shape), Range.of(X)
        images = images_of(X, shape, pixel_range), numbers.astype(np.uint8)
        held_out = None
        if validation_data is not None:
            held_out = self._held_out(*validation_data, classes, shape, pixel_range)
        progress = Progress(self.verbose)
        if X.dtype != np.uint8:
            progress.say(f"values are taken to be in {pixel_range.name}")
        settings = {
            "class_names": [str(name) for name in classes],
            **self._recipe(),
            "epochs": self._count("epochs"),
            "batch": self._count("batch_size"),
            "validation": None if validation_data is not None else self._share(),
            "seed": seed_of(self.random_state),
            "threads": thread_count(self.n_jobs),
        }
        with tempfile.TemporaryDirectory(prefix="modiste-") as directory:
            run = Path(directory, "run")
            records = train(images, held_out, settings, run, progress)
            model = Model.open(run / _MODEL_FILE)
        # Only now: what interrupts leaves everything as it was.
        self.classes_, self.model_, self.history_ = classes, model, _history(records)
        self.image_shape_, self.pixel_range_ = shape, (pixel_range.low, pixel_range.high)
        self.n_iter_ = len(records)
        return self

    def predict(self, X):
        """The label of each image.

        Parameters
        ----------
        X : array-like of shape (n, height, width), (n, height, width, channels) or (n, values)
            Images.

        Returns
        -------
        ndarray of shape (n,)
            Labels.
        """
        best = self._logits(X).argmax(axis=1)
        return self.classes_[best]

    def predict_proba(self, X):
        """The probability of each class.

        Parameters
        ----------
        X : array-like of shape (n, height, width), (n, height, width, channels) or (n, values)
            Images.

        Returns
        -------
        ndarray of shape (n, n_classes)
            Probabilities, those of each image summing to 1.
        """
        images = self._images(X)
        found = self.model_.probabilities(images, self._threads()).astype(np.float64)
        return found / found.sum(axis=1, keepdims=True)

    def decision_function(self, X):
        """The logits: what probabilities are made of.

        Parameters
        ----------
        X : array-like of shape (n, height, width), (n, height, width, channels) or (n, values)
            Images.

        Returns
        -------
        ndarray of shape (n, n_classes), or (n,) of two classes
            Logits; of two classes that of the second less that of the first.
        """
        logits = self._logits(X).astype(np.float64)
        return logits[:, 1] - logits[:, 0] if len(self.classes_) == 2 else logits

    def features(self, X):
        """What the last layer decides by: numbers that tell how images look to the network.

        Parameters
        ----------
        X : array-like of shape (n, height, width), (n, height, width, channels) or (n, values)
            Images.

        Returns
        -------
        ndarray of shape (n, n_features)
            Features, of 32-bit floats: `TSNE` makes a map of them.
        """
        images = self._images(X)
        return self.model_.features(images, self._threads())

    def explain(self, X):
        """What each pixel does for the class that an image is taken for.

        Parameters
        ----------
        X : array-like of shape (n, height, width), (n, height, width, channels) or (n, values)
            Images.

        Returns
        -------
        ndarray of shape (n, height, width)
            How far the log-odds of the class fall, in nats, where the pixel is hidden: above 0 it speaks for the class.
        """
        images = self._images(X)
        return self.model_.occlusion(images, self._threads())

    def summary(self):
        """The layers of the trained network.

        Returns
        -------
        dict of list
            "layer", "type" as Keras calls it, "output_shape", "parameters" and "multiply_adds" of the forward pass, per image.
            `pandas.DataFrame(classifier.summary())` is a table of it.
        """
        check_is_fitted(self)
        names = ("layer", "type", "output_shape", "parameters", "multiply_adds")
        return {name: list(values) for name, values in zip(names, zip(*self.model_.layers()))}

    def save(self, path):
        """Writes the trained network as the program has it: `modiste evaluate PATH` and `modiste predict PATH` read it.

        Parameters
        ----------
        path : str or path
            The file.
        """
        check_is_fitted(self)
        self.model_.save(os.fspath(path))

    @classmethod
    def load(cls, path, **parameters):
        """A trained network of a file or a run directory of the program.

        Parameters
        ----------
        path : str or path
            A model file or a run directory.
        **parameters
            Those of the estimator, such as `n_jobs`.

        Returns
        -------
        ImageClassifier
            A fitted estimator. Its labels are what the classes are called, or numbers where all are called by numbers.
        """
        path = Path(path)
        model = Model.open(path / _MODEL_FILE if path.is_dir() else path)
        estimator = cls(**parameters)
        estimator.model_, estimator.classes_ = model, labels_of(model.class_names)
        estimator.image_shape_, estimator.pixel_range_ = model.image_shape, (0.0, 255.0)
        estimator.n_features_in_ = int(np.prod(model.image_shape))
        return estimator

    def export_onnx(self, path, *, layout="nchw", input="f32", views=False):
        """Writes the network as an ONNX file.

        Parameters
        ----------
        path : str or path
            The file.
        layout : "nchw" or "nhwc", default="nchw"
            The order of the input's values.
        input : "f32" or "u8", default="f32"
            The type of the input's values, which are from 0 to 255 either way.
        views : bool, default=False
            Whether the graph looks at mirrored and shifted images as well, where the recipe says so.
        """
        check_is_fitted(self)
        for name, value, known in (("layout", layout, ("nchw", "nhwc")), ("input", input, ("f32", "u8"))):
            if value not in known:
                raise ValueError(f"{name} is {value!r}: give one of {', '.join(known)}")
        self.model_.save_onnx(os.fspath(path), layout == "nchw", input == "u8", views)

    def _arrays(self, X, y):
        X, shape = _rows(X)
        X, y = _sklearn.validate_data(self, X, y, dtype="numeric", ensure_min_samples=2, multi_output=True)
        return _numbers(X).reshape(len(X), *shape), column_or_1d(y, warn=True)

    def _images(self, X):
        check_is_fitted(self)
        X, shape = _rows(X)
        X = _numbers(_sklearn.validate_data(self, X, dtype="numeric", reset=False)).reshape(len(X), *shape)
        shape = shape_of(X, self.image_shape_)
        if shape != tuple(self.image_shape_):
            raise ValueError(f"images are of {shape}, and the network takes {tuple(self.image_shape_)}")
        return images_of(X, shape, Range(*self.pixel_range_))

    def _logits(self, X):
        images = self._images(X)
        return self.model_.logits(images, self._threads())

    def _held_out(self, X, y, classes, shape, pixel_range):
        X = _numbers(np.asarray(X))
        if not np.isfinite(X).all():
            raise ValueError("validation_data has values that are not finite: leave such images out")
        y = column_or_1d(np.asarray(y))
        if len(X) != len(y):
            raise ValueError(f"validation_data has {len(X)} images and {len(y)} labels: give one for each")
        numbers = np.searchsorted(classes, y).clip(max=len(classes) - 1)
        if (classes[numbers] != y).any():
            raise ValueError("validation_data has labels that y has not: leave such images out")
        if int(np.prod(X.shape[1:])) != int(np.prod(shape)):
            raise ValueError(f"validation_data has images of {X.shape[1:]}, and X of {shape}: give the same")
        return images_of(X, shape, pixel_range), numbers.astype(np.uint8)

    def _recipe(self):
        if isinstance(self.recipe, dict):
            return {"recipe": "", "recipe_json": json.dumps(self.recipe, default=os.fspath)}
        return {"recipe": os.fspath(self.recipe), "recipe_json": None}

    def _count(self, name):
        value = getattr(self, name)
        if value is None:
            return None
        if not isinstance(value, Integral) or value < 1:
            raise ValueError(f"{name} is {value!r}: give a whole number of at least 1, or None")
        return int(value)

    def _share(self):
        if isinstance(self.validation, str) and self.validation == "auto":
            return None
        if not isinstance(self.validation, Real) or not 0 <= self.validation < 1:
            raise ValueError(f"validation is {self.validation!r}: give a share of the images from 0 up to 1, or 'auto'")
        return float(self.validation)

    def _threads(self):
        return thread_count(self.n_jobs)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        # Small tables of two numbers are no images.
        tags.classifier_tags.poor_score = True
        return tags

    def _more_tags(self):
        # As scikit-learn below 1.6 has them.
        return {"poor_score": True}


def labels_of(names):
    """Classes as labels: numbers where all are called by numbers."""
    if all(name.isascii() and name.isdecimal() for name in names):
        return np.array([int(name) for name in names])
    return np.array(names)


def _rows(X):
    """Images as scikit-learn checks them, a row each, and the shape that they have in X."""
    if not hasattr(X, "shape"):
        X = np.asarray(X)
    if len(X.shape) not in (3, 4):
        return X, (-1,)
    X = np.asarray(X)
    return X.reshape(len(X), -1) if len(X) else X.reshape(0, int(np.prod(X.shape[1:]))), X.shape[1:]


def _numbers(X):
    if X.dtype.kind not in "buif":
        raise ValueError(f"images are of {X.dtype}: give numbers, bytes or floats")
    return X


def _history(records):
    epochs = [json.loads(record) for record in records]
    columns = {name: [epoch[name] for epoch in epochs] for name in (epochs[0] if epochs else {})}
    return {name: values for name, values in columns.items() if any(value is not None for value in values)}
