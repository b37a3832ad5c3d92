"""How training goes, on a terminal or in a notebook."""

import json
import sys
import warnings

_WIDTH = 24


class Progress:
    """What is told of training: a bar where a line can be written over, a line for each epoch elsewhere."""

    def __init__(self, verbose, stream=None):
        self.verbose = int(verbose)
        self.stream = stream if stream is not None else sys.stderr
        self.can_write_over = _is_notebook() or getattr(self.stream, "isatty", lambda: False)()
        self.length = 0

    def __call__(self, kind, told):
        if kind == "note":
            self._clear()
            warnings.warn(told, stacklevel=5)
        elif self.verbose and kind == "step":
            self._step(*told)
        elif self.verbose and kind == "epoch":
            self._epoch(json.loads(told[0]), told[1])

    def say(self, text):
        """A sentence for people, where they want some."""
        if self.verbose:
            self._write(f"{text}\n")

    def _step(self, epoch, epochs, step, steps, loss, accuracy):
        if not self.can_write_over:
            return
        done = round(_WIDTH * step / steps)
        bar = "█" * done + "░" * (_WIDTH - done)
        line = f"epoch {epoch}/{epochs} {bar} loss {loss:.4f}  accuracy {accuracy:.4f}"
        self._write("\r" + line.ljust(self.length))
        self.length = len(line)

    def _epoch(self, record, epochs):
        self._clear()
        line = f"epoch {record['epoch']}/{epochs}  loss {record['train_loss']:.4f}  accuracy {record['train_accuracy']:.4f}"
        if record["validation_loss"] is not None:
            loss, accuracy = record["validation_loss"], record["validation_accuracy"]
            line += f"  validation loss {loss:.4f}  accuracy {accuracy:.4f}"
        self._write(f"{line}  {record['images_per_second']:,.0f} img/s\n")

    def _clear(self):
        if self.length:
            self._write("\r" + " " * self.length + "\r")
            self.length = 0

    def _write(self, text):
        self.stream.write(text)
        self.stream.flush()


def _is_notebook():
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return shell is not None and hasattr(shell, "kernel")
