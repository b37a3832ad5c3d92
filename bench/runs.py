"""Training runs that are kept, so that a series of them goes on where it stopped, and a ledger of what they came to."""

import argparse
import datetime
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import tomllib
from dataclasses import dataclass

import machine
from compare import REPOSITORY, build, say
from contenders import ProcessFailed


@dataclass(frozen=True)
class Program:
    """A version of modiste."""

    path: str
    digest: str
    name: str


def parser(description, kept, out):
    """What can be said to every script that keeps runs: `kept` is their directory in `runs`, `out` what it writes."""
    options = argparse.ArgumentParser(description=description)
    options.add_argument("--modiste", metavar="PATH", help="the program [default: build target/release/modiste]")
    options.add_argument("--runs", metavar="DIR", type=pathlib.Path, default=REPOSITORY / "runs" / kept,
                         help=f"where the runs are kept [default: runs/{kept}]")
    options.add_argument("--out", metavar="FILE", type=pathlib.Path, default=out,
                         help=f"what to write [default: {out.relative_to(REPOSITORY)}]; the ledger lies beside it, as .json")
    options.add_argument("--missing", action="store_true",
                         help="train only what the ledger has not: go on with what was begun on another day or machine")
    return options


def program(given):
    """The program at this path, else one built from this checkout."""
    path = given or build()
    digest = hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()
    return Program(path, digest, f"the program with SHA-256 {digest}" if given else machine.commit(REPOSITORY))


def recipe(name):
    """The text of a recipe."""
    return (REPOSITORY / "recipes" / f"{name}.toml").read_text(encoding="utf-8")


class Series:
    """The runs of a script, in directories of their own, and its ledger: a JSON file beside the report that keeps what each
    finished run came to, of which recipe it is and what made it, so that a series need not be of one day or one machine."""

    def __init__(self, chosen, curves=()):
        """`chosen` are the options of `parser`; `curves` names what the ledger keeps of each epoch."""
        self.program = program(chosen.modiste)
        self.directory = chosen.runs
        self.missing = chosen.missing
        self.curves = curves
        self.ledger = chosen.out.with_suffix(".json")
        self.entries = json.loads(self.ledger.read_text(encoding="utf-8")) if self.ledger.exists() else {}

    def found(self, name, text):
        """What the ledger has of this name, where that is of the recipe in this text; else nothing."""
        entry = self.entries.get(name)
        return entry if entry and entry["recipe"] == digest(text) else None

    def fit(self, name, text, words, environment=()):
        """Has this recipe trained, with these words to `modiste train`, and enters it. What is finished in its directory is
        taken from there, and what was interrupted goes on. Where only missing runs are wanted, one in the ledger will do."""
        if self.missing and self.found(name, text):
            return self.entries[name]
        directory = self.directory / name
        made = self.claim(directory, text)
        if not (directory / "result.json").exists():
            begun = (directory / "run.toml").exists()
            words = ["--resume", directory] if begun else [beside(directory, ".toml"), *words, "--out", directory]
            command(self.program, words, environment)
        result = json.loads((directory / "result.json").read_text(encoding="utf-8"))
        # Where it lies says nothing to others.
        del result["run"]
        self.entries[name] = {"recipe": digest(text), "made": made, "result": result}
        if self.curves:
            records = [json.loads(line) for line in (directory / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
            self.entries[name]["curves"] = {field: [record[field] for record in records] for field in self.curves}
        self.ledger.write_text(json.dumps(self.entries, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        return self.entries[name]

    def claim(self, directory, text):
        """What makes the run in a directory. That and the recipe are kept beside it: in it, they would be taken for parts of
        a run. One of another recipe is not taken, nor does one go on that another program has begun."""
        recipe_file, note = beside(directory, ".toml"), beside(directory, ".json")
        if directory.exists():
            if not note.exists() or tomllib.loads(recipe_file.read_text(encoding="utf-8")) != tomllib.loads(text):
                raise ProcessFailed(f"{directory} has a run of another recipe than now: give another --runs DIR, or remove it")
            made = json.loads(note.read_text(encoding="utf-8"))
            if made.pop("digest") != self.program.digest and not (directory / "result.json").exists():
                raise ProcessFailed(f"another program has begun the run in {directory}: give that one by --modiste PATH, or "
                                    "another --runs DIR, or remove it")
            return made
        made = {"program": self.program.name, "processor": machine.processor(),
                "date": f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d}"}
        directory.parent.mkdir(parents=True, exist_ok=True)
        recipe_file.write_text(text, encoding="utf-8")
        note.write_text(json.dumps({**made, "digest": self.program.digest}), encoding="utf-8")
        return made


def beside(directory, suffix):
    """A file of the same name."""
    return directory.with_name(directory.name + suffix)


def digest(text):
    """Of what a recipe says, comments apart."""
    return hashlib.sha256(json.dumps(tomllib.loads(text), sort_keys=True).encode()).hexdigest()


def makers(entries):
    """What made these runs: a row for each program on each machine, with the seeds that are of it."""
    groups = {}
    for entry in entries:
        made, result = entry["made"], entry["result"]
        key = (made["program"], made["processor"], result["isa"], str(result["threads"]))
        groups.setdefault(key, []).append((result["seed"], made["date"]))
    return [[", ".join(str(seed) for seed in sorted({seed for seed, _ in of})), *key, min(date for _, date in of)]
            for key, of in groups.items()]


# Heads of those rows.
MAKERS = ["seeds", "program", "processor", "instructions", "threads", "begun"]


def command(program, words, environment):
    """Runs `modiste train`. Its standard output is of no interest here: what came of it is asked for later."""
    process = subprocess.Popen([program.path, "train", *words, "--json"], stdout=subprocess.DEVNULL,
                               env={**os.environ, **dict(environment)})
    try:
        process.wait()
    except KeyboardInterrupt:
        # It has been told too, and saves its state.
        process.wait()
        raise
    if process.returncode != 0:
        raise ProcessFailed(f"`modiste train {' '.join(map(str, words))}` did not end well")


def end_well(script):
    """Runs a script to its end, or says in a line why it has none."""
    try:
        script()
    except (ProcessFailed, OSError, json.JSONDecodeError) as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        say("interrupted; the runs are kept")
        sys.exit(130)
