#!/usr/bin/env python3
"""What the recipes come to: trains each from several seeds, one after the other, and puts it in RESULTS.md.

The report is written after each run, from the ledger of all runs, RESULTS.json: the recipes need not all be trained at
one time. Finished runs in the directory of runs are taken as they are, so that an interrupted series goes on where it
stopped.
"""

import pathlib
import statistics
import tomllib
from dataclasses import dataclass

import colour_shapes
import ledger
import runs
from compare import require_data, say
from contenders import HERE, ProcessFailed, run_json
from results import mean_of_seeds, put, table

# From how many seeds each is trained: what is claimed of a mean needs several.
RECIPES = {"speedrun-94": 10, "speedrun-95": 5, "resnet": 3, "separable": 3, "best": 1, "vgg": 5, "mlp": 5}
# The post's network reaches its 94% after 40 to 45 epochs.
POST = "seed-vgg"
POST_EPOCHS = 45
# Images of another set that a recipe learns from, at most, and in all its epochs together: enough to see that it learns
# them.
IMAGES_ELSEWHERE = 10_000
SHOWN_ELSEWHERE = 120_000


def options():
    parser = runs.parser(__doc__.splitlines()[0], "recipes", HERE / "RESULTS.md")
    parser.add_argument(
        "--only",
        metavar="NAME",
        nargs="+",
        choices=RECIPES,
        default=list(RECIPES),
        help=f"recipes to train, of: {', '.join(RECIPES)}",
    )
    parser.add_argument(
        "--also",
        metavar="DIR",
        nargs="+",
        type=lambda path: pathlib.Path(path).resolve(),
        default=[],
        help="directories of IDX files to try the recipes on, besides the sets that modiste finds itself",
    )
    runs.add_missing(parser, "seed")
    return parser.parse_args()


def main(chosen):
    require_data()
    series = runs.Series(chosen)
    guests = other_data(series.program, chosen.runs / "data") + chosen.also
    names = [pathlib.Path(data).name for data in guests]
    if len(set(names)) < len(names):
        raise ProcessFailed(
            f"the report tells sets of images apart by their names, and of {', '.join(names)} two are the same"
        )
    post = run_json([series.program.path, "summary", POST, "--json"])["multiply_adds"] * POST_EPOCHS
    for recipe in chosen.only:
        say(f"{recipe}: {RECIPES[recipe]} seeds")
        jobs = [at_home(recipe, seed) for seed in range(RECIPES[recipe])]
        jobs += [elsewhere(recipe, data) for data in guests]
        for job in jobs:
            if not (chosen.missing and job.found(series.ledger)):
                say(job.name)
                series.fit(job.name, job.text, job.words)
            put(chosen.out, document(series.ledger, post))
    say(f"written to {chosen.out}")


@dataclass(frozen=True)
class Job:
    """A run: its name, the recipe, and the words to `modiste train`."""

    name: str
    text: str
    words: list[str | pathlib.Path]

    def found(self, kept):
        """What the ledger has of it; else nothing."""
        return kept.found(self.name, ledger.experiment(self.text, self.words))


def at_home(recipe, seed):
    """The run on all of Fashion-MNIST."""
    return Job(f"{recipe}/seed-{seed}", runs.recipe(recipe), ["--data", "fashion-mnist", "--seed", str(seed)])


def elsewhere(recipe, data):
    """The run on some images of another set."""
    words = ["--data", data, "--limit", str(images_elsewhere(recipe)), "--seed", "0"]
    return Job(f"elsewhere/{pathlib.Path(data).name}/{recipe}", runs.recipe(recipe), words)


def other_data(program, directory):
    """Other sets of images that can be had here: those that modiste knows, and one in colour that is drawn now."""
    colour = directory / "colour-shapes"
    colour_shapes.write(colour)
    known = run_json([program.path, "data", "list", "--json"])
    here = [each["name"] for each in known if each["name"] != "fashion-mnist" and each["state"] != "absent"]
    return [*here, colour]


