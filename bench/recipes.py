#!/usr/bin/env python3
"""What the recipes come to: trains each from several seeds, one after the other, and puts it in RESULTS.md.

Runs that are there already are taken as they are, so that an interrupted round goes on where it stopped.
"""

import pathlib
import statistics

import colour_shapes
import runs
from compare import require_data, say
from contenders import HERE, ProcessFailed, run_json
from results import put, table

# From how many seeds each is trained: what is claimed of a mean needs several.
RECIPES = {"speedrun-94": 10, "speedrun-95": 5, "resnet": 3, "separable": 3, "best": 1, "vgg": 5, "mlp": 5}
# The post's network reaches its 94% after 40 to 45 epochs.
POST = "seed-vgg"
POST_EPOCHS = 45
# Images of another set that a recipe learns from: enough to see that it learns them.
IMAGES_ELSEWHERE = 10_000


def options():
    parser = runs.parser(__doc__.splitlines()[0], "recipes", HERE / "RESULTS.md")
    parser.add_argument("--only", metavar="NAME", nargs="+", choices=RECIPES, default=list(RECIPES),
                        help=f"recipes to train, of: {', '.join(RECIPES)}")
    parser.add_argument("--also", metavar="DIR", nargs="+", type=lambda path: pathlib.Path(path).resolve(), default=[],
                        help="directories of IDX files to try the recipes on, besides the sets that modiste finds itself")
    return parser.parse_args()


def main(chosen):
    require_data()
    program = runs.program(chosen.modiste)
    elsewhere = chosen.runs / "elsewhere"
    guests = other_data(program, elsewhere / "data") + chosen.also
    names = [pathlib.Path(data).name for data in guests]
    if len(set(names)) < len(names):
        raise ProcessFailed(f"the report tells sets of images apart by their names, and of {', '.join(names)} two are the same")
    for recipe in chosen.only:
        train_from_seeds(program, recipe, chosen.runs / recipe)
        for name, data in zip(names, guests):
            say(f"{recipe} on {name}")
            words = [recipe, "--data", data, "--limit", str(IMAGES_ELSEWHERE), "--seed", "0"]
            runs.train(program, words, elsewhere / name / recipe, elsewhere / name / recipe)
    at_home = [row for recipe in RECIPES for row in rows(program, chosen.runs / recipe)]
    others = [row for directory in sorted(elsewhere.glob("*")) for row in rows(program, directory)]
    makers = {row["recipe"]: runs.maker(chosen.runs / row["recipe"]) for row in at_home}
    post = run_json([program.path, "summary", POST, "--json"])["multiply_adds"] * POST_EPOCHS
    put(chosen.out, document(at_home, others, makers, post))
    say(f"written to {chosen.out}")


def train_from_seeds(program, recipe, directory):
    """Has the runs of the first seeds in a directory."""
    say(f"{recipe}: {RECIPES[recipe]} seeds")
    for seed in range(RECIPES[recipe]):
        words = [recipe, "--data", "fashion-mnist", "--seed", str(seed)]
        runs.train(program, words, directory / f"seed-{seed}", directory)


def other_data(program, directory):
    """Other sets of images that can be had here: those that modiste knows, and one in colour that is drawn now."""
    colour = directory / "colour-shapes"
    colour_shapes.write(colour)
    known = run_json([program.path, "data", "list", "--json"])
    here = [each["name"] for each in known if each["name"] != "fashion-mnist" and each["state"] != "absent"]
    return [*here, colour]


def rows(program, directory):
    """What `modiste compare` makes of the finished runs in a directory: one row for all seeds of a recipe on a set."""
    finished = sorted(str(result.parent) for result in directory.glob("*/result.json"))
    return run_json([program.path, "compare", "--json", *finished])["rows"] if finished else []


