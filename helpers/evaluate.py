"""Every metric of the series: ranking, retrieval, recommending, clustering, and how sure one is."""

from itertools import pairwise

from helpers import CookbookError
from helpers.embeddings import normalise

import numpy as np
import pandas as pd
import scipy.stats
from scipy.sparse import csr_matrix
from sklearn.linear_model import Ridge
from sklearn.metrics import roc_auc_score


def ranks(
    scores: np.ndarray, truth: np.ndarray, candidates: np.ndarray | None = None
) -> np.ndarray:
    """Rank of the true column in each row of `scores` (n, m); 1 is best.

    `truth` (n,) holds the true columns; where `candidates` (n, m) is False, a column doesn't
    compete. Ties share the middle of their ranks, so that a constant score earns no luck.

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


def reciprocal_ranks(
    scores: np.ndarray, truth: np.ndarray, candidates: np.ndarray | None = None
) -> np.ndarray:
    """1 / rank of the true column in each row of `scores`; arguments and errors as in `ranks`."""
    return 1 / ranks(scores, truth, candidates)


def mrr(scores: np.ndarray, truth: np.ndarray, candidates: np.ndarray | None = None) -> float:
    """Mean reciprocal rank of the true column in each row; arguments and errors as in `ranks`.

    >>> mrr(np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([0, 0]))
    0.75
    """
    return float(reciprocal_ranks(scores, truth, candidates).mean())


def mrr_and_auc(scores: np.ndarray) -> tuple[float, float]:
    """Mean reciprocal rank, and area under the ROC curve, of the true item in each row.

    `scores` (n, 1 + negatives) holds the true item's score in its first column. The AUC is the
    chance that the true item stands before a negative of its row; ties count half.

    Raises `CookbookError` if there is nothing to rank or a score isn't a number.

    >>> mrr_and_auc(np.array([[0.9, 0.1, 0.2], [0.5, 0.6, 0.4]]))
    (0.75, 0.75)
    """
    first = np.zeros(len(scores), int)
    negatives_before = ranks(scores, first) - 1
    negatives = scores.shape[1] - 1
    return mrr(scores, first), float(1 - negatives_before.mean() / negatives)


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
    x = x - x.mean(axis=0)
    y = y - y.mean()
    lengths = np.sqrt((x**2).sum(axis=0) * (y**2).sum())
    return y @ x / lengths.clip(min=1e-12)


def probe(features: np.ndarray, target: np.ndarray, strong: float = 0.8) -> dict[str, float]:
    """Do `features` (n, m) tell `target` (n,)? One alone, and all in a weighted sum.

    Fitted or chosen on the first half of the rows, judged on the second: `best`, the column that
    follows the target best alone, `best_r` its correlation, `strong` how many columns have an |r|
    above `strong` in the first half, `probe_r` the correlation of a ridge regression on all.
    Rows whose target is NaN don't count.
    """
    known = ~np.isnan(target)
    in_first_half = np.arange(len(target)) < len(target) // 2
    first = known & in_first_half
    second = known & ~in_first_half
    alone = correlation(features[first], target[first])
    best = np.abs(alone).argmax()
    ridge = Ridge(alpha=100.0).fit(features[first], target[first])
    candidates = np.column_stack([features[second][:, best], ridge.predict(features[second])])
    best_r, probe_r = correlation(candidates, target[second])
    return {
        "best": int(best),
        "best_r": float(best_r),
        "strong": int((np.abs(alone) > strong).sum()),
        "probe_r": float(probe_r),
    }


def paired_bootstrap(
    gains: np.ndarray, seed: int = 0, draws: int = 2000, level: float = 0.95
) -> tuple[float, float, float]:
    """Mean of `gains` (n,) over the same n cases, and the interval that holds the mean of most
    draws of n cases with replacement (B. Efron and R. Tibshirani, An Introduction to the
    Bootstrap, 1993)."""
    resampled = scipy.stats.bootstrap(
        (gains,),
        np.mean,
        n_resamples=draws,
        confidence_level=level,
        method="percentile",
        rng=np.random.default_rng(seed),
    )
    low, high = resampled.confidence_interval
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


def recall_at_k(top: np.ndarray, hidden: csr_matrix) -> np.ndarray:
    """The share of the `hidden` items (users, items) that are in `top` (users, k): a value for
    each user of whom something is hidden. k of them count as all if there are more.

    >>> recall_at_k(np.array([[3, 1]]), csr_matrix([[0, 1, 1, 0]]))
    array([0.5])
    """
    possible = _most_hits(top, hidden)
    hits = hit_table(top, hidden).sum(axis=1)
    judged = possible > 0
    return hits[judged] / possible[judged]


def ndcg_at_k(top: np.ndarray, hidden: csr_matrix) -> np.ndarray:
    """Normalised discounted cumulative gain of `top` (users, k): a value for each user of whom
    something is `hidden` (users, items). A hit at place p is worth 1 / log2(p + 1), and 1 is the
    best possible.

    >>> ndcg_at_k(np.array([[3, 1]]), csr_matrix([[0, 1, 1, 0]]))
    array([0.38685281])
    """
    possible = _most_hits(top, hidden)
    worth = 1 / np.log2(np.arange(top.shape[1]) + 2)
    gains = hit_table(top, hidden) @ worth
    judged = possible > 0
    best_gains = np.cumsum(worth)[possible[judged] - 1]
    return gains[judged] / best_gains


def _most_hits(top: np.ndarray, hidden: csr_matrix) -> np.ndarray:
    """How many hits a user can have (users,): all hidden items, or as many as fit into `top`."""
    return np.minimum(np.diff(hidden.indptr), top.shape[1])


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
    hits = top[hit_table(top, hidden)]
    found = np.bincount(band[hits], minlength=len(edges))
    there = np.bincount(band[hidden.indices], minlength=len(edges))
    names = []
    for first, next_first in pairwise(edges):
        last = next_first - 1
        names.append(f"{first}" if first == last else f"{first} to {last}")
    names.append(f"{edges[-1]} or more")
    return pd.Series(found, names) / pd.Series(there, names)


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
    pairs = np.concatenate([true, false])
    scores = np.einsum("md,md->m", vectors[pairs[:, 0]], contexts[pairs[:, 1]])
    answers = np.repeat([1, 0], [len(true), len(false)])
    return float(roc_auc_score(answers, scores))
