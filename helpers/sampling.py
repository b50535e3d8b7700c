"""Draws by weight, negatives, and the pairs of a text, many at a time."""

from collections.abc import Iterable

from helpers import CookbookError

import numpy as np
from scipy.sparse import coo_array, csr_array


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
    found = begin[(uniform * cells).astype(np.int64)]
    points = uniform * cumulative[-1]
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


def pairs_within(ids: np.ndarray, window: int) -> tuple[np.ndarray, np.ndarray]:
    """Pairs (n, 2) of a target and a context at most `window` places apart; their distances (n,).

    Each pair comes twice, as either word is the other's context. Raises `CookbookError` if
    `window` is below 1.

    >>> pairs_within(np.array([5, 6, 7]), 1)[0].tolist()
    [[5, 6], [6, 7], [6, 5], [7, 6]]
    """
    if window < 1:
        raise CookbookError(f"A window needs 1 place or more, not {window}.")
    pairs = []
    distances = []
    for distance in range(1, window + 1):
        following = np.stack([ids[:-distance], ids[distance:]], axis=1)
        pairs.append(following)
        distances.append(np.full(len(following), distance))
    following = np.concatenate(pairs)
    preceding = following[:, ::-1]
    return np.concatenate([following, preceding]), np.tile(np.concatenate(distances), 2)


def cooccurrences(documents: Iterable[np.ndarray], window: int, keep: np.ndarray) -> csr_array:
    """How often `skip_grams` of the subsampled `documents` make each pair, on average (n, n).

    That is without the words that come nearer where others are dropped. `keep` (n,) is the chance
    of each word to stay.
    """
    all_pairs = []
    all_weights = []
    for ids in documents:
        pairs, distances = pairs_within(ids, window)
        weights = keep[pairs].prod(axis=1) * (window + 1 - distances) / window
        all_pairs.append(pairs)
        all_weights.append(weights.astype(np.float32))
    entries = (np.concatenate(all_weights), np.concatenate(all_pairs).T)
    return coo_array(entries, shape=(len(keep), len(keep))).tocsr()
