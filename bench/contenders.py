"""The programs that are timed: each measurement is a process of its own, which tells its times in JSON."""

import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import tempfile
import time
from dataclasses import dataclass

HERE = pathlib.Path(__file__).resolve().parent


class ProcessFailed(Exception):
    """A process ended badly; says which and why."""


class PeerMissing(Exception):
    """A peer cannot be measured here; says why."""


@dataclass(frozen=True)
class Measurement:
    """What one process measured."""

    seconds: float
    peak_memory_bytes: int | None
    software: str


@dataclass(frozen=True)
class Pixels:
    """Images as `.npy` files: a matrix of pixels with an image in each row, and their labels."""

    matrix: pathlib.Path
    labels: pathlib.Path


@dataclass(frozen=True)
class Pictures:
    """A network as modiste keeps it and as it exports it, and a directory of PNG files to classify."""

    run: pathlib.Path
    exported: pathlib.Path
    directory: pathlib.Path


@dataclass(frozen=True)
class MapQuality:
    """How well a map keeps what is near together."""

    kl_divergence: float
    trustworthiness: float
    label_accuracy: float


def run(command):
    """What a process prints on standard output."""
    try:
        ended = subprocess.run(command, capture_output=True, text=True)
    except OSError as error:
        raise ProcessFailed(f"cannot run {command[0]}: {error.strerror}") from error
    if ended.returncode < 0:
        raise ProcessFailed(f"ended by signal {-ended.returncode}")
    if ended.returncode > 0:
        raise ProcessFailed(complaint(ended.stderr) or f"exit status {ended.returncode}")
    return ended.stdout


