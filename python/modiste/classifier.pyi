from os import PathLike
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from typing_extensions import Self

from modiste._modiste import Model

def recipes() -> list[str]: ...
def labels_of(names: list[str]) -> NDArray[Any]: ...

class ImageClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc, unused-ignore]
    recipe: str | PathLike[str] | dict[str, Any]
    epochs: int | None
    batch_size: int | None
    validation: float | Literal["auto"]
    image_shape: tuple[int, ...] | None
    random_state: int | np.random.RandomState | None
    n_jobs: int | None
    verbose: int

    classes_: NDArray[Any]
    history_: dict[str, list[Any]]
    image_shape_: tuple[int, int, int]
    model_: Model
    n_features_in_: int
    n_iter_: int
    pixel_range_: tuple[float, float]

    def __init__(
        self,
        recipe: str | PathLike[str] | dict[str, Any] = "auto",
        *,
        epochs: int | None = None,
        batch_size: int | None = None,
        validation: float | Literal["auto"] = "auto",
        image_shape: tuple[int, ...] | None = None,
        random_state: int | np.random.RandomState | None = None,
        n_jobs: int | None = None,
        verbose: int = 0,
    ) -> None: ...
    def fit(
        self, X: ArrayLike, y: ArrayLike, *, validation_data: tuple[ArrayLike, ArrayLike] | None = None
    ) -> Self: ...
    def predict(self, X: ArrayLike) -> NDArray[Any]: ...
    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]: ...
    def decision_function(self, X: ArrayLike) -> NDArray[np.float64]: ...
    def features(self, X: ArrayLike) -> NDArray[np.float32]: ...
    def explain(self, X: ArrayLike) -> NDArray[np.float32]: ...
    def summary(self) -> dict[str, list[Any]]: ...
    def save(self, path: str | PathLike[str]) -> None: ...
    @classmethod
    def load(cls, path: str | PathLike[str], **parameters: Any) -> Self: ...
    def __sklearn_tags__(self) -> Any: ...
    def export_onnx(
        self,
        path: str | PathLike[str],
        *,
        layout: Literal["nchw", "nhwc"] = "nchw",
        input: Literal["f32", "u8"] = "f32",
        views: bool = False,
    ) -> None: ...
