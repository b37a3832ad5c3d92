#!/usr/bin/env python3
"""Measures modiste's Python package beside the program and its peers, and writes what came of it to PYTHON.md."""

import argparse
import datetime
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import compare
import machine
import results
from contenders import HERE, Measurement, Modiste, Peers, ProcessFailed, run_json
from workloads import INTELEX, OPENTSNE, SCIKIT_LEARN, SGTSNEPI, THOROUGH, Contender, Workload, tsne

OURS = {"modiste in Python": "modiste_tsne.py"}
IMPORTS = {
    "nothing": "",
    "modiste": "import modiste",
    "modiste.TSNE": "from modiste import TSNE",
    "sklearn": "import sklearn",
}
# Of each import, in turn.
TURNS = 15

METHOD = """\
Each measurement is a process of its own, and the contenders take turns, a round after a round. Maps are made and \
judged as in [MAPS.md](MAPS.md), and `modiste` is the program there and here; imports and what is read before are left \
out of the times of all. An epoch is timed from the end of the one before, with all that follows each: measuring, \
saving."""


def options():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--modiste", metavar="PATH", required=True, help="the program")
    parser.add_argument("--python", metavar="PATH", default=sys.executable, help="the interpreter with all packages")
    parser.add_argument(
        "--only", metavar="NAME", nargs="+", choices=PARTS, default=list(PARTS), help="what is measured"
    )
    parser.add_argument("--rounds", metavar="N", type=compare.positive, default=3)
    parser.add_argument("--out", metavar="FILE", type=pathlib.Path, default=HERE / "PYTHON.md")
    return parser.parse_args()


def main(chosen):
    compare.require_data()
    for name in chosen.only:
        began, load = datetime.datetime.now(datetime.UTC), machine.load()
        heading, parts = PARTS[name](chosen)
        facts = [("date", f"{began:%Y-%m-%d %H:%M} UTC"), *machine.hardware(), ("load before", f"{load:.2f}")]
        text = [f"# {heading}", f"Written by `bench/python.py --only {name}`; nothing in it is typed by hand. {METHOD}"]
        text += [*parts, results.table(["what", "which"], facts)]
        results.put(chosen.out, "\n\n".join(text))
        compare.say(f"written to {chosen.out}")


def maps(images, iterations, scripts, **more):
    def measured(chosen):
        modiste = Modiste(chosen.modiste)
        with tempfile.TemporaryDirectory() as scratch:
            peers = Peers(chosen.python, scratch)
            workload = tsne(modiste, peers, THOROUGH, images, iterations, scripts, ours=OURS, **more)
            return table(compare.take_turns(workload, None, chosen.rounds))

    return measured


def epochs(recipe, count):
    """Of the program and of Python."""

    def measured(chosen):
        modiste = Modiste(chosen.modiste)
        with tempfile.TemporaryDirectory() as scratch:
            peers = Peers(chosen.python, scratch)
            ask = ["--recipe", recipe, "--images", 60_000, "--epochs", count]
            contenders = [
                Contender("modiste train", lambda: epochs_of_program(modiste, recipe, count)),
                Contender("modiste in Python", lambda: peers.measure("modiste_epoch.py", *ask)),
            ]
            workload = Workload(title=f"epoch of {recipe}", images=60_000, contenders=contenders)
            return table(compare.take_turns(workload, None, chosen.rounds))

    return measured


def epochs_of_program(modiste, recipe, count):
    with tempfile.TemporaryDirectory() as scratch:
        directory = pathlib.Path(scratch, "run")
        command = [modiste.path, "train", recipe, "--data", "fashion-mnist", "--validation", "0", "--no-report"]
        command += ["--epochs", str(1 + count), "--out", str(directory), "--json", "--quiet"]
        told = run_json(command)
        ended = [json.loads(line)["wall_seconds"] for line in (directory / "metrics.jsonl").read_text().splitlines()]
    seconds = [later - earlier for earlier, later in zip(ended, ended[1:], strict=False)]
    return Measurement(statistics.median(seconds), told["peak_memory_bytes"], modiste.software(told))


def imports(chosen):
    """Seconds of a process that imports something, and does nothing else."""
    seconds = {name: [] for name in IMPORTS}
    for _ in range(TURNS):
        for name, code in IMPORTS.items():
            started = time.perf_counter()
            subprocess.run([chosen.python, "-c", code], check=True)
            seconds[name].append(time.perf_counter() - started)
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    nothing = medians.pop("nothing")
    rows = [[f"`{IMPORTS[name]}`", results.span(median - nothing)] for name, median in medians.items()]
    return [results.table(["import", "beyond starting Python"], rows), f"Medians of {TURNS} processes each."]


def table(result):
    software = {m.software for outcome in result.outcomes for m in outcome.measurements}
    versions = "\n".join(f"- {line}" for line in sorted(software, key=str.lower))
    return [results.introduction(result, "not needed"), results.contenders(result), versions]


def part(heading, measured):
    return lambda chosen: (heading, measured(chosen))


PARTS = {
    "tsne-1000": part(
        "Maps of 1,000 images", maps(1_000, 1_000, SCIKIT_LEARN | OPENTSNE | INTELEX | SGTSNEPI, drawn=True)
    ),
    "tsne-10000": part("Maps of 10,000 images", maps(10_000, 750, SCIKIT_LEARN | OPENTSNE | INTELEX | SGTSNEPI)),
    "tsne-70000": part("Maps of 70,000 images", maps(70_000, 750, SGTSNEPI, most_rounds=2)),
    "epoch-seed-mlp": part("Epochs of seed-mlp", epochs("seed-mlp", 3)),
    "epoch-speedrun-94": part("Epochs of speedrun-94", epochs("speedrun-94", 1)),
    "import": part("Imports", imports),
}


if __name__ == "__main__":
    os.environ.setdefault("PYTHONDONTWRITEBYTECODE", "1")
    try:
        main(options())
    except (ProcessFailed, OSError) as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        compare.say("interrupted; what was written stays")
        sys.exit(130)
