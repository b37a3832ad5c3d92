"""Works out what optimisers, schedules, losses and averages should give, in float64 with PyTorch.

usage: python make_values.py          needs torch 2.9 or newer, for its versions of everything but Muon

Writes values.json beside this script. The network is a convolution of 4 filters of 3 × 3 for images of 2 × 2 × 1, and dense
layers of 6, 8 and 3 units: matrices that are wide, wide, tall and the classifier's. Gradients are given, so nothing is
computed of its layers.

PyTorch's own Muon orthogonalises in bfloat16, with which nothing can be compared, so its iteration is written out here; and so
is the choice which tensors decay.
"""
import json
import pathlib

import torch
from torch.nn import functional as F
from torch.optim import lr_scheduler

SHAPES = {
    "conv1.weight": (4, 1, 3, 3), "conv1.bias": (4,),
    "dense1.weight": (6, 16), "dense1.bias": (6,),
    "dense2.weight": (8, 6), "dense2.bias": (8,),
    "dense3.weight": (3, 8), "dense3.bias": (3,),
}
HIDDEN = ["conv1.weight", "dense1.weight", "dense2.weight"]
# What the gradients of the steps are multiplied by: powers of two, which float32 has exactly.
LENGTHS = [1.0, 2.0, 0.125, 1.0, 0.5]
STEPS = len(LENGTHS)

random = torch.Generator().manual_seed(1)


def noise(*shape):
    # Rounded to float32, since that is how executors take it.
    return torch.randn(shape, generator=random).float().double()


def flat(tensors):
    return torch.cat([tensor.detach().flatten() for tensor in tensors])


def numbers(tensor, digits=8):
    return [float(f"{value:.{digits}g}") for value in tensor.flatten().tolist()]


class Muon(torch.optim.Optimizer):
    """Jordan et al. (2024), of which torch.optim.Muon has the constants and the order of operations."""

    def __init__(self, parameters, lr, weight_decay=0.0, momentum=0.95, nesterov=True, ns_steps=5):
        super().__init__(parameters, dict(lr=lr, wd=weight_decay, momentum=momentum, nesterov=nesterov, ns_steps=ns_steps))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for parameter in group["params"]:
                g, momentum = parameter.grad.flatten(1), group["momentum"]
                b = self.state[parameter].setdefault("b", torch.zeros_like(g))
                b.mul_(momentum).add_(g)
                update = orthogonalised(g + momentum * b if group["nesterov"] else b, group["ns_steps"])
                scale = max(1.0, g.shape[0] / g.shape[1]) ** 0.5
                parameter.mul_(1 - group["lr"] * group["wd"])
                parameter.add_(update.view_as(parameter), alpha=-group["lr"] * scale)


def orthogonalised(g, iterations):
    a, b, c = 3.4445, -4.7750, 2.0315
    x = g.T if g.shape[0] > g.shape[1] else g
    x = x / (x.norm() + 1e-7)
    for _ in range(iterations):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.T if g.shape[0] > g.shape[1] else x


def adamw(named, learning_rate=0.001, weight_decay=0.01, beta_1=0.9, beta_2=0.999, epsilon=1e-8, **_):
    betas = (beta_1, beta_2)
    return torch.optim.AdamW(groups(named, weight_decay), lr=learning_rate, betas=betas, eps=epsilon)


def sgd(named, learning_rate=0.01, momentum=0.9, nesterov=True, weight_decay=0.0, **_):
    return torch.optim.SGD(groups(named, weight_decay), lr=learning_rate, momentum=momentum, nesterov=nesterov)


def groups(named, weight_decay):
    """Weights decay, biases do not."""
    weights = [tensor for name, tensor in named.items() if name.endswith("weight")]
    biases = [tensor for name, tensor in named.items() if not name.endswith("weight")]
    return [dict(params=weights, weight_decay=weight_decay), dict(params=biases, weight_decay=0.0)]


def optimisers(named, recipe):
    match recipe["type"]:
        case "adamw":
            return [adamw(named, **recipe)]
        case "sgd":
            return [sgd(named, **recipe)]
        case "muon":
            others = {name: tensor for name, tensor in named.items() if name not in HIDDEN}
            names = dict(learning_rate="lr", iterations="ns_steps")
            constants = {names.get(key, key): value for key, value in recipe.items() if key not in ("type", "others")}
            return [Muon([named[name] for name in HIDDEN], **constants), adamw(others, **recipe["others"])]


def trained(case, initial, gradients):
    named = {name: torch.nn.Parameter(tensor.clone()) for name, tensor in initial.items()}
    steppers = optimisers(named, case["optimiser"])
    rates = [[group["lr"] for group in stepper.param_groups] for stepper in steppers]
    average = flat(named.values())
    for step in range(STEPS):
        for parameter, gradient in zip(named.values(), gradients[step]):
            parameter.grad = gradient.clone()
        if case["clip_norm"]:
            torch.nn.utils.clip_grad_norm_(named.values(), case["clip_norm"])
        for stepper, rates_of in zip(steppers, rates):
            for group, rate in zip(stepper.param_groups, rates_of):
                group["lr"] = rate * case["rate_factors"][step]
            stepper.step()
        if case["average"]:
            decay = min(case["average"], (1 + step) / (10 + step))
            average.lerp_(flat(named.values()), 1 - decay)
    after = dict(parameters=numbers(flat(named.values())))
    if case["average"]:
        after["average_after"] = numbers(average)
    return case | after


