"""From scikit-learn's `random_state` to the library's seed."""

from numbers import Integral

from sklearn.utils import check_random_state

_SEEDS = 2**32


def seed_of(random_state):
    """The seed that everything random follows from: an integer itself, else one drawn from the generator."""
    if isinstance(random_state, Integral) and random_state >= 0:
        return int(random_state)
    return int(check_random_state(random_state).randint(_SEEDS, dtype="uint32"))
