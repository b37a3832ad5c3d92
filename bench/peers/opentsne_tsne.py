"""Seconds in which openTSNE maps a matrix's points, from principal components on, by the methods it chooses itself."""

import argparse
import os
import time

import numpy as np
import openTSNE

import timing

# Its default, and of a short run no more than a third.
EXAGGERATED = 250


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--matrix", required=True, help="a .npy file with a point in each row")
    parser.add_argument("--iterations", type=int, default=750, help="with those of early exaggeration")
    parser.add_argument("--out", required=True, help="the .npy file to write the map to, f32 [points, 2]")
    options = parser.parse_args()

    points = np.load(options.matrix)
    exaggerated = min(EXAGGERATED, options.iterations // 3)
    started = time.perf_counter()
    finished = openTSNE.TSNE(
        perplexity=30,
        initialization="pca",
        early_exaggeration_iter=exaggerated,
        n_iter=options.iterations - exaggerated,
        n_jobs=-1,
        random_state=0,
    ).fit(points)
    seconds = time.perf_counter() - started
    np.save(options.out, np.asarray(finished, np.float32))
    timing.tell("openTSNE", openTSNE.__version__, os.cpu_count(), [seconds])


if __name__ == "__main__":
    main()
