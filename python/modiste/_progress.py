"""How training goes: a bar on terminals and in notebooks, elsewhere a line for each epoch."""

import json
import sys
import warnings

# Characters of a bar.
_WIDTH = 24


class Progress:
    """What is told of training, written where people see it."""

    def __init__(self, verbose):
        self.place = _place() if verbose else None

    def __call__(self, kind, told):
        """Is told of a `note`, a `step` or an `epoch`."""
        if kind == "note":
            warnings.warn(told, stacklevel=3)
        elif self.place and kind == "step":
            self.place.show(_step(*told))
        elif self.place and kind == "epoch":
            self.place.keep(_epoch(json.loads(told[0]), told[1]))

    def say(self, text):
        """Says something that stays, if anything is to be said."""
        if self.place:
            self.place.keep(text)


class _Lines:
    """A stream where what is written stays."""

    def __init__(self, stream):
        self.stream = stream

    def show(self, line):
        pass

    def keep(self, line):
        self.stream.write(f"{line}\n")
        self.stream.flush()


class _Terminal(_Lines):
    """A stream whose last line can be written over."""

    length = 0

    def show(self, line):
        self.stream.write("\r" + line.ljust(self.length))
        self.stream.flush()
        self.length = len(line)

    def keep(self, line):
        if self.length:
            self.stream.write("\r" + " " * self.length + "\r")
            self.length = 0
        super().keep(line)


class _Notebook:
    """One output below a cell that is changed as training goes."""

    def __init__(self, display):
        self.lines = []
        self.output = display({"text/plain": ""}, raw=True, display_id=True)

    def show(self, line):
        self.output.update({"text/plain": "\n".join([*self.lines, line])}, raw=True)

    def keep(self, line):
        self.lines.append(line)
        self.output.update({"text/plain": "\n".join(self.lines)}, raw=True)


def _place():
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if hasattr(shell, "kernel"):
        return _Notebook(ipython.display.display)
    return _Terminal(sys.stderr) if sys.stderr.isatty() else _Lines(sys.stderr)


def _step(epoch, epochs, step, steps, loss, accuracy):
    done = round(_WIDTH * step / steps)
    bar = "█" * done + "░" * (_WIDTH - done)
    return f"epoch {epoch}/{epochs} {bar} loss {loss:.4f}  accuracy {accuracy:.4f}"


def _epoch(record, epochs):
    line = f"epoch {record['epoch']}/{epochs}  loss {record['train_loss']:.4f}  accuracy {record['train_accuracy']:.4f}"
    if record["validation_loss"] is not None:
        loss, accuracy = record["validation_loss"], record["validation_accuracy"]
        line += f"  validation loss {loss:.4f}  accuracy {accuracy:.4f}"
    return f"{line}  {record['images_per_second']:,.0f} img/s"
