"""What is compared: pieces of work, and for each who does it."""

from collections.abc import Callable
from dataclasses import dataclass

from contenders import MapQuality, Measurement, ProcessFailed

FORWARD = 1
# The forward pass, the gradients of the weights, the gradients of the inputs.
FORWARD_AND_BACKWARD = 3

SCIKIT_LEARN = {"scikit-learn": "scikit_learn_tsne.py"}
OPENTSNE = {"openTSNE": "opentsne_tsne.py"}
INTELEX = {"scikit-learn-intelex": "scikit_learn_intelex_tsne.py"}
SGTSNEPI = {"SG-t-SNE-Π": "sgtsnepi_tsne.py"}


@dataclass(frozen=True)
class Length:
    """How much is timed."""

    rounds: int
    # Of each process, after its warm-up.
    steps: int
    single_images: int
    epochs: int
    images_of_an_epoch: int
    # Of a map, at most.
    images_of_a_map: int
    iterations: int


THOROUGH = Length(
    rounds=3, steps=8, single_images=400, epochs=2, images_of_an_epoch=60_000, images_of_a_map=70_000, iterations=1_000
)
# scikit-learn takes no fewer iterations.
QUICK = Length(
    rounds=1, steps=1, single_images=20, epochs=1, images_of_an_epoch=1_000, images_of_a_map=500, iterations=250
)


@dataclass(frozen=True)
class Contender:
    """Who does the work, and how to measure it."""

    name: str
    measure: Callable[[], Measurement]
    # None where a program mixes several.
    precision: str | None = "fp32"
    # Of the map that it measured last, where maps are the work.
    quality: Callable[[], MapQuality] | None = None

    @property
    def label(self):
        """Its name, and its precision where that says something."""
        return f"{self.name}, {self.precision}" if self.precision else self.name


@dataclass(frozen=True)
class Workload:
    """A piece of work; the last contender is the one that all are compared with."""

    title: str
    images: int
    contenders: list[Contender]
    # Of direct arithmetic, where that is what all contenders do; a multiply-add counts as two.
    flops: float | None = None
    # So many rounds are enough, since each takes minutes.
    most_rounds: int | None = None


def vgg_step(modiste, peers, length):
    batch = 500

    def pytorch(*options):
        return lambda: peers.measure("pytorch_step.py", "--batch", batch, "--steps", length.steps, *options)

    return Workload(
        title=f"Training step of seed-vgg, batch {batch}",
        images=batch,
        flops=flops(modiste, "seed-vgg", batch, FORWARD_AND_BACKWARD),
        contenders=[
            Contender("PyTorch, channels last", pytorch()),
            Contender("PyTorch, channels first", pytorch("--nchw")),
            Contender("PyTorch, channels last, compiled", pytorch("--compile")),
            Contender("PyTorch, channels last, autocast", pytorch("--bf16"), precision="bf16"),
            Contender("Keras", lambda: peers.measure("keras_step.py", "--batch", batch, "--steps", length.steps)),
            Contender("modiste", lambda: modiste.bench("step", batch, length.steps)),
        ],
    )


def vgg_inference(modiste, peers, batch, steps):
    """Up to the logits."""
    return Workload(
        title=f"Inference of seed-vgg, batch {batch}",
        images=batch,
        flops=flops(modiste, "seed-vgg", batch, FORWARD),
        contenders=[
            Contender(
                "ONNX Runtime", lambda: peers.measure("onnxruntime_infer.py", "--batch", batch, "--steps", steps)
            ),
            Contender("modiste", lambda: modiste.bench("infer", batch, steps)),
        ],
    )


def mlp_epoch(modiste, peers, batch, length):
    images, epochs = length.images_of_an_epoch, length.epochs

    def pytorch(*options):
        return lambda: peers.measure(
            "pytorch_mlp_epoch.py", "--batch", batch, "--images", images, "--epochs", epochs, *options
        )

    return Workload(
        title=f"Epoch of seed-mlp, {images:,} images, batch {batch}",
        images=images,
        flops=flops(modiste, "seed-mlp", images, FORWARD_AND_BACKWARD),
        contenders=[
            Contender("PyTorch", pytorch()),
            Contender("PyTorch, fused Adam", pytorch("--fused")),
            Contender("modiste", lambda: modiste.epoch("seed-mlp", batch, images, epochs)),
        ],
    )


