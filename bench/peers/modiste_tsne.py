"""Seconds in which modiste's Python package maps a matrix's points, from principal components on."""

import argparse
import time

import numpy as np
from modiste import TSNE, __version__
from modiste._threads import thread_count

import timing


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--matrix", required=True, help="a .npy file with a point in each row")
    parser.add_argument("--iterations", type=int, default=750, help="with those of early exaggeration")
    parser.add_argument("--out", required=True, help="the .npy file to write the map to, f32 [points, 2]")
    options = parser.parse_args()

    points = np.load(options.matrix)
    started = time.perf_counter()
    finished = TSNE(max_iter=options.iterations, random_state=0).fit_transform(points)
    seconds = time.perf_counter() - started
    np.save(options.out, finished)
    timing.tell("modiste in Python", __version__, thread_count(None), [seconds])


if __name__ == "__main__":
    main()
