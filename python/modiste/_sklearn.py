"""What differs from one version of scikit-learn to another."""

try:
    from sklearn.utils.validation import validate_data
except ImportError:
    # Below 1.6.
    def validate_data(estimator, X, y="no_validation", **options):
        if y is None:
            y = "no_validation"
        return estimator._validate_data(X, y, **options)


__all__ = ["validate_data"]
