"""What trained weights are worth where there are few images.

Five classes of Fashion-MNIST train a network. Of the other five, which it has never seen, ten images a class are drawn,
several times. Each draw is trained from that network, by the recipe that `modiste train --from` chooses; from nothing,
by the same recipe; and from nothing, by the recipe that `modiste train` chooses then, which may mix images.

    python bench/fine_tuning.py PROGRAM FASHION_MNIST_DIRECTORY [DRAWS]
"""

import gzip
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

KNOWN = [0, 3, 5, 6, 8]
A_CLASS = 10


def read(directory, name):
    plain = directory / name
    data = plain.read_bytes() if plain.exists() else gzip.decompress((directory / f"{name}.gz").read_bytes())
    sizes = np.frombuffer(data, ">u4", data[3], offset=4)
    return np.frombuffer(data, np.uint8, offset=4 + 4 * data[3]).reshape(sizes)


def of_classes(images, labels, classes):
    chosen = np.isin(labels, classes)
    return images[chosen], np.array([f"class {label}" for label in labels[chosen]])


def write(path, train, test):
    np.savez(path, x_train=train[0], y_train=train[1], x_test=test[0], y_test=test[1])


def accuracy(program, *arguments):
    command = [program, "train", *map(str, arguments), "--json", "--quiet"]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    return json.loads(lines[-1])["test_accuracy"]


def main(program, directory, draws, world):
    parts = [
        (read(directory, f"{part}-images-idx3-ubyte"), read(directory, f"{part}-labels-idx1-ubyte"))
        for part in ["train", "t10k"]
    ]
    new = [label for label in range(10) if label not in KNOWN]
    write(world / "known.npz", *[of_classes(*part, KNOWN) for part in parts])
    known = accuracy(program, "speedrun-94", "--data", world / "known.npz", "--epochs", 3, "--out", world / "known")
    print(f"classes {KNOWN}: accuracy {known:.4f}")
    (images, labels), test = parts[0], of_classes(*parts[1], new)
    found = {way: [] for way in ["from the network", "from nothing, by that recipe", "from nothing, by auto"]}
    for draw in range(draws):
        random = np.random.default_rng(draw)
        chosen = np.concatenate([random.choice(np.flatnonzero(labels == label), A_CLASS, False) for label in new])
        data = world / f"draw-{draw}.npz"
        write(data, of_classes(images[chosen], labels[chosen], new), test)
        runs = [world / f"{draw}-{number}" for number in range(len(found))]
        recipes = [["--from", world / "known"], [runs[0] / "recipe.toml"], []]
        for values, run, recipe in zip(found.values(), runs, recipes, strict=True):
            values.append(accuracy(program, *recipe, "--data", data, "--seed", draw, "--out", run))
        print(f"draw {draw}: " + ", ".join(f"{way} {values[-1]:.4f}" for way, values in found.items()), flush=True)
    for way, values in found.items():
        spread = statistics.stdev(values) if len(values) > 1 else 0.0
        print(f"{way}: mean {statistics.mean(values):.4f}, deviation {spread:.4f}, {len(values)} draws")


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    with tempfile.TemporaryDirectory() as world:
        main(Path(sys.argv[1]).resolve(), Path(sys.argv[2]), int((sys.argv[3:] or ["5"])[0]), Path(world))
