#!/usr/bin/env python3
"""What comes of small sets of images when nothing is chosen: modiste and the usual programs learn from random draws.

Each result is kept, known by the draw and by all that made it, so that an interrupted bench goes on where it was. The
report is written after each draw, from the ledger beside it.
"""

import argparse
import datetime
import hashlib
import json
import os
import pathlib
import statistics
import sys
import tempfile
from dataclasses import dataclass

import machine
import runs
from compare import REPOSITORY, say
from contenders import HERE, PeerMissing, Peers, ProcessFailed, run_json
from results import mean_of_seeds, span, table
from small_draws import Draw
from small_sets import SETS, Sources

THREADS = 2
OURS = "modiste"
# The contenders, in the words of the report.
LABELS = {
    OURS: "modiste",
    "svm": "support vector machine (RBF, C = 10)",
    "forest": "random forest, 300 trees",
    "logistic": "logistic regression",
    "convolutional": "small convolutional network in PyTorch",
}
PEERS = [name for name in LABELS if name != OURS]
SCRIPT = "small_classifiers.py"

PREAMBLE = f"""\
Every contender learns from the same random draws of each set, on {THREADS} threads, and nobody sets anything for a \
set. modiste is run as `modiste train --data DRAW`: no recipe and no option. The peers are what people write in ten \
lines, `peers/{SCRIPT}`: scikit-learn's support vector machine, random forest and logistic regression, and in PyTorch \
a network of two convolutions (32 and 64 filters) and a hidden layer of 128, by Adam, stopped when the loss on a fifth \
of the images has not fallen for ten epochs.

Accuracy is that on the tests, mean ± standard deviation over the draws (of the sample, by n - 1). Times go from the \
images to the last answer, imports left out; of modiste from the start of the run to its result. They are the median, \
and least to most."""


def options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--modiste", metavar="BINARY", help="the program [default: build target/release/modiste]")
    parser.add_argument("--no-modiste", action="store_true", help="train no modiste; it still draws drawn-garments")
    parser.add_argument(
        "--peers", action=argparse.BooleanOptionalAction, default=True, help="have the peers learn too [default: yes]"
    )
    parser.add_argument(
        "--data",
        metavar="DIR",
        type=pathlib.Path,
        default=os.environ.get("MODISTE_DATA"),
        help="the directory of Fashion-MNIST [default: $MODISTE_DATA]",
    )
    parser.add_argument("--draws", metavar="N", type=int, default=5, help="draws of each set [default: 5]")
    parser.add_argument(
        "--only",
        metavar="NAME",
        nargs="+",
        choices=SETS,
        default=list(SETS),
        help=f"sets to draw, of: {', '.join(SETS)}; of the others the report says what it said before",
    )
    parser.add_argument(
        "--keep",
        metavar="DIR",
        type=pathlib.Path,
        default=REPOSITORY / "runs" / "small",
        help="where results are kept; those that are there are not made again [default: runs/small]",
    )
    parser.add_argument(
        "--out",
        metavar="FILE",
        type=pathlib.Path,
        default=HERE / "SMALL.md",
        help="what to write [default: bench/SMALL.md]; the ledger lies beside it, as .json",
    )
    parser.add_argument(
        "--validation",
        action="store_true",
        help="draw images that are never tests, to learn from and to measure on; print a table and write no report: "
        "what is chosen has to be chosen by this",
    )
    return parser.parse_args()


