from os import PathLike
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from modiste._modiste import Model

class Data(NamedTuple):
    X_train: NDArray[np.uint8]
    y_train: NDArray[np.uint8]
    X_test: NDArray[np.uint8]
    y_test: NDArray[np.uint8]
    X_validation: NDArray[np.uint8] | None
    y_validation: NDArray[np.uint8] | None
    class_names: list[str]
    name: str

def load_data(
    source: str | PathLike[str] = "fashion-mnist", *, data_dir: str | PathLike[str] | None = None
) -> Data: ...
def data_check(source: str | PathLike[str], *, data_dir: str | PathLike[str] | None = None) -> dict[str, Any]: ...
def data_of(model: Model, data_dir: str | PathLike[str] | None = None) -> Data: ...
