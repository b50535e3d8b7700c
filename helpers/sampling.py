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


def sample_negatives(
    rows: np.ndarray,
    taken: np.ndarray,
    n: int,
    rng: np.random.Generator,
    weights: np.ndarray | None = None,
) -> np.ndarray:
    """Draw `n` negatives for each of `rows` (m,); returns ids of items (m, n).

    Items are drawn alike or in proportion to their `weights` (items,), with replacement, but never
    one that is True in that row of `taken` (all rows, items). Raises `CookbookError` if a row has
    taken every item that could be drawn.

    >>> taken = np.array([[True, False], [False, True]])
    >>> sample_negatives(np.array([0, 1, 1]), taken, 1, np.random.default_rng(0)).T
    array([[1, 0, 0]])
    """
    items = taken.shape[1]

    def draw(shape: int | tuple[int, int]) -> np.ndarray:
        if weights is None:
            return rng.integers(items, size=shape)
        return sample_by_weight(weights, shape, rng)

    negatives = draw((len(rows), n))
    row, column = np.nonzero(taken[rows[:, None], negatives])
    possible = np.arange(items) if weights is None else np.flatnonzero(weights)
    if taken[np.unique(rows[row])][:, possible].all(axis=1).any():
        raise CookbookError("A row has taken every item that could be drawn as its negative.")
    while len(row):  # only what was drawn again is looked at again
        negatives[row, column] = draw(len(row))
        clash = taken[rows[row], negatives[row, column]]
        row, column = row[clash], column[clash]
    return negatives


def windows(ids: np.ndarray, streams: int, length: int) -> tuple[np.ndarray, np.ndarray]:
    """Inputs and targets, each (steps, streams, length), for reading `ids` (n,) in `streams`.

    The streams start at even distances. In each, a step goes on where the one before ended, and
    the targets are the inputs one place on. What doesn't fill a step is left out.
    Raises `CookbookError` if `ids` don't fill one.
    """
    steps = (len(ids) - 1) // (streams * length)
    if steps < 1:
        least = streams * length + 1
        raise CookbookError(f"A text of {len(ids):,} characters is too short: {least:,} at least.")
    size = streams * steps * length
    cut = (ids[start : start + size].reshape(streams, steps, length) for start in (0, 1))
    inputs, targets = (part.swapaxes(0, 1) for part in cut)
    return inputs, targets
