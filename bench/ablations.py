#!/usr/bin/env python3
"""What each trick in a recipe is worth: trains the recipe without it, and writes recipes/ABLATIONS.md.

Runs that are there already are taken as they are, so that an interrupted round goes on where it stopped.
"""

import shutil
import statistics
import time
from dataclasses import dataclass

import runs
from compare import REPOSITORY, positive, require_data, say
from contenders import ProcessFailed, run_json
from results import standard_error, table

# A fifth of the training images, of which the recipe learns nothing: the test images choose nothing.
HELD_OUT = "0.2"
# How often the time of a measurement is taken.
TURNS = 3


@dataclass(frozen=True)
class Trick:
    """What a recipe says, and what it says without the trick."""

    name: str
    instead: str
    changes: tuple[tuple[str, str], ...]
    # Whether training is the same with it and without.
    measuring_alone: bool = False


FLIP = Trick("flips and mirrored views", "neither", (('flip = "alternating"\n', ""), ("flip = true", "flip = false")))
ALTERNATING = Trick("flips that alternate", "drawn anew in each epoch", (('flip = "alternating"', 'flip = "random"'),))
VIEWS = Trick("mirrored views", "each image by itself", (("flip = true", "flip = false"),), measuring_alone=True)
MUON = Trick("Muon", "AdamW, learning rate 0.006", (
    ('type = "muon"\nlearning_rate = 0.05\nmomentum = 0.9\nweight_decay = 0.02\n'
     "others = { learning_rate = 0.005, weight_decay = 0.05, beta_2 = 0.98 }\n",
     'type = "adamw"\nlearning_rate = 0.006\nweight_decay = 0.05\nbeta_2 = 0.98\n'),
))
WARM_UP = Trick("warm-up", "the full learning rate from the first step", (("warm_up = 0.2\nfirst = 0.2\n", ""),))
DECAY = Trick("learning rate that falls to 0", "constant after warm-up", (("first = 0.2\n", "first = 0.2\nlast = 1.0\n"),))
SMOOTHING = Trick("label smoothing", "none", (("label_smoothing = 0.1\n", ""),))
WEIGHT_DECAY = Trick("weight decay", "none", (
    ("momentum = 0.9\nweight_decay = 0.02\n", "momentum = 0.9\nweight_decay = 0.0\n"), ("weight_decay = 0.05", "weight_decay = 0.0"),
))
BATCH = Trick("batches of 250", "of 500", (("batch = 250\n", "batch = 500\n"),))
MAXIMUM = Trick("global maximum", "global average", (("global_max_pool", "global_average_pool"),))

RECIPES = {
    "speedrun-94": [FLIP, ALTERNATING, VIEWS, MUON, WARM_UP, DECAY, SMOOTHING, WEIGHT_DECAY, BATCH, MAXIMUM],
}


def options():
    parser = runs.parser(__doc__.splitlines()[0], "ablations", REPOSITORY / "recipes" / "ABLATIONS.md")
    parser.add_argument("--seeds", metavar="N", type=positive, default=3, help="runs of each kind [default: 3]")
    return parser.parse_args()


def main(chosen):
    require_data()
    program = runs.program(chosen.modiste)
    sections = [section(program, recipe, chosen) for recipe in RECIPES]
    chosen.out.write_text(document(sections), encoding="utf-8")
    say(f"written to {chosen.out}")


def section(program, recipe, chosen):
    """A recipe taken apart: with everything, then without each trick."""
    directory = chosen.runs / recipe
    text = (REPOSITORY / "recipes" / f"{recipe}.toml").read_text(encoding="utf-8")
    complete = [fitted(program, recipe, text, directory / f"complete-{seed}", seed) for seed in range(chosen.seeds)]
    rows = [["nothing", "", *measured(complete), "", ""]]
    for trick in RECIPES[recipe]:
        without = []
        for seed in range(chosen.seeds):
            target = directory / f"{trick.name.replace(' ', '-')}-{seed}"
            if trick.measuring_alone:
                without.append(measured_anew(program, trick, directory / f"complete-{seed}", target))
            else:
                without.append(fitted(program, recipe, changed(text, trick), target, seed))
        rows.append([trick.name, trick.instead, *measured(without), *difference(without, complete)])
    heads = ["without", "instead", "validation accuracy", "seconds", "difference", "its standard error"]
    made = runs.maker(directory)
    return "\n".join([f"## {recipe}", "", table(heads, rows), "", f"{chosen.seeds} seeds. Made by modiste, {made['program']}, "
                      f"begun {made['date']}, on {made['processor']}.", ""])