def document(at_home, elsewhere, makers, post):
    """`post` is what the post's training takes of each image: multiply-adds of all epochs together."""
    titles = ["recipe", "epochs", "seeds", "test accuracy", "least to most", "gap", "test loss", "seconds", "parameters",
              "multiply-adds", "of the post's arithmetic"]
    lines = [
        "# What the recipes come to",
        "",
        "Written by `bench/recipes.py`; nothing in it is typed by hand.",
        "",
        "Accuracy on the 10,000 test images of Fashion-MNIST, mean ± standard deviation over the seeds (of the sample, by "
        "n - 1). The gap is the accuracy on training images as they are, without augmentation or dropout, less that on test "
        "images, in hundredths. Seconds are wall time from the start of a run to its result, the pieces of an interrupted one "
        "together: median, and least to most over the seeds. Multiply-adds are those of the forward pass for one image. The "
        "last column has them times the epochs, as a share of what "
        f"{POST_EPOCHS} epochs of `{POST}` take, after which the post has its 94%: what a recipe saves, whatever computes it.",
        "",
        table(titles, [cells(row, post) for row in at_home]),
        "",
        "## On other data",
        "",
        f"The same recipes, unchanged, one seed, at most {IMAGES_ELSEWHERE:,} images to learn from: accuracy on the test "
        "images. `colour-shapes` are ten shapes in colour, 32 × 32, drawn by `bench/colour_shapes.py`, "
        f"{colour_shapes.COUNTS['train']:,} to learn from. Sets that could not be had where this was written are missing.",
        "",
        elsewhere_table(elsewhere),
        "",
        "## Made by",
        "",
        table(["recipe", "program", "processor", "instructions", "threads", "begun"], [
            [f"`{row['recipe']}`", makers[row["recipe"]]["program"], makers[row["recipe"]]["processor"],
             *(", ".join(sorted({str(run[fact]) for run in row["runs"]})) for fact in ("isa", "threads")),
             makers[row["recipe"]]["date"]]
            for row in at_home
        ]),
        "",
    ]
    return "\n".join(lines)


def cells(row, post):
    accuracy = row["test_accuracy"]
    deviation = f" ± {accuracy['deviation']:.4f}" if accuracy["deviation"] is not None else ""
    return [
        f"`{row['recipe']}`",
        f"{row['epochs']['mean']:g}",
        seeds(row),
        f"{accuracy['mean']:.4f}{deviation}",
        f"{accuracy['least']:.4f} to {accuracy['most']:.4f}" if deviation else "",
        f"{row['gap']['mean'] * 100:+.2f}",
        f"{row['test_loss']['mean']:.4f}",
        seconds(row),
        f"{row['parameters']:,}",
        f"{row['multiply_adds']:,}",
        f"{row['multiply_adds'] * row['epochs']['mean'] / post:.1%}",
    ]


def seeds(row):
    """How many there are, and where not all are there yet, of how many."""
    there, wanted = len(row["seeds"]), RECIPES[row["recipe"]]
    return str(there) if there >= wanted else f"{there} of {wanted}"


def seconds(row):
    """Of a run: a mean would be shifted by one beside which the machine did something else."""
    each = sorted(run["wall_seconds"] for run in row["runs"])
    spread = f" ({each[0]:.0f} to {each[-1]:.0f})" if len(each) > 1 else ""
    return f"{statistics.median(each):.0f}{spread}"


def elsewhere_table(rows):
    """A line for each recipe, a column for each set."""
    accuracies = {(row["recipe"], pathlib.Path(row["data"]).name): f"{row['test_accuracy']['mean']:.4f}" for row in rows}
    sets = sorted({data for _, data in accuracies})
    recipes = [recipe for recipe in RECIPES if any((recipe, data) in accuracies for data in sets)]
    return table(["recipe", *sets], [
        [f"`{recipe}`", *(accuracies.get((recipe, data), "") for data in sets)] for recipe in recipes
    ])


if __name__ == "__main__":
    runs.end_well(lambda: main(options()))
