"""Every metric of the series: ranking, retrieval, recommending, clustering, and how sure one is."""

from helpers import CookbookError
from helpers.embeddings import normalise

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix
from sklearn.linear_model import Ridge
from sklearn.metrics import roc_auc_score


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


def top_items(scores: np.ndarray, known: csr_matrix, k: int = 20) -> np.ndarray:
    """The `k` items with the highest `scores` (users, items), best first: (users, k).

    Items that are `known` (users, items) aren't recommended. Raises `CookbookError` if a score is
    NaN, or somebody knows so many items that fewer than `k` are left.
    """
    if np.isnan(scores).any():
        raise CookbookError("Nothing to rank: a score is NaN.")
    left = known.shape[1] - int(np.diff(known.indptr).max())
    if left < k:
        raise CookbookError(f"{k} items can't be recommended to one who knows all but {left}.")
    scores = scores.astype(np.float32)  # a copy, whose known items sink to the end
    scores[known.nonzero()] = -np.inf
    best = np.argpartition(-scores, k - 1, axis=1)[:, :k]
    order = np.argsort(-np.take_along_axis(scores, best, axis=1), axis=1, kind="stable")
    return np.take_along_axis(best, order, axis=1)


def recall_and_ndcg(top: np.ndarray, hidden: csr_matrix) -> tuple[np.ndarray, np.ndarray]:
    """Recall and normalised discounted cumulative gain of `top` (users, k), a value for each user
    of whom something is `hidden` (users, items).

    Recall is the share of the hidden items that are in `top`, where k of them count as all if
    there are more. NDCG weighs a hit at place p by 1 / log2(p + 1), and 1 is the best possible.

    >>> recall_and_ndcg(np.array([[3, 1]]), csr_matrix([[0, 1, 1, 0]]))
    (array([0.5]), array([0.38685281]))
    """
    counts = np.diff(hidden.indptr)
    judged, k = counts > 0, top.shape[1]
    possible = np.minimum(counts[judged], k)
    hits = hit_table(top, hidden)[judged]
    gain = 1 / np.log2(np.arange(k) + 2)
    return hits.sum(axis=1) / possible, hits @ gain / np.cumsum(gain)[possible - 1]


def hit_table(top: np.ndarray, hidden: csr_matrix) -> np.ndarray:
    """True where an item of `top` (users, k) is one of the user's `hidden` items: (users, k)."""
    return hidden.astype(bool).toarray()[np.arange(len(top))[:, None], top]


def coverage(top: np.ndarray, items: int) -> float:
    """The share of all `items` that is in the `top` (users, k) of somebody."""
    return len(np.unique(top)) / items


def novelty(top: np.ndarray, known: csr_matrix) -> float:
    """How rare what is recommended is: the mean of log2(users / users who know the item), in bits.

    An item that nobody knows counts as known to one (Vargas and Castells, RecSys 2011).
    """
    fans = count_fans(known)
    return float(np.log2(known.shape[0] / np.maximum(fans[top], 1)).mean())


def recall_by_band(
    top: np.ndarray, hidden: csr_matrix, fans: np.ndarray, edges: list[int]
) -> pd.Series:
    """The share of all hidden items that `top` (users, k) found, by how many `fans` (items,) an
    item has: a band begins at each of `edges`, which ascend, and is named after it.

    A band without hidden items has NaN.
    """
    band = np.digitize(fans, edges) - 1
    found = np.bincount(band[top[hit_table(top, hidden)]], minlength=len(edges))
    there = np.bincount(band[hidden.indices], minlength=len(edges))
    shares = np.divide(found, there, out=np.full(len(edges), np.nan), where=there > 0)
    highest = [below - 1 for below in edges[1:]]
    names = [f"{a} to {b}" if b > a else f"{a}" for a, b in zip(edges[:-1], highest, strict=True)]
    return pd.Series(shares, [*names, f"{edges[-1]} or more"])


def count_fans(known: csr_matrix) -> np.ndarray:
    """How many users know each item of `known` (users, items): (items,)."""
    return np.bincount(known.indices, minlength=known.shape[1])


def cosines(vectors: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """Cosines (m,) of the `pairs` (m, 2) of rows of `vectors` (n, d)."""
    unit = normalise(vectors)
    return np.einsum("md,md->m", unit[pairs[:, 0]], unit[pairs[:, 1]])


def context_auc(
    vectors: np.ndarray, contexts: np.ndarray, true: np.ndarray, false: np.ndarray
) -> float:
    """The chance that a pair of `true` (n, 2) has a higher dot product than one of `false` (m, 2).

    A pair is the row of a target in `vectors` and of a context in `contexts`, both (words, d).
    """
    scores = [
        np.einsum("md,md->m", vectors[pairs[:, 0]], contexts[pairs[:, 1]])
        for pairs in (true, false)
    ]
    return float(roc_auc_score(np.repeat([1, 0], [len(true), len(false)]), np.concatenate(scores)))
