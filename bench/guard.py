#!/usr/bin/env python3
"""Guards against slow-downs: times an earlier program and this one in turn, and fails where this one is slower.

The earlier program is that of the last tag, or of --base REV, built in a worktree of its own in a temporary directory.
Each measurement is a process of its own; the two take turns, a round after a round (A B A B …), so that both meet the
same moods of the machine. The medians over the rounds are compared.

Exit status: 0 no row is above the limit, 1 one is, 2 the comparison could not be made, 130 interrupted.
"""

import argparse
import contextlib
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass

import machine
from compare import BUSY, REPOSITORY, positive, say
from contenders import ProcessFailed, run, run_json
from results import span, table


@dataclass(frozen=True)
class Row:
    """A piece of work: the words to `modiste bench`, and the field of its JSON that holds the seconds."""

    words: tuple[str, ...]
    seconds: str = "step_seconds_median"


# So many steps that a process takes about two seconds on two cores.
ROWS = {
    "step-seed-vgg": Row(("step", "--recipe", "seed-vgg", "--steps", "8")),
    "step-speedrun-94": Row(("step", "--recipe", "speedrun-94", "--steps", "12")),
    "step-seed-mlp-32": Row(("step", "--recipe", "seed-mlp", "--batch", "32", "--steps", "4000")),
    "infer-1": Row(("infer", "--recipe", "seed-vgg", "--batch", "1", "--steps", "4000")),
    "infer-500": Row(("infer", "--recipe", "seed-vgg", "--batch", "500", "--steps", "24")),
    "tsne-1000": Row(("tsne", "--samples", "1000", "--iterations", "1000"), "seconds"),
    "tsne-10000": Row(("tsne", "--samples", "10000", "--iterations", "750"), "seconds"),
}


def options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], epilog=__doc__.strip().splitlines()[-1])
    compared = parser.add_mutually_exclusive_group()
    compared.add_argument("--base", metavar="REV", help="the earlier revision [default: the last tag]")
    compared.add_argument(
        "--binaries", metavar=("OLD", "NEW"), nargs=2, help="two programs that are there: nothing is built"
    )
    parser.add_argument(
        "--only",
        metavar="NAME",
        nargs="+",
        choices=ROWS,
        default=list(ROWS),
        help=f"rows to measure, of: {', '.join(ROWS)}",
    )
    parser.add_argument("--rounds", metavar="N", type=positive, default=5, help="turns of each program [default: 5]")
    parser.add_argument(
        "--limit",
        metavar="RATIO",
        type=ratio,
        default=1.05,
        help="the largest ratio of new to old time that passes [default: 1.05]",
    )
    parser.add_argument(
        "--data",
        metavar="NAME|PATH",
        default="drawn-garments",
        help="the images, as of `modiste --data` [default: drawn-garments]",
    )
    parser.add_argument("--profile", choices=["release", "dist"], default="release", help="cargo's [default: release]")
    return parser.parse_args()


def ratio(text):
    number = float(text)
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return number


def main(chosen):
    """Whether all rows are within the limit."""
    if (load := machine.load()) > BUSY:
        say(f"this machine is busy (load {load:.1f}): stop what else is running, or the numbers mean little")
    with contextlib.ExitStack() as ends:
        old, new = chosen.binaries or builds(chosen, ends)
        for program in (old, new):
            run([program, "--version"])
        found = {name: take_turns(name, old, new, chosen) for name in chosen.only}
    rows, slow = [], []
    for name, (before, after) in found.items():
        median_before, median_after = statistics.median(before), statistics.median(after)
        quotient = median_after / median_before
        if quotient > chosen.limit:
            slow.append(name)
        rows.append([name, span(median_before), rounds(before), span(median_after), rounds(after), f"{quotient:.3f}"])
    print(table(["work", "old", "rounds", "new", "rounds", "new ÷ old"], rows))
    if slow:
        say(f"above {chosen.limit:g}: {', '.join(slow)}; measure again with `--only {' '.join(slow)} --rounds 11`")
    return not slow


def builds(chosen, ends):
    """The programs of the earlier revision and of this checkout; the earlier one goes with `ends`."""
    revision = chosen.base or last_tag()
    commit = git("rev-parse", "--verify", f"{revision}^{{commit}}")
    say(f"old: {revision}, commit {commit[:12]}; new: {machine.commit(REPOSITORY)}")
    scratch = pathlib.Path(ends.enter_context(tempfile.TemporaryDirectory()))
    git("worktree", "add", "--quiet", "--detach", str(scratch / "base"), commit)
    ends.callback(git, "worktree", "remove", "--force", str(scratch / "base"))
    old = build(scratch / "base", scratch / "target", chosen.profile)
    return old, build(REPOSITORY, REPOSITORY / os.environ.get("CARGO_TARGET_DIR", "target"), chosen.profile)


def last_tag():
    try:
        return git("describe", "--tags", "--abbrev=0")
    except ProcessFailed as error:
        raise ProcessFailed("there is no tag to compare with: name a revision with --base REV") from error


def git(*words):
    return run(["git", "-C", str(REPOSITORY), *words]).strip()


def build(checkout, target, profile):
    """The path of the program, built as it is in this checkout."""
    say(f"building modiste in {checkout}")
    command = ["cargo", "build", "--locked", "--profile", profile, "--bin", "modiste"]
    try:
        built = subprocess.run(command, cwd=checkout, env={**os.environ, "CARGO_TARGET_DIR": str(target)})
    except OSError as error:
        raise ProcessFailed(f"cannot run cargo ({error.strerror}): install Rust, or give --binaries") from error
    if built.returncode != 0:
        raise ProcessFailed(f"modiste cannot be built in {checkout}: mend that, or give --binaries")
    return str(target / profile / "modiste")


def take_turns(name, old, new, chosen):
    """Seconds of each round, of the old program and of the new one."""
    before, after = [], []
    for number in range(1, chosen.rounds + 1):
        for program, seconds in ((old, before), (new, after)):
            seconds.append(measure(name, program, chosen.data))
        say(f"{name}, round {number} of {chosen.rounds}: {span(before[-1])} and {span(after[-1])}")
    return before, after


def measure(name, program, data):
    row = ROWS[name]
    try:
        return run_json([program, "bench", *row.words, "--data", data, "--json", "--quiet"])[row.seconds]
    except ProcessFailed as error:
        raise ProcessFailed(f"{name} by {program}: {error}") from error


def rounds(seconds):
    """From the fastest round to the slowest, in words."""
    return f"{span(min(seconds))} to {span(max(seconds))}"


if __name__ == "__main__":
    try:
        sys.exit(0 if main(options()) else 1)
    except (ProcessFailed, OSError) as error:
        say(f"error: {error}")
        sys.exit(2)
    except KeyboardInterrupt:
        say("interrupted")
        sys.exit(130)
