"""t-SNE in seconds and classifiers of small images in minutes, on a CPU, with scikit-learn's interface.

`TSNE` makes maps of points, `ImageClassifier` learns to tell images apart, `load_data` and `data_check` read sets of images as
people have them, and `Run` reads what the program `modiste` has trained.

What is named here is loaded when it is first used, so that `import modiste` takes no time, and no scikit-learn where there is
no need of it.
"""

import importlib

__all__ = ["TSNE", "Data", "ImageClassifier", "Run", "__version__", "data_check", "load_data", "recipes"]

# Where each name is defined.
_HOMES = {
    "Data": "data",
    "ImageClassifier": "classifier",
    "Run": "run",
    "TSNE": "tsne",
    "data_check": "data",
    "load_data": "data",
    "recipes": "classifier",
}


def __getattr__(name):
    if name == "__version__":
        value = importlib.import_module("importlib.metadata").version("modiste")
    elif name in _HOMES:
        value = getattr(importlib.import_module(f"modiste.{_HOMES[name]}"), name)
    else:
        raise AttributeError(f"module 'modiste' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__():
    return sorted(__all__)