def schedule(recipe, make, steps=20):
    parameter = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))
    optimiser = torch.optim.SGD([parameter], lr=1.0)
    scheduler = make(optimiser)
    factors = []
    for _ in range(steps):
        factors.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        if len(factors) < steps:
            scheduler.step()
    return dict(schedule=recipe, factors=[float(f"{factor:.15g}") for factor in factors])


def one_cycle(warm_up, first, last):
    return lambda optimiser: lr_scheduler.OneCycleLR(
        optimiser, max_lr=1.0, total_steps=20, pct_start=warm_up, div_factor=1 / first, final_div_factor=first / last,
        cycle_momentum=False)


def warmed_up(top, first, then):
    """A straight line up to step `top`, and then another schedule."""
    return lambda optimiser: lr_scheduler.SequentialLR(
        optimiser, [lr_scheduler.LinearLR(optimiser, first, 1.0, total_iters=top), then(optimiser)], [top])


def loss(smoothing, mixed):
    logits = (3 * noise(4, 5)).float().double().requires_grad_()
    labels, others = torch.tensor([0, 3, 2, 4]), torch.tensor([1, 3, 0, 2])
    shares = torch.tensor([0.25, 0.5, 0.0, 0.875], dtype=torch.float64) if mixed else torch.zeros(4, dtype=torch.float64)
    target = (1 - shares)[:, None] * F.one_hot(labels, 5) + shares[:, None] * F.one_hot(others, 5)
    value = F.cross_entropy(logits, target, label_smoothing=smoothing)
    value.backward()
    return dict(
        smoothing=smoothing, labels=labels.tolist(), mixed_labels=others.tolist() if mixed else None,
        shares=shares.tolist() if mixed else None, logits=numbers(logits.detach(), 9), loss=float(f"{value.item():.12g}"),
        gradient=numbers(logits.grad))


def main():
    initial = {name: noise(*shape) * 0.5 for name, shape in SHAPES.items()}
    gradients = [[length * noise(*shape) for shape in SHAPES.values()] for length in LENGTHS]
    others = dict(learning_rate=0.01, weight_decay=0.1)
    recipes = [
        dict(type="adamw"),
        dict(type="adamw", learning_rate=0.02, weight_decay=0.3, beta_1=0.8, beta_2=0.95, epsilon=1e-3),
        dict(type="sgd", nesterov=True),
        dict(type="sgd", nesterov=False, momentum=0.8, weight_decay=0.1),
        dict(type="sgd", nesterov=True, momentum=0.7, weight_decay=0.2, learning_rate=0.1),
        dict(type="muon", learning_rate=0.02, others=others),
        dict(type="muon", learning_rate=0.05, nesterov=False, momentum=0.9, weight_decay=0.2, others=others),
        dict(type="muon", learning_rate=0.02, iterations=8, others=others),
    ]
    ways = [
        dict(clip_norm=None, average=None, rate_factors=[1.0] * STEPS),
        # The gradients' norms are about 15, 30, 2, 15 and 7: some are cut and some are not.
        dict(clip_norm=10.0, average=0.3, rate_factors=[0.2, 1.0, 0.5, 0.25, 0.0]),
    ]
    cases = [dict(optimiser=recipe) | way for recipe in recipes for way in ways]
    cosine = lambda steps, last: lambda optimiser: lr_scheduler.CosineAnnealingLR(optimiser, steps, last)
    line = lambda steps, last: lambda optimiser: lr_scheduler.LinearLR(optimiser, 1.0, last, total_iters=steps)
    schedules = [
        schedule(dict(type="constant"), lambda optimiser: lr_scheduler.ConstantLR(optimiser, 1.0)),
        schedule(dict(type="steps", at=[0.3, 0.55, 0.9], factor=0.1),
                 lambda optimiser: lr_scheduler.MultiStepLR(optimiser, [6, 11, 18], 0.1)),
        schedule(dict(type="cosine"), cosine(19, 0.0)),
        schedule(dict(type="cosine", last=0.1), cosine(19, 0.1)),
        schedule(dict(type="cosine", warm_up=0.25), warmed_up(4, 1e-300, cosine(15, 0.0))),
        schedule(dict(type="one_cycle"), one_cycle(0.3, 1 / 25, 1 / 25e4)),
        schedule(dict(type="one_cycle", warm_up=0.42, first=0.2, last=0.05), one_cycle(0.42, 0.2, 0.05)),
        schedule(dict(type="linear", last=0.2), line(19, 0.2)),
        schedule(dict(type="linear", warm_up=0.25, first=0.3), warmed_up(4, 0.3, line(15, 0.0))),
    ]
    values = dict(
        initial=numbers(flat(initial.values()), 9),
        gradients=[numbers(flat(gradient), 9) for gradient in gradients],
        cases=[trained(case, initial, gradients) for case in cases],
        schedules=schedules,
        losses=[loss(smoothing, mixed) for smoothing in (0.0, 0.1) for mixed in (False, True)],
    )
    text = json.dumps(values).replace('{"optimiser"', '\n{"optimiser"').replace('{"schedule"', '\n{"schedule"')
    (pathlib.Path(__file__).parent / "values.json").write_text(text.replace('{"smoothing"', '\n{"smoothing"') + "\n")


main()
