"""How it behaves in a process that others have a share in: Ctrl-C, forks, imports."""

import os
import signal
import subprocess
import sys
import threading

import numpy as np
import pytest

from modiste import TSNE, ImageClassifier


def interrupted(work):
    """Does what never ends, and has Ctrl-C pressed meanwhile, by a thread that runs only if the interpreter is free."""
    timer = threading.Timer(0.5, signal.raise_signal if os.name == "nt" else os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        work()
    timer.join()


def test_ctrl_c_stops_a_map_and_leaves_the_last_one():
    points = np.random.default_rng(0).normal(size=(200, 5)).astype(np.float32)
    estimator = TSNE(random_state=0, max_iter=100).fit(points)
    before = estimator.embedding_.copy()
    estimator.set_params(max_iter=10**8, n_iter_without_progress=10**8, min_grad_norm=0)
    interrupted(lambda: estimator.fit(points))
    assert (estimator.embedding_ == before).all() and estimator.n_iter_ == 100


def test_ctrl_c_stops_training_and_leaves_the_last_network(shapes, recipe):
    images, labels = shapes
    classifier = ImageClassifier(recipe, random_state=0).fit(images, labels)
    before = classifier.predict_proba(images)
    classifier.set_params(epochs=10**6)
    interrupted(lambda: classifier.fit(images, labels))
    assert (classifier.predict_proba(images) == before).all() and len(classifier.history_["epoch"]) == 6


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_process_computes_with_threads_of_its_own(shapes, recipe):
    images, labels = shapes
    points = images.reshape(240, -1).astype(np.float32)
    classifier = ImageClassifier(recipe, random_state=0).fit(images, labels)
    expected = classifier.predict_proba(images), TSNE(random_state=0).fit_transform(points)
    child = os.fork()
    if child == 0:
        # A child that waits for ever is ended, and has failed.
        signal.alarm(60)
        found = classifier.predict_proba(images), TSNE(random_state=0).fit_transform(points)
        again = ImageClassifier(recipe, random_state=0).fit(images, labels).predict_proba(images)
        same = (found[0] == expected[0]).all() and (found[1] == expected[1]).all() and (again == expected[0]).all()
        os._exit(0 if same else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert (classifier.predict_proba(images) == expected[0]).all()


def test_an_import_loads_nothing_that_is_not_used():
    code = (
        "import sys, modiste; print([name for name in ('numpy', 'sklearn', 'modiste._modiste') if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout == "[]\n"
    code = "import sys, modiste; modiste.load_data('drawn-garments'); print('sklearn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout == "False\n"


def test_names_that_are_not_there_are_errors():
    import modiste

    with pytest.raises(AttributeError, match="no attribute 'Tsne'"):
        _ = modiste.Tsne
    assert "TSNE" in dir(modiste)
