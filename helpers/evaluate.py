"""Ranking and clustering metrics."""

from helpers import CookbookError

import numpy as np
from sklearn.linear_model import Ridge


def ranks(
    scores: np.ndarray, truth: np.ndarray, candidates: np.ndarray | None = None
) -> np.ndarray:
    """Rank of the true column in each row of `scores` (n, m); 1 is best.

    `truth` (n,) holds the true columns; where `candidates` (n, m) is False, a column doesn't
    compete. Ties share the middle of their ranks, so that a constant score earns no luck. The
    mean of 1 / rank is the mean reciprocal rank (MRR).

    Raises `CookbookError` if there is nothing to rank or a score isn't a number.

    >>> ranks(np.array([[0.1, 0.9, 0.9]]), np.array([2]))
    array([1.5])
    """
    if not len(scores) or np.isnan(scores).any():
        raise CookbookError("Nothing to rank: no rows, or a score that is NaN.")
    rows = np.arange(len(scores))
    true_scores = scores[rows, truth][:, None]
    competes = np.ones(scores.shape, bool) if candidates is None else candidates.copy()
    competes[rows, truth] = False
    better = ((scores > true_scores) & competes).sum(axis=1)
    equal = ((scores == true_scores) & competes).sum(axis=1)
    return 1 + better + equal / 2


def mrr_and_auc(scores: np.ndarray) -> tuple[float, float]:
    """Mean reciprocal rank, and area under the ROC curve, of the true item in each row.

    `scores` (n, 1 + negatives) holds the true item's score in its first column. The AUC is the
    chance that the true item stands before a negative of its row; ties count half.

    Raises `CookbookError` if there is nothing to rank or a score isn't a number.

    >>> mrr_and_auc(np.array([[0.9, 0.1, 0.2], [0.5, 0.6, 0.4]]))
    (0.75, 0.75)
    """
    place = ranks(scores, truth=np.zeros(len(scores), int))
    return float((1 / place).mean()), float(1 - (place.mean() - 1) / (scores.shape[1] - 1))


def purity(member: np.ndarray, clusters: np.ndarray) -> float:
    """Share of items that have the most frequent class of their cluster (Manning et al.,
    Introduction to Information Retrieval, 16.3).

    `member` (n, classes) is True where an item belongs to a class; it may belong to several.
    `clusters` (n,) holds cluster numbers. A cluster for each item scores 1: keep them few.
    """
    best = [member[clusters == cluster].sum(axis=0).max() for cluster in np.unique(clusters)]
    return float(np.sum(best) / len(member))


def correlation(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Pearson's r of each column of `x` (n, m) with `y` (n,): (m,); 0 for one that is constant."""
    x, y = x - x.mean(axis=0), y - y.mean()
    return y @ x / np.sqrt((x**2).sum(axis=0) * (y**2).sum()).clip(min=1e-12)


def probe(features: np.ndarray, target: np.ndarray, strong: float = 0.8) -> dict[str, float]:
    """Do `features` (n, m) tell `target` (n,)? One alone, and all in a weighted sum.

    Fitted or chosen on the first half of the rows, judged on the second: `best`, the column that
    follows the target best alone, `best_r` its correlation, `strong` how many columns have an |r|
    above `strong` in the first half, `probe_r` the correlation of a ridge regression on all.
    Rows whose target is NaN don't count.
    """
    known, half = ~np.isnan(target), np.arange(len(target)) < len(target) // 2
    first, second = known & half, known & ~half
    alone = correlation(features[first], target[first])
    best = np.abs(alone).argmax()
    fitted = Ridge(alpha=100.0).fit(features[first], target[first]).predict(features[second])
    judged = correlation(np.column_stack([features[second][:, best], fitted]), target[second])
    return {
        "best": int(best),
        "best_r": float(judged[0]),
        "strong": int((np.abs(alone) > strong).sum()),
        "probe_r": float(judged[1]),
    }


def paired_bootstrap(
    gains: np.ndarray, seed: int = 0, draws: int = 2000, level: float = 0.95
) -> tuple[float, float, float]:
    """Mean of `gains` (n,) over the same n cases, and the interval that holds the mean of most
    draws of n cases with replacement (B. Efron and R. Tibshirani, An Introduction to the
    Bootstrap, 1993)."""
    drawn = np.random.default_rng(seed).choice(gains, (draws, len(gains))).mean(axis=1)
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return float(gains.mean()), float(low), float(high)
