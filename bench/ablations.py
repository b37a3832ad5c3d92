#!/usr/bin/env python3
"""What each trick in a recipe is worth: trains the recipe without it, and puts that in recipes/ABLATIONS.md.

Finished runs in the directory of runs are taken as they are, so that an interrupted series goes on where it stopped.
The report is written after each seed, of all whole seeds in the ledger, ABLATIONS.json.
"""

import statistics
from dataclasses import dataclass

import ledger
import runs
from compare import REPOSITORY, positive, require_data, say
from contenders import ProcessFailed
from results import mean_of_seeds, put, standard_error, table

# A fifth of the training images, of which the recipe learns nothing: the test images choose nothing.
HELD_OUT = "0.2"


@dataclass(frozen=True)
class Trick:
    """What a recipe says, and what it says without the trick."""

    name: str
    instead: str
    changes: tuple[tuple[str, str], ...]


FLIP = Trick("flips and mirrored views", "neither", (('flip = "alternating"\n', ""), ("flip = true", "flip = false")))
ALTERNATING = Trick("flips that alternate", "drawn anew in each epoch", (('flip = "alternating"', 'flip = "random"'),))
VIEWS = Trick("mirrored views", "each image by itself", (("flip = true", "flip = false"),))
MUON = Trick(
    "Muon",
    "AdamW, learning rate 0.006",
    (
        (
            'type = "muon"\nlearning_rate = 0.05\nmomentum = 0.9\nweight_decay = 0.02\n'
            "others = { learning_rate = 0.005, weight_decay = 0.05, beta_2 = 0.98 }\n",
            'type = "adamw"\nlearning_rate = 0.006\nweight_decay = 0.05\nbeta_2 = 0.98\n',
        ),
    ),
)
WARM_UP = Trick("warm-up", "the full learning rate from the first step", (("warm_up = 0.2\nfirst = 0.2\n", ""),))
DECAY = Trick(
    "learning rate that falls to 0", "constant after warm-up", (("first = 0.2\n", "first = 0.2\nlast = 1.0\n"),)
)
SMOOTHING = Trick("label smoothing", "none", (("label_smoothing = 0.1\n", ""),))
WEIGHT_DECAY = Trick(
    "weight decay",
    "none",
    (
        ("momentum = 0.9\nweight_decay = 0.02\n", "momentum = 0.9\nweight_decay = 0.0\n"),
        ("weight_decay = 0.05", "weight_decay = 0.0"),
    ),
)
BATCH = Trick("batches of 250", "of 500", (("batch = 250\n", "batch = 500\n"),))
MAXIMUM = Trick("global maximum", "global average", (("global_max_pool", "global_average_pool"),))
RELU = Trick("ReLU", "GELU", (('type = "relu"', 'type = "gelu"'),))
RESIDUAL = Trick(
    "residual sums", "the same layers in a chain", (('  { type = "residual", layers = [\n', ""), ("  ] },\n", ""))
)
ERASING = Trick("erasing", "none", (("erase = { probability = 0.5, area = [0.02, 0.25], aspect = 3.3 }", ""),))
SHIFTS = Trick("shifts", "none", (("shift = 2\n", ""),))
NORMALISATION = Trick("batch normalisation", "biases", (('  { type = "batch_norm" },\n', ""), (", bias = false", "")))
MOMENTUM = Trick("momentum", "none", (("momentum = 0.9\n", "momentum = 0.0\n"),))
MEMORY = Trick("beta_2 of 0.98", "of 0.999", ((", beta_2 = 0.98", ""),))


@dataclass(frozen=True)
class Study:
    """A part of the report: a recipe without each of these tricks, from so many seeds."""

    recipe: str
    title: str
    seeds: int
    tricks: tuple[Trick, ...]


STUDIES = {
    "speedrun-94": Study(
        "speedrun-94",
        "What each trick in speedrun-94 is worth",
        3,
        (FLIP, ALTERNATING, VIEWS, MUON, WARM_UP, DECAY, SMOOTHING, WEIGHT_DECAY, BATCH, MAXIMUM, RELU, RESIDUAL),
    ),
    "foundations": Study("speedrun-94", "What speedrun-94 stands on", 3, (NORMALISATION, MOMENTUM, MEMORY)),
    "speedrun-95": Study("speedrun-95", "What each trick in speedrun-95 is worth", 1, (ERASING, SHIFTS)),
}


