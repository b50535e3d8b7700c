"""Judging recommenders: a part of what each user heard is hidden, the rest ranks everything.

A table (users, items) is a sparse matrix whose entries are what is known, such as plays.
"""

from typing import NamedTuple

from helpers import CookbookError

import numpy as np
import pandas as pd
from implicit.als import AlternatingLeastSquares
from scipy.sparse import csr_matrix, diags
from threadpoolctl import threadpool_limits


class Part(NamedTuple):
    """What a model may see of a data set, and what it should find."""

    known: csr_matrix  # (users, items): what is known of each user
    hidden: csr_matrix  # (users, items): what is asked for
    tags: csr_matrix  # (items, tags): how often each item was given each tag, hidden pairs apart


def table_of(rows: np.ndarray, columns: np.ndarray, shape: tuple, values=None) -> csr_matrix:
    """A sparse table of this `shape` with `values`, or else ones, at `rows` and `columns`.

    Values at the same place add up.
    """
    values = np.ones(len(rows)) if values is None else values
    return csr_matrix((np.asarray(values, np.float32), (rows, columns)), shape)


def hide(table: csr_matrix, taggings: np.ndarray, seed: int, validation: bool = False) -> Part:
    """`table` (users, items) with a fifth of each user's items hidden, drawn with `seed`.

    `taggings` (n, 3) holds numbers of users, items and tags. Who tags an item knows it, so those
    of hidden pairs are left out. With `validation`, a fifth of what would be known is hidden
    instead, and nothing of what the test asks for is in any part of the answer.
    Raises `CookbookError` if nobody has enough items.
    """
    known, hidden = hold_out(table, seed)
    if validation:
        known, hidden = hold_out(known, seed + 1000)
    users, items, tags = taggings.T
    kept = np.asarray((table - known)[users, items]).ravel() == 0
    shape = table.shape[1], tags.max() + 1
    return Part(known, hidden, table_of(items[kept], tags[kept], shape))


def hold_out(
    table: csr_matrix, seed: int, share: float = 0.2, least: int = 5
) -> tuple[csr_matrix, csr_matrix]:
    """Split `table` (users, items) into what is known and what is hidden, two of its shape.

    Of each user with `least` items or more, a `share` of them, rounded down, is hidden, drawn at
    random. Raises `CookbookError` if `share` isn't between 0 and 1 or nothing could be hidden.
    """
    if not 0 < share < 1:
        raise CookbookError(f"share = {share}: give the part to hide, above 0 and below 1.")
    table, rng = table.tocsr(), np.random.default_rng(seed)
    hidden = np.zeros(table.nnz, bool)
    for start, count in zip(table.indptr[:-1], np.diff(table.indptr), strict=True):
        if count >= least:
            hidden[start + rng.choice(count, int(share * count), replace=False)] = True
    if not hidden.any():
        raise CookbookError(f"No user has {least} items or more, of which {share:.0%} were one.")
    return tuple(_only(table, part) for part in (~hidden, hidden))


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


def ranking(scores: np.ndarray, part: Part) -> dict[str, float]:
    """How good `scores` (users, items) are: recall and NDCG of the first 20, and coverage and
    novelty of the first 10."""
    top = top_items(scores, part.known)
    recall, ndcg = recall_and_ndcg(top, part.hidden)
    return {
        "recall@20": recall.mean(),
        "ndcg@20": ndcg.mean(),
        "coverage@10": coverage(top[:, :10], scores.shape[1]),
        "novelty@10": novelty(top[:, :10], part.known),
    }


def count_fans(known: csr_matrix) -> np.ndarray:
    """How many users know each item of `known` (users, items): (items,)."""
    return np.bincount(known.indices, minlength=known.shape[1])


def log_counts(known: csr_matrix) -> csr_matrix:
    """log(1 + count) of each entry of `known` (users, items), over the mean of its row."""
    logs = known.log1p()
    means = np.asarray(logs.sum(axis=1)).ravel() / np.diff(logs.indptr).clip(min=1)
    return (diags(1 / means.clip(min=1e-9)) @ logs).tocsr().astype(np.float32)


def unit_rows(table: csr_matrix, power: float = 1) -> csr_matrix:
    """`table` (n, m) with each row divided by its length, or by this `power` of it."""
    lengths = np.sqrt(np.asarray(table.multiply(table).sum(axis=1))).ravel().clip(min=1e-9)
    return (diags(lengths**-power) @ table).tocsr().astype(np.float32)


def als(known: csr_matrix, seed: int, size: int = 64) -> tuple[np.ndarray, np.ndarray]:
    """Vectors of users (users, size) and items (items, size) by alternating least squares on the
    zeros and ones of `known` (Hu, Koren and Volinsky, ICDM 2008); a one weighs 11 times a zero."""
    with threadpool_limits(1, "blas"):  # its own threads and those of BLAS are in each other's way
        model = AlternatingLeastSquares(size, regularization=10, alpha=10, random_state=seed)
        model.fit(known.sign(), show_progress=False)
    return model.user_factors, model.item_factors


def item_neighbours(table: csr_matrix, k: int = 100, shrink: float = 20) -> csr_matrix:
    """Similarity of items (items, items) by who shares them, the `k` highest of each row kept.

    It is the cosine of two columns of the zeros and ones of `table` (users, items), with `shrink`
    added to its denominator, so that two items whose only user is the same don't count as equal.
    """
    ones = table.astype(bool).astype(np.float32)
    return neighbours_of((ones.T @ ones).tocsr(), k, shrink)


def neighbours_of(together: csr_matrix, k: int = 100, shrink: float = 20) -> csr_matrix:
    """`item_neighbours` from how many users share two items, `together` (items, items)."""
    together = together.copy()
    fans = together.diagonal()
    together.setdiag(0)
    together.eliminate_zeros()
    rows = np.repeat(np.arange(len(fans)), np.diff(together.indptr))
    together.data /= np.sqrt(fans[rows] * fans[together.indices]) + shrink
    order, kept = np.lexsort([-together.data, rows]), np.zeros(together.nnz, bool)
    kept[order[np.arange(together.nnz) - together.indptr[rows[order]] < k]] = True
    return _only(together, kept)


def _only(table: csr_matrix, kept: np.ndarray) -> csr_matrix:
    """`table` with those of its stored entries, in order, that are `kept` (nnz,)."""
    rows = np.repeat(np.arange(table.shape[0]), np.diff(table.indptr))
    entries = table.data[kept], (rows[kept], table.indices[kept])
    return csr_matrix(entries, table.shape)
