"""Works out the small reference files beside this script, in float64 with PyTorch's automatic differentiation.

usage: python make.py          needs torch and safetensors, Python 3.11 or newer

Each NAME.toml gives NAME.safetensors: the batch (`images`, `labels`), the parameters before the first step (`init.*`),
`logits` and gradients (`grad.*`) there, the `loss` there and after each of three Adam steps, and the parameters after
them (`after3.*`). Images are noise, so nothing of any data set is in the files.
"""
import pathlib
import tomllib

import torch
from safetensors.torch import save_file
from torch.nn import functional as F

HERE = pathlib.Path(__file__).parent
IMAGES = {"small-cnn": (8, 12, 10), "small-mlp": (8, 5, 6)}
RATE, BETA_1, BETA_2, EPSILON = 1e-3, 0.9, 0.999, 1e-7


def build(layers, shape, generator):
    """Initial parameters, and a function from parameters and images [n, 1, h, w] to logits."""
    parameters, steps, counts = {}, [], {"conv": 0, "dense": 0}
    channels, height, width, flat = 1, *shape, None

    def new(kind, size, fan_in, fan_out):
        counts[kind] += 1
        name = f"{kind}{counts[kind]}"
        limit = (6 / (fan_in + fan_out)) ** 0.5
        # Rounded to float32, since that is how they are kept.
        parameters[name + ".weight"] = ((torch.rand(size, generator=generator) * 2 - 1) * limit).float().double()
        parameters[name + ".bias"] = (torch.rand(size[0], generator=generator) * 0.1 - 0.05).float().double()
        return name

    for layer in layers:
        match layer["type"]:
            case "conv":
                kernel, filters = layer["kernel"], layer["filters"]
                name = new("conv", (filters, channels, kernel, kernel), channels * kernel**2, filters * kernel**2)
                padding = kernel // 2 if layer["padding"] == "same" else 0
                steps.append(lambda p, x, n=name, pad=padding: F.conv2d(x, p[n + ".weight"], p[n + ".bias"], padding=pad))
                channels, height, width = filters, height + 2 * padding - kernel + 1, width + 2 * padding - kernel + 1
            case "max_pool":
                steps.append(lambda p, x, size=layer["size"]: F.max_pool2d(x, size))
                height, width = height // layer["size"], width // layer["size"]
            case "flatten":
                steps.append(lambda p, x: x.permute(0, 2, 3, 1).flatten(1))
                flat = height * width * channels
            case "dense":
                name = new("dense", (layer["units"], flat), flat, layer["units"])
                steps.append(lambda p, x, n=name: F.linear(x, p[n + ".weight"], p[n + ".bias"]))
                flat = layer["units"]
            case "leaky_relu":
                steps.append(lambda p, x, slope=layer["slope"]: F.leaky_relu(x, slope))
        if layer.get("activation") == "relu":
            steps.append(lambda p, x: F.relu(x))

    def network(p, x):
        for step in steps:
            x = step(p, x)
        return x

    return parameters, network


def work_out(recipe):
    torch.manual_seed(0)
    generator = torch.Generator().manual_seed(20)
    count, *shape = IMAGES[recipe["name"]]
    classes = recipe["layers"][-1]["units"]
    parameters, network = build(recipe["layers"], shape, generator)
    pixels = torch.randint(0, 256, (count, *shape), generator=generator)
    labels = torch.randint(0, classes, (count,), generator=generator)
    x = ((pixels.double() / 255 - 0.5) * 2).unsqueeze(1)

    out = {"images": pixels, "labels": labels} | {f"init.{name}": value for name, value in parameters.items()}
    mean = {name: torch.zeros_like(value) for name, value in parameters.items()}
    square = {name: torch.zeros_like(value) for name, value in parameters.items()}
    losses = []
    for t in range(1, 5):
        leaves = {name: value.clone().requires_grad_() for name, value in parameters.items()}
        logits = network(leaves, x)
        loss = F.cross_entropy(logits, labels)
        losses.append(loss.item())
        if t == 4:
            break
        gradients = dict(zip(leaves, torch.autograd.grad(loss, list(leaves.values()))))
        if t == 1:
            out |= {"logits": logits.detach()} | {f"grad.{name}": value for name, value in gradients.items()}
        length = RATE * (1 - BETA_2**t) ** 0.5 / (1 - BETA_1**t)
        for name, gradient in gradients.items():
            mean[name] = BETA_1 * mean[name] + (1 - BETA_1) * gradient
            square[name] = BETA_2 * square[name] + (1 - BETA_2) * gradient**2
            parameters[name] = parameters[name] - length * mean[name] / (square[name].sqrt() + EPSILON)
    out |= {f"after3.{name}": value for name, value in parameters.items()} | {"loss": torch.tensor(losses)}
    return {name: value.float().contiguous() for name, value in out.items()}


if __name__ == "__main__":
    torch.set_default_dtype(torch.float64)
    for path in sorted(HERE.glob("*.toml")):
        tensors = work_out(tomllib.loads(path.read_text()))
        save_file(tensors, path.with_suffix(".safetensors"))
        print(path.stem, "losses", tensors["loss"].tolist())
