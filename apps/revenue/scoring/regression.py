"""The one place that calls scikit-learn and scipy, whose types nobody knows: it gives theirs to the rest."""

from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import Any, TypeAlias

import numpy as np

Array: TypeAlias = np.ndarray[Any, Any]  # Any: numpy's own shapes and types
Sparse: TypeAlias = Any  # Any: a matrix of scipy

_sparse: Any = import_module("scipy.sparse")  # Any: as said above, for this and those that follow
_linear: Any = import_module("sklearn.linear_model")  # Any: as above
_metrics: Any = import_module("sklearn.metrics")  # Any: as above
_selection: Any = import_module("sklearn.model_selection")  # Any: as above
_threads: Any = import_module("threadpoolctl")  # Any: as above

TOLERANCE = 1e-4


def ones(places: Array, ends: Array, width: int) -> Sparse:
    """A sparse matrix that is 1 in some columns: row by row `places`, each row up to one of `ends` (from 0 on)."""
    return _sparse.csr_matrix((np.ones(len(places)), places, ends), shape=(len(ends) - 1, width))


def side_by_side(matrices: Sequence[Sparse]) -> Sparse:
    """Matrices with the same rows as one."""
    return _sparse.csr_matrix(_sparse.hstack(matrices, format="csr"))


def columns_sum(matrix: Sparse) -> Array:
    """The sum of each column."""
    return np.asarray(matrix.sum(axis=0)).ravel()


def rows_sum(matrix: Sparse) -> Array:
    """The sum of each row."""
    return np.asarray(matrix.sum(axis=1)).ravel()


class Regression:
    """A logistic regression, fitted to rows and their outcomes."""

    def __init__(self, matrix: Sparse, good: Array) -> None:
        self.model: Any = _linear.LogisticRegression(C=1.0, max_iter=1_000, tol=TOLERANCE)  # Any: as above
        with _threads.threadpool_limits(1):  # several are slower here, and leave nothing for calls
            self.model.fit(matrix, good)
        self.weights: Array = np.asarray(self.model.coef_)[0]
        self.intercept = float(np.asarray(self.model.intercept_)[0])

    def log_odds(self, matrix: Sparse) -> Array:
        """Of each row."""
        return np.asarray(self.model.decision_function(matrix))

    def probabilities(self, matrix: Sparse) -> Array:
        """Of a good outcome, for each row."""
        return np.asarray(self.model.predict_proba(matrix))[:, 1]


def auc(good: Array, score: Array) -> float | None:
    """The chance that a good row has more than a bad one; None where there are not both."""
    return float(_metrics.roc_auc_score(good, score)) if 0 < good.sum() < len(good) else None


def brier(good: Array, expected: Array) -> float:
    """The mean square error of probabilities."""
    return float(_metrics.brier_score_loss(good, expected))


def folds(good: Array, count: int) -> Iterator[tuple[Array, Array]]:
    """Rows in so many parts, with as many good ones in each: all others, and the part. The same in every run."""
    splitter = _selection.StratifiedKFold(count, shuffle=True, random_state=0)
    for others, part in splitter.split(good, good):
        yield np.asarray(others), np.asarray(part)
