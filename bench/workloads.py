"""What is compared: pieces of work, and for each who does it."""

from collections.abc import Callable
from dataclasses import dataclass

from contenders import Measurement

FORWARD = 1
# The forward pass, the gradients of the weights, the gradients of the inputs.
FORWARD_AND_BACKWARD = 3


@dataclass(frozen=True)
class Length:
    """How much is timed."""

    rounds: int
    # Of each process, after its warm-up.
    steps: int
    single_images: int
    epochs: int
    images_of_an_epoch: int


THOROUGH = Length(rounds=3, steps=8, single_images=400, epochs=2, images_of_an_epoch=60_000)
QUICK = Length(rounds=1, steps=1, single_images=20, epochs=1, images_of_an_epoch=1_000)


@dataclass(frozen=True)
class Contender:
    """Who does the work, and how to measure it."""

    name: str
    measure: Callable[[], Measurement]
    precision: str = "fp32"


@dataclass(frozen=True)
class Workload:
    """A piece of work; the last contender is the one that all are compared with."""

    title: str
    images: int
    # Of direct arithmetic; a multiply-add counts as two.
    flops: float
    contenders: list[Contender]


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
            Contender(
                "Keras", lambda: peers.measure("keras_step.py", "--batch", batch, "--steps", length.steps)
            ),
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
}