def changed(text, trick):
    """The recipe without the trick."""
    for old, new in trick.changes:
        if old not in text:
            raise ProcessFailed(f"the recipe has no {old!r}, so it cannot be tried without {trick.name}: mend bench/ablations.py")
        text = text.replace(old, new)
    return text


def fitted(program, recipe, text, directory, seed):
    """What came of a run of the recipe as this text has it."""
    file = directory.with_name(f"{directory.name}.toml")
    if file.exists() and file.read_text(encoding="utf-8") != text:
        raise ProcessFailed(f"{directory} has a run of another recipe than now: give another --runs DIR, or remove it and {file}")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    say(f"{recipe}: {directory.name}")
    words = [file, "--data", "fashion-mnist", "--validation", HELD_OUT, "--seed", str(seed)]
    runs.train(program, words, directory, directory.parent)
    return runs.result(directory)


def measured_anew(program, trick, complete, directory):
    """What a finished run comes to when its images are classified without the trick. The run's seconds have one
    measurement of the held-out images in each epoch, and those are what becomes shorter."""
    if not directory.exists():
        copy = directory.with_name(f"{directory.name}.part")
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(complete, copy)
        recipe = copy / "recipe.toml"
        recipe.write_text(changed(recipe.read_text(encoding="utf-8"), trick), encoding="utf-8")
        (copy / "result.json").unlink()
        copy.rename(directory)
    # Has nothing left to train: it writes the model with what the recipe says now.
    runs.train(program, [], directory, directory.parent)
    turns = [[evaluated(program, each) for each in (complete, directory)] for _ in range(TURNS)]
    found = runs.result(complete)
    saved = found["epochs"] * statistics.median(before["seconds"] - after["seconds"] for before, after in turns)
    return {"validation_accuracy": turns[0][1]["accuracy"], "wall_seconds": found["wall_seconds"] - saved}


def evaluated(program, run):
    """What a run comes to on the images held out, and how long that takes."""
    begun = time.perf_counter()
    found = run_json([program.path, "evaluate", str(run), "--split", "validation", "--json"])
    return {**found, "seconds": time.perf_counter() - begun}


def measured(results):
    accuracies = [each["validation_accuracy"] for each in results]
    deviation = f" ± {statistics.stdev(accuracies):.4f}" if len(accuracies) > 1 else ""
    return [f"{statistics.mean(accuracies):.4f}{deviation}", f"{statistics.mean(each['wall_seconds'] for each in results):.0f}"]


def difference(without, complete):
    """Seeds are compared in pairs: they share the images held out and the first weights."""
    differences = [one["validation_accuracy"] - other["validation_accuracy"] for one, other in zip(without, complete)]
    return [f"{statistics.mean(differences):+.4f}", standard_error(differences)]


def document(sections):
    return "\n".join([
        "# What each trick is worth",
        "",
        "Written by `bench/ablations.py`; nothing in it is typed by hand. What is said of it stands in [NOTES.md](NOTES.md).",
        "",
        "A recipe with everything, then without one trick at a time. Accuracy is that of a fifth of the training images, held "
        "out, so that nothing is chosen by the test images, and the recipe learns from 48,000: mean ± standard deviation over "
        "seeds. Seconds are wall time of a run, with what it measures after each epoch and at its end. Differences are means "
        "over pairs of runs that share seed and images.",
        "",
        *sections,
    ])


if __name__ == "__main__":
    runs.end_well(lambda: main(options()))