def main(chosen):
    if chosen.data is None:
        raise ProcessFailed("it is not known where Fashion-MNIST is: give --data DIR, or set $MODISTE_DATA")
    if chosen.draws < 1:
        raise ProcessFailed(f"--draws {chosen.draws} leaves nothing to measure: give 1 or more")
    hold_to_threads()
    program = runs.program(chosen.modiste)
    contenders = ([] if chosen.no_modiste else [OURS]) + (PEERS if chosen.peers else [])
    sources = Sources(chosen.data, program.path)
    ledger = chosen.out.with_suffix(".json")
    begun = ledger.exists() and not chosen.validation
    entries = json.loads(ledger.read_text(encoding="utf-8")) if begun else {}
    for name in chosen.only:
        forget(entries, lambda entry, name=name: entry["set"] == name and entry["number"] >= chosen.draws)
        for number in range(chosen.draws):
            say(f"{name}: draw {number + 1} of {chosen.draws}")
            draw = SETS[name].draw(name, number, sources, chosen.validation)
            of_draw = {"set": name, "number": number, "draw": draw.digest, "facts": draw.facts}
            forget(entries, lambda entry, this=of_draw: is_of_another(entry, this))
            with tempfile.TemporaryDirectory() as scratch:
                contest = Contest(of_draw, draw, pathlib.Path(scratch), program, chosen.keep)
                for contender in contenders:
                    entries[f"{name}/draw-{number}/{contender}"] = contest.entry(contender)
            if not chosen.validation:
                write(ledger, json.dumps(entries, indent=1, sort_keys=True) + "\n")
                write(chosen.out, document(entries))
    print(glance(entries) if chosen.validation else f"written to {chosen.out} and {ledger}")


def hold_to_threads():
    """Gives this process and all that it starts as many cores as there are threads: modiste takes all it has."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:THREADS])


def forget(entries, stale):
    for name in [name for name, entry in entries.items() if stale(entry)]:
        del entries[name]


def is_of_another(entry, this):
    """Whether an entry is of what this draw was when sets were made in another way."""
    return (entry["set"], entry["number"]) == (this["set"], this["number"]) and entry["draw"] != this["draw"]


@dataclass
class Contest:
    """One draw, from which all contenders learn. `of_draw` is what all their entries say."""

    of_draw: dict
    draw: Draw
    scratch: pathlib.Path
    program: runs.Program
    keep: pathlib.Path

    def __post_init__(self):
        self.archive, self.own = self.draw.write(self.scratch)

    def entry(self, contender):
        """What comes of a contender: as it was kept, or else now. What fails is not kept."""
        maker = self.program.digest if contender == OURS else (HERE / "peers" / SCRIPT).read_text(encoding="utf-8")
        identity = hashlib.sha256(f"{self.draw.digest} {maker}".encode()).hexdigest()[:16]
        number = self.of_draw["number"]
        kept = self.keep / self.of_draw["set"] / f"draw-{number}" / f"{contender}-{identity}.json"
        if kept.exists():
            return self.of_draw | json.loads(kept.read_text(encoding="utf-8"))
        try:
            result, software = self.ours(number) if contender == OURS else self.peer(contender, number)
        except (PeerMissing, ProcessFailed) as reason:
            say(f"  {contender}: {reason}")
            return self.of_draw | {"contender": contender, "missing": str(reason)}
        say(f"  {contender}: {result['test_accuracy']:.4f}, {result['wall_seconds']:.1f} s")
        made = {
            "software": software,
            "processor": machine.processor(),
            "date": f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d}",
        }
        entry = {"contender": contender, "made": made, "result": result}
        kept.parent.mkdir(parents=True, exist_ok=True)
        write(kept, json.dumps(entry))
        return self.of_draw | entry

    def ours(self, seed):
        """Results of modiste, and its name."""
        words = ["--data", self.own, "--seed", seed, "--out", self.scratch / "run", "--json", "--quiet"]
        told = run_json([self.program.path, "train", *map(str, words)])
        fields = ["test_accuracy", "wall_seconds", "threads", "recipe", "epochs", "parameters"]
        return {field: told[field] for field in fields}, self.program.name

    def peer(self, contender, seed):
        """Results of a peer, and its name. Raises PeerMissing where it cannot be had."""
        told = Peers(sys.executable, self.scratch).ask(
            SCRIPT, contender, self.archive, "--seed", seed, "--threads", THREADS
        )
        return told, told.pop("software")


def write(path, text):
    """Writes a file that is whole at any time."""
    new = path.with_name(path.name + ".new")
    new.write_text(text, encoding="utf-8")
    os.replace(new, path)


def document(entries):
    parts = [
        "# Small sets",
        "Written by `bench/small.py`; nothing in it is typed by hand.",
        PREAMBLE,
        "## At a glance",
        "Accuracy on the tests. The last column is modiste's mean less that of the best peer, in hundredths, with the "
        "standard error over the draws, which both have in common.",
        glance(entries),
    ]
    for name, of_set in by_set(entries).items():
        parts += [f"## {name}", introduction(name, of_set[0]["facts"]), contenders_table(of_set)]
    parts += ["## Made by", makers_table(entries)]
    return "\n\n".join(parts) + "\n"


def by_set(entries):
    """Entries of each set there is, in the order of SETS."""
    found = {name: [entry for entry in entries.values() if entry["set"] == name] for name in SETS}
    return {name: of_set for name, of_set in found.items() if of_set}


def accuracies(of_set, contender):
    """A contender's accuracy by the number of the draw."""
    return {e["number"]: e["result"]["test_accuracy"] for e in of_set if e["contender"] == contender and "result" in e}