def vgg_epoch(modiste, _peers, length):
    """Whether loading, shuffling and keeping count hide behind the arithmetic."""
    batch, images = 500, length.images_of_an_epoch
    steps = images // batch

    def bare_steps():
        step = modiste.bench("step", batch, 4 * length.steps)
        return Measurement(steps * step.seconds, step.peak_memory_bytes, step.software)

    return Workload(
        title=f"Epoch of seed-vgg, {images:,} images, batch {batch}",
        images=images,
        flops=flops(modiste, "seed-vgg", images, FORWARD_AND_BACKWARD),
        contenders=[
            Contender(f"{steps} times the median of `modiste bench step`", bare_steps),
            Contender("`modiste train`", lambda: modiste.epoch("seed-vgg", batch, images, epochs=1)),
        ],
    )


def predict(modiste, peers, count):
    """PNG files to classes, whole processes; and what the network alone would take where it is at its fastest."""
    pictures = modiste.pictures(peers, "speedrun-94", count)
    classes = {}

    def program(name, classify):
        def measure():
            measurement, classes[name] = classify()
            first = next(iter(classes.values()))
            told_otherwise = sum(ours != theirs for ours, theirs in zip(first, classes[name], strict=True))
            if told_otherwise > count / 1000:
                raise ProcessFailed(f"{told_otherwise} of {count} pictures have another class than elsewhere")
            return measurement

        return Contender(name, measure)

    def network():
        batch = min(count, 500)
        alone = modiste.bench("infer", batch, 20, recipe="speedrun-94")
        return Measurement(count / batch * alone.seconds, alone.peak_memory_bytes, alone.software)

    return Workload(
        title=f"PNG files to classes by speedrun-94, {count:,} of 28×28",
        images=count,
        contenders=[
            program(
                "ONNX Runtime and Pillow, the whole process",
                lambda: peers.classify("onnxruntime_pictures.py", pictures),
            ),
            Contender("`modiste bench infer`, the network alone", network, precision=None),
            program("modiste, the whole process", lambda: modiste.classify(pictures)),
        ],
    )


def tsne(modiste, peers, length, images, iterations, scripts, drawn=False, most_rounds=None, ours=None):
    """Maps of raw pixels. Whoever makes one leaves it in a file, and all are judged when the rounds are over. `ours`
    are further scripts that stand for modiste."""
    images, iterations = min(images, length.images_of_a_map), min(iterations, length.iterations)
    pixels = peers.pixels(images, drawn)

    def contender(name, make):
        finished = peers.scratch / f"map-{name}.npy"
        return Contender(
            name, lambda: make(finished), precision=None, quality=lambda: modiste.map_quality(pixels, finished)
        )

    def peer(script):
        return lambda finished: peers.measure(
            script, "--matrix", pixels.matrix, "--iterations", iterations, "--out", finished
        )

    return Workload(
        title=f"t-SNE of {images:,} images, {iterations:,} iterations",
        images=images,
        contenders=[
            *(contender(name, peer(script)) for name, script in scripts.items()),
            contender("modiste", lambda finished: modiste.tsne(pixels, iterations, finished)),
            *(contender(name, peer(script)) for name, script in (ours or {}).items()),
        ],
        most_rounds=most_rounds,
    )


def flops(modiste, recipe, images, passes):
    return 2.0 * passes * images * modiste.multiply_adds(recipe)


# By the name that `--only` takes, in the order of the report.
WORKLOADS = {
    "step": vgg_step,
    "infer-500": lambda modiste, peers, length: vgg_inference(modiste, peers, 500, length.steps),
    "infer-1": lambda modiste, peers, length: vgg_inference(modiste, peers, 1, length.single_images),
    "mlp-500": lambda modiste, peers, length: mlp_epoch(modiste, peers, 500, length),
    "mlp-32": lambda modiste, peers, length: mlp_epoch(modiste, peers, 32, length),
    "epoch": vgg_epoch,
    "predict-10000": lambda modiste, peers, _length: predict(modiste, peers, 10_000),
    "predict-1": lambda modiste, peers, _length: predict(modiste, peers, 1),
    # All of them take scikit-learn's default of iterations here, and openTSNE's below.
    "tsne-1000": lambda modiste, peers, length: tsne(
        modiste, peers, length, 1_000, 1_000, SCIKIT_LEARN | OPENTSNE | INTELEX | SGTSNEPI, drawn=True
    ),
    "tsne-10000": lambda modiste, peers, length: tsne(
        modiste, peers, length, 10_000, 750, OPENTSNE | INTELEX | SGTSNEPI
    ),
    "tsne-70000": lambda modiste, peers, length: tsne(
        modiste, peers, length, 70_000, 750, OPENTSNE | SGTSNEPI, most_rounds=2
    ),
}
