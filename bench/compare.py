#!/usr/bin/env python3
"""Measures modiste and its peers in turn on this machine, and writes what came of it to RESULTS.md."""

import argparse
import datetime
import os
import pathlib
import subprocess
import sys
import tempfile
from dataclasses import replace

import machine
import results
from contenders import HERE, Limit, Modiste, PeerMissing, Peers, ProcessFailed
from workloads import QUICK, THOROUGH, WORKLOADS

REPOSITORY = HERE.parent
DATA_FILE = "train-images-idx3-ubyte.gz"
# With more than this on average the machine is doing something else.
BUSY = 0.5


def options():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--modiste", metavar="PATH", help="the program [default: build target/release/modiste]")
    parser.add_argument("--python", metavar="PATH", default=sys.executable, help="the interpreter that has the peers")
    parser.add_argument(
        "--only",
        metavar="NAME",
        nargs="+",
        choices=WORKLOADS,
        default=list(WORKLOADS),
        help=f"workloads to measure, of: {', '.join(WORKLOADS)}",
    )
    parser.add_argument(
        "--rounds",
        metavar="N",
        type=positive,
        help="turns of each contender, where they do not take minutes [default: 3]",
    )
    parser.add_argument("--quick", action="store_true", help="so short a run that its numbers mean little")
    parser.add_argument(
        "--out",
        metavar="FILE",
        type=pathlib.Path,
        default=HERE / "RESULTS.md",
        help="what to write [default: RESULTS.md beside this program]",
    )
    return parser.parse_args()


def positive(text):
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is not at least 1")
    return number


def main(chosen):
    if chosen.out.is_dir() or not chosen.out.parent.is_dir():
        raise ProcessFailed(f"cannot write {chosen.out}: --out names a file in a directory that is there")
    require_data()
    began = datetime.datetime.now(datetime.UTC)
    load = machine.load()
    if load > BUSY:
        say(f"this machine is busy (load {load:.1f}): stop what else is running, or the numbers mean little")
    modiste = Modiste(chosen.modiste or build())
    binary = "given by --modiste; the checkout beside these scripts is" if chosen.modiste else "built here from"
    versions = [f"modiste {binary} {machine.commit(REPOSITORY)}", machine.rustc()]

    length = QUICK if chosen.quick else THOROUGH
    length = replace(length, rounds=chosen.rounds or length.rounds)
    with tempfile.TemporaryDirectory() as scratch:
        peers = Peers(chosen.python, scratch)
        limit = Limit(scratch)
        if limit.missing:
            say(f"the limit is {limit.missing}")
        outcomes = [
            take_turns(workload, limit, length.rounds) for workload in wanted(chosen.only, modiste, peers, length)
        ]

    facts = [
        ("date", f"{began:%Y-%m-%d %H:%M} UTC"),
        *machine.hardware(),
        ("load before", f"{load:.2f}"),
        ("rounds", str(length.rounds)),
    ]
    remark = "This is a quick glance, too short to mean much." if chosen.quick else ""
    results.put(chosen.out, results.document(remark, facts, versions, limit.missing, outcomes))
    say(f"written to {chosen.out}")


def require_data():
    """Peers and modiste read the same files."""
    root = os.environ.get("MODISTE_DATA")
    if not root:
        raise ProcessFailed("$MODISTE_DATA is not set: it names the directory with Fashion-MNIST's four files")
    if not any(pathlib.Path(root, directory, DATA_FILE).exists() for directory in ("", "fashion-mnist")):
        raise ProcessFailed(f"{root} has no {DATA_FILE}: `modiste data fetch fashion-mnist --data-dir DIR` gets it")


def build():
    """The path of the program, as it is in this checkout."""
    say("building modiste")
    try:
        built = subprocess.run(["cargo", "build", "--release", "--locked"], cwd=REPOSITORY)
    except OSError as error:
        raise ProcessFailed(f"cannot run cargo ({error.strerror}): install Rust, or give --modiste PATH") from error
    if built.returncode != 0:
        raise ProcessFailed("modiste cannot be built: mend that, or give --modiste PATH")
    target = REPOSITORY / os.environ.get("CARGO_TARGET_DIR", "target")
    return str(target / "release" / "modiste")


def wanted(names, modiste, peers, length):
    """The workloads of these names, one when its turn comes. One whose data cannot be had is left out."""
    for name, workload in WORKLOADS.items():
        if name in names:
            try:
                yield workload(modiste, peers, length)
            except PeerMissing as reason:
                say(f"{name} is left out: {reason}")


def take_turns(workload, limit, rounds):
    """Measures the limit and each contender, one after the other, `rounds` times; then how good their results are."""
    say(workload.title)
    rounds = min(rounds, workload.most_rounds or rounds)
    result = results.WorkloadOutcome(workload, [results.Outcome(contender) for contender in workload.contenders])
    for number in range(1, rounds + 1):
        if workload.flops is not None and not limit.missing:
            result.limits.append(limit.flops_per_second(machine.cores()))
        for outcome in result.outcomes:
            if not outcome.missing:
                measure(outcome, f"  round {number} of {rounds}, {outcome.contender.name}")
    for outcome in result.outcomes:
        if outcome.contender.quality and outcome.measurements:
            say(f"  judging what {outcome.contender.name} made")
            outcome.quality = outcome.contender.quality()
    return result


def measure(outcome, label):
    """One more measurement; a peer that cannot be measured is missing from then on."""
    try:
        measurement = outcome.contender.measure()
    except PeerMissing as reason:
        outcome.missing = str(reason)
        outcome.measurements.clear()
        say(f"{label}: {reason}")
    except ProcessFailed as error:
        raise ProcessFailed(f"{outcome.contender.name}: {error}") from error
    else:
        outcome.measurements.append(measurement)
        say(f"{label}: {results.span(measurement.seconds)}")


def say(text):
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        main(options())
    except (ProcessFailed, OSError) as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        say("interrupted; nothing is written")
        sys.exit(130)
