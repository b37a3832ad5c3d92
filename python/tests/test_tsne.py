"""Maps: what scikit-learn promises of its own, and what there is beyond."""

import pickle
import warnings

import numpy as np
import pytest
import sklearn
from sklearn.base import clone
from sklearn.manifold import trustworthiness
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from modiste import TSNE
from modiste import tsne as module


def clusters(n=150, dimensions=6, seed=0):
    random = np.random.default_rng(seed)
    labels = np.arange(n) % 3
    return (random.normal(size=(n, dimensions)) + 8 * np.eye(3, dimensions)[labels]).astype(np.float32), labels


def test_neighbours_stay_neighbours_by_every_method_and_metric():
    points, _ = clusters()
    for method in ("auto", "exact", "barnes_hut", "fft"):
        assert trustworthiness(points, TSNE(method=method, random_state=0).fit_transform(points)) > 0.9, method
    for metric in ("cosine", "manhattan", lambda a, b: abs(a - b).max()):
        assert trustworthiness(points, TSNE(metric=metric, random_state=0).fit_transform(points)) > 0.85, metric


def test_a_seed_gives_the_same_bits_on_any_number_of_threads():
    points, _ = clusters()
    maps = [TSNE(random_state=3, n_jobs=jobs, init="random").fit_transform(points) for jobs in (1, 2, -1, None)]
    assert all((one == maps[0]).all() for one in maps)
    assert (TSNE(random_state=4, init="random").fit_transform(points) != maps[0]).any()


def test_points_are_read_where_they_lie():
    points, _ = clusters()
    points.setflags(write=False)
    assert np.shares_memory(TSNE(random_state=0).fit(points)._fit_X, points)


def test_new_points_go_to_their_cluster_and_known_ones_stay():
    points, labels = clusters()
    estimator = TSNE(random_state=0).fit(points)
    new, new_labels = clusters(30, seed=1)
    nearest = np.linalg.norm(estimator.transform(new)[:, None] - estimator.embedding_[None], axis=2).argmin(axis=1)
    assert (labels[nearest] == new_labels).all()
    assert (estimator.transform(points[::-1]) == estimator.embedding_[::-1]).all()
    with pytest.raises(ValueError, match="features"):
        estimator.transform(new[:, :3])
    with pytest.raises(ValueError, match="no place"):
        TSNE(metric="manhattan", random_state=0).fit(points).transform(new)


def test_distances_make_the_map_of_their_points():
    points, _ = clusters()
    distances = np.linalg.norm(points[:, None] - points[None], axis=2)
    found = TSNE(metric="precomputed", init="random", random_state=0).fit_transform(distances)
    assert trustworthiness(points, found) > 0.9
    distances[0, 1] = -1
    with pytest.raises(ValueError, match="positive"):
        TSNE(metric="precomputed", init="random").fit(distances)


def test_maps_have_one_dimension_where_that_is_asked_for():
    points, labels = clusters()
    for method in ("auto", "barnes_hut"):
        estimator = TSNE(1, random_state=0, method=method).fit(points)
        assert estimator.embedding_.shape == (150, 1)
        assert trustworthiness(points, estimator.embedding_) > 0.8
        assert estimator.transform(points[:4] + 0.01).shape == (4, 1)


def test_callbacks_hear_of_maps_and_end_the_descent():
    points, _ = clusters()
    heard = []

    def callback(iteration, divergence, places):
        heard.append((iteration, divergence, places.shape))
        return iteration == 150

    estimator = TSNE(random_state=0, callbacks=[callback, lambda *_: None]).fit(points)
    assert [iteration for iteration, _, _ in heard] == [50, 100, 150] and estimator.n_iter_ == 150
    assert all(shape == (150, 2) and divergence > 0 for _, divergence, shape in heard)
    with pytest.raises(ZeroDivisionError):
        TSNE(callbacks=lambda *_: 1 / 0).fit(points)


def test_several_perplexities_make_another_map_than_one():
    points, _ = clusters()
    one, several = (TSNE(perplexity=value, random_state=0).fit(points) for value in (10, (10, 40)))
    assert (one.embedding_ != several.embedding_).any()
    with pytest.raises(ValueError, match="less than n_samples"):
        TSNE(perplexity=(10, 150)).fit(points)


def test_what_has_no_use_is_said_once(monkeypatch):
    monkeypatch.setattr(module, "_warned", set())
    points, _ = clusters(30)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        for _ in range(2):
            TSNE(angle=0.2, max_iter=10, perplexity=5).fit(points)
    assert [str(warning.message)[:9] for warning in said] == ["angle=0.2"]


@pytest.mark.parametrize(
    "parameters, words",
    [
        ({"method": "fourier"}, "method is 'fourier'"),
        ({"learning_rate": "fast"}, "learning_rate is 'fast'"),
        ({"learning_rate": -1.0}, "the learning rate is -1"),
        ({"max_iter": 0}, "max_iter is 0"),
        ({"init": "zero"}, "init is 'zero'"),
        ({"init": np.zeros((3, 2))}, "init is of shape"),
        ({"n_jobs": 0}, "n_jobs is 0"),
        ({"perplexity": 0.5}, "perplexity of 0.5"),
        ({"n_components": 3}, "should be 1 or 2"),
        ({"early_exaggeration": 0.0}, "early exaggeration is 0"),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_sentence(parameters, words):
    with pytest.raises(ValueError, match=words):
        TSNE(**parameters).fit(clusters()[0])


def test_points_that_are_no_numbers_are_refused():
    points, _ = clusters()
    points[3, 1] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        TSNE().fit(points)
    points[3, 1] = 1e30
    with pytest.raises(ValueError, match="scale all values"):
        TSNE().fit(points)


def test_it_is_an_estimator_like_others():
    points, _ = clusters()
    estimator = TSNE(perplexity=10, random_state=0)
    assert clone(estimator).get_params() == estimator.get_params()
    found = make_pipeline(StandardScaler(), clone(estimator)).fit_transform(points)
    assert found.shape == (150, 2) and found.dtype == np.float32
    fitted = pickle.loads(pickle.dumps(estimator.fit(points)))
    assert (fitted.transform(points + 0.01) == estimator.transform(points + 0.01)).all()
    pandas = pytest.importorskip("pandas")
    with sklearn.config_context(transform_output="pandas"):
        table = estimator.fit_transform(pandas.DataFrame(points))
    assert list(table.columns) == ["tsne0", "tsne1"]
