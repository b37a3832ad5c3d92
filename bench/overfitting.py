#!/usr/bin/env python3
"""How much the post's network overfits: trains the post's network as the post does and by the recipe `vgg`, draws both
curves in docs/overfitting.png and writes OVERFITTING.md. Needs Matplotlib.

Finished runs in the directory of runs are taken as they are, so an interrupted comparison goes on where it stopped.
"""

import os
import pathlib

import matplotlib

import runs
from compare import REPOSITORY, require_data, say
from contenders import HERE
from ledger import makers_table
from results import table

matplotlib.use("Agg")
from matplotlib import pyplot  # noqa: E402 (the backend is chosen first: there may be no display)

RECIPES = {"seed-vgg": "as the post trains it", "vgg": "as the recipe `vgg` trains it"}
# What is drawn of each epoch, and where it stands in what `modiste train` writes of it.
CURVES = [("training images", "train_accuracy"), ("test images", "validation_accuracy")]


def options():
    parser = runs.parser(" ".join(__doc__.split("\n\n")[0].split()), "overfitting", HERE / "OVERFITTING.md")
    parser.add_argument(
        "--picture",
        metavar="FILE",
        type=pathlib.Path,
        default=REPOSITORY / "docs" / "overfitting.png",
        help="where the curves are drawn [default: docs/overfitting.png]",
    )
    return parser.parse_args()


def main(chosen):
    require_data()
    series = runs.Series(chosen, curves=[field for _, field in CURVES])
    # The post measures on the test images after each epoch, so both do; nothing is chosen by it.
    words = ["--data", "fashion-mnist", "--validation", "test", "--seed", "0"]
    entries = {recipe: series.fit(recipe, runs.recipe(recipe), words) for recipe in RECIPES}
    draw(entries, chosen.picture)
    picture = os.path.relpath(chosen.picture, chosen.out.parent)
    chosen.out.write_text(document(entries, picture), encoding="utf-8")
    say(f"written to {chosen.out} and {chosen.picture}")


def draw(entries, picture):
    """Accuracy after each epoch, a panel for each recipe, on one scale."""
    figure, panels = pyplot.subplots(1, len(entries), figsize=(9, 3.6), sharey=True, layout="constrained")
    for panel, (recipe, entry) in zip(panels, entries.items(), strict=True):
        result = entry["result"]
        epochs = range(1, result["epochs"] + 1)
        for name, field in CURVES:
            panel.plot(epochs, [100 * accuracy for accuracy in entry["curves"][field]], label=name)
        panel.plot(
            epochs[-1],
            100 * result["fitted_train_accuracy"],
            "o",
            color="C0",
            label="training images as they are, at the end",
        )
        panel.set(title=recipe, xlabel="epoch")
        panel.grid(alpha=0.3)
    panels[0].set(ylabel="accuracy, %", ylim=(80, 100))
    panels[0].legend(loc="lower right", frameon=False)
    figure.savefig(picture, dpi=120)


def document(entries, picture):
    heads = [
        "",
        "epochs",
        "training accuracy, as training goes",
        "training accuracy, as they are",
        "test accuracy",
        "gap",
        "best test accuracy of an epoch less the last",
        "seconds",
    ]
    results = {recipe: entry["result"] for recipe, entry in entries.items()}
    tests = {recipe: entry["curves"]["validation_accuracy"] for recipe, entry in entries.items()}
    rows = [
        [
            f"`{recipe}`, {RECIPES[recipe]}",
            str(result["epochs"]),
            f"{result['train_accuracy']:.4f}",
            f"{result['fitted_train_accuracy']:.4f}",
            f"{result['test_accuracy']:.4f}",
            f"{100 * (result['fitted_train_accuracy'] - result['test_accuracy']):+.2f}",
            f"{100 * (max(tests[recipe]) - tests[recipe][-1]):.2f}",
            f"{result['wall_seconds']:.0f}",
        ]
        for recipe, result in results.items()
    ]
    return "\n".join(
        [
            "# The post's network, overfitting and not",
            "",
            "Written by `bench/overfitting.py`; nothing in it is typed by hand.",
            "",
            "The same layers twice, on all 60,000 training images of Fashion-MNIST, one seed, measured on the test "
            "images after each epoch as the post does; nothing is chosen by it, and what is reported is the last "
            "epoch. The gap is the accuracy on training images as they are, without augmentation or dropout, less "
            "that on test images, in hundredths. As training goes, accuracy is lower: there are dropout and "
            "augmentation in it.",
            "",
            f"![Accuracy on training and test images after each epoch]({picture})",
            "",
            table(heads, rows),
            "",
            makers_table("recipe", {f"`{recipe}`": [entry] for recipe, entry in entries.items()}),
            "",
        ]
    )


if __name__ == "__main__":
    runs.end_well(lambda: main(options()))