def glance(entries):
    """A row for each set, a column for each contender."""
    contenders = [name for name in LABELS if any(entry["contender"] == name for entry in entries.values())]
    rows = []
    for name, of_set in by_set(entries).items():
        found = {contender: accuracies(of_set, contender) for contender in contenders}
        means = [mean_of_seeds(of.values()) if of else "" for of in found.values()]
        rows.append([f"`{name}`", f"{of_set[0]['facts']['train']:,}", *means, lead(found)])
    return table(["set", "images", *contenders, "lead"], rows)


def lead(found):
    """By how much modiste is better than the best peer, draw by draw; nothing without both."""
    ours = found.get(OURS)
    peers = [of for contender, of in found.items() if contender != OURS and of and ours and of.keys() == ours.keys()]
    if not peers:
        return ""
    best = max(peers, key=lambda of: statistics.mean(of.values()))
    differences = [100 * (ours[number] - best[number]) for number in ours]
    error = f" ± {statistics.stdev(differences) / len(differences) ** 0.5:.2f}" if len(differences) > 1 else ""
    return f"{statistics.mean(differences):+.2f}{error}"


def introduction(name, facts):
    """What a set is, in a sentence each."""
    height, width, *colours = facts["shape"]
    least, most = facts["least"], facts["most"]
    each = f"{most}" if least == most else f"{least} to {most}"
    words = SETS[name].words
    return (
        f"{words[0].upper()}{words[1:]}. Images: {facts['train']:,}, {each} of each of {facts['classes']} classes, "
        f"{height} × {width}, {'in colour' if colours else 'grey'}. Tests: {facts['test']:,}."
    )


def contenders_table(of_set):
    """A row for each contender."""
    rows = []
    for contender, label in LABELS.items():
        own = [entry for entry in of_set if entry["contender"] == contender]
        results = [entry["result"] for entry in own if "result" in entry]
        reasons = sorted({entry["missing"] for entry in own if "missing" in entry})
        if results:
            accuracy = [result["test_accuracy"] for result in results]
            extremes = f"{min(accuracy):.4f} to {max(accuracy):.4f}"
            seconds = [result["wall_seconds"] for result in results]
            middle = f"{span(statistics.median(seconds))} ({span(min(seconds))} to {span(max(seconds))})"
            rows.append([label, f"{len(results)}", mean_of_seeds(accuracy), extremes, middle])
        if reasons:
            rows.append([label, f"{len(own) - len(results)}", "; ".join(reasons), "", ""])
    return table(["who", "draws", "test accuracy", "least to most", "time"], rows)


def makers_table(entries):
    """What made which results."""
    groups = {}
    for entry in entries.values():
        if "result" in entry:
            made, threads = entry["made"], str(entry["result"]["threads"])
            group = groups.setdefault((entry["contender"], made["software"], made["processor"], threads), [])
            group.append(made["date"])
    order = sorted(groups.items(), key=lambda item: (list(LABELS).index(item[0][0]), item[0]))
    rows = [[*maker, f"{len(dates)}", min(dates)] for maker, dates in order]
    return table(["who", "program", "processor", "threads", "results", "begun"], rows)


if __name__ == "__main__":
    runs.end_well(lambda: main(options()))
