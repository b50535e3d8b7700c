"""Training pairs and negatives, drawn many at a time."""

from collections.abc import Iterable

from helpers import CookbookError

import numpy as np


def sample_pairs(buckets: Iterable[np.ndarray], n: int, rng: np.random.Generator) -> np.ndarray:
    """Draw `n` pairs of two different members of one bucket; returns ids (n, 2).

    A bucket is an array of distinct ids. It is drawn in proportion to its size, so that every
    membership is as likely as any other. Raises `CookbookError` if a bucket has no pair in it.

    >>> sample_pairs([np.array([3, 8])], 1, np.random.default_rng(0)).sum()
    np.int64(11)
    """
    buckets = list(buckets)
    sizes = np.array([len(bucket) for bucket in buckets])
    if not len(sizes) or sizes.min() < 2:
        raise CookbookError("Every bucket needs at least two members to make a pair.")
    members = np.concatenate(buckets)
    starts = np.cumsum(sizes) - sizes
    bucket = rng.choice(len(sizes), size=n, p=sizes / sizes.sum())
    first = rng.integers(sizes[bucket])
    second = rng.integers(sizes[bucket] - 1)
    second += second >= first  # step over the first, so that no member meets itself
    return members[starts[bucket][:, None] + np.stack([first, second], axis=1)]


def sample_by_weight(
    weights: np.ndarray, shape: int | tuple[int, ...], rng: np.random.Generator
) -> np.ndarray:
    """Draw ids of the given `shape` with probability proportional to `weights` (n,).

    Raises `CookbookError` if a weight is negative or not finite, or none is above zero.
    """
    cumulative = np.cumsum(weights, dtype=np.float64)
    if not (len(weights) and np.min(weights) >= 0 and 0 < cumulative[-1] < np.inf):
        raise CookbookError("Weights need to be finite, none negative and one above zero.")
    return np.searchsorted(cumulative, rng.random(shape) * cumulative[-1], side="right")
