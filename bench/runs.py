"""Training runs that are kept, so that a series of them goes on where it stopped."""

import argparse
import datetime
import hashlib
import json
import os
import pathlib
import subprocess
import sys
from dataclasses import dataclass

import machine
from compare import REPOSITORY, build, say
from contenders import ProcessFailed
from ledger import Ledger, experiment


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
    options.add_argument(
        "--runs",
        metavar="DIR",
        type=pathlib.Path,
        default=REPOSITORY / "runs" / kept,
        help=f"where the runs are kept [default: runs/{kept}]",
    )
    options.add_argument(
        "--out",
        metavar="FILE",
        type=pathlib.Path,
        default=out,
        help=f"what to write [default: {out.relative_to(REPOSITORY)}]; the ledger lies beside it, as .json",
    )
    return options


def add_missing(parser, whole):
    """The option `--missing`, of scripts in which one `whole` may be of another day or machine than the next."""
    parser.add_argument(
        "--missing",
        action="store_true",
        help=f"train no {whole} that the ledger has: go on with what was begun on another day or machine",
    )


def program(given):
    """The program at this path, else one built from this checkout."""
    path = given or build()
    digest = hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()
    return Program(path, digest, f"the program with SHA-256 {digest}" if given else machine.commit(REPOSITORY))


def recipe(name):
    """The text of a recipe."""
    return (REPOSITORY / "recipes" / f"{name}.toml").read_text(encoding="utf-8")


class Series:
    """The runs of a script, in directories of their own, and the ledger of those that are finished."""

    def __init__(self, chosen, curves=()):
        """`chosen` are the options of `parser`; `curves` names what the ledger keeps of each epoch."""
        self.program = program(chosen.modiste)
        self.directory = chosen.runs
        self.curves = curves
        self.ledger = Ledger(chosen.out.with_suffix(".json"))

    def fit(self, name, text, words, environment=()):
        """Has this recipe trained, with these words to `modiste train`, and enters it. What is finished in its
        directory is taken from there, and what was interrupted goes on."""
        directory = self.directory / name
        identity = experiment(text, words, environment)
        made = self.claim(directory, text, identity)
        if not (directory / "result.json").exists():
            begun = (directory / "run.toml").exists()
            told = ["--resume", directory] if begun else [beside(directory, ".toml"), *words, "--out", directory]
            command(self.program, told, environment)
        result = json.loads((directory / "result.json").read_text(encoding="utf-8"))
        # Where run and data lie says nothing to others.
        del result["run"]
        result["data"] = pathlib.Path(result["data"]).name
        entry = {"experiment": identity, "made": made, "result": result}
        if self.curves:
            records = [
                json.loads(line) for line in (directory / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
            ]
            entry["curves"] = {field: [record[field] for record in records] for field in self.curves}
        self.ledger.enter(name, entry)
        return entry

    def claim(self, directory, text, identity):
        """What makes the run in a directory. A note of it and the recipe are kept beside it: in it, they would be taken
        for parts of a run. One of another experiment is not taken, nor does one go on that was begun by another program
        or on another machine, since its result would be of both."""
        note = beside(directory, ".json")
        claimed = {"experiment": identity, "digest": self.program.digest, "processor": machine.processor()}
        if not directory.exists():
            made = {
                "program": self.program.name,
                "processor": machine.processor(),
                "date": f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d}",
            }
            directory.parent.mkdir(parents=True, exist_ok=True)
            beside(directory, ".toml").write_text(text, encoding="utf-8")
            note.write_text(json.dumps({"claimed": claimed, "made": made}), encoding="utf-8")
            return made
        if not note.exists():
            raise ProcessFailed(
                f"{directory} has a run of which it is not known what made it: give another --runs DIR, or remove it"
            )
        kept = json.loads(note.read_text(encoding="utf-8"))
        if kept["claimed"]["experiment"] != identity:
            raise ProcessFailed(
                f"{directory} has a run of another recipe or other data than now: give another --runs DIR, or remove it"
            )
        if kept["claimed"] != claimed and not (directory / "result.json").exists():
            raise ProcessFailed(
                f"the run in {directory} was begun by another program or on another machine: go on with those "
                "(--modiste PATH), or give another --runs DIR, or remove it"
            )
        return kept["made"]


def beside(directory, suffix):
    """A file of the same name."""
    return directory.with_name(directory.name + suffix)


def command(program, words, environment):
    """Runs `modiste train`. Its standard output is of no interest here: what came of it is asked for later."""
    process = subprocess.Popen(
        [program.path, "train", *words, "--json"], stdout=subprocess.DEVNULL, env={**os.environ, **dict(environment)}
    )
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
    except (ProcessFailed, OSError, ValueError) as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        say("interrupted; the runs are kept")
        sys.exit(130)