def options():
    parser = runs.parser(__doc__.splitlines()[0], "ablations", REPOSITORY / "recipes" / "ABLATIONS.md")
    parser.add_argument(
        "--only",
        metavar="NAME",
        nargs="+",
        choices=STUDIES,
        default=list(STUDIES),
        help=f"parts of the report to train for, of: {', '.join(STUDIES)}",
    )
    parser.add_argument(
        "--seeds",
        metavar="N",
        type=positive,
        help="runs of each kind [default: "
        + ", ".join(f"{study.seeds} of {name}" for name, study in STUDIES.items())
        + "]",
    )
    runs.add_missing(parser, "whole seed")
    return parser.parse_args()


def main(chosen):
    require_data()
    series = runs.Series(chosen)
    for name in chosen.only:
        study = STUDIES[name]
        recipe = runs.recipe(study.recipe)
        texts = {"complete": recipe, **{trick.name: changed(recipe, trick) for trick in study.tricks}}
        # Seed by seed, so that what is compared is computed within the same hour.
        for seed in range(chosen.seeds or study.seeds):
            if not (chosen.missing and whole(series.ledger, name, texts, seed)):
                for kind, text in texts.items():
                    say(run_name(name, kind, seed))
                    series.fit(run_name(name, kind, seed), text, words(seed))
            put(chosen.out, section(series.ledger, name, texts))
    say(f"written to {chosen.out}")


def run_name(study, kind, seed):
    return f"{study}/{kind.replace(' ', '-')}-{seed}"


def words(seed):
    """To `modiste train`."""
    return ["--data", "fashion-mnist", "--validation", HELD_OUT, "--seed", str(seed)]


def whole(kept, study, texts, seed):
    """The ledger's runs of a seed, by kind, if all are there and one program has made them on one machine; else
    nothing."""
    found = {
        kind: kept.found(run_name(study, kind, seed), ledger.experiment(text, words(seed)))
        for kind, text in texts.items()
    }
    return found if all(found.values()) and len(ledger.makers(found.values())) == 1 else None


def changed(text, trick):
    """The recipe without the trick."""
    for old, new in trick.changes:
        if old not in text:
            raise ProcessFailed(
                f"the recipe has no {old!r}, so it cannot be tried without {trick.name}: mend bench/ablations.py"
            )
        text = text.replace(old, new)
    return text


def section(kept, name, texts):
    """A part of the report: the recipe with everything, then without each trick, from all seeds that are whole."""
    study = STUDIES[name]
    begun = f"{name}/complete-"
    seeds = sorted(int(entry.removeprefix(begun)) for entry in kept.entries if entry.startswith(begun))
    found = [runs_of_seed for seed in seeds if (runs_of_seed := whole(kept, name, texts, seed))]
    if not found:
        raise ProcessFailed(f"of no seed of {name} all runs are of one program on one machine: give another --runs DIR")
    kinds = {kind: [runs_of_seed[kind]["result"] for runs_of_seed in found] for kind in texts}
    complete = kinds["complete"]
    heads = [
        "without",
        "instead",
        "validation accuracy",
        "less the recipe's",
        "standard error of that",
        "seconds",
        "÷ the recipe's",
    ]
    rows = [["nothing: the recipe", "", accuracy(complete), "", "", seconds(complete), ""]]
    for trick in study.tricks:
        results = kinds[trick.name]
        differences = [
            one["validation_accuracy"] - other["validation_accuracy"]
            for one, other in zip(results, complete, strict=True)
        ]
        ratios = [one["wall_seconds"] / other["wall_seconds"] for one, other in zip(results, complete, strict=True)]
        rows.append(
            [
                trick.name,
                trick.instead,
                accuracy(results),
                f"{statistics.mean(differences):+.4f}",
                standard_error(differences),
                seconds(results),
                f"{statistics.median(ratios):.2f}",
            ]
        )
    return "\n".join(
        [
            f"# {study.title}",
            "",
            "Written by `bench/ablations.py`; nothing in it is typed by hand. What is said of it stands in "
            "[NOTES.md](NOTES.md).",
            "",
            "The recipe with everything, then without one trick at a time. Accuracy is that of a fifth of the "
            "training images, held out, so that nothing is chosen by the test images, and the recipe learns from "
            "48,000: mean ± standard deviation over seeds. Seconds are wall time of a run, with what it measures "
            "after each epoch and at its end, as median. Runs that share seed and images are compared in pairs: "
            "means of their differences in accuracy, medians of the ratios of their seconds.",
            "",
            table(heads, rows),
            "",
            ledger.makers_table("recipe", {f"`{study.recipe}`": [each["complete"] for each in found]}),
            "",
        ]
    )


def accuracy(results):
    return mean_of_seeds([result["validation_accuracy"] for result in results])


def seconds(results):
    return f"{statistics.median(result['wall_seconds'] for result in results):.0f}"


if __name__ == "__main__":
    runs.end_well(lambda: main(options()))
