"""What differs from one version of scikit-learn to another."""

from sklearn.utils import validation


def validate_data(estimator, X, y="no_validation", **options):
    """Checks what an estimator is given, and notes how many features it has; below 1.6 that is a method."""
    check = getattr(validation, "validate_data", None)
    return check(estimator, X, y, **options) if check else estimator._validate_data(X, y, **options)
