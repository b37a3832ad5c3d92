from collections.abc import Callable
from os import PathLike
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Model",
    "available_threads",
    "built_in_recipes",
    "check_data",
    "fit_map",
    "load_data",
    "train",
    "transform_map",
]

_Images = NDArray[np.uint8]
_Labels = NDArray[np.uint8]
_Path = str | PathLike[str]

def available_threads() -> int: ...
def built_in_recipes() -> list[str]: ...
def check_data(source: str, data_dir: _Path | None, note: Callable[[str], Any]) -> str: ...
def fit_map(
    rows: NDArray[np.float32],
    first: NDArray[np.float32] | None,
    settings: dict[str, Any],
    report: Callable[..., Any] | None,
) -> tuple[NDArray[np.float32], float, int, float]: ...
def load_data(
    source: str, data_dir: _Path | None, model: Model | None, note: Callable[[str], Any]
) -> dict[str, Any]: ...
def train(
    train: tuple[_Images, _Labels],
    held_out: tuple[_Images, _Labels] | None,
    settings: dict[str, Any],
    directory: _Path,
    report: Callable[[str, Any], Any],
) -> list[str]: ...
def transform_map(
    rows: NDArray[np.float32],
    map: NDArray[np.float32],
    new: NDArray[np.float32],
    metric: str,
    perplexity: float,
    threads: int,
) -> NDArray[np.float32]: ...

@final
class Model:
    @staticmethod
    def open(path: _Path) -> Model: ...
    @staticmethod
    def from_bytes(bytes: bytes) -> Model: ...
    def to_bytes(self) -> bytes: ...
    def save(self, path: _Path) -> None: ...
    def save_onnx(self, path: _Path, channels_first: bool, bytes: bool, views: bool) -> None: ...
    def card(self) -> dict[str, str]: ...
    @property
    def image_shape(self) -> tuple[int, int, int]: ...
    @property
    def class_names(self) -> list[str]: ...
    @property
    def parameter_count(self) -> int: ...
    def logits(self, images: _Images, threads: int) -> NDArray[np.float32]: ...
    def probabilities(self, images: _Images, threads: int) -> NDArray[np.float32]: ...
    def features(self, images: _Images, threads: int) -> NDArray[np.float32]: ...
    def occlusion(self, images: _Images, threads: int) -> NDArray[np.float32]: ...
    def __reduce__(self) -> tuple[Any, tuple[bytes]]: ...
