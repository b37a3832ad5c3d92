#!/usr/bin/env python3
"""What the recipes come to: trains each from several seeds, one after the other, and puts it in RESULTS.md.

Runs that are there already are taken as they are, so that an interrupted round goes on where it stopped. What came of each
recipe is kept in RESULTS.json beside the report, which is written from it: the recipes need not all be trained at one time.
"""

import hashlib
import json
import pathlib
import statistics
import tomllib

import colour_shapes
import runs
from compare import require_data, say
from contenders import HERE, ProcessFailed, run_json
from results import mean_of_seeds, put, table

# From how many seeds each is trained: what is claimed of a mean needs several.
RECIPES = {"speedrun-94": 10, "speedrun-95": 5, "resnet": 3, "separable": 3, "best": 1, "vgg": 5, "mlp": 5}
# The post's network reaches its 94% after 40 to 45 epochs.
POST = "seed-vgg"
POST_EPOCHS = 45
# What is kept of each run, beside what all of a recipe come to.
RUN_FACTS = ["seed", "test_accuracy", "fitted_train_accuracy", "test_loss", "wall_seconds", "isa", "threads"]
# Images of another set that a recipe learns from, at most, and in all its epochs together: enough to see that it learns them.
IMAGES_ELSEWHERE = 10_000
SHOWN_ELSEWHERE = 120_000


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
        say(f"{recipe}: {RECIPES[recipe]} seeds")
        at_home = chosen.runs / recipe
        for seed in range(RECIPES[recipe]):
            words = ["--data", "fashion-mnist", "--seed", str(seed)]
            runs.fit(program, runs.recipe(recipe), words, at_home / f"seed-{seed}", at_home)
            report(program, recipe, at_home, chosen.out)
        for name, data in zip(names, guests):
            say(f"{recipe} on {name}")
            words = ["--data", data, "--limit", str(images_elsewhere(recipe)), "--seed", "0"]
            there = elsewhere / name / recipe
            runs.fit(program, runs.recipe(recipe), words, there, there)
            report(program, recipe, elsewhere / name, chosen.out, name)
    say(f"written to {chosen.out}")


def report(program, recipe, directory, out, data=None):
    """Enters what the runs in a directory say of a recipe into the ledger, and writes the report anew: of one set of images,
    or else of Fashion-MNIST, where what is there of the same recipe stays until there are as many seeds again. What is there
    of the recipe as it was before goes."""
    kept = out.with_suffix(".json")
    ledger = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else {}
    if ledger.get(recipe, {}).get("digest") != digest(recipe):
        ledger[recipe] = {"digest": digest(recipe), "elsewhere": {}}
    entry = ledger[recipe]
    row = the_row(program, recipe, directory)
    if data:
        entry["elsewhere"][data] = {"accuracy": row["test_accuracy"]["mean"], "images": row["runs"][0]["sizes"]["train"]}
    elif "row" not in entry or len(row["seeds"]) >= len(entry["row"]["seeds"]):
        row["runs"] = [{fact: run[fact] for fact in RUN_FACTS} for run in row["runs"]]
        entry |= {"row": row, "made": runs.maker(directory)}
    kept.write_text(json.dumps(ledger, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    post = run_json([program.path, "summary", POST, "--json"])["multiply_adds"] * POST_EPOCHS
    put(out, document({recipe: ledger[recipe] for recipe in RECIPES if recipe in ledger}, post))


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


def digest(recipe):
    """Of what a recipe says, comments apart."""
    return hashlib.sha256(json.dumps(tomllib.loads(runs.recipe(recipe)), sort_keys=True).encode()).hexdigest()


def the_row(program, recipe, directory):
    """What `modiste compare` makes of the finished runs of a recipe in a directory, which must be runs of one experiment."""
    finished = sorted(str(result.parent) for result in directory.glob("*/result.json"))
    found = [row for row in run_json([program.path, "compare", "--json", *finished])["rows"] if row["recipe"] == recipe]
    if len(found) != 1:
        raise ProcessFailed(f"the runs of {recipe} in {directory} are no one experiment, by {len(found)} rows of "
                            "`modiste compare`: give another --runs DIR, or remove those that are not like the others")
    return found[0]


def document(ledger, post):
    """`post` is what the post's training takes of each image: multiply-adds of all epochs together."""
    at_home = {recipe: entry for recipe, entry in ledger.items() if "row" in entry}
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
        table(titles, [cells(entry["row"], post) for entry in at_home.values()]),
        "",
        *changed_since(ledger),
        "## On other data",
        "",
        "The same recipes, unchanged, one seed, few images to learn from: accuracy on the test images, and from how many it "
        "was learned. `colour-shapes` are ten shapes in colour, 32 × 32, drawn by `bench/colour_shapes.py`. Sets that could "
        "not be had where this was written are missing.",
        "",
        elsewhere_table({recipe: entry["elsewhere"] for recipe, entry in ledger.items() if entry["elsewhere"]}),
        "",
        "## Made by",
        "",
        table(["recipe", "program", "processor", "instructions", "threads", "begun"], [
            [f"`{recipe}`", entry["made"]["program"], entry["made"]["processor"],
             *(", ".join(sorted({str(run[fact]) for run in entry["row"]["runs"]})) for fact in ("isa", "threads")),
             entry["made"]["date"]]
            for recipe, entry in at_home.items()
        ]),
        "",
    ]
    return "\n".join(lines)


def changed_since(ledger):
    """A paragraph on what is not of today's recipes, if there is such."""
    changed = [f"`{recipe}`" for recipe, entry in ledger.items() if entry["digest"] != digest(recipe)]
    return [f"Changed since these runs, which here and below are of the recipe as it was: {', '.join(changed)}.", ""] if changed else []


def cells(row, post):
    accuracy = row["test_accuracy"]
    return [
        f"`{row['recipe']}`",
        f"{row['epochs']['mean']:g}",
        seeds(row),
        mean_of_seeds(accuracy["mean"], accuracy["deviation"]),
        f"{accuracy['least']:.4f} to {accuracy['most']:.4f}" if len(row["seeds"]) > 1 else "",
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


def elsewhere_table(accuracies):
    """A line for each recipe, a column for each set."""
    sets = sorted({data for each in accuracies.values() for data in each})
    cell = "{accuracy:.4f} ({images:,})"
    return table(["recipe", *sets], [
        [f"`{recipe}`", *(cell.format(**each[data]) if data in each else "" for data in sets)]
        for recipe, each in accuracies.items()
    ])


if __name__ == "__main__":
    runs.end_well(lambda: main(options()))
