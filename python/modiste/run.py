"""What the program `modiste train` has left in a directory."""

import html
import json
from functools import cached_property
from pathlib import Path

import numpy as np

from modiste.data import data_of

_CURVE_WIDTH, _CURVE_HEIGHT = 240, 64


class Run:
    """A run directory: how training went, what it came to, and the trained network.

    In a notebook it shows a small card.

    Parameters
    ----------
    path : str or path
        The directory.
    data_dir : str or path, default=None
        Where known sets are kept, as for `load_data`.

    Attributes
    ----------
    path : Path
        The directory.
    history : dict of list
        What each epoch came to; `pandas.DataFrame(run.history)` is a table of it.
    result : dict or None
        What the run came to: "test_accuracy", "wall_seconds" and so on; None of a run that is not finished.
    """

    def __init__(self, path, *, data_dir=None):
        self.path = Path(path)
        if not (self.path / "run.toml").is_file():
            raise FileNotFoundError(
                f"{self.path} is not a run directory: it holds no run.toml; name one of `modiste train`"
            )
        self.data_dir = data_dir
        self.history = _history(self.path / "metrics.jsonl")
        result = self.path / "result.json"
        self.result = json.loads(result.read_text(encoding="utf-8")) if result.is_file() else None

    @cached_property
    def model(self):
        """The trained network, as an `ImageClassifier`."""
        from modiste.classifier import ImageClassifier

        return ImageClassifier.load(self.path)

    @property
    def class_names(self):
        """What the classes are called."""
        return self._network.class_names

    @property
    def recipe(self):
        """The recipe with every default written out, as TOML."""
        return (self.path / "recipe.toml").read_text(encoding="utf-8")

    def confusion_matrix(self):
        """How many test images of each class were taken for each.

        The images are read again, and classified.

        Returns
        -------
        ndarray of shape (n_classes, n_classes)
            Counts, a row for each true class.
        """
        data = data_of(self._network, self.data_dir)
        taken_for = self.model.decision_function(data.X_test)
        predicted = (taken_for > 0).astype(int) if taken_for.ndim == 1 else taken_for.argmax(axis=1)
        counts = np.zeros((len(self.class_names),) * 2, dtype=np.int64)
        np.add.at(counts, (data.y_test, predicted), 1)
        return counts

    @property
    def _network(self):
        return self.model.model_

    def __repr__(self):
        return f"<{self.path}: {self._summary()}>"

    def _repr_html_(self):
        rows = "".join(
            f"<tr><th>{html.escape(name)}</th><td>{html.escape(value)}</td></tr>" for name, value in self._facts()
        )
        return (
            '<div style="display:inline-block;border:1px solid #8888;border-radius:6px;padding:8px 12px">'
            f"<b>{html.escape(str(self.path))}</b><table>{rows}</table>{_curve(self.history)}</div>"
        )

    def _summary(self):
        epochs = len(self.history.get("epoch", []))
        if self.result is None:
            return f"not finished, {epochs} epochs"
        result = self.result
        accuracy = f"test accuracy {result['test_accuracy']:.4f}"
        return f"{result['recipe']} on {result['data']}, {result['epochs']} epochs, {accuracy}"

    def _facts(self):
        if self.result is None:
            yield "epochs", f"{len(self.history.get('epoch', []))}, not finished"
            return
        result = self.result
        yield "recipe", result["recipe"]
        yield "data", result["data"]
        yield "epochs", str(result["epochs"])
        yield "parameters", f"{result['parameters']:,}"
        yield "test accuracy", f"{result['test_accuracy']:.2%}"
        yield "training accuracy", f"{result['fitted_train_accuracy']:.2%}"
        yield "test loss", f"{result['test_loss']:.4f}"
        yield "seconds", f"{result['wall_seconds']:,.0f}"


def _history(path):
    if not path.is_file():
        return {}
    epochs = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            epochs.append(json.loads(line))
        except ValueError:
            # A process that was killed may leave half a line.
            continue
    columns = {name: [epoch.get(name) for epoch in epochs] for name in (epochs[0] if epochs else {})}
    return {name: values for name, values in columns.items() if any(value is not None for value in values)}


def _curve(history):
    """The accuracies of all epochs, small, as SVG."""
    lines = []
    for name, colour in (("train_accuracy", "#4c78a8"), ("validation_accuracy", "#f58518")):
        values = history.get(name, [])
        if len(values) > 1:
            step = _CURVE_WIDTH / (len(values) - 1)
            points = " ".join(f"{step * at:.1f},{_CURVE_HEIGHT * (1 - value):.1f}" for at, value in enumerate(values))
            title = html.escape(name.replace("_", " "))
            lines.append(
                f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.5"><title>{title}</title></polyline>'
            )
    if not lines:
        return ""
    size = f'width="{_CURVE_WIDTH}" height="{_CURVE_HEIGHT}" viewBox="0 0 {_CURVE_WIDTH} {_CURVE_HEIGHT}"'
    return f'<svg {size} role="img" aria-label="accuracy by epoch">{"".join(lines)}</svg>'
