"""Works out the files beside this script: small data, and what scikit-learn and plain NumPy make of it.

usage: python make.py          needs scikit-learn, Python 3.11 or newer; a minute or two

All numbers are little-endian; rows are points.

    digits.u8       scikit-learn's handwritten digits, 1,797 x 64 values from 0 to 16
    labels.u8       which digit each of them is
    map.f32         scikit-learn's map of them, 1,797 x 2: TSNE(init="pca", perplexity=30, random_state=0)
    affinities.txt  a line `i j p` for each pair i < j of the first 200 digits whose affinity p is not zero, at
                    perplexity 10 among 30 neighbours
    reference.json  everything else:
      versions           of what computed it
      scikit_learn       what it says of its map itself: `kl_divergence` and `iterations`
      map                what that map is worth by the definitions below: `kl_divergence`, `trustworthiness` among 5
                         neighbours by scikit-learn's function, `trustworthiness_ties_by_index`, `label_accuracy`
      affinities         `points`, `perplexity`, `neighbours` and `pairs` of affinities.txt, the `sum` over all ordered
                         pairs, and the `betas` of the points
      cosine_neighbours  of each of the first 20 digits the 10 nearest among the first 200 by cosine distance, in order

Affinities: a point's neighbours are the k nearest by Euclidean distance, itself left out, ties broken by index. Over
them p(j|i) is in proportion to exp(-beta_i d_ij^2), with the beta_i that makes the entropy the logarithm of the
perplexity. p_ij = (p(j|i) + p(i|j)) / 2n over all ordered pairs, which together are 1. The map is measured against
those of perplexity 30 among 90 neighbours.

Divergence: KL = sum of p_ij log(p_ij / q_ij) over the ordered pairs with p_ij > 0; q_ij = 1 / (1 + |y_i - y_j|^2) / Z,
where Z makes it 1 over all ordered pairs i != j. Label accuracy: the share of points whose nearest neighbour in the
map, itself left out, has their label.
"""
import json
import pathlib
import platform

import numpy as np
import sklearn
from sklearn.datasets import load_digits
from sklearn.manifold import TSNE, trustworthiness

HERE = pathlib.Path(__file__).parent
TOLERANCE = 1e-10


def square_distances(points):
    """Of all pairs, by differences: exact where the points are small integers."""
    return np.stack([((points - point) ** 2).sum(1) for point in points])


def neighbours(distances):
    """Of each point all others, the nearest first, ties broken by index."""
    others = distances.astype(np.float64)
    np.fill_diagonal(others, np.inf)
    return np.argsort(others, axis=1, kind="stable")[:, :-1]


def conditional(squares, perplexity):
    """p(j|i) of one point's neighbours at these square distances, and its beta."""
    # Only differences matter, and the nearest at zero keeps the sum above one.
    squares = squares - squares.min()
    low, high, beta = 0.0, np.inf, 1.0
    while True:
        weights = np.exp(-beta * squares)
        share = weights / weights.sum()
        entropy = np.log(weights.sum()) + beta * (share @ squares)
        error = entropy - np.log(perplexity)
        if abs(error) <= TOLERANCE:
            return share, beta
        low, high = (beta, high) if error > 0 else (low, beta)
        beta = 2 * beta if high == np.inf else (low + high) / 2


def affinities(squares, perplexity, k):
    """p_ij as a full matrix, and the betas."""
    n = len(squares)
    p, betas = np.zeros((n, n)), []
    for i, nearest in enumerate(neighbours(squares)[:, :k]):
        p[i, nearest], beta = conditional(squares[i, nearest].astype(np.float64), perplexity)
        betas.append(beta)
    return (p + p.T) / (2 * n), betas


def kl_divergence(p, points):
    """In float64."""
    weights = 1 / (1 + square_distances(points))
    np.fill_diagonal(weights, 0)
    there = p > 0
    return (p[there] * np.log(p[there] / (weights / weights.sum())[there])).sum()


def trustworthiness_by_index(data_neighbours, map_neighbours, k):
    """Venna and Kaski (2001): how far away in the data those are that are near in the map."""
    n = len(data_neighbours)
    ranks = np.empty((n, n), np.int64)
    np.put_along_axis(ranks, data_neighbours, np.arange(1, n)[None], axis=1)
    near = np.take_along_axis(ranks, map_neighbours[:, :k], axis=1)
    return 1 - 2 / (n * k * (2 * n - 3 * k - 1)) * np.maximum(near - k, 0).sum()


def cosine_neighbours(points, k):
    """Of each point its k nearest; refuses ties that another order of the same sums could break otherwise."""
    units = points / np.linalg.norm(points, axis=1, keepdims=True)
    distances = 1 - units @ units.T
    nearest = neighbours(distances)
    ordered = np.take_along_axis(distances, nearest[:, : k + 1], axis=1)
    assert np.diff(ordered, axis=1)[:20].min() > 1e-6, "two neighbours are too much alike"
    return nearest[:, :k]


def main():
    data, labels = load_digits(return_X_y=True)
    digits = data.astype(np.int64)
    assert np.array_equal(digits, data) and digits.min() == 0 and digits.max() == 16

    tsne = TSNE(init="pca", perplexity=30, random_state=0)
    embedding = tsne.fit_transform(data).astype("<f4")
    exact = embedding.astype(np.float64)

    squares = square_distances(digits)
    p, _ = affinities(squares, 30, 90)
    in_map = neighbours(square_distances(exact))

    few = squares[:200, :200]
    p_few, betas = affinities(few, 10, 30)
    pairs = [(i, j, p_few[i, j]) for i, j in zip(*np.nonzero(np.triu(p_few)))]

    (HERE / "digits.u8").write_bytes(digits.astype(np.uint8).tobytes())
    (HERE / "labels.u8").write_bytes(labels.astype(np.uint8).tobytes())
    (HERE / "map.f32").write_bytes(embedding.tobytes())
    (HERE / "affinities.txt").write_text("".join(f"{i} {j} {value:.16e}\n" for i, j, value in pairs))
    reference = {
        "versions": {
            "scikit-learn": sklearn.__version__, "numpy": np.__version__, "python": platform.python_version(),
        },
        "scikit_learn": {"kl_divergence": float(tsne.kl_divergence_), "iterations": int(tsne.n_iter_) + 1},
        "map": {
            "kl_divergence": kl_divergence(p, exact),
            "trustworthiness": float(trustworthiness(data, embedding, n_neighbors=5)),
            "trustworthiness_ties_by_index": trustworthiness_by_index(neighbours(squares), in_map, 5),
            "label_accuracy": float((labels[in_map[:, 0]] == labels).mean()),
        },
        "affinities": {
            "points": 200, "perplexity": 10, "neighbours": 30, "pairs": len(pairs), "sum": p_few.sum(),
            "betas": betas,
        },
        "cosine_neighbours": cosine_neighbours(data[:200], 10)[:20].tolist(),
    }
    (HERE / "reference.json").write_text(json.dumps(reference, indent=1) + "\n")
    print(json.dumps({name: reference[name] for name in ("versions", "scikit_learn", "map")}, indent=2))


if __name__ == "__main__":
    main()
