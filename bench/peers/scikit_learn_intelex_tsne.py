"""Seconds in which scikit-learn-intelex maps a matrix's points by Barnes-Hut t-SNE, from principal components on."""

import argparse
import importlib.metadata
import time

import joblib
import numpy as np
from sklearnex.manifold import TSNE

import timing


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--matrix", required=True, help="a .npy file with a point in each row")
    parser.add_argument("--iterations", type=int, default=1_000, help="250 or more")
    parser.add_argument("--out", required=True, help="the .npy file to write the map to, f32 [points, 2]")
    options = parser.parse_args()

    points = np.load(options.matrix)
    started = time.perf_counter()
    tsne = TSNE(perplexity=30, init="pca", max_iter=options.iterations, n_jobs=-1, random_state=0)
    finished = tsne.fit_transform(points)
    seconds = time.perf_counter() - started
    np.save(options.out, np.asarray(finished, np.float32))
    version = importlib.metadata.version("scikit-learn-intelex")
    timing.tell("scikit-learn-intelex", version, joblib.effective_n_jobs(-1), [seconds])


if __name__ == "__main__":
    main()
