"""Holds exported networks against modiste's own answers: in ONNX Runtime and, where they are, OpenVINO and PyTorch.

python exports.py cases DIR              what the tests of crates/onnx have left in $MODISTE_ONNX_CASES
python exports.py recipes PROGRAM [NAME …]  built-in recipes, by default all, trained shortly by it, on 1,000 images
"""

import importlib.util
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime

try:
    import openvino
except ImportError:
    openvino = None
try:
    import torch
except ImportError:
    torch = None

TOLERANCE = 1e-4
RECIPES = ["seed-mlp", "seed-vgg", "mlp", "vgg", "speedrun-94", "speedrun-95", "resnet", "separable", "best"]
IMAGES = 1000


def check_form(path):
    """The checker finds no fault, and shape inference leaves no size open but that of the batch."""
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    inferred = onnx.shape_inference.infer_shapes(model, strict_mode=True, data_prop=True)
    found = {value.name: value.type.tensor_type for value in [*inferred.graph.value_info, *inferred.graph.output]}
    for node in inferred.graph.node:
        sizes = found[node.output[0]].shape.dim
        assert sizes and sizes[0].dim_param == "batch", f"{path}: {node.name} has a batch of {sizes}"
        assert all(size.dim_value > 0 for size in sizes[1:]), f"{path}: {node.name} has sizes {sizes}"
    return model


def by_onnx_runtime(path, images):
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return session.run(["logits"], {"images": images})[0]


def by_openvino(path, images):
    compiled = openvino.Core().compile_model(path, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return compiled({"images": images})["logits"]


def engines():
    return [by_onnx_runtime] + ([by_openvino] if openvino else [])


def difference(found, wanted):
    """The largest, as a share of the largest wanted value, and at least of 1."""
    return np.abs(found - wanted).max() / max(1.0, np.abs(wanted).max())


def cases(directory):
    lines = [json.loads(line) for line in (directory / "cases.jsonl").read_text().splitlines()]
    worst, images_in_all = {}, 0
    for case in lines:
        path = directory / f"{case['name']}.onnx"
        check_form(path)
        pixels = np.fromfile(directory / f"{case['name']}.pixels", np.uint8).reshape(-1, *case["shape"])
        images = pixels if case["channels_last"] else np.ascontiguousarray(pixels.transpose(0, 3, 1, 2))
        images = images if case["bytes"] else images.astype(np.float32)
        wanted = np.fromfile(directory / f"{case['name']}.logits", "<f4").reshape(-1, case["classes"])
        images_in_all += len(images)
        for engine in engines():
            off = difference(engine(path, images), wanted)
            assert off <= TOLERANCE, f"{case['name']}: {engine.__name__} is off by {off:.1e}"
            worst[engine.__name__] = max(worst.get(engine.__name__, 0.0), off)
    assert lines, "there is no case"
    for engine, off in worst.items():
        print(f"{engine}: {len(lines)} networks, {images_in_all} images, off by {off:.1e} at most")


def write_set(path):
    """Ten classes of noise around a smooth picture each."""
    random = np.random.default_rng(2017)
    coarse = random.uniform(0, 255, (10, 7, 7))
    smooth = coarse.repeat(4, axis=1).repeat(4, axis=2)
    arrays = {}
    for part, count in [("train", 600), ("test", IMAGES)]:
        labels = np.arange(count) % 10
        images = smooth[labels] + random.normal(0, 60, (count, 28, 28))
        arrays |= {f"x_{part}": images.clip(0, 255).astype(np.uint8), f"y_{part}": labels.astype(np.uint8)}
    np.savez(path, **arrays)
    return arrays["x_test"]


def answers(program, run, data, *flags):
    """Logarithms of probabilities [n, classes] by modiste."""
    command = [program, "predict", run, "--data", data, "--top", "256", "--json", "--quiet", *flags]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    rows = []
    # The last line sums them up.
    for line in lines[:-1]:
        top = sorted(json.loads(line)["top"], key=lambda answer: answer["index"])
        rows.append([answer["probability"] for answer in top])
    return np.log(np.array(rows, np.float64))


def log_probabilities(logits, temperature):
    scaled = logits.astype(np.float64) / temperature
    scaled -= scaled.max(axis=1, keepdims=True)
    return scaled - np.log(np.exp(scaled).sum(axis=1, keepdims=True))


def by_torch(module, images):
    specification = importlib.util.spec_from_file_location(module.stem.replace("-", "_"), module)
    loaded = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(loaded)
    with torch.no_grad():
        return loaded.load()(torch.from_numpy(images)).numpy()


def recipe(program, name, world, pixels):
    run, data = world / name, world / "set.npz"
    flags = ["--epochs", "1", "--batch", "50", "--quiet"]
    subprocess.run([program, "train", name, "--data", data, "--out", run, *flags], check=True, capture_output=True)
    images = pixels[:, None].astype(np.float32)
    for views in [False, True]:
        path = world / f"{name}-{views}.onnx"
        subprocess.run([program, "export", run, "--out", path, "--quiet", *(["--views"] if views else [])], check=True)
        metadata = {entry.key: entry.value for entry in check_form(path).metadata_props}
        temperature = float(metadata["temperature"])
        wanted = answers(program, run, data, *([] if views else ["--single-view"]))
        found = {engine.__name__: engine(path, images) for engine in engines()}
        if torch and not views:
            tensors = world / f"{name}.safetensors"
            command = [program, "export", run, "--format", "torch", "--out", tensors, "--quiet"]
            subprocess.run(command, check=True)
            found["by_torch"] = by_torch(tensors.with_suffix(".py"), images)
        for engine, logits in found.items():
            # What is nearly 0 has lost its digits on the way to a probability.
            is_sound = wanted > -60
            ours = np.where(is_sound, wanted, 0) * temperature
            theirs = np.where(is_sound, log_probabilities(logits, temperature), 0) * temperature
            off = np.abs(ours - theirs).max() / max(1.0, np.abs(logits).max())
            print(f"{name}{' with views' if views else ''}, {engine}: {len(logits)} images, off by {off:.1e} at most")
            assert off <= TOLERANCE, f"{name}: {engine} is off by {off:.1e}"


def recipes(program, names):
    with tempfile.TemporaryDirectory() as world:
        pixels = write_set(Path(world) / "set.npz")
        for name in names:
            recipe(program, name, Path(world), pixels)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["cases", directory]:
            cases(Path(directory))
        case ["recipes", program, *names]:
            recipes(Path(program).resolve(), names or RECIPES)
        case _:
            sys.exit(__doc__)
