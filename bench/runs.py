"""Training runs that are kept, so that an interrupted round of them goes on where it stopped."""

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
                         help=f"what to write [default: {out.relative_to(REPOSITORY)}]")
    return options


def program(given):
    """The program at this path, else one built from this checkout."""
    path = given or build()
    digest = hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()
    return Program(path, digest, f"the program with SHA-256 {digest}" if given else machine.commit(REPOSITORY))


def recipe(name):
    """The text of a recipe."""
    return (REPOSITORY / "recipes" / f"{name}.toml").read_text(encoding="utf-8")


def claim(program, directory):
    """Notes which program makes the runs in a directory: all by one, or two versions would be mixed in one mean."""
    note = note_of(directory)
    if not note.exists():
        if directory.exists() and any(each.is_dir() for each in directory.iterdir()):
            raise ProcessFailed(f"{directory} has runs of an unknown program: give another --runs DIR, or remove it")
        directory.parent.mkdir(parents=True, exist_ok=True)
        facts = {"program": program.name, "digest": program.digest, "processor": machine.processor(),
                 "date": f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d}"}
        note.write_text(json.dumps(facts), encoding="utf-8")
    if maker(directory)["digest"] != program.digest:
        raise ProcessFailed(f"{directory} has runs of another program: give that one by --modiste PATH, or another --runs DIR, "
                            f"or remove it and {note}")


def maker(directory):
    """What made the runs in a directory: program, digest, processor, and the date when it began."""
    return json.loads(note_of(directory).read_text(encoding="utf-8"))


def note_of(directory):
    """The file beside the directory that says so: in it, it would be taken for a run."""
    return directory.with_name(f"{directory.name}.json")


def train(program, words, directory, series, environment=()):
    """Has one run in a directory: a finished one stays, whichever program made it; an interrupted one goes on, else it begins
    with these words, for which the program claims the `series` that it is part of."""
    if (directory / "result.json").exists():
        return
    claim(program, series)
    begun = (directory / "run.toml").exists()
    command(program, ["--resume", directory] if begun else [*words, "--out", directory], environment)


def fit(program, text, words, directory, series):
    """The same of a recipe as this text has it, which is kept beside the run: one of another recipe is not taken."""
    file = directory.with_name(f"{directory.name}.toml")
    kept = tomllib.loads(file.read_text(encoding="utf-8")) if file.exists() else None
    if directory.exists() and kept != tomllib.loads(text):
        raise ProcessFailed(f"{directory} has a run of another recipe than now: give another --runs DIR, or remove it")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    train(program, [file, *words], directory, series)


def command(program, words, environment=()):
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


def result(directory):
    """What a finished run came to."""
    return json.loads((directory / "result.json").read_text(encoding="utf-8"))


def measured(directory):
    """The same, with what was measured after each epoch."""
    records = (directory / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    return {**result(directory), "records": [json.loads(record) for record in records]}


def end_well(script):
    """Runs a script to its end, or says in a line why it has none."""
    try:
        script()
    except (ProcessFailed, OSError, json.JSONDecodeError) as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        say("interrupted; the runs are kept")
        sys.exit(130)
