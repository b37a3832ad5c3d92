"""Seconds in which SG-t-SNE-Π maps a matrix's points, from principal components on.

It takes a graph and no points, so the affinities are openTSNE's, by neighbours as openTSNE chooses to search them: its
time has both. The learning rate is n / 12; its own, 200, leaves maps of many points unfinished.
"""

import argparse
import importlib.metadata
import os
import time

import numpy as np
import openTSNE
from sgtsnepi import sgtsnepi

import timing

EXAGGERATION = 12
# As the others have it, and of a short run no more than a third.
EXAGGERATED = 250


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--matrix", required=True, help="a .npy file with a point in each row")
    parser.add_argument("--iterations", type=int, default=750, help="with those of early exaggeration")
    parser.add_argument("--out", required=True, help="the .npy file to write the map to, f32 [points, 2]")
    options = parser.parse_args()

    points = np.load(options.matrix)
    started = time.perf_counter()
    affinities = openTSNE.affinity.PerplexityBasedNN(points, perplexity=30, symmetrize=False, n_jobs=-1, random_state=0)
    # Columns that sum to 1: the neighbours of each point.
    graph = affinities.P.T.tocsc()
    graph.data /= np.repeat(np.asarray(graph.sum(axis=0)).ravel(), np.diff(graph.indptr))
    finished = sgtsnepi(
        graph,
        y0=np.ascontiguousarray(openTSNE.initialization.pca(points, random_state=0).T),
        max_iter=options.iterations,
        early_exag=min(EXAGGERATED, options.iterations // 3),
        alpha=EXAGGERATION,
        eta=max(200.0, len(points) / EXAGGERATION),
        silent=True,
    )
    seconds = time.perf_counter() - started
    np.save(options.out, np.asarray(finished, np.float32).reshape(2, -1).T)
    timing.tell("SG-t-SNE-Π", importlib.metadata.version("sgtsnepi"), os.cpu_count(), [seconds])


if __name__ == "__main__":
    main()
