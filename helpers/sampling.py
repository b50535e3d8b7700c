"""Training pairs and negatives, drawn many at a time."""

from collections.abc import Iterable

from helpers import CookbookError

import numpy as np
from scipy.sparse import coo_array, csr_array


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
    uniform = rng.random(shape)
    if uniform.size < len(weights):
        return np.searchsorted(cumulative, uniform * cumulative[-1], side="right")
    return _look_up(cumulative, uniform.ravel()).reshape(uniform.shape)


def _look_up(cumulative: np.ndarray, uniform: np.ndarray) -> np.ndarray:
    """What `np.searchsorted` of `uniform` (m,) times the last of `cumulative` (n,) gives, on its
    right side, several times as fast: a table says where to begin, and few have far to go
    (L. Devroye, Non-Uniform Random Variate Generation, 1986, III.2.4)."""
    cells = 2 ** (4 * len(cumulative)).bit_length()  # a power of two: no product below is rounded
    begin = np.searchsorted(cumulative, np.arange(cells) / cells * cumulative[-1], side="right")
    found, points = begin[(uniform * cells).astype(np.int64)], uniform * cumulative[-1]
    short = np.flatnonzero(cumulative[found] <= points)
    while len(short):
        found[short] += 1
        short = short[cumulative[found[short]] <= points[short]]
    return found


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


def subsample(ids: np.ndarray, keep: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The ids of a text (n,) without those that are dropped: w stays with the chance `keep[w]`."""
    return ids[rng.random(len(ids)) < keep[ids]]


def pairs_within(ids: np.ndarray, window: int) -> tuple[np.ndarray, np.ndarray]:
    """Pairs (n, 2) of a target and a context at most `window` places apart; their distances (n,).

    Each pair comes twice, as either word is the other's context. Raises `CookbookError` if
    `window` is below 1.

    >>> pairs_within(np.array([5, 6, 7]), 1)[0].tolist()
    [[5, 6], [6, 7], [6, 5], [7, 6]]
    """
    if window < 1:
        raise CookbookError(f"A window needs 1 place or more, not {window}.")
    near = [np.stack([ids[:-d], ids[d:]], axis=1) for d in range(1, window + 1)]
    distances = np.repeat(np.arange(1, window + 1), [len(pairs) for pairs in near])
    return np.concatenate([*near, *(pairs[:, ::-1] for pairs in near)]), np.tile(distances, 2)


def skip_grams(ids: np.ndarray, window: int, rng: np.random.Generator) -> np.ndarray:
    """Pairs (n, 2) of a target and a context, as a window of random width, 1 to `window`, has them.

    So a pair at distance d is kept with the chance (window + 1 - d) / window (Mikolov and others,
    2013).
    """
    pairs, distances = pairs_within(ids, window)
    return pairs[rng.random(len(pairs)) < (window + 1 - distances) / window]


def cooccurrences(documents: Iterable[np.ndarray], window: int, keep: np.ndarray) -> csr_array:
    """How often `skip_grams` of the subsampled `documents` make each pair, on average (n, n).

    That is without the words that come nearer where others are dropped. `keep` (n,) is the chance
    of each word to stay.
    """
    found = [pairs_within(ids, window) for ids in documents]
    pairs, distances = map(np.concatenate, zip(*found, strict=True))
    weights = keep[pairs].prod(axis=1) * (window + 1 - distances) / window
    size = len(keep)
    return coo_array((weights.astype(np.float32), pairs.T), shape=(size, size)).tocsr()


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
