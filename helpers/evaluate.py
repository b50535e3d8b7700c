"""Ranking and clustering metrics."""

from helpers import CookbookError

import numpy as np
from sklearn.metrics.cluster import contingency_matrix


def ranks(scores: np.ndarray, truth: np.ndarray, candidates: np.ndarray | None = None):
    """Rank of the true column in each row of `scores` (n, m); 1 is best.

    `truth` (n,) holds the true columns; where `candidates` (n, m) is False, a column doesn't
    compete. Ties share the middle of their ranks, so that a constant score earns no luck.

    >>> ranks(np.array([[0.1, 0.9, 0.9]]), np.array([2]))
    array([1.5])
    """
    rows = np.arange(len(scores))
    true_scores = scores[rows, truth][:, None]
    competes = np.ones(scores.shape, bool) if candidates is None else candidates.copy()
    competes[rows, truth] = False
    better = ((scores > true_scores) & competes).sum(axis=1)
    equal = ((scores == true_scores) & competes).sum(axis=1)
    return 1 + better + equal / 2


def mean_reciprocal_rank(
    scores: np.ndarray, truth: np.ndarray, candidates: np.ndarray | None = None
) -> float:
    """Mean of 1 / rank of the true column: 1 is perfect. Arguments as in `ranks`.

    Raises `CookbookError` if there is nothing to rank or a score isn't a number.
    """
    if not len(scores) or np.isnan(scores).any():
        raise CookbookError("Nothing to rank: no rows, or a score that is NaN.")
    return float(np.mean(1 / ranks(scores, truth, candidates)))


def purity(classes: np.ndarray, clusters: np.ndarray) -> float:
    """Share of items that belong to the most frequent class of their cluster (Manning et al.,
    Introduction to Information Retrieval, 16.3). One cluster an item scores 1: keep them few.
    """
    counts = contingency_matrix(classes, clusters)
    return float(counts.max(axis=0).sum() / counts.sum())