def complaint(stderr):
    """The line that says what went wrong: of a Python traceback the exception, else the last."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    exceptions = [line for line in lines if re.match(r"[\w.]*(Error|Exception|Exit)\b", line)]
    return (exceptions or lines or [""])[-1]


def run_json(command):
    """The last line of JSON that a process prints."""
    output = run(command)
    for line in reversed(output.splitlines()):
        if line.startswith(("{", "[")):
            return json.loads(line)
    raise ProcessFailed(f"{pathlib.Path(command[0]).name} printed no JSON")


def on_threads(threads):
    """How many threads compute, in words."""
    if threads is None:
        return "threads of its own choice"
    return "1 thread" if threads == 1 else f"{threads} threads"


class Peers:
    """The scripts in peers/, run by one Python interpreter; `scratch` is where files are handed on."""

    def __init__(self, python, scratch):
        self.python = python
        self.scratch = pathlib.Path(scratch)
        run([python, "--version"])

    def ask(self, script, *options):
        """What a script tells. Raises PeerMissing where it cannot."""
        command = [self.python, str(HERE / "peers" / script), *map(str, options)]
        try:
            return run_json(command)
        except ProcessFailed as error:
            absent = re.match(r"ModuleNotFoundError: (No module named .*)", str(error))
            raise PeerMissing(f"missing: {absent[1]}" if absent else f"failed: {error}") from error

    def measure(self, script, *options):
        """What a script measures. Raises PeerMissing where it cannot."""
        told = self.ask(script, *options)
        software = f"{told['peer']} {told['version']}, {on_threads(told['threads'])}, Python {told['python']}"
        return Measurement(told["seconds_median"], told["peak_memory_bytes"], software)

    def pixels(self, images, drawn):
        """So many images, the first or drawn at random, as files that all read. Raises PeerMissing without NumPy."""
        pixels = Pixels(self.scratch / "pixels.npy", self.scratch / "labels.npy")
        options = ["--images", images, "--matrix", pixels.matrix, "--labels", pixels.labels]
        self.ask("pixels.py", *options, *(["--drawn"] if drawn else []))
        return pixels

    def classify(self, script, pictures):
        """A whole process, from its start to its end, that classifies pictures; and the classes of them."""
        started = time.perf_counter()
        told = self.ask(script, pictures.exported, pictures.directory)
        seconds = time.perf_counter() - started
        software = f"{told['peer']} {told['version']}, {on_threads(told['threads'])}, Python {told['python']}"
        return Measurement(seconds, told["peak_memory_bytes"], software), told["classes"]


class Modiste:
    """The program this directory belongs to."""

    def __init__(self, path):
        self.path = path
        self.version = run([path, "--version"]).strip()

    def software(self, told):
        """What ran, in words."""
        return f"{self.version}, {told['device']} {told['isa']}, {on_threads(told['threads'])}"

    def bench(self, what, batch, steps, recipe="seed-vgg"):
        """`bench step` or `bench infer`: a median of single steps."""
        told = run_json(
            [
                self.path,
                "bench",
                what,
                "--recipe",
                recipe,
                "--data",
                "fashion-mnist",
                "--batch",
                str(batch),
                "--steps",
                str(steps),
                "--json",
                "--quiet",
            ]
        )
        return Measurement(told["step_seconds_median"], told["peak_memory_bytes"], self.software(told))

    def pictures(self, peers, recipe, count):
        """So many pictures, and a network that has learned a little. Raises PeerMissing without Pillow."""
        pictures = Pictures(*(peers.scratch / f"{name}-{count}" for name in ("run", "exported", "pictures")))
        peers.ask("pictures.py", "--images", count, "--out", pictures.directory)
        learning = ["--data", "fashion-mnist", "--limit", "2000", "--epochs", "1", "--no-report", "--quiet"]
        run([self.path, "train", recipe, *learning, "--out", str(pictures.run)])
        run([self.path, "export", str(pictures.run), "--format", "onnx", "--out", str(pictures.exported), "--quiet"])
        return pictures

    def classify(self, pictures):
        """A whole process, from its start to its end, that classifies pictures as they are; and the classes of them."""
        arguments = [str(pictures.run), str(pictures.directory), "--single-view", "--json"]
        started = time.perf_counter()
        told = run([self.path, "predict", *arguments])
        seconds = time.perf_counter() - started
        classes = [json.loads(line)["index"] for line in told.splitlines()]
        return Measurement(seconds, None, self.version), classes

    def epoch(self, recipe, batch, images, epochs):
        """`train`: the median of `epochs` epochs after one of warm-up, without what follows each: measuring, saving."""
        with tempfile.TemporaryDirectory() as scratch:
            directory = pathlib.Path(scratch, "run")
            told = run_json(
                [
                    self.path,
                    "train",
                    recipe,
                    "--data",
                    "fashion-mnist",
                    "--batch",
                    str(batch),
                    "--limit",
                    str(images),
                    "--epochs",
                    str(1 + epochs),
                    "--out",
                    str(directory),
                    "--json",
                    "--quiet",
                ]
            )
            records = [json.loads(line) for line in (directory / "metrics.jsonl").read_text().splitlines()]
        if told["sizes"]["train"] != images:
            raise ProcessFailed(f"modiste train took {told['sizes']['train']} images, not {images}")
        seconds = statistics.median(record["seconds"] for record in records[1:])
        return Measurement(seconds, told["peak_memory_bytes"], self.software(told))

    def tsne(self, pixels, iterations, out):
        """`bench tsne`: a map, written to `out`."""
        told = run_json(
            [
                self.path,
                "bench",
                "tsne",
                "--input",
                str(pixels.matrix),
                "--iterations",
                str(iterations),
                "--out",
                str(out),
                "--json",
                "--quiet",
            ]
        )
        if told["iterations"] != iterations:
            raise ProcessFailed(f"modiste bench tsne took {told['iterations']} iterations, not {iterations}")
        return Measurement(told["seconds"], told["peak_memory_bytes"], self.software(told))

    def map_quality(self, pixels, finished):
        """`bench tsne --map`: how good a map is, whoever made it."""
        told = run_json(
            [
                self.path,
                "bench",
                "tsne",
                "--input",
                str(pixels.matrix),
                "--labels",
                str(pixels.labels),
                "--map",
                str(finished),
                "--json",
                "--quiet",
            ]
        )
        return MapQuality(told["kl_divergence"], told["trustworthiness"], told["label_accuracy"])

    def multiply_adds(self, recipe):
        """Multiply-adds of a recipe's forward pass, per image."""
        return run_json([self.path, "summary", recipe, "--json"])["multiply_adds"]


class Limit:
    """limit.c, compiled for this machine into `scratch`; `missing` says why there is none."""

    def __init__(self, scratch):
        compiler = os.environ.get("CC", "cc")
        self.program = str(pathlib.Path(scratch, "limit"))
        self.missing = None
        if shutil.which(compiler) is None:
            self.missing = f"not measured: there is no C compiler ({compiler})"
            return
        try:
            run([compiler, "-O3", "-march=native", "-pthread", str(HERE / "limit.c"), "-o", self.program])
        except ProcessFailed as error:
            self.missing = f"not measured: {compiler} cannot compile limit.c ({error})"

    def flops_per_second(self, threads):
        """All cores together; a multiply-add counts as two."""
        return run_json([self.program, str(threads)])["flops_per_second"]
