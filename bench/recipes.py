#!/usr/bin/env python3
"""What the recipes come to: trains each from several seeds, one after the other, and writes RECIPES.md.

Runs that are there already are taken as they are, so that an interrupted round goes on where it stopped.
"""

import argparse
import datetime
import json
import pathlib
import subprocess
import sys

import machine
from compare import REPOSITORY, positive, require_data, say
from contenders import HERE, ProcessFailed
from convolutions import same_program

# From how many seeds each is trained: what is claimed of a mean needs five or more.
RECIPES = {"speedrun-94": 10, "mlp": 5}


def options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--modiste", metavar="PATH", help="the program [default: build target/release/modiste]")
    parser.add_argument("--only", metavar="NAME", nargs="+", default=list(RECIPES),
                        help=f"recipes to train, built-in or files [default: {' '.join(RECIPES)}]")
    parser.add_argument("--seeds", metavar="N", type=positive,
                        help="runs of each recipe [default: each recipe's own number, 1 for others]")
    parser.add_argument("--runs", metavar="DIR", type=pathlib.Path, default=REPOSITORY / "runs" / "recipes",
                        help="where the runs are kept [default: runs/recipes]")
    parser.add_argument("--out", metavar="FILE", type=pathlib.Path, default=HERE / "RECIPES.md",
                        help="what to write [default: RECIPES.md beside this program]")
    return parser.parse_args()


def main(chosen):
    require_data()
    modiste, program = same_program(chosen)
    directories = []
    for recipe in chosen.only:
        directory = chosen.runs / pathlib.Path(recipe).stem
        train(modiste, recipe, chosen.seeds or RECIPES.get(recipe, 1), directory)
        directories.append(directory)
    told = subprocess.run([modiste, "compare", "--json", *directories], stdout=subprocess.PIPE, text=True)
    if told.returncode != 0:
        raise ProcessFailed("the runs cannot be compared")
    chosen.out.write_text(document(json.loads(told.stdout)["rows"], program), encoding="utf-8")
    say(f"written to {chosen.out}")


def train(modiste, recipe, seeds, directory):
    """Has the runs of the first seeds in a directory: finished ones stay, an interrupted one goes on."""
    say(f"{recipe}: {seeds} seed{'s' if seeds > 1 else ''}")
    first = directory / "seed-0"
    begin = [recipe, "--data", "fashion-mnist", "--seed", "0"]
    if seeds > 1:
        words = [*begin, "--seeds", str(seeds), "--out", directory]
    else:
        words = ["--resume", first] if (first / "run.toml").exists() else [*begin, "--out", first]
    # With --json people's text is on standard error; what came of it is asked for later, of all recipes together.
    run = subprocess.Popen([modiste, "train", *words, "--json"], stdout=subprocess.DEVNULL)
    try:
        run.wait()
    except KeyboardInterrupt:
        # It has been told too, and saves its state.
        run.wait()
        raise
    if run.returncode != 0:
        raise ProcessFailed(f"the runs in {directory} did not end well")


def document(rows, program):
    runs = [run for row in rows for run in row["runs"]]
    titles = ["recipe", "epochs", "seeds", "test accuracy", "least to most", "gap", "test loss", "seconds", "parameters",
              "multiply-adds"]
    lines = [
        "# What the recipes come to",
        "",
        "Written by `bench/recipes.py`; nothing in it is typed by hand.",
        "",
        "Accuracy on the 10,000 test images of Fashion-MNIST, mean ± standard deviation over the seeds (of the sample, by "
        "n - 1). The gap is the accuracy on training images as they are, without augmentation or dropout, less that on "
        "test images, in hundredths. Seconds are wall time from the start of a run to its result, mean over the seeds; "
        "multiply-adds are those of the forward pass for one image.",
        "",
        f"| {' | '.join(titles)} |",
        "| --- " * len(titles) + "|",
        *(line(row) for row in rows),
        "",
        "## Machine",
        "",
        "| | |",
        "| --- | --- |",
        f"| date | {datetime.datetime.now(datetime.UTC):%Y-%m-%d %H:%M} UTC |",
        *(f"| {name} | {value} |" for name, value in machine.hardware()),
        f"| instructions | {', '.join(sorted({run['isa'] for run in runs}))} |",
        f"| threads | {', '.join(sorted({str(run['threads']) for run in runs}))} |",
        "",
        f"Made by modiste, {program}.",
        "",
    ]
    return "\n".join(lines)


def line(row):
    accuracy = row["test_accuracy"]
    deviation = f" ± {accuracy['deviation']:.4f}" if accuracy["deviation"] is not None else ""
    spread = f"{accuracy['least']:.4f} to {accuracy['most']:.4f}" if deviation else ""
    cells = [
        f"`{row['recipe']}`",
        f"{row['epochs']['mean']:g}",
        str(len(row["seeds"])),
        f"{accuracy['mean']:.4f}{deviation}",
        spread,
        f"{row['gap']['mean'] * 100:+.2f}",
        f"{row['test_loss']['mean']:.4f}",
        f"{row['wall_seconds']['mean']:.1f}",
        f"{row['parameters']:,}",
        f"{row['multiply_adds']:,}",
    ]
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    try:
        main(options())
    except (ProcessFailed, OSError, json.JSONDecodeError) as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        say("interrupted; the runs are kept")
        sys.exit(130)