def images_elsewhere(recipe):
    """How many images of another set a recipe learns from."""
    return min(IMAGES_ELSEWHERE, SHOWN_ELSEWHERE // tomllib.loads(runs.recipe(recipe))["training"]["epochs"])


def document(kept, post):
    """`post` is what the post's training takes of each image: multiply-adds of all epochs together."""
    found = {
        recipe: [entry for seed in range(seeds) if (entry := at_home(recipe, seed).found(kept))]
        for recipe, seeds in RECIPES.items()
    }
    found = {recipe: entries for recipe, entries in found.items() if entries}
    titles = [
        "recipe",
        "epochs",
        "seeds",
        "test accuracy",
        "least to most",
        "gap",
        "test loss",
        "seconds",
        "parameters",
        "multiply-adds",
        "of the post's arithmetic",
    ]
    lines = [
        "# What the recipes come to",
        "",
        "Written by `bench/recipes.py`; nothing in it is typed by hand.",
        "",
        "Accuracy on the 10,000 test images of Fashion-MNIST, mean ± standard deviation over the seeds (of the "
        "sample, by n - 1). The gap is the accuracy on training images as they are, without augmentation or dropout, "
        "less that on test images, in hundredths. Seconds are wall time from the start of a run to its result, the "
        "pieces of an interrupted one together: median, and least to most, over the seeds of the machine that has "
        "trained most of them. Multiply-adds are those of the forward pass for one image. The last column has them "
        f"times the epochs, as a share of what {POST_EPOCHS} epochs of `{POST}` take, after which the post has its "
        "94%: what a recipe saves, whatever computes it.",
        "",
        table(titles, [cells(recipe, entries, post) for recipe, entries in found.items()]),
        "",
        "## On other data",
        "",
        "The same recipes, unchanged, one seed, few images to learn from: accuracy on the test images, and from how "
        "many it was learned. `colour-shapes` are ten shapes in colour, 32 × 32, drawn by `bench/colour_shapes.py`. "
        "Sets that could not be had where this was written are missing. What made these runs stands in "
        "`RESULTS.json`.",
        "",
        elsewhere_table(kept),
        "",
        "## Made by",
        "",
        ledger.makers_table("recipe", {f"`{recipe}`": entries for recipe, entries in found.items()}),
        "",
    ]
    return "\n".join(lines)


def cells(recipe, entries, post):
    """What the runs of a recipe come to, which are alike but for their seeds and machines."""
    results = [entry["result"] for entry in entries]
    one = results[0]
    accuracy = [result["test_accuracy"] for result in results]
    gaps = [result["fitted_train_accuracy"] - result["test_accuracy"] for result in results]
    there, wanted = len(results), RECIPES[recipe]
    return [
        f"`{recipe}`",
        f"{one['epochs']}",
        f"{there}" if there == wanted else f"{there} of {wanted}",
        mean_of_seeds(accuracy),
        f"{min(accuracy):.4f} to {max(accuracy):.4f}" if there > 1 else "",
        f"{100 * statistics.mean(gaps):+.2f}",
        f"{statistics.mean(result['test_loss'] for result in results):.4f}",
        ledger.seconds(max(ledger.makers(entries).values(), key=len)),
        f"{one['parameters']:,}",
        f"{one['multiply_adds']:,}",
        f"{one['multiply_adds'] * one['epochs'] / post:.1%}",
    ]


def elsewhere_table(kept):
    """A line for each recipe, a column for each set."""
    sets = sorted({name.split("/")[1] for name in kept.entries if name.startswith("elsewhere/")})
    rows = []
    for recipe in RECIPES:
        found = [elsewhere(recipe, data).found(kept) for data in sets]
        if any(found):
            rows.append(
                [
                    f"`{recipe}`",
                    *(
                        f"{entry['result']['test_accuracy']:.4f} ({entry['result']['sizes']['train']:,})"
                        if entry
                        else ""
                        for entry in found
                    ),
                ]
            )
    return table(["recipe", *sets], rows)


if __name__ == "__main__":
    runs.end_well(lambda: main(options()))
