#!/usr/bin/env python3
"""Whether Winograd's tiles cost accuracy: trains seed-vgg with and without them, and writes CONVOLUTIONS.md.

Finished runs in the directory of runs are taken as they are, so an interrupted comparison goes on where it stopped.
"""

import statistics

import runs
from compare import positive, require_data, say
from contenders import HERE
from ledger import makers_table
from results import standard_error

RECIPE = "seed-vgg"
METHODS = {"winograd": "Winograd's tiles", "direct": "direct"}


def options():
    parser = runs.parser(__doc__.splitlines()[0], "convolutions", HERE / "CONVOLUTIONS.md")
    parser.add_argument("--seeds", metavar="N", type=positive, default=5, help="runs of each kind [default: 5]")
    parser.add_argument("--epochs", metavar="N", type=positive, default=10, help="epochs of each run [default: 10]")
    return parser.parse_args()


def main(chosen):
    require_data()
    series = runs.Series(chosen, curves=["validation_accuracy"])
    entries = {method: [] for method in METHODS}
    for seed in range(chosen.seeds):
        for method in METHODS:
            name = f"{chosen.epochs}-{method}-{seed}"
            words = ["--data", "fashion-mnist", "--epochs", str(chosen.epochs), "--seed", str(seed)]
            entries[method].append(series.fit(name, runs.recipe(RECIPE), words, {"MODISTE_CONVOLUTIONS": method}))
            say(f"seed {seed}, {METHODS[method]}: {entries[method][-1]['result']['test_accuracy']:.4f}")
    chosen.out.write_text(document(entries, chosen.epochs), encoding="utf-8")
    say(f"written to {chosen.out}")


def document(entries, epochs):
    winograd, direct = ([entry["result"]["test_accuracy"] for entry in entries[method]] for method in METHODS)
    lines = [
        "# Accuracy with and without Winograd's tiles",
        "",
        "Written by `bench/convolutions.py`; nothing in it is typed by hand.",
        "",
        f"{RECIPE} on Fashion-MNIST, {epochs} epochs, trained on all 60,000 images: accuracy on the test images after "
        "the last epoch. Runs of one seed begin with the same weights and see the same images and dropout masks in "
        "the same order; what differs is how convolutions and their gradients are rounded.",
        "",
        "| seed | " + " | ".join(METHODS.values()) + " | difference |",
        "| --- " * (len(METHODS) + 2) + "|",
    ]
    pairs = list(zip(winograd, direct, strict=True))
    lines += [f"| {seed} | {a:.4f} | {b:.4f} | {a - b:+.4f} |" for seed, (a, b) in enumerate(pairs)]
    differences = [a - b for a, b in pairs]
    lines.append(
        "| mean | "
        + " | ".join(f"{statistics.mean(row):.4f}" for row in (winograd, direct))
        + f" | {statistics.mean(differences):+.4f} |"
    )
    if len(pairs) > 1:
        lines.append(
            "| standard deviation | "
            + " | ".join(f"{statistics.stdev(row):.4f}" for row in (winograd, direct))
            + f" | {statistics.stdev(differences):.4f} |"
        )
    lines += [
        "",
        "The same after each epoch, as means over the seeds. The recipe measures on the test images after each epoch; "
        "nothing is chosen by it.",
        "",
        "| epoch | " + " | ".join(METHODS.values()) + " | difference | its standard error |",
        "| --- " * (len(METHODS) + 3) + "|",
    ]
    everywhere = []
    for epoch in range(epochs):
        rows = [[entry["curves"]["validation_accuracy"][epoch] for entry in entries[method]] for method in METHODS]
        differences = [a - b for a, b in zip(*rows, strict=True)]
        everywhere += differences
        lines.append(
            f"| {epoch + 1} | "
            + " | ".join(f"{statistics.mean(row):.4f}" for row in rows)
            + f" | {statistics.mean(differences):+.4f} | {standard_error(differences)} |"
        )
    train = [statistics.mean(entry["result"]["train_accuracy"] for entry in entries[method]) for method in METHODS]
    lines += [
        "",
        f"Over all epochs and seeds the mean difference is {statistics.mean(everywhere):+.4f}, with a standard "
        f"error of {standard_error(everywhere)} if they are taken as independent.",
        "",
        "Mean accuracy on the training images in the last epoch: "
        + ", ".join(f"{value:.4f} ({name})" for value, name in zip(train, METHODS.values(), strict=True))
        + ".",
        "",
    ]
    lines += [makers_table("convolutions", {METHODS[method]: of_method for method, of_method in entries.items()}), ""]
    return "\n".join(lines)


if __name__ == "__main__":
    runs.end_well(lambda: main(options()))
