"""scikit-learn's checks of what calls itself an estimator, each exception with its reason."""

import pytest
from sklearn.utils.estimator_checks import check_estimator

from conftest import SMALL
from modiste import TSNE, ImageClassifier

FLAT = {
    **SMALL,
    "layers": [{"type": "flatten"}, {"type": "dense", "units": 16}, {"type": "dense", "activation": "softmax"}],
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "estimator", [TSNE(perplexity=2, max_iter=100), ImageClassifier(FLAT)], ids=["TSNE", "ImageClassifier"]
)
def test_estimators_pass_every_check(estimator):
    # All of them: what raises here is no exception from the rule.
    check_estimator(estimator)
