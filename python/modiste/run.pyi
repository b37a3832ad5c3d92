from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modiste.classifier import ImageClassifier

class Run:
    path: Path
    data_dir: str | PathLike[str] | None
    history: dict[str, list[Any]]
    result: dict[str, Any] | None

    def __init__(self, path: str | PathLike[str], *, data_dir: str | PathLike[str] | None = None) -> None: ...
    @cached_property
    def model(self) -> ImageClassifier: ...
    @property
    def class_names(self) -> list[str]: ...
    @property
    def recipe(self) -> str: ...
    def confusion_matrix(self) -> NDArray[np.int64]: ...
    def _repr_html_(self) -> str: ...
