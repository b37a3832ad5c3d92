"""Maps of points by t-SNE, with the interface of scikit-learn's."""

import time
import warnings
from numbers import Integral, Real

import numpy as np
from scipy.sparse import issparse
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.metrics import pairwise_distances
from sklearn.utils.validation import check_is_fitted

from modiste import _sklearn
from modiste._modiste import fit_map, transform_map
from modiste._seed import seed_of
from modiste._threads import thread_count

_METHODS = ("auto", "exact", "barnes_hut", "fft")
# Those that are measured in Rust; others are by scikit-learn.
_METRICS = ("euclidean", "cosine")
# Up to so many points exact forces cost no more than others.
_MOST_EXACT = 1500
# Iterations that exaggerate; of short runs no more than a third.
_EARLY = 250
# Iterations from one look at the divergence to the next.
_BETWEEN_REPORTS = 50
# Parameters that have no use here, with their values of which nothing has to be said.
_WITHOUT_USE = {"angle": 0.5}

_warned = set()


class TSNE(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Maps points into the plane so that points that are near each other stay near.

    Parameters, attributes and methods are those of :class:`sklearn.manifold.TSNE`, and `transform` for new points, callbacks and
    several perplexities at once.

    Parameters
    ----------
    n_components : int, default=2
        Dimensions of the map, 2 or 1. Maps of one dimension take longer: "fft" is for the plane only.
    perplexity : float or sequence of float, default=30.0
        The effective number of neighbours of each point, from 1 up to below the number of points. Of several the mean of the
        affinities is taken: small ones show what is near, large ones how that lies together.
    early_exaggeration : float, default=12.0
        The factor of all affinities in the first iterations: 250, or a third of fewer than 750.
    learning_rate : float or "auto", default="auto"
        For the gradient with its factor of 4. By default n / 4 divided by the exaggeration, so that it grows when that ends,
        and at least 50.
    max_iter : int, default=1000
        Iterations in all.
    n_iter_without_progress : int, default=300
        The descent ends after more iterations than this without a smaller divergence.
    min_grad_norm : float, default=1e-7
        The descent ends when the gradient is not longer.
    metric : str or callable, default="euclidean"
        "euclidean" and "cosine" are measured here, "precomputed" takes distances `(n, n)`, and all else is measured by
        :func:`sklearn.metrics.pairwise_distances`, all pairs of points at once.
    metric_params : dict, default=None
        Further arguments for other metrics than "euclidean", "cosine" and "precomputed".
    init : "pca", "random" or ndarray of shape (n_samples, n_components), default="pca"
        The first map. A given one is centred and scaled down.
    verbose : int, default=0
        Whether to say how it goes.
    random_state : int, RandomState instance or None, default=None
        What all that is random follows from. An integer gives the same map, bit for bit, on any number of threads.
    method : "auto", "exact", "barnes_hut" or "fft", default="auto"
        How repulsion is computed: between every pair of points, with far ones taken together, or by Fourier transforms; by
        default as is fastest for so many points.
    angle : float, default=0.5
        Has no use: "barnes_hut" always computes with 0.5.
    n_jobs : int, default=None
        Threads. By default as many as there are cores, or as ``$OMP_NUM_THREADS`` says; -1 is all cores.
    callbacks : callable or sequence of callable, default=None
        Called every 50 iterations with the number of iterations done, the divergence, and the map so far,
        `(n, n_components)`. One that answers True ends the descent.

    Attributes
    ----------
    embedding_ : ndarray of shape (n_samples, n_components)
        The map.
    kl_divergence_ : float
        Its Kullback-Leibler divergence from the affinities, in nats.
    n_features_in_ : int
        Dimensions of the points.
    feature_names_in_ : ndarray of str
        Their names, where they had some.
    learning_rate_ : float
        The learning rate of the last iterations.
    n_iter_ : int
        Iterations done.

    Examples
    --------
    >>> import numpy as np
    >>> from modiste import TSNE
    >>> points = np.random.default_rng(0).normal(size=(100, 20))
    >>> TSNE(random_state=0).fit_transform(points).shape
    (100, 2)
    """

    def __init__(
        self,
        n_components=2,
        *,
        perplexity=30.0,
        early_exaggeration=12.0,
        learning_rate="auto",
        max_iter=1000,
        n_iter_without_progress=300,
        min_grad_norm=1e-7,
        metric="euclidean",
        metric_params=None,
        init="pca",
        verbose=0,
        random_state=None,
        method="auto",
        angle=0.5,
        n_jobs=None,
        callbacks=None,
    ):
        self.n_components = n_components
        self.perplexity = perplexity
        self.early_exaggeration = early_exaggeration
        self.learning_rate = learning_rate
        self.max_iter = max_iter
        self.n_iter_without_progress = n_iter_without_progress
        self.min_grad_norm = min_grad_norm
        self.metric = metric
        self.metric_params = metric_params
        self.init = init
        self.verbose = verbose
        self.random_state = random_state
        self.method = method
        self.angle = angle
        self.n_jobs = n_jobs
        self.callbacks = callbacks

    def fit(self, X, y=None):
        """Makes a map of points.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features) or (n_samples, n_samples)
            Points, or distances where the metric is "precomputed". Arrays of 32-bit floats in C order are read where they lie,
            others are copied. `transform` reads them again, so leave them as they are.
        y : None
            Ignored.

        Returns
        -------
        TSNE
            This estimator.
        """
        self.fit_transform(X)
        return self

    def fit_transform(self, X, y=None):
        """Makes a map of points and returns it.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features) or (n_samples, n_samples)
            Points, or distances where the metric is "precomputed".
        y : None
            Ignored.

        Returns
        -------
        ndarray of shape (n_samples, n_components)
            The map, of 32-bit floats.
        """
        self._check_parameters()
        X = self._points(X, reset=True)
        perplexities = self._perplexities(len(X))
        rows, metric = self._rows(X)
        early = min(_EARLY, self.max_iter // 3)
        settings = {
            "metric": metric,
            "perplexity": perplexities,
            "init": "pca" if isinstance(self.init, str) and self.init == "pca" else "random",
            "components": int(self.n_components),
            "seed": seed_of(self.random_state),
            "threads": thread_count(self.n_jobs),
            "iterations": int(self.max_iter),
            "early_iterations": early,
            "early_exaggeration": float(self.early_exaggeration),
            "learning_rate": None if isinstance(self.learning_rate, str) else float(self.learning_rate),
            "method": self._method(len(X)),
            "least_gradient": float(self.min_grad_norm),
            "patience": max(0, int(self.n_iter_without_progress)),
            "report_every": _BETWEEN_REPORTS,
        }
        report = _Report(self.verbose, self._callbacks(), settings)
        found = fit_map(rows, self._first(len(X)), settings, report if report.is_wanted() else None)
        # Only now: what interrupts leaves everything as it was.
        places, self.kl_divergence_, self.n_iter_, self.learning_rate_ = found
        self.embedding_, self._fit_X = _of_dimensions(places, self.n_components), X
        report.end(self.kl_divergence_, self.n_iter_)
        return self.embedding_

    def transform(self, X, *, perplexity=5.0):
        """Finds where new points belong in the map, which stays as it is.

        Each is placed by itself: its position does not depend on the others. A point that is equal to one of the map's is where
        that is.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            New points.
        perplexity : float, default=5.0
            The effective number of neighbours of each new point among those of the map.

        Returns
        -------
        ndarray of shape (n_samples, n_components)
            Their positions, of 32-bit floats.
        """
        check_is_fitted(self)
        if self.metric not in _METRICS:
            raise ValueError(f"new points have no place in a map by the metric {self.metric!r}: take one of {_METRICS}")
        X = self._points(X, reset=False)
        # Three neighbours for each unit of perplexity, of which the map must have enough.
        perplexity = min(float(perplexity), max(1.0, len(self._fit_X) / 3))
        threads = thread_count(self.n_jobs)
        places = transform_map(self._fit_X, _in_plane(self.embedding_), X, self.metric, perplexity, threads)
        return _of_dimensions(places, self.embedding_.shape[1])

    @property
    def _n_features_out(self):
        return self.embedding_.shape[1]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.pairwise = self.metric == "precomputed"
        tags.input_tags.sparse = True
        # Maps are of 32-bit floats, whatever the points are.
        tags.transformer_tags.preserves_dtype = []
        return tags

    def _more_tags(self):
        # As scikit-learn below 1.6 has them.
        return {"pairwise": self.metric == "precomputed", "preserves_dtype": []}

    def _check_parameters(self):
        if not isinstance(self.n_components, Integral) or self.n_components not in (1, 2):
            raise ValueError(f"'n_components' should be 1 or 2, and is {self.n_components!r}: there are no other maps")
        if self.method not in _METHODS:
            raise ValueError(f"method is {self.method!r}: give one of {', '.join(_METHODS)}")
        if isinstance(self.learning_rate, str) and self.learning_rate != "auto":
            raise ValueError(f"learning_rate is {self.learning_rate!r}: give a positive number, or 'auto'")
        if isinstance(self.init, str) and self.init not in ("pca", "random"):
            raise ValueError(f"init is {self.init!r}: give 'pca', 'random' or an array of shape (n_samples, 2)")
        if not isinstance(self.max_iter, Integral) or self.max_iter < 1:
            raise ValueError(f"max_iter is {self.max_iter!r}: give a whole number of at least 1")
        if not self.min_grad_norm >= 0:
            raise ValueError(f"min_grad_norm is {self.min_grad_norm!r}: give a number of at least 0")
        if self.metric == "precomputed" and isinstance(self.init, str) and self.init == "pca":
            raise ValueError(
                'The parameter init="pca" cannot be used with metric="precomputed": distances have no principal components, '
                'so give init="random" or an array'
            )
        for name, value in _WITHOUT_USE.items():
            _warn_once(name, getattr(self, name), value)

    def _points(self, X, reset):
        """Rows of 32-bit floats, where they lie if they are such."""
        X = _sklearn.validate_data(
            self, X, accept_sparse="csr", dtype=np.float32, order="C", reset=reset, ensure_min_samples=2 if reset else 1
        )
        if reset and self.metric == "precomputed":
            if X.shape[0] != X.shape[1]:
                raise ValueError(
                    f"distances should be a square distance matrix, but are of shape {X.shape}: give (n, n)"
                )
            if X.min() < 0:
                raise ValueError("distances must be positive, and some are not: look for what is below 0 in X")
            if issparse(X):
                raise TypeError("sparse matrices of distances are not read: give all distances as an array of (n, n)")
        return X.toarray() if issparse(X) else X

    def _rows(self, X):
        """What is measured, and by which metric."""
        if self.metric in _METRICS or self.metric == "precomputed":
            return X, self.metric
        distances = pairwise_distances(X, metric=self.metric, n_jobs=1, **(self.metric_params or {}))
        if (distances < 0).any():
            raise ValueError(f"All distances should be positive, the metric given, {self.metric!r}, gives others")
        return np.ascontiguousarray(distances, dtype=np.float32), "precomputed"

    def _perplexities(self, n):
        is_one = isinstance(self.perplexity, Real)
        perplexities = [float(perplexity) for perplexity in ([self.perplexity] if is_one else self.perplexity)]
        if max(perplexities, default=0.0) >= n:
            largest = self.perplexity if is_one else max(self.perplexity)
            raise ValueError(f"perplexity ({largest}) must be less than n_samples ({n})")
        return perplexities

    def _first(self, n):
        if isinstance(self.init, str):
            return None
        first = np.ascontiguousarray(self.init, dtype=np.float32)
        if first.shape != (n, self.n_components):
            raise ValueError(f"init is of shape {first.shape}: give coordinates of shape ({n}, {self.n_components})")
        return _in_plane(first)

    def _method(self, n):
        if self.n_components == 2 or self.method in ("exact", "barnes_hut"):
            return self.method
        return "exact" if n <= _MOST_EXACT else "barnes_hut"

    def _callbacks(self):
        if self.callbacks is None:
            return []
        return [self.callbacks] if callable(self.callbacks) else list(self.callbacks)


def _in_plane(places):
    """A map of one dimension as one of two."""
    return places if places.shape[1] == 2 else np.pad(places, ((0, 0), (0, 1)))


def _of_dimensions(places, dimensions):
    return places if dimensions == 2 else np.ascontiguousarray(places[:, :dimensions])


def _warn_once(name, value, default):
    if value != default and name not in _warned:
        _warned.add(name)
        warnings.warn(f"{name}={value!r} has no use in modiste.TSNE, which computes as with {default!r}", stacklevel=4)


class _Report:
    """Says how it goes, and calls back."""

    def __init__(self, verbose, callbacks, settings):
        self.verbose = verbose
        self.callbacks = callbacks
        self.dimensions = settings["components"]
        self.before = time.perf_counter()

    def is_wanted(self):
        return bool(self.verbose or self.callbacks)

    def __call__(self, *progress):
        if len(progress) == 1:
            return self._phase(*progress)
        return self._iterations(*progress)

    def _phase(self, phase):
        texts = {
            "neighbours": "searching the nearest neighbors...",
            "affinities": "Computed neighbors; fitting a Gaussian to those of each point...",
            "initialisation": "Computed conditional probabilities; making the first map...",
            "optimisation": "moving points, with early exaggeration at first...",
        }
        self._say(texts[phase])

    def _iterations(self, iteration, early, divergence, gradient, points):
        if self.verbose > 1:
            now = time.perf_counter()
            seconds, self.before = now - self.before, now
            self._say(
                f"Iteration {iteration}: error = {divergence:.7f}, gradient norm = {gradient:.7f} ({seconds:.2f} s)"
            )
        points = _of_dimensions(points, self.dimensions)
        return any([callback(iteration, divergence, points) is True for callback in self.callbacks])

    def end(self, divergence, iterations):
        self._say(f"KL divergence after {iterations} iterations: {divergence:.6f}")

    def _say(self, text):
        if self.verbose:
            print(f"[t-SNE] {text}")
