from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from typing_extensions import Self

_Callback = Callable[[int, float, NDArray[np.float32]], object]

class TSNE(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc, unused-ignore]
    n_components: int
    perplexity: float | Sequence[float]
    early_exaggeration: float
    learning_rate: float | Literal["auto"]
    max_iter: int
    n_iter_without_progress: int
    min_grad_norm: float
    metric: str | Callable[..., float]
    metric_params: dict[str, Any] | None
    init: Literal["pca", "random"] | ArrayLike
    verbose: int
    random_state: int | np.random.RandomState | None
    method: Literal["auto", "exact", "barnes_hut", "fft"]
    angle: float
    n_jobs: int | None
    callbacks: _Callback | Sequence[_Callback] | None

    embedding_: NDArray[np.float32]
    kl_divergence_: float
    learning_rate_: float
    n_features_in_: int
    feature_names_in_: NDArray[np.object_]
    n_iter_: int

    def __init__(
        self,
        n_components: int = 2,
        *,
        perplexity: float | Sequence[float] = 30.0,
        early_exaggeration: float = 12.0,
        learning_rate: float | Literal["auto"] = "auto",
        max_iter: int = 1000,
        n_iter_without_progress: int = 300,
        min_grad_norm: float = 1e-7,
        metric: str | Callable[..., float] = "euclidean",
        metric_params: dict[str, Any] | None = None,
        init: Literal["pca", "random"] | ArrayLike = "pca",
        verbose: int = 0,
        random_state: int | np.random.RandomState | None = None,
        method: Literal["auto", "exact", "barnes_hut", "fft"] = "auto",
        angle: float = 0.5,
        n_jobs: int | None = None,
        callbacks: _Callback | Sequence[_Callback] | None = None,
    ) -> None: ...
    def fit(self, X: ArrayLike, y: object = None) -> Self: ...
    def fit_transform(self, X: ArrayLike, y: object = None) -> NDArray[np.float32]: ...
    def __sklearn_tags__(self) -> Any: ...
    def transform(self, X: ArrayLike, *, perplexity: float = 5.0) -> NDArray[np.float32]: ...
