"""What finished runs came to: a JSON file beside a report, so that a series of runs need not be of one day or one
machine."""

import hashlib
import json
import os
import pathlib
import tomllib

from results import median_span, table

# What is said of who made some runs.
MAKERS = ["seeds", "seconds", "program", "processor", "instructions", "threads", "begun"]


class Ledger:
    """Entries by name: the `experiment` that the run is of, what `made` it, its `result`, and `curves` by epoch where
    asked for. One script at a time writes it."""

    def __init__(self, path):
        self.path = path
        self.entries = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}

    def found(self, name, experiment):
        """What there is of this name, where that is of this experiment; else nothing."""
        entry = self.entries.get(name)
        return entry if entry and entry["experiment"] == experiment else None

    def enter(self, name, entry):
        """Takes the place of what there was of this name. The file is whole at any time: it may be all there is of
        days."""
        self.entries[name] = entry
        written = self.path.with_name(self.path.name + ".new")
        written.write_text(json.dumps(self.entries, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        os.replace(written, self.path)


def experiment(text, words, environment=()):
    """A digest of all that a run follows from, program and machine apart: what a recipe says, comments left out, the
    words to `modiste train` and the environment. Of a path its last part counts: it may lie elsewhere on another
    machine."""
    said = [word.name if isinstance(word, pathlib.Path) else word for word in words]
    whole = [tomllib.loads(text), said, dict(environment)]
    return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()


def makers(entries):
    """Entries by what made them: program, processor, instructions, threads."""
    groups = {}
    for entry in entries:
        made, result = entry["made"], entry["result"]
        groups.setdefault((made["program"], made["processor"], result["isa"], str(result["threads"])), []).append(entry)
    return groups


def makers_table(head, entries):
    """Who made what: `entries` of each name, which stands below `head`."""
    rows = [
        [
            name,
            ", ".join(str(seed) for seed in sorted({entry["result"]["seed"] for entry in group})),
            seconds(group),
            *maker,
            min(entry["made"]["date"] for entry in group),
        ]
        for name, of_name in entries.items()
        for maker, group in makers(of_name).items()
    ]
    return table([head, *MAKERS], rows)


def seconds(entries):
    """Of a run: a mean would be shifted by one beside which the machine did something else."""
    return median_span([entry["result"]["wall_seconds"] for entry in entries])
