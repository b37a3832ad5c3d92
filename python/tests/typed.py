"""What the stubs say, as somebody's strictly typed code sees it: mypy reads this, and nothing runs it."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

import modiste
from modiste import TSNE, ImageClassifier, Run, data_check, load_data


def maps(points: NDArray[np.float64]) -> NDArray[np.float32]:
    estimator = TSNE(perplexity=(10.0, 50.0), method="fft", random_state=0, callbacks=lambda at, loss, places: at > 100)
    places: NDArray[np.float32] = estimator.fit(points).embedding_
    return np.concatenate([places, estimator.transform(points, perplexity=3.0)])


def networks() -> NDArray[Any]:
    data = load_data("drawn-garments")
    classifier = ImageClassifier("seed-mlp", epochs=1).fit(data.X_train, data.y_train)
    losses: list[float] = classifier.history_["train_loss"]
    assert losses and modiste.__version__ and data_check("drawn-garments")["images"]
    classifier.export_onnx("model.onnx", layout="nhwc")
    return ImageClassifier.load("model", n_jobs=1).predict(data.X_test)


def runs() -> str:
    run = Run("runs/seed-mlp-1")
    return f"{run.confusion_matrix().sum()} {run.result and run.result['test_accuracy']}"
