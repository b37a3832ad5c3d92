#!/usr/bin/env python3
"""How long pictures in folders take to load: Pillow's loop and modiste in turn, without and with its cache."""

import argparse
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

SIDE = 28
CLASSES = 10
# Times of change of the pictures lie so far back: what has just changed is not kept in the cache.
AGE = 3600


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--modiste", type=Path, default=Path("target/release/modiste"), help="the program")
    parser.add_argument("--pictures", type=int, default=60_000, help="how many PNG files")
    parser.add_argument("--rounds", type=int, default=5, help="turns; the medians count")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        world = Path(directory)
        write_pictures(world / "set", arguments.pictures)
        paths = sorted(str(path) for path in (world / "set").rglob("*.png"))
        modiste = [arguments.modiste.resolve(), "data", "show", "--data", "set", "--quiet"]
        run(modiste, world)  # Fills the cache, and brings all files into memory.
        seconds = {"Pillow": [], "modiste --no-cache": [], "modiste, kept": []}
        for _ in range(arguments.rounds):
            seconds["Pillow"].append(timed(lambda: [np.asarray(Image.open(path)) for path in paths]))
            seconds["modiste --no-cache"].append(timed(lambda: run([*modiste, "--no-cache"], world)))
            seconds["modiste, kept"].append(timed(lambda: run(modiste, world)))
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    for name, median in medians.items():
        spread = f"{min(seconds[name]):.2f} to {max(seconds[name]):.2f}"
        print(f"{name}: {median:.2f} s ({spread}), {median / medians['Pillow']:.3f} of Pillow's time")


def write_pictures(place, count):
    """Smooth blobs, which compress about as well as photographs of clothes."""
    dice = random.Random(0)
    rows, columns = np.mgrid[:SIDE, :SIDE]
    changed = time.time() - AGE
    for label in range(CLASSES):
        (place / f"class-{label}").mkdir(parents=True)
    for number in range(count):
        row, column, size = (dice.uniform(low, high) for low, high in [(8, 20), (8, 20), (20, 120)])
        blob = 255 * np.exp(-((rows - row) ** 2 + (columns - column) ** 2) / size)
        noise = np.frombuffer(dice.randbytes(SIDE * SIDE), np.uint8).reshape(SIDE, SIDE) // 16
        pixels = np.where(blob > 40, np.clip(blob + noise, 0, 255), 0).astype(np.uint8)
        path = place / f"class-{number % CLASSES}" / f"{number:06}.png"
        Image.fromarray(pixels).save(path)
        os.utime(path, (changed, changed))


def run(command, world):
    environment = os.environ | {"XDG_CACHE_HOME": str(world / "cache")}
    done = subprocess.run(command, cwd=world, env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(done.stderr)


def timed(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
